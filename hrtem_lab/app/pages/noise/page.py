"""Chapter 4: the panels of Fig. 3 with the reader's dose, readout noise, blur and pixels, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.layout import pictures_row, side_by_side
from hrtem_lab.app.kit.log_slider import LogSlider, thousands
from hrtem_lab.app.kit.parameters import FOUR_CELLS, SHAPE
from hrtem_lab.app.kit.retakes import SEED, Retakes
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages.noise.bars import bars
from hrtem_lab.app.pages.noise.panels import PANELS, Exposure, contributions, reference, sampling
from hrtem_lab.metrics import Prepared
from hrtem_lab.metrics.outliers import without_warning
from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.rendering import encode_image, scale_bar


def _in_pixels(nm: float, state: Mapping[str, Any]) -> str:
    return f"{nm * 10 * state['pixels'] / FOUR_CELLS[1]:.1f} px"


def _of_the_beam(electrons: float, state: Mapping[str, Any]) -> str:
    return (
        f"{electrons / counts_per_pixel(state['dose'] / 100, sampling=sampling(state['pixels'])):.2g} of beam"
    )


PARAMETERS = (
    Choice(
        key="panel",
        label="Large picture",
        options={f"{panel.key} {panel.short}": panel.key for panel in PANELS.values()},
        default="f",
        buttons=True,
    ),
    LogSlider(key="dose", label="Dose", unit="e⁻/nm²", minimum=100, maximum=10**6, default=5000,
              also=lambda dose, _state: f"{thousands(dose / 100)} e⁻/Å²"),
    Slider(key="readout", label="Readout noise σ", unit="e⁻", minimum=0, maximum=10, step=0.1, default=2,
           also=_of_the_beam),
    Slider(key="blur", label="Blur σ", unit="nm", minimum=0, maximum=0.15, step=0.001, default=0.049,
           also=_in_pixels),
    Slider(key="pixels", label="Pixels per side", minimum=64, maximum=512, step=32, default=SHAPE,
           also=lambda pixels, _state: f"{100 * FOUR_CELLS[1] / pixels:.1f} pm"),
    SEED,
)  # fmt: skip
SLIDERS = ("dose", "readout", "blur", "pixels")
PRESETS: dict[str, dict[str, Any]] = {
    **{f"Fig. 3{key}": {"panel": key} for key in PANELS},
    "A tenth of the dose": {"panel": "c", "dose": 500},
    "Counting camera": {"panel": "f", "readout": 0.0},
    "512 pixels, same dose": {"panel": "c", "pixels": 512},
}


class NoiseLab(Retakes):
    """Six images of one crystal with the disturbances, one at a time and together; one set of sliders."""

    title = "One crystal with dose, readout noise and blur, one at a time and together"
    naming = ("dose", "readout", "blur")

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="noise")
        self._white = float(reference(SHAPE).max())
        self._pixels = 0
        self._prepared: dict[str, Prepared] = {}
        self._exposures: dict[str, Exposure] = {}
        self._images: dict[str, NDArray[np.floating]] = {}
        self._differences: dict[str, dict[str, float]] = {}
        self._barred: dict[str, Exposure] = {}  # what the bars were drawn for
        self._make_widgets()

    def draw(self) -> None:
        """Show the large picture; its numbers come first in `refine`."""
        state = self.controls.values
        if state["pixels"] != self._pixels:
            self._pixels = state["pixels"]
            self._prepared = {}
            self._reference_picture.show(encode_image(reference(self._pixels), limits=(0, self._white)))
        for key, panel in PANELS.items():
            exposure = panel.exposure(state)
            if self._exposures.get(key) != exposure:
                self._exposures[key] = exposure
                self._images.pop(key, None)
                self._differences.pop(key, None)
        key = state["panel"]
        self._picture.show(
            encode_image(self._image(key), limits=(0, self._white)),
            alt=f"Panel {key}: {PANELS[key].label}, {self._exposures[key].words}.",
            caption=self._caption(key),
        )
        self._name_noise()

    def refine(self) -> Iterator[None]:
        """Show the large picture's numbers, the small pictures, their numbers, the bars, and SIFT's band."""
        shown = self.controls.values["panel"]
        # In one piece, so that the numbers also follow while the slider is dragged.
        for _ in self._compare(shown):
            pass
        self._numbers.value = readings.table(self._differences[shown], {})
        # A setting that came back before its numbers were there has its card, but no numbers.
        stale = [
            key
            for key, exposure in self._exposures.items()
            if self._carded.get(key) != exposure or key not in self._differences
        ]
        for key in stale:
            self._cards[key].show(
                encode_image(self._image(key), limits=(0, self._white)),
                alt=f"Small panel {key}: {self._exposures[key].words}.",
            )
            yield
        for key in stale:
            yield from self._compare(key)
            numbers = readings.table(self._differences[key])
            self._card_numbers[key].value = f'{self._caption(key)}<div class="hl-outcome">{numbers}</div>'
            self._carded[key] = self._exposures[key]
            yield
        if self._barred != self._exposures:
            self._draw_bars()
        yield
        found = yield from readings.bands(self._prepared, self._image(shown))
        self._numbers.value = readings.table(self._differences[shown], found)

    def png(self) -> bytes:
        """Return the six panels with their numbers as one figure."""
        from hrtem_lab.plots import panels  # noqa: PLC0415

        self._complete()
        figure = panels(
            {f"({key}) {panel.label}": self._image(key) for key, panel in PANELS.items()},
            [self._differences[key] for key in PANELS],
            notes=[self._exposures[key].words.replace("; ", "\n") for key in PANELS],
            white=self._white,
            field_of_view=FOUR_CELLS,
        )
        return self.save_figure(figure)

    def bars_png(self) -> bytes:
        """Return the bars as a figure."""
        from hrtem_lab.plots import contribution_bars  # noqa: PLC0415

        self._complete()
        figure = contribution_bars(contributions(self._differences), self._differences["f"])
        return self.save_figure(figure)

    def csv(self) -> bytes:
        """Return the settings that act on each panel, with the panel's differences."""
        self._complete()
        header = [
            "panel",
            "shows",
            "pixels per side",
            "blur (nm)",
            "dose (e⁻/nm²)",
            "readout σ (e⁻)",
            "seed",
        ]
        rows = []
        for key, panel in PANELS.items():
            exposure = self._exposures[key]
            dose = "" if exposure.dose_per_area is None else round(exposure.dose_per_area * 100, 9)
            settings = [exposure.pixels, round(exposure.blur_sigma / 10, 9), dose, exposure.readout_sigma]
            rows.append([key, panel.label, *settings, exposure.seed[0], *self._differences[key].values()])
        return self.save_table([*header, *(metric.label for metric in readings.shown().values())], rows)

    def _image(self, key: str) -> NDArray[np.floating]:
        if key not in self._images:
            self._images[key] = self._exposures[key].image
        return self._images[key]

    def _compare(self, key: str) -> Iterator[None]:
        """Compute a panel's differences, unless they are known."""
        for name, metric in readings.shown().items():
            if name not in self._prepared:
                self._prepared[name] = metric.prepare(reference(self._pixels))
                yield
        if key not in self._differences:
            differences = {}
            for name, prepared in self._prepared.items():
                with without_warning():  # a simulated camera has no bad pixels
                    differences[name] = prepared(self._image(key))
                yield
            self._differences[key] = differences

    def _complete(self) -> None:
        """Compute what `refine` has not yet computed."""
        for key in PANELS:
            for _ in self._compare(key):
                pass

    def _caption(self, key: str) -> str:
        return (
            f'<div class="hl-note"><strong>{key}</strong> {PANELS[key].label}<br>'
            f"{self._exposures[key].words}</div>"
        )

    def _draw_bars(self) -> None:
        parts, together = contributions(self._differences), self._differences["f"]
        sums = {key: sum(values[key] for values in parts.values()) for key in together}
        shares = [
            f"{metric.label} {100 * together[key] / sums[key]:.0f} %"
            for key, metric in readings.shown().items()
            if sums[key] > 0
        ]
        sentence = f"All at once, as a share of the sum of the parts: {', '.join(shares) or 'no part acts'}."
        self._bars.value = f'{bars(parts, together)}<p class="hl-note">{sentence}</p>'
        self._barred = dict(self._exposures)

    def _make_widgets(self) -> None:
        bar = scale_bar(FOUR_CELLS)
        self._reference_picture = Picture(
            overlay=bar,
            alt="Reference: Nb₃Sn, 40 cells thick, in focus.",
            caption=f"<strong>Reference</strong> Nb₃Sn, 40 cells, in focus<br>"
            f"every picture: black 0, white {self._white:.2f} of the beam",
        )
        self._picture = Picture(overlay=bar)
        self._numbers = widgets.HTML()
        self._bars = widgets.HTML()
        self._bars.add_class("hl-contributions")
        for part in (self._numbers, self._bars):
            part.add_class("hl-outcome")
        self._carded: dict[str, Exposure] = {}
        self._cards = {key: Picture() for key in PANELS}
        self._card_numbers = {key: widgets.HTML() for key in PANELS}
        values = widgets.VBox(
            [self._numbers, self._noise_row("Record the same settings once more"), self.actions]
        )
        values.layout.flex = "1 1 300px"
        values.add_class("hl-stays-beside")
        pictures = pictures_row([self._reference_picture, self._picture])
        pictures.layout.flex = "2 1 560px"
        sliders = _grid([self.controls.row(key) for key in SLIDERS])
        sliders.layout.flex = "1 1 100%"
        panel = side_by_side(pictures, values, sliders)
        panel.add_class("hl-stage")
        title = widgets.HTML("<h3>One disturbance at a time</h3>")
        presets = self._preset_row(PRESETS, shows="panel", kept=["seed"])
        adds = widgets.HTML("<h3>Do the parts add up?</h3>")
        self.view = widgets.VBox(
            [
                *(self.message, presets, self.controls.row("panel"), panel),
                *(title, self._card_grid()),
                *(adds, self._bars, self.offer("Bars (PNG)", "bars", "png", self.bars_png)),
            ]
        )
        self.view.add_class("hl-dashboard")

    def _card_grid(self) -> Any:
        """Return the small pictures, each with its numbers beside it."""
        cards = []
        for key in PANELS:
            self._cards[key].layout = {"flex": "0 1 32%", "min_width": "0"}
            self._card_numbers[key].layout = {"flex": "1 1 0", "min_width": "0"}
            cards.append(
                widgets.HBox([self._cards[key], self._card_numbers[key]], layout={"grid_gap": "8px"})
            )
            cards[-1].add_class(f"hl-panel-{key}")
        return _grid(cards)


def _grid(children: list[Any]) -> Any:
    """Return widgets in two columns, or in one where the window is narrow."""
    columns = "repeat(auto-fill, minmax(min(100%, 420px), 1fr))"
    return widgets.GridBox(children, layout={"grid_template_columns": columns, "grid_gap": "12px 20px"})


def dashboard() -> Any:
    """Return the chapter's dashboard, drawn for the first time."""
    made = NoiseLab()
    made.start()
    return made.view
