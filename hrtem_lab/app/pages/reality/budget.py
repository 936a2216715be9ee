"""The budget: which effect uses how much of a threshold, and at which size it uses up all of it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.controls import Slider
from hrtem_lab.app.pages.reality.microscope import recorded
from hrtem_lab.app.pages.reality.settings import EFFECTS, EVERYTHING, PARAMETERS, TOGETHER, USUAL, Effect
from hrtem_lab.edge_cases import acceptable_ranges
from hrtem_lab.metrics import METRICS, Metric, prepare
from hrtem_lab.metrics.outliers import without_warning
from hrtem_lab.style import metric_colour, metric_symbol

POINTS = 11


def judged() -> dict[str, Metric]:
    """Return the metrics for which the paper gives a threshold."""
    return {key: metric for key, metric in readings.shown().items() if metric.threshold is not None}


class Budget:
    """The table of the budget; it is computed once, piece by piece.

    Attributes
    ----------
    view : widget
        The table.
    """

    def __init__(self) -> None:
        self.view = widgets.HTML('<p class="hl-note">Computing the budget …</p>')
        self._shares: dict[str, dict[str, float]] = {}
        self._limits: dict[str, dict[str, str]] = {}
        self._prepared = prepare(recorded(USUAL), judged())

    def compute(self) -> Iterator[None]:
        """Fill the table, unless it is full, with a `yield` after each piece."""
        if TOGETHER in self._shares:  # the last row
            return
        for effect in EFFECTS:
            if effect.key not in self._limits:  # so that what was dropped half-way is done again
                self._shares[effect.key] = self._shares_of(effect.state)
                yield None
                self._limits[effect.key] = yield from self._limits_of(effect)
        self._shares[TOGETHER] = self._shares_of({**USUAL, **EVERYTHING})
        self.view.value = self._html()

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return header and rows for a file."""
        header = ["effect"]
        for metric in judged().values():
            header += [f"{metric.label} as a share of {metric.threshold:g}", f"{metric.label} reaches it at"]
        rows: list[list[object]] = []
        for key, label in self._labels().items():
            limits = self._limits.get(key, {})
            row: list[object] = [label]
            for judge in judged():
                row += [self._shares[key][judge], limits.get(judge, "")]
            rows.append(row)
        return header, rows

    def _labels(self) -> dict[str, str]:
        return {**{effect.key: effect.label for effect in EFFECTS}, TOGETHER: TOGETHER}

    def _shares_of(self, state: dict[str, Any]) -> dict[str, float]:
        """Return each metric's difference as a share of its threshold."""
        image = recorded(state)
        with without_warning():
            return {
                key: prepared(image) / (METRICS[key].threshold or 1)
                for key, prepared in self._prepared.items()
            }

    def _limits_of(self, effect: Effect) -> Generator[None, None, dict[str, str]]:
        """Return for each metric the size at which it reaches its threshold, in words."""
        if effect.slider is None:
            return {}
        slider = next(p for p in PARAMETERS if p.key == effect.slider)
        assert isinstance(slider, Slider)
        sizes = _sizes(slider)
        shares = []
        for size in sizes:
            shares.append(self._shares_of({**USUAL, slider.key: size}))
            yield None
        return {key: _limit(slider, sizes, [share[key] for share in shares]) for key in judged()}

    def _html(self) -> str:
        heads = "".join(
            f'<th scope="col"><span style="color:{metric_colour(key)}">{metric_symbol(key)}</span> '
            f'{metric.label}<br><small>of {metric.threshold:g}</small></th><th scope="col">reached at</th>'
            for key, metric in judged().items()
        )
        rows = []
        for key, label in self._labels().items():
            cells = "".join(
                f"{_share(metric, self._shares[key][metric])}"
                f"<td>{escape(self._limits.get(key, {}).get(metric, ''))}</td>"
                for metric in judged()
            )
            rows.append(f'<tr data-effect="{escape(key)}"><th scope="row">{escape(label)}</th>{cells}</tr>')
        return (
            '<div class="hl-scroll"><table class="hl-budget"><thead><tr><th scope="col">Effect</th>'
            f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
            '<p class="hl-note">100 % uses up the threshold of “practically the same”. “Reached at” is the '
            "smallest size of the effect at which the metric comes to its threshold, to two digits; "
            "“never” means not on the slider. SIFT is that of one pixel grid, and as uncertain as its band "
            "above.</p>"
        )


def _share(key: str, share: float) -> str:
    """Return a cell with the share as a number and as a bar that ends at 200 %."""
    colour = metric_colour(key)
    word = "over" if share > 1 else "within"
    return (
        f'<td class="hl-share hl-{word}"><div style="background:linear-gradient(to right,{colour}55 '
        f'{min(share, 2) * 50:.0f}%,transparent 0)">{100 * share:.0f} %</div></td>'
    )


def _sizes(slider: Slider) -> list[float]:
    """Return sizes from nothing to the slider's end, all on its steps; small ones are closer together."""
    count = round((slider.maximum - slider.default) / slider.step)
    steps = np.unique(np.rint(count * np.linspace(0, 1, min(POINTS, count + 1)) ** 1.5))
    values = slider.default + steps * slider.step
    return [int(value) if slider.whole else round(float(value), 9) for value in values]


def _limit(slider: Slider, sizes: list[float], shares: list[float]) -> str:
    ranges = acceptable_ranges(sizes, shares, 1.0)
    if ranges and ranges[0][0] == sizes[0]:
        end = ranges[0][1]
        # Between two sizes the curve is taken for straight, which is good for two digits.
        return "never" if end == sizes[-1] else f"{float(f'{end:.2g}'):g} {slider.unit}".strip()
    return "at once"
