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
# A tile owns 512 × 512 px and sees 128 px more on each side. Both are multiples of any octave's pixels there,
# so that these are the same ones in each tile.
TILE = 512
MARGIN = 128
# A descriptor reads 5.3 times its keypoint's size, so tiles see all that keypoints of up to this size need.
COARSE = 24.0
# A magnified crystal has few kinds of keypoints, and rounding decides about some of them: OpenCV sees the
# whole image if it has up to so many pixels and more than this part of its keypoints is coarse.
MAGNIFIED = 4 * WHOLE
MOST_COARSE = 0.1
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
    low, high : (float, float, float)
        From where to where (x, y, size) of a keypoint in the image make it count.
    """

    seen: tuple[slice, slice]
    zoom: int
    low: tuple[float, ...]
    high: tuple[float, ...]

    def of(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what the view shows of an image."""
        part = grey[self.seen]
        if self.zoom == 1:
            return part
        kernel = _reducing(self.zoom)
        blurred = cv2.sepFilter2D(part, cv2.CV_8U, kernel, kernel, borderType=cv2.BORDER_REFLECT_101)
        return np.ascontiguousarray(blurred[:: self.zoom, :: self.zoom])

    def own(self, keypoints: Sequence[cv2.KeyPoint], mask: NDArray[np.bool_] | None) -> list[cv2.KeyPoint]:
        """Return those of the keypoints found here that count."""
        pairs = ((k, self.in_image(k)) for k in keypoints)
        return [k for k, whole in pairs if self._owns(whole) and _on_kept_ground(whole, mask)]

    def _owns(self, keypoint: cv2.KeyPoint) -> bool:
        what = (*keypoint.pt, keypoint.size)
        return all(a <= at < b for a, at, b in zip(self.low, what, self.high, strict=True))

    def in_image(self, k: cv2.KeyPoint) -> cv2.KeyPoint:
        """Return a keypoint found here as one of the image."""
        x, y = (at * self.zoom + side.start for at, side in zip(k.pt, reversed(self.seen), strict=True))
        packed = k.octave & ~255 | (_octave(k) + int(log2(self.zoom))) & 255
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
    small : bool
        Whether an image is so small that each core can work on one. Otherwise the cores share each image.
    keypoints : list of cv2.KeyPoint
        Those that count, in the order of the descriptors.
    """

    def __init__(self, sift: Any, grey: NDArray[np.uint8], *, mask: NDArray[np.bool_] | None = None) -> None:
        self._sift, self._mask = sift, mask
        self.small = grey.size <= WHOLE
        self._views: list[tuple[_View, list[cv2.KeyPoint]]] = []
        self.keypoints: list[cv2.KeyPoint] = []
        if self.small or not self._sample_views(grey):
            self.keypoints = [k for k in sift.detect(grey, None) if _on_kept_ground(k, mask)]

    def _sample_views(self, grey: NDArray[np.uint8]) -> bool:
        """Find keypoints view by view and keep an even sample; tell whether that serves the image."""
        views = _views(grey.shape, self._sift.getSigma())
        found = each_on_one_core(
            lambda view: view.own(self._sift.detect(view.of(grey), None), self._mask), views
        )
        count = sum(map(len, found))
        coarse = sum(len(keypoints) for view, keypoints in zip(views, found, strict=True) if view.zoom > 1)
        if coarse > MOST_COARSE * count and grey.size <= MAGNIFIED:
            return False
        chosen = iter((np.arange(count) * GOLDEN_RATIO % 1 * count < MOST_KEYPOINTS).tolist())
        sampled = [[k for k in keypoints if next(chosen)] for keypoints in found]
        self._views = [pair for pair in zip(views, sampled, strict=True) if pair[1]]
        self.keypoints = [view.in_image(k) for view, keypoints in self._views for k in keypoints]
        return True

    def describe(self, grey: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return OpenCV's descriptors of an image at the keypoints, shape (n, 128), each of norm 1."""
        if not self._views:
            return _normalised(self._compute(grey, self.keypoints))
        parts = each_on_one_core(lambda pair: self._compute(pair[0].of(grey), pair[1]), self._views)
        return _normalised(np.concatenate(parts))

    def _compute(self, grey: NDArray[np.uint8], keypoints: list[cv2.KeyPoint]) -> NDArray[np.float32]:
        # Always compute(), for the reference too: detectAndCompute() describes in a doubled image,
        # compute() only if a keypoint was found there, and the descriptors then differ.
        descriptors: NDArray[np.float32] = self._sift.compute(grey, keypoints)[1]
        return descriptors


def _normalised(descriptors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return descriptors of norm 1; those of flat patches stay zero."""
    long = descriptors.astype(np.float64)
    norms = np.linalg.norm(long, axis=-1, keepdims=True)
    return np.divide(long, norms, out=long, where=norms > 0)


def _reducing(zoom: int) -> NDArray[np.float64]:
    """Return the filter of an image of which every so many-th pixel is kept, so that SIFT finds the same.

    SIFT takes any image for blurred by half a pixel and blurs it further by doubling it, in which it moves
    everything by a quarter of a pixel: all three for pixels `zoom` times as large. The variance that is left
    to add is a quarter of that of a Gaussian of half a large pixel; with a wider one subtracted, the filter
    still keeps out what the large pixels cannot hold.
    """
    x = np.arange(-4 * zoom, 4 * zoom + 1) - (zoom - 1) / 4
    narrow, wide = (np.exp(-(x**2) / (2 * variance)) for variance in ((zoom**2 - 1) / 4, (zoom**2 - 1) / 2))
    kernel: NDArray[np.float64] = 1.75 * narrow / narrow.sum() - 0.75 * wide / wide.sum()
    return kernel


def _views(shape: tuple[int, ...], sigma: float) -> list[_View]:
    """Return the tiles of a large image, row by row, and the reduced image for coarse keypoints."""
    zoom = 2 ** ceil(log2(sqrt(shape[0] * shape[1] / WHOLE)))
    # Sizes, not octaves, part them: which octave finds a keypoint between two is a matter of rounding. The
    # reduced image holds none below two sigma of its pixels.
    coarse = max(COARSE, 2 * sigma * zoom)
    tiles = [_tile(place, shape, coarse) for place in product(*map(_parts, shape))]
    everything = (slice(0, shape[0]), slice(0, shape[1]))
    reduced = _View(everything, zoom, (0, 0, coarse), (shape[1], shape[0], inf))
    return [*tiles, reduced] if min(shape) >= SMALLEST * zoom else tiles


def _parts(size: int) -> list[tuple[int, int]]:
    """Return where tiles start and stop along a side of an image; the last one takes what is left over."""
    count = max(1, round(size / TILE))
    return list(pairwise([*range(0, count * TILE, TILE), size]))


def _tile(place: Sequence[tuple[int, int]], shape: tuple[int, ...], coarse: float) -> _View:
    """Return the tile that owns ((first row, last row + 1), the same for columns) but coarse keypoints."""
    rows, columns = (
        slice(max(0, start - MARGIN), min(size, stop + MARGIN))
        for (start, stop), size in zip(place, shape, strict=True)
    )
    low, high = zip(*reversed(place), strict=True)
    return _View((rows, columns), 1, (*low, 0.0), (*high, coarse))


def keypoint_table(keypoints: Sequence[cv2.KeyPoint], differences: NDArray[np.float64]) -> NDArray[np.void]:
    """Return place, size, angle, response and octave of each keypoint beside its difference."""
    rows = [
        (*k.pt, k.size, k.angle, k.response, _octave(k), difference)
        for k, difference in zip(keypoints, differences.tolist(), strict=True)
    ]
    return np.array(rows, dtype=_KEYPOINT)


def _octave(keypoint: cv2.KeyPoint) -> int:
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
