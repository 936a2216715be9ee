"""Draws by dose as a labelled table, judged by how well they are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hrtem_lab import _validation
from hrtem_lab.dose._statistics import area_under_curve, bootstrap_interval, d_prime
from hrtem_lab.dose._sweep import Sweep

if TYPE_CHECKING:
    from xarray import Dataset

DOSE = {"units": "e-/angstrom^2", "long_name": "dose per area"}


def two_or_more(repeats: Any) -> int:
    """Return a number of repeats; one draw does not tell how far draws scatter."""
    count = _validation.positive_integer("repeats", repeats)
    if count < 2:
        raise ValueError(f"repeats must be at least 2 to tell how far draws scatter, got {repeats!r}")
    return count


def labelled(variables: dict[str, Any], sweep: Sweep) -> Dataset:
    """Return (dimensions, values) by name as a table with the sweep's coordinates and units."""
    from xarray import Dataset  # noqa: PLC0415

    coordinates = {
        "metric": sweep.metrics,
        "image": list(sweep.images),
        "dose_per_area": ("dose_per_area", sweep.doses, DOSE),
    }
    used = {name for dimensions, _ in variables.values() for name in dimensions}
    detector = sweep.detector
    attributes = {
        "seed": str(sweep.seed),
        "sampling_angstrom": detector.sampling,
        "blur_sigma_angstrom": detector.blur_sigma,
        "dark_counts_electrons": detector.dark_counts,
        "readout_sigma_electrons": detector.readout_sigma,
    }
    kept = {name: values for name, values in coordinates.items() if name in used}
    return Dataset(variables, coords=kept, attrs=attributes)


def judged(table: Dataset, same: Any, other: Any) -> Dataset:
    """Add the area under the curve and d′ with their intervals; the draws run along the last dimension."""
    dimensions = same.dims[:-1]
    for name, statistic in (("auc", area_under_curve), ("d_prime", d_prime)):
        low, high = bootstrap_interval(statistic, same.values, other.values)
        table[name] = (dimensions, statistic(same.values, other.values))
        table[f"{name}_low"], table[f"{name}_high"] = (dimensions, low), (dimensions, high)
    return table
