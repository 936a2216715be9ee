"""The two weights of the optimised threshold, fitted where no study looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.noise import shot_noise
from hrtem_lab.sizing._cells import cell_map
from hrtem_lab.sizing._thresholds import optimised
from hrtem_lab.sizing.specimens import CELL, CELLS, THICKNESS, Images, covered_cells, exposed

Floats = NDArray[np.float64]

TRAINING_DIAMETERS = (0, 1, 3, 5, 7, 9, 11, 13)
TRAINING_DOSES = (3.0, 30.0, 300.0)
"""In e⁻/Å²: 300, 3 000 and 30 000 e⁻/nm², none of them a dose of the stored study."""
TRAINING_SEED = 20
GRID = np.arange(0, 1.001, 0.05)
"""Weights that are tried."""


def fit_weights(
    series: Images,
    *,
    diameters: Sequence[int] = TRAINING_DIAMETERS,
    doses: Sequence[float] = TRAINING_DOSES,
    draws: int = 4,
    cells: int = CELLS,
    cell: float = CELL,
    thickness: int = THICKNESS,
    rng: int = TRAINING_SEED,
) -> tuple[float, float, float, Floats]:
    """Return the weights of the optimised threshold that misclassify the fewest cells.

    Parameters
    ----------
    series : mapping of int to numpy.ndarray
        Diameter in cells → expected image; 0 is the pristine crystal.
    diameters, doses, draws
        What is exposed, at random places.
    cells, cell, thickness
        As for `size_study`.
    rng : int
        Seed.

    Returns
    -------
    (base_weight, contrast_weight, misclassified, errors)
        The last two are the mean number of misclassified cells per image, at these weights and over the
        whole `GRID`, (base weights, contrast weights).
    """
    generator = np.random.default_rng(rng)
    reference = series[0]
    rows, columns = reference.shape
    sampling = cell * cells / rows, cell * cells / columns
    errors = np.zeros((GRID.size, GRID.size))
    for dose in doses:
        pristine = shot_noise(reference, dose_per_area=dose, sampling=sampling, rng=generator)
        background = float(cell_map(reference, pristine, cells=cells).mean())
        for diameter in np.repeat(diameters, draws).tolist():
            covered = covered_cells(diameter, cells, thickness)
            image, truth = exposed(
                series[diameter], covered, dose_per_area=dose, sampling=sampling, rng=generator
            )
            differences = cell_map(reference, image, cells=cells)
            above = [[optimised(differences, background, w, f) for f in GRID] for w in GRID]
            errors += ((differences > np.array(above)[..., None, None]) != truth).sum(axis=(2, 3))
    errors /= len(doses) * len(diameters) * draws
    base, weight = np.unravel_index(errors.argmin(), errors.shape)
    return float(GRID[base]), float(GRID[weight]), float(errors.min()), errors
