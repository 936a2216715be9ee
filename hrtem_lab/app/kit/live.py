"""A computation that the reader starts, watches, stops and continues, and the figure that fills meanwhile."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Hashable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import ipywidgets as widgets

from hrtem_lab.app.kit.background import beside
from hrtem_lab.app.kit.widgets import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STOP = "Stop"
DPI = 130


def encode_figure(figure: Figure) -> bytes:
    """Return a figure as a PNG for the page, and free the figure's memory.

    Figures contain cycles of references. These add up to tens of megabytes until a full garbage collection.
    The imported modules are excluded from collections once (`gc.freeze`), so a collection takes milliseconds.
    """
    from hrtem_lab.plots import to_png  # noqa: PLC0415

    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
    data = to_png(figure, dpi=DPI)
    figure.clear()
    gc.collect()
    return data


class LiveFigure:
    """A figure that is drawn only if it would look different.

    Parameters
    ----------
    make : callable
        Returns the figure as a PNG. It is called in a thread beside the page.
    show : callable
        Puts the PNG on the page, with the words that belong to it.
    state : callable
        Returns what the figure would show now, or None if there is nothing to show yet. Figures of equal
        states look alike.
    picture : Picture
        Where it is shown; after `wait`, it says that a figure is on its way.
    """

    def __init__(
        self,
        make: Callable[[], bytes],
        show: Callable[[bytes], None],
        state: Callable[[], Hashable | None],
        picture: Picture,
    ) -> None:
        self._make, self._show, self._state, self._picture = make, show, state, picture
        self._drawn: Hashable | None = None

    def wait(self, what: str) -> None:
        """Say on the picture what is being computed, until the next figure is shown."""
        self._picture.busy = what

    @property
    def up_to_date(self) -> bool:
        """Whether the page already shows what there is."""
        state = self._state()
        return state is None or state == self._drawn

    def draw(self) -> None:
        """Draw the figure while the page waits for it."""
        if not self.up_to_date:
            state = self._state()
            self._finish(self._make(), state)

    def draw_beside(self) -> Iterator[float]:
        """Draw the figure while the page answers the reader; for ``yield from`` in a dashboard's `refine`."""
        if self.up_to_date:
            self._picture.busy = ""
            return
        state = self._state()
        try:
            figure = yield from beside(self._make)
        except Exception:
            self._picture.busy = ""  # none will come
            raise
        self._finish(figure, state)

    def _finish(self, figure: bytes, state: Hashable | None) -> None:
        self._show(figure)
        self._drawn, self._picture.busy = state, ""


class LiveStudy:
    """The button that starts and stops a computation, its progress, and the figure that follows it.

    A page places the three widgets, calls `follow` from its `refine`, and `end` where it reports an error.

    Parameters
    ----------
    figure : LiveFigure
        What is drawn again and again while the computation goes on.
    counts : callable
        ``() -> (done, in all)`` of the steps.
    restart : callable
        Called after the reader has started or stopped the computation: the page goes through its `refine`
        again.
    guard : callable
        Calls a function and shows its errors on the page.
    seconds : callable
        Returns the least number of seconds between two figures.
    idle : callable
        Returns the button's label while nothing is computed.
    endless : bool
        Whether the computation can be continued when all steps are done.

    Attributes
    ----------
    running : bool
        Whether the computation is switched on.
    button, progress, words : Button, IntProgress, HTML
        The widgets.
    """

    def __init__(
        self,
        figure: LiveFigure,
        *,
        counts: Callable[[], tuple[int, int]],
        restart: Callable[[], None],
        guard: Callable[..., None],
        seconds: Callable[[], float],
        idle: Callable[[], str],
        endless: bool = False,
    ) -> None:
        self.figure, self.running = figure, False
        self._counts, self._restart, self._seconds = counts, restart, seconds
        self._idle, self._endless = idle, endless
        self._labelled: tuple[int, int] | None = None
        self.button, self.progress, self.words = widgets.Button(), widgets.IntProgress(), widgets.HTML()
        self.button.on_click(lambda _: guard(self._toggle))

    def follow(self, steps: Generator[float | None]) -> Iterator[float | None]:
        """Go through the steps of the computation if it is switched on, and draw the figure meanwhile.

        Parameters
        ----------
        steps : generator
            Computes, yielding the seconds to wait before it goes on, or None. It is closed if this iterator
            is: a page that is drawn anew abandons the steps, and `follow` with further steps continues.
        """
        if not self.running:
            return
        with closing(steps):
            drawn = time.perf_counter()
            for wait in steps:
                if time.perf_counter() - drawn > self._seconds() and not self.figure.up_to_date:
                    yield from self.figure.draw_beside()
                    drawn = time.perf_counter()
                if self._counts() != self._labelled:
                    self.label()
                yield wait
        self.end()
        yield from self.figure.draw_beside()

    def end(self) -> None:
        """Switch the computation off: it is complete, or an error has ended it."""
        self.running = False
        self.label()

    def label(self) -> None:
        """Show how far the computation is, and what the button does."""
        done, total = self._labelled = self._counts()
        self.progress.max, self.progress.value = total, done
        self.words.value = f'<span class="hl-second">{done} of {total} exposures</span>'
        finished = done >= total and not self._endless
        self.button.disabled = finished
        self.button.description = STOP if self.running and not finished else self._idle()

    def _toggle(self) -> None:
        self.running = not self.running
        self._restart()
        self.label()
