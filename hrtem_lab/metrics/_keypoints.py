"""OpenCV's keypoints: found whole or in tiles, on all cores, as a table, and as discs on the image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise, product
from math import ceil, floor, inf, log2, sqrt
from threading import Lock
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")
Result = TypeVar("Result")

# OpenCV's number of threads belongs to the whole process: two calls that change it at the same time would
# not restore it.
_ALL_CORES = Lock()
WHOLE = 1024**2
"""Images of up to so many pixels are worked on whole; larger ones in tiles, so that memory stays bounded."""
MOST_KEYPOINTS = 2**16
"""At about so many keypoints a larger image is compared: an even sample of all that it has."""
# A tile owns 512 × 512 px and sees 128 px more on each side: as far as keypoints of octave 2 look. All are
# multiples of that octave's pixels, so that these are the same ones in each tile.
TILE = 512
MARGIN = 128
COARSE = 3
"""From this octave on, a reduced image shows the keypoints."""
# OpenCV needs some pixels to look for octaves.
SMALLEST = 32
# Multiples of the golden ratio spread over [0, 1) more evenly than those of any other number, also every
# second or every tenth of them: a sample that is even for each kind of site in a periodic crystal.
GOLDEN_RATIO = (sqrt(5) - 1) / 2

_KEYPOINT = np.dtype(
    [(name, np.float64) for name in ("x", "y", "size", "angle", "response")]
    + [("octave", np.int64), ("difference", np.float64)]
)
MOST_MASKED = 0.25
"""A keypoint with more than this part of its disc left out is none."""


@dataclass(frozen=True)
class _View:
    """What OpenCV sees of an image at a time, and which of the keypoints there count.

    Attributes
    ----------
    seen : (slice, slice)
        The rows and columns of the image.
    zoom : int
        How many of the image's pixels a pixel of the view stands for, along a side: a power of two.
    low, high : (float, float)
        From where to where, (x, y) in the image, centres of keypoints count.
    octaves : range
        The octaves of the image that count.
    """

    seen: tuple[slice, slice]
    zoom: int
    low: tuple[float, ...]
    high: tuple[float, ...]
    octaves: range

    def of(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what the view shows of an image."""
        part = grey[self.seen]
        if self.zoom == 1:
            return part
        # SIFT takes every image for blurred by half a pixel.
        blurred = cv2.GaussianBlur(part, (0, 0), sqrt(self.zoom**2 - 1) / 2)
        return np.ascontiguousarray(blurred[:: self.zoom, :: self.zoom])

    def own(self, keypoints: Sequence[cv2.KeyPoint], mask: NDArray[np.bool_] | None) -> list[cv2.KeyPoint]:
        """Return those of the keypoints found here that count."""
        pairs = ((k, self.in_image(k)) for k in keypoints)
        return [k for k, whole in pairs if self._owns(whole) and _on_kept_ground(whole, mask)]

    def _owns(self, keypoint: cv2.KeyPoint) -> bool:
        inside = all(a <= at < b for a, at, b in zip(self.low, keypoint.pt, self.high, strict=True))
        return inside and octave(keypoint) in self.octaves

    def in_image(self, k: cv2.KeyPoint) -> cv2.KeyPoint:
        """Return a keypoint found here as one of the image."""
        # OpenCV's centres lie a quarter of a pixel too far right and down: so little only in the image.
        x, y = (
            at * self.zoom - (self.zoom - 1) / 4 + side.start
            for at, side in zip(k.pt, reversed(self.seen), strict=True)
        )
        packed = k.octave & ~255 | (octave(k) + int(log2(self.zoom))) & 255
        return cv2.KeyPoint(x, y, k.size * self.zoom, k.angle, k.response, packed, k.class_id)


class Features:
    """The keypoints of a reference, and their descriptors in any image of its shape.

    Parameters
    ----------
    sift : cv2.SIFT
        OpenCV's detector, with its options.
    grey : ndarray of uint8, shape (rows, columns)
        The reference.
    mask : ndarray of bool or None
        Where no keypoint counts.

    Attributes
    ----------
    whole : bool
        Whether images are worked on in one piece. Otherwise the cores already share each image.
    keypoints : list of cv2.KeyPoint
        Those that count, in the order of the descriptors.
    """

    def __init__(self, sift: Any, grey: NDArray[np.uint8], *, mask: NDArray[np.bool_] | None = None) -> None:
        self._sift = sift
        self.whole = grey.size <= WHOLE
        if self.whole:
            found_here = sift.detect(grey, None)
            self.keypoints: list[cv2.KeyPoint] = [k for k in found_here if _on_kept_ground(k, mask)]
            return
        views = _views(grey.shape)
        found = each_on_one_core(lambda view: view.own(sift.detect(view.of(grey), None), mask), views)
        count = sum(map(len, found))
        chosen = iter((np.arange(count) * GOLDEN_RATIO % 1 * count < MOST_KEYPOINTS).tolist())
        sampled = [[k for k in keypoints if next(chosen)] for keypoints in found]
        self._views = [pair for pair in zip(views, sampled, strict=True) if pair[1]]
        self.keypoints = [view.in_image(k) for view, keypoints in self._views for k in keypoints]

    def describe(self, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return OpenCV's descriptors of an image at the keypoints, shape (n, 128)."""
        if self.whole:
            return self._compute(grey, self.keypoints)
        parts = each_on_one_core(lambda pair: self._compute(pair[0].of(grey), pair[1]), self._views)
        return np.concatenate(parts)

    def _compute(self, grey: NDArray[np.uint8], keypoints: list[cv2.KeyPoint]) -> NDArray[np.float32]:
        # Always compute(), for the reference too: detectAndCompute() describes in a doubled image,
        # compute() only if a keypoint was found there, and the descriptors then differ.
        descriptors: NDArray[np.float32] = self._sift.compute(grey, keypoints)[1]
        return descriptors


def _views(shape: tuple[int, ...]) -> list[_View]:
    """Return the tiles of a large image, row by row, and the reduced image for the coarse octaves."""
    zoom = 2 ** ceil(log2(sqrt(shape[0] * shape[1] / WHOLE)))
    # Coarser by half a pixel: a reduced image holds octaves from one below its own pixels on.
    coarse = max(COARSE, int(log2(zoom)) - 1)
    tiles = [_tile(place, shape, range(-1, coarse)) for place in product(*map(_parts, shape))]
    whole = (slice(0, shape[0]), slice(0, shape[1]))
    reduced = _View(whole, zoom, (-inf, -inf), (inf, inf), range(coarse, 128))
    return [*tiles, reduced] if min(shape) >= SMALLEST * zoom else tiles


def _parts(size: int) -> list[tuple[int, int]]:
    """Return where tiles start and stop along a side of an image; the last one takes what is left over."""
    count = max(1, round(size / TILE))
    return list(pairwise([*range(0, count * TILE, TILE), size]))


def _tile(place: Sequence[tuple[int, int]], shape: tuple[int, ...], octaves: range) -> _View:
    """Return the tile that owns ((first row, last row + 1), the same for columns)."""
    rows, columns = (
        slice(max(0, start - MARGIN), min(size, stop + MARGIN))
        for (start, stop), size in zip(place, shape, strict=True)
    )
    # Some of OpenCV's centres lie outside the image.
    ends = list(zip(reversed(place), reversed(shape), strict=True))
    low = tuple(start or -inf for (start, _), _ in ends)
    high = tuple(stop if stop < size else inf for (_, stop), size in ends)
    return _View((rows, columns), 1, low, high, octaves)


def keypoint_table(keypoints: Sequence[cv2.KeyPoint], differences: NDArray[np.float64]) -> NDArray[np.void]:
    """Return place, size, angle, response and octave of each keypoint beside its difference."""
    rows = [
        (*k.pt, k.size, k.angle, k.response, octave(k), difference)
        for k, difference in zip(keypoints, differences.tolist(), strict=True)
    ]
    return np.array(rows, dtype=_KEYPOINT)


def octave(keypoint: cv2.KeyPoint) -> int:
    """Return the pyramid's octave of a keypoint: OpenCV keeps it in the lowest byte, as a signed number."""
    number: int = keypoint.octave & 255
    return number - 256 if number > 127 else number


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


def _on_kept_ground(keypoint: cv2.KeyPoint, mask: NDArray[np.bool_] | None) -> bool:
    """Return whether a keypoint counts: at most a quarter of its disc is masked."""
    if mask is None:
        return True
    disc = _disc(keypoint.pt, max(keypoint.size / 2, 1), mask.shape)
    return bool(mask.flat[disc].sum() <= MOST_MASKED * disc.size)


def on_all_cores(function: Callable[[NDArray], NDArray], stack: NDArray) -> NDArray:
    """Return the results of `function` for parts of a stack, joined; the cores work on different parts."""
    with _one_part_per_core() as (pool, cores):
        # More parts than cores, so that a core that is busy with other work gets fewer of them.
        parts = [part for part in np.array_split(stack, 4 * cores) if len(part)]
        return np.concatenate(list(pool.map(function, parts)))


def each_on_one_core(function: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """Return the result of `function` for each part; the cores work on different parts."""
    with _one_part_per_core() as (pool, _):
        return list(pool.map(function, parts))


@contextmanager
def _one_part_per_core() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """Yield as many threads as OpenCV may use, and their number; OpenCV would split each part among all."""
    with _ALL_CORES:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            with ThreadPoolExecutor(threads) as pool:
                yield pool, threads
        finally:
            cv2.setNumThreads(threads)
