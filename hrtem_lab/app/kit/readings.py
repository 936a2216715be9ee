"""The values of the metrics as HTML: each with a bar, a number, a mark at the threshold, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from hrtem_lab.metrics import METRICS, Metric, family
from hrtem_lab.style import metric_colour, metric_symbol

SHOWN = ("paper", "electrons")
"""The families of metrics that pages show."""


def shown() -> dict[str, Metric]:
    """Return the metrics that pages show, by key."""
    return family(*SHOWN)


def by_label() -> dict[str, str]:
    """Return the key of every metric shown by its label, for a control that chooses one."""
    return {metric.label: key for key, metric in shown().items()}


def verdict(key: str, difference: float) -> str:
    """Return in words whether a difference is above the paper's threshold."""
    threshold = METRICS[key].threshold
    if threshold is None:
        return "no threshold"
    return f"below {threshold:g}" if difference <= threshold else f"above {threshold:g}"


def table(differences: Mapping[str, float]) -> str:
    """Return the differences as rows of symbol, label, bar, number and verdict.

    Parameters
    ----------
    differences : mapping of str to float
        Key of the metric → difference from 0 to 1.
    """
    rows = "".join(_row(key, value) for key, value in differences.items())
    return f'<table class="hl-numbers"><tbody>{rows}</tbody></table>'


def _row(key: str, value: float) -> str:
    metric, colour = METRICS[key], metric_colour(key)
    tick = ""
    if metric.threshold is not None:
        tick = f'<i class="hl-tick" style="left:{100 * metric.threshold:.1f}%"></i>'
    word = verdict(key, value)
    return (
        f'<tr data-metric="{key}" title="{escape(metric.misleads)}">'
        f'<th scope="row"><span style="color:{colour}">{metric_symbol(key)}</span> {metric.label}</th>'
        f'<td class="hl-value">{value:.3f}</td>'
        f'<td class="hl-bar"><div><b style="width:{100 * min(value, 1):.1f}%;background:{colour}"></b>{tick}'
        f'</div></td><td class="hl-word hl-{word.split()[0]}">{word}</td></tr>'
    )
