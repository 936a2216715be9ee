"""What a study says: errors, rates, and the smallest precipitate that is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hrtem_lab import _validation

if TYPE_CHECKING:
    from xarray import DataArray, Dataset


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
    >>> float(table.rms_error.sel({"method": "sphere", "diameter": 8, "dose_per_area": 50}))
    0.0
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


def detection_limit(study: Dataset, *, rate: float = 0.95, tolerance: float | None = None) -> Dataset:
    """Return the smallest precipitate that is found with a stated probability, per method and dose.

    Parameters
    ----------
    study : xarray.Dataset
        From `size_study` or `load_study`.
    rate : float
        Share of the draws in which it must be found; above 0, at most 1.
    tolerance : float, optional
        Count as found only what is found within so many cells of the true diameter.

    Returns
    -------
    xarray.Dataset
        By method and dose_per_area: `diameter` in cells, from which on every larger one of the study is
        found, too (NaN if not even the largest is), and `false_alarm_rate`, the share of pristine images in
        which something was found. The attribute `false_alarm` is the rate that the methods were to keep.

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
    if not 0 < _validation.positive("rate", rate) <= 1:
        raise ValueError(f"rate must be at most 1, got {rate!r}")
    share = _found(study, tolerance).mean("draw").sortby("diameter", ascending=False)
    diameters = share["diameter"]
    enough = (share >= rate - 1e-9).cumprod("diameter").astype(bool)
    limit = diameters.where(enough).min("diameter").to_dataset(name="diameter")
    limit["diameter"].attrs["units"] = "unit cells"
    limit["false_alarm_rate"] = study["pristine_found"].notnull().mean("exposure")
    limit.attrs = {"rate": rate, "false_alarm": study.attrs["false_alarm"]}
    return limit


def dose_needed(study: Dataset, *, rate: float = 0.95, tolerance: float | None = None) -> DataArray:
    """Return the lowest dose from which on a precipitate is found with a stated probability.

    Parameters
    ----------
    study, rate, tolerance
        As for `detection_limit`.

    Returns
    -------
    xarray.DataArray
        In e⁻/Å², by method and diameter: where the rate, interpolated over the logarithm of the dose, reaches
        the stated one for good; the lowest dose of the study where it never is below, NaN where it is below
        at the highest.

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
    from xarray import DataArray  # noqa: PLC0415

    if not 0 < _validation.positive("rate", rate) <= 1:
        raise ValueError(f"rate must be at most 1, got {rate!r}")
    share = _found(study, tolerance).mean("draw").sortby("dose_per_area")
    share = share.transpose("method", "diameter", "dose_per_area")
    doses = share["dose_per_area"].values
    needed = [[reached(doses, one, rate) for one in row] for row in share.values]
    coordinates = {"method": share["method"], "diameter": share["diameter"]}
    return DataArray(needed, coordinates, ("method", "diameter"), "dose_per_area")


def _found(study: Dataset, tolerance: float | None) -> DataArray:
    """Return in which draws a precipitate was found, and within the tolerance if there is one."""
    found = study["diameter_found"]
    if tolerance is None:
        return found.notnull()
    error = found / study.attrs["cell_angstrom"] - study["diameter"]
    return np.abs(error) <= _validation.non_negative("tolerance", tolerance) + 1e-9


def reached(doses: np.ndarray, share: np.ndarray, rate: float) -> float:
    """Return where a share reaches the rate for good."""
    below = np.flatnonzero(share < rate - 1e-9)
    if not below.size:
        return float(doses[0])
    last = below[-1]
    if last + 1 == len(doses):
        return float("nan")
    part = (rate - share[last]) / (share[last + 1] - share[last])
    return float(doses[last] * (doses[last + 1] / doses[last]) ** part)
