"""How well two sets of numbers can be told apart, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Statistic: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]

LEVEL = 0.95
"""Confidence of every interval."""
REPLICATES = 400


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
    """Return the ends of a 95 % bootstrap interval of ``statistic(same, other)``.

    Each set is resampled with replacement 400 times, independently of the other set; the interval holds the
    middle 95 % of the statistic's values.

    Parameters
    ----------
    statistic : callable
        `area_under_curve`, `d_prime`, or another that works along the last axis.
    same, other : array_like, shape (..., draws)
    rng : int, numpy.random.Generator or None
        Seed or generator.

    Returns
    -------
    (low, high) : floats or numpy.ndarrays, shape (...)

    Raises
    ------
    ValueError
        If there is no draw.

    Notes
    -----
    Where the two sets do not overlap, resampling cannot show any uncertainty. For the area under the curve
    the interval then reaches 1 − 0.05^(1/n) inwards from 0 or 1, where n is the smaller number of draws:
    with that probability of confusion, n independent pairs stay in order in 5 of 100 experiments.

    Source: Efron, Annals of Statistics 7 (1979) 1, doi:10.1214/aos/1176344552.

    Examples
    --------
    >>> low, high = bootstrap_interval(area_under_curve, [1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    >>> round(float(low), 2), float(high)
    (0.55, 1.0)
    """
    first, second = _draws("same", same), _draws("other", other)
    values = resampled(statistic, first, second, rng)
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="nearest")
    if statistic is area_under_curve:
        whole = area_under_curve(first, second)
        doubt = 1 - (1 - LEVEL) ** (1 / min(first.shape[-1], second.shape[-1]))
        low = np.where(whole == 1, np.minimum(low, 1 - doubt), low)[()]
        high = np.where(whole == 0, np.maximum(high, doubt), high)[()]
    return low, high


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
