"""Images measured by their reference, so that no square overflows or vanishes, whatever the unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# This many contrasts away from the reference, differences have reached their limits to eight digits, and
# squares of sums of squares still fit into single precision.
LIMIT = 1e8


def magnitude(image: NDArray) -> float:
    """Return the largest absolute value of `image`, or 1 if it is zero everywhere."""
    return max(float(image.max()), -float(image.min())) or 1.0


@dataclass(frozen=True)
class Scale:
    """The scale on which a reference reaches from 0 to 1: ``(image / unit - origin) / contrast``.

    Dividing by the reference's magnitude first keeps every intermediate finite.
    """

    unit: float
    origin: float
    contrast: float

    @classmethod
    def of(cls, reference: NDArray) -> Scale:
        """Return the scale of `reference`; a constant one has its own magnitude for a contrast."""
        unit = magnitude(reference)
        lowest, highest = float(reference.min()) / unit, float(reference.max()) / unit
        return cls(unit, lowest, highest - lowest or 1.0)

    def __call__(self, image: NDArray) -> NDArray[np.float64]:
        """Return `image` on this scale, limited to ±1e8, as a new array stored row by row."""
        with np.errstate(over="ignore"):
            scaled = np.divide(image, self.unit, dtype=np.float64, order="C")
            scaled -= self.origin
            scaled /= self.contrast
        return np.clip(scaled, -LIMIT, LIMIT, out=scaled)
