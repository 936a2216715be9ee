"""How much better a sphere explains an image's channels than noise does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AMPLITUDES = 2.0 ** np.arange(-1, 3)
"""Strength of a full thickness of precipitate relative to the reference's contrast."""
SAME = 1e-4
"""Courses whose energy is less than this part of the strongest one's are no courses of their own."""


@dataclass(frozen=True)
class Exposed:
    """The channels of an image, ready to be explained.

    Attributes
    ----------
    channels : numpy.ndarray of float32, shape (channels, cells)
        Of unit noise.
    prior : numpy.ndarray, shape (channels,)
        Variance of a change of pattern as strong as the reference's contrast.
    electrons : numpy.ndarray, shape (cells,)
        Of each cell, relative to the mean.
    noise : numpy.ndarray, shape (channels,)
        Mean variance of the noise, estimated from the cells' own electrons.
    """

    channels: NDArray[np.float32]
    prior: Floats
    electrons: Floats
    noise: Floats


@dataclass(frozen=True)
class Axes:
    """Courses made orthogonal, place by place.

    Attributes
    ----------
    energy : numpy.ndarray, shape (places, terms)
        Squared norms of the orthogonal courses; 0 for one that is no course of its own.
    turn : numpy.ndarray of float32, shape (places, terms, terms)
        Orthogonal courses as combinations of the courses, along the last axis but one.
    full : numpy.ndarray, shape (places, terms)
        Squared norms before anything was projected out.
    """

    energy: Floats
    turn: NDArray[np.float32]
    full: Floats


def axes_of(gram: Floats, whole: Floats) -> Axes:
    """Return courses made orthogonal.

    Parameters
    ----------
    gram, whole : numpy.ndarray, shape (places, terms, terms)
        Products of the courses, all unknown courses projected out, and as they are.
    """
    energy, turn = np.linalg.eigh(gram)
    proper = energy > SAME * np.maximum(energy[:, -1:], np.finfo(float).tiny)
    full = (turn * (whole @ turn)).sum(axis=1)
    turned = np.ascontiguousarray(turn.transpose(0, 2, 1), np.float32)
    return Axes(np.where(proper, energy, 0.0), turned, np.where(proper, full, 1.0))


def explain(
    image: Exposed, projections: NDArray[np.float32], axes: Axes, share: Floats, total: float
) -> tuple[Floats, Floats]:
    r"""Return the logarithm of each sphere's evidence relative to noise, the pattern integrated out.

    With the courses φ made orthogonal place by place, the projections :math:`b = \phi^T y` of the channels
    are normal with variance 1 under noise and 1 + t with a precipitate,
    :math:`t = a^2 \lVert\phi\rVert^2 s` for amplitude a and prior s, so that

    .. math:: \ln E = \tfrac12 \sum \left[ \frac{t}{1+t} \frac{b^2}{\lVert\phi\rVert^2} - \ln(1+t) \right]

    At low dose the square of b is mostly the squares of single electrons, whose number fluctuates
    independently of any shape: that part, estimated from the electrons themselves, is replaced by its
    expectation.

    Parameters
    ----------
    image : Exposed
    projections : numpy.ndarray, shape (places, terms, channels)
        Of the channels on the courses.
    axes : Axes
    share : numpy.ndarray, shape (places, terms, terms)
        Products of the courses, weighted by each cell's electrons.
    total : float
        Sum of the squares of all channels, the unknown courses projected out.

    Returns
    -------
    (at_known_noise, at_fitted_noise) : numpy.ndarrays, shape (places, amplitudes)
    """
    proper = axes.energy > 0
    energy = np.where(proper, axes.energy, 1.0).astype(np.float32)
    found = (axes.turn @ projections) ** 2
    met = (axes.turn * (axes.turn @ share.astype(np.float32))).sum(axis=2)
    single = np.where(proper, met / axes.full, 1.0).astype(np.float32)
    found /= energy[:, :, None]
    found -= single[:, :, None] * image.noise.astype(np.float32) - 1
    weights = axes.energy.astype(np.float32)[:, :, None] * image.prior.astype(np.float32)
    places, size = len(found), image.channels.size
    squares = found.reshape(places, 1, -1)
    scale = max(total / size, 1.0)
    without = (size * np.log(scale) + total / scale) / 2
    known, fitted = [], []
    for amplitude in AMPLITUDES:
        strength = np.float32(amplitude**2) * weights
        more = strength + 1
        strength /= more
        logarithms = np.log(more, out=more).reshape(places, -1).sum(axis=1).astype(float)
        gain = (squares @ strength.reshape(places, -1, 1)).ravel().astype(float)
        known.append((gain - logarithms) / 2)
        scale_with = np.maximum((total - gain) / size, 1)
        rest = size * np.log(scale_with) + (total - gain) / scale_with + logarithms
        fitted.append(without - rest / 2)
    return np.stack(known, axis=1), np.stack(fitted, axis=1)
