"""What an image says of itself: a reference made of its own cells, and its dose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.sizing._evidence.channels import mean_cell, median_cell
from hrtem_lab.sizing._evidence.electrons import measured_electrons, unmeasured
from hrtem_lab.waves import wavelength

MAX_FREQUENCY = 2e-3 * 30 / wavelength(80e3)
"""Of the course's images in 1/Å: 30 mrad at 80 kV."""


def own_cell(
    image: NDArray[np.floating],
    cells: tuple[int, int],
    *,
    sampling: float | tuple[float, float],
    max_frequency: float,
) -> NDArray[np.float64]:
    """Return the median cell of an image, or its mean one where the median is black, row by row."""
    cell = median_cell(image, cells, sampling=sampling, max_frequency=max_frequency)
    if not cell.any():
        cell = np.maximum(mean_cell(image, cells), 0)
    if not cell.any():
        raise ValueError("image must be brighter than 0 somewhere, got a black image")
    return cell


def own_reference(
    image: NDArray[np.floating],
    cells: tuple[int, int],
    *,
    sampling: float | tuple[float, float],
    max_frequency: float,
) -> NDArray[np.float64]:
    """Return a reference made of the image's own cell, repeated."""
    cell = own_cell(image, cells, sampling=sampling, max_frequency=max_frequency)
    rows, columns = (size // count for size, count in zip(image.shape, cells, strict=True))
    return np.tile(cell.reshape(rows, columns), cells)


def measured_dose(
    image: NDArray[np.floating],
    cells: tuple[int, int],
    *,
    sampling: float | tuple[float, float],
    max_frequency: float,
) -> tuple[float, float]:
    """Return the dose of an image in e⁻/Å², measured from its noise, and its standard error."""
    found = measured_electrons(image, cells, sampling=sampling, max_frequency=max_frequency)
    if found is None:
        raise unmeasured(sampling)
    unit = counts_per_pixel(1.0, sampling=sampling)
    return found.counts / unit, found.counts_error / unit
