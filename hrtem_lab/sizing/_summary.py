"""What a study says, as xarray: errors, rates, and the smallest precipitate that is found."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hrtem_lab.sizing._stored import RATE, StoredStudy, read_arrays, shipped

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from xarray import DataArray, Dataset


def load_study() -> Dataset:
    """Return the stored study: diameters 1 to 14 at 20 to 50 000 e⁻/nm² by every method.

    Returns
    -------
    xarray.Dataset
        As from `size_study`, with the dimensions method, diameter (in cells, 1 to 14), dose_per_area
        (0.2, 0.5, 1, 2, 5, 10, 20, 50, 150 and 500 e⁻/Å²) and draw (20), and exposure for pristine images;
        see `size_study` for the variables, and `study_table` and `detection_limit` for what they say.
        `stored_study` has the same numbers without xarray.

    Examples
    --------
    >>> study = load_study()
    >>> dict(study.sizes)["draw"], study.attrs["command"]
    (20, 'python -m hrtem_lab.sizing')
    """
    return _shipped().copy(deep=True)


@lru_cache(maxsize=1)
def _shipped() -> Dataset:
    return read_study(shipped())


def read_study(path: Path | Traversable) -> Dataset:
    """Return a study that `write_study` wrote."""
    from xarray import Dataset  # noqa: PLC0415

    arrays, header = read_arrays(path)
    dims, units = header["variables"], header["units"]
    variables = {name: (dims[name], array, units[name]) for name, array in arrays.items()}
    coordinates = {name: variables.pop(name) for name in ("method", "diameter", "dose_per_area")}
    return Dataset(variables, coords=coordinates, attrs=header["attributes"])


def study_table(study: Dataset) -> Dataset:
    """Return the errors and rates of a study over its draws.

    Parameters
    ----------
    study : xarray.Dataset
        From `size_study` or `load_study`.

    Returns
    -------
    xarray.Dataset
        By method, diameter and dose_per_area: `bias` and `rms_error` of the diameter in cells over the draws
        in which a precipitate was found (NaN if in none), `detection_rate`, `coverage`, the share of these
        draws whose interval holds the truth, and `misclassified_share`, the mean number of misclassified
        cells over all draws in units of the cells that the precipitate covers. By method and dose_per_area:
        `false_alarm_rate`, the share of pristine images in which something was found, and
        `false_cells`, the mean number of cells found in them.

    Notes
    -----
    Bias and error of a diameter that is rarely found are those of the lucky draws: read them beside the
    detection rate.

    Examples
    --------
    >>> from hrtem_lab.sizing import load_study
    >>> table = study_table(load_study())
    >>> round(float(table.rms_error.sel({"method": "sphere", "diameter": 8, "dose_per_area": 50})), 2)
    0.24
    """
    found = study["diameter_found"]
    detected = found.notnull()
    error = found / study.attrs["cell_angstrom"] - study["diameter"]
    truth = study["diameter"] * study.attrs["cell_angstrom"]
    inside = ((study["low"] <= truth + 1e-9) & (study["high"] >= truth - 1e-9)).where(detected)
    table = error.mean("draw").to_dataset(name="bias")
    table["rms_error"] = np.sqrt((error**2).mean("draw"))
    table["detection_rate"] = detected.mean("draw")
    table["coverage"] = inside.mean("draw")
    table["misclassified_share"] = study["misclassified"].mean("draw") / study["true_cells"]
    table["false_alarm_rate"] = study["pristine_found"].notnull().mean("exposure")
    table["false_cells"] = study["pristine_misclassified"].mean("exposure")
    return table


def detection_limit(study: Dataset, *, rate: float = RATE, tolerance: float | None = None) -> Dataset:
    """Return the smallest precipitate that is found with a stated probability, per method and dose.

    Parameters
    ----------
    study : xarray.Dataset
        From `size_study` or `load_study`.
    rate : float
        Share of the draws in which it must be found; above 0, at most 1.
    tolerance : float, optional
        In cells: count as found only what is found within this of the true diameter.

    Returns
    -------
    xarray.Dataset
        By method and dose_per_area: `diameter` in cells, the smallest of which, as of all larger ones of the
        study, enough are found (NaN if not even the largest is), and `false_alarm_rate`, the share of
        pristine images in which something was found. The attribute `false_alarm` is the rate that the methods
        were to keep.

    Raises
    ------
    TypeError, ValueError
        If `rate` is not above 0 and at most 1, or the tolerance is negative.

    Notes
    -----
    A limit is worth no more than its false-alarm rate: a method that sees a precipitate everywhere finds the
    smallest ones. With 20 draws a rate of 0.95 is 19 of them; its standard error is 0.05.

    Examples
    --------
    >>> from hrtem_lab.sizing import load_study
    >>> limit = detection_limit(load_study())
    >>> limit.diameter.sel({"method": "sphere", "dose_per_area": [10, 150]}).values
    array([4., 2.])
    """
    plain = _arrays(study)
    limits = [plain.limits(method, tolerance, rate=rate) for method in plain.methods]
    alarms = [plain.false_alarms(method) for method in plain.methods]
    dims = ("method", "dose_per_area")
    return _view(
        study, {"diameter": (dims, limits, {"units": "unit cells"}), "false_alarm_rate": (dims, alarms)}
    ).assign_attrs(rate=rate, false_alarm=study.attrs["false_alarm"])


def dose_needed(study: Dataset, *, rate: float = RATE, tolerance: float | None = None) -> DataArray:
    """Return the lowest dose above which a precipitate is found with a stated probability.

    Parameters
    ----------
    study, rate, tolerance
        As for `detection_limit`.

    Returns
    -------
    xarray.DataArray
        In e⁻/Å², by method and diameter: the dose above which the share of the draws, interpolated over the
        logarithm of the dose, stays at the rate or higher. It is the lowest dose of the study where that is
        enough, NaN where the highest one is not.

    Raises
    ------
    TypeError, ValueError
        As `detection_limit` does.

    Examples
    --------
    >>> from hrtem_lab.sizing import load_study
    >>> ideal, sphere, fixed = dose_needed(load_study()).loc[["ideal", "sphere", "fixed"], 8].values
    >>> bool(ideal <= sphere < fixed)
    True
    """
    plain = _arrays(study)
    needed = [plain.doses_needed(method, tolerance, rate=rate) for method in plain.methods]
    return _view(study, {"dose_per_area": (("method", "diameter"), needed)})["dose_per_area"]


_DRAWS = ("method", "diameter", "dose_per_area", "draw")
_DIMENSIONS = {
    "method": ("method",),
    "diameter": ("diameter",),
    "dose_per_area": ("dose_per_area",),
    "diameter_found": _DRAWS,
    "misclassified": _DRAWS,
    "true_cells": ("diameter",),
    "pristine_found": ("method", "dose_per_area", "exposure"),
}


def _arrays(study: Dataset) -> StoredStudy:
    """Return a study without xarray; one method, diameter or dose chosen alone is a list of one."""
    arrays = {name: _listed(study[name], dims).values for name, dims in _DIMENSIONS.items()}
    return StoredStudy.of(arrays, cell=study.attrs["cell_angstrom"])


def _view(study: Dataset, variables: dict[str, tuple[Any, ...]]) -> Dataset:
    """Return results with the coordinates of the study; what is chosen alone there, is alone here."""
    from xarray import Dataset  # noqa: PLC0415

    names = dict.fromkeys(name for dims, *_ in variables.values() for name in dims)
    view = Dataset(variables, coords={name: _listed(study[name], (name,)) for name in names})
    return view.squeeze([name for name in names if name not in study.dims])


def _listed(variable: DataArray, dims: tuple[str, ...]) -> DataArray:
    return variable.expand_dims([name for name in dims if name not in variable.dims]).transpose(*dims)
