"""The reader's own study of sizes: exposures of every diameter, sized on all cores; no widgets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._parallel import as_computed
from hrtem_lab.app.pages.precipitates.specimen import Measurement
from hrtem_lab.sizing.specimens import LARGEST, anywhere

REPEATS = 20
"""Exposures of each diameter."""
Task = tuple[Measurement, int, int, int]


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
        self.done = 0
        self._found = np.full((LARGEST, self.repeats), np.nan)
        self._known = np.zeros((LARGEST, self.repeats), bool)

    @property
    def total(self) -> int:
        """Exposures in all."""
        return self._found.size

    @property
    def complete(self) -> int:
        """Exposures that every diameter has."""
        return int(self._known.sum(axis=1).min())

    @property
    def found(self) -> NDArray[np.float64]:
        """Diameters in cells of the complete exposures, NaN for none, shape (diameters, draws)."""
        order = np.argsort(~self._known, axis=1, kind="stable")[:, : self.complete]
        return np.take_along_axis(self._found, order, axis=1)

    def run(self, *, interval: float = 0.0) -> Iterator[None]:
        """Compute what is missing, all diameters of one exposure after the other, yielding now and then."""
        places = [(place, number) for number, place in np.argwhere(~self._known.T).tolist()]
        tasks = [(self.measurement, place + 1, self.seed, number) for place, number in places]
        for item in as_computed(size_one, tasks, interval=interval):
            if item is not None:
                self._found[places[item[0]]] = item[1]
                self._known[places[item[0]]] = True
                self.done += 1
            yield


def size_one(task: Task) -> float:
    """Return the diameter in cells that a method finds in one exposure, NaN if none is detectable."""
    measurement, diameter, seed, number = task
    rng = np.random.default_rng((seed, diameter, number))
    specimen = anywhere(diameter, measurement.pixels, rng)
    size = measurement(specimen.expose(measurement.dose, (seed, diameter, number, 1)))
    return size.diameter_in_cells
