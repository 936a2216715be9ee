"""Figures as files."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


def to_png(figure: Figure, *, dpi: float = 150) -> bytes:
    """Return a figure as a PNG file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    dpi : float
        Pixels per inch.

    Returns
    -------
    bytes
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()
