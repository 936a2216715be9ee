"""The values of the metrics as HTML: each with a bar, a number, a mark at the threshold, and a verdict."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from html import escape

from numpy.typing import ArrayLike

from hrtem_lab.metrics import METRICS, Metric, Prepared, PreparedSIFT, family
from hrtem_lab.style import metric_colour, metric_symbol

SHOWN = ("paper", "electrons")
"""The families of metrics that pages show."""
PHASES = 8
"""On so many positions of the pixel grid pages compute SIFT for its band."""


def shown() -> dict[str, Metric]:
    """Return the metrics that pages show, by key."""
    return family(*SHOWN)


def by_label() -> dict[str, str]:
    """Return the key of every metric shown by its label, for a control that chooses one."""
    return {metric.label: key for key, metric in shown().items()}


def verdict(key: str, lowest: float, highest: float | None = None) -> str:
    """Return in words whether a difference, or the range of one, is above the paper's threshold.

    Parameters
    ----------
    key : str
        Key of the metric.
    lowest, highest : float
        The ends of the range; without the second, the difference itself.
    """
    threshold = METRICS[key].threshold
    if threshold is None:
        return "no threshold"
    if lowest > threshold:
        return f"above {threshold:g}"
    straddles = highest is not None and highest > threshold
    return f"around {threshold:g}" if straddles else f"below {threshold:g}"


def bands(
    prepared: Mapping[str, Prepared], image: ArrayLike
) -> Generator[None, None, dict[str, tuple[float, float]]]:
    """Return the bands of a table: the range of SIFT over positions of the pixel grid.

    Each position takes milliseconds, so there is a `yield` after each, as in a page's `refine`:
    ``found = yield from readings.bands(prepared, image)``.

    Parameters
    ----------
    prepared : mapping of str to Prepared
        Key of the metric → its comparison prepared for the reference. Metrics other than SIFT get no band.
    image : array_like
        The image that is compared.
    """
    found = {}
    for key, comparison in prepared.items():
        if isinstance(comparison, PreparedSIFT):
            values = []
            for value in comparison.at_phases(image, phases=PHASES):
                values.append(value)
                yield
            found[key] = min(values), max(values)
    return found


def table(differences: Mapping[str, float], bands: Mapping[str, tuple[float, float]] | None = None) -> str:
    """Return the differences as rows of symbol, label, bar, number and verdict.

    Parameters
    ----------
    differences : mapping of str to float
        Key of the metric → difference from 0 to 1.
    bands : mapping of str to (float, float), optional
        Key of the metric → lowest and highest value that is as good as the difference. It is shown on the
        bar and beside the number; where it reaches from one side of the threshold to the other, the verdict
        is "around". An empty mapping keeps the place for bands that are still computed.
    """
    rows = "".join(_row(key, value, bands) for key, value in differences.items())
    return f'<table class="hl-numbers"><tbody>{rows}</tbody></table>'


def _row(key: str, value: float, bands: Mapping[str, tuple[float, float]] | None) -> str:
    metric, colour = METRICS[key], metric_colour(key)
    band = (bands or {}).get(key)
    tick = ""
    if metric.threshold is not None:
        tick = f'<i class="hl-tick" style="left:{100 * metric.threshold:.1f}%"></i>'
    lowest, highest = (min(value, *band), max(value, *band)) if band else (value, value)
    word = verdict(key, lowest, highest)
    bar = f'<b style="width:{100 * min(value, 1):.1f}%;background:{colour}"></b>'
    if band:
        left, right = 100 * min(lowest, 1), 100 * min(highest, 1)
        bar += f'<i class="hl-band" style="left:{left:.1f}%;right:{100 - right:.1f}%"></i>'
    text = f"({lowest:.2f}–{highest:.2f})" if band else ""
    range_cell = "" if bands is None else f'<td class="hl-range">{text}</td>'
    return (
        f'<tr data-metric="{key}" title="{escape(metric.misleads)}">'
        f'<th scope="row"><span style="color:{colour}">{metric_symbol(key)}</span> {metric.label}</th>'
        f'<td class="hl-value">{value:.3f}</td>{range_cell}'
        f'<td class="hl-bar"><div>{bar}{tick}</div></td>'
        f'<td class="hl-word hl-{word.split()[0]}">{word}</td></tr>'
    )
