"""Expected images of precipitates, and exposures of them at random places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.noise import shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT, replaced_cells

Images: TypeAlias = Mapping[int, NDArray[np.floating]]


def precipitate_series(*, pixels: int = 64) -> dict[int, NDArray[np.floating]]:
    """Return the images of the shipped precipitates: diameter in cells → expected image, 0 is pristine.

    Parameters
    ----------
    pixels : int
        Pixels per unit cell along each axis; the images are 16 × 16 cells.

    Returns
    -------
    dict of int to numpy.ndarray, shape (16 pixels, 16 pixels)
        In focus, 30 mrad, intensity relative to the incident beam.

    Raises
    ------
    TypeError, ValueError
        If `pixels` is not a whole number of at least 1.

    Examples
    --------
    >>> series = precipitate_series(pixels=8)
    >>> list(series) == list(range(15)), series[4].shape
    (True, (128, 128))
    """
    shape = 16 * _validation.positive_integer("pixels", pixels)
    view = 16 * NB3SN_LATTICE_CONSTANT
    series = {0: form_image(load_exit_wave("nb3sn"), shape=shape, field_of_view=view)}
    for diameter in range(1, 15):
        series[diameter] = form_image(load_exit_wave(f"precipitate-{diameter:02d}"), shape=shape)
    return series


def covered_cells(diameter: float, cells: int | tuple[int, int], thickness: int) -> NDArray[np.bool_]:
    """Return the cells that a precipitate covers where its simulated image has it, (rows, columns)."""
    rows, columns = _validation.pair("cells", cells)
    covered = replaced_cells(diameter, cells=(columns, rows, thickness)).any(axis=2).T
    return np.asarray(covered, dtype=bool)


def shifts(covered: NDArray[np.bool_]) -> tuple[range, range]:
    """Return the numbers of cells (down, right) by which covered cells can move within the image."""
    down, right = (np.flatnonzero(covered.any(axis=axis)) for axis in (1, 0))
    rows, columns = covered.shape
    return range(-int(down[0]), rows - int(down[-1])), range(-int(right[0]), columns - int(right[-1]))


def exposed(
    expected: NDArray[np.floating],
    covered: NDArray[np.bool_],
    *,
    dose_per_area: float,
    sampling: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return an exposure with the precipitate anywhere within the image, and the cells that it covers."""
    if covered.any():
        shift = np.array([rng.integers(places.start, places.stop) for places in shifts(covered)])
        pixels = np.array(expected.shape) // covered.shape
        expected = np.roll(expected, shift * pixels, axis=(0, 1))
        covered = np.roll(covered, shift, axis=(0, 1))
    return shot_noise(expected, dose_per_area=dose_per_area, sampling=sampling, rng=rng), covered
