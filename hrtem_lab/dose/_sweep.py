"""Exposures of several images at several doses, each compared with the reference by several metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab._parallel import Plan, as_computed, computes_here
from hrtem_lab.metrics import METRICS, Metric, Prepared
from hrtem_lab.noise import Detector, counts_per_pixel

MetricLike: TypeAlias = str | Metric
Seed: TypeAlias = int | np.random.Generator | None

# Exposures per task after the first round: some tens of milliseconds, for which it is worth calling a worker.
ROUND = 4


@dataclass(frozen=True, eq=False)
class _Plan(Plan):
    """What a worker needs to make any of the exposures."""

    prepare: dict[str, Callable[[NDArray], Prepared]]
    reference: NDArray[np.floating]
    images: tuple[NDArray[np.floating], ...]
    doses: tuple[float, ...]
    detector: Detector
    entropy: int


@dataclass(frozen=True)
class _Task:
    plan: _Plan = field(repr=False)
    image: int
    dose: int
    repeats: range


class Sweep:
    """Differences of noisy exposures, filling up as they are computed.

    Every exposure has a seed of its own, made from `rng` and its place in the sweep: the numbers do not
    depend on how many workers compute them, in which order, or whether the sweep is cut short.

    Parameters
    ----------
    metrics : sequence of str or Metric
        Keys of `hrtem_lab.metrics.METRICS`, or metrics of one's own.
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
        rows = [_metric(metric) for metric in metrics]
        self.metrics = [row.key for row in rows]
        for key in self.metrics:
            if self.metrics.count(key) > 1:
                raise ValueError(f"metrics must differ in their keys, got {key!r} more than once")
        self.detector = _detector(detector)
        self.reference = not_negative("reference", reference)
        self.images = {name: not_negative(f"image {name!r}", image) for name, image in images.items()}
        for name, image in self.images.items():
            _validation.same_shape(f"image {name!r}", image, self.reference.shape)
        self.doses = checked_doses(doses, detector)
        self.repeats = _validation.positive_integer("repeats", repeats)
        self.seed = entropy(rng)
        if not rows or not self.images:
            raise ValueError("a sweep needs at least one metric and one image, got none")
        self.differences = np.full(
            (len(rows), len(self.images), len(self.doses), self.repeats), np.nan, dtype=np.float64
        )
        token = tuple(np.random.SeedSequence().generate_state(4).tolist())
        self._plan = _Plan(
            token,
            {row.key: row.prepare for row in rows},
            self.reference,
            tuple(self.images.values()),
            tuple(self.doses.tolist()),
            detector,
            self.seed,
        )

    @property
    def total(self) -> int:
        """How many exposures there are."""
        return len(self.images) * len(self.doses) * self.repeats

    @property
    def done(self) -> int:
        """How many exposures have been computed."""
        return int((~np.isnan(self.differences[-1])).sum())

    @property
    def complete(self) -> int:
        """How many of the repeats have been computed for every image and dose."""
        missing = np.isnan(self.differences).any(axis=(0, 1, 2))
        return int(missing.argmax()) if missing.any() else self.repeats

    def run(self, *, workers: int | None = None, interval: float | None = None) -> Iterator[int]:
        """Compute what is missing, yielding the number of exposures done; closing the iterator stops it.

        Each image gets its first exposure at every dose before any gets its second.

        Parameters
        ----------
        workers : int or None
            Processes; by default a Dask cluster to which a client is connected, or else all cores. 1
            computes in this process.
        interval : float or None
            Yield also after so many seconds without news.
        """
        size = 1 if computes_here(workers) else ROUND  # here, who called has something else to do in between
        tasks = [task for task in self._tasks(size) if np.isnan(self._block(task)).any()]
        first = sum(task.repeats.start == 0 for task in tasks)
        for item in as_computed(_expose, tasks, workers=workers, here=first, interval=interval):
            if item is not None:
                index, values = item
                self._block(tasks[index])[...] = values
            yield self.done

    def _tasks(self, size: int) -> Iterator[_Task]:
        starts = [0, *range(1, self.repeats, size)]
        for start, stop in zip(starts, [*starts[1:], self.repeats], strict=True):
            for dose in range(len(self.doses)):
                for image in range(len(self.images)):
                    yield _Task(self._plan, image, dose, range(start, stop))

    def _block(self, task: _Task) -> NDArray[np.float64]:
        return self.differences[:, task.image, task.dose, task.repeats.start : task.repeats.stop]


def _expose(task: _Task) -> NDArray[np.float64]:
    """Return the differences of some exposures, shape (metrics, repeats)."""
    plan = task.plan
    prepared = _prepared(plan)
    values = np.empty((len(prepared), len(task.repeats)))
    for column, repeat in enumerate(task.repeats):
        exposure = plan.detector.expose(
            plan.images[task.image],
            dose_per_area=plan.doses[task.dose],
            rng=generator(plan.entropy, task.image, task.dose, repeat),
        )
        values[:, column] = [compare(exposure) for compare in prepared]
    return values


@lru_cache(maxsize=2)
def _prepared(plan: _Plan) -> list[Prepared]:
    """Return the comparisons with the plan's reference, made once in each process."""
    return [prepare(plan.reference) for prepare in plan.prepare.values()]


def generator(seed: int, *place: int) -> np.random.Generator:
    """Return the generator of one exposure of a sweep: independent of that of any other place."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=place))


def entropy(rng: Seed) -> int:
    """Return one whole number that stands for `rng`: a seed as it is, a generator's next number."""
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    return int(np.random.SeedSequence(rng).entropy)  # type: ignore[arg-type]


def checked_doses(doses: Any, detector: Detector) -> NDArray[np.float64]:
    """Return the doses as an array; each must be countable in the detector's pixels."""
    array = np.atleast_1d(np.asarray(doses))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"doses must be one or more numbers in a row, got shape {array.shape}")
    for dose in array.tolist():
        counts_per_pixel(dose, sampling=detector.sampling)
    return array.astype(np.float64)


def _metric(metric: Any) -> Metric:
    if isinstance(metric, Metric):
        return metric
    if not isinstance(metric, str):
        raise TypeError(f"metric must be a Metric or one of {', '.join(METRICS)}, got {metric!r}")
    return METRICS[_validation.one_of("metric", metric, tuple(METRICS))]


def _detector(detector: Any) -> Detector:
    if not isinstance(detector, Detector):
        raise TypeError(f"detector must be a Detector, got {detector!r}")
    return detector


def not_negative(name: str, value: Any) -> NDArray[np.floating]:
    """Return `value` as an image that electrons can be expected to make."""
    array = _validation.image(name, value)
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative where electrons are counted, got {array.min():g}")
    return array
