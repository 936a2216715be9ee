"""The stored study of mismatches, read and summarised with NumPy alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation

Floats = NDArray[np.float32]
Names = tuple[str, ...]


@dataclass(frozen=True)
class SizeErrors:
    """How well a method sizes some precipitates, over all their exposures.

    Attributes
    ----------
    exposures : int
        How many there are.
    found : float
        Share of them in which the precipitate is found.
    bias, rms : float
        Mean and root mean square of found minus true diameter in cells, where it is found.
    coverage : float
        Share of what is found whose 95 % interval holds the true diameter.
    half_width : float
        Median of half the width of these intervals in cells.
    """

    exposures: int
    found: float
    bias: float
    rms: float
    coverage: float
    half_width: float


@dataclass(frozen=True, eq=False)
class MismatchStudy:
    """What several methods say where the reference does not fit.

    Numbers of exposures differ by method: what a method was not asked is NaN in `alarms` and `number`.

    Attributes
    ----------
    methods : tuple of str
        Names of `mismatch_methods`.
    mismatches : tuple of str
        Keys of `MISMATCHES` under which pristine crystal is exposed.
    alarm_doses : numpy.ndarray
        Its doses in e⁻/Å².
    alarms : numpy.ndarray, shape (methods, mismatches, alarm doses, exposures)
        How many precipitates are found in pristine crystal: rightly none.
    alarm_diameters : numpy.ndarray, same shape
        Diameter of the first of them in cells.
    alarm_problems : numpy.ndarray, same shape
        How many sentences the method says about what is wrong.
    size_mismatches : tuple of str
        Keys of `MISMATCHES` under which precipitates are exposed.
    doses : numpy.ndarray
        Their doses in e⁻/Å².
    specimens, kinds : tuple of str
        Name and kind of the specimen of each precipitate; a pair has two.
    diameters : numpy.ndarray, shape (precipitates,)
        True diameters in cells; of what is no sphere, that of a disc of its projected area.
    found, low, high : numpy.ndarray, shape (methods, size mismatches, doses, precipitates, draws)
        Diameter and the ends of its 95 % interval in cells; NaN where the precipitate is not found.
    number, problems : numpy.ndarray, same shape
        Of the specimen: how many precipitates are found, and how many sentences tell what is wrong.
    header : dict
        Command, seed, versions, pixels per cell, false alarm.

    Examples
    --------
    >>> study = stored_mismatch_study()
    >>> study.false_alarms("fixed").shape == (len(study.mismatches), len(study.alarm_doses))
    True
    """

    methods: Names
    mismatches: Names
    alarm_doses: NDArray[np.float64]
    alarms: Floats
    alarm_diameters: Floats
    alarm_problems: Floats
    size_mismatches: Names
    doses: NDArray[np.float64]
    specimens: Names
    kinds: Names
    diameters: NDArray[np.float64]
    found: Floats
    low: Floats
    high: Floats
    number: Floats
    problems: Floats
    header: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"<MismatchStudy: {len(self.methods)} methods, {len(self.mismatches)} mismatches, "
            f"{len(self.specimens)} precipitates>"
        )

    def false_alarms(self, method: str) -> NDArray[np.float64]:
        """Return in which share of the pristine exposures something is found, (mismatches, alarm doses).

        NaN where the method was not asked.
        """
        return _share(self.alarms[self._method(method)] > 0, self.alarms[self._method(method)])

    def complaints(self, method: str) -> NDArray[np.float64]:
        """Return in which share of the pristine exposures the method says that something is wrong."""
        return _share(self.alarm_problems[self._method(method)] > 0, self.alarms[self._method(method)])

    def errors(
        self,
        method: str,
        *,
        dose: int,
        kinds: Sequence[str] | None = None,
        mismatches: Sequence[str] | None = None,
        smallest: float = 0.0,
    ) -> SizeErrors:
        """Return how well a method sizes.

        Parameters
        ----------
        method : str
            One of `methods`.
        dose : int
            Place of the dose in `doses`.
        kinds, mismatches : sequence of str, optional
            Some of the kinds and of `size_mismatches`; by default all.
        smallest : float
            Smallest true diameter in cells.

        Raises
        ------
        ValueError
            If there is no such method, kind or mismatch.
        """
        rows = self._mismatches(mismatches)
        columns = self._precipitates(kinds) & (self.diameters >= smallest)
        index = self._method(method)
        found, low, high, number = (
            array[index][rows, dose][:, columns] for array in (self.found, self.low, self.high, self.number)
        )
        asked = np.isfinite(number)
        truth = np.broadcast_to(self.diameters[columns, None], found.shape)
        seen = asked & np.isfinite(found)
        error = (found - truth)[seen]
        held = ((low - ROUNDING <= truth) & (truth <= high + ROUNDING))[seen]
        if not error.size:
            share = 0.0 if asked.any() else np.nan
            return SizeErrors(int(asked.sum()), share, np.nan, np.nan, np.nan, np.nan)
        return SizeErrors(
            exposures=int(asked.sum()),
            found=float(seen.sum() / asked.sum()),
            bias=float(error.mean()),
            rms=float(np.sqrt(np.square(error).mean())),
            coverage=float(held.mean()),
            half_width=float(np.median((high - low)[seen] / 2)),
        )

    def both_found(self, method: str, *, dose: int, mismatches: Sequence[str] | None = None) -> float:
        """Return in which share of the exposures of pairs both precipitates are found.

        Parameters
        ----------
        method, dose, mismatches
            As for `errors`.
        """
        rows, index = self._mismatches(mismatches), self._method(method)
        pairs = self._precipitates(["pair"])
        both, asked = [], []
        for name in dict.fromkeys(np.array(self.specimens)[pairs].tolist()):
            columns = np.array([one == name for one in self.specimens])
            both.append(np.isfinite(self.found[index][rows, dose][:, columns]).all(axis=1))
            asked.append(self.number[index][rows, dose][:, columns].mean(axis=1))
        return float(_share(np.array(both).ravel(), np.array(asked).ravel()))

    def _method(self, method: str) -> int:
        return self.methods.index(_validation.one_of("method", method, self.methods))

    def _mismatches(self, mismatches: Sequence[str] | None) -> NDArray[np.int_]:
        known = self.size_mismatches
        names = known if mismatches is None else mismatches
        return np.array([known.index(_validation.one_of("mismatch", name, known)) for name in names], int)

    def _precipitates(self, kinds: Sequence[str] | None) -> NDArray[np.bool_]:
        known = tuple(dict.fromkeys(self.kinds))
        wanted = known if kinds is None else [_validation.one_of("kind", kind, known) for kind in kinds]
        return np.array([kind in wanted for kind in self.kinds])


ROUNDING = 1e-5
"""Cells; the study is stored in single precision."""


def _share(seen: NDArray[np.bool_], number: Floats) -> NDArray[np.float64]:
    """Return the share of what is seen among the numbers that are not NaN, along the last axis."""
    asked = np.isfinite(number)
    total = asked.sum(axis=-1)
    return np.where(total > 0, (seen & asked).sum(axis=-1) / np.maximum(total, 1), np.nan)


@lru_cache(maxsize=1)
def stored_mismatch_study() -> MismatchStudy:
    """Return the study of mismatches that comes with the package; do not write to its arrays."""
    return read_mismatch_study(resources.files("hrtem_lab") / "data" / "sizing" / "mismatches.npz")


def read_mismatch_study(path: Path | Traversable) -> MismatchStudy:
    """Return a study that `write_mismatch_study` wrote."""
    with path.open("rb") as stream, np.load(stream) as archive:
        arrays: dict[str, Any] = dict(archive)
    arrays["header"] = json.loads(str(arrays["header"]))
    for name, array in arrays.items():
        if name != "header" and array.dtype.kind == "U":
            arrays[name] = tuple(array.tolist())
    return MismatchStudy(**arrays)


def write_mismatch_study(study: MismatchStudy, path: Path) -> None:
    """Write a study as a compressed ``.npz``; the header as JSON."""
    arrays = {one.name: np.asarray(getattr(study, one.name)) for one in fields(study) if one.name != "header"}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, header=np.array(json.dumps(dict(study.header))), **arrays)  # type: ignore[arg-type]
