"""A metric that a search must keep near a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hrtem_lab.extremes._greys import Levels, blend
from hrtem_lab.extremes._objectives import WHOLE, Box, Objective

CORRECTIONS = 3
"""How often a candidate is moved towards the band before it is given up."""

HALVINGS = 50
"""How often the way from the reference to the start is halved to find an image in the band."""


class Admitted(NamedTuple):
    """A candidate within the band, the box that it changes, and its held value."""

    levels: Levels
    box: Box
    held: float


@dataclass(frozen=True)
class Band:
    """The images whose difference by `objective` is `value` ± `tolerance`; `origin` is the reference."""

    objective: Objective
    value: float
    tolerance: float
    origin: Levels

    def enter(self, levels: Levels) -> float:
        """Make `levels` the current image and return its held value, which must lie in the band."""
        held = self.objective.reset(levels)
        if not self._holds(held):
            raise ValueError(f"the held metric must be {self._rule}, but resume has {held:g}")
        return held

    def admit(self, levels: Levels, box: Box) -> Admitted | None:
        """Return a candidate; one outside is moved into the band, if its metric is quick to look again.

        It is moved along the line to the reference, on which a small difference grows with the square of
        the distance.
        """
        held = self.objective.try_out(levels, box)
        for _ in range(CORRECTIONS if self.objective.cost < 2 else 0):
            if self._holds(held) or held <= 0:
                break
            levels, box = blend(self.origin, levels, float(np.sqrt(self.value / held))), WHOLE
            held = self.objective.try_out(levels, box)
        return Admitted(levels, box, held) if self._holds(held) else None

    def start(self, levels: Levels) -> Levels:
        """Return `levels`, or the image on the way from the reference to it that lies in the band."""
        held = self.objective.reset(levels)
        if self._holds(held):
            return levels
        if held < self.value:
            raise ValueError(f"the held metric must be {self._rule}, but the start has only {held:g}")
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            share = (low + high) / 2
            blended = blend(self.origin, levels, share)
            held = self.objective.reset(blended)
            if self._holds(held):
                return blended
            low, high = (share, high) if held < self.value else (low, share)
        raise ValueError(
            f"the held metric must be {self._rule}, but from the reference to the start it jumps to {held:g}"
        )

    @property
    def _rule(self) -> str:
        return f"{self.value:g} ± {self.tolerance:g}"

    def _holds(self, held: float) -> bool:
        return abs(held - self.value) <= self.tolerance
