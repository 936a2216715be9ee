"""Words in figures: how wide they are, and how they break into lines."""

from __future__ import annotations

from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

POINTS = 72
"""Points in an inch."""
LEADING = 1.3
"""Distance of two lines of text, in units of the font size; Matplotlib's own is a little less."""
_HINTED = 1.08
"""By how much letters on the pixels of a file are wider than drawn ones: each is a whole number of pixels."""


@lru_cache(maxsize=2000)
def width_of(text: str, fontsize: float) -> float:
    """Return the width in inches of one line of text in Matplotlib's default font."""
    width, _, _ = TextToPath().get_text_width_height_descent(
        text, FontProperties(size=fontsize), ismath=False
    )
    return _HINTED * float(width) / POINTS


def lines_of(text: str, width: float, fontsize: float) -> list[str]:
    """Return the lines of a text that is no wider than `width` inches.

    A no-break space keeps two words in one line, and becomes a space. A word wider than a line is cut.
    """
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if width_of(longer, fontsize) <= width:
                line = longer
                continue
            *whole, line = _pieces(word, width, fontsize)
            lines += [longer[: -len(word)].rstrip(), *whole] if longer != word else whole
        lines.append(line)
    return [line.replace("\u00a0", " ") for line in lines]


def wrapped(text: str, width: float, fontsize: float) -> str:
    """Return a text with line breaks, so that it is no wider than `width` inches."""
    return "\n".join(lines_of(text, width, fontsize))


def fitting(text: str, width: float, fontsize: float) -> float:
    """Return the font size, at most `fontsize`, at which one line of text is no wider than `width` inches."""
    return min(fontsize, fontsize * width / max(width_of(text, fontsize), 1e-6))


def _pieces(word: str, width: float, fontsize: float) -> list[str]:
    """Cut a word into parts that fit in a line each."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and width_of(pieces[-1] + letter, fontsize) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
