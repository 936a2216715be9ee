"""Chapter 6: how large a precipitate is, cell by cell, at any dose and by any method."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit.background import beside
from hrtem_lab.app.kit.controls import Controls
from hrtem_lab.app.kit.layout import pictures_row, side_by_side, stage
from hrtem_lab.app.kit.log_slider import thousands
from hrtem_lab.app.kit.retakes import Retakes
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages.precipitates import files
from hrtem_lab.app.pages.precipitates.curves import SizeCurves
from hrtem_lab.app.pages.precipitates.mismatch import EXACT, Mismatch
from hrtem_lab.app.pages.precipitates.pictures import SizePictures
from hrtem_lab.app.pages.precipitates.settings import (
    MADE_BY,
    MEASURED_BY,
    METHOD,
    MISMATCH,
    ON,
    OWN,
    PRESETS,
    SPECIMEN,
    parameters,
)
from hrtem_lab.app.pages.precipitates.specimen import EXPOSURES, Measurement
from hrtem_lab.rendering import encode_image, scale_bar
from hrtem_lab.sizing import SIZERS, Size
from hrtem_lab.sizing.specimens import WHOLE_VIEW, Specimen, centred_image, furthest

Result = TypeVar("Result")

PAUSE = 0.2
"""Seconds in which the reader may go on before a method is prepared anew."""
PATIENCE = 0.4
"""Seconds after which the page says that it is measuring."""


class Precipitates(Retakes):
    """One exposure, its map of cells, the cells that a method counts, and the curves of all diameters."""

    title = "The size of a precipitate"
    naming = ("diameter", "dose", "method")

    def __init__(self) -> None:
        super().__init__(Controls(parameters()), name="precipitate")
        self._white = float(centred_image(0, 512).max())
        self._shown: tuple[Specimen, float | None, int] | None = None
        self._measured: tuple[Any, ...] | None = None
        self._exposure: NDArray[np.floating] | None = None
        self._prepared: Measurement | None = None
        self.size: Size | None = None
        self._make_widgets()

    @property
    def specimen(self) -> Specimen:
        """The precipitate of the reader's settings."""
        state = self.controls.values
        diameter = state["diameter"]
        return Specimen(
            diameter=diameter,
            right=furthest(diameter, state["right"]),
            down=furthest(diameter, state["down"]),
            pixels=int(state["pixels"]),
        )

    @property
    def measurement(self) -> Measurement:
        """The method of the reader's settings."""
        state = self.controls.values
        used = SIZERS[state["method"]].options
        return Measurement(
            method=state["method"],
            metric=None if "metric" not in used or state["metric"] == "own" else state["metric"],
            compact=state["compact"] == ON and "compact" in used,
            background=state["background"] if "background" in used else EXPOSURES,
            dose=self._dose,
            pixels=int(state["pixels"]),
            mismatch=EXACT if self._own_cells else Mismatch(**{key: state[key] for key in MISMATCH}),
            own_cells=self._own_cells,
        )

    def draw(self) -> None:
        """Show the exposure; what the method says of it follows in `refine`."""
        state = self.controls.values
        shown = (self.specimen, self._dose, state["seed"])
        if shown != self._shown:
            self._exposure = None
            words = self._dose_words()
            self._picture.show(
                encode_image(self._image, limits=(0, self._white)),
                alt=f"Nb₃Sn, 16 × 16 cells, {words}.",
                caption=f"<strong>Image</strong> {words}<br>black 0, white {self._white:.2f} of the beam",
            )
            self._shown = shown
        self._disable()
        self._name_noise()
        try:
            self._require_stored()
        except ValueError:
            self.cancel()
            self._pictures.refuse()
            raise
        self.curves.choose(self.measurement, state["seed"], shown=state["curves"])

    def _require_stored(self) -> None:
        """Refuse a reference that is not stored: the curves are those of the settings before."""
        if not self.measurement.mismatch.stored:
            raise ValueError(
                "A tilted reference is stored with 40 cells only: set “Thicker by” or “Tilted by” to 0"
            )

    def _disable(self) -> None:
        """Switch off what the method or the reference does not use; what leads out of a refusal stays on."""
        state, controls = self.controls.values, self.controls.widgets
        for key in ("metric", "compact", "background"):
            controls[key].disabled = key not in SIZERS[state["method"]].options
        for key, other in (("thicker", "tilt"), ("tilt", "thicker")):
            controls[key].disabled = self._own_cells or (not state[key] and bool(state[other]))
        for key in ("defocus", "shift"):
            controls[key].disabled = self._own_cells

    def refine(self) -> Iterator[float | None]:
        """Measure beside the page, show map, mask, words and histogram; then the curves."""
        measured = (self._shown, self.measurement)
        if measured != self._measured:
            self.size = yield from self._measure_beside()
            self._measured, self._exposure = measured, None
        self._show_size()
        yield from self.curves.steps()

    def _measure_beside(self) -> Generator[float, None, Size]:
        """Measure beside the page; a map of cells is shown before what noise makes of cells is known."""
        measurement = self.measurement
        if not measurement.compares_cells:
            return (yield from self._patiently(beside(measurement, self._image)))
        differences = yield from self._patiently(beside(measurement.differences, self._image, quick=True))
        truth = self.specimen.truth if self.controls.values["truth"] == ON else None
        self._pictures.show_map(differences, truth, quantity=self._quantity(), against=measurement.against)
        if measurement != self._prepared:  # while the reader moves a slider, preparing would be in vain
            yield PAUSE
        size = yield from self._patiently(beside(measurement.judge, differences))
        self._prepared = measurement
        return size

    def _patiently(self, work: Generator[float, None, Result]) -> Generator[float, None, Result]:
        """Go through some work; if it takes long, say so."""
        waited = 0.0
        while True:
            try:
                wait = next(work)
            except StopIteration as done:
                return done.value
            if waited <= PATIENCE < waited + wait:
                self._pictures.wait()
            waited += wait
            yield wait

    def png(self) -> bytes:
        """Return the figure of the curves."""
        self._require_stored()
        return self.save_figure(self.curves.figure(), title="Diameters found by true diameter or by dose")

    def csv(self) -> bytes:
        """Return every cell: what the method makes of it, and the truth; with the result and its settings."""
        found = files.results(self._measure(), self.specimen)
        beside = [*self.controls.cells(*MADE_BY), *(value for _, value in found)]
        header = ["row", "column", self._quantity(), "counted", "precipitate"]
        header += [*self.controls.titles(*MADE_BY), *(name for name, _ in found)]
        cells = files.cell_rows(self._measure(), self.specimen.truth)
        return self.save_table(header, ([*row, *beside] for row in cells), results=found)

    def pictures_png(self) -> bytes:
        """Return image, map of cells and cells counted as one figure."""
        size, reveal = self._measure(), self.controls.values["truth"] == ON
        found = files.results(size, self.specimen)
        figure = files.pictures(
            self._image,
            size,
            self.specimen.truth if reveal else None,
            quantity=self._quantity(),
            words=self._dose_words(),
            white=self._white,
        )
        return self.save_figure(figure, results=found if reveal else found[:-1])

    def own_csv(self) -> bytes:
        """Return what was found in each of the reader's own exposures, with its settings."""
        self._require_stored()
        if self.curves.draws is None:
            raise RuntimeError("no measurement has been chosen yet")
        rows = [[*row, *self.controls.cells(*MEASURED_BY)] for row in files.own_rows(self.curves.draws)]
        header = [*files.OWN_HEADER, *self.controls.titles(*MEASURED_BY)]
        return self.save_table(header, rows, title="Diameters found in your own exposures")

    def report(self, error: Exception) -> None:
        """Show an error as one sentence; a study that met it has ended."""
        self.curves.end()
        super().report(error)

    @property
    def _image(self) -> NDArray[np.floating]:
        """The exposure, kept while it is being measured: it is large, and soon made again."""
        if self._exposure is None:
            self._exposure = self.specimen.expose(self._dose, self.controls.values["seed"])
        return self._exposure

    @property
    def _dose(self) -> float | None:
        state = self.controls.values
        return state["dose"] / 100 if state["noise"] == ON else None

    @property
    def _own_cells(self) -> bool:
        return bool(self.controls.values["reference"] == OWN)

    def _dose_words(self) -> str:
        dose = self._dose
        return "without noise" if dose is None else f"at {thousands(dose * 100)} e⁻/nm²"

    def _measure(self) -> Size:
        """Return the present exposure's size, measured now if `refine` has not come to it yet."""
        measured = (self._shown, self.measurement)
        if self.size is None or measured != self._measured:
            self.size, self._measured = self.measurement(self._image), measured
        return self.size

    def _quantity(self) -> str:
        return self.measurement.quantity

    def _show_size(self) -> None:
        self._pictures.show(
            self._measure(),
            self.specimen,
            quantity=self._quantity(),
            against=self.measurement.against,
            noise_free=self._dose is None,
            reveal=self.controls.values["truth"] == ON,
        )

    def _make_widgets(self) -> None:
        self._picture = Picture(overlay=scale_bar(WHOLE_VIEW), smooth=True)
        self._pictures = SizePictures()
        self.curves = SizeCurves(self._refine_later, self._guard)
        told = (self._pictures.sentence, self._pictures.doubts)
        for part in (*told, self._pictures.mask, self._pictures.histogram):
            part.add_class("hl-outcome")
        pictures = pictures_row([self._picture, self._pictures.map, self._pictures.mask])
        settings = [
            widgets.VBox([self.controls.panel(*keys)], layout={"flex": "1 1 380px"})
            for keys in (SPECIMEN, METHOD)
        ]
        bars = widgets.VBox([self._pictures.histogram], layout={"flex": "1 1 340px", "max_width": "560px"})
        actions = widgets.VBox(
            [self._noise_row("Record the same specimen once more"), self.actions, self._more_files()],
            layout={"flex": "1 1 300px"},
        )
        title = widgets.HTML("<h3>All diameters</h3>")
        presets = self._preset_row(PRESETS, shows="diameter", kept=["seed", "pixels", "truth", "curves"])
        measured = stage(
            pictures, side_by_side(*settings), side_by_side(self._reference_panel(), bars, actions)
        )
        top = [self.message, presets, *told, measured]
        self.view = widgets.VBox([*top, title, self.controls.row("curves"), self.curves.view])
        self.view.add_class("hl-dashboard")

    def _reference_panel(self) -> Any:
        """Return the controls of how the reference is off."""
        note = (
            "By how much the simulated reference is off. The experiment is 40 cells thick, in focus, and not "
            "tilted. A tilted reference is stored with 40 cells only."
        )
        title = widgets.HTML(f'<h3>The reference</h3><p class="hl-note">{note}</p>')
        panel = widgets.VBox([title, self.controls.panel(*MISMATCH)], layout={"flex": "1 1 380px"})
        panel.add_class("hl-controls")
        return panel

    def _more_files(self) -> Any:
        """Return the buttons for the three pictures and for the reader's own exposures."""
        return widgets.HBox(
            [
                self.offer("Pictures (PNG)", "pictures", "png", self.pictures_png),
                self.offer("Your exposures (CSV)", "exposures", "csv", self.own_csv),
            ],
            layout={"flex_flow": "row wrap"},
        )


def dashboard() -> Any:
    """Return the chapter's dashboard, drawn for the first time."""
    made = Precipitates()
    made.start()
    return made.view
