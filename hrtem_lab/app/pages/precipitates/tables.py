"""What the stored study of sizes says, as tables: errors, limits, the paper's claims and our own goals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from hrtem_lab.app.kit.log_slider import thousands
from hrtem_lab.app.pages.precipitates.curves import TOLERANCE
from hrtem_lab.app.pages.precipitates.stored_sizes import (
    BEST,
    IDEAL,
    PAPER,
    in_tables,
    study_words,
)
from hrtem_lab.sizing import RATE, stored_study
from hrtem_lab.sizing.specimens import CELL

DIAMETERS = range(4, 15)
"""In cells."""


def table() -> Any:
    """Return bias, error and detection rate of some methods at every dose of the study."""
    methods = in_tables()
    rows = (
        [_cells(stored_study().errors(method, place, DIAMETERS)) for method in methods] for place in _places()
    )
    heads = "".join(f'<th colspan="3">{study_words(method)}</th>' for method in methods)
    parts = "<th>bias</th><th>rms</th><th>found</th>" * len(methods)
    return _block(
        f"Diameters of {DIAMETERS[0]} to {DIAMETERS[-1]} cells: mean error (bias) and root-mean-square "
        "error, in cells, where a precipitate was found, and the share of exposures in which one was.",
        f'<tr><th rowspan="2">e⁻/nm²</th>{heads}</tr><tr>{parts}</tr>',
        _by_dose(rows),
    )


def limits() -> Any:
    """Return the smallest diameter that is found reliably, and how often pristine crystal gives an alarm."""
    study, methods = stored_study(), in_tables()
    cells = [study.limits(method, TOLERANCE) for method in methods]
    alarms = [study.false_alarms(method) for method in methods]
    heads = "".join(f"<th>{study_words(method)}</th>" for method in methods)
    rows = (
        [_limit(limit[place], alarm[place]) for limit, alarm in zip(cells, alarms, strict=True)]
        for place in _places()
    )
    return _block(
        f"The smallest diameter at which, as at every larger one, {100 * RATE:.0f} % of the exposures give "
        f"the diameter to within {TOLERANCE:g} cell; in square brackets the share of "
        f"{study.pristine.shape[-1]} exposures of pristine crystal in which something was found.",
        f"<tr><th>e⁻/nm²</th>{heads}</tr>",
        _by_dose(rows),
    )


def goals() -> Any:
    """Return what the best method is meant to reach, and what it does."""
    rows = "".join(
        f'<tr><th scope="row">{goal}</th><td>{found}</td><td>{"met" if met else "not met"}</td></tr>'
        for goal, found, met in _goals()
    )
    note = f"{study_words(BEST).capitalize()}, in the stored study; the worst diameter and dose count."
    return _block(note, "<tr><th>goal</th><th>found</th><td></td></tr>", rows, kind="hl-goals")


def _goals() -> Iterable[tuple[str, str, bool]]:
    """Yield goals, what is found in words, and whether this meets them."""
    bias, rms = _worst(range(4, 15), 10, np.inf)
    words = f"error {rms:.2f} cell, bias {bias:.2f} cell"
    goal = f"4 cells and more, at {thousands(1000)} e⁻/nm² and more: error ≤ 0.5 cell, bias ≤ 0.25 cell"
    yield goal, words, bias <= 0.25 and rms <= 0.5
    _, rms = _worst(range(8, 15), 2, 2)
    yield "8 cells and more, at 200 e⁻/nm²: error ≤ 1 cell", f"error {rms:.2f} cell", rms <= 1
    wrong = _most_wrong(50)
    goal = f"4 cells and more, at {thousands(5000)} e⁻/nm²: at most 2 % of the true cells misclassified"
    yield goal, f"{100 * wrong:.1f} %", wrong <= 0.02
    ratios = _dose_ratios(BEST)
    words = ", ".join(f"{diameter} cells: {ratio:.1f} times" for diameter, ratio in ratios.items())
    paper = min(_dose_ratios(PAPER).values())
    words += f" ({study_words(PAPER)}: more than {100 * (paper // 100):.0f} times)"
    goal = "4 cells and more: at most 3 times the dose of the ideal observer"
    yield goal, words, max(ratios.values()) <= 3
    quiet = 1 - stored_study().false_alarms(BEST).max()
    yield "no precipitate: at least 95 % of the exposures say so", f"{100 * quiet:.0f} %", quiet >= 0.95


def _worst(diameters: Sequence[int], least: float, most: float) -> tuple[float, float]:
    """Return our best method's greatest bias and error in cells at doses in e⁻/Å² between two ends."""
    study = stored_study()
    doses = np.flatnonzero((study.doses >= least - 1e-9) & (study.doses <= most + 1e-9))
    errors = np.stack([study.errors(BEST, place, diameters) for place in doses.tolist()])
    bias, square = np.nanmean(errors, axis=2), np.nanmean(errors**2, axis=2)
    return float(np.abs(bias).max()), float(np.sqrt(square.max()))


def _most_wrong(dose: float) -> float:
    """Return our best method's greatest share of misclassified cells at a dose in e⁻/Å²."""
    study = stored_study()
    chosen = np.isin(study.diameters, DIAMETERS)
    return float(study.wrong_cells(BEST, study.nearest(dose))[chosen].max())


def _dose_ratios(method: str) -> dict[int, float]:
    """Return, by diameter in cells, how many times the ideal observer's dose a method needs at least.

    A method that needs more than the highest dose of the study counts as if it needed that. Diameters that
    the ideal observer finds at the lowest one have no known ratio: they are left out.
    """
    study = stored_study()
    ideal, needed = (study.doses_needed(key, TOLERANCE) for key in (IDEAL, method))
    needed = np.nan_to_num(needed, nan=study.doses[-1])
    return {
        diameter: float(needed[place] / ideal[place])
        for place, diameter in enumerate(study.diameters.tolist())
        if diameter in DIAMETERS and ideal[place] > study.doses[0]
    }


def _places() -> range:
    return range(len(stored_study().doses))


def _by_dose(rows: Iterable[Sequence[str]]) -> str:
    doses = stored_study().doses * 100
    return "".join(
        f'<tr><th scope="row">{thousands(dose)}</th>{"".join(cells)}</tr>'
        for dose, cells in zip(doses, rows, strict=True)
    )


def _block(note: str, head: str, body: str, *, kind: str = "hl-sizes") -> Any:
    block = widgets.HTML(
        f'<p class="hl-note">{note}</p><div class="hl-scroll"><table class="hl-doses {kind}">'
        f"<thead>{head}</thead><tbody>{body}</tbody></table></div>"
    )
    block.add_class("hl-size-table")
    return block


def _cells(errors: np.ndarray) -> str:
    found = errors[np.isfinite(errors)]
    share = f"{100 * found.size / errors.size:.0f} %"
    if not found.size:
        return f"<td>–</td><td>–</td><td>{share}</td>"
    return f"<td>{_signed(found.mean())}</td><td>{np.sqrt((found**2).mean()):.2f}</td><td>{share}</td>"


def _signed(value: float) -> str:
    """Return a number to two digits with its sign; nothing is neither positive nor negative."""
    words = f"{value:+.2f}".replace("-", "−")
    return "0.00" if words[1:] == "0.00" else words


def _limit(cells: float, alarms: float) -> str:
    size = "none" if np.isnan(cells) else f"{cells:.0f} ({cells * CELL / 10:.1f} nm)"
    return f"<td>{size} [{100 * alarms:.0f} %]</td>"
