"""Pictures in rows and columns, with room for the words above and below each."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hrtem_lab.plots._words import LEADING, POINTS, lines_of, wrapped

_LEFT = 0.55
_BESIDE = 0.2
_TICKS = 0.3
_NOTE = 8.0
"""Inches left of a picture for its ticks, by which its words may be wider than itself, and below it for its
ticks; font size of the line under all."""


def picture_grid(
    above: Sequence[str],
    below: Sequence[str],
    *,
    columns: int,
    side: float,
    aspect: float = 1.0,
    fontsize: float = 9.0,
    heading: str = "",
    note: str = "",
    right: float = 0.15,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes for pictures, their words in place; nothing lies over anything else.

    Matplotlib's own layouts measure the words of pictures with a fixed aspect too small.

    Parameters
    ----------
    above, below : sequence of str
        What stands over and under each picture; long lines are broken.
    columns : int
        Pictures side by side.
    side : float
        Width of a picture in inches.
    aspect : float
        Its height divided by its width.
    fontsize : float
        Of the words.
    heading, note : str
        Over and under all.
    right : float
        Inches to leave free on the right.
    """
    columns = min(columns, len(above))
    rows = -(-len(above) // columns)
    pitch = _LEFT + side
    width = columns * pitch + right
    titles, labels = ([wrapped(text, side + _BESIDE, fontsize) for text in words] for words in (above, below))
    tops, bottoms = (
        [_tallest(words, row, columns, fontsize) for row in range(rows)] for words in (titles, labels)
    )
    head = lines_of(heading, width - 0.4, fontsize + 1) if heading else []
    foot = lines_of(note, width - 0.4, _NOTE) if note else []
    head_height, foot_height = _height(len(head), fontsize + 1), _height(len(foot), _NOTE)
    row_height = [top + side * aspect + _TICKS + bottom for top, bottom in zip(tops, bottoms, strict=True)]
    height = sum(row_height) + head_height + foot_height
    figure = Figure(figsize=(width, height))
    axes = []
    for place, (title, label) in enumerate(zip(titles, labels, strict=True)):
        row, column = divmod(place, columns)
        bottom = height - head_height - sum(row_height[:row]) - tops[row] - side * aspect
        box = ((_LEFT + column * pitch) / width, bottom / height, side / width, side * aspect / height)
        axes.append(figure.add_axes(box))
        axes[-1].set_title(title, fontsize=fontsize, parse_math=False)
        axes[-1].set_xlabel(label, fontsize=fontsize, parse_math=False)
        axes[-1].tick_params(labelsize=8)
    if head:
        figure.suptitle("\n".join(head), fontsize=fontsize + 1, y=1 - 0.08 / height, va="top")
    if foot:
        figure.supxlabel("\n".join(foot), fontsize=_NOTE, y=0.06 / height, va="bottom")
    return figure, axes


def room_for_bar(figure: Figure, picture: Axes) -> Axes:
    """Return axes for a colour bar, right of a picture that has room there."""
    left, bottom, width, height = picture.get_position().bounds
    inch = 1 / figure.get_size_inches()[0]
    return figure.add_axes((left + width + 0.12 * inch, bottom, 0.12 * inch, height))


def _tallest(words: Sequence[str], row: int, columns: int, fontsize: float) -> float:
    """Return the inches that the words of a row take."""
    texts = words[row * columns : (row + 1) * columns]
    return max(_height(text.count("\n") + 1 if text else 0, fontsize) for text in texts)


def _height(lines: int, fontsize: float) -> float:
    """Return the inches that so many lines take, with a margin."""
    return lines * LEADING * fontsize / POINTS + 0.14
