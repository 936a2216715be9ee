"""Draws by dose as a labelled table, with how well they can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hrtem_lab import _validation
from hrtem_lab.dose._exposures import Exposures
from hrtem_lab.dose._statistics import area_under_curve, bootstrap_interval, d_prime

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

DOSE = {"units": "e-/angstrom^2", "long_name": "dose per area"}


def two_or_more(repeats: Any) -> int:
    """Return a number of repeats: at least two, because one draw does not show how far draws scatter."""
    count = _validation.positive_integer("repeats", repeats)
    if count < 2:
        raise ValueError(f"repeats must be at least 2 to tell how far draws scatter, got {repeats!r}")
    return count


def labelled(variables: dict[str, Any], exposures: Exposures, *, metrics: Sequence[str] = ()) -> Dataset:
    """Return (dimensions, values) by name as a table with the exposures' coordinates and units."""
    from xarray import Dataset  # noqa: PLC0415

    coordinates = {
        "metric": list(metrics),
        "image": list(exposures.images),
        "dose_per_area": ("dose_per_area", exposures.doses, DOSE),
    }
    used = {name for dimensions, _ in variables.values() for name in dimensions}
    detector = exposures.detector
    attributes = {
        "seed": str(exposures.seed),
        "sampling_angstrom": detector.sampling,
        "blur_sigma_angstrom": detector.blur_sigma,
        "dark_counts_electrons": detector.dark_counts,
        "readout_sigma_electrons": detector.readout_sigma,
    }
    kept = {name: values for name, values in coordinates.items() if name in used}
    return Dataset(variables, coords=kept, attrs=attributes)


def with_discriminability(table: Dataset, draws: DataArray) -> Dataset:
    """Add the AUC and d′ of the images "same" and "other", with intervals; draws run along the last axis."""
    same, other = draws.sel(image="same"), draws.sel(image="other")
    dimensions = same.dims[:-1]
    for name, statistic in (("auc", area_under_curve), ("d_prime", d_prime)):
        low, high = bootstrap_interval(statistic, same.values, other.values)
        table[name] = (dimensions, statistic(same.values, other.values))
        table[f"{name}_low"], table[f"{name}_high"] = (dimensions, low), (dimensions, high)
    return table
