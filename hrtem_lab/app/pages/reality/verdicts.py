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

Found: TypeAlias = Mapping[str, Mapping[str, Sequence[float]]]
"""Edge case → key of the metric → differences from the reference at the same temperature: SIFT's on several
positions of the pixel grid, of every other metric one."""
Differences: TypeAlias = Mapping[str, float]
PAPER = ("mse", "ssim", "cw_ssim", "sift")
HOLDS, FAILS, OPEN = "holds", "does not hold", "the pixels decide"


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
        From the differences of that case, and of `above`, to whether the claim holds.
    above : str
        The edge case that is compared with this one; empty if there is none.
    """

    key: str
    words: str
    case: str
    metrics: tuple[str, ...]
    holds: Callable[[Differences, Differences], bool]
    above: str = ""


def _below_thresholds(found: Differences, _: Differences) -> bool:
    return all(found[key] <= (METRICS[key].threshold or 1) for key in ("mse", "cw_ssim", "sift"))


CLAIMS = (
    Claim(key="C2", words="half-cell shift: MSE, SSIM and SIFT above 0.5", case="shift",
          metrics=PAPER, holds=lambda found, _: min(found[key] for key in ("mse", "ssim", "sift")) > 0.5),
    Claim(key="C3", words="−2 nm defocus: below every threshold", case="defocus",
          metrics=("mse", "cw_ssim", "sift"), holds=_below_thresholds),
    Claim(key="C3", words="−2 nm defocus: cw-SSIM more sensitive than SSIM", case="defocus",
          metrics=("ssim", "cw_ssim"), holds=lambda found, _: found["cw_ssim"] > found["ssim"]),
    Claim(key="C4", words="ZrO₂: SSIM, cw-SSIM and SIFT from 0.5 to 0.75", case="zro2",
          metrics=PAPER, holds=lambda found, _: all(0.5 <= found[key] <= 0.75 for key in PAPER[1:])),
    Claim(key="C6", words="reversal: MSE and SIFT high, cw-SSIM negligible", case="reversal",
          metrics=("mse", "cw_ssim", "sift"),
          holds=lambda found, _: min(found["mse"], found["sift"]) > 0.5 and found["cw_ssim"] <= 0.16),
    Claim(key="C8", words="noise / black: MSE, cw-SSIM and SIFT lower for noise", case="noise", above="black",
          metrics=("mse", "cw_ssim", "sift"),
          holds=lambda found, black: all(found[key] < black[key] for key in ("mse", "cw_ssim", "sift"))),
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
    found: dict[str, dict[str, list[float]]] = {}
    for name in dict.fromkeys(name for claim in CLAIMS for name in (claim.case, claim.above) if name):
        found[name] = {}
        for key, difference in prepared.items():
            image = cases[name].image
            if isinstance(difference, PreparedSIFT):
                values = found[name][key] = []
                for value in difference.at_phases(image, phases=readings.PHASES):
                    values.append(value)
                    yield
            else:
                found[name][key] = [difference(image)]
                yield
    return found


def _html(worlds: Sequence[Found]) -> str:
    rows = "".join(_row(claim, worlds) for claim in CLAIMS)
    heads = "".join(
        f'<th scope="col">{name}</th><th scope="col">verdict</th>' for name in ("At rest", "At 293 K")
    )
    return (
        '<div class="hl-scroll"><table class="hl-claims"><thead><tr><th scope="col">Claim</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        '<p class="hl-note">Reference and image are always at the same temperature. SIFT is its range over '
        f"{readings.PHASES} positions of the pixel grid; where the claim holds on some of them only, the "
        "pixels decide.</p>"
    )


def _row(claim: Claim, worlds: Sequence[Found]) -> str:
    verdicts = [_verdict(claim, world) for world in worlds]
    cells = "".join(
        f"<td>{_numbers(claim, world)}</td><td>{verdict}</td>"
        for world, verdict in zip(worlds, verdicts, strict=True)
    )
    changed = ' class="hl-changed"' if verdicts[0] != verdicts[1] else ""
    return f'<tr{changed} data-claim="{claim.key}"><th scope="row">{claim.words}</th>{cells}</tr>'


def _verdict(claim: Claim, world: Found) -> str:
    """Return whether a claim holds on all, on no or on some positions of the pixel grid."""
    holds = {
        claim.holds(_on_grid(world[claim.case], grid), _on_grid(world.get(claim.above, {}), grid))
        for grid in range(readings.PHASES)
    }
    return OPEN if len(holds) > 1 else HOLDS if holds.pop() else FAILS


def _on_grid(found: Mapping[str, Sequence[float]], grid: int) -> Differences:
    return {key: values[grid % len(values)] for key, values in found.items()}


def _numbers(claim: Claim, world: Found) -> str:
    """Return the differences that decide, as HTML; those of `above` stand behind a slash."""
    cases = [world[name] for name in (claim.case, claim.above) if name]
    parts = (
        f"{METRICS[key].label} {' / '.join(_range(found[key]) for found in cases)}" for key in claim.metrics
    )
    return ", ".join(f'<span class="hl-whole">{part}</span>' for part in parts)


def _range(values: Sequence[float]) -> str:
    lowest, highest = f"{min(values):.2f}", f"{max(values):.2f}"
    return lowest if lowest == highest else f"{lowest}–{highest}"
