"""What a mismatch of reference and image does to all cells: a change that is smooth over the cells."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.sizing._evidence.posterior import log_mean

Floats = NDArray[np.float64]

DEGREE = 2
"""Of the polynomials in a cell's place: offset, ramp and bowl, as thickness, focus and rotation make."""
CHANGES = 10.0 ** np.arange(-2, 0.01, 0.5)
"""Strengths that a change may have, relative to the reference's contrast."""
MAD = 1.4826
"""Standard deviation of normal numbers over their median absolute deviation."""
LEAST_ROOM = 40
"""Cells of which a scatter can be told."""


@lru_cache(maxsize=32)
def polynomials(cells: tuple[int, int], degree: int = DEGREE) -> Floats:
    """Return orthonormal polynomials in a cell's place, shape (cells, polynomials); do not write to it.

    The columns of a lower degree come first. A side with too few cells has fewer of them.

    Examples
    --------
    >>> polynomials((4, 5)).shape, polynomials((1, 5)).shape
    ((20, 6), (5, 3))
    """
    y, x = (np.linspace(-1, 1, count) if count > 1 else np.zeros(1) for count in cells)
    powers = [(total - k, k) for total in range(degree + 1) for k in range(total + 1)]
    columns = [np.outer(y**i, x**j).ravel() for i, j in powers if i < cells[0] and j < cells[1]]
    basis, _ = np.linalg.qr(np.stack(columns, axis=1))
    return np.asarray(basis)


def lowest(basis: Floats, cells: tuple[int, int], degree: int) -> Floats:
    """Return the columns of `polynomials` up to a degree; none for a degree of −1."""
    return basis[:, : polynomials(cells, degree).shape[1]] if degree >= 0 else basis[:, :0]


def round_bowl(cells: tuple[int, int]) -> Floats:
    """Return the square of the distance from the middle in terms of the polynomials, without an offset."""
    y, x = (np.arange(count) + 0.5 - count / 2 for count in cells)
    course = polynomials(cells).T @ (y[:, None] ** 2 + x**2).ravel()
    course[0] = 0
    return np.asarray(course / max(float(np.linalg.norm(course)), np.finfo(float).tiny))


def scatter(channels: NDArray[np.floating], basis: Floats) -> Floats:
    """Return each channel's robust scatter over the cells, a smooth change taken out; shape (channels,).

    Parameters
    ----------
    channels : numpy.ndarray, shape (channels, cells)
    basis : numpy.ndarray, shape (cells, polynomials)
        Of these cells; need not be orthonormal.

    Notes
    -----
    Never below 1, the noise of the electrons, nor below the channels' median: some of so many channels look
    calm by chance.
    """
    count, unknowns = basis.shape
    course, *_ = np.linalg.lstsq(basis, channels.T.astype(float), rcond=None)
    rest = channels - (basis @ course).T
    middle = np.median(rest, axis=1, keepdims=True)
    found = MAD * np.median(np.abs(rest - middle), axis=1) * np.sqrt(count / max(count - unknowns, 1))
    return np.maximum(found, max(float(np.median(found)), 1.0))


def change_evidence(coefficients: NDArray[np.floating], prior: Floats, cells: int) -> float:
    r"""Return the logarithm of the evidence for a smooth change of all cells against none.

    The coefficients c of the polynomials are normal with variance 1 without a change, and 1 + t with one,
    t = κ² s n for a change of κ times the prior's strength s in each of n cells.

    Parameters
    ----------
    coefficients : numpy.ndarray, shape (channels, polynomials)
    prior : numpy.ndarray, shape (channels,)
    cells : int
    """
    squares = (coefficients**2).sum(axis=1)
    found = []
    for change in CHANGES:
        strength = change**2 * prior * cells
        terms = strength / (1 + strength) * squares - coefficients.shape[1] * np.log1p(strength)
        found.append(terms.sum() / 2)
    return log_mean(found)
