"""Counting cells by eye: the rounds of the game, their results, and how they are kept; no widgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hrtem_lab.app.pages.precipitates.specimen import Measurement
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
