"""From a map of differences to detected cells: rules for the threshold, and what chance would detect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BASE = 0.18
"""The paper's SIFT threshold for images without noise."""
BASE_WEIGHT = 0.45
CONTRAST_WEIGHT = 0.7
"""Weights of the optimised threshold; see `paper_optimised`."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A named rule for the threshold of a map of differences.

    Attributes
    ----------
    key, label : str
        Name in code and on a page.
    rule : callable
        ``(differences of the image's cells, differences of pristine cells at the same dose, rate) -> float``.
    metric : str
        The metric whose map it is meant for.
    description : str
        The rule in a sentence.
    reads_tail : bool
        Whether it is read from the tail of the differences of pristine cells: it is then given more of them,
        and the rate of a single cell instead of that of an image.
    """

    key: str
    label: str
    rule: Callable[[Floats, Floats, float], float]
    metric: str
    description: str
    reads_tail: bool = False

    def __repr__(self) -> str:
        return f"Threshold(key={self.key!r}, label={self.label!r}, metric={self.metric!r})"


def fixed(_differences: Floats, pristine: Floats, _rate: float) -> float:
    """Return 0.18 plus the mean difference that noise alone makes (the paper's Fig. 4)."""
    return BASE + float(pristine.mean())


def paper_optimised(differences: Floats, pristine: Floats, _rate: float) -> float:
    r"""Return :math:`b + \max(w \cdot 0.18, f \sigma)`, an optimised threshold (the paper's Fig. 5).

    The paper combines the base threshold, the mean difference by noise b and the contrast of the map, and
    does not print how. Here the contrast is the map's standard deviation σ: where many cells stand out, a
    cell at the rim must stand out, too. `python -m hrtem_lab.sizing fit` fits the two weights.
    """
    return optimised(differences, float(pristine.mean()), BASE_WEIGHT, CONTRAST_WEIGHT)


def optimised(differences: Floats, background: float, base_weight: float, contrast_weight: float) -> float:
    """Return the optimised threshold for any weights."""
    return background + max(base_weight * BASE, contrast_weight * float(differences.std()))


def false_alarm(_differences: Floats, pristine: Floats, rate: float) -> float:
    """Return what a cell of pristine crystal exceeds with a probability of `rate`."""
    return float(np.quantile(pristine, 1 - rate, method="higher"))


def otsu(differences: Floats, _pristine: Floats, _rate: float) -> float:
    """Return the threshold that divides the map into two classes of the least variance (scikit-image)."""
    from skimage.filters import threshold_otsu  # noqa: PLC0415

    return float(threshold_otsu(differences)) if np.ptp(differences) else float(differences[0])


FIXED = Threshold(
    key="fixed",
    label="0.18 + noise",
    rule=fixed,
    metric="sift",
    description="0.18 plus the mean difference by noise alone (Fig. 4)",
)
PAPER_OPTIMISED = Threshold(
    key="paper_optimised",
    label="optimised",
    rule=paper_optimised,
    metric="sift",
    description="0.18, the mean difference by noise and the map's contrast, weighted (after Fig. 5)",
)
FALSE_ALARM = Threshold(
    key="false_alarm",
    label="false-alarm rate",
    rule=false_alarm,
    metric="chi_square",
    description="what pristine cells at this dose exceed with a stated probability",
    reads_tail=True,
)
OTSU = Threshold(
    key="otsu",
    label="Otsu",
    rule=otsu,
    metric="sift",
    description="two classes of least variance, whether or not there are two",
)


def most_by_chance(probability: float, cells: int, rate: float) -> int:
    """Return the number of cells that pristine crystal exceeds with a probability of at most `rate`.

    The number of false alarms among `cells` independent cells is binomial.
    """
    cumulative = 0.0
    for count in range(cells + 1):
        cumulative += comb(cells, count) * probability**count * (1 - probability) ** (cells - count)
        if cumulative >= 1 - rate:
            return count
    return cells


def compact(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest connected part of a mask with its holes filled; single cells are dropped.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (rows, columns)

    Returns
    -------
    numpy.ndarray of bool

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.zeros((5, 5), bool)
    >>> mask[0, 4] = mask[1:4, 1:4] = True
    >>> mask[2, 2] = False
    >>> int(compact(mask).sum())
    9
    """
    from scipy import ndimage  # noqa: PLC0415

    labels, count = ndimage.label(mask)
    if not count:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.max() < 2:
        return np.zeros_like(mask)
    return np.asarray(ndimage.binary_fill_holes(labels == 1 + sizes.argmax()), bool)
