"""Electrons in pixels: the expected number, the counted number, and the conversion to intensity."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import non_negative, pixel_size

# Above this, a double cannot represent every whole number of counts.
MOST_COUNTS = 1e15
# Below this, dividing a detector's noise by the counts of vacuum would give enormous numbers.
LEAST_COUNTS = 1e-15
# Electrons are counted in parts of this many pixels, so that intermediate arrays stay in the cache.
PART = 1 << 14
# Dark electrons are scattered over the pixels up to this mean, and drawn pixel by pixel above.
SCATTERED = 0.3


def counts_per_pixel(dose_per_area: float, *, sampling: float | tuple[float, float]) -> float:
    """Return the expected number of electrons per pixel of vacuum: the dose times the pixel's area.

    Parameters
    ----------
    dose_per_area : float
        Incident electrons per Å².
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If the dose is negative or `sampling` not positive, or the counts are neither 0 nor between 10⁻¹⁵
        and 10¹⁵.

    Examples
    --------
    5 000 e⁻/nm² on pixels of 0.0165 nm:

    >>> round(counts_per_pixel(50, sampling=0.165), 2)
    1.36
    >>> round(counts_per_pixel(50, sampling=(0.165, 0.33)), 2)
    2.72
    """
    dose = non_negative("dose_per_area", dose_per_area)
    height, width = pixel_size("sampling", sampling)
    counts = dose * height * width
    if dose and not LEAST_COUNTS <= counts <= MOST_COUNTS:
        raise ValueError(
            "dose_per_area times the pixel's area must be 0 or between 1e-15 and 1e15 electrons per pixel, "
            f"got {dose_per_area!r} e⁻/Å² on pixels of {sampling!r} Å"
        )
    return counts


def bounded_counts(name: str, value: Any) -> float:
    """Return a number of electrons after checking it: from 0 to the most that can be counted exactly."""
    number = non_negative(name, value)
    if number > MOST_COUNTS:
        raise ValueError(f"{name} must be at most 1e15 electrons, got {value!r}")
    return number


def countable(image: NDArray[np.floating], vacuum: float) -> None:
    """Raise unless the electrons that every pixel expects can be counted one by one."""
    lowest, highest = float(image.min()), float(image.max())
    if lowest < 0:
        raise ValueError(f"image must not be negative where electrons are counted, got {lowest:g}")
    if highest * vacuum > MOST_COUNTS:
        raise ValueError(
            f"image times dose must be at most 1e15 electrons per pixel, got {highest * vacuum:g}"
        )


def counted(
    image: NDArray[np.floating], vacuum: float, dark: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return the electrons that each pixel of a `countable` image counts, drawn row by row."""
    electrons = np.empty(image.shape)
    expected, counts = image.reshape(-1), electrons.reshape(-1)
    for start in range(0, image.size, PART):
        part = slice(start, start + PART)
        counts[part] = generator.poisson(np.multiply(expected[part], vacuum, dtype=np.float64) + dark)
    return electrons


def dark_electrons(
    mean: float, shape: tuple[int, ...], generator: np.random.Generator
) -> NDArray[np.integer]:
    """Return the electrons that each pixel counts without a beam."""
    if mean > SCATTERED:
        return generator.poisson(mean, shape)
    # A few electrons in all, each in a pixel at random, follow the same law and are drawn sooner.
    pixels = math.prod(shape)
    places = generator.integers(0, pixels, generator.poisson(mean * pixels))
    return np.bincount(places, minlength=pixels).reshape(shape)


def relative(electrons: NDArray, vacuum: float, *, clip: bool = False) -> NDArray[np.float64]:
    """Convert electrons per pixel to intensity; without a beam there is no scale, and the image is black."""
    if vacuum == 0:
        return np.zeros(electrons.shape)
    np.divide(electrons, vacuum, out=electrons)
    return np.maximum(electrons, 0, out=electrons) if clip else electrons
