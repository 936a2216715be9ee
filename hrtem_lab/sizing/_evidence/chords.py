"""What a sphere does to the cells: courses of the contrast over the length of beam inside it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CORRELATION = 6.0
"""Cells of thickness over which the precipitate's contrast changes: some extinction length of its beams."""
TERMS = 4
"""Independent courses of the contrast over the thickness that one sphere may have."""
BLUR = 0.45
"""Cells by which beams spread on their way through the specimen."""
PARTS = 4
"""Parts of a cell along each side over which a course is averaged."""
_RINGS = 40
_STEP = 0.1


@lru_cache(maxsize=512)
def profiles(diameter: float, depth: int) -> tuple[Floats, Floats]:
    """Return radii in cells and the courses of a sphere at them, strongest first, (terms, radii).

    A column that holds the chord t of the sphere changes by a random function of t with the covariance
    t t′ exp(−(t − t′)²/2ℓ²) relative to a full thickness; the courses are its principal components over the
    sphere's own chords, blurred by the spread of the beams.

    Parameters
    ----------
    diameter : float
        In cells.
    depth : int
        Thickness of the specimen in cells; longer chords are cut.
    """
    radius = diameter / 2
    middle = (np.arange(_RINGS) + 0.5) / _RINGS * radius
    chord = np.minimum(2 * np.sqrt(radius**2 - middle**2), depth)
    kernel = np.outer(chord, chord) / depth**2
    kernel *= np.exp(-((chord[:, None] - chord) ** 2) / (2 * CORRELATION**2))
    root = np.sqrt(2 * np.pi * middle * radius / _RINGS)
    values, vectors = np.linalg.eigh(kernel * np.outer(root, root))
    values, vectors = np.maximum(values[::-1][:TERMS], 0), vectors[:, ::-1][:, :TERMS]
    courses = vectors * np.sqrt(values) / root[:, None]

    step = min(_STEP, radius / 12)
    reach = int(np.ceil((radius + 4 * BLUR) / step)) + 2
    axis = np.arange(-reach, reach + 1) * step
    squares = axis[:, None] ** 2 + axis**2
    chords = np.minimum(2 * np.sqrt(np.maximum(radius**2 - squares, 0)), depth)
    order = np.argsort(chord)
    known = np.concatenate([[0.0], chord[order]])
    maps = np.stack([np.interp(chords, known, [0.0, *course[order]]) for course in courses.T])

    from scipy.ndimage import gaussian_filter  # noqa: PLC0415

    blurred = gaussian_filter(maps, (0, BLUR / step, BLUR / step))
    return np.asarray(axis[reach:]), np.asarray(blurred[:, reach, reach:])


def over_cells(
    diameter: float,
    depth: int,
    rows: NDArray[np.floating],
    columns: NDArray[np.floating],
    *,
    terms: int = TERMS,
) -> NDArray[np.float32]:
    """Return the courses of a sphere averaged over cells, shape (terms, rows, columns).

    Parameters
    ----------
    diameter : float
        In cells.
    depth : int
        Thickness of the specimen in cells.
    rows, columns : numpy.ndarray
        Places of the cells' first corners relative to the sphere's centre, in cells.
    """
    parts = (np.arange(PARTS) + 0.5) / PARTS
    y, x = ((place[:, None] + parts).ravel() for place in (rows, columns))
    radii, courses = profiles(float(diameter), depth)
    # Radii are evenly spaced, which is quicker to interpolate than any others.
    place = np.sqrt(y[:, None] ** 2 + x**2) / radii[1]
    lower = np.minimum(place.astype(int), len(radii) - 2)
    share = np.minimum(place - lower, 1.0)
    lower, chosen = lower.ravel(), courses[:terms]
    fine = np.diff(chosen).take(lower, axis=1) * share.ravel() + chosen.take(lower, axis=1)
    # Part by part along a row of cells: NumPy is slow to sum along a last axis as short as PARTS.
    rows_of_cells = fine.reshape(len(fine), len(rows), PARTS, -1).sum(axis=2)
    blocks = rows_of_cells.reshape(len(fine), len(rows), len(columns), PARTS)
    return np.asarray(sum(blocks[..., part] for part in range(PARTS)) / PARTS**2, np.float32)
