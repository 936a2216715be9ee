"""What a method makes of one image of a precipitate."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_lab.plots._grid import picture_grid, room_for_bar
from hrtem_lab.sizing import Size

_TRUTH = "#E69F00"


def size_pictures(
    image: NDArray[np.floating],
    size: Size,
    *,
    truth: NDArray[np.bool_] | None = None,
    titles: tuple[str, str] = ("image", "map of cells"),
    white: float | None = None,
    field_of_view: tuple[float, float],
) -> Figure:
    """Return an image, its map of cells and the cells counted as precipitate, side by side.

    Parameters
    ----------
    image : numpy.ndarray, shape (rows, columns)
        Intensity, relative to the incident beam.
    size : hrtem_lab.sizing.Size
        What a method says of it.
    truth : numpy.ndarray of bool, shape of the map
        Cells that hold precipitate, outlined in orange in map and mask.
    titles : (str, str)
        Of the image, and what the numbers of the map are.
    white : float
        Intensity shown white; by default the image's greatest. 0 is black.
    field_of_view : (float, float)
        Height and width in Å.

    Returns
    -------
    matplotlib.figure.Figure
        Axes are in nm; the map runs from 0 to 1.
    """
    white = float(image.max()) if white is None else white
    counted = f"{int(size.mask.sum())} of {size.mask.size} cells counted"
    outline = "" if truth is None else "; orange: the true outline"
    figure, axes = picture_grid(
        [*titles, counted],
        ["nm"] * 3,
        columns=3,
        side=3.6,
        aspect=field_of_view[0] / field_of_view[1],
        note=f"image: black 0, white {white:.2f} of the incident beam{outline}",
        right=0.95,
    )
    extent = (0.0, field_of_view[1] / 10, field_of_view[0] / 10, 0.0)
    axes[0].imshow(image, cmap="gray", vmin=0, vmax=white, extent=extent)
    drawn = axes[1].imshow(size.map, cmap="cividis", vmin=0, vmax=1, extent=extent, interpolation="nearest")
    axes[2].imshow(size.mask, cmap="gray", vmin=-0.25, vmax=1.1, extent=extent, interpolation="nearest")
    figure.colorbar(drawn, cax=room_for_bar(figure, axes[2]), label="map of cells")
    if truth is not None and truth.any():
        for panel in axes[1:]:
            panel.plot(*_outline(truth, extent), color=_TRUTH, linewidth=1.4)
    return figure


def _outline(
    cells: NDArray[np.bool_], extent: tuple[float, float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of the edges between cells inside and outside, with NaN between two edges."""
    padded = np.pad(cells, 1)
    rows, columns = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    down, across = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    gap = np.full(len(rows), np.nan), np.full(len(down), np.nan)
    x = np.concatenate(
        [np.stack([columns, columns + 1, gap[0]], 1).ravel(), np.stack([across, across, gap[1]], 1).ravel()]
    )
    y = np.concatenate(
        [np.stack([rows, rows, gap[0]], 1).ravel(), np.stack([down, down + 1, gap[1]], 1).ravel()]
    )
    return x * extent[1] / cells.shape[1], y * extent[2] / cells.shape[0]
