"""How the reference of a simulation differs from the experiment, in numbers and in words; no widgets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.sizing.specimens import THICKNESS, pristine_image


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """By how much the reference is off; the experiment is in focus, not tilted, and 40 cells thick.

    Attributes
    ----------
    thicker : int
        Cells by which the reference is thicker.
    defocus, shift : float
        In Å: underfocus, and displacement to the right.
    tilt : float
        In mrad.

    Examples
    --------
    >>> Mismatch(thicker=-1, defocus=5).words
    '1 cell thinner, underfocus of 5 Å'
    """

    thicker: int = 0
    defocus: float = 0.0
    shift: float = 0.0
    tilt: float = 0.0

    @property
    def words(self) -> str:
        """What is off, in words; empty if nothing is."""
        cells, way = abs(self.thicker), "thicker" if self.thicker > 0 else "thinner"
        parts = {
            f"{cells} {'cell' if cells == 1 else 'cells'} {way}": cells,
            f"{'under' if self.defocus > 0 else 'over'}focus of {abs(self.defocus):g} Å": self.defocus,
            f"shifted by {self.shift:g} Å": self.shift,
            f"tilted by {self.tilt:g} mrad": self.tilt,
        }
        return ", ".join(words for words, amount in parts.items() if amount)

    @property
    def stored(self) -> bool:
        """Whether a crystal of this thickness and tilt is stored."""
        return not (self.tilt and self.thicker)

    def reference(self, pixels: int) -> NDArray[np.float32]:
        """Return the reference without noise, pixels × pixels; do not write to it.

        Raises
        ------
        ValueError
            If no such crystal is stored.
        """
        return _reference(self, pixels)


EXACT = Mismatch()
"""The reference is what the experiment shows where there is no precipitate."""


@lru_cache(maxsize=2)
def _reference(mismatch: Mismatch, pixels: int) -> NDArray[np.float32]:
    """Return the reference; that of the page and that of a question are kept."""
    return pristine_image(
        pixels,
        thickness=THICKNESS + mismatch.thicker,
        defocus=mismatch.defocus,
        shift=mismatch.shift,
        tilt=mismatch.tilt,
    )
