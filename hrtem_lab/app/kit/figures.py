"""Matplotlib figures as PNG bytes, without a growing memory in a kernel that runs for hours."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 130


def encode_figure(figure: Figure) -> bytes:
    """Return a figure as a PNG for the page, and free the figure's memory.

    Figures contain cycles of references. These add up to tens of megabytes until a full garbage collection.
    The imported modules are excluded from collections once (`gc.freeze`), so a collection takes milliseconds.
    """
    from hrtem_lab.plots import to_png  # noqa: PLC0415

    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
    data = to_png(figure, dpi=DPI)
    figure.clear()
    gc.collect()
    return data
