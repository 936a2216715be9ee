"""Many draws at many places of a grid: computed in rounds, on any number of workers, and resumed.

A study repeats one experiment, such as an exposure that is compared with a reference. A *place* is a tuple
of indices, such as (image, dose); at every place the experiment is repeated some number of times, and each
repetition is a *draw*. A new study needs three things:

1. a plan: what all draws share, sent to the workers with every task;
2. a function ``(plan, place, draw) -> numbers``, at the top of a module so that workers find it. It takes its
   randomness from ``generator(plan.seed, *place, draw)``, so that a draw depends on its place alone. What it
   prepares from the plan alone is a function under ``functools.lru_cache``, which each process calls once;
3. a `Study` of both, made by a function or as the base of a class.

Places may have different numbers of draws (``draws`` is broadcast to the grid), and a draw may give several
numbers (``shape``). Indices need not be the seed: a function may look up what they stand for, such as a dose,
and make its generator from that, so that a part of a study is the same as in the whole. Where a study's curve
reaches a target is found by `crossing`.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True, eq=False)
... class Beam(Plan):
...     doses: tuple[float, ...]
...     seed: int
>>> def count_electrons(plan, place, draw):
...     return generator(plan.seed, *place, draw).poisson(plan.doses[place[0]])
>>> beam = Study(count_electrons, Beam(doses=(1.0, 100.0), seed=1), grid=(2,), draws=50)
>>> for done in beam.run(workers=1):
...     pass
>>> beam.done, beam.total, beam.values.shape
(100, 100, (2, 50))
>>> beam.values.mean(axis=1).round()
array([ 1., 99.])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab._parallel import as_computed, computes_here

Seed: TypeAlias = int | np.random.Generator | None
Place: TypeAlias = tuple[int, ...]


def _token() -> tuple[int, ...]:
    return tuple(np.random.SeedSequence().generate_state(4).tolist())


@dataclass(frozen=True, eq=False)
class Plan:
    """What all draws of one study share; a subclass is a frozen dataclass, too, with ``eq=False``.

    A process may keep what it makes of a plan by ``functools.lru_cache``: a plan and the copies of it that
    workers receive are equal, and two plans made apart are not.

    Attributes
    ----------
    token : tuple of int
        Random; plans are equal if their tokens are.
    """

    token: tuple[int, ...] = field(default_factory=_token, init=False, repr=False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__.strip('_')}>"

    def __hash__(self) -> int:
        return hash(self.token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.token == other.token


Draw: TypeAlias = Callable[[Any, Place, int], ArrayLike]


@dataclass(frozen=True)
class _Task:
    """Some draws at one place."""

    compute: Draw
    plan: Plan = field(repr=False)
    place: Place
    draws: tuple[int, ...]


class Study:
    """The numbers of all draws, filling up as they are computed.

    The numbers do not depend on how many workers compute them, in which order, or whether the study is
    interrupted: `run` computes only what is missing.

    Parameters
    ----------
    compute : callable
        ``(plan, place, draw) -> numbers`` of the shape `shape`, without side effects.
    plan : Plan
        What all draws share.
    grid : tuple of int
        How many places there are along each axis.
    draws : int or array_like
        How many draws each place has; an array is broadcast to the grid.
    shape : tuple of int
        Shape of one draw's numbers.
    order : iterable of tuple of int
        Every place of the grid, in the order of computing; by default row by row.
    place_by_place : bool
        Whether a place gets all its draws before the next one gets any, which suits a function that
        prepares much for a place. By default all places get their first draw before any gets a second one.
    round_size : int
        Draws in one task of a worker process: as many as are worth calling it. A place's first draw is a task
        of its own, unless the study goes place by place.
    first_here : bool
        Whether this process computes every place's first draw, while the workers start. It has no effect on a
        study that goes place by place.

    Attributes
    ----------
    values : numpy.ndarray, shape (*shape, *grid, draws)
        NaN where not yet computed.
    known : numpy.ndarray of bool, shape (*grid, draws)
        Where `values` has been computed.
    """

    def __init__(
        self,
        compute: Draw,
        plan: Plan,
        *,
        grid: tuple[int, ...],
        draws: ArrayLike,
        shape: tuple[int, ...] = (),
        order: Iterable[Place] | None = None,
        place_by_place: bool = False,
        round_size: int = 1,
        first_here: bool = False,
    ) -> None:
        self._compute, self._plan = compute, plan
        self._counts = np.broadcast_to(np.asarray(draws), grid)
        self._order = list(np.ndindex(grid) if order is None else order)
        self._place_by_place, self._round_size, self._first_here = place_by_place, round_size, first_here
        self._planned = np.arange(self._counts.max()) < self._counts[..., None]
        self.known = np.zeros(self._planned.shape, dtype=bool)
        self.values = np.full((*shape, *self._planned.shape), np.nan)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.done} of {self.total} draws done>"

    @property
    def total(self) -> int:
        """How many draws there are."""
        return int(self._counts.sum())

    @property
    def done(self) -> int:
        """How many draws have been computed."""
        return int(self.known.sum())

    @property
    def complete(self) -> int:
        """How many of the first draws have been computed at every place."""
        missing = self._planned & ~self.known
        most = missing.shape[-1]
        incomplete = np.flatnonzero(missing.reshape(-1, most).any(axis=0))
        return int(incomplete[0]) if incomplete.size else most

    def run(self, *, workers: int | None = None, interval: float | None = None) -> Iterator[int]:
        """Compute what is missing, yielding the number of draws done; closing the iterator stops it.

        Parameters
        ----------
        workers : int or None
            Processes; by default a Dask cluster to which a client is connected, or else all cores. 1
            computes in this process.
        interval : float or None
            Yield also after so many seconds without news.
        """
        # In this process the caller has something else to do in between: one draw at a time.
        alone = computes_here(workers) and not self._place_by_place
        tasks = list(self._tasks(1 if alone else self._round_size))
        first_here = self._first_here and not self._place_by_place
        here = sum(task.draws[0] == 0 for task in tasks) if first_here else 0
        for item in as_computed(_numbers, tasks, workers=workers, here=here, interval=interval):
            if item is not None:
                index, numbers = item
                where: Any = (*tasks[index].place, list(tasks[index].draws))
                self.values[(..., *where)] = numbers
                self.known[where] = True
            yield self.done

    def _tasks(self, size: int) -> Iterator[_Task]:
        """Yield the tasks that something is missing of, in the order of computing."""
        most = self._planned.shape[-1]
        if self._place_by_place:
            rounds = [range(start, start + size) for start in range(0, most, size)]
            places_and_rounds = [(place, draws) for place in self._order for draws in rounds]
        else:
            rounds = [range(1), *(range(start, start + size) for start in range(1, most, size))]
            places_and_rounds = [(place, draws) for draws in rounds for place in self._order]
        missing = self._planned & ~self.known
        for place, draws in places_and_rounds:
            wanted = tuple(draw for draw in draws if draw < most and missing[(*place, draw)])
            if wanted:
                yield _Task(self._compute, self._plan, place, wanted)


def _numbers(task: _Task) -> NDArray[np.float64]:
    """Return the numbers of some draws, which run along the last axis."""
    numbers = [np.asarray(task.compute(task.plan, task.place, draw), dtype=float) for draw in task.draws]
    return np.stack(numbers, axis=-1)


def generator(seed: int, *place: int) -> np.random.Generator:
    """Return the random numbers of one draw: independent of those of any other place.

    Examples
    --------
    >>> generator(1, 0, 3).integers(100) == generator(1, 0, 3).integers(100)
    np.True_
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=place))


def entropy(rng: Seed) -> int:
    """Return one whole number that stands for `rng`: a seed as it is, a generator's next number.

    Examples
    --------
    >>> entropy(2022)
    2022
    """
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    return int(np.random.SeedSequence(rng).entropy)  # type: ignore[arg-type]


def crossing(x: ArrayLike, y: ArrayLike, target: float, *, tolerance: float = 0.0) -> float:
    r"""Return the lowest x above which a curve stays at or above a target.

    Between the last point below the target and the next one the curve is taken as straight over the
    logarithm of x,

    .. math:: x = x_i \left(\frac{x_{i+1}}{x_i}\right)^{(t - y_i) / (y_{i+1} - y_i)}.

    Parameters
    ----------
    x, y : array_like, shape (points,)
        The curve; x is positive and increases. A y of NaN counts as below the target.
    target : float
        What the curve has to reach.
    tolerance : float
        A point counts as below the target only if it is lower by more than this.

    Returns
    -------
    float
        The first x if no point is below the target, infinite if the last point is; NaN if the last point that
        counts as below is NaN.

    Notes
    -----
    An earlier part of the curve may lie above the target, too: a crossing counts only if it is the last one.

    Examples
    --------
    >>> round(crossing([1, 10, 100, 1000], [0.9, 0.2, 0.4, 0.8], 0.6), 3)
    316.228
    """
    points, curve = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    below = np.flatnonzero(~(curve >= target - tolerance))
    if not below.size:
        return float(points[0])
    last = below[-1]
    if last + 1 == len(points):
        return float("inf")
    share = (target - curve[last]) / (curve[last + 1] - curve[last])
    return float(points[last] * (points[last + 1] / points[last]) ** share)
