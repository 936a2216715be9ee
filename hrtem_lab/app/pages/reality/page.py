"""Chapter 7: the microscope as it is, and whether an experiment can be within the paper's thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.cards import card
from hrtem_lab.app.kit.controls import Controls, Slider
from hrtem_lab.app.kit.curve_panel import CurvePanel
from hrtem_lab.app.kit.layout import pictures_row, side_by_side, stage
from hrtem_lab.app.kit.parameters import FOUR_CELLS
from hrtem_lab.app.kit.retakes import Retakes
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages.reality.budget import Budget
from hrtem_lab.app.pages.reality.microscope import LAYER_SNAPSHOTS, NO_CAMERA, recorded, waves_of
from hrtem_lab.app.pages.reality.settings import EFFECTS, EVERYTHING, GROUPS, PARAMETERS, TOGETHER, USUAL
from hrtem_lab.metrics import prepare
from hrtem_lab.metrics.outliers import without_warning
from hrtem_lab.rendering import encode_image, encode_map, scale_bar

MAP = "ssim"
TOLD = 3
"""So many settings are in a caption, which must stay short on a phone."""
BUDGET_OF = "each effect alone beside the paper's simulation, whatever the settings above say"
PRESETS: dict[str, Mapping[str, Any]] = {
    "The paper's simulation": {"reference": USUAL["reference"]},
    **{effect.label: effect.setting for effect in EFFECTS},
    TOGETHER: EVERYTHING,
}


class Reality(Retakes):
    """The paper's simulation beside an image with what it leaves out, their differences, and a curve."""

    title = "What the simulation leaves out"
    naming = ("vibration", "tilt")

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="reality")
        self.last_changed = "tilt"
        self._prepared_for = ""
        self._prepared: dict[str, Any] = {}
        self._reference = self._image = recorded(USUAL)
        self._drawn: Mapping[str, Any] = USUAL
        self._white = float(self._reference.max())
        self._map = np.zeros_like(self._reference)
        self._differences: dict[str, float] = {}
        self._curve = CurvePanel(self._sweep_sliders(), self._differences_of, self._stop_curve)
        self._budget = Budget()
        self._make_widgets()

    def draw(self) -> None:
        """Show the image; its numbers come first in `refine`."""
        state = self.controls.values
        try:
            image = recorded(state)
        except ValueError:
            before = self._caption("Not stored. The image before:", self._drawn)
            self._picture.show(self._picture.data, caption=before)
            raise
        self._image, self._drawn = image, state
        if self._prepared_for != state["reference"]:
            self._reference = recorded({**USUAL, "vibration": state["reference"]})
            self._prepared, self._prepared_for = (
                prepare(self._reference, readings.shown()),
                state["reference"],
            )
            self._reference_picture.show(
                encode_image(self._reference, limits=(0, self._white)),
                caption=self._caption("Reference", {"vibration": state["reference"]}),
            )
        self._picture.show(
            encode_image(self._image, limits=(0, self._white)),
            alt=f"Image of Nb₃Sn with {self._words(state)}.",
            caption=self._caption("Image", state),
        )
        self._name_noise()
        no_camera = state["camera"] == NO_CAMERA
        self._again.layout.visibility = "hidden" if no_camera else "visible"
        self.controls.widgets["dose"].disabled = no_camera

    def refine(self) -> Iterator[float | None]:
        """Show the numbers, the map, the band of SIFT, the curve along the slider moved last, the budget."""
        self._differences = dict(self._compare(self._image))
        self._numbers.value = readings.table(self._differences)
        self._map = self._prepared[MAP].map(self._image)
        self._map_picture.show(encode_map(self._map))
        yield None
        bands = yield from readings.bands(self._prepared, self._image)
        self._numbers.value = readings.table(self._differences, bands)
        yield None
        yield from self._curve.update(self.last_changed, self.controls.values)
        yield from self._budget.compute()

    def png(self) -> bytes:
        """Return both images, the map and the numbers as one figure."""
        from hrtem_lab.plots import comparison  # noqa: PLC0415

        state = self.controls.values
        waves_of(state)  # no file says settings that the page cannot show
        figure = comparison(
            self._reference,
            self._image,
            {MAP: self._map},
            self._differences,
            titles=("reference", self._words(state)),
            field_of_view=FOUR_CELLS,
        )
        return self.save_figure(figure)

    def csv(self) -> bytes:
        """Return the settings with the differences, then every point of the curve."""
        waves_of(self.controls.values)
        columns = [parameter.key for parameter in PARAMETERS]
        return self.save_table(*self._curve.table(self.controls, columns, self._differences))

    def budget_csv(self) -> bytes:
        """Return the budget, and say that the page's settings do not change it."""
        for _ in self._budget.compute():
            pass
        return self.save_table(
            *self._budget.table(),
            title="Which effect uses how much of a threshold",
            results=[("Budget", BUDGET_OF)],
        )

    def _stop_curve(self) -> None:
        """Drop the curve; the budget, which comes after it, is still computed."""
        self._work_later(self._budget.compute())

    def _compare(self, image: NDArray[np.floating]) -> Iterator[tuple[str, float]]:
        for key, prepared in self._prepared.items():
            with without_warning():  # the camera's bad pixels are simulated, and known
                difference = prepared(image)
            yield key, difference  # outside, because a curve that is dropped never comes back from here

    def _differences_of(self, state: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
        """Compare a point of the curve; it has a gap where no such specimen is stored."""
        try:
            image = recorded(state)
        except ValueError:
            return
        yield from self._compare(image)

    def _sweep_sliders(self) -> dict[str, Slider]:
        return {p.key: p for p in PARAMETERS if isinstance(p, Slider) and p.key != "seed"}

    def _changed(self, state: Mapping[str, Any]) -> list[str]:
        """Return the settings that differ from the paper's simulation, in words."""
        exposure = () if state["camera"] != NO_CAMERA else ("dose", "seed")
        return [
            f"{p.label} {p.describe(state[p.key])}"
            for p in PARAMETERS
            if state[p.key] != p.default and p.key not in ("reference", *exposure)
        ]

    def _words(self, state: Mapping[str, Any]) -> str:
        return ", ".join(self._changed(state)) or "nothing that the simulation leaves out"

    def _caption(self, title: str, state: Mapping[str, Any]) -> str:
        words = self._changed({**USUAL, **state})
        more = len(words) - TOLD
        told = ", ".join(words[:TOLD]) + (f" and {more} more" if more > 0 else "")
        return f"<strong>{title}</strong> {told or 'the simulation: atoms at rest, no tilt, perfect lens'}"

    def _make_widgets(self) -> None:
        bar = scale_bar(FOUR_CELLS)
        self._reference_picture = Picture(overlay=bar, alt="Reference: Nb₃Sn, 40 cells thick, in focus.")
        self._picture = Picture(overlay=bar)
        self._map_picture = Picture(
            overlay=bar,
            alt="SSIM difference map of reference and image.",
            caption='<strong>SSIM map</strong><br>0 <span class="hl-ramp"></span> 1 or more',
        )
        self._numbers = widgets.HTML()
        self._numbers.add_class("hl-outcome")
        note = widgets.HTML(
            f'<p class="hl-note">Every picture: black 0, white {self._white:.2f} of the incident beam. '
            "In brackets, and on the bar: the range of SIFT as the pixel grid moves. Behind carbon, atoms "
            f"vibrate in a mean of {LAYER_SNAPSHOTS} snapshots alone: some unevenness is left.</p>"
        )
        pictures = pictures_row([self._reference_picture, self._picture, self._map_picture])
        sliders = [self._group(name, keys) for name, keys in GROUPS.items()]
        self._again = self._noise_row("Record the same settings once more")
        values = widgets.VBox(
            [self.controls.row("reference"), self._numbers, self._again, self.actions],
            layout={"flex": "1 1 380px"},
        )
        presets = self._preset_row(PRESETS, shows=None, kept=["seed", "reference", "dose"])
        explored = stage(pictures, note, side_by_side(values, *sliders))
        for part in (self._curve.view, self._budget.view):
            part.add_class("hl-outcome")
        self.view = widgets.VBox(
            [
                *(self.message, presets, explored, self._curve.view),
                widgets.HTML("<h3>The budget</h3>"),
                self._budget.view,
                self.offer("Budget (CSV)", "budget", "csv", self.budget_csv),
            ]
        )
        self.view.add_class("hl-dashboard")

    def _group(self, name: str, keys: Sequence[str]) -> Any:
        """Return controls under a heading."""
        group = widgets.VBox([widgets.HTML(f"<h3>{name}</h3>"), self.controls.panel(*keys)])
        group.layout.flex = "1 1 380px"
        group.add_class("hl-controls")
        return group


def dashboard() -> Any:
    """Return the chapter's dashboard, drawn for the first time."""
    made = Reality()
    made.start()
    return made.view


def gallery() -> Any:
    """Return one picture per effect, with every metric's difference from the paper's simulation."""
    reference = recorded(USUAL)
    prepared = prepare(reference, readings.shown())
    white = float(reference.max())
    cards = []
    for effect in EFFECTS:
        image = recorded(effect.state)
        with without_warning():
            differences = {key: difference(image) for key, difference in prepared.items()}
        cards.append(
            card(
                image,
                white=white,
                key=effect.key,
                alt=f"{effect.label}.",
                caption=f"<strong>{effect.label}</strong>",
                differences=differences,
                outcome=True,
            )
        )
    note = (
        f"Every image has the same contrast: black 0, white {white:.2f} of the incident beam. "
        "The tick on a bar is the paper's threshold of “practically the same”. SIFT is that of one pixel "
        "grid; its range stands beside your own microscope, below."
    )
    return widgets.HTML(f'<div class="hl-gallery">{"".join(cards)}</div><p class="hl-note">{note}</p>')
