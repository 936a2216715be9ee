"""The window of pixels around a point that SSIM compares: a disc, or weights of one's own."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation


def weights_inside(window: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the sum of the weights that lie inside the image, for the window around each pixel."""
    inside = cv2.filter2D(np.ones(window.shape), -1, window, borderType=cv2.BORDER_CONSTANT)
    for axis, (size, side) in enumerate(zip(shape, window.shape, strict=True)):
        repeats = np.ones(side, int)
        repeats[side // 2] += size - side  # away from the border all places are like the middle
        inside = np.repeat(inside, repeats, axis=axis)
    return np.asarray(inside)


def disc(radius: float) -> NDArray[np.float64]:
    """Return a circular window: 1 where a pixel's centre is at most `radius` pixels from the middle, else 0.

    Parameters
    ----------
    radius : float
        In pixels, positive.

    Returns
    -------
    ndarray of float64
        Square, with an odd side.

    Raises
    ------
    TypeError, ValueError
        If `radius` is not a positive number.

    Examples
    --------
    >>> disc(1)
    array([[0., 1., 0.],
           [1., 1., 1.],
           [0., 1., 0.]])
    """
    half = int(_validation.positive("radius", radius))
    offsets = np.arange(-half, half + 1)
    return (offsets[:, None] ** 2 + offsets**2 <= radius**2).astype(np.float64)


def checked_window(window: ArrayLike) -> NDArray[np.float64]:
    """Return the weights of a window, 1 the greatest; it needs a middle that counts."""
    weights = _validation.image("window", window).astype(np.float64)
    rows, columns = weights.shape
    if rows % 2 == 0 or columns % 2 == 0:
        raise ValueError(f"window must have odd sides, got shape {weights.shape}")
    if weights.min() < 0:
        raise ValueError(f"window must hold no negative weight, got {weights.min()}")
    if weights[rows // 2, columns // 2] == 0:
        raise ValueError("window must give its central pixel a weight above zero, got 0")
    return weights / weights.max()


def fitting(window: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return `window`; the image must be at least as large."""
    if window.shape[0] > shape[0] or window.shape[1] > shape[1]:
        raise ValueError(
            f"reference must be at least as large as the window {window.shape}, got shape {shape}"
        )
    return window
