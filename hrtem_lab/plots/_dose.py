"""What becomes of metrics as electrons get fewer: differences, discriminability and the limit by dose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_lab.plots._looks import Drawn, looks, top

DOSE_BOXES = ((0.055, 0.125, 0.365, 0.72), (0.545, 0.125, 0.30, 0.72))
"""Left, bottom, width and height of the two axes as fractions of their figure."""

Draws = NDArray[np.floating]


def dose_curves(
    doses: NDArray[np.floating],
    metric: str,
    same: Draws,
    other: Draws,
    areas: Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]],
    ideal: NDArray[np.floating] | None = None,
    *,
    names: tuple[str, str] = ("same", "other"),
    limits: tuple[float, float] | None = None,
    size: tuple[float, float] = (11.0, 4.4),
) -> Figure:
    """Return a metric's difference by dose for two materials, and how well all metrics tell them apart.

    Parameters
    ----------
    doses : numpy.ndarray, shape (doses,)
        Incident electrons per Å².
    metric : str
        Key of the metric on the left.
    same, other : numpy.ndarray, shape (doses, draws)
        Its differences; the band is the mean ± the standard deviation of the draws.
    areas : mapping of str to (area, low, high)
        Key of a metric → area under the ROC curve with the ends of its interval, each of shape (doses,);
        metrics that are left out are not drawn.
    ideal : numpy.ndarray, shape (doses,), optional
        The ideal observer's area, drawn in both axes.
    names : (str, str)
        What the two materials are called.
    limits : (float, float)
        Ends of the dose axis in e⁻/Å²; by default the first and last dose.
    size : (float, float)
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure
        Dose axes are logarithmic, in e⁻/nm² below and in e⁻/Å² above. `draw` makes the same figure of a
        table from `hrtem_lab.dose.discriminability`.
    """
    drawn = looks([metric, *(key for key in areas if key != metric)])
    figure = Figure(figsize=size)
    left, right = (figure.add_axes(box) for box in DOSE_BOXES)
    nm = np.asarray(doses, float) * 100
    low, high = limits or (float(doses[0]), float(doses[-1]))
    _draw_differences(left, nm, drawn[metric], (same, other), names)
    if ideal is not None:
        _draw_ideal_beside(left, nm, ideal)
    _draw_areas(right, nm, metric, areas, ideal, drawn)
    for axes in (left, right):
        dose_axis(axes, (low, high))
    left.set_zorder(2)
    left.patch.set_visible(False)
    return figure


def dose_axis(axes: Axes, limits: tuple[float, float]) -> None:
    """Make the horizontal axis a logarithmic one of doses between the limits, in e⁻/Å², in both units."""
    low, high = limits if limits[1] > limits[0] else (limits[0] / 2, limits[1] * 2)
    axes.set(xscale="log", xlim=(100 * low, 100 * high), xlabel="dose (e⁻/nm²)")
    axes.grid(alpha=0.3)
    above = axes.secondary_xaxis("top", functions=(_to_angstrom, _to_nm))
    above.set_xlabel("e⁻/Å²", fontsize=8)
    above.tick_params(labelsize=8)
    for axis in (axes.xaxis, above.xaxis):
        axis.set_major_formatter(_plain)


def _draw_differences(
    axes: Axes, nm: NDArray[np.floating], look: Drawn, draws: tuple[Draws, Draws], names: tuple[str, str]
) -> None:
    colour, marker = look.colour, look.marker
    for values, name, line, face in zip(draws, names, ("-", "--"), (colour, "white"), strict=True):
        mean = values.mean(axis=1)
        (drawn,) = axes.plot(nm, mean, color=colour, linestyle=line, label=name, clip_on=False)
        drawn.set(marker=marker, markersize=4, markerfacecolor=face)
        if values.shape[1] > 1:
            spread = values.std(axis=1, ddof=1)
            axes.fill_between(nm, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    axes.set(ylim=(0, top(*(float(np.nanmax(one)) for one in draws))), ylabel=f"{look.label} difference")
    count = draws[0].shape[1]
    words = f"band: ± standard deviation of {count} exposures" if count > 1 else "1 exposure at each dose"
    axes.legend(loc="lower left", frameon=True, framealpha=0.85, fontsize=8, title=words, title_fontsize=7.5)


def _draw_ideal_beside(axes: Axes, nm: NDArray[np.floating], ideal: NDArray[np.floating]) -> None:
    """Draw the ideal observer's area against an axis of its own on the right."""
    beside = axes.twinx()
    beside.plot(nm, ideal, color="black", linewidth=1.2, linestyle=":")
    beside.set(ylim=(0.5, 1.005))
    beside.set_ylabel("AUC of the ideal observer (dotted)", fontsize=8)
    beside.tick_params(labelsize=8)


def _draw_areas(
    axes: Axes,
    nm: NDArray[np.floating],
    chosen: str,
    areas: Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]],
    ideal: NDArray[np.floating] | None,
    drawn: Mapping[str, Drawn],
) -> None:
    for key, (area, low, high) in areas.items():
        look = drawn[key]
        (line,) = axes.plot(nm, area, color=look.colour, label=look.label, clip_on=False)
        line.set(marker=look.marker, markersize=4, linewidth=1.4)
        if key == chosen:
            axes.fill_between(nm, low, high, color=look.colour, alpha=0.2, linewidth=0)
    if ideal is not None:
        axes.plot(nm, ideal, color="black", linewidth=2, label="ideal observer", zorder=1)
    axes.axhline(0.95, color="0.4", linewidth=0.8, linestyle="--")
    axes.annotate("0.95", (1.01, 0.95), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    # Points on the edge are drawn whole, so the axis must hold all of them.
    least = min((float(np.nanmin(area)) for area, *_ in areas.values() if np.isfinite(area).any()), default=1)
    axes.set(ylim=(min(0.35, least - 0.03), 1.005), ylabel="AUC: are they told apart?")
    axes.axhline(0.5, color="0.4", linewidth=0.8)
    axes.annotate("guessing", (1.01, 0.5), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    words = f"band: 95 % interval,\n{drawn[chosen].label}" if chosen in areas else None
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.03, 0.9),
        frameon=False,
        fontsize=8,
        title=words,
        title_fontsize=7.5,
        alignment="left",
    )


def _to_angstrom(dose: Any) -> Any:
    return dose / 100


def _to_nm(dose: Any) -> Any:
    return dose * 100


def _plain(value: float, _place: float) -> str:
    """Return a power of ten as a number with thousands set apart."""
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 1 else f"{value:g}"
