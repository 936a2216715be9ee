"""The ideal observer: what the best possible method could do with the same electrons."""

from __future__ import annotations

from functools import cached_property
from math import exp, expm1, log1p, pi, sqrt
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.noise import Detector, counts_per_pixel

Floats: TypeAlias = NDArray[np.float64]

# No rate is taken as smaller than this, so that the logarithms of impossible counts stay finite.
SMALLEST = 1e-300
# Up to this rate the distribution of a count is summed term by term under the readout noise.
MOST_SUMMED = 100.0
# Up to this readout noise (in electrons) a recorded number is rounded to its count: 1 in 3 million is wrong.
SHARP = 0.1
# Above it, integrals over recorded numbers take steps of half the noise, and end at 8 times the noise.
STEPS, REACH = 2, 8


class LikelihoodRatio:
    r"""The logarithm of the likelihood ratio of a recorded image: that it shows `other`, not `same`.

    .. math:: t = \sum_i \left[ k_i \ln \frac{\mu_i}{\lambda_i} - (\mu_i - \lambda_i) \right]

    for counted electrons :math:`k`, with the expected counts :math:`\lambda` of one image and
    :math:`\mu` of the other. By Neyman and Pearson no other decision makes fewer errors. With readout noise
    σ the recorded numbers :math:`y` are not whole, and the likelihood of a pixel is a sum over all possible
    counts, :math:`\sum_k \mathrm{Poisson}(k; \lambda)\, \mathcal N(y - k; \sigma^2)`. Up to a tenth of an
    electron of noise the count is found by rounding; above 100 counts per pixel :math:`y + \sigma^2` is
    treated as a Poisson count of rate :math:`\lambda + \sigma^2`, which has the right mean and variance
    (Snyder et al., JOSA A 10 (1993) 1014, doi:10.1364/JOSAA.10.001014).

    Parameters
    ----------
    same, other : numpy.ndarray, shape (rows, columns)
        Noise-free images, not negative.
    dose_per_area : float
        Incident electrons per Å².
    detector : Detector
        Pixel size, blur and noise.
    """

    def __init__(self, same: NDArray, other: NDArray, *, dose_per_area: float, detector: Detector) -> None:
        vacuum = counts_per_pixel(dose_per_area, sampling=detector.sampling)
        self._sigma = detector.readout_sigma
        rates = [vacuum * detector.expected(image) + detector.dark_counts for image in (same, other)]
        most = max(float(rate.max()) for rate in rates)
        self._sharp = self._sigma <= SHARP
        self._summed = not self._sharp and most <= MOST_SUMMED
        shift = 0.0 if self._sharp or self._summed else self._sigma**2
        self._shift = shift
        self._same, self._other = (np.maximum(rate.ravel() + shift, SMALLEST) for rate in rates)
        self._most = most

    def __repr__(self) -> str:
        return f"<LikelihoodRatio: {self._same.size} pixels, at most {self._most:.4g} electrons expected>"

    def __call__(self, counts: NDArray) -> float:
        """Return t of one recorded image, given in electrons per pixel."""
        recorded = np.asarray(counts, dtype=np.float64).ravel()
        if self._summed:
            return float((self._log(recorded, self._other) - self._log(recorded, self._same)).sum())
        counted = np.rint(recorded) if self._sharp else recorded + self._shift
        return float(counted @ self._weights - self._offset)

    def moments(self) -> tuple[float, float, float, float]:
        """Return mean and variance of t for images of `same`, then for images of `other`."""
        if self._summed:
            mean, variance, other_mean, other_variance = self._sums[:4]
            return mean, variance, other_mean, other_variance
        squares = self._weights**2
        return (
            float(self._same @ self._weights - self._offset),
            float(self._same @ squares),
            float(self._other @ self._weights - self._offset),
            float(self._other @ squares),
        )

    def d_prime(self) -> float:
        """Return the expected distance of the two means of t, in standard deviations."""
        mean, variance, other_mean, other_variance = self.moments()
        spread = sqrt((variance + other_variance) / 2)
        return (other_mean - mean) / spread if spread else 0.0

    def auc(self) -> float:
        r"""Return the probability that t of an image of `other` exceeds t of one of `same`.

        The saddle point of the difference of the two is known in closed form: for counted electrons its
        exponent is the Hellinger distance :math:`H = \sum_i (\sqrt{\mu_i} - \sqrt{\lambda_i})^2` and its
        curvature :math:`V = 2 \sum_i \sqrt{\lambda_i \mu_i} \ln^2(\mu_i / \lambda_i)`. By Lugannani and
        Rice (Adv. Appl. Probab. 12 (1980) 475, doi:10.2307/1426607) with :math:`r = \sqrt{2H}` and
        :math:`u = \sqrt{V} / 2`, the probability is :math:`\Phi(r) + \varphi(r) (1/r - 1/u)`.

        Two exposures without any electron cannot be told apart, and at low doses they are frequent. They
        count one half, and the formula is applied to all other pairs. For these, :math:`H' = H + \ln(1 -
        e^{-T}) - \ln(1 - e^{-2S})` and :math:`V' = V / (1 - e^{-2S})`, where :math:`T = \sum_i (\lambda_i +
        \mu_i)` and :math:`S = \sum_i \sqrt{\lambda_i \mu_i}`.
        """
        if self._summed:
            seen, (distance, curvature) = 1.0, self._sums[4:]
        else:
            roots = np.sqrt(self._same) * np.sqrt(self._other)
            seen = -expm1(-float((self._same + self._other).sum()))
            twice = 2 * float(roots.sum())
            alike = -expm1(-twice)
            apart = float(np.square(np.sqrt(self._other) - np.sqrt(self._same)).sum())
            # With T = 2S + H: computing the quotient directly would make equal images differ by rounding.
            distance = apart + log1p(exp(-twice) * -expm1(-apart) / alike)
            curvature = 2 * float((roots * self._weights**2).sum()) / alike
        r, u = sqrt(2 * max(distance, 0)), sqrt(max(curvature, 0)) / 2
        normal = NormalDist()
        area = normal.cdf(r)
        if min(r, u) > 1e-3:  # below, the two terms of 1/r - 1/u cancel
            area += normal.pdf(r) * (1 / r - 1 / u)
        return min(max((1 - seen) / 2 + seen * area, 0.5), 1.0)

    @cached_property
    def _weights(self) -> Floats:
        return np.log(self._other / self._same)

    @cached_property
    def _offset(self) -> float:
        return float((self._other - self._same).sum())

    @cached_property
    def _counts(self) -> NDArray[np.int_]:
        """All counts that a pixel may have."""
        return np.arange(int(self._most + 9 * sqrt(self._most)) + 16)

    @cached_property
    def _factorials(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(np.log(self._counts[1:]))])

    def _poisson(self, rates: Floats) -> Floats:
        """Return ln Poisson(k; rate), shape (rates, counts)."""
        return self._counts * np.log(rates)[:, None] - rates[:, None] - self._factorials

    def _log(self, recorded: Floats, rates: Floats) -> Floats:
        """Return each pixel's ln of the likelihood, up to a constant."""
        result = np.empty(len(rates))
        for part in _parts(len(rates), len(self._counts)):
            terms = self._poisson(rates[part])
            terms -= (recorded[part, None] - self._counts) ** 2 / (2 * self._sigma**2)
            greatest = terms.max(axis=1)
            result[part] = greatest + np.log(np.exp(terms - greatest[:, None]).sum(axis=1))
        return result

    @cached_property
    def _sums(self) -> tuple[float, ...]:
        """Return the four moments, the Hellinger distance and the curvature under readout noise.

        They are integrals over the recorded number, by sums of equal steps, which converge quickly for the
        smooth curves that noise makes.
        """
        step = self._sigma / STEPS
        recorded = np.arange(-REACH * self._sigma, self._counts[-1] + REACH * self._sigma, step)
        noise = np.exp(-((recorded - self._counts[:, None]) ** 2) / (2 * self._sigma**2))
        noise *= step / (self._sigma * sqrt(2 * pi))
        pairs, multiplicity = _distinct_pairs(self._same, self._other)
        sums = np.zeros(6)
        for part in _parts(len(pairs), recorded.size):
            same, other = (
                np.maximum(np.exp(self._poisson(pairs[part, side])) @ noise, SMALLEST) for side in (0, 1)
            )
            terms = _integrals(same, other)
            sums += np.stack(terms) @ multiplicity[part]
        return tuple(sums.tolist())


def _integrals(same: Floats, other: Floats) -> list[Floats]:
    """Return moments, distance and curvature of ln(other / same) for densities along the last axis."""
    ratio = np.log(other / same)
    terms = []
    for density in (same, other):
        mean = (density * ratio).sum(axis=-1)
        terms += [mean, (density * ratio**2).sum(axis=-1) - mean**2]
    between = np.sqrt(same * other)
    affinity = between.sum(axis=-1)
    # For nearly equal densities 1 - affinity cancels, so it is summed directly.
    apart = np.minimum(np.square(np.sqrt(other) - np.sqrt(same)).sum(axis=-1) / 2, 0.5)
    distance = -2 * np.where(apart < 0.5, np.log1p(-apart), np.log(affinity))
    tilted, tilted_square = ((between * ratio**power).sum(axis=-1) / affinity for power in (1, 2))
    return [*terms, distance, 2 * (tilted_square - tilted**2)]


def _distinct_pairs(same: Floats, other: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the mean pairs of rates in 256 × 256 equal bins, and how many pixels each stands for."""
    scale = 256 / max(float(same.max()), float(other.max()))
    bins = np.rint(same * scale).astype(np.intp) * 257 + np.rint(other * scale).astype(np.intp)
    _, places, multiplicity = np.unique(bins, return_inverse=True, return_counts=True)
    means = [np.bincount(places, weights=rates) / multiplicity for rates in (same, other)]
    return np.stack(means, axis=1), multiplicity


def _parts(length: int, width: int) -> list[slice]:
    """Return slices of rows so that each part of a (length, width) array has at most 16 megabytes."""
    step = max(1, 2_000_000 // width)
    return [slice(start, start + step) for start in range(0, length, step)]
