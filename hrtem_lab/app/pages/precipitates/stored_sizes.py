"""The stored study of precipitate sizes for the pages: read with NumPy alone, to spare memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.pages.precipitates.specimen import CELL, Measurement, method_words
from hrtem_lab.sizing._summary import reached

Floats = NDArray[np.float64]
RATE = 0.95
"""Share of the exposures in which a precipitate must be found to count as findable."""
SIFT_BY_FALSE_ALARM = "false_alarm_sift"


@dataclass(frozen=True)
class StoredSizes:
    """Diameters found in many exposures, the same numbers as `hrtem_lab.sizing.load_study`.

    Attributes
    ----------
    methods : tuple of str
        Keys of `hrtem_lab.sizing.STUDY_METHODS`.
    diameters : numpy.ndarray of int, shape (diameters,)
        True diameters in cells.
    doses : numpy.ndarray, shape (doses,)
        In e⁻/Å².
    found : numpy.ndarray, shape (methods, diameters, doses, draws)
        In cells; NaN where no precipitate is detectable.
    misclassified : numpy.ndarray, shape (methods, diameters, doses, draws)
        Cells that differ from the truth.
    true_cells : numpy.ndarray of int, shape (diameters,)
        Cells that the precipitate covers.
    pristine : numpy.ndarray, shape (methods, doses, exposures)
        Diameters found where there is no precipitate, in cells; NaN where rightly none is.
    """

    methods: tuple[str, ...]
    diameters: NDArray[np.int_]
    doses: Floats
    found: Floats
    misclassified: Floats
    true_cells: NDArray[np.int_]
    pristine: Floats

    def nearest(self, dose: float) -> int:
        """Return the place of the dose that is nearest by ratio, in e⁻/Å²."""
        return int(np.abs(np.log(self.doses / dose)).argmin())

    def at(self, method: str, dose: int) -> Floats:
        """Return the diameters found by a method at the dose of that place, shape (diameters, draws)."""
        return self.found[self.methods.index(method), :, dose]

    def errors(self, method: str, dose: int, diameters: Sequence[int]) -> Floats:
        """Return found minus true diameter in cells, shape (diameters, draws)."""
        chosen = np.isin(self.diameters, diameters)
        return self.at(method, dose)[chosen] - self.diameters[chosen, None]

    def share(self, method: str, tolerance: float) -> Floats:
        """Return in which share of its exposures a diameter is found within a tolerance in cells.

        Parameters
        ----------
        method : str
        tolerance : float
            In cells.

        Returns
        -------
        numpy.ndarray, shape (diameters, doses)
        """
        error = self.found[self.methods.index(method)] - self.diameters[:, None, None]
        return np.asarray((np.abs(error) <= tolerance + 1e-9).mean(axis=2))

    def limits(self, method: str, tolerance: float) -> Floats:
        """Return the diameter in cells from which on all are found at `RATE`, by dose; NaN for none."""
        enough = self.share(method, tolerance) >= RATE - 1e-9
        findable = np.logical_and.accumulate(enough[::-1], axis=0)[::-1]
        least = np.where(findable, self.diameters[:, None], np.inf).min(axis=0)
        return np.where(np.isfinite(least), least, np.nan)

    def doses_needed(self, method: str, tolerance: float) -> Floats:
        """Return the dose in e⁻/Å² from which on a diameter is found at `RATE`, by diameter; NaN for none.

        The share is interpolated over the logarithm of the dose, as `hrtem_lab.sizing.dose_needed` does.
        """
        shares = self.share(method, tolerance)
        return np.array([reached(self.doses, share, RATE) for share in shares])

    def false_alarms(self, method: str) -> Floats:
        """Return the share of pristine exposures in which something is found, by dose."""
        return np.asarray(np.isfinite(self.pristine[self.methods.index(method)]).mean(axis=1))


@lru_cache(maxsize=1)
def stored_sizes() -> StoredSizes:
    """Return the study that comes with the package."""
    path = resources.files("hrtem_lab") / "data" / "sizing" / "study.npz"
    with path.open("rb") as stream, np.load(stream) as archive:
        return StoredSizes(
            methods=tuple(str(name) for name in archive["method"]),
            diameters=archive["diameter"],
            doses=archive["dose_per_area"],
            found=archive["diameter_found"] / CELL,
            misclassified=archive["misclassified"],
            true_cells=archive["true_cells"],
            pristine=archive["pristine_found"] / CELL,
        )


def study_method(measurement: Measurement) -> str | None:
    """Return under which name the study holds a method, or None if it does not."""
    if measurement.method == "sphere":
        return "sphere"
    if measurement.metric is None:
        return f"{measurement.method}_compact" if measurement.compact else measurement.method
    if (measurement.method, measurement.metric, measurement.compact) == ("false_alarm", "sift", False):
        return SIFT_BY_FALSE_ALARM
    return None


def study_words(method: str) -> str:
    """Return the name on the pages of a method of the study.

    Examples
    --------
    >>> study_words("otsu_compact")
    'Otsu, one connected group'
    """
    if method == "ideal":
        return "ideal observer"
    if method == SIFT_BY_FALSE_ALARM:
        return f"{method_words('false_alarm')}, SIFT"
    return method_words(method.removesuffix("_compact"), compact=method.endswith("_compact"))
