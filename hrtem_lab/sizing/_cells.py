"""An image cut into unit cells, and the difference of each cell from the reference's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics import Metric, MetricLike, as_metric
from hrtem_lab.metrics.outliers import without_warning

# Reference cells that differ by less than this fraction of their contrast are one cell, but for rounding.
SAME_CELL = 1e-3


def cell_map(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    cells: int | tuple[int, int],
    metric: MetricLike = "sift",
    mask: ArrayLike | None = None,
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
    mask : array_like of bool, shape (rows, columns), optional
        True where a pixel is left out of both images. What is masked in a `numpy.ma` reference or image is
        left out too.

    Returns
    -------
    numpy.ndarray of float64, shape `cells`
        The metric's difference, from 0 to 1; NaN for a cell that is left out as a whole. Where
        all cells of the reference are alike and nothing is left out, one comparison is prepared for all of
        them, and the cells are compared as one stack.

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, the cells do not divide
        them, the metric is unknown, cannot compare images as small as a cell, or takes no mask where one is
        given, or the mask is not of booleans, has another shape or leaves no pixel.

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
    masked = _joined(reference, image, mask)
    if masked is None:
        pristine = _validation.image("reference", reference)
        array = _validation.same_shape("image", _validation.image("image", image), pristine.shape)
        _validation.warn_of_counts("image", array, pristine)
        checked = checked_cells(cells, pristine.shape)
        return CellComparison(pristine, cells=checked, metric=as_metric(metric))(array)
    return _masked_map(np.ma.getdata(reference), np.ma.getdata(image), masked, cells, as_metric(metric))


def _joined(reference: ArrayLike, image: ArrayLike, mask: ArrayLike | None) -> NDArray[np.bool_] | None:
    """Return which pixels are left out of a cell map; None if none is."""
    shape = _validation.real_image("reference", reference).shape
    _validation.same_shape("image", _validation.real_image("image", image), shape)
    return _validation.joined_masks(shape, _validation.mask_of(reference), _validation.mask_of(image), mask)


def _masked_map(
    reference: ArrayLike, image: ArrayLike, mask: NDArray[np.bool_], cells: Any, metric: Metric
) -> NDArray[np.float64]:
    """Return a cell map for which each cell is prepared by itself, with its part of the mask."""
    if "mask" not in metric.options:
        raise ValueError(f"metric must take a mask where one is given, got {metric.key!r}, which takes none")
    counts = checked_cells(cells, mask.shape)
    pairs = zip(*(split(np.asarray(array), counts) for array in (reference, image, mask)), strict=True)
    found = [np.nan if left.all() else metric(first, second, mask=left) for first, second, left in pairs]
    return np.array(found).reshape(counts)


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
        with without_warning():  # an outlier changes its own cell alone
            self._prepared = [metric.prepare(one) for one in ([unit] if self._alike else expected)]

    def __call__(self, image: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how much each cell of an image differs, shape `cells`."""
        stack = split(image, self.cells)
        with without_warning():
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
