"""The specimens that the study of mismatches exposes, and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing.mismatches._mismatch import Precipitate
from hrtem_lab.sizing.specimens import CELL
from hrtem_lab.waves import list_off_grid_specimens, load_off_grid_specimen, load_study_specimens

Floats = NDArray[np.float64]
Place = tuple[float, float]

ON_GRID = (4, 6, 8, 10, 13)
"""Diameters of the shipped precipitates that the study exposes, in cells."""
KINDS = {
    "grid": "spheres on the grid",
    "sphere": "spheres off the grid",
    "ellipsoid": "ellipsoids",
    "facetted": "facetted bodies",
    "pair": "pairs of spheres",
    "vibrating": "vibrating specimens, of all shapes",
}
"""Kinds of specimens of the study of mismatches: key → name in a table."""
MOST = 2
"""Precipitates in one specimen."""

_VIBRATING: dict[str, tuple[tuple[float, Place], ...]] = {
    "small-sphere": ((5.3, (8.61, 7.37)),),
    "high-sphere": ((8.7, (7.45, 8.2)),),
    "ellipsoid": ((7.255, (7.9, 8.63)),),
    "facetted": ((8.022, (8.35, 7.8)),),
    "pair": ((4.4, (5.2, 4.7)), (6.1, (10.4, 11.3))),
}
"""Of the specimens at 293 K: diameters in cells, by area of what is no sphere, and centres (down, right)."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A specimen of the study.

    Attributes
    ----------
    name : str
        Its name in the stored study.
    kind : str
        One of `KINDS`.
    precipitate : int, ExitWave or ExitWaves
        What is exposed; a precipitate on the grid, an int, at any place.
    diameters : tuple of float
        True diameters in cells; of what is no sphere, that of a disc of its projected area.
    centers : tuple of (float, float)
        True places in cells, (down, right); of a precipitate on the grid those before it is moved.
    """

    name: str
    kind: str
    precipitate: Precipitate
    diameters: tuple[float, ...]
    centers: tuple[Place, ...]

    def __repr__(self) -> str:
        return f"<Subject {self.name!r}: {', '.join(f'{one:.3g}' for one in self.diameters)} cells>"

    def matched(self, size: Size) -> Floats:
        """Return what was found of each precipitate: diameter, low and high in cells, shape (`MOST`, 3).

        NaN where nothing was found. Two precipitates are matched by their places, or by their diameters
        where a method does not tell places.
        """
        result = np.full((MOST, 3), np.nan)
        found = found_in(size)
        if len(self.diameters) == 1:
            found = found[:1]  # the first is the one that the method names
        for true, one in self._pairs(found):
            result[true] = [one.diameter / CELL, one.low / CELL, one.high / CELL]
        return result

    def _pairs(self, found: list[Any]) -> list[tuple[int, Any]]:
        """Return which precipitate each of the found ones is, the found ones being more or fewer."""
        if not found:
            return []
        number = range(len(self.diameters))
        places = np.array([_place(one) for one in found])
        if np.isfinite(places).all():
            true = np.array(self.centers)
            distances = np.linalg.norm(true[:, None] - places[None], axis=-1)
        else:
            distances = -np.array([[t * one.diameter for one in found] for t in self.diameters])
        many = min(len(found), len(self.diameters))
        choices = (
            list(zip(trues, ones, strict=True))
            for trues in permutations(number, many)
            for ones in permutations(range(len(found)), many)
        )
        best = min(choices, key=lambda choice: sum(distances[pair] for pair in choice))
        return [(true, found[one]) for true, one in best]


def found_in(size: Size) -> list[Any]:
    """Return the precipitates that a method found in an image."""
    return [size, *getattr(size, "others", ())] if size.detected else []


def _place(one: Any) -> Place:
    down, right = getattr(one, "center", (np.nan, np.nan))
    return down / CELL, right / CELL


@lru_cache(maxsize=1)
def subjects() -> dict[str, Subject]:
    """Return the specimens by their name."""
    found = [
        Subject(f"grid-{diameter:02d}", "grid", diameter, (float(diameter),), ((np.nan, np.nan),))
        for diameter in ON_GRID
    ]
    for name, specimen in load_study_specimens().items():
        told = specimen.waves.provenance
        diameters, centers = tuple(told["diameters"]), tuple(map(tuple, told["centers"]))
        found.append(Subject(name, name.rpartition("-")[0], specimen.waves, diameters, centers))
    for name in list_off_grid_specimens():
        diameters, centers = zip(*_VIBRATING[name], strict=True)
        waves = load_off_grid_specimen(name).waves
        found.append(Subject(f"{name}-293K", "vibrating", waves, diameters, centers))
    return {one.name: one for one in found}
