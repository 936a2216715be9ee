"""What all dashboards have in common: two-stage updates, errors as sentences, reset, links, downloads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from hrtem_lab._parallel import cores_are_shared
from hrtem_lab.app.kit.controls import Controls
from hrtem_lab.app.kit.provenance import (
    Provenance,
    Results,
    figure_file,
    file_name,
    present,
    table_file,
)
from hrtem_lab.app.kit.widgets import Address, Download, Spoken

if TYPE_CHECKING:
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)


#: Shortest and longest pause in seconds between two pieces of work.
REST, LONGEST_REST = 0.005, 1.0
#: Work that is not urgent pauses COURTESY times as long as other processes have delayed it. A delay of up to
#: SHARE of its time does not count.
COURTESY, SHARE = 30, 0.25


class Pace:
    """A clock that starts when it is made; it tells how long work has taken and how long to pause after it.

    Without pauses, where many pages share few cores, the curves of some would delay the pictures of others.
    """

    def __init__(self) -> None:
        self._start, self._computed = time.perf_counter(), time.process_time()

    @property
    def worked(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    @property
    def rest(self) -> float:
        """Seconds to pause; on shared cores, longer the more other processes have delayed this one."""
        if not cores_are_shared():
            return REST
        held_up = (1 - SHARE) * self.worked - (time.process_time() - self._computed)
        return min(max(REST, COURTESY * held_up), LONGEST_REST)


class Dashboard:
    """A page's controls and pictures.

    A subclass first draws what must answer the reader at once (`draw`). Work that may take longer is done in
    pieces, with a `yield` after each (`refine`). When a control changes, the remaining pieces are dropped.

    Parameters
    ----------
    controls : Controls
        The sliders and choices.
    name : str
        What the names of downloaded files begin with.

    Attributes
    ----------
    title : str
        What downloaded files say that they are of.
    naming : tuple of str
        Keys of the settings that the name of every file says; others follow where they are not at their
        default.
    """

    title = ""
    naming: tuple[str, ...] = ()

    def __init__(self, controls: Controls, *, name: str) -> None:
        self.controls, self._name = controls, name
        self.last_changed = next(iter(controls.widgets))
        self.message = widgets.HTML()
        self.message.add_class("hl-message")
        self._task: asyncio.Task[None] | None = None
        self._presets: dict[str, tuple[Any, Mapping[str, Any]]] = {}
        self._address = Address(names=list(controls.parameters))
        self._address.observe(lambda change: self._guard(self._open, change.new), names="asked")
        self._address.on_msg(lambda _widget, content, _buffers: self._guard(self._follow, content["follow"]))
        self._reset = widgets.Button(description="Reset", tooltip="Set every control to its first value")
        self._reset.add_class("hl-reset")
        self._reset.on_click(lambda _: self._guard(self._reset_all))
        self.actions = widgets.HBox(
            [
                self._reset,
                self.offer("Figure (PNG)", "", "png", self.png),
                self.offer("Numbers (CSV)", "", "csv", self.csv),
                self._address,
                Spoken(),
            ],
            layout={"flex_flow": "row wrap"},
        )
        controls.on_change(lambda key: self._guard(self.update, key))

    def draw(self) -> None:
        """Show the part of the state that must answer at once."""
        raise NotImplementedError

    def refine(self) -> Iterator[float | None]:
        """Show the rest in pieces of some milliseconds, with a `yield` after each.

        Yielding a number asks to continue after this number of seconds.
        """
        yield from ()

    def png(self) -> bytes:
        """Return the figure as a PNG file, made by `save_figure`."""
        raise NotImplementedError

    def csv(self) -> bytes:
        """Return the numbers as a CSV file, made by `save_table`."""
        raise NotImplementedError

    @property
    def seed(self) -> str:
        """The seed of what is random, in the words of a downloaded file."""
        return str(self.controls.values.get("seed", "none, nothing here is random"))

    @property
    def link(self) -> str:
        """The address that opens the page with these settings; in JupyterLab the query alone."""
        query, page = self.controls.query, self._address.page
        return f"{page}?{query}" if query or not page else page

    def provenance(self, *, title: str = "", results: Results = ()) -> Provenance:
        """Return what makes a file that is made at this moment.

        Parameters
        ----------
        title : str
            What the file holds; by default the page's `title`.
        results : sequence of (str, object)
            What the page says beside table or figure: names with units, and values.
        """
        return Provenance(
            title=title or self.title or self._name,
            link=self.link,
            settings=self.controls.settings,
            seed=self.seed,
            results=results,
            date=present(),
        )

    def save_figure(self, figure: Figure, *, title: str = "", results: Results = ()) -> bytes:
        """Return a figure as a PNG file that says what made it; see `provenance`."""
        return figure_file(figure, self.provenance(title=title, results=results))

    def save_table(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        title: str = "",
        results: Results = (),
    ) -> bytes:
        """Return a table as a CSV file that says what made it; see `provenance`."""
        return table_file(header, rows, self.provenance(title=title, results=results))

    def offer(self, label: str, part: str, ending: str, make: Callable[[], bytes]) -> Download:
        """Return a button for a file; its name says the settings.

        Parameters
        ----------
        label : str
            The text on the button.
        part : str
            Which of the page's files it is, for its name; "" for the main ones.
        ending : str
            "png" or "csv".
        make : callable
            Returns the file, made by `save_figure` or `save_table`.
        """

        def name() -> str:
            state, parameters = self.controls.values, self.controls.parameters
            told = (key for key in state if key in self.naming or state[key] != parameters[key].default)
            stem = f"{self._name}-{part}" if part else self._name
            return file_name(stem, [(key, state[key]) for key in told], ending)

        return Download(label, name, make, self.report)

    def start(self) -> None:
        """Draw for the first time."""
        self._guard(self.update, self.last_changed)

    def update(self, key: str) -> None:
        """Draw again after a change of the control `key`."""
        self.last_changed = key
        self.message.value = ""
        self._mark_preset()
        self.draw()
        self._address.query = self.controls.query
        self._refine_later()

    def report(self, error: Exception) -> None:
        """Show an error as one sentence on the page."""
        if isinstance(error, ValueError):
            text = str(error)
            self.say(f"This cannot be shown: {text[:1].lower()}{text[1:]}.")
            return
        logger.error("a dashboard's callback failed", exc_info=error)
        self.say(f"Something went wrong inside this page ({type(error).__name__}). Reset may help.")

    def say(self, sentence: str) -> None:
        """Show a sentence above the pictures."""
        self.message.value = (
            f'<div class="hl-alert" role="alert">{escape(sentence)}</div>' if sentence else ""
        )

    def cancel(self) -> None:
        """Drop the remaining pieces of `refine`."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _guard(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function and show an exception as a sentence; without this, a page would show nothing."""
        try:
            function(*arguments)
        except Exception as error:
            self.report(error)

    def _button(self, text: str, action: Callable[[], None]) -> Any:
        """Return a button for an action; an exception of it is shown as a sentence."""
        button = widgets.Button(description=text, layout={"width": "auto"})
        button.on_click(lambda _: self._guard(action))
        return button

    def _reset_all(self) -> None:
        self.controls.reset()
        self.update(self.last_changed)

    def _open(self, query: str) -> None:
        complaints = self.controls.apply(query, elsewhere=self._address.elsewhere)
        asked = self.controls.named(query)
        self.update(asked[-1] if asked else self.last_changed)
        if complaints:
            self.say(" ".join([*complaints, "The usual value is shown instead."]))

    def _follow(self, query: str) -> None:
        """Show what a link on the page asks for, as if the page were opened by it."""
        self.controls.reset()
        self._open(query)

    def _preset_row(
        self, presets: Mapping[str, Mapping[str, Any]], *, shows: str | None = None, kept: Iterable[str] = ()
    ) -> Any:
        """Return a button for every preset; the one whose settings hold is marked.

        Parameters
        ----------
        presets : mapping
            Text on the button → values of controls. The other controls go to their first values.
        shows : str or None
            The control that counts as moved last; None for the first of the preset.
        kept : iterable of str
            Controls that a preset leaves as they are.
        """
        usual = {p.key: p.default for p in self.controls.parameters.values() if p.key not in set(kept)}
        for name, values in presets.items():
            moved = shows or next(iter(values))
            button = self._button(name, partial(self._start_from, name, moved))
            self._presets[name] = button, {**usual, **values}
        buttons = [button for button, _ in self._presets.values()]
        label = widgets.Label("Start from")
        row = widgets.HBox([label, *buttons], layout={"flex_flow": "row wrap"})
        row.add_class("hl-presets")
        return row

    def _start_from(self, preset: str, shows: str) -> None:
        self.controls.set(**self._presets[preset][1])
        self.update(shows)

    def _mark_preset(self) -> None:
        """Mark the preset whose settings hold."""
        state = self.controls.values
        for button, values in self._presets.values():
            holds = all(state[key] == value for key, value in values.items())
            (button.add_class if holds else button.remove_class)("hl-chosen")

    def _refine_later(self) -> None:
        self._work_later(self.refine())

    def _work_later(self, work: Iterator[float | None]) -> None:
        """Do these pieces of work instead of those that remain."""
        self.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # outside a kernel there is no event loop: do all pieces now
            for wait in work:
                time.sleep(wait or 0)
            return
        self._task = loop.create_task(self._run(work))

    async def _run(self, work: Iterator[float | None]) -> None:
        try:
            # The pause lets the event loop handle the reader's next event; `sleep(0)` would be too short.
            pace = Pace()
            for wait in work:
                if wait or pace.worked > 0.004:
                    await asyncio.sleep(max(wait or 0, pace.rest))
                    pace = Pace()
        except Exception as error:
            self.report(error)
