"""How the contributions of several disturbances add."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from hrtem_lab.plots._looks import looks

# Opacity and hatch of the parts from the lowest up: told apart without colour, too.
_STYLES = ((0.85, ""), (0.5, ""), (0.2, "///"))
_WIDTH = 0.36


def contribution_bars(
    parts: Mapping[str, Mapping[str, float]],
    together: Mapping[str, float],
    *,
    size: tuple[float, float] = (9.0, 3.4),
) -> Figure:
    """Return, for every metric, the parts' differences on top of each other beside the difference of all.

    Parameters
    ----------
    parts : mapping of str to mapping of str to float
        Up to three names of a part → key of the metric → what it adds.
    together : mapping of str to float
        Key of the metric → difference of the image with all parts.
    size : (float, float)
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The numbers over the bars are the sum of the parts and the difference of all.
    """
    figure = Figure(figsize=size)
    axes = figure.add_axes((0.07, 0.1, 0.72, 0.86))
    sums = {key: sum(values[key] for values in parts.values()) for key in together}
    drawn = looks(together)
    # A part may be negative: then the top of the bar is above the sum.
    tops = {
        key: max(0.0, *accumulate(values[key] for values in parts.values())) if parts else 0.0
        for key in together
    }
    for place, (key, whole) in enumerate(together.items()):
        _stack(axes, place - 0.2, [values[key] for values in parts.values()], drawn[key].colour)
        axes.bar(place + 0.2, whole, _WIDTH, color="white", edgecolor=drawn[key].colour, linewidth=2.5)
        for x, number, top in ((place - 0.2, sums[key], tops[key]), (place + 0.2, whole, max(whole, 0))):
            axes.annotate(f"{number:.2f}", (x, top + 0.015), ha="center", fontsize=9)
    axes.set(ylim=(0, 1.1 * max(1, *tops.values())), xlim=(-0.6, len(together) - 0.4), ylabel="difference")
    axes.set_xticks(range(len(together)), [drawn[key].label for key in together])
    axes.tick_params(axis="x", length=0, labelsize=10)
    axes.axhline(1, color="0.4", linewidth=1, linestyle=":")
    axes.annotate("1, the maximum", (1.01, 1), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    _legend(figure, list(parts))
    return figure


def _stack(axes: Axes, place: float, heights: list[float], colour: str) -> None:
    bottom = 0.0
    for height, (opacity, hatch) in zip(heights, _STYLES, strict=False):
        axes.bar(place, height, _WIDTH, bottom=bottom, color=(colour, opacity), hatch=hatch, edgecolor=colour)
        bottom += height


def _legend(figure: Figure, names: list[str]) -> None:
    patches = [
        Patch(facecolor=("black", opacity), hatch=hatch, edgecolor="black", label=name)
        for name, (opacity, hatch) in zip(names, _STYLES, strict=False)
    ]
    whole = Patch(facecolor="white", edgecolor="black", linewidth=2, label="all at once")
    figure.legend(
        handles=[whole, *reversed(patches)],
        title="right bar, then the left\nfrom the top down",
        title_fontsize=8,
        loc="lower left",
        bbox_to_anchor=(0.795, 0.1),
        frameon=False,
        fontsize=9,
    )
