"""The paper's claims on the edge cases, with atoms at rest and with atoms that vibrate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import ipywidgets as widgets

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.dashboard import REST
from hrtem_lab.app.kit.parameters import SHAPE
from hrtem_lab.edge_cases import edge_cases
from hrtem_lab.metrics import METRICS, PreparedSIFT, prepare

logger = logging.getLogger(__name__)

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


def claims() -> Any:
    """Return the claims as a table: numbers and verdict at rest, and with vibrating atoms.

    In a kernel it fills a moment after the page is there.
    """
    shown = widgets.HTML('<p class="hl-note">Computing the claims …</p>')
    work = _compute(shown)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # outside a kernel there is no event loop: do all pieces now
        for _ in work:
            pass
    else:
        shown.task = loop.create_task(_in_pieces(shown, work))  # a task that nobody holds may vanish
    return shown


async def _in_pieces(shown: Any, work: Iterator[None]) -> None:
    try:
        for _ in work:
            await asyncio.sleep(REST)
    except Exception:
        logger.exception("the claims could not be computed")
        shown.value = '<div class="hl-alert" role="alert">The claims could not be computed.</div>'


def _compute(shown: Any) -> Iterator[None]:
    """Fill the table, with a `yield` after each comparison."""
    worlds = []
    for temperature in (None, 293):
        worlds.append((yield from _measured(temperature)))
    shown.value = _html(worlds)


def _measured(temperature: float | None) -> Generator[None, None, Found]:
    """Return every case's differences from the reference at a temperature; None is at rest."""
    cases = edge_cases(shape=SHAPE, temperature=temperature)
    reference = cases["reference"].image
    yield
    prepared = prepare(reference, PAPER)
    found: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(claim.case for claim in CLAIMS) | {"black": None}:
        found[name] = {}
        for key, difference in prepared.items():
            if isinstance(difference, PreparedSIFT):
                values = []
                for value in difference.at_phases(cases[name].image, phases=readings.PHASES):
                    values.append(value)
                    yield
                found[name][key] = sum(values) / len(values)
            else:
                found[name][key] = difference(cases[name].image)
                yield
    below = all(found["noise"][key] < found["black"][key] for key in ("mse", "cw_ssim", "sift"))
    found["noise"]["below_black"] = float(below)
    return found


def _html(worlds: Sequence[Found]) -> str:
    rows = "".join(_row(claim, worlds) for claim in CLAIMS)
    heads = "".join(
        f'<th scope="col">{name}</th><th scope="col">verdict</th>' for name in ("At rest", "At 293 K")
    )
    return (
        '<div class="hl-scroll"><table class="hl-claims"><thead><tr><th scope="col">Claim</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        '<p class="hl-note">Reference and image are always at the same temperature. SIFT is its mean over '
        f"{readings.PHASES} positions of the pixel grid.</p>"
    )


def _row(claim: Claim, worlds: Sequence[Found]) -> str:
    verdicts = [claim.holds(world[claim.case]) for world in worlds]
    cells = "".join(
        f"<td>{_numbers(claim, world)}</td><td>{'holds' if holds else 'does not hold'}</td>"
        for world, holds in zip(worlds, verdicts, strict=True)
    )
    changed = ' class="hl-changed"' if verdicts[0] != verdicts[1] else ""
    return f'<tr{changed} data-claim="{claim.key}"><th scope="row">{claim.words}</th>{cells}</tr>'


def _numbers(claim: Claim, found: Found) -> str:
    return ", ".join(f"{METRICS[key].label} {found[claim.case][key]:.2f}" for key in claim.metrics)
