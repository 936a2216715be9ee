"""Diameters found against true diameters: what a method sees, how much it scatters, and what it misses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_lab.plots._words import fitting, wrapped
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT

Draws = NDArray[np.floating]
Style = Mapping[str, Any]

_STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "marker": "o"},
    {"color": "#D55E00", "marker": "s"},
    {"color": "#009E73", "marker": "^"},
    {"color": "#CC79A7", "marker": "D"},
    {"color": "#E69F00", "marker": "v"},
)


def size_curves(
    diameters: Sequence[float] | NDArray[np.integer],
    curves: Mapping[str, Draws],
    *,
    points: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    styles: Mapping[str, Style] | None = None,
    cell: float = NB3SN_LATTICE_CONSTANT,
    title: str = "",
    size: tuple[float, float] = (9.4, 5.0),
) -> Figure:
    """Return the diameters that methods find, by the true diameter, and how often they find none.

    Parameters
    ----------
    diameters : sequence of float
        True diameters in cells.
    curves : mapping of str to numpy.ndarray, shape (diameters, draws)
        Name of a method → diameters found in cells, NaN where none is detectable. The line is the mean of
        the draws that found one, the band their standard deviation.
    points : mapping of str to sequence of (float, float)
        Name of an observer → (true, found) in cells, NaN where none was found: drawn without a line.
    styles : mapping of str to mapping
        Name → colour and marker, as Matplotlib takes them; others get one by their order.
    cell : float
        Edge of a cell in Å, for the axis in nm.
    title : str
        Above the axes.
    size : (float, float)
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure
        Above: diameters in cells (left) and nm (right), the truth as a dashed line. Below: the share of
        draws in which nothing is detectable.

    Notes
    -----
    A mean over the draws that found a precipitate flatters a method that finds one rarely: read it together
    with the strip below.

    Examples
    --------
    >>> figure = size_curves([2, 4], {"sphere": np.array([[np.nan, 2.0], [4.0, 4.0]])})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['diameter found (cells)', 'none found']
    """
    figure = Figure(figsize=size)
    above = figure.add_axes((0.08, 0.29, 0.61, 0.64))
    below = figure.add_axes((0.08, 0.105, 0.61, 0.135), sharex=above)
    true = np.asarray(diameters, float)
    greatest = max(float(true.max()), 1.0)
    end = greatest + 0.6
    above.plot([0, end], [0, end], color="0.35", linestyle="--", linewidth=1, label="truth")
    names = [*curves, *(name for name in points or {} if name not in curves)]
    chosen = _chosen(names, styles)
    for name, draws in curves.items():
        _draw_curve(above, below, true, np.asarray(draws, float), name, chosen[name])
    for name, pairs in (points or {}).items():
        _draw_points(above, below, np.asarray(pairs, float).reshape(-1, 2), name, chosen[name])
    above.set(xlim=(0.4, end), ylim=(0, greatest + 2), ylabel="diameter found (cells)")
    _title(figure, above, title)
    above.tick_params(labelbottom=False)
    nm = cell / 10
    right = above.secondary_yaxis("right", functions=(partial(_times, nm), partial(_times, 1 / nm)))
    right.set_ylabel("nm")
    above.grid(alpha=0.3)
    _legend(figure, above)
    below.set(ylim=(-0.06, 1.06), yticks=[0, 1], xlabel="true diameter (cells)", ylabel="none found")
    below.set_yticklabels(["0", "100 %"], fontsize=8)
    below.set_xticks(true)
    below.grid(alpha=0.3)
    return figure


def limit_curves(
    doses: Sequence[float] | NDArray[np.floating],
    limits: Mapping[str, NDArray[np.floating]],
    *,
    styles: Mapping[str, Style] | None = None,
    greatest: float = 14,
    cell: float = NB3SN_LATTICE_CONSTANT,
    title: str = "",
    size: tuple[float, float] = (9.4, 5.0),
) -> Figure:
    """Return the smallest precipitate that methods find, by dose.

    Parameters
    ----------
    doses : sequence of float
        In e⁻/Å².
    limits : mapping of str to numpy.ndarray, shape (doses,)
        Name of a method → smallest diameter in cells, NaN where it finds none.
    styles : mapping of str to mapping
        As for `size_curves`.
    greatest : float
        Largest diameter that was tried, in cells; above it stand those that find none.
    cell : float
        Edge of a cell in Å, for the axis in nm.
    title : str
        Above the axes.
    size : (float, float)
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The logarithm of the dose in e⁻/nm² across; cells (left) and nm (right) up. What is not found stands
        in a shaded strip on top.

    Examples
    --------
    >>> figure = limit_curves([1, 10], {"sphere": np.array([np.nan, 4.0])})
    >>> figure.axes[0].get_xlabel()
    'dose (e⁻/nm²)'
    """
    figure = Figure(figsize=size)
    axes = figure.add_axes((0.08, 0.12, 0.61, 0.8))
    nowhere, nm = greatest + 1.5, 100 * np.asarray(doses, float)
    chosen = _chosen(limits, styles)
    axes.axhspan(greatest + 0.75, nowhere + 0.75, color="0.92", linewidth=0)
    axes.text(nm[-1], nowhere, "none found reliably ", ha="right", va="center", fontsize=9, color="0.3")
    for name, limit in limits.items():
        style = {"linewidth": 1.5, "markersize": 5.5, **chosen[name]}
        axes.plot(nm, np.where(np.isnan(limit), nowhere, limit), label=name, **style)
    axes.set(xscale="log", xlabel="dose (e⁻/nm²)", ylabel="smallest diameter found (cells)")
    _title(figure, axes, title)
    axes.set(
        xlim=(0.85 * nm[0], nm[-1] / 0.85), ylim=(0, nowhere + 0.75), yticks=range(0, int(greatest) + 1, 2)
    )
    axes.set_xticks(nm, [f"{dose:,.0f}".replace(",", "\u202f") for dose in nm])
    axes.minorticks_off()
    share = cell / 10
    right = axes.secondary_yaxis("right", functions=(partial(_times, share), partial(_times, 1 / share)))
    right.set(ylabel="nm", yticks=range(int(greatest * share) + 1))
    axes.grid(alpha=0.3)
    _legend(figure, axes)
    return figure


def _chosen(names: Iterable[str], styles: Mapping[str, Style] | None) -> dict[str, dict[str, Any]]:
    """Return each name's colour and marker: the given ones, or some by its order."""
    chosen = {name: dict(_STYLES[place % len(_STYLES)]) for place, name in enumerate(names)}
    return chosen | {name: dict(style) for name, style in (styles or {}).items() if name in chosen}


def _title(figure: Figure, axes: Axes, title: str) -> None:
    """Write a title that ends where the figure does, and on both sides not far beyond the axes."""
    figure_width, _ = figure.get_size_inches()
    width = axes.get_position().width * figure_width
    axes.set_title(title, fontsize=fitting(title, width + 0.6, 12.0), parse_math=False)


def _legend(figure: Figure, axes: Axes) -> None:
    """Name the curves right of the axes, in lines that end where the figure does."""
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.1, 1.0), frameon=False, fontsize=9)
    box, (figure_width, _) = axes.get_position(), figure.get_size_inches()
    room = (1 - box.x0 - 1.1 * box.width) * figure_width - 0.55  # less the lines before the names
    for text in legend.get_texts():
        text.set_text(wrapped(text.get_text(), max(room, 0.5), 9))


def _times(factor: float, values: Any) -> Any:
    return factor * values


def _draw_curve(
    above: Axes, below: Axes, true: Draws, draws: Draws, name: str, style: dict[str, Any]
) -> None:
    """Draw mean and spread of the draws that found something, and the share of those that did not."""
    seen = np.isfinite(draws)
    count = seen.sum(axis=1)
    total = np.where(seen, draws, 0).sum(axis=1)
    mean = np.divide(total, count, out=np.full(len(true), np.nan), where=count > 0)
    squares = np.where(seen, (draws - mean[:, None]) ** 2, 0).sum(axis=1)
    spread = np.sqrt(squares / np.maximum(count - 1, 1))
    above.plot(true, mean, label=name, linewidth=1.5, markersize=5, **style)
    above.fill_between(true, mean - spread, mean + spread, color=style["color"], alpha=0.2, linewidth=0)
    below.plot(true, 1 - count / draws.shape[1], linewidth=1.2, markersize=3.5, clip_on=False, **style)


def _draw_points(above: Axes, below: Axes, pairs: Draws, name: str, style: dict[str, Any]) -> None:
    """Draw single results; those without a diameter stand in the strip."""
    seen = np.isfinite(pairs[:, 1])
    marks = {**style, "linestyle": "none", "markersize": 8, "markeredgecolor": "black", "zorder": 5}
    above.plot(*pairs[seen].T, label=name, **marks)
    below.plot(pairs[~seen, 0], np.ones(int((~seen).sum())), clip_on=False, **{**marks, "markersize": 6})
