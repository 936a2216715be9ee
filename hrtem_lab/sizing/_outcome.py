"""What sizing says about one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
NOWHERE = (np.nan, np.nan)


@dataclass(frozen=True, kw_only=True)
class Precipitate:
    """One of the precipitates in an image.

    Attributes
    ----------
    diameter, low, high : float
        In Å, with the ends of the 95 % interval.
    center : (float, float)
        In Å from the image's corner, (down, right).
    mask : numpy.ndarray of bool, shape `cells`
        Cells called part of it.
    evidence : float
        Natural logarithm of the evidence for it against none, given the precipitates before it.
    """

    diameter: float
    low: float
    high: float
    center: tuple[float, float]
    mask: NDArray[np.bool_]
    evidence: float

    def __repr__(self) -> str:
        down, right = self.center
        return (
            f"<Precipitate: {self.diameter:.4g} Å ({self.low:.4g} to {self.high:.4g} Å), "
            f"{down:.4g} Å down, {right:.4g} Å to the right>"
        )


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a method says about one image; it prints as one line.

    Attributes
    ----------
    diameter : float
        In Å; of several precipitates the one with the strongest evidence; NaN if none is detectable.
    low, high : float
        Ends of the 95 % interval in Å; NaN if none is detectable.
    detected : bool
        Whether there is more than noise.
    mask : numpy.ndarray of bool, shape `cells`
        Cells called precipitate, (rows, columns); all false if none is detectable.
    map : numpy.ndarray, shape `cells`
        The number per cell on which the decision rests: the metric's difference, or for the sphere the
        probability that the cell is part of it.
    threshold : float
        Above which a cell counts.
    method : str
        One of `METHODS`.
    cell : float
        Edge of a unit cell in Å (of a rectangle's, the square root of its area).
    evidence : float
        Natural logarithm of the evidence for a sphere against none; NaN for other methods.
    precipitates : tuple of Precipitate
        All that were found, strongest evidence first; empty for methods that do not tell them apart.
    center : (float, float)
        Of the first one, in Å from the image's corner, (down, right); NaN if unknown.
    problems : tuple of str
        What is wrong, in sentences: that the reference does not fit, the precipitate is cut by the edge, the
        noise is not that of the dose.
    fit_inside, fit_outside : float
        Reduced χ² of the cells under the precipitates and of all others: 1 is a perfect fit, more is a model
        that does not hold. NaN if unknown.
    dose_per_area, dose_error : float
        The dose in e⁻/Å² that was used; with its standard error if it was estimated from the image, with 0
        if it was given. Infinite without noise.
    """

    diameter: float
    low: float
    high: float
    detected: bool
    mask: NDArray[np.bool_]
    map: Floats
    threshold: float
    method: str
    cell: float
    evidence: float = np.nan
    precipitates: tuple[Precipitate, ...] = ()
    center: tuple[float, float] = NOWHERE
    problems: tuple[str, ...] = ()
    fit_inside: float = np.nan
    fit_outside: float = np.nan
    dose_per_area: float = np.nan
    dose_error: float = 0.0

    def __repr__(self) -> str:
        if self.detected:
            found = (
                f"{self.diameter:.4g} Å ({self.low:.4g} to {self.high:.4g} Å), "
                f"{self.diameter_in_cells:.3g} cells"
            )
            if len(self.precipitates) > 1:
                others = ", ".join(f"{one.diameter:.4g} Å" for one in self.precipitates[1:])
                found += f", and {others}"
        else:
            found = "no precipitate detectable"
        problems = "".join(f"; {problem.split(':')[0]}" for problem in self.problems)
        return f"<Size: {found}, by {self.method!r}{problems}>"

    @property
    def diameter_in_cells(self) -> float:
        """The diameter in unit cells; NaN if no precipitate is detectable."""
        return self.diameter / self.cell

    @property
    def others(self) -> tuple[Precipitate, ...]:
        """The precipitates beside the first one."""
        return self.precipitates[1:]

    def misclassified(self, truth: ArrayLike) -> int:
        """Return how many cells differ from a known truth.

        Parameters
        ----------
        truth : array_like of bool, shape `cells`

        Raises
        ------
        ValueError
            If the shape differs.
        """
        expected = np.asarray(truth, dtype=bool)
        if expected.shape != self.mask.shape:
            raise ValueError(
                f"truth must have the shape of the cells {self.mask.shape}, got {expected.shape}"
            )
        return int((expected != self.mask).sum())
