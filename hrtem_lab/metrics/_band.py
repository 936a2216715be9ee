"""The band of spatial frequencies that an image fills: measured in a reference, or set by the aperture."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import non_negative, pixel_size, positive
from hrtem_lab.waves import wavelength

# The fraction of the reference's variance that may lie beyond its band: rounding and leakage at the edges.
OUTSIDE = 1e-4


@overload
def aperture_cutoff(semiangle_cutoff: float = ..., *, energy: float = ..., sampling: float) -> float: ...
@overload
def aperture_cutoff(
    semiangle_cutoff: float = ..., *, energy: float = ..., sampling: tuple[float, float]
) -> tuple[float, float]: ...
def aperture_cutoff(
    semiangle_cutoff: float = 30.0, *, energy: float = 80e3, sampling: float | tuple[float, float]
) -> float | tuple[float, float]:
    r"""Return the highest spatial frequency of an image behind an objective aperture, in cycles per pixel.

    Two beams at opposite edges of the aperture make the finest fringes:
    :math:`2\alpha / \lambda`, times the pixel size.

    Parameters
    ----------
    semiangle_cutoff : float
        Aperture semi-angle in mrad.
    energy : float
        Electron energy in eV.
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).

    Returns
    -------
    float or (float, float)
        A value for the option `cutoff` of `chi_square`, along (rows, columns) for a pair of pixel sizes;
        above 0.5 the pixels are too coarse for the image.

    Raises
    ------
    TypeError, ValueError
        If a number is not positive.

    Examples
    --------
    >>> round(aperture_cutoff(30, energy=80e3, sampling=5.275 / 32), 3)
    0.237
    """
    angle = positive("semiangle_cutoff", semiangle_cutoff) / 1000
    limit = 2 * angle / wavelength(energy)
    height, width = pixel_size("sampling", sampling)
    return (limit * height, limit * width) if np.ndim(sampling) else limit * height


def frequencies(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the spatial frequency of every coefficient of `numpy.fft.rfft2` in cycles per pixel."""
    rows, columns = shape
    distances: NDArray[np.float64] = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns))
    return distances


def checked_cutoff(cutoff: float | tuple[float, float]) -> float | tuple[float, float]:
    """Return a band's limit in cycles per pixel: one number, or (rows, columns)."""
    return pixel_size("cutoff", cutoff) if np.ndim(cutoff) else non_negative("cutoff", cutoff)


def within(shape: tuple[int, ...], cutoff: float | tuple[float, float]) -> NDArray[np.bool_]:
    """Return which coefficients of `numpy.fft.rfft2` a band keeps: those in a circle, or an ellipse."""
    if not isinstance(cutoff, tuple):
        return frequencies(shape) <= cutoff * (1 + 1e-9)
    rows, columns = np.fft.fftfreq(shape[0]), np.fft.rfftfreq(shape[1])
    return np.hypot(rows[:, None] / cutoff[0], columns / cutoff[1]) <= 1 + 1e-9


def multiplicity(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return for how many coefficients of a real image's `fft2` each column of its `rfft2` stands: 1 or 2."""
    columns = shape[1]
    counts = np.full(columns // 2 + 1, 2)
    counts[0] = 1
    if columns % 2 == 0:
        counts[-1] = 1
    return counts


def measured_cutoff(reference: NDArray[np.float64]) -> float:
    """Return the smallest cutoff beyond which at most `OUTSIDE` of the reference's variance lies."""
    power = np.square(np.abs(np.fft.rfft2(reference - reference.mean()))) * multiplicity(reference.shape)
    distances = frequencies(reference.shape)
    order = np.argsort(distances, axis=None, kind="stable")
    inside = np.cumsum(power.ravel()[order])
    first = int(np.searchsorted(inside, (1 - OUTSIDE) * inside[-1]))
    return float(distances.flat[order[first]])
