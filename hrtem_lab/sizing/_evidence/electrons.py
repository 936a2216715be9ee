"""The noise of an image, measured where the aperture lets no signal through."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import pixel_size
from hrtem_lab.sizing._cells import split
from hrtem_lab.sizing._evidence.channels import aperture_modes

Floats = NDArray[np.float64]

LEAST_MODES = 0.05
"""Part of an image's Fourier modes that must lie beyond the aperture's band."""
AXES = 0.03
"""Modes this near to an axis, relative to the sampling frequency, are left out: the streaks of an edge."""
SIGNIFICANT = 3.0
"""Standard errors above which readout noise is told from none."""
COLOURED = 0.15
"""Part by which the power of white noise may differ between low and high frequencies."""
SAME = 1e-6
"""Cells that differ by less than this part of their brightest pixel are one cell, but for rounding."""
SILENT = 1e-9
"""Noise below this part of the mean square is rounding."""


@dataclass(frozen=True)
class Electrons:
    """What the noise says of the exposure.

    Attributes
    ----------
    counts, counts_error : float
        Electrons of a pixel of vacuum and their standard error; infinite without noise.
    readout : float
        Standard deviation of the readout noise in electrons; 0 where none is seen.
    white : bool
        Whether the noise has the same power at all frequencies beyond the band, as counted electrons have;
        neighbouring pixels of a camera that share electrons have less power at high ones.
    """

    counts: float
    counts_error: float
    readout: float
    white: bool = True


@dataclass(frozen=True)
class _Band:
    """The frequencies beyond an aperture's band.

    Attributes
    ----------
    beyond : numpy.ndarray of bool, shape (rows, columns // 2 + 1)
        Which of `numpy.fft.rfft2` they are.
    part : float
        How many of all modes.
    spread : numpy.ndarray, shape (rows, columns // 2 + 1)
        Spectrum of the squared filter, of sum 1: which pixels around make the noise of one.
    far : numpy.ndarray of bool
        Of those that are beyond, the farther half.
    """

    beyond: NDArray[np.bool_]
    part: float
    spread: Floats
    far: NDArray[np.bool_]


@lru_cache(maxsize=4)
def _beyond(shape: tuple[int, int], steps: tuple[float, float], max_frequency: float) -> _Band:
    down, right = np.fft.fftfreq(shape[0]), np.fft.rfftfreq(shape[1])
    frequency = np.hypot(down[:, None] / steps[0], right / steps[1])
    beyond = (frequency > max_frequency) & (np.abs(down)[:, None] > AXES) & (right > AXES)
    kernel = np.fft.irfft2(beyond.astype(float), s=shape)
    part = float(kernel[0, 0])
    spread = np.fft.rfft2(kernel**2).real / max(part, np.finfo(float).tiny)
    there = frequency[beyond]
    return _Band(beyond, part, spread, there > np.median(there) if len(there) else np.zeros(0, bool))


def measured_electrons(
    image: NDArray[np.floating],
    cells: tuple[int, int],
    *,
    sampling: float | tuple[float, float],
    max_frequency: float,
) -> Electrons | None:
    r"""Return how many electrons made an image; None where its pixels leave no room beyond the band.

    An image of the specimen has no frequency above 2α/λ, electrons are counted pixel by pixel: what lies
    above is noise, whose variance is :math:`I/n + \sigma^2/n^2`. The intensity I is that of the cells'
    mean, so a line through the variances of the places in a cell gives both n and σ. An image whose cells
    repeat exactly has no noise, whatever its pixels.

    Parameters
    ----------
    image : numpy.ndarray, shape (rows, columns)
    cells : (int, int)
    sampling : float or (float, float)
        Pixel size in Å.
    max_frequency : float
        In 1/Å.
    """
    pixels = image.astype(np.float64)
    steps = pixel_size("sampling", sampling)
    band = _beyond(image.shape, steps, max_frequency)
    part = band.part
    if part < LEAST_MODES:
        return Electrons(np.inf, 0.0, 0.0) if _repeats(pixels, cells) else None
    spectrum = np.fft.rfft2(pixels) * band.beyond
    noise = np.fft.irfft2(spectrum, s=image.shape)
    variance = _by_place(noise**2, cells) / part
    # The variance of the filtered noise is that of the pixels around, weighted by the filter's square. Only
    # what the aperture lets through of the mean cell is signal: its own noise would flatten the line.
    rows, columns = (size // count for size, count in zip(image.shape, cells, strict=True))
    modes, _ = aperture_modes((rows, columns), sampling, max_frequency)
    cell = (modes @ (modes.T @ _by_place(pixels, cells))).reshape(rows, columns)
    around = np.fft.irfft2(np.fft.rfft2(np.tile(cell, cells)) * band.spread, s=image.shape)
    mean = _by_place(around, cells)
    whole = float(variance.mean())
    if whole <= SILENT * float((mean**2).mean()):
        return Electrons(np.inf, 0.0, 0.0)
    white = _is_white(np.abs(spectrum[band.beyond]) ** 2, band.far)
    brightness = max(float(mean.mean()), np.finfo(float).tiny)
    counts = brightness / whole
    error = counts * np.sqrt(2 / (part * image.size) + 1 / max(counts * brightness * image.size, 1.0))
    part_of_noise = modes.shape[1] / (modes.shape[0] * cells[0] * cells[1])
    intercept, doubt = _intercept(mean, variance, part_of_noise)
    doubt /= np.sqrt(part)  # the filter leaves so many independent pixels
    if intercept <= SIGNIFICANT * doubt:
        return Electrons(counts, float(error), 0.0, white)
    slope = max(whole - intercept, 1e-3 * whole) / brightness
    error = np.hypot(error / counts, doubt / (slope * brightness)) / slope
    return Electrons(1 / slope, float(error), float(np.sqrt(intercept) / slope), white)


def unmeasured(sampling: float | tuple[float, float]) -> ValueError:
    """Return the error that says why an image tells no dose: there is no room beyond the band."""
    return ValueError(
        "dose_per_area must be given, because the pixels are too coarse to measure the noise beyond the "
        f"aperture's band, got sampling {sampling!r}"
    )


def _repeats(image: Floats, cells: tuple[int, int]) -> bool:
    """Tell whether most cells are the same, which counted electrons never make them."""
    stack = split(image, cells)
    middle = np.median(stack, axis=0)
    off = np.abs(stack - middle).max(axis=(1, 2))
    return bool((off <= SAME * np.abs(middle).max()).mean() > 0.5)


def _is_white(power: Floats, far: NDArray[np.bool_]) -> bool:
    """Tell whether the nearer and the farther half of the frequencies have the same power."""
    nearer, farther = float(power[~far].mean()), float(power[far].mean())
    return abs(nearer - farther) <= COLOURED * max(nearer, farther)


def _intercept(mean: Floats, variance: Floats, part_of_noise: float) -> tuple[float, float]:
    """Return the variance at intensity 0 and its standard error, from a line through all places.

    The readout noise that is left in the means, this part of its variance, makes the line flatter than it is;
    that of the electrons does not, because it moves mean and variance alike.
    """
    spread = mean - mean.mean()
    power = max(float(spread @ spread), np.finfo(float).tiny)
    flat = float(spread @ (variance - variance.mean())) / power
    slope = flat
    for _ in range(5):
        readout = max(float(variance.mean()) - slope * float(mean.mean()), 0.0)
        slope = flat / max(1 - readout * part_of_noise * len(mean) / power, 0.2)
    rest = variance - variance.mean() - slope * spread
    # Bright places scatter more than dark ones: each counts by its own deviation from the line.
    weights = 1 / len(mean) - float(mean.mean()) * spread / power
    error = float(np.sqrt(weights**2 @ rest**2)) * slope / max(flat, 1e-30)
    return float(variance.mean()) - slope * float(mean.mean()), error


def _by_place(image: Floats, cells: tuple[int, int]) -> Floats:
    return split(image, cells).reshape(cells[0] * cells[1], -1).mean(axis=0)
