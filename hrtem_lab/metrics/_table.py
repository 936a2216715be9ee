"""The one table of metrics, and the ways to choose from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from numpy.typing import ArrayLike

from hrtem_lab import _validation
from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._metric import FAMILIES, Metric
from hrtem_lab.metrics._prepared import Prepared, checked_pair
from hrtem_lab.metrics.chi_square import CHI_SQUARE
from hrtem_lab.metrics.cw_ssim import CW_SSIM
from hrtem_lab.metrics.mse import MSE
from hrtem_lab.metrics.sift import SIFT
from hrtem_lab.metrics.ssim import SSIM


def table(*rows: Metric) -> dict[str, Metric]:
    """Return the rows by their key; no two may share a key or a look."""
    by_key: dict[str, Metric] = {}
    taken: dict[Look, str] = {}
    for row in rows:
        if row.key in by_key:
            raise ValueError(f"key must be that of one metric alone, got {row.key!r} twice")
        if row.look is None:
            raise ValueError(f"look must be given for {row.key!r}, a row of the table; {_free_looks(taken)}")
        if row.look in taken:
            raise ValueError(
                f"look must be that of one metric alone, got {row.look.name} for {taken[row.look]!r} and "
                f"{row.key!r}; {_free_looks(taken)}"
            )
        by_key[row.key] = row
        taken[row.look] = row.key
    return by_key


def _free_looks(taken: Iterable[Look]) -> str:
    free = [look.name for look in Look if look not in set(taken)]
    return f"free: {', '.join(free)}" if free else f"all {len(Look)} are taken: a further one goes into Look"


METRICS: dict[str, Metric] = table(MSE, SSIM, CW_SSIM, SIFT, CHI_SQUARE)
"""All metrics by their key, in the order in which pages show them."""


MetricLike: TypeAlias = str | Metric | Callable[..., float]
"""What stands for a metric: a key of `METRICS`, a row, or a function ``(reference, image) -> float``."""


def as_metric(value: MetricLike, *, name: str = "metric") -> Metric:
    """Return the row of `METRICS` that a key names, or a metric of one's own.

    Parameters
    ----------
    value : str, Metric or callable
        A key of `METRICS`; a row, which is returned as it is; or a function ``(reference, image) -> float``,
        of which `Metric.of` makes a metric.
    name : str
        What an error calls it.

    Returns
    -------
    Metric

    Raises
    ------
    TypeError
        If `value` is none of these, or no function of two images.
    ValueError
        If no metric has that key.

    Examples
    --------
    >>> as_metric("cw_ssim").label
    'cw-SSIM'
    >>> as_metric(lambda reference, image: abs(reference - image).max())
    Metric(key='lambda', label='lambda', family='classic')
    >>> as_metric("psnr")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: metric must be one of mse, ssim, ..., got 'psnr'
    """
    if isinstance(value, Metric):
        return value
    if callable(value) and not isinstance(value, type):
        known = [row for row in METRICS.values() if row.function is value]
        return known[0] if known else Metric.of(value)
    if not isinstance(value, str):
        raise TypeError(
            f"{name} must be a Metric or one of {', '.join(METRICS)}, or a function (reference, image), "
            f"got {value!r}"
        )
    return METRICS[_validation.one_of(name, value, tuple(METRICS))]


def family(*names: str) -> dict[str, Metric]:
    """Return the metrics of one or more families, in the table's order.

    Parameters
    ----------
    *names : str
        "paper": the four metrics of Ederer and Löffler; "electrons": those that weight a difference by the
        noise of counted electrons; "classic": agreement factors older than both.

    Returns
    -------
    dict of str to Metric
        By key; empty if no metric belongs to the families.

    Raises
    ------
    TypeError, ValueError
        If there is no family of that name.

    Examples
    --------
    >>> list(family("paper"))
    ['mse', 'ssim', 'cw_ssim', 'sift']
    >>> list(family("paper", "electrons"))
    ['mse', 'ssim', 'cw_ssim', 'sift', 'chi_square']
    """
    for name in names:
        _validation.one_of("family", name, FAMILIES)
    return {key: metric for key, metric in METRICS.items() if metric.family in names}


def prepare(
    reference: ArrayLike,
    metrics: Mapping[str, Metric] | Iterable[MetricLike] | None = None,
    *,
    mask: ArrayLike | None = None,
) -> dict[str, Prepared]:
    """Return one comparison with the reference for each metric, with default options.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        The image that others are compared with: real, finite, in any unit, large enough for every metric.
        It is not kept.
    metrics : mapping, or iterable of str, Metric or callable, optional
        A selection of `family`, or keys of `METRICS` and metrics or functions of one's own; by default all
        of `METRICS`.
    mask : array_like of bool, shape (rows, columns), optional
        True where a pixel is left out of the reference and of every image; a masked reference has its own.

    Returns
    -------
    dict of str to Prepared
        By the metric's key, in the given order: each is called with an image and returns the difference,
        from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If `reference` is not a 2-D array of finite real numbers or a metric cannot use it, if a metric is
        unknown or takes no mask where one is given, if two have one key, or if the mask is not of booleans,
        has another shape or leaves no pixel.

    Notes
    -----
    It misleads if the reference is changed afterwards: the comparisons keep to what it was.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:64, :64]
    >>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
    >>> compare = prepare(atoms, ["mse", "sift"])
    >>> for key, difference in compare.items():
    ...     print(key, round(difference(1 - atoms), 2))
    mse 0.64
    sift 0.78
    """
    rows = _rows(METRICS if metrics is None else metrics)
    pixels, _, masked = checked_pair(reference, reference, mask)
    if masked is None:
        return {row.key: row.prepare(pixels) for row in rows}
    for row in rows:
        if "mask" not in row.options:
            raise ValueError(
                f"metrics must take a mask where one is given, got {row.key!r}, which takes none"
            )
    return {row.key: row.prepare(pixels, mask=masked) for row in rows}


def _rows(metrics: Any) -> list[Metric]:
    if isinstance(metrics, str):
        raise TypeError(f"metrics must be several metrics, got the text {metrics!r}")
    return as_metrics(list(metrics.values() if isinstance(metrics, Mapping) else metrics))


def as_metrics(values: Sequence[MetricLike]) -> list[Metric]:
    """Return each `as_metric`; no two may share a key.

    Parameters
    ----------
    values : sequence of str, Metric or callable
        As for `as_metric`.

    Returns
    -------
    list of Metric

    Raises
    ------
    TypeError, ValueError
        As `as_metric` does, and if two have one key.

    Examples
    --------
    >>> [metric.label for metric in as_metrics(["mse", METRICS["sift"]])]
    ['MSE', 'SIFT']
    """
    rows = [as_metric(value) for value in values]
    keys = [row.key for row in rows]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(
                f"metrics must differ in their keys, got {key!r} more than once; "
                "Metric.of(function, key=…) gives a function another one"
            )
    return rows
