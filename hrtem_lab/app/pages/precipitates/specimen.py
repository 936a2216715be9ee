"""What a method is told about an exposure, and what it says, in words; no widgets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.app.pages.precipitates.mismatch import EXACT, Mismatch
from hrtem_lab.metrics import METRICS
from hrtem_lab.sizing import (
    SIZERS,
    Conditions,
    PrecipitateSizer,
    PreparedSizer,
    Size,
    SizingMethod,
    cell_map,
    methods,
)
from hrtem_lab.sizing.specimens import CELL, CELLS, WHOLE_VIEW, Specimen

NOISE_FREE = float("inf")
"""The dose that a method is told of an image without noise."""
EXPOSURES, IMAGE = "exposures", "image"
"""Whence a method that counts cells knows what noise makes of them."""
TOLERANCE = 1.0
"""Cells within which a diameter counts as found."""
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
    background : str
        Whence a method that counts cells knows what noise makes of them: "exposures" of the reference, or
        the "image" itself.
    mismatch : Mismatch
        By how much the reference is off.
    own_cells : bool
        Whether the reference is made of the image's own cells instead.
    """

    method: str
    metric: str | None = None
    compact: bool = False
    dose: float | None
    pixels: int
    background: str = EXPOSURES
    mismatch: Mismatch = EXACT
    own_cells: bool = False

    @property
    def row(self) -> SizingMethod:
        """The method's row of the table."""
        return SIZERS[_validation.one_of("method", self.method, methods())]

    @property
    def options(self) -> dict[str, Any]:
        """The options that are not the method's own."""
        background = None if self.background == EXPOSURES else self.background
        chosen = {"metric": self.metric, "compact": self.compact or None, "background": background}
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
        """Whether the method compares cell by cell with a reference that it has before the image."""
        return self.row.metric is not None and not self.own_cells

    @property
    def against(self) -> str:
        """What the image is compared with, in words; empty for the exact reference."""
        return "the image’s own cells" if self.own_cells else self.mismatch.words

    @property
    def exact(self) -> bool:
        """Whether the reference is the one of the stored study, which has no mismatch."""
        return not self.against

    def __call__(self, image: NDArray[np.floating]) -> Size:
        """Return what the method says about an image."""
        return _sizer(self)(image)

    def differences(self, image: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the map of cells of a method that compares them; the method need not be prepared."""
        metric = self.metric or self.row.metric
        if metric is None or self.own_cells:
            raise ValueError(f"method must compare cells with a simulated reference, got {self.method!r}")
        return cell_map(self.mismatch.reference(self.pixels), image, cells=CELLS, metric=metric)

    def judge(self, differences: NDArray[np.float64]) -> Size:
        """Return what a method that compares cells says about their map."""
        return _sizer(self).judge(differences)

    def sizer(self) -> PreparedSizer | PrecipitateSizer:
        """Return the method prepared for many images, which takes longer than measuring one."""
        sampling = WHOLE_VIEW[0] / self.pixels
        dose = NOISE_FREE if self.dose is None else self.dose
        if self.own_cells:
            unknown: Any = None
            return PrecipitateSizer(
                unknown,
                cells=CELLS,
                dose_per_area=dose,
                sampling=sampling,
                method=self.method,
                false_alarm=FALSE_ALARM,
                **self.options,
            )
        conditions = Conditions(
            shape=(self.pixels, self.pixels),
            cells=(CELLS, CELLS),
            dose_per_area=dose,
            sampling=sampling,
            false_alarm=FALSE_ALARM,
        )
        return self.row(self.mismatch.reference(self.pixels), conditions, **self.options)


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


def doubts(size: Size) -> list[str]:
    """Return what a method says against its own number, and what else it knows of the image, as sentences.

    Parameters
    ----------
    size : Size

    Returns
    -------
    list of str
        What is wrong, how well the fit describes the image, and which further precipitates there are; empty
        for a method that knows nothing of the kind.
    """
    told = [f"{problem[:1].upper()}{problem[1:].rstrip('.')}." for problem in size.problems]
    outside = " outside the precipitate" if np.isfinite(size.fit_inside) else ""
    fits = {outside: size.fit_outside, " inside": size.fit_inside}
    known = [f"{value:.2f}{place}" for place, value in fits.items() if np.isfinite(value)]
    if known:
        told.append(f"Reduced χ² of the fit (1 is perfect): {', '.join(known)}.")
    if size.others:
        sizes = ", ".join(diameter_words(other.diameter) for other in size.others)
        told.append(f"Further {'precipitate' if len(size.others) == 1 else 'precipitates'}: {sizes}.")
    return told
