"""Positions of the pixel grid under an image: which ones, and the image as another grid would show it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Shift = tuple[float, float]

# One over the plastic number and its square: their multiples fill the square evenly (Roberts' sequence), so
# that the first 4, 8 or 16 of them are even, too.
STEP = (0.7548776662466927, 0.5698402909980532)
# Pixels to either side that the interpolation reads, and the shape of its window: what a lens lets through
# keeps its shape to 10⁻⁵ of the contrast, which changes no value, and noise nine tenths of its variance.
REACH = 24
SHAPE = 10.0


def shift(number: int) -> Shift:
    """Return by how many rows and columns the image is moved in a position; the first moves nothing."""
    return number * STEP[0] % 1, number * STEP[1] % 1


def moved(image: NDArray[np.float32], by: Shift) -> NDArray[np.float32]:
    """Return an image whose content is moved by a part of a pixel down and to the right.

    A windowed sinc, with the image mirrored at its edges: what lies outside is not known.
    """
    down, right = (_kernel(part) for part in by)
    shown = cv2.sepFilter2D(image, cv2.CV_32F, right, down, borderType=cv2.BORDER_REFLECT_101)
    return shown.astype(np.float32, copy=False)


def moved_mask(mask: NDArray[np.bool_] | None, by: Shift) -> NDArray[np.bool_] | None:
    """Return a mask moved by the nearest number of whole pixels."""
    if mask is None:
        return None
    rows, columns = (
        np.clip(np.arange(size) - round(part), 0, size - 1) for size, part in zip(mask.shape, by, strict=True)
    )
    return mask[np.ix_(rows, columns)]


def _kernel(part: float) -> NDArray[np.float64]:
    """Return the interpolation's weights for a shift along one side."""
    x = np.arange(-REACH, REACH + 1) + part
    window = np.i0(SHAPE * np.sqrt(np.clip(1 - (x / REACH) ** 2, 0, 1))) * (np.abs(x) <= REACH)
    kernel: NDArray[np.float64] = np.sinc(x) * window
    return kernel / kernel.sum()
