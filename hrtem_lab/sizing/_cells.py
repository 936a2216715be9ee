"""An image cut into unit cells, and the difference of each cell from the reference's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics import Metric, MetricLike, as_metric

# Reference cells that differ by less than this fraction of their contrast are one cell, but for rounding.
SAME_CELL = 1e-3


def cell_map(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    cells: int | tuple[int, int],
    metric: MetricLike = "sift",
) -> NDArray[np.float64]:
    """Return how much each unit cell of an image differs from that of the reference.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        The pristine crystal and the image, aligned, with cell borders at the same pixels in both.
    cells : int or (int, int)
        Unit cells along the rows and columns; each must have a whole number of pixels.
    metric : str, Metric or callable
        A key of `hrtem_lab.metrics.METRICS`, or a metric or function of one's own.

    Returns
    -------
    numpy.ndarray of float64, shape `cells`
        The metric's difference, from 0 to 1. Where all cells of the reference are alike, one comparison is
        prepared for all of them, and the cells are compared as one stack.

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, the cells do not divide
        them, or the metric is unknown or cannot compare images as small as a cell.

    Notes
    -----
    It misleads in cells of few pixels: SIFT finds 12 keypoints in a cell of 64 × 64 pixels, and few or none
    in coarser ones.

    Source: Fig. 4d–f of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> from hrtem_lab.simulation import form_image, load_exit_wave
    >>> pristine = form_image(load_exit_wave("nb3sn"), shape=1024, field_of_view=16 * 5.275)
    >>> found = cell_map(pristine, form_image(load_exit_wave("precipitate-06"), shape=1024), cells=16)
    >>> int((found > 0.18).sum())
    33
    """
    pristine = _validation.image("reference", reference)
    array = _validation.same_shape("image", _validation.image("image", image), pristine.shape)
    _validation.warn_of_counts("image", array, pristine)
    return CellComparison(pristine, cells=checked_cells(cells, pristine.shape), metric=as_metric(metric))(
        array
    )


class CellComparison:
    """The cells of a reference, prepared for the maps of many images.

    Parameters
    ----------
    reference : numpy.ndarray, shape (rows, columns)
        The pristine crystal.
    cells : (int, int)
        Unit cells along rows and columns.
    metric : Metric
        By which the cells are compared.
    """

    def __init__(self, reference: NDArray[np.floating], *, cells: tuple[int, int], metric: Metric) -> None:
        self.cells = cells
        expected = split(reference, cells)
        unit = expected.mean(axis=0)
        spread = float(np.ptp(expected, axis=0).max())
        self._alike = spread <= SAME_CELL * max(float(np.ptp(unit)), np.finfo(float).tiny)
        self._prepared = [metric.prepare(one) for one in ([unit] if self._alike else expected)]

    def __call__(self, image: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how much each cell of an image differs, shape `cells`."""
        stack = split(image, self.cells)
        if self._alike:
            return self._prepared[0].many(stack).reshape(self.cells)
        pairs = zip(self._prepared, stack, strict=True)
        return np.array([compare(cell) for compare, cell in pairs]).reshape(self.cells)


def split(image: NDArray, cells: tuple[int, int]) -> NDArray:
    """Return the cells of an image as a stack, row by row, shape (cells, rows, columns)."""
    rows, columns = (size // count for size, count in zip(image.shape, cells, strict=True))
    blocks = image.reshape(cells[0], rows, cells[1], columns).swapaxes(1, 2)
    return blocks.reshape(-1, rows, columns)


def checked_cells(cells: Any, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the numbers of cells along rows and columns; they must divide the image."""
    rows, columns = (
        _validation.positive_integer("cells", count) for count in _validation.pair("cells", cells)
    )
    if shape[0] % rows or shape[1] % columns:
        raise ValueError(f"cells must divide the image of {shape} pixels, got {cells!r}")
    return rows, columns
