"""How metrics are told apart in a figure: those of the table by their row, others by a look that is free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

from hrtem_lab.metrics import METRICS, Look


@dataclass(frozen=True)
class Drawn:
    """What a figure needs of a metric."""

    label: str
    colour: str
    marker: str
    threshold: float | None = None


def looks(keys: Iterable[str]) -> dict[str, Drawn]:
    """Return what figures need of metrics by their keys; a key that the table lacks is its own label."""
    free = cycle(look for look in Look if look not in {row.look for row in METRICS.values()})
    drawn = {}
    for key in keys:
        if key in METRICS:
            row = METRICS[key]
            drawn[key] = Drawn(row.label, row.colour, row.marker, row.threshold)
        else:
            look = next(free)
            drawn[key] = Drawn(str(key), look.colour, look.marker)
    return drawn


def top(*values: float) -> float:
    """Return the upper end of an axis of differences: 1, or above the largest that leaves it."""
    largest = max(values, default=1.0)
    return 1.0 if not largest > 1 else 1.05 * largest
