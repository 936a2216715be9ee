"""All spheres that could be in a specimen, and how well each explains an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Cells of thickness over which the precipitate's contrast changes: some extinction lengths of the beams.
CORRELATION = 20.0
# Independent shapes of contrast by thickness that one sphere may have.
TERMS = 3
# Strength of a full thickness of precipitate relative to the reference's contrast.
AMPLITUDES = 2.0 ** np.arange(-1, 3)


@dataclass(frozen=True)
class Spheres:
    """The spheres of one diameter.

    Attributes
    ----------
    diameter : int
        In cells.
    centers : numpy.ndarray, shape (places, 2)
        In cells from the corner, (down, right).
    thickness : numpy.ndarray of int, shape (places, cells)
        Replaced cells along the beam in every column of cells.
    features : numpy.ndarray, shape (places, terms, cells)
        Orthogonal courses of the contrast over the columns, strongest first.
    energy : numpy.ndarray, shape (terms,)
        Their squared norms.
    """

    diameter: int
    centers: Floats
    thickness: NDArray[np.int_]
    features: NDArray[np.float32]
    energy: Floats


@lru_cache(maxsize=4)
def all_spheres(cells: tuple[int, int], depth: int, *, half_cells: bool = False) -> tuple[Spheres, ...]:
    """Return every sphere of a whole diameter that lies within the cells.

    Parameters
    ----------
    cells : (int, int)
        Cells along rows and columns.
    depth : int
        Thickness of the specimen in cells; a sphere thicker than it is cut.
    half_cells : bool
        Whether centres lie on every half cell; by default they lie where `with_precipitate` puts them, at
        corners of cells for an even diameter and in the middle of a cell for an odd one.
    """
    step = 0.5 if half_cells else 1.0
    return tuple(_spheres(diameter, cells, depth, step) for diameter in range(1, min(cells) + 1))


def _spheres(diameter: int, cells: tuple[int, int], depth: int, step: float) -> Spheres:
    steps = [np.arange(0, count - diameter + step / 2, step) + diameter / 2 for count in cells]
    centers = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 2)
    maps = np.stack([thickness_map(diameter, center, cells, depth).ravel() for center in centers])
    maps, first = np.unique(maps, axis=0, return_index=True)
    features, energy = _features(maps, depth)
    return Spheres(diameter, centers[first], maps, features, energy)


def thickness_map(
    diameter: float, center: Sequence[float] | Floats, cells: tuple[int, int], depth: int
) -> NDArray[np.int_]:
    """Return how many cells a sphere in mid-thickness replaces in each column, shape `cells`."""
    middle = np.floor(depth / 2 - (round(diameter) % 2) / 2) + (round(diameter) % 2) / 2
    axes = zip((*cells, depth), (*center, middle), strict=True)
    y, x, z = (np.arange(count) + 0.5 - place for count, place in axes)
    squares = (y**2)[:, None, None] + (x**2)[:, None] + z**2
    return (squares <= (diameter / 2) ** 2 * (1 + 1e-9)).sum(axis=2)


def _features(maps: NDArray[np.int_], depth: int) -> tuple[NDArray[np.float32], Floats]:
    """Return the principal components of a contrast that grows with thickness and changes smoothly.

    The components are those of the first map; maps of other places have nearly the same rings.
    """
    rings = np.unique(maps[maps > 0])
    number = np.maximum([(maps == n).sum() / len(maps) for n in rings], 1e-3)
    kernel = np.outer(rings, rings) / depth**2
    kernel = kernel * np.exp(-((rings[:, None] - rings) ** 2) / (2 * CORRELATION**2))
    root = np.sqrt(number)
    values, vectors = np.linalg.eigh(kernel * np.outer(root, root))
    values, vectors = np.maximum(values[::-1][:TERMS], 0), vectors[:, ::-1][:, :TERMS]
    table = np.zeros((rings.max() + 1, len(values)))
    table[rings] = vectors * np.sqrt(values) / root[:, None]
    return table[maps].swapaxes(1, 2).astype(np.float32), np.maximum(values, 1e-9 * values[0])


def evidence(
    channels: NDArray[np.float32],
    variances: NDArray[np.float32],
    prior: Floats,
    spheres: Sequence[Spheres],
) -> tuple[list[Floats], list[Floats]]:
    r"""Return the logarithm of each sphere's evidence relative to noise, the pattern integrated out.

    With the sphere's features φ, the projections :math:`b = \phi^T y` of the channels are normal with
    variance 1 under noise and 1 + t with a precipitate, :math:`t = a^2 \lVert\phi\rVert^2 s` for amplitude a
    and prior s, so that

    .. math:: \ln E = \tfrac12 \sum \left[ \frac{t}{1+t} \frac{b^2}{\lVert\phi\rVert^2} - \ln(1+t) \right]

    At low dose the square of b is mostly the squares of single electrons, whose number fluctuates
    independently of any shape: that part, estimated from the electrons themselves, is replaced by its
    expectation.

    Parameters
    ----------
    channels, variances : numpy.ndarray, shape (cells, channels)
        From `CellChannels`.
    prior : numpy.ndarray, shape (channels,)
    spheres : sequence of Spheres

    Returns
    -------
    (at_known_noise, at_fitted_noise) : two lists of numpy.ndarray, shape (places, amplitudes)
        For noise of the expected strength, whose mean over pristine images is 1 for E itself, and for
        noise whose strength is fitted, which compares spheres more fairly where the model is not exact.
    """
    total = float((channels.astype(float) ** 2 - variances + 1).sum())
    at_known_noise, at_fitted_noise = [], []
    for sphere in spheres:
        places, terms, count = sphere.features.shape
        flat = sphere.features.reshape(places * terms, count)
        squares = ((flat @ channels) ** 2 - flat**2 @ variances).reshape(places, -1)
        energy = np.repeat(sphere.energy, len(prior))
        strength = np.outer(AMPLITUDES**2, np.outer(sphere.energy, prior).ravel())
        logarithms = np.log1p(strength).sum(axis=1)
        gain = (squares / energy + 1) @ (strength / (1 + strength)).T
        at_known_noise.append((gain - logarithms) / 2)
        scale = np.maximum((total - gain) / channels.size, 1)
        rest = channels.size * np.log(scale) + (total - gain) / scale + logarithms
        at_fitted_noise.append(-rest / 2)
    return at_known_noise, at_fitted_noise
