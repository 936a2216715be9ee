"""The bound: the most likely size of a precipitate whose images are all known."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.sizing._cells import checked_cells
from hrtem_lab.sizing._draws import covered_cells, shifts
from hrtem_lab.sizing._sizes import NOISE_FREE, Size, _interval, _log_mean

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


class IdealSizer:
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
        sampling: float,
        false_alarm: float = 0.05,
        thickness: int = 40,
    ) -> None:
        if 0 not in series or len(series) < 2:
            raise ValueError(
                f"series must hold 0, the pristine image, and a diameter, got {', '.join(map(str, series))}"
            )
        pristine = _validation.image("series[0]", series[0])
        self.shape = pristine.shape
        self.cells = checked_cells(cells, self.shape)
        self.sampling = _validation.positive("sampling", sampling)
        self.rate = _validation.positive("false_alarm", false_alarm)
        if self.rate >= 1:
            raise ValueError(f"false_alarm must be below 1, got {false_alarm!r}")
        depth = _validation.positive_integer("thickness", thickness)
        edges = [size / count * self.sampling for size, count in zip(self.shape, self.cells, strict=True)]
        self.cell = float(np.sqrt(edges[0] * edges[1]))
        self._pristine = pristine
        self._templates = [self._template(key, series[key], depth) for key in sorted(series) if key > 0]
        self._set_dose(dose_per_area)

    def __call__(self, image: ArrayLike) -> Size:
        """Return the most likely size in one image."""
        array = _validation.same_shape("image", _validation.image("image", image), self.shape)
        logarithms = self._log_ratios(array)
        by_diameter = np.array([_log_mean(one) for one in logarithms])
        total = _log_mean(by_diameter)
        probability = np.exp(by_diameter - by_diameter.max())
        probability /= probability.sum()
        detected = total > -np.log(self.rate)
        best = int(probability.argmax())
        shift = self._templates[best].shifts[logarithms[best].argmax()]
        mask = np.roll(self._templates[best].footprint, shift, axis=(0, 1))
        low, high = self._ends(probability)
        return Size(
            diameter=self._templates[best].diameter * self.cell if detected else np.nan,
            low=low * self.cell if detected else np.nan,
            high=high * self.cell if detected else np.nan,
            detected=detected,
            mask=mask & detected,
            map=self._cell_probability(logarithms),
            threshold=0.5,
            method=self.method,
            cell=self.cell,
            evidence=total,
        )

    def at_dose(self, dose_per_area: float | None) -> IdealSizer:
        """Return the same for images of another dose; the series is not prepared again."""
        other = copy(self)
        other._set_dose(dose_per_area)
        return other

    def _set_dose(self, dose_per_area: float | None) -> None:
        dose = NOISE_FREE if dose_per_area is None else _validation.positive("dose_per_area", dose_per_area)
        self._counts = counts_per_pixel(dose, sampling=self.sampling)

    def _template(self, diameter: int, image: ArrayLike, depth: int) -> _Template:
        expected = _validation.image(f"series[{diameter}]", image)
        expected = _validation.same_shape(f"series[{diameter}]", expected, self.shape)
        darkest = DARKEST * self._pristine.mean()
        ratio = np.log(np.maximum(expected, darkest) / np.maximum(self._pristine, darkest))
        covered = covered_cells(diameter, self.cells, depth)
        return _Template(
            diameter=float(diameter),
            spectrum=np.conj(self._over_cells(ratio)),
            excess=float((expected.astype(float) - self._pristine).sum()),
            footprint=covered,
            shifts=np.stack(np.meshgrid(*shifts(covered), indexing="ij"), axis=-1).reshape(-1, 2),
        )

    def _over_cells(self, image: NDArray) -> NDArray[np.complex64]:
        """Return the Fourier transform over the cells of each pixel of a cell."""
        rows, columns = self.cells
        blocks = image.reshape(rows, self.shape[0] // rows, columns, self.shape[1] // columns)
        stack = blocks.transpose(0, 2, 1, 3).reshape(rows, columns, -1).astype(np.float32)
        return np.fft.rfft2(stack, axes=(0, 1)).astype(np.complex64)

    def _log_ratios(self, image: NDArray) -> list[Floats]:
        """Return the logarithm of the likelihood ratio to the pristine crystal, per diameter and place."""
        spectrum = self._over_cells(image)
        found = []
        for template in self._templates:
            product = np.einsum("ijp,ijp->ij", spectrum, template.spectrum)
            everywhere = np.fft.irfft2(product, s=self.cells)
            down, right = (template.shifts % self.cells).T
            found.append(self._counts * (everywhere[down, right] - template.excess))
        return found

    def _ends(self, probability: Floats) -> tuple[float, float]:
        """Return the ends of the 95 % interval in cells."""
        low, high = _interval(probability)  # in terms of the first, second, … diameter
        first, last = round(low - 0.5), round(high - 1.5)
        return self._templates[first].diameter - 0.5, self._templates[last].diameter + 0.5

    def _cell_probability(self, logarithms: list[Floats]) -> Floats:
        """Return the probability of each cell to be part of the precipitate, if there is one."""
        greatest = max(one.max() for one in logarithms)
        total, norm = np.zeros(self.cells), 0.0
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
    sampling: float,
    false_alarm: float = 0.05,
    thickness: int = 40,
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
    sampling : float
        Pixel size in Å.
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
    It knows the very image that it looks for, which no experiment does: read it as a limit. No method is
    right more often, on average over the same diameters and places. It misleads where the precipitate is
    between whole cells or of another diameter than those of the series.

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
