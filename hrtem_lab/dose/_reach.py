"""The dose at which two materials can be told apart, and how it compares with the ideal observer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab._studies import crossing
from hrtem_lab.dose._statistics import LEVEL, area_under_curve, resampled

if TYPE_CHECKING:
    from xarray import DataArray, Dataset


def dose_to_reach(result: Dataset, ideal: Dataset | float | None = None, *, auc: float = 0.95) -> Dataset:
    """Return the lowest dose above which two materials are told apart with a given AUC.

    There the AUC rises to the target for good; it is interpolated linearly in the logarithm of the dose.

    Parameters
    ----------
    result : xarray.Dataset
        From `discriminability` or `ideal_observer`; doses in any order, 0 is left out.
    ideal : xarray.Dataset or float, optional
        From `ideal_observer`, for the same images and detector; or its dose in e⁻/Å² from `ideal_dose`,
        which is computed without draws and so has no sampling error.
    auc : float
        The area under the ROC curve asked for, between ½ and 1.

    Returns
    -------
    xarray.Dataset
        `dose_per_area` in e⁻/Å² with the 95 % bootstrap interval `low` to `high`; NaN if the highest dose of
        `result` does not suffice. An infinite `high` means that the interval ends above the highest dose. If
        the lowest dose already suffices, it is returned and `at_most` is true. With `ideal`:
        `ratio_to_ideal`, the dose as a multiple of the ideal observer's, with `ratio_low` and `ratio_high`
        from the metric's interval alone.

    Raises
    ------
    ValueError
        If `auc` is not between ½ and 1, or `result` holds no draws or no dose above 0.

    Notes
    -----
    It misleads if it rests on few doses or draws; look at the interval. With 20 draws and with 2 000 the dose
    is the same on average, but with 2 000 it is known far more precisely.

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
    """Return the lowest dose above which the area under the curve stays at `auc` or above, and its interval.

    Parameters
    ----------
    doses : numpy.ndarray, shape (doses,)
        Increasing, positive.
    same, other : numpy.ndarray, shape (..., doses, draws)
        Draws of the two images.
    auc : float
        The area under the ROC curve asked for.

    Returns
    -------
    (dose, low, high) : numpy.ndarrays, shape (...)
        The dose and the ends of its 95 % bootstrap interval: the first dose if it suffices, infinite if the
        last one does not.

    Examples
    --------
    >>> import numpy as np
    >>> same, other = np.array([[0, 1, 2], [0, 1, 2]]), np.array([[0, 1, 2], [3, 4, 5]])
    >>> dose, low, high = crossing_dose(np.array([1.0, 100.0]), same, other, 0.75)
    >>> float(dose)
    10.0
    """
    found = _crossings(doses, area_under_curve(same, other), auc)
    again = np.stack([_crossings(doses, curve, auc) for curve in resampled(area_under_curve, same, other)])
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="nearest")
    return found, low, high


def _crossings(doses: NDArray[np.float64], curves: NDArray[np.float64], target: float) -> NDArray[np.float64]:
    """Return where each of the curves along the last axis reaches the target for good."""
    flat = curves.reshape(-1, len(doses))
    return np.array([crossing(doses, curve, target) for curve in flat]).reshape(curves.shape[:-1])
