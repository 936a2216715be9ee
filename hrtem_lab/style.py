"""One colour and one marker for each metric, the same in every chapter: those of its row of the table."""

from __future__ import annotations

from hrtem_lab.metrics import METRICS, Metric


def metric_colour(key: str) -> str:
    """Return the colour of a metric as its row of the table says.

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
    return _row(key).colour


def metric_marker(key: str) -> str:
    """Return the Matplotlib marker of a metric; see `metric_colour`."""
    return _row(key).marker


def metric_symbol(key: str) -> str:
    """Return the marker of a metric as a character; see `metric_colour`."""
    return _row(key).symbol


def _row(key: str) -> Metric:
    if key not in METRICS:
        raise ValueError(f"key must be one of {', '.join(METRICS)}, got {key!r}")
    return METRICS[key]
