"""Matplotlib's figures as PNG bytes in a kernel that lives for hours."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 130


def encode_figure(figure: Figure) -> bytes:
    """Return a figure as a PNG for the page, and free what it held once the caller lets go of it.

    Figures are cycles of references, which pile up to tens of megabytes until a full collection. Setting
    the imported modules aside, once, makes a collection take milliseconds.
    """
    from hrtem_lab.plots import to_png  # noqa: PLC0415

    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
    data = to_png(figure, dpi=DPI)
    figure.clear()
    gc.collect()
    return data
