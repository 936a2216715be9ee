"""The dose at which two materials can be told apart, and how it compares with the ideal observer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.dose._statistics import LEVEL, area_under_curve, resampled

if TYPE_CHECKING:
    from xarray import DataArray, Dataset


def dose_to_reach(result: Dataset, ideal: Dataset | float | None = None, *, auc: float = 0.95) -> Dataset:
    """Return the dose from which on two materials are told apart with a given AUC.

    That is where the AUC rises to the target for good, interpolated linearly in the logarithm of the dose.

    Parameters
    ----------
    result : xarray.Dataset
        From `discriminability` or `ideal_observer`; doses in any order, 0 is left out.
    ideal : xarray.Dataset or float, optional
        From `ideal_observer`, for the same images and detector; or its dose in e⁻/Å² from `ideal_dose`,
        which carries no error of drawing.
    auc : float
        The area under the ROC curve asked for, between ½ and 1.

    Returns
    -------
    xarray.Dataset
        `dose_per_area` in e⁻/Å² with the 95 % bootstrap interval `low` to `high`; NaN if the highest dose of
        `result` does not suffice (an infinite `high` says that the interval reaches beyond it). If the
        lowest dose suffices already, that one is given and `at_most` is true. With `ideal`: `ratio_to_ideal`,
        how many times the ideal observer's dose that is, with `ratio_low` and `ratio_high` from the metric's
        interval alone.

    Raises
    ------
    ValueError
        If `auc` is not between ½ and 1, or `result` holds no draws or no dose above 0.

    Notes
    -----
    It misleads if few doses or draws stand behind it; look at the interval. An AUC of 0.95 is reached at
    the same dose by 20 draws or 2 000, but known far better by the latter.

    Examples
    --------
    >>> from hrtem_lab.dose import discriminability, ideal_dose
    >>> from hrtem_lab.noise import Detector
    >>> from hrtem_lab.simulation import form_image, load_exit_wave
    >>> wave = load_exit_wave("nb3sn")
    >>> nb3sn, zro2 = form_image(wave), form_image(load_exit_wave("zro2"), field_of_view=wave.field_of_view)
    >>> detector = Detector(sampling=5.275 / 32)
    >>> doses = [0.005, 0.02, 0.08]
    >>> found = discriminability("sift", nb3sn, zro2, doses, repeats=40, detector=detector, rng=1)
    >>> reached = dose_to_reach(found, ideal_dose(nb3sn, zro2, detector=detector))
    >>> 1 < float(reached["ratio_to_ideal"]) < 4
    True
    """
    target = _validation.between_half_and_one("auc", auc)
    reached = _reached(_draws(result), target)
    if ideal is not None:
        limit = ideal if isinstance(ideal, (int, float)) else _reached(_draws(ideal), target)["dose_per_area"]
        for name, dose in (("ratio_to_ideal", "dose_per_area"), ("ratio_low", "low"), ("ratio_high", "high")):
            reached[name] = reached[dose] / limit
    return reached


def _draws(result: Dataset) -> DataArray:
    for name in ("difference", "log_likelihood_ratio"):
        if name in result:
            draws = result[name].sortby("dose_per_area")
            beyond = draws.sel(dose_per_area=draws["dose_per_area"] > 0)
            if not beyond.sizes["dose_per_area"]:
                raise ValueError("result must hold a dose above 0, got none")
            return beyond
    raise ValueError(
        f"result must hold the draws of a study by dose, got {', '.join(map(str, result)) or 'nothing'}"
    )


def _reached(draws: DataArray, target: float) -> Dataset:
    from xarray import Dataset  # noqa: PLC0415

    doses = draws["dose_per_area"].values
    same, other = (draws.sel(image=image).values for image in ("same", "other"))
    found, low, high = crossing_dose(doses, same, other, target)
    dimensions = draws.isel(image=0, dose_per_area=0, repeat=0).dims
    variables: dict[str, Any] = {
        "dose_per_area": (dimensions, np.where(np.isinf(found), np.nan, found), draws["dose_per_area"].attrs),
        "low": (dimensions, low),
        "high": (dimensions, high),
        "at_most": (dimensions, found <= doses[0]),
    }
    coordinates = {name: draws[name] for name in dimensions}
    return Dataset(variables, coords=coordinates)


def crossing_dose(
    doses: NDArray[np.float64], same: NDArray[np.float64], other: NDArray[np.float64], auc: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the dose from which on the area under the curve stays at `auc` or above, and its interval.

    Parameters
    ----------
    doses : numpy.ndarray, shape (doses,)
        Increasing, positive.
    same, other : numpy.ndarray, shape (..., doses, draws)
        Draws of the two images.
    auc : float
        What is asked for.

    Returns
    -------
    (dose, low, high) : numpy.ndarrays, shape (...)
        The first dose, if that suffices; infinite if the last does not.

    Examples
    --------
    >>> import numpy as np
    >>> same, other = np.array([[0, 1, 2], [0, 1, 2]]), np.array([[0, 1, 2], [3, 4, 5]])
    >>> dose, low, high = crossing_dose(np.array([1.0, 100.0]), same, other, 0.75)
    >>> float(dose)
    10.0
    """
    found = _crossing(doses, area_under_curve(same, other), auc)
    again = np.stack([_crossing(doses, curve, auc) for curve in resampled(area_under_curve, same, other)])
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="nearest")
    return found, low, high


def _crossing(doses: NDArray[np.float64], curves: NDArray[np.float64], target: float) -> NDArray[np.float64]:
    """Return from which dose on curves along the last axis stay at the target: the first, or infinity."""
    flat = curves.reshape(-1, len(doses))
    return np.array([_one_crossing(doses, curve, target) for curve in flat]).reshape(curves.shape[:-1])


def _one_crossing(doses: NDArray[np.float64], curve: NDArray[np.float64], target: float) -> float:
    below = np.flatnonzero(~(curve >= target))
    if not below.size:
        return float(doses[0])
    last = below[-1]
    if last == len(doses) - 1:
        return np.inf
    share = (target - curve[last]) / (curve[last + 1] - curve[last])
    return float(doses[last] * (doses[last + 1] / doses[last]) ** share)
