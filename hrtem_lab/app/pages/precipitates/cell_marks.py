"""What is drawn over and beside a map of cells, as SVG: the truth's outline and a histogram."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.rendering import overlay

TRUTH, OTHERS = "#D55E00", "#56B4E9"
"""Colours of cells that hold precipitate, and of all others."""
BINS = 32
_WIDTH, _HEIGHT, _FOOT, _HEAD = 420, 170, 34, 16


def outline(mask: NDArray[np.bool_]) -> str:
    """Return the border of a set of cells as an SVG for a picture of all cells; empty for an empty set.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (rows, columns)
    """
    padded = np.pad(mask, 1)
    rows, columns = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    path = "".join(f"M{x} {y}h1" for y, x in zip(rows, columns, strict=True))
    rows, columns = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    path += "".join(f"M{x} {y}v1" for y, x in zip(rows, columns, strict=True))
    if not path:
        return ""
    line = f'<path d="{path}" fill="none" stroke-linecap="square" vector-effect="non-scaling-stroke" '
    shapes = f'{line}stroke="#000" stroke-width="4"/>{line}stroke="{TRUTH}" stroke-width="2"/>'
    return overlay(shapes, (mask.shape[0], mask.shape[1]))


def histogram(
    differences: NDArray[np.floating], threshold: float, truth: NDArray[np.bool_] | None, *, quantity: str
) -> str:
    """Return how many cells have which difference, and the threshold, as an SVG.

    Parameters
    ----------
    differences : numpy.ndarray, shape (rows, columns)
    threshold : float
        Above which a cell counts.
    truth : numpy.ndarray of bool or None
        The cells that hold precipitate, drawn in a colour of their own; None keeps the secret.
    quantity : str
        What the differences are, for the axis.
    """
    longest = 1.05 * max(float(differences.max()), threshold, 0.1)
    counts = np.histogram(differences, BINS, (0, longest))[0]
    inside = np.zeros(BINS, int) if truth is None else np.histogram(differences[truth], BINS, (0, longest))[0]
    tallest = np.sqrt(max(counts.max(), 1))
    room = _HEIGHT - _FOOT - _HEAD
    bars = ""
    for place, (count, within) in enumerate(zip(counts, inside, strict=True)):
        top = room * np.sqrt(count) / tallest
        part = top * within / count if count else 0.0
        bars += _bar(place, 0, part, TRUTH) + _bar(place, part, top - part, OTHERS)
    x = _WIDTH * threshold / longest
    side, anchor = (5, "start") if x < 0.6 * _WIDTH else (-5, "end")
    line = (
        f'<path d="M{x:.1f} 0V{_HEIGHT - _FOOT}" stroke="#111" stroke-width="2" stroke-dasharray="5 3"/>'
        f'<text x="{x + side:.1f}" y="11" text-anchor="{anchor}">threshold {threshold:.2f}</text>'
    )
    ticks = "".join(_tick(value, longest) for value in _ticks(longest))
    label = f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 3}" text-anchor="middle">{quantity}</text>'
    axis = f'<path d="M0 {_HEIGHT - _FOOT}H{_WIDTH}" stroke="#444"/>'
    words = f"{int((differences > threshold).sum())} of {differences.size} cells above {threshold:.2f}"
    return (
        f'<svg class="hl-histogram" viewBox="-8 0 {_WIDTH + 16} {_HEIGHT}" role="img" aria-label="{words}" '
        f'font-size="12" font-family="sans-serif" fill="#222">{bars}{axis}{ticks}{label}{line}</svg>'
    )


def _bar(place: int, bottom: float, height: float, colour: str) -> str:
    if height <= 0:
        return ""
    width = _WIDTH / BINS
    y = _HEIGHT - _FOOT - bottom - height
    return (
        f'<rect x="{place * width + 0.5:.1f}" y="{y:.1f}" width="{width - 1:.1f}" height="{height:.1f}" '
        f'fill="{colour}"/>'
    )


def _ticks(longest: float) -> list[float]:
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.5) if longest / step <= 6 or step == 0.5)
    return [round(step * place, 2) for place in range(int(longest / step) + 1)]


def _tick(value: float, longest: float) -> str:
    x, y = _WIDTH * value / longest, _HEIGHT - _FOOT
    return (
        f'<path d="M{x:.1f} {y}v4" stroke="#444"/>'
        f'<text x="{x:.1f}" y="{y + 15}" text-anchor="middle">{value:g}</text>'
    )
