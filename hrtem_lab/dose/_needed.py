"""The dose that a metric needs, measured closely enough for a table: doses chosen first, then many draws."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.dose._limit import ideal_dose
from hrtem_lab.dose._statistics import area_under_curve, resampled
from hrtem_lab.metrics import METRICS
from hrtem_lab.metrics.outliers import without_warning
from hrtem_lab.noise import Detector
from hrtem_lab.simulation import form_image, load_exit_wave

Floats = NDArray[np.float64]

TARGET = 0.95
COARSE = np.geomspace(0.7, 12, 7)
"""Doses of the first stage, in units of the ideal observer's."""
COARSE_DRAWS = 40
FINE = np.geomspace(0.65, 1.5, 5)
"""Doses of the second stage, in units of what the first stage found."""
OFF_CENTRE = 1.25
"""The second stage is repeated around what it found, if this is farther from the middle of its doses."""
TRIES = 5
ERRORS = 4
"""Half the interval's width, in standard errors of the difference of two runs."""
CELL = 5.275  # Å, Nb₃Sn
BLOCK = 100  # exposures that are held in memory


@dataclass(frozen=True)
class NeededDose:
    """A dose at which a metric's AUC reaches 0.95, and how closely it is known.

    Attributes
    ----------
    dose : float
        In e⁻/Å².
    error : float
        Standard error of the logarithm of the dose, by bootstrap.
    """

    dose: float
    error: float

    def interval(self) -> tuple[float, float]:
        """Return where a second run with another seed finds its dose in 99.9 % of the cases.

        Both runs have the error, so that their difference has √2 times as much; the interval reaches four
        times as far to both sides. In 100 simulated runs with d′ proportional to √dose, 99.9 % of all pairs
        lay within it; with d′ proportional to dose^0.3, a flat curve, 99.4 %.
        """
        factor = exp(ERRORS * sqrt(2) * self.error)
        return self.dose / factor, self.dose * factor


def materials(cells: int, pixels_per_cell: int, *, equal: bool) -> tuple[Floats, Floats, Detector]:
    """Return images of Nb₃Sn and ZrO₂, of equal mean if asked for, and a detector that only counts."""
    shape, view = cells * pixels_per_cell, cells * CELL
    same, other = (
        form_image(load_exit_wave(name), shape=shape, field_of_view=view).astype(np.float64)
        for name in ("nb3sn", "zro2")
    )
    if equal:
        other *= same.mean() / other.mean()
    return same, other, Detector(sampling=view / shape)


def needed_dose(
    metric: str, same: Floats, other: Floats, *, detector: Detector, draws: int, rng: np.random.Generator
) -> NeededDose:
    """Return the dose that a metric needs to tell two materials apart with an AUC of 0.95.

    The first stage chooses five doses around the crossing; the second one measures there, with exposures of
    its own, and is repeated with others if the doses lay too far to one side of the crossing. Chance in the
    first stage can move the doses, but not the result.

    Parameters
    ----------
    metric : str
        Key of `hrtem_lab.metrics.METRICS`.
    same, other : numpy.ndarray, shape (rows, columns)
        The noise-free images.
    detector : Detector
        Pixel size and noise.
    draws : int
        Exposures of each image at each of the five doses; at least 40.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        If there are fewer than 40 draws.
    """
    if _validation.positive_integer("draws", draws) < COARSE_DRAWS:
        raise ValueError(f"draws must be at least {COARSE_DRAWS} to fit a curve, got {draws}")
    doses, count = ideal_dose(same, other, auc=TARGET, detector=detector) * COARSE, COARSE_DRAWS
    compare = METRICS[metric].prepare(same)

    def differences(image: Floats) -> Floats:
        found = np.empty((len(doses), count))
        for (row, dose), first in ((item, at) for item in enumerate(doses) for at in range(0, count, BLOCK)):
            places = found[row, first : first + BLOCK]
            stack = np.broadcast_to(image, (len(places), *image.shape))
            with without_warning():  # a simulated camera has no bad pixels
                places[:] = compare.many(detector.expose(stack, dose_per_area=float(dose), rng=rng))
        return found

    found = fitted_dose(doses, differences(same), differences(other))
    count = draws
    for _ in range(TRIES):
        middle = found.dose
        doses = middle * FINE
        found = fitted_dose(doses, differences(same), differences(other))
        if 1 / OFF_CENTRE < found.dose / middle < OFF_CENTRE:
            break
    return found


def fitted_dose(doses: Floats, same: Floats, other: Floats) -> NeededDose:
    r"""Return where an AUC reaches 0.95, from draws at a few doses around it, shape (doses, draws).

    .. math:: \sqrt 2\, \Phi^{-1}(\mathrm{AUC}) = d' = a\, \mathrm{dose}^{\,p}

    is fitted by least squares in the logarithms. Every draw at every dose counts, unlike in `crossing_dose`,
    whose result rests on the two doses beside the crossing; and no dip by chance pushes the crossing up. For
    a difference that is an average over many independent pixels, p is about ½.
    """
    from scipy.special import ndtri  # noqa: PLC0415

    # An area of 1 says only that less than about one of all pairs is out of order.
    half_a_pair = 0.5 / same.shape[-1] ** 2
    found = area_under_curve(same, other)
    areas = np.vstack([found, resampled(area_under_curve, same, other)])
    areas = np.clip(areas, 0.5 + half_a_pair, 1 - half_a_pair)
    slopes, starts = np.polyfit(np.log(doses), np.log(ndtri(areas)).T, 1, w=_weights(areas[0]))
    crossings = (np.log(ndtri(TARGET)) - starts) / slopes
    # Half the middle 68 %: a few resampled curves that are nearly flat cross anywhere.
    low, high = np.quantile(crossings[1:], [NormalDist().cdf(-1), NormalDist().cdf(1)])
    return NeededDose(float(np.exp(crossings[0])), float(high - low) / 2)


def _weights(areas: Floats) -> Floats:
    """Return one over the error of ln Φ⁻¹(AUC), up to a factor: √(AUC (1 − AUC)) stands for the AUC's."""
    from scipy.special import ndtri  # noqa: PLC0415

    quantiles = ndtri(areas)
    return np.asarray(quantiles * np.exp(-(quantiles**2) / 2) / np.sqrt(areas * (1 - areas)))
