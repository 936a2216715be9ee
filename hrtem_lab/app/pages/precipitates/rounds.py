"""The rounds of both games: counting by eye, and numbers to believe; how they are kept; no widgets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hrtem_lab.app.pages.precipitates.mismatch import EXACT, Mismatch
from hrtem_lab.app.pages.precipitates.specimen import TOLERANCE, Measurement
from hrtem_lab.app.pages.precipitates.stored_sizes import BEST
from hrtem_lab.sizing import SIZERS, Size, Specimen
from hrtem_lab.sizing.specimens import CELLS, LARGEST, anywhere

PIXELS = 512
"""Along each side of the image that the reader sees; the methods get the same image."""
DOSES = (500, 1000, 2000, 5000, 10_000, 20_000)
"""In e⁻/nm²."""
SMALLEST = 2
RIVALS = tuple(key for key, row in SIZERS.items() if row.rival)
"""The methods that count beside the reader."""
# Numbers of a result beside those of the rivals, as the browser keeps them.
_PLAIN = ("dose", "true", "yours", "wrong")
GAME = 34
"""Seed of all rounds; the first round is an easy one."""
BELIEF = 1597
"""Seed of the cases that ask whether a number can be believed; in the first, the reference is shifted."""
FLAWS = (
    *(Mismatch(thicker=cells) for cells in (-3, 3)),
    *(Mismatch(defocus=angstrom) for angstrom in (-20, -5, 5, 20)),
    *(Mismatch(shift=angstrom) for angstrom in (0.1, 0.3)),
    *(Mismatch(tilt=mrad) for mrad in (1, 2)),
)
"""What may be wrong with the reference of a case."""
ASKED = ("paper_optimised", "false_alarm", BEST)
"""The methods whose numbers the cases show."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One image to count in; the number of the round decides all of it.

    Attributes
    ----------
    number : int
    dose : int
        In e⁻/nm².
    specimen : Specimen
    """

    number: int
    dose: int
    specimen: Specimen

    @property
    def image(self) -> np.ndarray:
        """The exposure."""
        return self.specimen.expose(self.dose / 100, (GAME, self.number, 1))

    def rival(self, method: str) -> Size:
        """Return what a method says about the exposure."""
        measurement = Measurement(method=method, dose=self.dose / 100, pixels=self.specimen.pixels)
        return measurement.sizer()(self.image)


def round_of(number: int) -> Round:
    """Return the round of that number: diameter, dose and place are drawn at random.

    Examples
    --------
    >>> round_of(1) == round_of(1)
    True
    """
    rng = np.random.default_rng((GAME, number, 0))
    diameter = int(rng.integers(SMALLEST, LARGEST, endpoint=True))
    dose = int(rng.choice(DOSES))
    return Round(number=number, dose=dose, specimen=anywhere(diameter, PIXELS, rng))


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of a round; diameters in cells, NaN where none was found.

    Attributes
    ----------
    number, dose, true
        The round, its dose in e⁻/nm², the true diameter.
    yours, wrong
        The reader's diameter, and cells wrongly marked or left out.
    found, misclassified : mapping of str to float
        The diameters and wrong cells of `RIVALS`.
    """

    number: int
    dose: float
    true: float
    yours: float
    wrong: float
    found: Mapping[str, float]
    misclassified: Mapping[str, float]

    @property
    def answers(self) -> tuple[tuple[float, float], ...]:
        """Diameter and wrong cells: the reader's, then those of `RIVALS`."""
        return (self.yours, self.wrong), *((self.found[key], self.misclassified[key]) for key in RIVALS)

    @property
    def numbers(self) -> dict[str, float]:
        """All but the number of the round, by the names under which the browser keeps them."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        wrong = {f"{key}_wrong": value for key, value in self.misclassified.items()}
        return {**plain, **self.found, **wrong}


def score(one: Round, marked: Iterable[int], rivals: Mapping[str, Size]) -> Result:
    """Return the outcome of a round.

    Parameters
    ----------
    one : Round
    marked : iterable of int
        The cells that the reader marked, row by row from 0.
    rivals : mapping of str to Size
        What each of `RIVALS` says.
    """
    mask = np.zeros(CELLS * CELLS, bool)
    mask[list(marked)] = True
    truth = one.specimen.truth
    return Result(
        number=one.number,
        dose=float(one.dose),
        true=float(one.specimen.diameter),
        yours=diameter_of(int(mask.sum())),
        wrong=float((mask != truth.ravel()).sum()),
        found={key: size.diameter_in_cells for key, size in rivals.items()},
        misclassified={key: float(size.misclassified(truth)) for key, size in rivals.items()},
    )


def diameter_of(count: int) -> float:
    """Return the diameter in cells of a disc of so many cells; NaN for none.

    Examples
    --------
    >>> round(diameter_of(80), 1)
    10.1
    """
    return 2 * float(np.sqrt(count / np.pi)) if count else float("nan")


def following(number: int, done: Collection[int], *, most: int) -> int:
    """Return the next number from 1 to `most` that is not done; after the last one comes the first.

    Examples
    --------
    >>> following(3, {1, 4}, most=5), following(5, {1}, most=5), following(2, {1, 2, 3}, most=3)
    (5, 2, 3)
    """
    order = [one % most + 1 for one in range(number, number + most - 1)]
    return next((one for one in order if one not in done), order[0])


def to_kept(results: Sequence[Result]) -> dict[str, float]:
    """Return results as the browser keeps them: names with a number each, nothing found as −1."""
    return {
        f"{result.number}.{name}": float(np.nan_to_num(value, nan=-1.0))
        for result in results
        for name, value in result.numbers.items()
    }


def from_kept(values: Mapping[str, float]) -> list[Result]:
    """Return the results that the browser kept, by number; what is incomplete is left out."""
    names = [*_PLAIN, *RIVALS, *(f"{key}_wrong" for key in RIVALS)]
    numbers = {int(head) for head, _, _ in (name.partition(".") for name in values) if head.isdecimal()}
    results = []
    for number in sorted(numbers):
        found = {name: values.get(f"{number}.{name}") for name in names}
        kept = {name: float("nan") if v < 0 else float(v) for name, v in found.items() if v is not None}
        if len(kept) == len(names):
            results.append(
                Result(
                    number=number,
                    **{name: kept[name] for name in _PLAIN},
                    found={key: kept[key] for key in RIVALS},
                    misclassified={key: kept[f"{key}_wrong"] for key in RIVALS},
                )
            )
    return results


@dataclass(frozen=True, kw_only=True)
class Case:
    """A number to believe or not; the number of the case decides all of it.

    Attributes
    ----------
    number, dose : int
        The dose in e⁻/nm².
    method : str
        Which method states the number.
    mismatch : Mismatch
        By how much its reference is off.
    specimen : Specimen
    """

    number: int
    dose: int
    method: str
    mismatch: Mismatch
    specimen: Specimen

    @property
    def image(self) -> np.ndarray:
        """The exposure."""
        return self.specimen.expose(self.dose / 100, (BELIEF, self.number, 1))

    def measurement(self, method: str | None = None) -> Measurement:
        """Return the measurement by the method of the case, or by another with the same reference."""
        return Measurement(
            method=method or self.method,
            dose=self.dose / 100,
            pixels=self.specimen.pixels,
            mismatch=self.mismatch,
        )

    def size(self, method: str | None = None) -> Size:
        """Return what the method of the case says about the exposure, or another one."""
        return self.measurement(method).sizer()(self.image)

    def holds(self, found: float) -> bool:
        """Return whether a diameter in cells is right within `TOLERANCE`; NaN is that nothing is there."""
        if np.isnan(found):
            return self.specimen.diameter == 0
        return self.specimen.diameter > 0 and abs(found - self.specimen.diameter) <= TOLERANCE


def case_of(number: int) -> Case:
    """Return the case of that number: specimen, dose, method and mismatch are drawn at random.

    Examples
    --------
    >>> case_of(1) == case_of(1)
    True
    """
    rng = np.random.default_rng((BELIEF, number, 0))
    diameter = int(rng.choice([0, *range(5, 13)], p=[0.2, *[0.1] * 8]))
    return Case(
        number=number,
        dose=int(rng.choice((2000, 5000, 20_000))),
        method=str(rng.choice(ASKED)),
        mismatch=EXACT if rng.random() < 0.5 else FLAWS[rng.integers(len(FLAWS))],
        specimen=anywhere(diameter, PIXELS, rng),
    )


@dataclass(frozen=True, kw_only=True)
class Belief:
    """Whether the reader believed a number.

    Attributes
    ----------
    number : int
        Of the case.
    believed : bool
    found : float
        The number in cells, NaN for no precipitate.
    """

    number: int
    believed: bool
    found: float

    @property
    def right(self) -> bool:
        """Whether the reader judged rightly."""
        return self.believed == case_of(self.number).holds(self.found)


def beliefs_to_kept(beliefs: Sequence[Belief]) -> dict[str, float]:
    """Return answers as the browser keeps them: names with a number each, nothing found as −1."""
    kept: dict[str, float] = {}
    for one in beliefs:
        kept[f"{one.number}.believed"] = float(one.believed)
        kept[f"{one.number}.found"] = float(np.nan_to_num(one.found, nan=-1.0))
    return kept


def beliefs_from_kept(values: Mapping[str, float]) -> list[Belief]:
    """Return the answers that the browser kept, by number; what is incomplete is left out."""
    numbers = sorted(
        int(head)
        for head, _, name in (key.partition(".") for key in values)
        if name == "believed" and head.isdecimal()
    )
    return [
        Belief(
            number=number,
            believed=values[f"{number}.believed"] > 0,
            found=float("nan") if values[f"{number}.found"] < 0 else values[f"{number}.found"],
        )
        for number in numbers
        if f"{number}.found" in values
    ]
