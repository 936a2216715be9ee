"""The bound: the most likely size of a precipitate whose images are all known."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.sizing._cells import split
from hrtem_lab.sizing._evidence.posterior import interval, log_mean
from hrtem_lab.sizing._method import (
    CELL_PROBABILITY,
    SERIES,
    Conditions,
    PreparedSizer,
    SizingMethod,
    checked_conditions,
    checked_dose,
)
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing.specimens import THICKNESS, covered_cells, free_shifts, moved

Floats = NDArray[np.float64]

# Intensities below this part of the pristine mean count as this: a black pixel has no logarithm.
DARKEST = 1e-6


@dataclass(frozen=True)
class _Template:
    """The expected image of one diameter, ready to be compared at every place.

    Attributes
    ----------
    diameter : float
        In cells.
    spectrum : numpy.ndarray of complex64, shape (rows of cells, columns of cells // 2 + 1, pixels)
        Of the logarithm of the expected ratio to the pristine image, over the cells.
    excess : float
        Sum of the expected difference from the pristine image.
    footprint : numpy.ndarray of bool, shape (rows of cells, columns of cells)
        Cells that the precipitate covers where the template has it.
    shifts : numpy.ndarray of int, shape (places, 2)
        Whole cells by which the footprint can move (down, right) without leaving the image.
    """

    diameter: float
    spectrum: NDArray[np.complex64]
    excess: float
    footprint: NDArray[np.bool_]
    shifts: NDArray[np.int_]


class IdealSizer(PreparedSizer):
    """The simulated series of `ideal_size`, prepared for many images.

    Parameters
    ----------
    series, cells, dose_per_area, sampling, false_alarm, thickness
        As for `ideal_size`.

    Examples
    --------
    >>> import numpy as np
    >>> pristine = np.ones((8, 8))
    >>> with_one = pristine.copy()
    >>> with_one[4:6, 4:6] = 0.5  # the middle one of 4 × 4 cells
    >>> sizer = IdealSizer({0: pristine, 1: with_one}, cells=4, dose_per_area=50, sampling=1, thickness=4)
    >>> sizer(np.roll(with_one, 2, axis=0)).diameter, sizer(pristine).diameter
    (2.0, nan)
    """

    method = "ideal"

    def __init__(
        self,
        series: Mapping[int, ArrayLike],
        *,
        cells: int | tuple[int, int],
        dose_per_area: float | None,
        sampling: float | tuple[float, float],
        false_alarm: float = 0.05,
        thickness: int = THICKNESS,
    ) -> None:
        if 0 not in series or len(series) < 2:
            raise ValueError(
                f"series must hold 0, the pristine image, and a diameter, got {', '.join(map(str, series))}"
            )
        self._pristine = _validation.image("series[0]", series[0])
        super().__init__(
            checked_conditions(
                self._pristine.shape,
                cells=cells,
                dose_per_area=dose_per_area,
                sampling=sampling,
                false_alarm=false_alarm,
            )
        )
        _validation.warn_of_counts("series[0]", self._pristine)
        depth = _validation.positive_integer("thickness", thickness)
        self._templates = [self._template(key, series[key], depth) for key in sorted(series) if key > 0]

    def __call__(self, image: ArrayLike) -> Size:
        """Return the most likely size in one image."""
        array = _validation.same_shape("image", _validation.image("image", image), self.conditions.shape)
        counts = None if self.conditions.dose_per_area is None else self.conditions.counts
        _validation.warn_of_counts("image", array, self._pristine, counts=counts)
        logarithms = self._log_ratios(array)
        by_diameter = np.array([log_mean(one) for one in logarithms])
        total = log_mean(by_diameter)
        probability = np.exp(by_diameter - by_diameter.max())
        probability /= probability.sum()
        cell_probability = self._cell_probability(logarithms)
        if total <= -np.log(self.conditions.false_alarm):
            return self.nothing(cell_probability, 0.5, evidence=total)
        best = int(probability.argmax())
        shift = self._templates[best].shifts[logarithms[best].argmax()]
        low, high = self._ends(probability)
        return self.found(
            diameter=self._templates[best].diameter * self.conditions.cell,
            low=low * self.conditions.cell,
            high=high * self.conditions.cell,
            mask=moved(self._templates[best].footprint, shift),
            map=cell_probability,
            threshold=0.5,
            evidence=total,
        )

    def at_dose(self, dose_per_area: float | None) -> IdealSizer:
        """Return the same for images of another dose; the series is not prepared again."""
        other = copy(self)
        other.conditions = replace(self.conditions, dose_per_area=checked_dose(dose_per_area))
        return other

    def _template(self, diameter: int, image: ArrayLike, depth: int) -> _Template:
        expected = _validation.image(f"series[{diameter}]", image)
        expected = _validation.same_shape(f"series[{diameter}]", expected, self._pristine.shape)
        darkest = DARKEST * self._pristine.mean()
        ratio = np.log(np.maximum(expected, darkest) / np.maximum(self._pristine, darkest))
        covered = covered_cells(diameter, self.conditions.cells, depth)
        return _Template(
            diameter=float(diameter),
            spectrum=np.conj(self._over_cells(ratio)),
            excess=float((expected.astype(float) - self._pristine).sum()),
            footprint=covered,
            shifts=np.stack(np.meshgrid(*free_shifts(covered), indexing="ij"), axis=-1).reshape(-1, 2),
        )

    def _over_cells(self, image: NDArray) -> NDArray[np.complex64]:
        """Return the Fourier transform over the cells of each pixel of a cell."""
        stack = split(image, self.conditions.cells).reshape(*self.conditions.cells, -1).astype(np.float32)
        return np.fft.rfft2(stack, axes=(0, 1)).astype(np.complex64)

    def _log_ratios(self, image: NDArray) -> list[Floats]:
        """Return the logarithm of the likelihood ratio to the pristine crystal, per diameter and place."""
        spectrum, counts = self._over_cells(image), self.conditions.counts
        found = []
        for template in self._templates:
            product = np.einsum("ijp,ijp->ij", spectrum, template.spectrum)
            everywhere = np.fft.irfft2(product, s=self.conditions.cells)
            down, right = (template.shifts % self.conditions.cells).T
            found.append(counts * (everywhere[down, right] - template.excess))
        return found

    def _ends(self, probability: Floats) -> tuple[float, float]:
        """Return the ends of the 95 % interval in cells."""
        low, high = interval(probability)  # in terms of the first, second, … diameter
        first, last = round(low - 0.5), round(high - 1.5)
        return self._templates[first].diameter - 0.5, self._templates[last].diameter + 0.5

    def _cell_probability(self, logarithms: list[Floats]) -> Floats:
        """Return the probability of each cell to be part of the precipitate, if there is one."""
        greatest = max(one.max() for one in logarithms)
        total, norm = np.zeros(self.conditions.cells), 0.0
        for template, one in zip(self._templates, logarithms, strict=True):
            weights = np.exp(one - greatest) / len(one)
            norm += weights.sum()
            for place in np.flatnonzero(weights > 1e-12):
                total += weights[place] * np.roll(template.footprint, template.shifts[place], axis=(0, 1))
        return total / norm


def ideal_size(
    series: Mapping[int, ArrayLike],
    image: ArrayLike,
    *,
    cells: int | tuple[int, int],
    dose_per_area: float | None,
    sampling: float | tuple[float, float],
    false_alarm: float = 0.05,
    thickness: int = THICKNESS,
) -> Size:
    r"""Return the most likely size of a precipitate whose expected images are all known: the bound.

    With :math:`N` electrons in the pixels, :math:`n` expected in vacuum, pristine intensity :math:`R` and
    expected intensity :math:`T_d` of diameter :math:`d`, moved by :math:`s` whole cells,

    .. math:: \ln L(d, s) = \sum N \ln \frac{T_d(x - s)}{R(x)} - n \sum (T_d - R).

    The size is the diameter of the greatest mean of L over all places where the precipitate fits.

    Parameters
    ----------
    series : mapping of int to array_like, shape (rows, columns)
        Diameter in cells → noise-free image relative to the incident beam, the precipitate where
        `hrtem_lab.structures.with_precipitate` puts it; 0 is the pristine crystal, its cells alike.
    image : array_like, shape (rows, columns)
        One exposure.
    cells : int or (int, int)
        Unit cells along rows and columns; each must have a whole number of pixels.
    dose_per_area : float or None
        Incident electrons per Å²; None for an image without noise.
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).
    false_alarm : float
        Greatest share of pristine images in which a precipitate may be found. By Markov's inequality the
        mean of L over diameters and places exceeds its inverse no more often.
    thickness : int
        Thickness of the specimens in cells: where it is less than a diameter, the sphere is cut.

    Returns
    -------
    Size
        With `method` "ideal"; its diameter is one of the series.

    Raises
    ------
    TypeError, ValueError
        If the series lacks the pristine image or holds nothing else, an image is not a 2-D array of finite
        real numbers or of another shape, the cells do not divide it, or a number is out of range.

    Notes
    -----
    It knows exactly the image that it looks for. In an experiment nobody knows that: read it as a limit. No
    method is right more often, on average over the same diameters and places. It misleads where the
    precipitate is between whole cells or of another diameter than those of the series.

    Source: the theorem of Neyman and Pearson; van Trees, *Detection, Estimation, and Modulation Theory*,
    part I.

    Examples
    --------
    >>> from hrtem_lab.noise import shot_noise
    >>> from hrtem_lab.simulation import form_image, load_exit_wave
    >>> series = {d: form_image(load_exit_wave(f"precipitate-{d:02d}"), shape=256) for d in (4, 5, 6)}
    >>> series[0] = form_image(load_exit_wave("nb3sn"), shape=256, field_of_view=16 * 5.275)
    >>> options = {"sampling": 5.275 / 16, "dose_per_area": 2}  # 200 e⁻/nm²
    >>> found = ideal_size(series, shot_noise(series[5], rng=1, **options), cells=16, **options)
    >>> found.diameter_in_cells, int(found.mask.sum())
    (5.0, 21)
    """
    sizer = IdealSizer(
        series,
        cells=cells,
        dose_per_area=dose_per_area,
        sampling=sampling,
        false_alarm=false_alarm,
        thickness=thickness,
    )
    return sizer(image)


def _prepared(
    series: Mapping[int, ArrayLike], conditions: Conditions, *, thickness: int = THICKNESS
) -> IdealSizer:
    """Return the observer for conditions that are checked already."""
    return IdealSizer(
        series,
        cells=conditions.cells,
        dose_per_area=conditions.dose_per_area,
        sampling=conditions.sampling,
        false_alarm=conditions.false_alarm,
        thickness=thickness,
    )


IDEAL = SizingMethod(
    key=IdealSizer.method,
    label="ideal observer",
    description="the most likely diameter and place, the images of all precipitates being known: the bound",
    prepare=_prepared,
    colour="black",
    marker="",
    quantity=CELL_PROBABILITY,
    needs=SERIES,
    column=5,
)
