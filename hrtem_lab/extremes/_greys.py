"""The grid of grey levels on which worst cases are searched, and the images that a search starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation

BRIGHTEST = 2**16 - 1
"""The highest level. Sums of whole levels are exact, so that nothing drifts in a long search."""

STARTS = ("reference", "reversal", "faint reversal", "noise", "black")
"""Names of images that a search can start from: the reference; black and white exchanged; the same with
0.4 of the contrast, on the dark side; independent pixels of any intensity in the reference's range; the
reference's least intensity everywhere."""

FAINT = 0.4
"""The contrast of the faint reversal."""

Levels = NDArray[np.int64]


@dataclass(frozen=True)
class Greys:
    """The intensities that a search may use: 65 536 levels from `black` to `white`.

    Attributes
    ----------
    black, white : float
        The least and the greatest intensity: those of the reference, but never negative.
    dtype : numpy.dtype
        The precision of images.
    """

    black: float
    white: float
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, reference: NDArray[np.floating]) -> Greys:
        """Return the levels inside the range of `reference`, which must reach above zero and not be flat."""
        lowest, highest = float(reference.min()), float(reference.max())
        if highest <= max(lowest, 0.0):
            raise ValueError(
                "reference must hold two different intensities and one above zero, "
                f"got {lowest:g} to {highest:g}"
            )
        return cls(max(lowest, 0.0), highest, reference.dtype)

    @property
    def step(self) -> float:
        """The intensity from one level to the next."""
        return (self.white - self.black) / BRIGHTEST

    def image(self, levels: Levels) -> NDArray[np.floating]:
        """Return the intensities of `levels`."""
        image = np.clip(self.black + self.step * levels, self.black, self.white)
        return np.asarray(image, self.dtype)

    def levels(self, image: NDArray[np.floating]) -> Levels:
        """Return the levels nearest to the intensities of `image`; values outside are clipped."""
        scaled = (np.asarray(image, np.float64) - self.black) / self.step
        return np.clip(np.rint(scaled), 0, BRIGHTEST).astype(np.int64)

    def start(
        self, start: str | ArrayLike, reference: NDArray[np.floating], rng: np.random.Generator
    ) -> Levels:
        """Return the levels of the image that a search starts from: one of `STARTS`, or an image."""
        if isinstance(start, str):
            return self._named(_validation.one_of("start", start, STARTS), reference, rng)
        image = _validation.same_shape("start", _validation.image("start", start), reference.shape)
        if image.min() < self.black - self.step or image.max() > self.white + self.step:
            raise ValueError(
                f"start must lie within the reference's intensities, {self.black:g} to {self.white:g}, "
                f"got {image.min():g} to {image.max():g}"
            )
        return self.levels(image)

    def _named(self, name: str, reference: NDArray[np.floating], rng: np.random.Generator) -> Levels:
        if name == "noise":
            return rng.integers(0, BRIGHTEST, size=reference.shape, endpoint=True)
        levels = self.levels(reference)
        if name == "reference":
            return levels
        contrast = {"reversal": 1.0, "faint reversal": FAINT, "black": 0.0}[name]
        return np.rint(contrast * (BRIGHTEST - levels)).astype(np.int64)


def blend(origin: Levels, levels: Levels, share: float) -> Levels:
    """Return `origin` + `share` (`levels` − `origin`), limited to the grid."""
    return np.clip(np.rint(origin + share * (levels - origin)), 0, BRIGHTEST).astype(np.int64)
