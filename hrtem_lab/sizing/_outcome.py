"""What sizing says about one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a method says about one image.

    Attributes
    ----------
    diameter : float
        In Å; NaN if no precipitate is detectable.
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
    problems : tuple of str
        What is wrong with image, reference or precipitate, one sentence each; empty if nothing is known.
    fit_inside, fit_outside : float
        Reduced χ² of the fit inside and outside the precipitate: 1 is a perfect fit, NaN is unknown.
    center : (float, float)
        Of the precipitate in Å from the image's first corner, (down, right); NaN if unknown.
    others : tuple of Size
        Further precipitates in the same image.
    dose_per_area, dose_error : float
        Electrons per Å² as given or estimated, and the standard error of an estimate; NaN if unknown.
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
    problems: tuple[str, ...] = ()
    fit_inside: float = np.nan
    fit_outside: float = np.nan
    center: tuple[float, float] = (np.nan, np.nan)
    others: tuple[Size, ...] = ()
    dose_per_area: float = np.nan
    dose_error: float = np.nan

    def __repr__(self) -> str:
        if not self.detected:
            return f"<Size: no precipitate detectable, by {self.method!r}>"
        return (
            f"<Size: {self.diameter:.4g} Å ({self.low:.4g} to {self.high:.4g} Å), "
            f"{self.diameter_in_cells:.3g} cells, by {self.method!r}>"
        )

    @property
    def diameter_in_cells(self) -> float:
        """The diameter in unit cells; NaN if no precipitate is detectable."""
        return self.diameter / self.cell

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
