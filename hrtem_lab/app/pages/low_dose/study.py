"""The study of chapter 5: two images, a dose sweep of both, and its statistics so far; no widgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit import readings
from hrtem_lab.dose import (
    Sweep,
    area_under_curve,
    bootstrap_interval,
    crossing_dose,
    ideal_dose,
    predicted_auc,
)
from hrtem_lab.noise import Detector
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT

DOSES = np.geomspace(1, 20_000, 12) / 100
"""Electrons per Å²."""
TARGET = 0.95
"""Two materials count as told apart where the area under the ROC curve is at least this."""
OTHERS = {
    "zro2": "ZrO₂",
    "thinner": "Nb₃Sn, 36 cells thick",
    "defocus": "Nb₃Sn, 2 nm overfocus",
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a study depends on.

    Attributes
    ----------
    other : str
        A key of `OTHERS`.
    equal_brightness : bool
        Whether the other image is scaled to the reference's mean.
    cells, pixels : int
        Unit cells along each side, and pixels along each cell.
    readout_sigma : float
        In electrons per pixel.
    repeats : int
        Exposures of each image at each dose.
    seed : int
        Seed of all exposures.
    """

    other: str
    equal_brightness: bool
    cells: int
    pixels: int
    readout_sigma: float
    repeats: int
    seed: int

    @property
    def field_of_view(self) -> float:
        """Width and height in Å."""
        return self.cells * NB3SN_LATTICE_CONSTANT

    @property
    def detector(self) -> Detector:
        """Pixel size and noise."""
        return Detector(sampling=NB3SN_LATTICE_CONSTANT / self.pixels, readout_sigma=self.readout_sigma)

    @property
    def images(self) -> dict[str, NDArray[np.floating]]:
        """The reference, as "same", and the other image; neither is negative."""
        view: dict[str, Any] = {"shape": self.cells * self.pixels, "field_of_view": self.field_of_view}
        same = np.maximum(form_image(load_exit_wave("nb3sn"), **view), 0)
        other = np.maximum(_other(self.other, view), 0)
        if self.equal_brightness:
            other = other * (same.mean(dtype=float) / other.mean(dtype=float))
        return {"same": same, "other": other}


class DoseStudy:
    """The sweep of a setting and the statistics of its complete repeats.

    Parameters
    ----------
    setting : Setting
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.images = setting.images
        self.sweep = Sweep(
            list(readings.shown()),
            self.images["same"],
            self.images,
            DOSES,
            repeats=setting.repeats,
            detector=setting.detector,
            rng=setting.seed,
        )
        self._ideal: list[float] = []

    @property
    def ideal(self) -> NDArray[np.float64]:
        """The ideal observer's AUC at every dose, NaN where not yet computed."""
        return np.array(self._ideal + [np.nan] * (len(DOSES) - len(self._ideal)))

    def find_ideal(self) -> Iterator[None]:
        """Compute the ideal observer's AUC, dose by dose."""
        same, other = self.images["same"], self.images["other"]
        for dose in DOSES[len(self._ideal) :].tolist():
            area = predicted_auc(same, other, [dose], detector=self.sweep.detector)
            self._ideal.append(float(area[0]))
            yield

    @cached_property
    def ideal_dose(self) -> float:
        """The dose at which the ideal observer tells the two apart, in e⁻/Å²; infinite if none does."""
        same, other = self.images["same"], self.images["other"]
        return ideal_dose(same, other, auc=TARGET, detector=self.sweep.detector)

    def draws(self, metric: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return a metric's differences of the complete repeats, both images, shape (doses, repeats)."""
        same, other = self.sweep.differences[self.sweep.metrics.index(metric), :, :, : self.sweep.complete]
        return same, other

    def area(self, metric: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return a metric's AUC at every dose, and its interval."""
        same, other = self.draws(metric)
        return area_under_curve(same, other), *bootstrap_interval(area_under_curve, same, other)

    def told_apart(self, metric: str) -> tuple[float, float, float]:
        """Return the lowest dose in e⁻/Å² above which a metric tells the two apart, and its interval."""
        dose, low, high = crossing_dose(DOSES, *self.draws(metric), TARGET)
        return float(dose), float(low), float(high)


def _other(name: str, view: dict[str, Any]) -> NDArray[np.floating]:
    if name == "zro2":
        return form_image(load_exit_wave("zro2"), **view)
    if name == "thinner":
        return form_image(load_exit_wave("nb3sn", thickness_cells=36), **view)
    return form_image(load_exit_wave("nb3sn"), defocus=-20, **view)
