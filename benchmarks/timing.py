"""Timing several calls in turn, so that a busy moment of the machine slows all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

FEWEST_ROUNDS = 9


def milliseconds(calls: Mapping[str, Callable[[], Any]], *, seconds: float) -> dict[str, float]:
    """Return the median duration of each call in ms.

    Every round runs each call once. The order rotates from round to round. A first round warms up and is not
    counted.

    Parameters
    ----------
    calls : mapping of str to callable
        The calls to time, by name.
    seconds : float
        For how long rounds are repeated; there are at least 9.
    """
    names = list(calls)
    durations: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        calls[name]()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(durations[names[0]]) < FEWEST_ROUNDS:
        for name in names:
            start = time.perf_counter()
            calls[name]()
            durations[name].append(1e3 * (time.perf_counter() - start))
        names.append(names.pop(0))
    return {name: statistics.median(values) for name, values in durations.items()}


def percentile(values: list[float], percent: float) -> float:
    """Return the value that `percent` of the values do not exceed.

    Examples
    --------
    >>> percentile([4.0, 1.0, 2.0, 3.0], 75)
    3.0
    """
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]
