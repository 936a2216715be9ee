"""What a method is told about an exposure, and what it says, in words; no widgets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics import METRICS
from hrtem_lab.sizing import SIZERS, Conditions, PreparedSizer, Size, SizingMethod, cell_map, methods
from hrtem_lab.sizing.specimens import CELL, CELLS, WHOLE_VIEW, Specimen, centred_image

FALSE_ALARM = 0.05
"""Greatest share of pristine images in which a method may find a precipitate."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """All that a method is told besides the image.

    Attributes
    ----------
    method : str
        One of `hrtem_lab.sizing.METHODS`.
    metric : str or None
        The metric of the cells; None is the one that the method is meant for.
    compact : bool
        Whether only the largest connected group of cells counts.
    dose : float or None
        In e⁻/Å²; None stands for an image without noise.
    pixels : int
        Along each side of the image.
    """

    method: str
    metric: str | None = None
    compact: bool = False
    dose: float | None
    pixels: int

    @property
    def row(self) -> SizingMethod:
        """The method's row of the table."""
        return SIZERS[_validation.one_of("method", self.method, methods())]

    @property
    def options(self) -> dict[str, Any]:
        """The options that are not the method's own."""
        chosen = {"metric": self.metric, "compact": self.compact or None}
        return {name: value for name, value in chosen.items() if value is not None}

    @property
    def words(self) -> str:
        """The method in words, and whether only a connected group counts."""
        return self.row.label + (", one connected group" if self.compact else "")

    @property
    def quantity(self) -> str:
        """What the numbers of the map are, in words."""
        metric = self.metric or self.row.metric
        return self.row.quantity if metric is None else f"{METRICS[metric].label} {self.row.quantity}"

    @property
    def compares_cells(self) -> bool:
        """Whether the method compares cell by cell."""
        return self.row.metric is not None

    def __call__(self, image: NDArray[np.floating]) -> Size:
        """Return what the method says about an image."""
        return _sizer(self)(image)

    def differences(self, image: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the map of cells of a method that compares them; the method need not be prepared."""
        metric = self.metric or self.row.metric
        if metric is None:
            raise ValueError(f"method must compare cells, got {self.method!r}")
        return cell_map(centred_image(0, self.pixels), image, cells=CELLS, metric=metric)

    def judge(self, differences: NDArray[np.float64]) -> Size:
        """Return what a method that compares cells says about their map."""
        return _sizer(self).judge(differences)

    def sizer(self) -> PreparedSizer:
        """Return the method prepared for many images, which takes longer than measuring one."""
        conditions = Conditions(
            shape=(self.pixels, self.pixels),
            cells=(CELLS, CELLS),
            dose_per_area=self.dose,
            sampling=WHOLE_VIEW[0] / self.pixels,
            false_alarm=FALSE_ALARM,
        )
        return self.row(centred_image(0, self.pixels), conditions, **self.options)


@lru_cache(maxsize=1)
def _sizer(measurement: Measurement) -> Any:
    """Return the prepared method; the last one is kept."""
    return measurement.sizer()


def diameter_words(diameter: float) -> str:
    """Return a diameter given in Å in nm and cells.

    Examples
    --------
    >>> diameter_words(52.75)
    '5.3 nm (10 cells)'
    """
    cells = round(diameter / CELL, 1)
    return f"{diameter / 10:.1f} nm ({cells:g} {'cell' if cells == 1 else 'cells'})"


def verdict(size: Size, specimen: Specimen, *, noise_free: bool = False, reveal: bool = True) -> str:
    """Return what a method says about an exposure, and the truth beside it if it is to be revealed.

    Parameters
    ----------
    size : Size
    specimen : Specimen
    noise_free : bool
        Whether the image was one without noise.
    reveal : bool
        Whether to tell the truth.
    """
    if size.detected:
        sentence = f"Diameter found: {diameter_words(size.diameter)}"
        if not noise_free:
            sentence += f", 95 % interval {size.low / 10:.1f} to {size.high / 10:.1f} nm"
    else:
        sentence = "Not detectable" + (" by this method" if noise_free else " at this dose")
    if not reveal:
        return f"{sentence}."
    truth = diameter_words(specimen.diameter * CELL) if specimen.diameter else "no precipitate"
    wrong = size.misclassified(specimen.truth)
    return f"{sentence}; true: {truth}; {wrong} {'cell' if wrong == 1 else 'cells'} misclassified."
