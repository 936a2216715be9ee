"""From logarithms of likelihoods to probabilities: what the sphere and the ideal observer share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Probability that an interval holds the truth."""


def log_mean(logarithms: Any) -> float:
    """Return the logarithm of the mean of numbers given by their logarithms."""
    array = np.asarray(logarithms)
    greatest = array.max()
    return float(greatest + np.log(np.exp(array - greatest).mean()))


def interval(probability: NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends in cells of the shortest run of diameters that holds 95 %, half a cell around.

    Parameters
    ----------
    probability : numpy.ndarray, shape (diameters,)
        Of diameters of 1, 2, 3, … cells.
    """
    cumulative = np.concatenate([[0.0], np.cumsum(probability)])
    runs = (
        (end - start, -(cumulative[end] - cumulative[start]), start, end)
        for start in range(len(probability))
        for end in range(start + 1, len(probability) + 1)
        if cumulative[end] - cumulative[start] >= CONFIDENCE - 1e-12
    )
    _, _, start, end = min(runs)
    return start + 0.5, end + 0.5
