"""The curve of every metric along the slider that was moved last."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit.controls import Controls, Slider
from hrtem_lab.app.kit.live import STOP, LiveFigure, LiveStudy, encode_figure
from hrtem_lab.app.kit.readings import shown
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.rendering import line_mark, overlay

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 41
POINTS_BETWEEN_PROGRESS = 10


class CurvePanel:
    """A figure that fills as its points are computed, with a line at the slider's value.

    Parameters
    ----------
    sliders : mapping of str to Slider
        The parameters along which a curve can run.
    differences : callable
        ``state -> iterable of (metric key, difference)``, one comparison at a time.
    cancel : callable
        Called when the reader stops the computation.
    """

    def __init__(
        self,
        sliders: Mapping[str, Slider],
        differences: Callable[[Mapping[str, Any]], Iterable[tuple[str, float]]],
        cancel: Callable[[], None],
    ) -> None:
        self._sliders, self._differences_of, self._cancel = sliders, differences, cancel
        self._key = next(iter(sliders))
        self._state: dict[str, Any] = {}
        self._positions = np.empty(0)
        self._values: dict[str, NDArray[np.floating]] = {}
        self._done = 0
        self._complete: tuple[Any, ...] | None = None
        self._picture = Picture(smooth=True)
        self._picture.add_class("hl-curve")
        self._words = widgets.HTML()
        self._live = LiveStudy(
            LiveFigure(lambda: encode_figure(self._figure()), self._show, self._to_draw, self._picture),
            counts=lambda: (self._done, len(self._positions)),
            restart=self._stopped,
            guard=lambda function: function(),
            seconds=lambda: float("inf"),
            idle=lambda: STOP,
            endless=True,
        )
        progress, stop = self._live.progress, self._live.button
        progress.description, progress.layout.width, stop.layout.width = "Curve", "16em", "5em"
        self._busy = widgets.HBox([progress, stop], layout={"visibility": "hidden"})
        self.view = widgets.VBox([self._busy, self._picture, self._words])

    def update(self, changed: str, state: Mapping[str, Any]) -> Iterator[float | None]:
        """Bring the curve up to date, yielding between comparisons.

        Parameters
        ----------
        changed : str
            The parameter moved last; a choice keeps the curve along the slider before it.
        state : mapping
            Every parameter's value.
        """
        self._key = changed if changed in self._sliders else self._key
        others = {key: value for key, value in state.items() if key not in (self._key, "map")}
        if self._complete != (self._key, others):
            self._live.running = True
            self._live.figure.wait(f"Computing the curve along {self._sliders[self._key].label.lower()} …")
            yield from self._live.follow(self._compute(dict(state)))
            self._complete = (self._key, others)
        self._mark(state[self._key])

    def points(self) -> Iterator[tuple[dict[str, Any], dict[str, float]]]:
        """Return every computed point of the curve as (state, differences)."""
        for index, position in enumerate(self._positions):
            differences = {key: values[index] for key, values in self._values.items()}
            if not np.isnan(list(differences.values())).any():
                yield {**self._state, self._key: position.item()}, differences

    def table(
        self, controls: Controls, columns: Sequence[str], differences: Mapping[str, float]
    ) -> tuple[list[str], list[list[object]]]:
        """Return header and rows for a file: the settings with their differences, then every point.

        Parameters
        ----------
        controls : Controls
            The page's controls at the settings that are shown.
        columns : sequence of str
            Keys of the controls that get a column.
        differences : mapping of str to float
            Key of the metric → difference at these settings.
        """
        states = [(controls.values, differences), *self.points()]
        rows = [[*controls.cells(*columns, state=state), *found.values()] for state, found in states]
        return [*controls.titles(*columns), *(metric.label for metric in shown().values())], rows

    def _compute(self, state: dict[str, Any]) -> Generator[float | None]:
        self._state, self._complete, self._done = state, None, 0
        self._positions = _positions(self._sliders[self._key])
        self._values = {key: np.full(len(self._positions), np.nan) for key in shown()}
        for index, position in enumerate(self._positions):
            for key, difference in self._differences_of({**state, self._key: position.item()}):
                self._values[key][index] = difference
                yield None
            if (index + 1) % POINTS_BETWEEN_PROGRESS == 0:
                self._done = index + 1
                self._busy.layout.visibility = "visible"
        self._busy.layout.visibility = "hidden"

    def _stopped(self) -> None:
        self._cancel()
        self._busy.layout.visibility = "hidden"
        self._live.figure.draw()
        self._mark(self._state[self._key])

    def _to_draw(self) -> tuple[Any, ...]:
        """Return what the figure shows: the curve's parameters, and how much of it is known."""
        known = sum(np.isfinite(values).sum() for values in self._values.values())
        return self._key, tuple(self._state.items()), int(known)

    def _figure(self) -> Figure:
        from hrtem_lab.plots import difference_curves  # noqa: PLC0415

        slider = self._sliders[self._key]
        return difference_curves(
            self._positions, self._values, label=slider.title, limits=(slider.minimum, slider.maximum)
        )

    def _show(self, figure: bytes) -> None:
        slider = self._sliders[self._key]
        ranges = self._ranges()
        self._picture.show(figure, alt=f"Difference of every metric along {slider.title}. {ranges}")
        self._words.value = f'<p class="hl-note">{ranges}</p>'

    def _ranges(self) -> str:
        """Return the acceptable ranges as a sentence."""
        from hrtem_lab.plots import common_ranges  # noqa: PLC0415

        slider = self._sliders[self._key]
        ranges = common_ranges(self._positions, self._values)
        if not ranges:
            return f"Nowhere along {slider.label.lower()} are all metrics below their thresholds."
        unit = f" {slider.unit}" if slider.unit else ""
        words = " and ".join(f"{start:.3g} to {end:.3g}{unit}" for start, end in ranges)
        return f"All metrics are below their thresholds for {slider.label.lower()} {words}.".replace("-", "−")

    def _mark(self, value: float) -> None:
        from hrtem_lab.plots import CURVE_BOX, STRIP_BOTTOM  # noqa: PLC0415

        slider = self._sliders[self._key]
        left, bottom, width, height = CURVE_BOX
        share = (value - slider.minimum) / (slider.maximum - slider.minimum)
        self._picture.overlay = overlay(
            line_mark(left + width * share, top=1 - bottom - height, bottom=1 - STRIP_BOTTOM), (1, 1)
        )


def _positions(slider: Slider) -> NDArray[Any]:
    """Return the slider's values at which the curve is computed: its default is always among them."""
    count = round((slider.maximum - slider.minimum) / slider.step)
    steps = np.unique(np.linspace(0, count, min(POINTS, count + 1)).round())
    own = round((slider.default - slider.minimum) / slider.step)
    values = slider.minimum + np.union1d(steps, [own]) * slider.step
    return values.astype(int) if slider.whole else values.round(9)
