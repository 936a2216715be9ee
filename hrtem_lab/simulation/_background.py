"""What an experiment adds to a simulated image without saying from where: background and lost contrast."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab._validation import non_negative, pair, real_number

_MOST = 1e6
"""Means of the image; nothing of it is left in a background so bright."""


def with_background(
    image: ArrayLike,
    *,
    background: float = 0.0,
    gradient: float | tuple[float, float] = 0.0,
    contrast: float = 1.0,
) -> NDArray[np.floating]:
    r"""Return an image with less contrast, on a background that is uniform or varies linearly.

    .. math:: I' = m + c\,(I - m) + b\,m\,(1 + s_y\,y + s_x\,x)

    m is the mean of the image, c the contrast, b the background, and y and x run from −1 at the first row
    and column to 1 at the last.

    Parameters
    ----------
    image : array_like, shape (..., rows, columns)
        Expected intensity, of one image or of each image of a stack; not negative.
    background : float
        Intensity of the background in units of the mean m, from 0 to 10⁶.
    gradient : float or (float, float)
        Relative slope of the background (down, right): (0.2, 0) makes it 20 % weaker at the top and 20 %
        stronger at the bottom. The two must not add up to more than 1, as a background is nowhere negative.
    contrast : float
        Factor of all deviations from the mean, from 0 to 1. Experiments were long reported to have about a
        third of the contrast of simulated images, "Stobbs' factor of three".

    Returns
    -------
    numpy.ndarray of float64 (float32 of a float32 image), shape of `image`
        Nowhere negative. Its mean is (1 + b) m.

    Raises
    ------
    TypeError, ValueError
        If the image is negative somewhere or does not hold finite real numbers in 2 or more dimensions, or
        an option is out of range.

    Notes
    -----
    This describes a loss of contrast; it does not explain it. What is left of the factor of three once
    thermal vibration, the coherence of the beam and the detector's modulation transfer are simulated is
    disputed: Thust found nothing left (doi:10.1103/PhysRevLett.102.220801). So do not simulate the causes
    and the factor together. As c and b act alike on the contrast, c / (1 + b) relative to the mean, an image
    whose brightness is not calibrated cannot tell one from the other.

    Source of the factor: Hÿtch and Stobbs, Ultramicroscopy 53 (1994), 191–203,
    doi:10.1016/0304-3991(94)90034-5.

    Examples
    --------
    >>> import numpy as np
    >>> with_background(np.array([[0.4, 1.6]]), contrast=1 / 3)
    array([[0.8, 1.2]])
    >>> with_background(np.ones((2, 2)), background=0.5, gradient=(0.2, 0))
    array([[1.4, 1.4],
           [1.6, 1.6]])
    """
    array = _validation.images("image", image)
    if array.min() < 0:
        raise ValueError(
            f"image must not be negative, got {array.min():.3g}: "
            "background and contrast belong to the expected image, before noise"
        )
    background = non_negative("background", background)
    if background > _MOST:
        raise ValueError(f"background must be at most {_MOST:g} times the mean, got {background:g}")
    contrast = non_negative("contrast", contrast)
    if contrast > 1:
        raise ValueError(f"contrast must lie between 0 and 1, got {contrast:g}")
    down, right = (real_number("gradient", slope) for slope in pair("gradient", gradient))
    if abs(down) + abs(right) > 1:
        raise ValueError(
            "gradient must not add up to more than 1, as the background would be negative, "
            f"got ({down:g}, {right:g})"
        )
    rows, columns = array.shape[-2:]
    y, x = np.linspace(-1, 1, rows), np.linspace(-1, 1, columns)
    if rows == 1:
        y = np.zeros(1)
    if columns == 1:
        x = np.zeros(1)
    mean = array.mean(axis=(-2, -1), keepdims=True, dtype=np.float64)
    # c I + (1 − c) m is a mean of what is not negative: rounding cannot make it so.
    changed = contrast * array + (1 - contrast) * mean
    slope = np.maximum(1 + down * y[:, None] + right * x, 0)
    return (changed + background * mean * slope).astype(array.dtype, copy=False)
