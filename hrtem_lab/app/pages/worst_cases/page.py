"""Chapter 3: a search for the image that a metric calls most different, live, beside the stored long runs."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab import extremes
from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.cards import card, reference_picture
from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.layout import pictures_row, side_by_side, stage
from hrtem_lab.app.kit.live import STOP, LiveFigure, LiveStudy, encode_figure
from hrtem_lab.app.kit.parameters import FOUR_CELLS
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.metrics import METRICS, prepare
from hrtem_lab.rendering import encode_image, scale_bar

PERIOD = 32
"""Pixels of one unit cell of the reference."""
STEPS = 20_000
SECONDS_BETWEEN_PICTURES = 0.25
SECONDS_BETWEEN_CURVES = 1.5

PARAMETERS = (
    Choice(
        key="metric",
        label="Make worst for",
        options=readings.by_label(),
        default="ssim",
    ),
    Choice(
        key="start",
        label="Start from",
        options={name: name for name in extremes.STARTS},
        default="reference",
    ),
    Slider(key="seed", label="Seed", minimum=0, maximum=99, step=1, default=0),
)


class WorstCase(Dashboard):
    """The image of a running search beside the reference and the worst image known."""

    title = "Search for the image that a metric calls most different"
    naming = ("metric", "start", "seed")

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="worst-case")
        self._reference = extremes.stored_reference()
        self._white = float(self._reference.max())
        self._prepared = prepare(self._reference, readings.shown())
        self._state: extremes.State | None = None
        self._history: list[tuple[int, dict[str, float]]] = []
        self._make_widgets()

    @property
    def metric(self) -> str:
        """Key of the metric that the search makes worst."""
        return str(self.controls.values["metric"])

    def draw(self) -> None:
        """Show the start of a search with the reader's settings; a running one ends."""
        self._live.running = False
        self._state = next(self._search(steps=1))
        self._history = []
        self._record()
        self._show_stored()
        self._show()
        self._live.label()

    def refine(self) -> Iterator[float | None]:
        """Run the search while it is switched on, showing its state some times a second."""
        yield from self._live.figure.draw_beside()
        yield from self._live.follow(self._steps())

    def _steps(self) -> Generator[float | None]:
        shown = time.perf_counter()
        for state in self._search(steps=STEPS):
            self._state = state
            if time.perf_counter() - shown > SECONDS_BETWEEN_PICTURES:
                shown = time.perf_counter()
                self._record()
                self._show()
                yield None
            yield None
        self._record()
        self._show()

    def png(self) -> bytes:
        """Return reference, image and their numbers as one figure."""
        from hrtem_lab.plots import comparison  # noqa: PLC0415

        figure = comparison(
            self._reference,
            self._image,
            {"ssim": self._prepared["ssim"].map(self._image)},
            self._differences,
            titles=("reference", f"worst for {METRICS[self.metric].label}, step {self._step}"),
            field_of_view=FOUR_CELLS,
        )
        return self.save_figure(figure)

    def csv(self) -> bytes:
        """Return all differences along the search, with its settings."""
        labels = [metric.label for metric in readings.shown().values()]
        settings = self.controls.cells()
        rows = [[step, *differences.values(), *settings] for step, differences in self._history]
        return self.save_table(["step", *labels, *self.controls.titles()], rows)

    def report(self, error: Exception) -> None:
        """Show an error as one sentence; a search that met it has ended."""
        self.cancel()
        self._live.end()
        super().report(error)

    @property
    def _image(self) -> NDArray[np.floating]:
        return self._reference if self._state is None else self._state.image

    @property
    def _step(self) -> int:
        return 0 if self._state is None else self._state.step

    @property
    def _differences(self) -> dict[str, float]:
        return self._history[-1][1]

    def _search(self, *, steps: int) -> Iterator[extremes.State]:
        state = self.controls.values
        resume = self._state if self._live.running else None
        return extremes.maximise(
            self.metric,
            self._reference,
            steps=steps,
            rng=state["seed"],
            start=state["start"],
            period=PERIOD,
            resume=resume,
        )

    def _record(self) -> None:
        if self._history and self._history[-1][0] == self._step:
            return
        image = self._image
        self._history.append((self._step, {key: prepared(image) for key, prepared in self._prepared.items()}))

    def _show(self) -> None:
        label = METRICS[self.metric].label
        value = self._differences[self.metric]
        self._picture.show(
            encode_image(self._image, limits=(0, self._white)),
            alt=f"Image of the search after {self._step} steps; {label} difference {value:.3f}.",
            caption=f"<strong>Search</strong> step {self._step}, {label} {value:.3f}",
        )
        self._numbers.value = readings.table(self._differences)

    @property
    def _stored(self) -> extremes.StoredRun | None:
        """The long run of the metric, where the package has one."""
        name = f"max-{self.metric}"
        return extremes.load_stored(name) if name in extremes.list_stored() else None

    def _show_stored(self) -> None:
        stored = self._stored
        self._stored_picture.layout.display = "none" if stored is None else None
        if stored is None:
            return
        value = stored.values[self.metric]
        words = f"{stored.provenance['steps']} steps, {METRICS[self.metric].label} {value:.3f}"
        self._stored_picture.show(
            encode_image(stored.image, limits=(0, self._white)),
            alt=f"Worst image found in a long run; difference {value:.3f}.",
            caption=f"<strong>Long run</strong> {words}",
        )

    def _curves(self) -> bytes:
        from hrtem_lab.plots import search_curves  # noqa: PLC0415

        stored = {} if self._stored is None else {self.metric: self._stored.values[self.metric]}
        history = list(self._history)
        steps = [step for step, _ in history]
        curves = {key: [values[key] for _, values in history] for key in self._prepared}
        return encode_figure(search_curves(steps, curves, stored=stored))

    def _show_curves(self, figure: bytes) -> None:
        self._curve.show(figure, alt=f"Differences of all metrics along {self._step} steps of the search.")

    def _to_draw(self) -> tuple[Any, ...]:
        return (*self.controls.values.values(), len(self._history), self._history[-1][0])

    def _counts(self) -> tuple[int, int]:
        """Return the step that is shown, and the end of the search or of its continuation."""
        step = self._history[-1][0] if self._history else 0
        return step, max(STEPS, -(-step // STEPS) * STEPS)

    def _restart(self) -> None:
        """Show where the search was stopped, or go on with it."""
        self._record()
        self._show()
        self._refine_later()

    def _make_widgets(self) -> None:
        bar = scale_bar(FOUR_CELLS)
        reference = reference_picture(self._reference)
        self._picture, self._stored_picture = Picture(overlay=bar), Picture(overlay=bar)
        for picture in (self._picture, self._stored_picture):
            picture.add_class("hl-outcome")
        self._curve = Picture(smooth=True)
        self._curve.add_class("hl-curve")
        self._numbers = widgets.HTML()
        self._live = self._live_search()
        pictures = pictures_row([reference, self._picture, self._stored_picture])
        side = widgets.VBox(
            [self.controls.panel(), widgets.HBox([self._live.button]), self._live.progress],
            layout={"flex": "1 1 380px"},
        )
        values = widgets.VBox([self._numbers, self.actions], layout={"flex": "1 1 380px"})
        watched = stage(pictures, side_by_side(side, values))
        self.view = widgets.VBox([self.message, watched, self._curve])
        self.view.add_class("hl-dashboard")

    def _live_search(self) -> LiveStudy:
        live = LiveStudy(
            LiveFigure(self._curves, self._show_curves, self._to_draw, self._curve),
            counts=self._counts,
            restart=self._restart,
            guard=self._guard,
            seconds=lambda: SECONDS_BETWEEN_CURVES,
            idle=lambda: "Go on" if self._step else "Start",
            endless=True,
        )
        live.progress.description, live.progress.layout.width = "Steps", "auto"
        live.button.add_class("hl-start")
        live.button.observe(self._colour_button, names="description")
        return live

    def _colour_button(self, change: Any) -> None:
        """Colour the button while it starts the search."""
        self._live.button.button_style = "" if change.new == STOP else "primary"


def search() -> Any:
    """Return the live search, drawn for the first time."""
    made = WorstCase()
    made.start()
    return made.view


def pairs() -> Any:
    """Return the stored images with one metric held and another made least and greatest, side by side."""
    white = float(extremes.stored_reference().max())
    runs = [extremes.load_stored(name) for name in extremes.list_stored()]
    held = sorted(
        (run for run in runs if run.hold is not None),
        key=lambda run: (str(run.hold), run.metric, run.direction),
    )
    shown = "".join(_run_card(run, white) for run in held)
    return widgets.HTML(f'<div class="hl-gallery">{shown}</div>')


def _run_card(run: extremes.StoredRun, white: float) -> str:
    return card(
        run.image,
        white=white,
        key=run.name,
        alt=run.title,
        caption=f"<strong>{run.title}</strong><br>{run.provenance['steps']} steps",
        differences={key: run.values[key] for key in readings.shown()},
    )
