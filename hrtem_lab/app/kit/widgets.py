"""Widgets that ipywidgets does not have: picture, cells, download, address, storage, answer, spoken names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

_HERE = Path(__file__).parent
_STYLE = (_HERE / "style.css").read_text(encoding="utf-8")


class _Shown(anywidget.AnyWidget):
    """A PNG with an SVG over it, a caption, and a text for readers who cannot see it."""

    data = traitlets.Bytes().tag(sync=True)
    overlay = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)

    def show(
        self, data: bytes, *, alt: str | None = None, caption: str | None = None, overlay: str | None = None
    ) -> None:
        """Show a picture and its words at once: one message, so that no reader gets one without the other.

        Parameters
        ----------
        data : bytes
            The PNG.
        alt, caption, overlay : str, optional
            The new words and SVG; without them, those that are there stay.

        Raises
        ------
        ValueError
            If the picture has no `alt`.
        """
        if not (alt or self.alt):
            raise ValueError("alt is empty; a picture needs a text for readers who cannot see it.")
        new = {"data": data, "alt": alt, "caption": caption, "overlay": overlay}
        with self.hold_sync():
            for name, value in new.items():
                if value is not None:
                    setattr(self, name, value)


class Picture(_Shown):
    """A PNG with an SVG over it, a caption, and a text for readers who cannot see it.

    Attributes
    ----------
    data : bytes
        The PNG.
    overlay : str
        An SVG element, stretched over the picture.
    alt, caption : str
        What the picture shows, in words; and the line under it (HTML).
    busy : str
        What is being computed while the picture does not yet show the reader's settings; empty when it does.
    smooth : bool
        Whether the browser smooths enlarged pixels; a micrograph's pixels are shown as they are.
    clickable : bool
        Whether a click or a drag sets `point`.
    point : list of float
        Where the reader points, as fractions (x, y) of width and height, and the number of the click or drag.
    """

    _esm = _HERE / "picture.js"
    busy = traitlets.Unicode().tag(sync=True)
    smooth = traitlets.Bool(False).tag(sync=True)
    clickable = traitlets.Bool(False).tag(sync=True)
    point = traitlets.List(trait=traitlets.Float()).tag(sync=True)


class Download(anywidget.AnyWidget):
    """A button that makes a file when it is pressed.

    Parameters
    ----------
    label : str
        The text on the button.
    name : str or callable
        The file's name, or what returns it when the button is pressed.
    make : callable
        Returns the file's content as bytes.
    on_error : callable
        Called with the exception if `make` raises one.
    """

    _esm = _HERE / "download.js"
    label = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        label: str,
        name: str | Callable[[], str],
        make: Callable[[], bytes],
        on_error: Callable[[Exception], None],
    ) -> None:
        super().__init__(label=label)
        self._name, self._make, self._on_error = name, make, on_error
        self.on_msg(self._answer)

    def _answer(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        if content.get("kind") != "request":
            return
        try:
            data = self._make()
            name = self._name if isinstance(self._name, str) else self._name()
        except Exception as error:
            self.send({"kind": "failed"})
            self._on_error(error)
            return
        kind = {"png": "image/png", "csv": "text/csv"}[name.rsplit(".", 1)[1]]
        self.send({"kind": "file", "name": name, "type": kind}, buffers=[data])


class Address(anywidget.AnyWidget):
    """The dashboard's state as the page's query string; it also brings the dashboards' style sheet.

    Attributes
    ----------
    names : list of str
        The keys that belong to this dashboard.
    query : str
        The state as a query string, written to the address.
    elsewhere : list of str
        The keys that other dashboards of the page take.
    asked : str
        What the query string with which the page was opened asks of this dashboard; keys that no dashboard of
        the page takes are asked of the first.
    page : str
        The page's address without its query; empty in JupyterLab, and until the browser has told it.

    A link on the page that leads to the page itself does not open it anew: the message ``{"follow": query}``
    brings what it asks.
    """

    _esm = _HERE / "address.js"
    _css = _STYLE
    names = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    query = traitlets.Unicode().tag(sync=True)
    elsewhere = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    asked = traitlets.Unicode().tag(sync=True)
    page = traitlets.Unicode().tag(sync=True)


class Spoken(anywidget.AnyWidget):
    """What a screen reader says of all controls of the page: it shows nothing, and one on a page is enough.

    A slider gets its label as its name and its value with the unit; buttons tell which is pressed; a question
    is a group with its words as its name. A widget of the class ``hl-live`` is read aloud when its text
    changes.
    """

    _esm = _HERE / "spoken.js"


class Storage(anywidget.AnyWidget):
    """The reader's best results, which the browser keeps from one visit to the next.

    Attributes
    ----------
    name : str
        The name under which they are kept.
    values : dict of str to float
        The results by name; of two results with the same name the greater is kept.
    """

    _esm = _HERE / "storage.js"
    name = traitlets.Unicode().tag(sync=True)
    values = traitlets.Dict(value_trait=traitlets.Float()).tag(sync=True)


class Answer(anywidget.AnyWidget):
    """The answer to a question, which the browser keeps from one visit to the next.

    While a question that `covers` has no answer and is not skipped, the parts of the notebook with the class
    `hl-outcome` are covered: neither seen, nor read out, nor reached by keyboard. They are printed.

    Attributes
    ----------
    name : str
        The name under which the answer is kept.
    options : list of str
        What may be answered.
    settings : list of str
        Keys of the page's address; a link with one of them asks for the page as it is, and covers nothing.
    covers : bool
        Whether this is a prediction.
    answer : str
        The option that the reader chose, or nothing.
    skipped : bool
        Whether the reader does not want to answer.
    uncovered : str
        Why nothing is covered although nothing was answered: "link" if the page was opened by a link with
        settings, "storage" if the browser keeps nothing, else empty.
    outcome : list of str
        What came out; the browser keeps it with the answer.
    """

    _esm = _HERE / "question.js"
    name = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    settings = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)
    covers = traitlets.Bool(False).tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)
    skipped = traitlets.Bool(False).tag(sync=True)
    uncovered = traitlets.Unicode().tag(sync=True)
    outcome = traitlets.List(trait=traitlets.Unicode()).tag(sync=True)


class CellGrid(_Shown):
    """A picture divided into square cells, which the reader marks with mouse, finger or keyboard.

    Attributes
    ----------
    data : bytes
        The PNG.
    cells : int
        Cells along each side.
    marked : list of int
        The marked cells, row by row from 0, increasing.
    enabled : bool
        Whether the reader may change them.
    overlay : str
        An SVG element, stretched over picture and marks.
    alt, caption, label : str
        What the picture shows, in words; the line under it (HTML); how to mark cells, for a screen reader.
    """

    _esm = _HERE / "grid.js"
    cells = traitlets.Int(16).tag(sync=True)
    marked = traitlets.List(trait=traitlets.Int()).tag(sync=True)
    enabled = traitlets.Bool(True).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
