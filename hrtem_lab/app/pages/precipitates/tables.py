"""What the stored study of sizes says, as tables: errors and limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from hrtem_lab.app.kit.log_slider import thousands
from hrtem_lab.app.pages.precipitates.specimen import TOLERANCE
from hrtem_lab.app.pages.precipitates.stored_sizes import in_tables, study_words
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
