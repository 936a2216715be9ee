"""The methods of the stored study on the pages: which one the reader has chosen, its name and its look."""

from __future__ import annotations

from typing import Any

from hrtem_lab.app.pages.precipitates.specimen import Measurement
from hrtem_lab.sizing import SIZERS, stored_study, study_methods

IDEAL, BEST, PAPER = "ideal", "sphere", "fixed"
"""The methods of which the chapter tells most: the bound, our best, and the paper's."""


def study_method(measurement: Measurement) -> str | None:
    """Return under which name the study holds a method, or None if it does not: its reference is exact."""
    if not measurement.exact:
        return None
    chosen, known = (measurement.row, measurement.options), study_methods()
    stored = (name for name in stored_study().methods if name in known)
    return next((name for name in stored if (known[name].row, known[name].options) == chosen), None)


def study_words(method: str) -> str:
    """Return the name on the pages of a method of the study.

    Examples
    --------
    >>> study_words("otsu_compact")
    'Otsu, one connected group'
    """
    return study_methods()[method].label


def study_style(method: str) -> dict[str, Any]:
    """Return colour, marker and line of a method of the study: the same in every figure.

    Examples
    --------
    >>> study_style("otsu_compact")["color"] == study_style("otsu")["color"]
    True
    """
    row = study_methods()[method].row
    return {"color": row.colour, "marker": row.marker, "linestyle": "-" if method == row.key else ":"}


def in_tables() -> list[str]:
    """Return the methods that the tables show, from left to right; the stored study must hold them."""
    stored = stored_study().methods
    columns = [(row.column, key) for key, row in SIZERS.items() if row.column is not None and key in stored]
    return [key for _, key in sorted(columns)]
