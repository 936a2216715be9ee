"""Many exposures whose reference does not fit, of pristine crystal and of precipitates of any shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab._studies import Place, Plan, Study, entropy, generator
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing.mismatches._methods import Answers, is_slow, mismatch_methods
from hrtem_lab.sizing.mismatches._mismatch import checked_pixels
from hrtem_lab.sizing.mismatches._stored import MismatchStudy
from hrtem_lab.sizing.mismatches._subjects import MOST, Subject, found_in, subjects
from hrtem_lab.sizing.mismatches._table import MISMATCHES
from hrtem_lab.sizing.specimens import CELL, CELLS, covered_cells, random_shift

Floats = NDArray[np.float64]

ALARM_DOSES = (5.0, 50.0, 500.0)
"""Doses of pristine crystal in e⁻/Å²: 500, 5 000 and 50 000 e⁻/nm²."""
DOSES = (2.0, 5.0, 10.0, 50.0, 500.0)
"""Doses of precipitates in e⁻/Å²: 200 to 50 000 e⁻/nm²."""
SIZE_MISMATCHES = ("none", "thickness+1", "defocus+5", "shift-0.3", "tilt", "several")
# Draws in one task of a worker process: a place is one task, because another worker would prepare all anew.
ROUND = 1000
LIBRARIES = ("numpy", "opencv-python-headless")


@dataclass(frozen=True, eq=False, repr=False)
class _Plan(Plan):
    """What a worker needs; a place is (mismatch, dose) or (mismatch, dose, specimen)."""

    methods: tuple[str, ...]
    mismatches: tuple[str, ...]
    doses: tuple[float, ...]
    specimens: tuple[str, ...]  # none: pristine crystal
    slow_draws: int
    pixels: int
    false_alarm: float
    seed: int

    def order(self) -> list[Place]:
        """Return all places so that those with the same dose and reference follow one another."""
        grid = (len(self.mismatches), len(self.doses), *([len(self.specimens)] if self.specimens else []))

        def believed(place: Place) -> tuple[float, int, float, int]:
            row = MISMATCHES[self.mismatches[place[0]]]
            return row.stated_dose * self.doses[place[1]], row.thickness_cells, row.tilt, place[0]

        return sorted(np.ndindex(grid), key=believed)


def mismatch_study(
    *,
    methods: Sequence[str] | None = None,
    mismatches: Sequence[str] | None = None,
    alarm_doses: Sequence[float] = ALARM_DOSES,
    pristine_draws: int = 100,
    slow_pristine_draws: int = 20,
    size_mismatches: Sequence[str] = SIZE_MISMATCHES,
    doses: Sequence[float] = DOSES,
    specimens: Sequence[str] | None = None,
    draws: int = 3,
    slow_draws: int = 1,
    pixels: int = 512,
    false_alarm: float = 0.05,
    rng: int | None = 0,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> MismatchStudy:
    """Return what several methods find if the experiment differs from the reference.

    Pristine crystal is exposed under every mismatch, which shows false alarms; precipitates on the grid of
    the cells and off it, of several shapes, under some of them, which shows errors of the size. A precipitate
    on the grid lies at another place in every draw, the others where they are. No method is told anything of
    the mismatch but "ideal": it knows the expected images of all precipitates on the grid as the experiment
    shows them. Off the grid it has none, and it has none of crystals whose cells differ or whose noise is not
    counting noise alone: there it is not asked. "ideal_untold" believes the reference and the stated dose,
    and knows exactly what a precipitate on the grid changes.

    Parameters
    ----------
    methods : sequence of str, optional
        Names of `mismatch_methods`; by default all.
    mismatches, size_mismatches : sequence of str, optional
        Keys of `MISMATCHES`, for pristine crystal (by default all) and for precipitates.
    alarm_doses, doses : sequence of float
        True doses in e⁻/Å², for pristine crystal and for precipitates.
    pristine_draws, draws : int
        Exposures of pristine crystal per mismatch and dose, and of each specimen.
    slow_pristine_draws, slow_draws : int
        In how many of them the slow methods are asked, too: those that compare by SIFT.
    specimens : sequence of str, optional
        "grid-06", "sphere-1", …; by default all.
    pixels : int
        Along each side of the images of 16 × 16 cells, a multiple of 16.
    false_alarm : float
        Share of pristine images in which a method may find a precipitate.
    rng : int or None
        Seed. Every exposure has its own, made from this, its mismatch, dose, specimen and number: a part of
        a study is the same as in the whole, whatever the number of workers.
    workers : int or None
        Processes; by default a Dask cluster to which a client is connected, or else all cores.
    progress : callable
        ``(exposures done, exposures in all)``, called as they arrive; what it raises stops the work.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown or a number is out of range.

    Notes
    -----
    It misleads about mismatches that are not in the table, and about those of other sizes.

    Examples
    --------
    >>> few = {"mismatches": ["none"], "size_mismatches": ["shift-0.3"], "specimens": ["grid-08"]}
    >>> options = {"draws": 2, "pristine_draws": 1, "doses": [50], "alarm_doses": [50], "pixels": 256}
    >>> study = mismatch_study(methods=["ideal"], **few, **options, workers=1)
    >>> study.found.ravel().tolist(), study.false_alarms("ideal").tolist()
    ([8.0, 8.0], [[0.0]])
    """
    shared: dict[str, Any] = {
        "methods": _names("method", methods, tuple(mismatch_methods())),
        "pixels": checked_pixels(pixels),
        "false_alarm": _validation.positive("false_alarm", false_alarm),
        "seed": entropy(rng),
    }
    pristine = _Plan(
        mismatches=_names("mismatch", mismatches, tuple(MISMATCHES)),
        doses=_checked_doses(alarm_doses),
        specimens=(),
        slow_draws=_validation.positive_integer("slow_pristine_draws", slow_pristine_draws),
        **shared,
    )
    precipitates = _Plan(
        mismatches=_names("mismatch", size_mismatches, tuple(MISMATCHES)),
        doses=_checked_doses(doses),
        specimens=_names("specimen", specimens, tuple(subjects())),
        slow_draws=_validation.positive_integer("slow_draws", slow_draws),
        **shared,
    )
    alarms = _study(_alarms, pristine, 3, _validation.positive_integer("pristine_draws", pristine_draws))
    sizes = _study(_sizes, precipitates, 2 + 3 * MOST, _validation.positive_integer("draws", draws))
    total, before = alarms.total + sizes.total, 0
    for study in (alarms, sizes):
        for done in study.run(workers=workers):
            if progress is not None:
                progress(before + done, total)
        before += study.total
    return _gathered(pristine, alarms.values, precipitates, sizes.values)


def _study(compute: Callable[..., Floats], plan: _Plan, numbers: int, draws: int) -> Study:
    order = plan.order()
    return Study(
        compute,
        plan,
        grid=tuple(int(most) + 1 for most in np.max(order, axis=0)),
        draws=draws,
        shape=(numbers, len(plan.methods)),
        order=order,
        place_by_place=True,  # because the methods are prepared for a dose and a reference
        round_size=ROUND,
    )


def _names(what: str, names: Sequence[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return some of the known names, or all of them."""
    found = known if names is None else tuple(_validation.one_of(what, name, known) for name in names)
    if not found:
        raise ValueError(f"there must be at least one {what}, got none")
    return found


def _checked_doses(doses: Sequence[float]) -> tuple[float, ...]:
    found = tuple(_validation.positive("dose", dose) for dose in doses)
    if not found:
        raise ValueError("there must be at least one dose, got none")
    return found


def _alarms(plan: _Plan, place: Place, number: int) -> Floats:
    """Return of pristine crystal what each method finds: how many, what it complains of, the diameter."""
    mismatch, dose = MISMATCHES[plan.mismatches[place[0]]], plan.doses[place[1]]
    rng = _generator(plan, mismatch.key, "pristine", dose, number)
    image = mismatch.record(_expected(plan, mismatch.key, None), dose, rng=rng)
    asked = _answers(plan)(mismatch, 0, image, dose=dose, all_asked=number < plan.slow_draws)
    return np.array([_counted(size, size.diameter / CELL if size else np.nan) for size in asked]).T


def _sizes(plan: _Plan, place: Place, number: int) -> Floats:
    """Return what each method finds of a specimen: how many, what it complains of, each precipitate."""
    mismatch, dose = MISMATCHES[plan.mismatches[place[0]]], plan.doses[place[1]]
    subject = subjects()[plan.specimens[place[2]]]
    rng = _generator(plan, mismatch.key, subject.name, dose, number)
    if isinstance(subject.precipitate, int):
        down, right = random_shift(covered_cells(subject.precipitate), rng)
        options: dict[str, Any] = {"down": down, "right": right, "pixels": plan.pixels}
        expected = mismatch.expected(subject.precipitate, **options)
    else:
        expected = _expected(plan, mismatch.key, subject.name)
    image = mismatch.record(expected, dose, rng=rng)
    asked = _answers(plan)(
        mismatch, subject.precipitate, image, dose=dose, all_asked=number < plan.slow_draws
    )
    return np.array([_counted(size, *_matched(subject, size)) for size in asked]).T


def _counted(size: Size | None, *sizes: float) -> list[float]:
    """Return how many precipitates were found, how much is said to be wrong, and their sizes."""
    if size is None:
        return [np.nan, np.nan, *sizes]
    return [len(found_in(size)), len(getattr(size, "problems", ())), *sizes]


def _matched(subject: Subject, size: Size | None) -> Floats:
    return np.full(3 * MOST, np.nan) if size is None else subject.matched(size).ravel()


def _generator(plan: _Plan, *place: Any) -> np.random.Generator:
    """Return the random numbers of one draw, by what its place stands for."""
    *names, dose, number = place
    # Doses are told apart to a millionth of an electron.
    return generator(plan.seed, *(crc32(name.encode()) for name in names), round(1e6 * dose), number)


# What follows is made once in each process.


@lru_cache(maxsize=1)
def _answers(plan: _Plan) -> Answers:
    return Answers(plan.methods, pixels=plan.pixels, false_alarm=plan.false_alarm)


@lru_cache(maxsize=32)
def _expected(plan: _Plan, mismatch: str, specimen: str | None) -> NDArray[np.floating]:
    precipitate = 0 if specimen is None else subjects()[specimen].precipitate
    return MISMATCHES[mismatch].expected(precipitate, pixels=plan.pixels)


def _gathered(pristine: _Plan, alarms: Floats, precipitates: _Plan, sizes: Floats) -> MismatchStudy:
    """Return both parts as one study.

    Parameters
    ----------
    pristine, precipitates : _Plan
    alarms : numpy.ndarray, shape (3, methods, mismatches, doses, exposures)
    sizes : numpy.ndarray, shape (8, methods, mismatches, doses, specimens, draws)
    """
    which = [
        (row, slot)
        for row, name in enumerate(precipitates.specimens)
        for slot in range(len(subjects()[name].diameters))
    ]
    rows, slots = (np.array(part) for part in zip(*which, strict=True))
    of_each = [subjects()[precipitates.specimens[row]] for row, _ in which]
    number, problems = (sizes[index][:, :, :, rows].astype(np.float32) for index in (0, 1))
    by_slot = sizes[2:].reshape(MOST, 3, *sizes.shape[1:])  # of each precipitate: diameter, low, high
    picked = np.stack([by_slot[slot, :, :, :, :, row] for row, slot in which], axis=-2).astype(np.float32)
    return MismatchStudy(
        methods=pristine.methods,
        mismatches=pristine.mismatches,
        alarm_doses=np.array(pristine.doses),
        alarms=alarms[0].astype(np.float32),
        alarm_problems=alarms[1].astype(np.float32),
        alarm_diameters=alarms[2].astype(np.float32),
        size_mismatches=precipitates.mismatches,
        doses=np.array(precipitates.doses),
        specimens=tuple(one.name for one in of_each),
        kinds=tuple(one.kind for one in of_each),
        diameters=np.array([one.diameters[slot] for one, slot in zip(of_each, slots, strict=True)]),
        found=picked[0],
        low=picked[1],
        high=picked[2],
        number=number,
        problems=problems,
        header={
            "command": "hrtem_lab.sizing.mismatches.mismatch_study",
            "seed": str(pristine.seed),
            "versions": {library: version(library) for library in LIBRARIES},
            "pixels_per_cell": pristine.pixels // CELLS,
            "false_alarm": pristine.false_alarm,
            "slow_methods": [name for name in pristine.methods if is_slow(name)],
        },
    )
