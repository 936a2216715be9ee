"""From a map of differences to detected cells: the background, rules for the threshold, and chance."""

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

CUT = 1.5
"""Scatters above the background, beyond which a cell may be precipitate and tells nothing of it."""
START = 0.25
"""Share of the cells, the least different ones, that are first taken for the background."""
ROUNDS = 50
"""In which the background settles; five to ten do for most images."""
NUMBERS = 6
"""That a polynomial of degree 2 in the cell's place has; along fewer cells no course can be told."""
ROUNDING = 1e-6
"""Share of the differences by which cells differ that are alike."""
NORMAL_CELLS = 4096
"""Quantiles of a normal distribution that stand for cells without noise."""


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


@dataclass(frozen=True)
class Background:
    """What the cells of an image without a precipitate differ from the reference.

    Attributes
    ----------
    course : numpy.ndarray, shape (rows, columns)
        The level at each place.
    pristine : numpy.ndarray, 1-D
        The level's mean and the scatter about it.
    uncertainty : float
        Standard error of the level.
    """

    course: Floats
    pristine: Floats
    uncertainty: float


def own_background(differences: Floats, pristine: Floats) -> Background:
    """Return the background that the image's own cells tell of.

    A reference that does not quite fit changes all cells, more of them towards the edges where the image is
    turned, scaled or unevenly lit; a precipitate makes some of them more different still. So the level is the
    plane or bowl through the cells that lie not far above it, settled in rounds from the least different
    ones. It is never a dome: that is what a precipitate looks like, and one over half of the cells would be
    taken for the background. Scatter that is less than that of `pristine` is not believed: a quiet image
    has no fewer false cells than the reference's exposures.

    Parameters
    ----------
    differences : numpy.ndarray, shape (rows, columns)
        Of the image's cells.
    pristine : numpy.ndarray, 1-D
        Of cells of the reference's exposures: how they are distributed, and their least scatter.
    """
    values, places = differences.ravel(), _places(differences.shape)
    shape = _shape(pristine)
    low = shape[shape <= CUT]
    mean, spread = float(low.mean()), float(low.std())
    least = max(float(pristine.std()), ROUNDING * float(np.abs(values).max()))
    level = np.full(values.size, np.quantile(values, START))
    scatter = max(least, float(np.sqrt(np.mean(np.minimum(values - level, 0) ** 2) / START)))
    for _ in range(ROUNDS):
        quiet = values - level <= CUT * scatter
        # The cells that are left out above the cut are missing in the mean and in the scatter.
        found = _bowl(places, values, quiet)
        own = float((values - found)[quiet].std()) / spread
        found -= mean * own
        wider = max(least, own)
        settled = max(float(np.abs(found - level).max()), abs(wider - scatter)) <= 1e-3 * wider
        level, scatter = found, wider
        if settled:
            break
    return Background(
        course=level.reshape(differences.shape),
        pristine=level.mean() + scatter * shape,
        uncertainty=scatter * float(np.sqrt(NUMBERS / quiet.sum())),
    )


def _shape(pristine: Floats) -> Floats:
    """Return how pristine cells are distributed, with mean 0 and scatter 1; without noise, normally."""
    from scipy.special import ndtri  # noqa: PLC0415

    scatter = float(pristine.std())
    if scatter > ROUNDING * float(np.abs(pristine).max()):
        shape = np.asarray((pristine - pristine.mean()) / scatter)
        if shape[shape <= CUT].std() > 0:
            return shape
    return np.asarray(ndtri((np.arange(NORMAL_CELLS) + 0.5) / NORMAL_CELLS))


def _places(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return where cells lie, from -1 to 1 down and right; all at 0 along a side of too few cells."""
    sides = (np.linspace(-1, 1, count) if count >= NUMBERS else np.zeros(count) for count in shape)
    down, right = np.meshgrid(*sides, indexing="ij")
    return down.ravel(), right.ravel()


def _bowl(places: tuple[Floats, Floats], values: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Return the plane or bowl nearest to the chosen values, at all places."""
    down, right = places
    plane = [np.ones_like(down), down, right]
    fitted, numbers = _least_squares([*plane, down**2, down * right, right**2], values, chosen)
    curvatures, axes = np.linalg.eigh([[numbers[3], numbers[4] / 2], [numbers[4] / 2, numbers[5]]])
    if curvatures[0] >= 0:
        return fitted
    # Curved downwards along one axis: a trough along it is left, if the other is curved upwards.
    across = axes[0, 1] * down + axes[1, 1] * right
    fitted, numbers = _least_squares([*plane, across**2], values, chosen)
    return fitted if numbers[3] >= 0 else _least_squares(plane, values, chosen)[0]


def _least_squares(columns: list[Floats], values: Floats, chosen: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the fit to the chosen values, at all places, and its numbers."""
    matrix = np.stack(columns, axis=1)
    numbers = np.linalg.lstsq(matrix[chosen], values[chosen], rcond=None)[0]
    return np.asarray(matrix @ numbers), np.asarray(numbers, float)


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
