"""Chapter 2: the paper's test images with all metrics, and an explorer for images of the reader's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab import edge_cases
from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.cards import card
from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.curve_panel import CurvePanel
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.layout import pictures_row, side_by_side, stage
from hrtem_lab.app.kit.parameters import CELL, FOUR_CELLS, SHAPE, defocus, specimen, thickness
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.metrics import METRICS, prepare
from hrtem_lab.rendering import encode_image, encode_map, scale_bar
from hrtem_lab.simulation import form_image, load_exit_wave

PARAMETERS = (
    specimen("Specimen", default="nb3sn"),
    Slider(key="shift", label="Shift", unit="cells", minimum=0, maximum=1, step=0.01, default=0,
           also=lambda cells, _state: f"{cells * CELL / 10:.3f} nm"),
    Slider(key="rotation", label="Rotation", unit="°", minimum=-45, maximum=45, step=0.5, default=0),
    defocus("Defocus"),
    thickness("Thickness", default=40),
    Slider(key="aperture", label="Aperture", unit="mrad", minimum=8, maximum=50, step=0.5, default=30),
    Slider(key="contrast", label="Contrast", minimum=-1, maximum=1, step=0.02, default=1),
)  # fmt: skip
MAP = Choice(
    key="map",
    label="Difference map",
    options=readings.by_label(),
    default="ssim",
)
PRESETS: dict[str, dict[str, Any]] = {
    "half-cell shift": {"shift": 0.5},
    "−2 nm defocus": {"defocus": -2.0},
    "ZrO₂": {"specimen": "zro2"},
    "contrast reversal": {"contrast": -1.0},
    "no contrast": {"contrast": 0.0},
}


def gallery() -> Any:
    """Return the test images of Fig. 2 with every metric's difference under each."""
    cases = edge_cases.edge_cases(shape=SHAPE)
    prepared = prepare(cases["reference"].image, readings.shown())
    white = float(cases["reference"].image.max())
    cards = [
        card(
            case.image,
            white=white,
            key=case.key,
            alt=f"{case.label}: {case.description}",
            caption=f"<strong>{case.label}</strong> <small>Fig. {case.figure}</small><br>{case.description}",
            differences={key: difference(case.image) for key, difference in prepared.items()},
            outcome=True,
        )
        for case in cases.values()
    ]
    note = (
        f"Every image has the same contrast: black 0, white {white:.2f} of the incident beam. "
        "The tick on a bar is the paper's threshold of “practically the same”."
    )
    return widgets.HTML(f'<div class="hl-gallery">{"".join(cards)}</div><p class="hl-note">{note}</p>')


class Explorer(Dashboard):
    """The reference beside an image made with the reader's settings, their differences, and a curve."""

    title = "Edge cases: an image compared with the reference"
    naming = ("specimen", "shift", "rotation", "defocus")

    def __init__(self) -> None:
        super().__init__(Controls([*PARAMETERS, MAP]), name="edge-cases")
        self.last_changed = "defocus"
        self._reference = self.form({parameter.key: parameter.default for parameter in PARAMETERS})
        self._white = float(self._reference.max())
        self._prepared = prepare(self._reference, readings.shown())
        self._image = self._reference
        self._differences: dict[str, float] = {}
        self._map = np.zeros_like(self._reference)
        self._curve = CurvePanel(self._sweep_sliders(), self._differences_of, self.cancel)
        self._make_widgets()

    def form(self, state: Mapping[str, Any]) -> NDArray[np.floating]:
        """Return the image that the state describes, on the reference's pixels."""
        image = form_image(
            load_exit_wave(state["specimen"], thickness_cells=state["thickness"]),
            semiangle_cutoff=state["aperture"],
            defocus=state["defocus"] * 10,
            shape=SHAPE,
            field_of_view=FOUR_CELLS,
            shift=(0, state["shift"] * CELL),
            rotation=state["rotation"],
        )
        return edge_cases.scale_contrast(image, state["contrast"], limits=(0, float(image.max())))

    def draw(self) -> None:
        """Show the image, then the numbers."""
        self._image = self.form(self.controls.values)
        self._picture.show(
            encode_image(self._image, limits=(0, self._white)), alt=f"Image with {self._settings()}."
        )
        self._differences = {key: prepared(self._image) for key, prepared in self._prepared.items()}
        self._numbers.value = readings.table(self._differences, {})

    def refine(self) -> Iterator[float | None]:
        """Show the difference map, SIFT's band, then the curve along the slider moved last."""
        key = self.controls.values["map"]
        self._map = self._prepared[key].map(self._image)
        self._map_picture.show(
            encode_map(self._map),
            alt=f"{METRICS[key].label} difference map of reference and image.",
            caption=_map_caption(key),
        )
        yield None
        found = yield from readings.bands(self._prepared, self._image)
        self._numbers.value = readings.table(self._differences, found)
        yield None
        yield from self._curve.update(self.last_changed, self.controls.values)

    def png(self) -> bytes:
        """Return both images, the map and the numbers as one figure."""
        from hrtem_lab.plots import comparison  # noqa: PLC0415

        key = self.controls.values["map"]
        figure = comparison(
            self._reference,
            self._image,
            {key: self._map},
            self._differences,
            titles=("reference", self._settings(short=True)),
            field_of_view=FOUR_CELLS,
        )
        return self.save_figure(figure)

    def csv(self) -> bytes:
        """Return the settings with the differences, then every point of the curve."""
        columns = [parameter.key for parameter in PARAMETERS]
        return self.save_table(*self._curve.table(self.controls, columns, self._differences))

    def _differences_of(self, state: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
        image = self.form(state)
        for key, prepared in self._prepared.items():
            yield key, prepared(image)

    def _sweep_sliders(self) -> dict[str, Slider]:
        return {p.key: p for p in PARAMETERS if isinstance(p, Slider)}

    def _settings(self, *, short: bool = False) -> str:
        state = self.controls.values
        changed = [p for p in PARAMETERS if not short or state[p.key] != p.default]
        words = [
            f"{p.label.lower()} {p.describe(state[p.key])}"
            if isinstance(p, Slider)
            else p.describe(state[p.key])
            for p in changed
        ]
        return ", ".join(words) or "image"

    def _make_widgets(self) -> None:
        bar = scale_bar(FOUR_CELLS)
        contrast = f"black 0, white {self._white:.2f} of the incident beam"
        self._reference_picture = Picture(
            data=encode_image(self._reference, limits=(0, self._white)),
            overlay=bar,
            alt="Reference: Nb₃Sn, 40 cells thick, in focus, 30 mrad aperture.",
            caption=f"<strong>Reference</strong> Nb₃Sn, 40 cells, in focus<br>{contrast}",
        )
        self._picture = Picture(
            overlay=bar, caption=f"<strong>Image</strong> with your settings<br>{contrast}"
        )
        self._map_picture = Picture(overlay=bar)
        self._numbers = widgets.HTML()
        pictures = pictures_row([self._reference_picture, self._picture, self._map_picture])
        side = widgets.VBox(
            [self._preset_row(PRESETS, kept=["map"]), self.controls.panel()], layout={"flex": "1 1 380px"}
        )
        values = widgets.VBox([self._numbers, self.actions], layout={"flex": "1 1 380px"})
        explored = stage(pictures, side_by_side(side, values))
        self.view = widgets.VBox([self.message, explored, self._curve.view])
        self.view.add_class("hl-dashboard")


def _map_caption(key: str) -> str:
    metric = METRICS[key]
    top = "1" if metric.map_limit == 1 else "1 or more"
    grey = "; grey: not looked at" if key == "sift" else ""
    return f'<strong>{metric.label} map</strong><br>0 <span class="hl-ramp"></span> {top}{grey}'


def explorer() -> Any:
    """Return the explorer, drawn for the first time."""
    dashboard = Explorer()
    dashboard.start()
    return dashboard.view
