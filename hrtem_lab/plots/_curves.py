"""Every metric's difference as a curve: along a parameter, along a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_lab.edge_cases import acceptable_ranges
from hrtem_lab.extremes import StoredRun
from hrtem_lab.plots._looks import Drawn, looks

CURVE_BOX = (0.07, 0.32, 0.745, 0.64)
"""Left, bottom, width and height of the curves' axes as fractions of their figure."""
STRIP_BOTTOM = 0.155
"""Lower end, as a fraction of the figure, of the bars under the curves."""


def difference_curves(
    positions: Sequence[float] | NDArray[np.floating],
    differences: Mapping[str, Sequence[float] | NDArray[np.floating]],
    *,
    label: str,
    limits: tuple[float, float] | None = None,
    size: tuple[float, float] = (9.0, 3.8),
) -> Figure:
    """Return every metric's difference along one parameter, with thresholds and acceptable ranges.

    Parameters
    ----------
    positions : sequence of float
        The parameter.
    differences : mapping of str to sequence of float
        Key of the metric → differences from 0 to 1; NaN where not computed.
    label : str
        The parameter's name and unit.
    limits : (float, float)
        Ends of the horizontal axis; by default the first and last position.
    size : (float, float)
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The band marks where every metric with a threshold stays below it; the bars under the axes
        show the same for each metric alone.
    """
    x = np.asarray(positions, float)
    low, high = limits or (x[0], x[-1])
    figure = Figure(figsize=size)
    axes = figure.add_axes(CURVE_BOX)
    drawn = looks(differences)
    for key, values in differences.items():
        axes.plot(
            x,
            values,
            color=drawn[key].colour,
            marker=drawn[key].marker,
            markersize=4,
            linewidth=1.5,
            label=drawn[key].label,
            clip_on=False,
        )
    axes.set(xlim=(low, high), ylim=(0, 1), ylabel="difference")
    axes.grid(alpha=0.3)
    axes.tick_params(labelbottom=False)
    _mark_thresholds(axes, drawn)
    _mark_ranges(figure, axes, x, differences, label)
    axes.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), frameon=False, handlelength=1.4)
    return figure


def _mark_thresholds(axes: Axes, drawn: Mapping[str, Drawn]) -> None:
    """Draw each threshold as a line and a word; words that would collide are moved apart."""
    last = -1.0
    thresholds = [(look.threshold, look) for look in drawn.values() if look.threshold is not None]
    for threshold, look in sorted(thresholds, key=lambda item: item[0]):
        axes.axhline(threshold, color=look.colour, linewidth=1, linestyle=":")
        place = max(threshold, last + 0.075)
        last = place
        axes.annotate(
            f"{look.label} threshold {threshold:g}",
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7.5,
            color=look.colour,
        )


def _mark_ranges(
    figure: Figure,
    axes: Axes,
    x: NDArray[np.floating],
    differences: Mapping[str, Sequence[float] | NDArray[np.floating]],
    label: str,
) -> None:
    left, bottom, width, _ = CURVE_BOX
    strip = figure.add_axes((left, STRIP_BOTTOM, width, bottom - STRIP_BOTTOM - 0.02), sharex=axes)
    drawn = looks(differences)
    judged = [key for key in differences if drawn[key].threshold is not None]
    for row, key in enumerate(judged):
        for start, end in acceptable_ranges(x, differences[key], drawn[key].threshold or 0):
            strip.plot([start, end], [row, row], color=drawn[key].colour, linewidth=5, solid_capstyle="butt")
    for start, end in common_ranges(x, {key: differences[key] for key in judged}):
        axes.axvspan(start, end, color="0.85", zorder=0)
        strip.axvspan(start, end, color="0.85", zorder=0)
    strip.set(ylim=(len(judged) - 0.4, -0.6), yticks=[], xlabel=label)
    strip.annotate(
        "acceptable: bar, by one\nmetric; band, by all",
        (1.01, 0.5),
        xycoords="axes fraction",
        va="center",
        fontsize=7.5,
    )


def common_ranges(
    positions: Sequence[float] | NDArray[np.floating],
    differences: Mapping[str, Sequence[float] | NDArray[np.floating]],
) -> list[tuple[float, float]]:
    """Return the intervals in which every metric that has a threshold stays below it.

    Parameters
    ----------
    positions : sequence of float
        The parameter, increasing.
    differences : mapping of str to sequence of float
        Key of the metric → differences.

    Returns
    -------
    list of (float, float)
        Start and end of each interval; empty if no metric has a threshold.

    Examples
    --------
    >>> common_ranges([0, 1], {"mse": [0.0, 0.14], "sift": [0.0, 0.18]})
    [(0.0, 0.5)]
    """
    common: list[tuple[float, float]] | None = None
    for key, look in looks(differences).items():
        values, threshold = differences[key], look.threshold
        if threshold is None:
            continue
        own = acceptable_ranges(positions, values, threshold)
        common = own if common is None else _intersections(common, own)
    return common or []


def _intersections(
    first: list[tuple[float, float]], second: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Return where intervals of both lists overlap."""
    overlaps = ((max(a, c), min(b, d)) for a, b in first for c, d in second)
    return sorted((start, end) for start, end in overlaps if start <= end)


def search_curves(
    steps: Sequence[int] | NDArray[np.integer] | StoredRun,
    differences: Mapping[str, Sequence[float] | NDArray[np.floating]] | None = None,
    *,
    stored: Mapping[str, float] | None = None,
    size: tuple[float, float] = (9.0, 3.2),
) -> Figure:
    """Return every metric's difference along the steps of a search.

    Parameters
    ----------
    steps : sequence of int, or StoredRun
        Proposals made so far; or a run from `hrtem_lab.extremes.load_stored`, which tells everything.
    differences : mapping of str to sequence of float
        Key of the metric → difference at those steps.
    stored : mapping of str to float
        Key of the metric → the value of a long run, drawn as a line.
    size : (float, float)
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if isinstance(steps, StoredRun):
        history = dict(steps.history)
        steps, differences = history.pop("step"), history
    if differences is None:
        raise TypeError("search_curves needs a StoredRun, or steps and differences, got steps alone")
    figure = Figure(figsize=size)
    axes = figure.add_axes((0.07, 0.17, 0.745, 0.78))
    drawn = looks({**differences, **(stored or {})})
    for key, values in differences.items():
        axes.plot(steps, values, color=drawn[key].colour, linewidth=1.6, label=drawn[key].label)
        axes.plot(steps[-1:], values[-1:], color=drawn[key].colour, marker=drawn[key].marker, clip_on=False)
    for key, value in (stored or {}).items():
        axes.axhline(value, color=drawn[key].colour, linewidth=1, linestyle="--")
        axes.annotate(
            f"long run {value:.3f}",
            (1.01, value),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            color=drawn[key].colour,
        )
    axes.set(xlim=(0, max(steps[-1], 100)), ylim=(0, 1), xlabel="proposals", ylabel="difference")
    axes.grid(alpha=0.3)
    figure.legend(loc="lower right", bbox_to_anchor=(0.995, 0.02), frameon=False, fontsize=9)
    return figure
