"""One colour and one marker for each metric, the same in every chapter (Okabe & Ito's palette)."""

from __future__ import annotations

from hrtem_lab.metrics import METRICS

# Safe for colour-blind readers: Okabe & Ito 2008, https://jfly.uni-koeln.de/color/
_COLOURS = ("#0072B2", "#CC79A7", "#009E73", "#D55E00", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_SYMBOLS = ("●", "■", "▲", "◆", "▼", "✚", "✖")


def metric_colour(key: str) -> str:
    """Return the colour of a metric by its place in the table.

    Parameters
    ----------
    key : str
        A key of `hrtem_lab.metrics.METRICS`.

    Returns
    -------
    str
        A hexadecimal RGB colour.

    Raises
    ------
    ValueError
        If `key` is not in the table.

    Examples
    --------
    >>> metric_colour("mse")
    '#0072B2'
    """
    return _COLOURS[_place(key) % len(_COLOURS)]


def metric_marker(key: str) -> str:
    """Return the Matplotlib marker of a metric; see `metric_colour`."""
    return _MARKERS[_place(key) % len(_MARKERS)]


def metric_symbol(key: str) -> str:
    """Return the marker of a metric as a character; see `metric_colour`."""
    return _SYMBOLS[_place(key) % len(_SYMBOLS)]


def _place(key: str) -> int:
    if key not in METRICS:
        raise ValueError(f"key must be one of {', '.join(METRICS)}, got {key!r}")
    return list(METRICS).index(key)
