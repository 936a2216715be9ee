"""Chapter 3: a search for the image that a metric calls most different, live, beside the stored long runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab import extremes
from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.cards import card, reference_picture
from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.figures import encode_figure
from hrtem_lab.app.kit.parameters import FOUR_CELLS
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.metrics import METRICS
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
        options={metric.label: key for key, metric in METRICS.items()},
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

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="worst-case")
        self._reference = extremes.stored_reference()
        self._white = float(self._reference.max())
        self._prepared = {key: metric.prepare(self._reference) for key, metric in METRICS.items()}
        self._state: extremes.State | None = None
        self._history: list[tuple[int, dict[str, float]]] = []
        self._running = False
        self._make_widgets()

    @property
    def metric(self) -> str:
        """Key of the metric that the search makes worst."""
        return str(self.controls.values["metric"])

    def draw(self) -> None:
        """Show the start of a search with the reader's settings; a running one ends."""
        self._running = False
        self._state = next(self._search(steps=1))
        self._history = []
        self._record()
        self._show_stored()
        self._show()
        self._label_button()

    def refine(self) -> Iterator[None]:
        """Run the search while it is switched on, showing its state some times a second."""
        self._draw_curves()
        if not self._running:
            return
        drawn = curves = time.perf_counter()
        for state in self._search(steps=STEPS):
            self._state = state
            now = time.perf_counter()
            if now - drawn > SECONDS_BETWEEN_PICTURES:
                drawn = now
                self._record()
                self._show()
                yield
            if now - curves > SECONDS_BETWEEN_CURVES:
                curves = now
                self._draw_curves()
            yield
        self._finish()

    def png(self) -> bytes:
        """Return reference, image and their numbers as one figure."""
        from hrtem_lab.plots import comparison, to_png  # noqa: PLC0415

        figure = comparison(
            self._reference,
            self._image,
            {"ssim": self._prepared["ssim"].map(self._image)},
            self._differences,
            titles=("reference", f"worst for {METRICS[self.metric].label}, step {self._step}"),
            field_of_view=FOUR_CELLS,
        )
        return to_png(figure)

    def csv(self) -> bytes:
        """Return all differences along the search."""
        rows = [[step, *differences.values()] for step, differences in self._history]
        return readings.to_csv(["step", *(metric.label for metric in METRICS.values())], rows)

    def report(self, error: Exception) -> None:
        """Show an error as one sentence; a search that met it has ended."""
        self.cancel()
        self._running = False
        self._label_button()
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
        resume = self._state if self._running else None
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
        self._picture.data = encode_image(self._image, limits=(0, self._white))
        label = METRICS[self.metric].label
        value = self._differences[self.metric]
        self._picture.caption = f"<strong>Search</strong> step {self._step}, {label} {value:.3f}"
        self._picture.alt = f"Image of the search after {self._step} steps; {label} difference {value:.3f}."
        self._numbers.value = readings.table(self._differences)
        self._progress.max = max(STEPS, -(-self._step // STEPS) * STEPS)
        self._progress.value = self._step

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
        self._stored_picture.data = encode_image(stored.image, limits=(0, self._white))
        value = stored.values[self.metric]
        self._stored_picture.caption = (
            f"<strong>Long run</strong> {stored.provenance['steps']} steps, "
            f"{METRICS[self.metric].label} {value:.3f}"
        )
        self._stored_picture.alt = f"Worst image found in a long run; difference {value:.3f}."

    def _draw_curves(self) -> None:
        from hrtem_lab.plots import search_curves  # noqa: PLC0415

        stored = {} if self._stored is None else {self.metric: self._stored.values[self.metric]}
        steps = [step for step, _ in self._history]
        curves = {key: [values[key] for _, values in self._history] for key in METRICS}
        self._curve.data = encode_figure(search_curves(steps, curves, stored=stored))
        self._curve.alt = f"Differences of all metrics along {self._step} steps of the search."

    def _toggle(self, _button: Any) -> None:
        if self._running:
            self.cancel()
            self._finish()
        else:
            self._running = True
            self._label_button()
            self._refine_later()

    def _finish(self) -> None:
        self._running = False
        self._record()
        self._show()
        self._draw_curves()
        self._label_button()

    def _label_button(self) -> None:
        self._button.description = "Stop" if self._running else ("Go on" if self._step else "Start")
        self._button.button_style = "" if self._running else "primary"

    def _make_widgets(self) -> None:
        bar = scale_bar(FOUR_CELLS)
        reference = reference_picture(self._reference)
        self._picture, self._stored_picture = Picture(overlay=bar), Picture(overlay=bar)
        self._curve = Picture(smooth=True)
        self._curve.add_class("hl-curve")
        self._numbers = widgets.HTML()
        self._progress = widgets.IntProgress(max=STEPS, description="Steps", layout={"width": "auto"})
        self._button = widgets.Button(description="Start", button_style="primary")
        self._button.add_class("hl-start")
        self._button.on_click(lambda button: self._guard(self._toggle, button))
        pictures = widgets.Box([reference, self._picture, self._stored_picture])
        pictures.add_class("hl-row")
        side = widgets.VBox(
            [self.controls.panel(), widgets.HBox([self._button]), self._progress],
            layout={"flex": "1 1 380px"},
        )
        values = widgets.VBox([self._numbers, self.actions], layout={"flex": "1 1 380px"})
        below = widgets.Box([side, values], layout={"flex_flow": "row wrap"})
        below.add_class("hl-side-by-side")
        self.view = widgets.VBox([self.message, pictures, below, self._curve])
        self.view.add_class("hl-dashboard")


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
        differences=run.values,
    )
