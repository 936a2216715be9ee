"""Bars of what each disturbance adds, as HTML: fast enough to be drawn at every move of a slider."""

from __future__ import annotations

from collections.abc import Mapping

from hrtem_lab.metrics import METRICS
from hrtem_lab.style import metric_colour, metric_symbol

# Opacity of the parts from left to right. The last part is hatched, so they differ without colour, too.
_OPACITIES = (0.9, 0.5, 0.22)
_HATCH = "repeating-linear-gradient(45deg,transparent 0 5px,{0} 5px 6px)"


def bars(parts: Mapping[str, Mapping[str, float]], together: Mapping[str, float]) -> str:
    """Return two bars for every metric: the differences of the parts end to end, and that of all at once.

    Parameters
    ----------
    parts : mapping of str to mapping of str to float
        Up to three names of a part → key of the metric → what it adds.
    together : mapping of str to float
        Key of the metric → difference of the image with all parts.
    """
    sums = {key: sum(values[key] for values in parts.values()) for key in together}
    longest = 1.05 * max(1.0, *sums.values())
    rows = "".join(
        f'<div data-metric="{key}" style="display:grid;grid-template-columns:6em 1fr;align-items:center;'
        f'margin:7px 0"><span><span style="color:{metric_colour(key)}">{metric_symbol(key)}</span> '
        f"{METRICS[key].label}</span><div>"
        f"{_row([values[key] for values in parts.values()], longest, metric_colour(key))}"
        f"{_row([whole], longest, metric_colour(key), outlined=True)}</div></div>"
        for key, whole in together.items()
    )
    return f'<div class="hl-note" style="max-width:760px">{_legend(list(parts))}{rows}</div>'


def _row(values: list[float], longest: float, colour: str, *, outlined: bool = False) -> str:
    """Return boxes end to end, a tick at 1 (the greatest difference), and the sum as a number."""
    if outlined:
        boxes = _box(values[0] / longest, f"border:2px solid {colour}")
    else:
        boxes = "".join(
            _box(max(value, 0) / longest, _fill(colour, place)) for place, value in enumerate(values)
        )
    place = f"position:absolute;left:{100 / longest:.2f}%;top:0;bottom:0"
    tick = f'<i style="{place};border-left:1px dotted #333"></i>'
    return (
        '<div style="display:grid;grid-template-columns:1fr 3em;align-items:center">'
        f'<div style="position:relative;display:flex;height:13px;margin:1px 0">{boxes}{tick}</div>'
        f"<strong>{sum(values):.2f}</strong></div>"
    )


def _box(share: float, look: str) -> str:
    return f'<b style="box-sizing:border-box;width:{100 * share:.2f}%;{look}"></b>'


def _fill(colour: str, place: int) -> str:
    opacity = round(255 * _OPACITIES[place])
    hatch = f"{_HATCH.format(colour)}," if place == len(_OPACITIES) - 1 else ""
    return f"background:{hatch}linear-gradient({colour}{opacity:02x},{colour}{opacity:02x})"


def _legend(names: list[str]) -> str:
    swatch = '<b style="display:inline-block;width:22px;height:11px;box-sizing:border-box;{}"></b> {}'
    words = [swatch.format(_fill("#333333", place), name) for place, name in enumerate(names)]
    words.append(swatch.format("border:2px solid #333", "all at once"))
    spans = "".join(f'<span style="white-space:nowrap;margin-right:1.4em">{each}</span>' for each in words)
    return f"<p>{spans}<span>dotted: 1, the greatest difference</span></p>"
