"""The reader's own study of sizes: exposures of every diameter, sized on all cores; no widgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._studies import Place, Plan, Study
from hrtem_lab.app.pages.precipitates.specimen import Measurement
from hrtem_lab.sizing.specimens import LARGEST, anywhere

REPEATS = 20
"""Exposures of each diameter."""


@dataclass(frozen=True, eq=False)
class _Plan(Plan):
    """What all exposures share; a place is (diameter − 1,)."""

    measurement: Measurement
    seed: int


class SizeDraws:
    """Diameters that a method finds, each exposure with noise and a place of its own.

    Parameters
    ----------
    measurement : Measurement
        The method, the dose and the pixels.
    seed : int
        Of all exposures.
    """

    def __init__(self, measurement: Measurement, seed: int) -> None:
        self.measurement, self.seed = measurement, seed
        self.repeats = REPEATS if measurement.dose is not None else 1  # without noise all are alike
        self._study = Study(_size, _Plan(measurement, seed), grid=(LARGEST,), draws=self.repeats)

    @property
    def total(self) -> int:
        """Exposures in all."""
        return self._study.total

    @property
    def done(self) -> int:
        """Exposures that are sized."""
        return self._study.done

    @property
    def complete(self) -> int:
        """Exposures that every diameter has."""
        return self._study.complete

    @property
    def found(self) -> NDArray[np.float64]:
        """Diameters in cells of the complete exposures, NaN for none, shape (diameters, draws)."""
        return self._study.values[:, : self.complete]

    def run(self, *, interval: float = 0.0) -> Iterator[int]:
        """Compute what is missing, all diameters of one exposure after the other.

        Yields the number of exposures done, also after so many seconds without news.
        """
        return self._study.run(interval=interval)


def _size(plan: _Plan, place: Place, number: int) -> float:
    return size_one(plan.measurement, place[0] + 1, plan.seed, number)


def size_one(measurement: Measurement, diameter: int, seed: int, number: int) -> float:
    """Return the diameter in cells that a method finds in one exposure, NaN if none is detectable."""
    rng = np.random.default_rng((seed, diameter, number))
    specimen = anywhere(diameter, measurement.pixels, rng)
    size = measurement(specimen.expose(measurement.dose, (seed, diameter, number, 1)))
    return size.diameter_in_cells
