"""Figures from arrays and results: pure functions that return `matplotlib.figure.Figure` and keep no state.

`draw` takes a result as it is: a table by dose, a size, a study, a search, differences by metric. The other
functions take arrays.
"""

from hrtem_lab.plots._contributions import contribution_bars
from hrtem_lab.plots._curves import (
    CURVE_BOX,
    STRIP_BOTTOM,
    common_ranges,
    difference_curves,
    search_curves,
)
from hrtem_lab.plots._dose import DOSE_BOXES, dose_curves
from hrtem_lab.plots._files import to_png
from hrtem_lab.plots._images import comparison, gallery, panels
from hrtem_lab.plots._results import draw
from hrtem_lab.plots._size_pictures import size_pictures
from hrtem_lab.plots._sizes import limit_curves, size_curves

__all__ = [
    "CURVE_BOX",
    "DOSE_BOXES",
    "STRIP_BOTTOM",
    "common_ranges",
    "comparison",
    "contribution_bars",
    "difference_curves",
    "dose_curves",
    "draw",
    "gallery",
    "limit_curves",
    "panels",
    "search_curves",
    "size_curves",
    "size_pictures",
    "to_png",
]
