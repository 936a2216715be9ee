"""A game of chapter 3: raise one metric while another stays below its threshold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab import extremes
from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.cards import reference_picture
from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.layout import pictures_row, side_by_side, stage
from hrtem_lab.app.kit.parameters import CELL, FOUR_CELLS, SHAPE, defocus
from hrtem_lab.app.kit.widgets import Picture, Storage
from hrtem_lab.edge_cases import scale_contrast
from hrtem_lab.metrics import METRICS, prepare
from hrtem_lab.rendering import encode_image, encode_map, scale_bar
from hrtem_lab.simulation import form_image, load_exit_wave

NAMES = readings.by_label()
NOISE_SEED = 0
"""All images of the game have the same noise, only stronger or weaker."""
JUDGES = {metric.label: key for key, metric in readings.shown().items() if metric.threshold is not None}

PARAMETERS = (
    Choice(key="raise", label="Raise", options=NAMES, default="sift"),
    Choice(key="keep", label="Keep acceptable", options=JUDGES, default="mse"),
    Slider(key="shift", label="Shift", unit="cells", minimum=0, maximum=0.5, step=0.005, default=0,
           also=lambda cells, _state: f"{cells * CELL / 10:.3f} nm"),
    defocus("Defocus"),
    Slider(key="contrast", label="Contrast", minimum=-1, maximum=1, step=0.02, default=1),
    Slider(key="blur", label="Blur σ", unit="px", minimum=0, maximum=6, step=0.1, default=0),
    Slider(key="noise", label="Noise σ", unit="% of white", minimum=0, maximum=30, step=0.5, default=0),
    Slider(key="brush", label="Brush", unit="% of white", minimum=-100, maximum=100, step=5, default=40),
    Slider(key="size", label="Brush width", unit="px", minimum=1, maximum=20, step=1, default=5),
)  # fmt: skip


class FoolTheMetric(Dashboard):
    """Sliders and a brush that distort the reference, and the score of doing so."""

    title = "Fool the metric: a distorted image compared with the reference"
    naming = ("raise", "keep")

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="fool-the-metric")
        self._reference = extremes.stored_reference()
        self._white = float(self._reference.max())
        self._prepared = prepare(self._reference, readings.shown())
        self._image = self._reference
        self._differences: dict[str, float] = {}
        self._strokes: list[NDArray[np.floating]] = []
        self._stroke: float | None = None
        self._make_widgets()

    def draw(self) -> None:
        """Show the distorted image, its numbers and the score."""
        self._image = self._distorted()
        self._picture.show(encode_image(self._image, limits=(0, self._white)))
        self._differences = {key: prepared(self._image) for key, prepared in self._prepared.items()}
        self._numbers.value = readings.table(self._differences)
        self._score()

    def refine(self) -> Iterator[None]:
        """Show where the metric to be raised sees differences."""
        key = self.controls.values["raise"]
        self._map_picture.show(
            encode_map(self._prepared[key].map(self._image)),
            alt=f"{METRICS[key].label} difference map.",
            caption=f"<strong>{METRICS[key].label} map</strong>",
        )
        yield

    def png(self) -> bytes:
        """Return reference and image with the numbers as one figure."""
        from hrtem_lab.plots import comparison  # noqa: PLC0415

        key = self.controls.values["raise"]
        figure = comparison(
            self._reference,
            self._image,
            {key: self._prepared[key].map(self._image)},
            self._differences,
            titles=("reference", "image"),
            field_of_view=FOUR_CELLS,
        )
        return self.save_figure(figure, results=self._painted)

    def csv(self) -> bytes:
        """Return the settings and the differences."""
        labels = [metric.label for metric in readings.shown().values()]
        row = [*self.controls.cells(), len(self._strokes), *self._differences.values()]
        return self.save_table(
            [*self.controls.titles(), "Brush strokes", *labels], [row], results=self._painted
        )

    @property
    def seed(self) -> str:
        """The seed of the noise, which is always the same."""
        return str(NOISE_SEED)

    @property
    def _painted(self) -> list[tuple[str, object]]:
        """How many strokes were painted: a link does not bring them back."""
        return [("Brush strokes, which the link does not bring back", len(self._strokes))]

    def _distorted(self) -> NDArray[np.float32]:
        state = self.controls.values
        image = form_image(
            load_exit_wave("nb3sn"),
            defocus=state["defocus"] * 10,
            shape=SHAPE,
            field_of_view=FOUR_CELLS,
            shift=(0, state["shift"] * CELL),
        )
        image = scale_contrast(image, state["contrast"], limits=(0, float(image.max())))
        if state["blur"]:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), state["blur"], borderType=cv2.BORDER_REFLECT))
        noise = np.random.default_rng(NOISE_SEED).normal(scale=state["noise"] / 100, size=image.shape)
        total = image + self._white * noise + sum(self._strokes, start=np.zeros(image.shape))
        return np.clip(total, 0, self._white).astype(np.float32)

    def _paint(self, point: list[float]) -> None:
        state = self.controls.values
        x, y = (fraction * SHAPE - 0.5 for fraction in point[:2])
        rows, columns = np.ogrid[:SHAPE, :SHAPE]
        spread = max(state["size"] / 2.355, 0.5)  # the width is that at half the height
        bump = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2))
        paint = self._white * state["brush"] / 100 * bump
        stroke = point[2] if len(point) > 2 else None
        if stroke is not None and stroke == self._stroke:
            self._strokes[-1] = self._strokes[-1] + paint  # a drag is one stroke
        else:
            self._strokes.append(paint)
        self._stroke = stroke
        self.update("raise")

    def _undo(self, *, all_strokes: bool) -> None:
        del self._strokes[0 if all_strokes else -1 :]
        self._stroke = None
        self.update("raise")

    def _score(self) -> None:
        if not self._differences:
            return
        state = self.controls.values
        up, keep = METRICS[state["raise"]], METRICS[state["keep"]]
        best = self._storage.values.get(f"{up.key}-{keep.key}", 0.0)
        if up.key == keep.key:
            text = "Choose two different metrics."
        elif keep.threshold is not None and self._differences[keep.key] > keep.threshold:
            text = f"No score: {keep.label} is above its threshold of {keep.threshold:g}."
        else:
            score = self._differences[up.key]
            best = max(best, score)
            self._storage.values = {**self._storage.values, f"{up.key}-{keep.key}": best}
            text = f"<strong>Score {score:.3f}</strong>: {up.label}, with {keep.label} acceptable."
        self._words.value = f'<p class="hl-score" role="status">{text} Your best so far: {best:.3f}.</p>'

    def _make_widgets(self) -> None:
        bar = scale_bar(FOUR_CELLS)
        reference = reference_picture(self._reference)
        self._picture = Picture(
            overlay=bar,
            alt="Your image.",
            caption="<strong>Your image</strong>: click or drag to paint",
            clickable=True,
        )
        self._picture.observe(lambda change: self._guard(self._paint, change.new), names="point")
        self._map_picture = Picture(overlay=bar)
        self._storage = Storage(name="fool-the-metric")
        self._storage.observe(lambda _: self._guard(self._score), names="values")
        self._numbers, self._words = widgets.HTML(), widgets.HTML()
        undo = self._button("Undo stroke", lambda: self._undo(all_strokes=False))
        clear = self._button("Clear paint", lambda: self._undo(all_strokes=True))
        pictures = pictures_row([reference, self._picture, self._map_picture])
        side = widgets.VBox(
            [self.controls.panel(), widgets.HBox([undo, clear, self._storage])], layout={"flex": "1 1 380px"}
        )
        values = widgets.VBox([self._words, self._numbers, self.actions], layout={"flex": "1 1 380px"})
        self.view = widgets.VBox([self.message, stage(pictures, side_by_side(side, values))])
        self.view.add_class("hl-dashboard")

    def _reset_all(self) -> None:
        self._strokes.clear()
        self._stroke = None
        super()._reset_all()


def game() -> Any:
    """Return the game, drawn for the first time."""
    made = FoolTheMetric()
    made.start()
    return made.view
