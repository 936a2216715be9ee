"""What the reader saves of chapter 6, as tables and a figure; no widgets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.pages.precipitates.draws import SizeDraws
from hrtem_lab.sizing import Size, Specimen
from hrtem_lab.sizing.specimens import CELL, WHOLE_VIEW

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OWN_HEADER = (
    "true diameter (cells)",
    "true diameter (nm)",
    "exposure",
    "diameter found (cells)",
    "diameter found (nm)",
)


def results(size: Size, specimen: Specimen) -> list[tuple[str, object]]:
    """Return what a method says of an exposure, as names with units and values; NaN: nothing found."""
    values = (size.diameter_in_cells, size.diameter / 10, size.low / 10, size.high / 10)
    names = (
        "diameter found (cells)",
        "diameter found (nm)",
        "95 % interval from (nm)",
        "95 % interval to (nm)",
    )
    told: list[tuple[str, object]] = [("what is wrong", " ".join(size.problems))] if size.problems else []
    fits = (("fit outside (reduced χ²)", size.fit_outside), ("fit inside (reduced χ²)", size.fit_inside))
    told += [(name, value) for name, value in fits if np.isfinite(value)]
    wrong = ("misclassified cells", size.misclassified(specimen.truth))
    return [*zip(names, values, strict=True), *told, wrong]


def cell_rows(size: Size, truth: NDArray[np.bool_]) -> Iterator[list[object]]:
    """Yield row, column, the number of the map, whether it counts, and the truth, for every cell."""
    for row, column in np.ndindex(size.map.shape):
        counted, true = int(size.mask[row, column]), int(truth[row, column])
        yield [row + 1, column + 1, size.map[row, column], counted, true]


def own_rows(draws: SizeDraws) -> Iterator[list[object]]:
    """Yield what was found in every complete exposure of the reader's own study, see `OWN_HEADER`.

    Raises
    ------
    ValueError
        If no exposure of every diameter is complete.
    """
    if not draws.complete:
        raise ValueError(
            "Your own exposures are saved once every diameter has one, got none: "
            "press “Measure with my noise”"
        )
    nm = CELL / 10
    for place, found in enumerate(draws.found):
        for number, diameter in enumerate(found.tolist()):
            yield [place + 1, (place + 1) * nm, number, diameter, diameter * nm]


def pictures(
    image: NDArray[np.floating],
    size: Size,
    truth: NDArray[np.bool_] | None,
    *,
    quantity: str,
    words: str,
    white: float,
) -> Figure:
    """Return the page's three pictures as a figure: the image, the map of cells, the cells counted.

    Parameters
    ----------
    image : numpy.ndarray, shape (rows, columns)
        The exposure.
    size : Size
        What a method says of it.
    truth : numpy.ndarray of bool or None
        The cells that hold precipitate, to be outlined; None keeps the secret.
    quantity : str
        What the numbers of the map are.
    words : str
        How the image was exposed.
    white : float
        Intensity shown white.
    """
    from hrtem_lab.plots import size_pictures  # noqa: PLC0415

    return size_pictures(
        image, size, truth=truth, titles=(f"Image {words}", quantity), white=white, field_of_view=WHOLE_VIEW
    )
