"""The study that comes with the package, read and summarised with NumPy alone, to spare a page's memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab._studies import crossing

if TYPE_CHECKING:
    from xarray import Dataset

Floats = NDArray[np.float64]

RATE = 0.95
"""Share of the exposures in which a precipitate must be found to count as findable."""
# Shares are quotients of small whole numbers: rounding aside.
ROUNDING = 1e-9


@dataclass(frozen=True)
class StoredStudy:
    """Diameters that several methods find in many exposures, and what they say.

    Attributes
    ----------
    methods : tuple of str
        Keys of `STUDY_METHODS`.
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

    Examples
    --------
    >>> study = stored_study()
    >>> study.limits("sphere")[[5, 8]]  # at 1 000 and 15 000 e⁻/nm²
    array([4., 2.])
    """

    methods: tuple[str, ...]
    diameters: NDArray[np.int_]
    doses: Floats
    found: Floats
    misclassified: Floats
    true_cells: NDArray[np.int_]
    pristine: Floats

    def __repr__(self) -> str:
        return (
            f"<StoredStudy: {len(self.methods)} methods, diameters of {self.diameters.min()} to "
            f"{self.diameters.max()} cells, {self.doses.min():g} to {self.doses.max():g} e⁻/Å², "
            f"{self.found.shape[-1]} draws>"
        )

    @classmethod
    def of(cls, arrays: Any, *, cell: float) -> StoredStudy:
        """Return the study of a mapping of the arrays of `size_study` by their names; `cell` is in Å."""
        return cls(
            methods=tuple(str(name) for name in arrays["method"]),
            diameters=np.asarray(arrays["diameter"]),
            doses=np.asarray(arrays["dose_per_area"]),
            found=np.asarray(arrays["diameter_found"]) / cell,
            misclassified=np.asarray(arrays["misclassified"]),
            true_cells=np.asarray(arrays["true_cells"]),
            pristine=np.asarray(arrays["pristine_found"]) / cell,
        )

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

    def wrong_cells(self, method: str, dose: int) -> Floats:
        """Return the mean number of misclassified cells in units of the true ones, by diameter."""
        wrong = self.misclassified[self.methods.index(method), :, dose].mean(axis=1)
        return np.asarray(wrong / self.true_cells)

    def share(self, method: str, tolerance: float | None = None) -> Floats:
        """Return in which share of its exposures a diameter is found.

        Parameters
        ----------
        method : str
            One of `methods`.
        tolerance : float, optional
            In cells: count as found only what is found within this of the true diameter.

        Returns
        -------
        numpy.ndarray, shape (diameters, doses)
        """
        found = self.found[self.methods.index(method)]
        if tolerance is None:
            return np.asarray(np.isfinite(found).mean(axis=2))
        within = _validation.non_negative("tolerance", tolerance) + ROUNDING
        return np.asarray((np.abs(found - self.diameters[:, None, None]) <= within).mean(axis=2))

    def limits(self, method: str, tolerance: float | None = None, *, rate: float = RATE) -> Floats:
        """Return the smallest diameter in cells of which, as of all larger ones, enough are found, by dose.

        NaN where not even the largest diameter is found at this rate. Parameters as for `doses_needed`.
        """
        order = np.argsort(self.diameters)
        enough = self.share(method, tolerance)[order] >= checked_rate(rate) - ROUNDING
        findable = np.logical_and.accumulate(enough[::-1], axis=0)[::-1]
        least = np.where(findable, self.diameters[order, None], np.inf).min(axis=0)
        return np.where(np.isfinite(least), least, np.nan)

    def doses_needed(self, method: str, tolerance: float | None = None, *, rate: float = RATE) -> Floats:
        """Return the lowest dose in e⁻/Å² above which a diameter is found at a rate, by diameter.

        The share is interpolated over the logarithm of the dose; NaN where the highest dose is too low.

        Parameters
        ----------
        method : str
            One of `methods`.
        tolerance : float, optional
            As for `share`.
        rate : float
            Share of the exposures; above 0, at most 1.
        """
        order = np.argsort(self.doses)
        target, shares = checked_rate(rate), self.share(method, tolerance)[:, order]
        needed = [crossing(self.doses[order], share, target, tolerance=ROUNDING) for share in shares]
        return np.where(np.isfinite(needed), needed, np.nan)

    def false_alarms(self, method: str) -> Floats:
        """Return the share of pristine exposures in which something is found, by dose."""
        return np.asarray(np.isfinite(self.pristine[self.methods.index(method)]).mean(axis=1))


def checked_rate(rate: float) -> float:
    """Return a share of exposures; it must be above 0 and at most 1."""
    if _validation.positive("rate", rate) > 1:
        raise ValueError(f"rate must be at most 1, got {rate!r}")
    return rate


@lru_cache(maxsize=1)
def stored_study() -> StoredStudy:
    """Return the study that comes with the package, without loading xarray; do not write to its arrays."""
    arrays, header = read_arrays(shipped())
    return StoredStudy.of(arrays, cell=header["attributes"]["cell_angstrom"])


def shipped() -> Traversable:
    """Return the file that comes with the package."""
    return resources.files("hrtem_lab") / "data" / "sizing" / "study.npz"


def read_arrays(path: Path | Traversable) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays of a file that `write_study` wrote, by name, and what it says of them."""
    with path.open("rb") as stream, np.load(stream) as archive:
        arrays = dict(archive)
    return arrays, json.loads(str(arrays.pop("header")))


def write_study(study: Dataset, path: Path) -> None:
    """Write a study as a compressed ``.npz`` with its names, units and attributes as JSON in ``header``."""
    header = {
        "attributes": dict(study.attrs),
        "variables": {name: list(study[name].dims) for name in study.variables},
        "units": {name: study[name].attrs for name in study.variables},
    }
    arrays = {str(name): study[name].values for name in study.variables}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, header=np.array(json.dumps(header)), **arrays)  # type: ignore[arg-type]
