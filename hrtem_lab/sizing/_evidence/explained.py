"""How much better a sphere explains an image's channels than noise does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AMPLITUDES = 2.0 ** np.arange(-1, 3)
"""Strength of a full thickness of precipitate relative to the reference's contrast."""
FEW_ELECTRONS = 400.0
"""A sphere's evidence is lower by this over its electrons: so few are not normally distributed."""
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
    per_cell : float
        Mean electrons of a cell.
    """

    channels: NDArray[np.float32]
    prior: Floats
    electrons: Floats
    noise: Floats
    per_cell: float


def explain(
    image: Exposed,
    projections: NDArray[np.float32],
    gram: Floats,
    whole: Floats,
    share: Floats,
    footprint: Floats,
    total: float,
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
    gram : numpy.ndarray, shape (places, terms, terms)
        Of the courses, all unknown courses projected out.
    whole, share : numpy.ndarray, shape (places, terms, terms)
        Of the courses as they are, and weighted by each cell's electrons.
    footprint : numpy.ndarray, shape (places,)
        Cells under each sphere.
    total : float
        Sum of the squares of all channels, the unknown courses projected out.

    Returns
    -------
    (at_known_noise, at_fitted_noise) : numpy.ndarrays, shape (places, amplitudes)
    """
    energy, turn = np.linalg.eigh(gram)
    proper = energy > SAME * np.maximum(energy[:, -1:], np.finfo(float).tiny)
    energy = np.where(proper, energy, 1.0)
    turned = turn.transpose(0, 2, 1)
    squares = (turned.astype(np.float32) @ projections) ** 2
    full = np.einsum("pia,pij,pja->pa", turn, whole, turn)
    met = np.einsum("pia,pij,pja->pa", turn, share, turn)
    single = np.where(proper, met, 1.0) / np.where(proper, full, 1.0)
    found = squares / energy[:, :, None].astype(np.float32)
    found -= (single[:, :, None] * image.noise - 1).astype(np.float32)
    found *= proper[:, :, None]
    energy = energy * proper
    few = FEW_ELECTRONS / np.maximum(image.per_cell * footprint, 1.0)
    known, fitted = [], []
    size = image.channels.size
    scale = max(total / size, 1.0)
    without = (size * np.log(scale) + total / scale) / 2
    weights = np.multiply.outer(energy, image.prior).astype(np.float32)
    for amplitude in AMPLITUDES:
        strength = np.float32(amplitude**2) * weights
        logarithms = np.log1p(strength).sum(axis=(1, 2), dtype=float)
        gain = (found * (strength / (1 + strength))).sum(axis=(1, 2), dtype=float)
        known.append((gain - logarithms) / 2 - few)
        scale_with = np.maximum((total - gain) / size, 1)
        rest = size * np.log(scale_with) + (total - gain) / scale_with + logarithms
        fitted.append(without - rest / 2 - few)
    return np.stack(known, axis=1), np.stack(fitted, axis=1)
