"""Metrics followed through many small changes: what a change does not touch is not computed again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.extremes._greys import Greys, Levels
from hrtem_lab.metrics import METRICS, Metric, MetricLike, PreparedMSE, PreparedSSIM, as_metric, disc
from hrtem_lab.metrics.outliers import without_warning

Box = tuple[slice, slice]
Floats = NDArray[np.float64]

WHOLE: Box = (slice(None), slice(None))

FINENESS = 2**20
"""Levels of the reference in sums: finer than an image's, and sums of products are still exact."""


class Objective(ABC):
    """The difference from one reference, for an image that changes a little at a time.

    Attributes
    ----------
    cost : int
        0, 1 or 2: how long a try takes, from the closed form to the whole image.
    """

    cost: int

    @abstractmethod
    def reset(self, levels: Levels) -> float:
        """Make `levels` the current image and return its difference."""

    @abstractmethod
    def try_out(self, levels: Levels, box: Box) -> float:
        """Return the difference of a candidate that equals the current image outside `box`."""

    @abstractmethod
    def keep(self) -> None:
        """Make the last candidate the current image."""


class WholeImage(Objective):
    """Any difference, computed anew for each candidate."""

    cost = 2

    def __init__(self, difference: Callable[[NDArray[Any]], float], greys: Greys) -> None:
        # A search makes its bright pixels on purpose.
        self._difference, self._greys = without_warning()(difference), greys

    def reset(self, levels: Levels) -> float:
        """Return the difference: there is nothing to remember."""
        return _validation.real_number(
            "metric(reference, image)", self._difference(self._greys.image(levels))
        )

    def try_out(self, levels: Levels, box: Box) -> float:
        """Return the difference of a candidate."""
        return self.reset(levels)

    def keep(self) -> None:
        """Do nothing: there is nothing to remember."""


class Cosine(Objective):
    """`hrtem_lab.metrics.mse` = 1 − a·b / (‖a‖ ‖b‖), from three sums to which a change is added.

    In units of b's levels q, b = black + q, the sums Σq, Σq² and Σaq are of whole numbers: exact.
    """

    cost = 0

    def __init__(self, reference: NDArray[np.floating], greys: Greys) -> None:
        clipped = np.maximum(reference, 0, dtype=np.float64)
        self._reference = np.rint(clipped / clipped.max() * FINENESS).astype(np.int64)
        self._norm = float(np.linalg.norm(self._reference))
        self._total = int(self._reference.sum())
        self._black = greys.black / greys.step

    def reset(self, levels: Levels) -> float:
        """Make `levels` the current image and return its difference."""
        self._levels = levels.copy()
        self._sums = self._sums_over(WHOLE, levels)
        return self._value(self._sums)

    def try_out(self, levels: Levels, box: Box) -> float:
        """Return the difference of a candidate: the sums change by what the box adds and takes."""
        sums = zip(self._sums, self._sums_over(box, levels), self._sums_over(box, self._levels), strict=True)
        self._candidate = tuple(total + added - taken for total, added, taken in sums)
        self._change = box, levels[box]
        return self._value(self._candidate)

    def keep(self) -> None:
        """Make the last candidate the current image."""
        box, levels = self._change
        self._levels[box] = levels
        self._sums = self._candidate

    def _sums_over(self, box: Box, levels: Levels) -> tuple[int, ...]:
        q = levels[box]
        return int(q.sum()), int((q * q).sum()), int((q * self._reference[box]).sum())

    def _value(self, sums: tuple[int, ...]) -> float:
        linear, square, product = sums
        squares = self._levels.size * self._black**2 + 2 * self._black * linear + square
        if squares <= 0:
            return 1.0  # the image is black
        cosine = (self._black * self._total + product) / (self._norm * float(np.sqrt(squares)))
        return min(max(1 - cosine, 0.0), 1.0)


class Windows(Objective):
    """`hrtem_lab.metrics.ssim` with its default options: only windows that touch a change are looked at.

    Intensities are counted in units of the reference's contrast: a = background + A / FINENESS and
    b = black + step q, with whole A and q. The sums over a window of q, q² and A q are whole numbers, which
    double precision holds exactly: a thousand changes give what one evaluation of the result gives.
    """

    cost = 1

    def __init__(self, reference: NDArray[np.floating], greys: Greys) -> None:
        options = METRICS["ssim"].options
        self._window = disc(options["radius"])
        self._C1, self._C2 = options["K1"] ** 2, options["K2"] ** 2
        lowest = float(reference.min())
        contrast = float(reference.max()) - lowest
        self._black, self._step = greys.black / contrast, greys.step / contrast
        self._reference = np.rint((reference.astype(np.float64) - lowest) * (FINENESS / contrast))
        self._inside = self._window_sums(np.ones(reference.shape))
        self._mean_a = self._window_sums(self._reference) / self._inside / FINENESS
        squares = self._window_sums(np.square(self._reference)) / self._inside / FINENESS**2
        self._variance_a = np.maximum(squares - np.square(self._mean_a), 0)
        self._background = lowest / contrast

    def reset(self, levels: Levels) -> float:
        """Make `levels` the current image and return its difference."""
        self._levels = levels.astype(np.float64)
        self._sums = self._terms_summed(self._levels, np.zeros_like(self._levels), WHOLE)
        self._map = self._difference(self._sums, WHOLE)
        return float(self._map.mean())

    def try_out(self, levels: Levels, box: Box) -> float:
        """Return the difference of a candidate: the map is computed again where windows touch the box."""
        seen = self._reach(box)
        new = levels[seen].astype(np.float64)
        sums = self._sums[:, *seen] + self._terms_summed(new, self._levels[seen], seen)
        difference = self._map.copy()
        difference[seen] = self._difference(sums, seen)
        self._change = seen, new, sums, difference
        return float(difference.mean())

    def keep(self) -> None:
        """Make the last candidate the current image."""
        seen, levels, sums, difference = self._change
        self._levels[seen] = levels
        self._sums[:, *seen] = sums
        self._map = difference

    def _terms_summed(self, new: Floats, old: Floats, box: Box) -> Floats:
        """Return by how much the window sums of q, q² and A q change from `old` to `new`."""
        change = new - old
        terms = change, change * (new + old), change * self._reference[box]
        return np.array([self._window_sums(term) for term in terms])

    def _reach(self, box: Box) -> Box:
        """Return the places whose windows touch the box."""
        margin = len(self._window) // 2
        bounds = [part.indices(size) for part, size in zip(box, self._reference.shape, strict=True)]
        rows, columns = (slice(max(start - margin, 0), stop + margin) for start, stop, _ in bounds)
        return rows, columns

    def _difference(self, sums: Floats, box: Box) -> Floats:
        linear, square, product = sums / self._inside[box]
        mean_a, variance_a = self._mean_a[box], self._variance_a[box]
        variance_b = np.maximum(square - linear * linear, 0) * self._step**2
        covariance = (product / FINENESS - linear * mean_a) * self._step
        a, b = mean_a + self._background, linear * self._step + self._black
        return PreparedSSIM.formula(a, b, variance_a + variance_b, 2 * covariance, C1=self._C1, C2=self._C2)

    def _window_sums(self, values: Floats) -> Floats:
        import cv2  # noqa: PLC0415

        # The filter goes through Fourier space: rounding makes the whole numbers whole again.
        return np.rint(cv2.filter2D(values, -1, self._window, borderType=cv2.BORDER_CONSTANT))


def objective(name: str, metric: MetricLike, reference: NDArray[np.floating], greys: Greys) -> Objective:
    """Return how `metric` is followed; `name` is what an error calls it."""
    if not isinstance(metric, (str, Metric)):
        if not callable(metric):
            raise TypeError(f"{name} must be a function or one of {', '.join(METRICS)}, got {metric!r}")
        return WholeImage(lambda image: metric(reference, image), greys)
    row = as_metric(metric, name=name)
    prepared = row.prepare(reference)  # checks the reference too
    if row.prepare is PreparedMSE:
        return Cosine(reference, greys)
    if row.prepare is PreparedSSIM:
        return Windows(reference, greys)
    return WholeImage(prepared, greys)
