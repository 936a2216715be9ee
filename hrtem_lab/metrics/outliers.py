"""Pixels that tell of the camera instead of the specimen: found, filled from their surroundings, named."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics._scaling import magnitude

Array = NDArray[np.float32]

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
REACH = 2  # pixels on either side that predict the one between
FAR = 5.0
"""An outlier lies this many times farther outside of its predictions than 99 % of all pixels."""
LEAST = 0.05
"""And at least this fraction of the range that 96 % of the pixels fill."""
ALONE = 2.5
"""And this many times farther than its predictions lie apart, which they do at the peak of a sharp atom."""
SPIKE = 12.0
"""Or this many times farther from its surroundings' median than the fifth farthest of 24 neighbours."""
DARK = 0.15
"""The mean over the spread of pixels that hold no electrons: below, single electrons are the spikes."""
DARK_FAR = 50.0  # takes the place of FAR there
LARGEST = 1e6
MOST_PASSES = 8
MOST_RINGS = 8
SAMPLE = 2**14
ROUGH_SAMPLE = 2**10
IN_IMAGE = 4.0  # an image is searched if a pixel lies this many ranges beyond the range of 96 % of them
PEAKED = 50.0  # sums of squares are searched if a pixel holds this many times the mean
SHARE = 0.01  # outliers with this part of the sum of squares are worth a warning
NAMED = 3
_quiet = ContextVar("_quiet", default=False)


class OutlierWarning(UserWarning):
    """A few dead or hot pixels, or an X-ray, decide a sum of squares; see `outliers`."""


def outliers(image: ArrayLike) -> NDArray[np.bool_]:
    """Return which pixels of an image are dead, hot or struck by an X-ray: a mask for the metrics.

    A pixel is predicted from two pixels on either side, along the rows, the columns and both diagonals. It
    is an outlier if it lies outside of all four predictions, five times as far as 99 % of the pixels do, and
    stands alone: its predictions agree, or at most four of its 24 neighbours are like it. What is found is
    filled from its surroundings and the search repeated, so that groups are found from their rim.

    Parameters
    ----------
    image : array_like, shape (rows, columns)
        Real, finite, in any unit: counts, intensities, integers.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
        True at outliers. All False for an image of fewer than 5 rows or columns.

    Raises
    ------
    TypeError, ValueError
        If `image` is not a 2-D array of finite real numbers, or has masked pixels.

    Notes
    -----
    It misleads where a bad pixel is as likely as a good one. A dead pixel of a low dose is an ordinary zero:
    below some 1000 electrons per pixel it hides in the noise, as it does in a dark hole at any dose. More
    than one bad pixel in a hundred, or groups of more than five, count as structure, and so do lines. An
    atom narrower than 1.5 pixels (full width at half maximum) counts as a hot pixel. Where most pixels have
    no electron, only what exceeds its surroundings by five of them stands out.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:64, :64]
    >>> atoms = 1 + np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
    >>> atoms[10, 20], atoms[30, 40:42] = 0, 500
    >>> np.argwhere(outliers(atoms)).tolist()
    [[10, 20], [30, 40], [30, 41]]
    """
    return found(_validation.image("image", image))


def found(pixels: NDArray) -> NDArray[np.bool_]:
    """Return `outliers` of a checked image."""
    mask = np.zeros(pixels.shape, bool)
    measured = _measured(pixels) if min(pixels.shape) > 2 * REACH else None
    if measured is None:
        return mask
    values, zero = measured
    work, far = values, None
    for _ in range(MOST_PASSES):
        highest, lowest = _predicted(work)
        outside = np.asarray(cv2.max(work - highest, lowest - work), np.float32)
        outside[mask] = 0
        if far is None:
            far = _far(outside, values - zero)
        candidates = np.flatnonzero(outside > far)
        new = candidates[_alone(candidates, work, outside)] if len(candidates) else candidates
        if not len(new):
            break
        mask.flat[new] = True
        work = values.copy()
        work[mask] = _medians_around(values, mask)
    return mask


def _measured(pixels: NDArray) -> tuple[Array, float] | None:
    """Return an image in units of its range about its median, and where zero lies; None if constant."""
    wide = np.divide(pixels, magnitude(pixels), dtype=np.float64, order="C")
    low, middle, high = np.quantile(_sample(wide, SAMPLE), (0.02, 0.5, 0.98))
    wide -= middle
    unit = float(high - low)
    if unit == 0:
        different = np.abs(wide[wide != 0])
        if not different.size:
            return None
        unit = float(np.median(different))
    with np.errstate(over="ignore"):
        wide /= unit
        zero = float(np.clip(-middle / unit, -LARGEST, LARGEST))
    return np.clip(wide, -LARGEST, LARGEST, out=wide).astype(np.float32), zero


def _sample(values: NDArray, size: int) -> NDArray:
    """Return about `size` pixels; the odd step keeps to no column."""
    flat = values.ravel()
    return flat[:: flat.size // size | 1]


def _predicted(values: Array) -> tuple[Array, Array]:
    """Return the highest and lowest that the cubics through two pixels on either side predict."""
    rows, columns = values.shape
    framed = cv2.copyMakeBorder(values, REACH, REACH, REACH, REACH, cv2.BORDER_REFLECT_101)

    def moved(down: int, right: int) -> NDArray:
        return framed[REACH + down : REACH + down + rows, REACH + right : REACH + right + columns]

    highest, lowest = np.full_like(values, -np.inf), np.full_like(values, np.inf)
    for down, right in DIRECTIONS:
        near = cv2.add(moved(down, right), moved(-down, -right))
        beyond = cv2.add(moved(2 * down, 2 * right), moved(-2 * down, -2 * right))
        one = cv2.addWeighted(near, 4 / 6, beyond, -1 / 6, 0)
        cv2.max(highest, one, dst=highest)
        cv2.min(lowest, one, dst=lowest)
    return highest, lowest


def _far(outside: Array, values: Array) -> float:
    """Return how far outside of its predictions an outlier lies; `values` are measured from zero."""
    usual = max(float(np.quantile(_sample(outside, SAMPLE), 0.99)), 0.0)
    electron = _electron(values)
    if electron:
        return max(FAR * max(usual, electron), LEAST)
    far = max(FAR * usual, LEAST)
    spikes = outside[outside > far]
    if not spikes.size:
        return far
    bulk = values[outside <= far]
    # Where all but the spikes is nothing, the spikes are the image: single electrons, or points.
    nothing = usual == 0 or 2 * np.count_nonzero(values) < values.size
    if nothing or abs(bulk.mean()) <= DARK * bulk.std():
        level = FAR * float(np.quantile(spikes, 0.5, method="lower"))
        far = max(far, level if nothing else min(level, DARK_FAR * usual))
    return far


def _electron(values: Array) -> float:
    """Return what one electron is worth if most pixels count none and the others whole numbers, else 0."""
    struck = np.abs(values[values != 0])
    if 2 * struck.size > values.size or not struck.size:
        return 0.0
    least = float(struck.min())
    counts = struck[struck < 100 * least] / least
    few = counts.size < struck.size / 2
    whole = np.abs(counts - np.rint(counts)) < 1e-3
    return 0.0 if few or whole.mean() < 2 / 3 else least


def _alone(candidates: NDArray, values: Array, outside: Array) -> NDArray[np.bool_]:
    """Return which candidates are no part of a peak."""
    pixel = values.flat[candidates]
    four = np.sort(_cubics(_squares_around(values, candidates)), axis=0)
    above = pixel > four[3]
    # Without the farthest one, which another bad pixel may have spoilt.
    apart = np.where(above, four[2] - four[0], four[3] - four[1])
    around = _around(values, candidates, mirrored=False)
    middle = np.nanmedian(around, axis=1)
    around = np.where(np.isnan(around), middle[:, None], around)
    sign = np.where(above, 1, -1)
    height = sign * (pixel - middle)
    fifth = np.sort(sign[:, None] * (around - middle[:, None]), axis=1)[:, -5]
    agree = outside.flat[candidates] > ALONE * apart
    return np.asarray((height > fifth) & (agree | (height > SPIKE * fifth)))


def _around(values: NDArray, places: NDArray, *, mirrored: bool = True) -> NDArray:
    """Return the 24 neighbours of each place, a row for each; the edges mirror the image, or NaN follows."""
    beyond: Any = {"mode": "reflect"} if mirrored else {"constant_values": np.nan}
    framed = np.pad(values, REACH, **beyond)
    row, column = np.unravel_index(places, values.shape)
    side = range(2 * REACH + 1)
    offsets = [(down, right) for down in side for right in side if (down, right) != (REACH, REACH)]
    return np.array([framed[row + down, column + right] for down, right in offsets]).T


def _squares_around(values: NDArray, places: NDArray) -> NDArray:
    """Return the 5 × 5 pixels around each place, its own NaN."""
    return np.insert(_around(values, places), 12, np.nan, axis=1).reshape(-1, 5, 5)


def _cubics(around: NDArray) -> NDArray:
    """Return what each direction predicts for the middle of each square, shape (4, squares)."""
    cubics = []
    for y, x in DIRECTIONS:
        near = around[:, 2 + y, 2 + x] + around[:, 2 - y, 2 - x]
        beyond = around[:, 2 + 2 * y, 2 + 2 * x] + around[:, 2 - 2 * y, 2 - 2 * x]
        cubics.append((4 * near - beyond) / 6)
    return np.array(cubics)


def _medians_around(values: Array, mask: NDArray[np.bool_]) -> Array:
    around = _around(np.where(mask, np.float32(np.nan), values), np.flatnonzero(mask))
    lonely = np.isnan(around).all(axis=1)
    around[lonely] = 0
    return np.asarray(np.nanmedian(around, axis=1))


def filled(pixels: NDArray, mask: NDArray[np.bool_]) -> NDArray:
    """Return a copy whose masked pixels continue their surroundings; what they held does not matter.

    From the rim inwards, a pixel becomes the mean of its predictions from kept pixels: the cubic through
    four, else the mean of two opposite neighbours, else of any. What lies more than 8 pixels inside takes
    the value of the nearest pixel.
    """
    unit = magnitude(pixels[~mask])
    work = np.where(mask, 0, pixels) / unit
    left = mask.copy()
    for _ in range(MOST_RINGS):
        places = np.flatnonzero(left)
        if not places.size:
            break
        values = _interpolated(np.where(left, np.nan, work), places)
        known = np.isfinite(values)
        work.flat[places[known]] = values[known]
        left.flat[places[known]] = False
    if left.any():
        from scipy import ndimage  # noqa: PLC0415

        nearest = ndimage.distance_transform_edt(left, return_distances=False, return_indices=True)
        work = work[tuple(nearest)]
    whole = pixels.copy()
    whole[mask] = work[mask] * unit
    return whole


def _interpolated(values: NDArray[np.float64], places: NDArray) -> NDArray[np.float64]:
    """Return what the kept pixels around say of some places; NaN where none is kept. Left out is NaN."""
    around = _squares_around(values, places)
    cubic = _cubics(around)
    near = [(around[:, 2 + y, 2 + x] + around[:, 2 - y, 2 - x]) / 2 for y, x in DIRECTIONS]
    any_near = around[:, 1:4, 1:4].reshape(-1, 9)
    # x = A x + B x − A B x, with the cubics A and B along columns and rows: exact to their product's order.
    line = np.array([-1, 4, 0, 4, -1]) / 6
    across = np.outer(line, line)
    whole = np.isfinite(around.reshape(len(places), -1)).sum(axis=1) == 24
    best = cubic[0] + cubic[1] - np.einsum("nij,ij->n", np.nan_to_num(around), across)
    best = np.where(whole, best, np.nan)
    for coarser in (cubic.T, np.array(near).T, any_near):
        best = np.where(np.isnan(best), _mean(coarser), best)
    return best


def _mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each row without its NaN; NaN if it has nothing else."""
    kept = np.isfinite(rows)
    total = np.where(kept, rows, 0).sum(axis=1)
    return np.divide(total, kept.sum(axis=1), out=np.full(len(rows), np.nan), where=kept.any(axis=1))


def blinding(pixels: NDArray, *, beyond: float | None = None) -> NDArray[np.bool_] | None:
    """Return the outliers of a reference; None if there are none.

    They are looked for only if a pixel lies `beyond` ranges outside of the range of most pixels, if that is
    given.
    """
    if beyond is not None and not _reaches(pixels, beyond):
        return None
    mask = found(pixels)
    return mask if mask.any() else None


def mended(pixels: NDArray, places: NDArray[np.bool_] | None) -> NDArray:
    """Return an image, filled at the `places` of its reference's outliers and at its own, if those lie far.

    Reference and image go through the same steps, so that equal images stay equal.
    """
    whole = pixels if places is None else filled(pixels, places)
    own = blinding(whole, beyond=IN_IMAGE)
    return whole if own is None else filled(whole, own)


def _reaches(pixels: NDArray, beyond: float) -> bool:
    sample = _sample(pixels, ROUGH_SAMPLE)
    fiftieth = sample.size // 50
    ranked = np.partition(sample, (fiftieth, sample.size - 1 - fiftieth))
    low, high = float(ranked[fiftieth]), float(ranked[-1 - fiftieth])
    margin = beyond * (high - low)
    return float(pixels.max()) > high + margin or float(pixels.min()) < low - margin


@contextmanager
def without_warning() -> Iterator[None]:
    """Let comparisons say nothing of outliers: of parts of an image, or of pixels made bright on purpose."""
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


def warn_of_outliers(name: str, pixels: NDArray, squares: NDArray, total: float) -> None:
    """Warn if the outliers of an image hold a hundredth or more of the `total` of its `squares`."""
    if (
        _quiet.get()
        or float(squares.max()) * squares.size <= PEAKED * total
        or not _reaches(pixels, IN_IMAGE)
    ):
        return
    mask = found(pixels)
    share = float(squares[mask].sum()) / total
    if share < SHARE:
        return
    places = [tuple(place) for place in np.argwhere(mask).tolist()]
    shown = ", ".join(map(str, places[:NAMED])) + (", …" if len(places) > NAMED else "")
    noun = "pixel" if len(places) == 1 else "pixels"
    warnings.warn(
        f"{name} has {len(places)} dead or hot {noun} with {share:.0%} of its sum of squares, at "
        f"(row, column) {shown}: leave them out with mask=metrics.outliers({name})",
        OutlierWarning,
        stacklevel=2,
    )
