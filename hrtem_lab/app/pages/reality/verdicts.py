"""The paper's claims on the edge cases, with atoms at rest and with atoms that vibrate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import ipywidgets as widgets

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.parameters import SHAPE
from hrtem_lab.edge_cases import edge_cases
from hrtem_lab.metrics import METRICS, PreparedSIFT, prepare

Found: TypeAlias = Mapping[str, Mapping[str, float]]
"""Edge case → key of the metric → difference from the reference at the same temperature."""
PAPER = ("mse", "ssim", "cw_ssim", "sift")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence of the paper's section 2.1 that numbers can decide.

    Attributes
    ----------
    key, words : str
        Its number in the list of claims, and what it says.
    case : str
        The edge case that it is about.
    metrics : tuple of str
        The metrics whose numbers decide.
    holds : callable
        From the differences of that case to whether the claim holds.
    """

    key: str
    words: str
    case: str
    metrics: tuple[str, ...]
    holds: Callable[[Mapping[str, float]], bool]


def _below_thresholds(found: Mapping[str, float]) -> bool:
    return all(found[key] <= (METRICS[key].threshold or 1) for key in ("mse", "cw_ssim", "sift"))


CLAIMS = (
    Claim(key="C2", words="half-cell shift: MSE, SSIM and SIFT above 0.5", case="shift",
          metrics=PAPER, holds=lambda found: min(found[key] for key in ("mse", "ssim", "sift")) > 0.5),
    Claim(key="C3", words="−2 nm defocus: below every threshold", case="defocus",
          metrics=("mse", "cw_ssim", "sift"), holds=_below_thresholds),
    Claim(key="C3", words="−2 nm defocus: cw-SSIM more sensitive than SSIM", case="defocus",
          metrics=("ssim", "cw_ssim"), holds=lambda found: found["cw_ssim"] > found["ssim"]),
    Claim(key="C4", words="ZrO₂: SSIM, cw-SSIM and SIFT from 0.5 to 0.75", case="zro2",
          metrics=PAPER, holds=lambda found: all(0.5 <= found[key] <= 0.75 for key in PAPER[1:])),
    Claim(key="C6", words="reversal: MSE and SIFT high, cw-SSIM negligible", case="reversal",
          metrics=("mse", "cw_ssim", "sift"),
          holds=lambda found: min(found["mse"], found["sift"]) > 0.5 and found["cw_ssim"] <= 0.16),
    Claim(key="C8", words="noise lies below black: MSE, cw-SSIM and SIFT", case="noise",
          metrics=("mse", "cw_ssim", "sift"), holds=lambda found: found["below_black"] == 1),
)  # fmt: skip


def measured(temperature: float | None) -> dict[str, dict[str, float]]:
    """Return every edge case's differences at a temperature; None is at rest."""
    cases = edge_cases(shape=SHAPE, temperature=temperature)
    reference = cases["reference"].image
    prepared = {**prepare(reference, PAPER), "sift": PreparedSIFT(reference, phases=readings.PHASES)}
    found = {
        name: {key: difference(case.image) for key, difference in prepared.items()}
        for name, case in cases.items()
    }
    below = all(found["noise"][key] < found["black"][key] for key in ("mse", "cw_ssim", "sift"))
    found["noise"]["below_black"] = float(below)
    return found


def claims() -> Any:
    """Return the claims as a table: numbers and verdict at rest, and with vibrating atoms."""
    worlds = [measured(None), measured(293)]
    rows = "".join(_row(claim, worlds) for claim in CLAIMS)
    heads = "".join(
        f'<th scope="col">{name}</th><th scope="col">verdict</th>' for name in ("At rest", "At 293 K")
    )
    return widgets.HTML(
        '<div class="hl-scroll"><table class="hl-claims"><thead><tr><th scope="col">Claim</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        '<p class="hl-note">Reference and image are always at the same temperature. SIFT is its mean over '
        f"{readings.PHASES} positions of the pixel grid.</p>"
    )


def _row(claim: Claim, worlds: list[dict[str, dict[str, float]]]) -> str:
    verdicts = [claim.holds(world[claim.case]) for world in worlds]
    cells = "".join(
        f"<td>{_numbers(claim, world)}</td><td>{'holds' if holds else 'does not hold'}</td>"
        for world, holds in zip(worlds, verdicts, strict=True)
    )
    changed = ' class="hl-changed"' if verdicts[0] != verdicts[1] else ""
    return f'<tr{changed} data-claim="{claim.key}"><th scope="row">{claim.words}</th>{cells}</tr>'


def _numbers(claim: Claim, found: Found) -> str:
    return ", ".join(f"{METRICS[key].label} {found[claim.case][key]:.2f}" for key in claim.metrics)
