"""A page as a reader sees it: what its widgets show, and what a reader, a link and a browser do to them.

The tests of pages go through `Reader` alone: it walks the widgets that a notebook shows and touches no
attribute of the page behind them. A widget's traits (value, data, caption …) are what the browser receives.
"""

import asyncio
import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any, TypeVar

import cv2
import ipywidgets as widgets
import numpy as np

from hrtem_lab.app.kit.widgets import Address, CellGrid, Download, Picture, Storage

PNG = b"\x89PNG\r\n\x1a\n"
ROUNDED = 5.1e-4
"""By how much a number of 3 decimals may differ from the exact one."""
CHOICES = (widgets.Dropdown, widgets.ToggleButtons)
SLIDERS = (widgets.IntSlider, widgets.FloatSlider, widgets.SelectionSlider)
WRITTEN = 5.1e-6
"""By which share of it a number in a file, which has six digits, may differ from the exact one."""
Kind = TypeVar("Kind")


def words(html: str) -> str:
    """Return the text of a piece of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def levels(png: Any) -> np.ndarray:
    """Return the pixels of a PNG, or of what carries one as `data`."""
    data = png if isinstance(png, bytes) else png.data
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).astype(int)


def shown_numbers(html: str) -> dict[str, float]:
    """Return the difference that a table of numbers gives for each metric."""
    rows = re.findall(r'data-metric="(\w+)".*?class="hl-value">([\d.]+)<', html, re.DOTALL)
    return {key: float(text) for key, text in rows}


def shown_ranges(html: str) -> dict[str, tuple[float, float]]:
    """Return the range that a table of numbers gives for a metric, where it gives one."""
    rows = re.findall(
        r'data-metric="(\w+)"(?:(?!<tr).)*?class="hl-range">\(([\d.]+)–([\d.]+)\)<', html, re.DOTALL
    )
    return {key: (float(lowest), float(highest)) for key, lowest, highest in rows}


async def rest() -> None:
    """Wait until all that was begun is done or cancelled."""
    begun = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*begun, return_exceptions=True)


@dataclass
class File:
    """A file as the browser gets it."""

    name: str
    type: str
    content: bytes


class Reader:
    """Somebody in front of a page.

    Parameters
    ----------
    shown : widget
        What the notebook shows, such as ``dashboard()``.
    """

    def __init__(self, shown: Any) -> None:
        self.shown = shown

    def parts(self, kind: type[Kind]) -> list[Kind]:
        """Return all widgets of a kind, in the order of the page."""
        return [part for part in walk(self.shown) if isinstance(part, kind)]

    def part(self, kind: type[Kind]) -> Kind:
        """Return the only widget of a kind."""
        (found,) = self.parts(kind)
        return found

    # Controls

    def control(self, label: str) -> Any:
        """Return the slider or the choice with that label; its unit may be left out."""
        (found,) = [
            part for part in self.parts((*CHOICES, *SLIDERS)) if label in (part.description, name_of(part))
        ]
        return found

    def set(self, label: str, value: Any) -> None:
        """Move a slider to a value, or choose the option with that text."""
        control = self.control(label)
        assert not control.disabled, f"{label} cannot be changed"
        setattr(control, "label" if isinstance(control, CHOICES) else "value", value)

    def value(self, label: str) -> Any:
        """Return a slider's value, or the text of the option that is chosen."""
        control = self.control(label)
        value = control.label if isinstance(control, CHOICES) else control.value
        return round(value, 9) if isinstance(value, float) else value

    @property
    def settings(self) -> dict[str, Any]:
        """The values of all sliders and choices by their labels."""
        names = [name_of(part) for part in self.parts((*CHOICES, *SLIDERS))]
        return {name: self.value(name) for name in names}

    def second(self, label: str) -> str:
        """Return a slider's value in its second unit, as it stands beside the slider."""
        control = self.control(label)
        (row,) = [box for box in self.parts(widgets.HBox) if box.children[0] is control]
        return words(row.children[1].value)

    @property
    def buttons(self) -> list[str]:
        """The texts of all buttons."""
        return [button.description for button in self.parts(widgets.Button)]

    def button(self, text: str) -> widgets.Button:
        """Return the button with that text."""
        (found,) = [button for button in self.parts(widgets.Button) if button.description == text]
        return found

    @property
    def chosen(self) -> list[str]:
        """The texts of the buttons that are marked, because the settings are theirs."""
        return [one.description for one in self.parts(widgets.Button) if has_class(one, "hl-chosen")]

    def press(self, text: str) -> None:
        """Press a button."""
        button = self.button(text)
        assert not button.disabled, f"{text} cannot be pressed"
        button.click()

    # Words and numbers

    @property
    def texts(self) -> list[str]:
        """All pieces of HTML."""
        return [part.value for part in self.parts(widgets.HTML)]

    @property
    def said(self) -> str:
        """All text outside the pictures."""
        return words(" ".join(self.texts))

    def text(self, mark: str) -> str:
        """Return the one piece of HTML that has a mark in it, such as a class."""
        (found,) = [text for text in self.texts if mark in text]
        return found

    def is_read_aloud(self, mark: str) -> bool:
        """Tell whether a screen reader says the piece of HTML with a mark in it when it changes."""
        (found,) = [part for part in self.parts(widgets.HTML) if mark in part.value]
        return "hl-live" in found.get_state()["_dom_classes"]

    @property
    def status(self) -> str:
        """The sentence that the page keeps up to date."""
        return words(self.text('role="status"'))

    @property
    def alerts(self) -> list[str]:
        """The sentences about what went wrong."""
        return [words(text) for text in self.texts if 'role="alert"' in text]

    @property
    def tables(self) -> list[dict[str, float]]:
        """All tables of numbers: key of the metric → difference."""
        return [shown_numbers(text) for text in self.texts if "hl-numbers" in text]

    @property
    def numbers(self) -> dict[str, float]:
        """The only table of numbers."""
        (found,) = self.tables
        return found

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges beside the numbers of the only table."""
        (found,) = [shown_ranges(text) for text in self.texts if "hl-numbers" in text]
        return found

    @property
    def progress(self) -> tuple[float, float]:
        """How far the work is, and where it ends."""
        bar = self.part(widgets.IntProgress)
        return bar.value, bar.max

    # Pictures

    def picture(self, words_of_it: str) -> Picture:
        """Return the picture whose description or caption begins with these words."""
        (found,) = [
            part
            for part in self.parts(Picture)
            if part.alt.startswith(words_of_it) or words(part.caption).startswith(words_of_it)
        ]
        return found

    @property
    def curve(self) -> Picture:
        """The only figure with curves."""
        (found,) = [part for part in self.parts(Picture) if has_class(part, "hl-curve")]
        return found

    def point(self, picture: str, x: float, y: float) -> None:
        """Click on a picture, at fractions of its width and height."""
        self.picture(picture).point = [float(x), float(y)]

    @property
    def grid(self) -> CellGrid:
        """The picture whose cells can be marked."""
        return self.part(CellGrid)

    def mark(self, *cells: int) -> None:
        """Mark these cells alone."""
        assert self.grid.enabled, "the cells cannot be marked"
        self.grid.marked = sorted(cells)

    # The browser's side

    @property
    def query(self) -> str:
        """The state that the page writes to the address."""
        return self.part(Address).query

    @property
    def keys(self) -> list[str]:
        """The names of the settings that a link to the page may have."""
        return list(self.part(Address).names)

    def open(self, query: str) -> None:
        """Come by a link: the browser hands over what it asks for, once for each page that it opens."""
        address = self.part(Address)
        # The same link once more has to be a change; an empty part asks for nothing.
        address.asked = f"{query}&" if address.asked == query else query

    def follow(self, query: str) -> None:
        """Click on a link of the page's own text."""
        asked = {"method": "custom", "content": {"follow": query}}
        self.part(Address).comm.handle_msg({"content": {"data": asked}, "buffers": []})

    @property
    def storage(self) -> Storage:
        """What the browser keeps from one visit to the next."""
        return self.part(Storage)

    @property
    def files(self) -> list[str]:
        """The texts of the buttons that download a file."""
        return [part.label for part in self.parts(Download)]

    def download(self, label: str) -> File | None:
        """Press the button of a download and return the file, or None if there is none."""
        (button,) = [part for part in self.parts(Download) if part.label == label]
        answers: list[dict[str, Any]] = []
        button.comm.publish_msg = lambda _kind, **message: answers.append(message)
        asked = {"method": "custom", "content": {"kind": "request"}}
        button.comm.handle_msg({"content": {"data": asked}, "buffers": []})
        (answer,) = [one for one in answers if one["data"]["method"] == "custom"]
        content = answer["data"]["content"]
        if content["kind"] == "failed":
            return None
        assert content["kind"] == "file"
        (data,) = answer["buffers"]
        return File(content["name"], content["type"], data)

    @property
    def figure(self) -> bytes:
        """The content of the file with the figure."""
        return self.content("Figure (PNG)")

    @property
    def csv(self) -> list[list[str]]:
        """The rows of the file with the numbers, its header first; its comments are left out."""
        lines = self.content("Numbers (CSV)").decode().splitlines()
        return list(csv.reader(line for line in lines if not line.startswith("#")))

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of the file with the numbers by their column names."""
        header, *rows = self.csv
        return [dict(zip(header, row, strict=True)) for row in rows]

    def content(self, label: str) -> bytes:
        """Return the content of a file that must be there."""
        file = self.download(label)
        assert file is not None, f"{label} gives no file: {self.alerts}"
        return file.content


def opened(make: Callable[[], Any], link: str = "") -> Reader:
    """Return the page that a link opens, complete.

    Outside an event loop a page does all its work at once. So it is made inside one, where its work waits and
    the link comes before it, as in a kernel.
    """
    if not link:
        return Reader(make())

    async def draw() -> Reader:
        return Reader(make())

    reader = asyncio.run(draw())
    reader.open(link)
    return reader


def walk(widget: Any) -> Iterator[Any]:
    """Yield a widget and all that it contains."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def name_of(control: Any) -> str:
    """Return a control's label without its unit."""
    return re.sub(r" \([^)]*\)$", "", control.description)


def has_class(widget: Any, name: str) -> bool:
    """Return whether a widget has a class of the style sheet."""
    return name in widget.get_state()["_dom_classes"]
