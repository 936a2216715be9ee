"""Where OpenCV's keypoints lie: as a table, and as discs on the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

_KEYPOINT = np.dtype(
    [(name, np.float64) for name in ("x", "y", "size", "angle", "response")]
    + [("octave", np.int64), ("difference", np.float64)]
)
MOST_MASKED = 0.25
"""A keypoint with more than this part of its disc left out is none."""


def keypoint_table(keypoints: Sequence[cv2.KeyPoint], differences: NDArray[np.float64]) -> NDArray[np.void]:
    """Return place, size, angle, response and octave of each keypoint beside its difference."""
    rows = [
        (*k.pt, k.size, k.angle, k.response, _octave(k), difference)
        for k, difference in zip(keypoints, differences.tolist(), strict=True)
    ]
    return np.array(rows, dtype=_KEYPOINT)


def _octave(keypoint: cv2.KeyPoint) -> int:
    """Return the pyramid's octave of a keypoint: OpenCV keeps it in the lowest byte, as a signed number."""
    octave = keypoint.octave & 255
    return octave - 256 if octave > 127 else octave


@dataclass(frozen=True)
class Discs:
    """The pixels under every keypoint's disc, how many each disc has, and how many discs cover each pixel."""

    pixels: NDArray[np.intp]
    sizes: NDArray[np.intp]
    count: NDArray[np.intp]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, keypoints: Sequence[cv2.KeyPoint], shape: tuple[int, ...]) -> Discs:
        """Return the discs of keypoints in an image of that shape."""
        discs = [_disc(k.pt, max(k.size / 2, 1), shape) for k in keypoints]
        pixels = np.concatenate(discs)
        count = np.bincount(pixels, minlength=shape[0] * shape[1])
        return cls(pixels, np.array([disc.size for disc in discs]), count, shape)

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return for each pixel the mean of its keypoints' values; NaN where no disc lies."""
        total = np.bincount(self.pixels, np.repeat(values, self.sizes), minlength=self.count.size)
        nowhere = np.full(self.count.size, np.nan)
        return np.divide(total, self.count, out=nowhere, where=self.count > 0).reshape(self.shape)


def _disc(centre: Sequence[float], radius: float, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the flat indices of an image's pixels within `radius` of `centre`, which is (x, y)."""
    x, y = (
        np.arange(max(ceil(place - radius), 0), min(floor(place + radius) + 1, size))
        for place, size in zip(centre, reversed(shape), strict=True)
    )
    inside = (x - centre[0]) ** 2 + (y[:, None] - centre[1]) ** 2 <= radius**2
    return (x + shape[1] * y[:, None])[inside]


def unmasked(keypoints: Sequence[cv2.KeyPoint], mask: NDArray[np.bool_] | None) -> Sequence[cv2.KeyPoint]:
    """Return the keypoints that do not lie on masked ground."""
    if mask is None or not keypoints:
        return keypoints
    discs = Discs.of(keypoints, mask.shape)
    first = np.cumsum(discs.sizes) - discs.sizes
    masked = np.add.reduceat(mask.flat[discs.pixels], first, dtype=float) / discs.sizes
    return [one for one, part in zip(keypoints, masked, strict=True) if part <= MOST_MASKED]
