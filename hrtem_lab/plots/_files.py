"""Figures as files."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from hrtem_lab.plots._words import LEADING, POINTS, lines_of

_CAPTION_SIZE = 6.5
_MARGIN = 0.1


def to_png(
    figure: Figure, *, dpi: float = 150, caption: str = "", about: Mapping[str, str] | None = None
) -> bytes:
    """Return a figure as a PNG file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Stays as it is.
    dpi : float
        Pixels per inch.
    caption : str
        Small text in a strip that is added below the figure, broken into lines; "" adds none.
    about : mapping of str to str
        Text chunks of the file, such as ``{"Title": "…", "Creation Time": "…"}``; Pillow reads them with
        ``Image.open(file).text``.

    Returns
    -------
    bytes

    Examples
    --------
    >>> import io
    >>> from matplotlib.figure import Figure
    >>> from PIL import Image
    >>> file = to_png(Figure(figsize=(2, 1)), dpi=100, caption="5000 e⁻/nm²", about={"Title": "Dose"})
    >>> picture = Image.open(io.BytesIO(file))
    >>> picture.text["Title"], picture.width, picture.height > 100
    ('Dose', 200, True)
    """
    stream = io.BytesIO()
    metadata = dict(about or {})
    if not caption:
        figure.savefig(stream, format="png", dpi=dpi, metadata=metadata)
        return stream.getvalue()
    width, height = figure.get_size_inches()
    lines = lines_of(caption, width - 2 * _MARGIN, _CAPTION_SIZE)
    strip = (len(lines) + 0.5) * LEADING * _CAPTION_SIZE / POINTS + _MARGIN
    strip = math.ceil(strip * dpi) / dpi  # whole pixels, on which the figure's own then stay
    # The strip lies below the figure's own area, so nothing in the figure moves or is covered.
    words = figure.text(
        _MARGIN / width,
        -0.3 * _MARGIN / height,
        "\n".join(lines),
        fontsize=_CAPTION_SIZE,
        color="0.25",
        va="top",
        parse_math=False,
        in_layout=False,
    )
    try:
        area = Bbox([[0, -strip], [width, height]])
        figure.savefig(stream, format="png", dpi=dpi, bbox_inches=area, metadata=metadata)
    finally:
        words.remove()
    return stream.getvalue()
