"""Changes that a search tries: bumps and flat discs of all sizes, alone or in every cell of a crystal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from hrtem_lab.extremes._greys import BRIGHTEST, Levels
from hrtem_lab.extremes._objectives import WHOLE, Box

SMALLEST = 0.8
"""Radius of the smallest patch in pixels: little more than one pixel."""

Period = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """One kind of change.

    Attributes
    ----------
    radius : float
        Of a flat disc, or of a bump at half its height; in pixels.
    flat : bool
        Whether the patch replaces what is there by one grey, instead of adding a smooth bump.
    repeated : bool
        Whether it is applied in every cell.
    """

    radius: float
    flat: bool
    repeated: bool


@dataclass(frozen=True)
class Patch:
    """One change: its kind (by number), centre in pixels, and height (or grey) as a share of the range."""

    kind: int
    row: float
    column: float
    height: float

    def reversed(self) -> Patch:
        """Return the same bump of opposite sign."""
        return replace(self, height=-self.height)


def kinds(shape: tuple[int, ...], period: Period | None) -> tuple[Kind, ...]:
    """Return all kinds for an image: radii double up to an eighth of it, or a quarter of a cell."""
    found = []
    for repeated in (False, True) if period else (False,):
        widest = min(period) / 4 if period and repeated else min(shape) / 8
        count = 1 + max(int(np.log2(widest / SMALLEST)), 0)
        radii = [SMALLEST * 2**number for number in range(count)]
        found += [Kind(radius, flat, repeated) for radius in radii for flat in (False, True)]
    return tuple(found)


def applied(patch: Patch, kind: Kind, levels: Levels, period: Period | None) -> tuple[Levels, Box]:
    """Return `levels` with the patch, and the box outside which nothing changed."""
    box, y, x = _distances(patch, kind, levels.shape, period)
    changed = levels.copy()
    part = changed[box]
    if kind.flat:
        part[np.add.outer(y * y, x * x) <= kind.radius**2] = round(BRIGHTEST * patch.height)
    else:
        bump = np.multiply.outer(_bump(y / kind.radius), _bump(x / kind.radius))
        np.clip(part + np.rint(BRIGHTEST * patch.height * bump).astype(np.int64), 0, BRIGHTEST, out=part)
    return changed, box


def _distances(
    patch: Patch, kind: Kind, shape: tuple[int, ...], period: Period | None
) -> tuple[Box, np.ndarray, np.ndarray]:
    """Return the box that a patch changes, and its rows' and columns' distances from the nearest centre."""
    centre = patch.row, patch.column
    if kind.repeated and period:
        y, x = (
            (np.arange(size) % step - place + step / 2) % step - step / 2
            for size, place, step in zip(shape, centre, period, strict=True)
        )
        return WHOLE, y, x
    reach = ceil(2 * kind.radius)
    rows, columns = (slice(max(int(place) - reach, 0), int(place) + reach + 2) for place in centre)
    y, x = (
        np.arange(size)[part] - place
        for size, part, place in zip(shape, (rows, columns), centre, strict=True)
    )
    return (rows, columns), y, x


def _bump(distance: np.ndarray) -> np.ndarray:
    """Return 1 in the middle, 1/2 at distance 1, 0 at distance 2 and beyond."""
    return np.cos(np.minimum(np.abs(distance), 2) * (np.pi / 4)) ** 2
