"""What every sizing method offers: a row of the table, and the method prepared for one crystal and dose."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics import Metric
from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.sizing._cells import checked_cells
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing._thresholds import Threshold

NOISE_FREE = 1e4
"""Electrons per Å² that stand for an image without noise, and for more of them."""
CELL_PROBABILITY = "probability of each cell"
"""What the map of a method shows that weighs precipitates as a whole."""
REFERENCE, SERIES = "reference", "series"
"""What a method knows: the pristine crystal alone, or the images of all precipitates."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """How the images of a crystal are cut into cells and exposed, and how many false alarms are allowed.

    Attributes
    ----------
    shape : (int, int)
        Of the images.
    cells : (int, int)
        Unit cells along rows and columns.
    dose_per_area : float or None
        Incident electrons per Å², infinite for images without noise; None where each image's own noise tells.
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).
    false_alarm : float
        Greatest share of pristine images in which a precipitate may be found.
    """

    shape: tuple[int, int]
    cells: tuple[int, int]
    dose_per_area: float | None
    sampling: float | tuple[float, float]
    false_alarm: float

    def describe(self) -> str:
        """Return in a few words what is exposed."""
        rows, columns = self.cells
        given = self.dose_per_area
        dose = "dose unknown" if given is None else "no noise" if np.isinf(given) else f"{given:g} e⁻/Å²"
        return f"{rows} × {columns} cells of {self.cell:.4g} Å, {dose}"

    @property
    def cell(self) -> float:
        """Edge of a unit cell in Å; of a rectangle's, the square root of its area."""
        steps = _validation.pixel_size("sampling", self.sampling)
        sides = zip(self.shape, self.cells, steps, strict=True)
        edges = [size / count * step for size, count, step in sides]
        return float(np.sqrt(edges[0] * edges[1]))

    @property
    def counts(self) -> float:
        """Expected electrons in a pixel of vacuum; without noise, as many as leave none to be seen."""
        dose = NOISE_FREE if self.dose_per_area is None else min(self.dose_per_area, NOISE_FREE)
        return counts_per_pixel(dose, sampling=self.sampling)


def checked_conditions(
    shape: tuple[int, ...], *, cells: Any, dose_per_area: Any, sampling: Any, false_alarm: Any
) -> Conditions:
    """Return the conditions; a number that is out of range is refused."""
    size = _validation.pixel_size("sampling", sampling)
    rate = _validation.positive("false_alarm", false_alarm)
    if rate >= 1:
        raise ValueError(f"false_alarm must be below 1, got {false_alarm!r}")
    return Conditions(
        shape=(shape[0], shape[1]),
        cells=checked_cells(cells, shape),
        dose_per_area=checked_dose(dose_per_area),
        sampling=size if np.ndim(sampling) else size[0],
        false_alarm=rate,
    )


def checked_dose(dose_per_area: Any) -> float | None:
    """Return the dose: positive, infinite for an image without noise, or None if it is unknown."""
    if dose_per_area is None or (isinstance(dose_per_area, float) and dose_per_area == np.inf):
        return dose_per_area
    return _validation.positive("dose_per_area", dose_per_area)


def checked_reference(reference: ArrayLike) -> NDArray[np.floating]:
    """Return the pristine image, which has no negative pixel and is not black."""
    image = np.maximum(_validation.image("reference", reference), 0)
    if not image.any():
        raise ValueError("reference must be brighter than 0 somewhere, got a black image")
    return image


class PreparedSizer(ABC):
    """A method with all that it needs of the crystal and the dose, computed once and used for many images.

    Parameters
    ----------
    conditions : Conditions
        Of all images.

    Attributes
    ----------
    method : str
        The key of its row.
    metric : Metric or None
        By which it compares cells. Such a method also takes the map of cells alone: its `differences` makes
        the map, its `judge` gives the `Size`, so that several methods can share one map.
    """

    method: str
    metric: Metric | None = None

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.method!r}, {self.conditions.describe()}>"

    @abstractmethod
    def __call__(self, image: NDArray[np.floating]) -> Size:
        """Return what the method says about an image, a finite array of the reference's shape."""

    def found(
        self,
        *,
        diameter: float,
        low: float,
        high: float,
        mask: NDArray[np.bool_],
        map: NDArray[np.float64],
        threshold: float,
        evidence: float = np.nan,
    ) -> Size:
        """Return that a precipitate was found; lengths in Å."""
        return Size(
            diameter=diameter,
            low=low,
            high=high,
            detected=True,
            mask=mask,
            map=map,
            threshold=threshold,
            method=self.method,
            cell=self.conditions.cell,
            evidence=evidence,
        )

    def nothing(self, map_: NDArray[np.float64], threshold: float, *, evidence: float = np.nan) -> Size:
        """Return that no precipitate is detectable."""
        return Size(
            diameter=np.nan,
            low=np.nan,
            high=np.nan,
            detected=False,
            mask=np.zeros(self.conditions.cells, bool),
            map=map_,
            threshold=threshold,
            method=self.method,
            cell=self.conditions.cell,
            evidence=evidence,
        )


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A method with some of its options set.

    Attributes
    ----------
    key, label : str
        What is added to the method's name in a study and on a page.
    options : mapping
        The options that are set.
    """

    key: str
    label: str
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class StudyMethod:
    """A method or a variant of it, as a study holds it.

    Attributes
    ----------
    name, label : str
        In a study and on a page.
    row : SizingMethod
        The method.
    options : mapping
        The options that are set.
    """

    name: str
    label: str
    row: SizingMethod
    options: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"StudyMethod(name={self.name!r}, label={self.label!r})"


@dataclass(frozen=True, kw_only=True)
class SizingMethod:
    """One row of the table of sizing methods.

    Attributes
    ----------
    key : str
        The name in the table.
    label : str
        The name on a page.
    description : str
        The method in a sentence.
    prepare : callable
        ``(known, conditions, *, options) -> PreparedSizer``, where `known` is what the method `needs`.
    colour, marker : str
        In every figure: hexadecimal RGB, and Matplotlib's code; no two methods share both.
    quantity : str
        What the numbers of its map are; "difference" follows the name of a metric.
    needs : str
        "reference" for the image of the pristine crystal; "series" for the images of all precipitates, which
        `size_precipitate` does not have. A method prepared from a series offers `at_dose`.
    threshold : Threshold or None
        The rule by which it counts cells; None if it does not.
    variants : tuple of Variant
        Further settings of which a study tells.
    column : int or None
        Its place from the left in the tables of chapter 6; None if they leave it out.
    rival : bool
        Whether it counts beside the reader of chapter 6.

    Examples
    --------
    >>> from hrtem_lab.sizing import SIZERS
    >>> SIZERS["sphere"].options
    {'thickness': 40, 'semiangle_cutoff': 30.0, 'energy': 80000.0, 'readout_noise': None, 'most': 4}
    >>> [method.label for method in SIZERS["otsu"].study_methods]
    ['Otsu', 'Otsu, one connected group', 'Otsu, background from the image']
    """

    key: str
    label: str
    description: str
    prepare: Callable[..., PreparedSizer] = field(repr=False)
    colour: str
    marker: str
    quantity: str
    needs: str = REFERENCE
    threshold: Threshold | None = None
    variants: tuple[Variant, ...] = ()
    column: int | None = None
    rival: bool = False

    def __post_init__(self) -> None:
        """Refuse a row whose method knows something else."""
        _validation.one_of("needs", self.needs, (REFERENCE, SERIES))

    def __repr__(self) -> str:
        return f"SizingMethod(key={self.key!r}, label={self.label!r})"

    def __call__(self, known: Any, conditions: Conditions, **options: Any) -> PreparedSizer:
        """Return the method prepared for many images; an option that it does not use is refused."""
        self.check(options)
        return self.prepare(known, conditions, **options)

    def check(self, options: Mapping[str, Any]) -> None:
        """Refuse an option that the method does not use."""
        for name, value in options.items():
            if name not in self.options:
                raise ValueError(f"{name} does not apply to method={self.key!r}, got {value!r}")

    @property
    def options(self) -> dict[str, Any]:
        """The options that the method uses, and their defaults."""
        parameters = inspect.signature(self.prepare).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    @property
    def metric(self) -> str | None:
        """Key of the metric by which it compares cells if no other is given; None if it does not compare."""
        return None if self.threshold is None else self.threshold.metric

    @property
    def study_methods(self) -> tuple[StudyMethod, ...]:
        """The method itself, and its variants."""
        plain = StudyMethod(name=self.key, label=self.label, row=self, options={})
        return plain, *(
            StudyMethod(
                name=f"{self.key}_{variant.key}",
                label=f"{self.label}, {variant.label}",
                row=self,
                options=variant.options,
            )
            for variant in self.variants
        )
