"""How well two sets of numbers can be told apart, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Statistic: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]

LEVEL = 0.95
"""Confidence of every interval."""
REPLICATES = 400
UNSEEN = 0.2
"""How much of a draw is added to each set for an AUC's interval: few draws may hold none of the rare ones."""
UNSEEN_VARIANCE = 1 / 12
"""It may lie anywhere among the other set's draws: the share of these above it is uniform from 0 to 1."""


def area_under_curve(same: ArrayLike, other: ArrayLike) -> Any:
    r"""Return the probability that a draw of `other` exceeds one of `same`: the area under the ROC curve.

    .. math:: \mathrm{AUC} = P(t_\mathrm{other} > t_\mathrm{same})
              + \tfrac12 P(t_\mathrm{other} = t_\mathrm{same})

    Parameters
    ----------
    same, other : array_like, shape (..., draws)
        The numbers of draws may differ.

    Returns
    -------
    float or numpy.ndarray, shape (...)
        ½ if they cannot be told apart, 1 if every draw of `other` is greater, 0 if every draw is smaller;
        NaN where a draw is NaN.

    Raises
    ------
    ValueError
        If there is no draw.

    Notes
    -----
    It misleads with few draws: 20 of each cannot show a probability of confusion below 1 in 400.

    Source: Hanley and McNeil, Radiology 143 (1982) 29, doi:10.1148/radiology.143.1.7063747.

    Examples
    --------
    >>> float(area_under_curve([1, 2, 3], [2, 4]))
    0.75
    """
    first, second = _draws("same", same), _draws("other", other)
    shape = np.broadcast_shapes(first.shape[:-1], second.shape[:-1])
    areas = [_order(*pair).mean() for pair in _pairs(first, second, shape)]
    return np.reshape(areas, shape)[()]


def d_prime(same: ArrayLike, other: ArrayLike) -> Any:
    r"""Return the distance of two means in standard deviations.

    .. math:: d' = \frac{\mu_\mathrm{other} - \mu_\mathrm{same}}
              {\sqrt{(\sigma_\mathrm{other}^2 + \sigma_\mathrm{same}^2) / 2}}

    Parameters
    ----------
    same, other : array_like, shape (..., draws)
        At least 2 draws of each.

    Returns
    -------
    float or numpy.ndarray, shape (...)
        Negative if `other` is smaller; infinite if the means differ without any spread, 0 if they are equal.

    Raises
    ------
    ValueError
        If there are fewer than 2 draws.

    Notes
    -----
    For normally distributed draws, AUC = Φ(d′/√2). It misleads where they are not.

    Source: Green and Swets, *Signal Detection Theory and Psychophysics* (1966).

    Examples
    --------
    >>> float(d_prime([-1, 0, 1], [1, 2, 3]))
    2.0
    """
    first, second = _draws("same", same, least=2), _draws("other", other, least=2)
    distance = second.mean(axis=-1) - first.mean(axis=-1)
    spread = np.sqrt((first.var(axis=-1, ddof=1) + second.var(axis=-1, ddof=1)) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(distance == 0, 0.0, distance / spread)[()]


def bootstrap_interval(
    statistic: Statistic, same: ArrayLike, other: ArrayLike, *, rng: int | np.random.Generator | None = 0
) -> tuple[Any, Any]:
    r"""Return the ends of a 95 % interval of ``statistic(same, other)``, which holds its true value.

    Each set is resampled with replacement 400 times, independently of the other set; the interval holds the
    middle 95 % of the statistic's values. For `area_under_curve` this would be too short, because resampling
    shows no draw that is not there; its interval comes from the order of the draws instead (see Notes).

    Parameters
    ----------
    statistic : callable
        `area_under_curve`, `d_prime`, or another that works along the last axis.
    same, other : array_like, shape (..., draws)
        The numbers of draws may differ.
    rng : int, numpy.random.Generator or None
        Seed or generator of the bootstrap; of no effect on the interval of `area_under_curve`.

    Returns
    -------
    (low, high) : floats or numpy.ndarrays, shape (...)
        NaN where a draw is NaN.

    Raises
    ------
    ValueError
        If there is no draw.

    Notes
    -----
    For the area under the curve *A*, a fifth of a draw that may lie anywhere is added to each set of *n*. The
    interval is then that of DeLong and others, drawn in the logit, with *z* = 1.96:

    .. math:: \ln\frac{A}{1 - A} \pm \frac{z}{A (1 - A)}
              \sqrt{\frac{s_\mathrm{same}^2}{n_\mathrm{same}} + \frac{s_\mathrm{other}^2}{n_\mathrm{other}}}

    Each draw is in order with a share of the other set's; s² is the variance of this share over the set.
    In simulated experiments the interval holds the true area in 93 to 97 % of the cases: for areas from 0.55
    to 0.99 and 20 to 500 draws, one set up to three times as large as the other, for normal distributions of
    equal and unequal width, exponential ones, and counts with many ties. For 20 draws against 200, it does so
    in 92 to 99 %; and in 90 % if one of ten draws is an outlier, and the set with them has 20 draws.

    Where the two sets do not overlap, the draws show one end only. The interval then reaches 1 − 0.05^(1/n)
    inwards from 0 or 1, where n is the smaller number of draws: with that probability of confusion, n
    independent pairs stay in order in 5 of 100 experiments.

    It misleads if the draws depend on each other. With fewer than 20 of them it is a rough guide.

    Sources: Efron, Annals of Statistics 7 (1979) 1, doi:10.1214/aos/1176344552; DeLong, DeLong and
    Clarke-Pearson, Biometrics 44 (1988) 837, doi:10.2307/2531595.

    Examples
    --------
    >>> low, high = bootstrap_interval(area_under_curve, [1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    >>> round(float(low), 2), float(high)
    (0.55, 1.0)
    """
    first, second = _draws("same", same), _draws("other", other)
    if statistic is area_under_curve:
        return _interval_of_area(first, second)
    values = resampled(statistic, first, second, rng)
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="nearest")
    return low, high


def _interval_of_area(same: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[Any, Any]:
    shape = np.broadcast_shapes(same.shape[:-1], other.shape[:-1])
    found = [_area_and_error(_order(*pair)) for pair in _pairs(same, other, shape)]
    area, centre, error = np.reshape(np.transpose(found), (3, *shape))
    odds = centre / (1 - centre)
    factor = np.exp(NormalDist().inv_cdf((1 + LEVEL) / 2) * error / (centre * (1 - centre)))
    # The added draws move the centre inwards; the interval must still hold the area found.
    low, high = np.minimum(odds / (odds + factor), area), np.maximum(odds / (odds + 1 / factor), area)
    doubt = 1 - (1 - LEVEL) ** (1 / min(same.shape[-1], other.shape[-1]))
    return np.where(area == 1, 1 - doubt, low)[()], np.where(area == 0, doubt, high)[()]


def _area_and_error(order: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the area, and, with the added draws, the area and its standard error; for every pair's order."""
    variance = 0.0
    for axis in (0, 1):
        # The share of the other set that each draw is in order with.
        shares = (order.sum(axis=axis) + UNSEEN / 2) / (order.shape[axis] + UNSEEN)
        draws = len(shares) + UNSEEN
        centre = (shares.sum() + UNSEEN / 2) / draws
        squares = ((shares - centre) ** 2).sum() + UNSEEN * ((0.5 - centre) ** 2 + UNSEEN_VARIANCE)
        variance += squares / (draws - 1) / draws
    return float(order.mean()), float(centre), float(np.sqrt(variance))


def resampled(
    statistic: Statistic,
    same: NDArray[np.float64],
    other: NDArray[np.float64],
    rng: int | np.random.Generator | None = 0,
) -> NDArray[np.float64]:
    """Return the statistic of 400 resampled pairs of sets, shape (400, ...)."""
    generator = np.random.default_rng(rng)
    picks = [generator.integers(0, a.shape[-1], (REPLICATES, a.shape[-1])) for a in (same, other)]
    if statistic is area_under_curve:
        return _resampled_areas(same, other, *picks)
    return np.array(
        [statistic(same[..., first], other[..., second]) for first, second in zip(*picks, strict=True)]
    )


def _resampled_areas(
    same: NDArray[np.float64], other: NDArray[np.float64], first: NDArray[np.intp], second: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Compare every pair of draws once: a resampled set only weights the pairs differently."""
    shape = np.broadcast_shapes(same.shape[:-1], other.shape[:-1])
    weights = [
        np.apply_along_axis(np.bincount, 1, picks, minlength=array.shape[-1])
        for picks, array in ((first, same), (second, other))
    ]
    areas = [((weights[0] @ _order(*pair)) * weights[1]).sum(axis=1) for pair in _pairs(same, other, shape)]
    # Dividing comes last: sums of halves are exact, so no area exceeds 1 by a rounding error.
    return np.reshape(np.transpose(areas), (len(first), *shape)) / (same.shape[-1] * other.shape[-1])


def _pairs(
    same: NDArray[np.float64], other: NDArray[np.float64], shape: tuple[int, ...]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield the draws of each place of the leading dimensions."""
    first, second = (
        np.broadcast_to(a, (*shape, a.shape[-1])).reshape(-1, a.shape[-1]) for a in (same, other)
    )
    yield from zip(first, second, strict=True)


def _order(same: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 where a draw of `other` exceeds one of `same`, ½ where they tie, NaN where one is NaN."""
    return (np.sign(other - same[:, None]) + 1) / 2


def _draws(name: str, values: ArrayLike, *, least: int = 1) -> NDArray[np.float64]:
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if array.shape[-1] < least:
        raise ValueError(f"{name} must hold at least {least} draws, got {array.shape[-1]}")
    return array
