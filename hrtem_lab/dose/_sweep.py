"""Exposures of several images at several doses, each compared with the reference by several metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab._studies import Place, Plan, Seed, Study
from hrtem_lab._validation import warn_of_counts
from hrtem_lab.dose._exposures import Exposures
from hrtem_lab.metrics import MetricLike, Prepared, as_metrics
from hrtem_lab.metrics.outliers import without_warning
from hrtem_lab.noise import Detector

# Exposures per task after the first round: some tens of milliseconds, for which it is worth calling a worker.
ROUND = 4


@dataclass(frozen=True, eq=False, repr=False)
class _Plan(Plan):
    """What a worker needs to make and compare any of the exposures."""

    prepare: tuple[Callable[[NDArray], Prepared], ...]
    exposures: Exposures


class Sweep(Study):
    """Differences of noisy exposures, filling up as they are computed.

    Every exposure has a seed of its own, made from `rng` and its place in the sweep: the numbers do not
    depend on how many workers compute them, in which order, or whether the sweep is interrupted. Each image
    gets its first exposure at every dose before any gets its second.

    Parameters
    ----------
    metrics : sequence of str, Metric or callable
        Keys of `hrtem_lab.metrics.METRICS`, or metrics or functions of one's own.
    reference : array_like, shape (rows, columns)
        Noise-free image that exposures are compared with.
    images : mapping of str to array_like
        Name → noise-free image that is exposed, of the reference's shape.
    doses : sequence of float
        Incident electrons per Å²; 0 gives black images.
    repeats : int
        Exposures of each image at each dose.
    detector : Detector
        Pixel size, blur and noise.
    rng : int, numpy.random.Generator or None
        Seed of the whole sweep.

    Attributes
    ----------
    differences : numpy.ndarray, shape (metrics, images, doses, repeats)
        NaN where not yet computed.

    Raises
    ------
    TypeError, ValueError
        If a metric is unknown, an image is negative or of another shape, a dose is negative, not finite or
        too large to count its electrons, or `repeats` is not at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.ones((32, 32))
    >>> sweep = Sweep(["mse"], reference, {"same": reference}, [1, 100], repeats=2,
    ...               detector=Detector(sampling=0.2), rng=1)
    >>> for _ in sweep.run(workers=1):
    ...     pass
    >>> low, high = sweep.differences[0, 0].mean(axis=1)
    >>> bool(low > high > 0)
    True
    """

    def __init__(
        self,
        metrics: Sequence[MetricLike],
        reference: ArrayLike,
        images: Mapping[str, ArrayLike],
        doses: Sequence[float] | NDArray[np.floating],
        *,
        repeats: int,
        detector: Detector,
        rng: Seed = None,
    ) -> None:
        rows = as_metrics(metrics)
        self.metrics = [row.key for row in rows]
        if not rows or not images:
            raise ValueError("a sweep needs at least one metric and one image, got none")
        exposures = Exposures.checked(reference, images, doses, repeats=repeats, detector=detector, rng=rng)
        for name, image in exposures.images.items():
            warn_of_counts(f"image {name!r}", image, exposures.reference)
        warn_of_counts("reference", exposures.reference)
        self.exposures, self.repeats, self.seed = exposures, exposures.repeats, exposures.seed
        self.images, self.doses, self.detector = exposures.images, exposures.doses, exposures.detector
        super().__init__(
            _differences,
            _Plan(tuple(row.prepare for row in rows), exposures),
            shape=(len(rows),),
            grid=(len(self.images), len(self.doses)),
            draws=self.repeats,
            order=[(image, dose) for dose in range(len(self.doses)) for image in range(len(self.images))],
            round_size=ROUND,
            first_here=True,
        )
        self.differences = self.values

    def __repr__(self) -> str:
        return (
            f"<Sweep: {self.done} of {self.total} exposures done; {', '.join(self.metrics)}; "
            f"{len(self.images)} images, {len(self.doses)} doses>"
        )


def _differences(plan: _Plan, place: Place, repeat: int) -> list[float]:
    """Return what every metric says about one exposure."""
    image, dose = place
    exposure = plan.exposures.expose(image, dose, repeat)
    with without_warning():  # a simulated camera has no bad pixels
        return [compare(exposure) for compare in _prepared(plan)]


@lru_cache(maxsize=2)
def _prepared(plan: _Plan) -> list[Prepared]:
    """Return the comparisons with the plan's reference, made once in each process."""
    return [prepare(plan.exposures.reference) for prepare in plan.prepare]
