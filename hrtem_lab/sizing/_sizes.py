"""The size of a precipitate from one noisy image, with its interval, or that there is none to be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics._metric import Metric, checked_pair
from hrtem_lab.noise import counts_per_pixel, shot_noise
from hrtem_lab.sizing._cells import cell_map, checked_cells, checked_metric
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing._patterns import patterns
from hrtem_lab.sizing._spheres import all_spheres, evidence
from hrtem_lab.sizing._thresholds import THRESHOLDS, compact, most_by_chance
from hrtem_lab.waves import wavelength

Floats = NDArray[np.float64]

METHODS = ("sphere", *THRESHOLDS)
"""Methods of `size_precipitate`."""
CONFIDENCE = 0.95
NOISE_FREE = 1e4
"""Electrons per Å² that stand for an image without noise."""
PRISTINE_EXPOSURES = 4
"""Exposures of which the mean difference by noise is known well enough."""
TAIL_EXPOSURES = 16
"""Exposures for the tail of the differences by noise, from which the false-alarm rate is read."""
MOST_CELLS = 32
"""Cells along one side for which all spheres fit into memory: it grows with the fifth power."""
REPLICATES = 200


class PrecipitateSizer:
    """All that sizing needs of the pristine crystal, the dose and the method, for many images.

    Parameters
    ----------
    reference, cells, dose_per_area, sampling, method, metric, compact, false_alarm, rng
        As for `size_precipitate`.
    thickness, half_cells, semiangle_cutoff, energy
        As for `size_precipitate`; they concern the sphere alone.
    """

    def __init__(
        self,
        reference: ArrayLike,
        *,
        cells: int | tuple[int, int],
        dose_per_area: float | None,
        sampling: float,
        method: str = "sphere",
        metric: str | Metric | None = None,
        compact: bool = False,
        false_alarm: float = 0.05,
        thickness: int = 40,
        half_cells: bool = False,
        semiangle_cutoff: float = 30.0,
        energy: float = 80e3,
        rng: int | np.random.Generator | None = 0,
    ) -> None:
        self.reference = np.maximum(_validation.image("reference", reference), 0)
        if not self.reference.any():
            raise ValueError("reference must be brighter than 0 somewhere, got a black image")
        self.cells = checked_cells(cells, self.reference.shape)
        self.method = _validation.one_of("method", method, METHODS)
        self.dose = (
            NOISE_FREE if dose_per_area is None else _validation.positive("dose_per_area", dose_per_area)
        )
        self.noise_free = dose_per_area is None
        self.sampling = _validation.positive("sampling", sampling)
        self.rate = _validation.positive("false_alarm", false_alarm)
        if self.rate >= 1:
            raise ValueError(f"false_alarm must be below 1, got {false_alarm!r}")
        self.compact = bool(compact)
        edges = [
            size / count * self.sampling for size, count in zip(self.reference.shape, self.cells, strict=True)
        ]
        self.cell = float(np.sqrt(edges[0] * edges[1]))
        if method == "sphere":
            if max(self.cells) > MOST_CELLS:
                raise ValueError(
                    f"cells must be at most {MOST_CELLS} each way for method='sphere', got {cells!r}"
                )
            depth = _validation.positive_integer("thickness", thickness)
            limit = 2e-3 * _validation.positive("semiangle_cutoff", semiangle_cutoff) / wavelength(energy)
            counts = counts_per_pixel(self.dose, sampling=self.sampling)
            self._spheres = all_spheres(self.cells, depth, half_cells=bool(half_cells))
            self._patterns = patterns(
                self.reference, cells=self.cells, counts=counts, sampling=self.sampling, limit=limit
            )
        else:
            self.metric = checked_metric(THRESHOLDS[method].metric if metric is None else metric)
            self._pristine = self._pristine_differences(np.random.default_rng(rng))

    def __call__(self, image: ArrayLike) -> Size:
        """Return what the method says about one image."""
        array = _validation.same_shape("image", _validation.image("image", image), self.reference.shape)
        if self.method == "sphere":
            return self._sphere(array)
        return self.judge(cell_map(self.reference, array, cells=self.cells, metric=self.metric))

    def _pristine_differences(self, rng: np.random.Generator) -> Floats:
        """Return the differences of cells of pristine exposures."""
        if self.noise_free:
            return cell_map(self.reference, self.reference, cells=self.cells, metric=self.metric).ravel()
        exposures = (
            shot_noise(self.reference, dose_per_area=self.dose, sampling=self.sampling, rng=rng)
            for _ in range(TAIL_EXPOSURES if self.method == "false_alarm" else PRISTINE_EXPOSURES)
        )
        maps = [cell_map(self.reference, one, cells=self.cells, metric=self.metric) for one in exposures]
        return np.concatenate([one.ravel() for one in maps])

    def judge(self, differences: Floats) -> Size:
        """Return what a method with a threshold says about an image's `cell_map` by its metric."""
        # Of a single cell; a picture of many cells may show some of them by chance.
        rate = self.rate / differences.size if self.method == "false_alarm" else self.rate
        threshold = THRESHOLDS[self.method].rule(differences.ravel(), self._pristine, rate)
        mask = differences > threshold
        # One more false alarm than were seen: none among a thousand does not make them impossible.
        chance = (int((self._pristine > threshold).sum()) + 1) / (self._pristine.size + 1)
        most = 0 if self.noise_free else most_by_chance(chance, mask.size, self.rate)
        detected = int(mask.sum()) > most
        if self.compact:
            mask = compact(mask)
            detected = detected and bool(mask.any())
        if not detected:
            return self._nothing(differences, threshold)
        low, high = self._resampled(mask)
        return Size(
            diameter=self._diameter(int(mask.sum())),
            low=low,
            high=high,
            detected=True,
            mask=mask,
            map=differences,
            threshold=threshold,
            method=self.method,
            cell=self.cell,
        )

    def _diameter(self, count: float) -> float:
        """Return the diameter in Å of a disc with the area of so many cells."""
        return 2 * float(np.sqrt(count / np.pi)) * self.cell

    def _resampled(self, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the interval of the diameter if the cells are drawn anew with replacement."""
        counts = np.random.default_rng(0).binomial(mask.size, mask.mean(), REPLICATES)
        low, high = np.quantile(counts, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return self._diameter(low), self._diameter(high)

    def _sphere(self, image: NDArray[np.floating]) -> Size:
        """Weigh the evidence of every sphere."""
        channels, variances = self._patterns(image)
        known, free = evidence(channels, variances, self._patterns.prior, self._spheres)
        total = _log_mean([_log_mean(one) for one in known])
        weights = [np.exp(one - max(other.max() for other in free)) for one in free]
        by_diameter = np.array([weight.mean() for weight in weights])
        probability = by_diameter / by_diameter.sum()
        cell_probability = self._cell_probability(weights)
        detected = total > -np.log(self.rate)
        if not detected:
            return self._nothing(cell_probability, 0.5, total)
        best = int(probability.argmax())
        spheres = self._spheres[best]
        place = int(weights[best].sum(axis=1).argmax())
        low, high = _interval(probability)
        return Size(
            diameter=spheres.diameter * self.cell,
            low=low * self.cell,
            high=high * self.cell,
            detected=True,
            mask=(spheres.thickness[place] > 0).reshape(self.cells),
            map=cell_probability,
            threshold=0.5,
            method=self.method,
            cell=self.cell,
            evidence=total,
        )

    def _cell_probability(self, weights: list[Floats]) -> Floats:
        """Return the probability of each cell to be part of the precipitate, if there is one."""
        total, norm = np.zeros(self.cells[0] * self.cells[1]), 0.0
        for weight, spheres in zip(weights, self._spheres, strict=True):
            places = weight.sum(axis=1) / weight.size
            norm += places.sum()
            likely = np.flatnonzero(places > 1e-12 * max(places.max(), np.finfo(float).tiny))
            total += places[likely] @ (spheres.thickness[likely] > 0)
        return (total / norm).reshape(self.cells)

    def _nothing(self, map_: Floats, threshold: float, total: float = np.nan) -> Size:
        return Size(
            diameter=np.nan,
            low=np.nan,
            high=np.nan,
            detected=False,
            mask=np.zeros(self.cells, bool),
            map=map_,
            threshold=threshold,
            method=self.method,
            cell=self.cell,
            evidence=total,
        )


def size_precipitate(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    cells: int | tuple[int, int],
    dose_per_area: float | None,
    sampling: float,
    method: str = "sphere",
    **options: Any,
) -> Size:
    r"""Return the size of a spherical precipitate in an image of a crystal, or that none is detectable.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        Noise-free intensity of the pristine crystal relative to the incident beam.
    image : array_like, shape (rows, columns)
        One exposure of the crystal with or without a precipitate, aligned with the reference.
    cells : int or (int, int)
        Unit cells along rows and columns; each must have a whole number of pixels.
    dose_per_area : float or None
        Incident electrons per Å²; None for an image without noise.
    sampling : float
        Pixel size in Å.
    method : str
        "sphere" weighs the evidence of every sphere of a whole diameter anywhere in the image; the others
        compare cell by cell (`cell_map`), count the cells above a threshold of `THRESHOLDS`, and give the
        diameter of a disc of their area.
    metric : str or Metric, optional
        Metric of the methods with a threshold; by default the one that the threshold is meant for.
    compact : bool
        Whether only the largest connected group of cells counts, holes filled; single cells do not. (A
        sphere is compact already.)
    false_alarm : float
        Share of pristine images in which a precipitate may be found; 0.05 by default.
    thickness : int
        Thickness of the specimen in cells, 40 by default; the sphere's centre lies in its middle.
    half_cells : bool
        Whether centres of spheres are tried on every half cell, and not only where
        `hrtem_lab.structures.with_precipitate` puts them: corners of cells for an even diameter, middles for
        an odd one. Four times as many spheres look alike more often, so the size is less certain.
    semiangle_cutoff, energy : float
        Aperture in mrad (30) and electron energy in eV (80 000): they limit the band of the image.
    rng : int, numpy.random.Generator or None
        Seed of the pristine exposures that the methods with a threshold learn the noise from.

    Returns
    -------
    Size

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, the cells do not divide
        them, the method is unknown, or a number is out of range.

    Notes
    -----
    No method is told where the precipitate is, whether there is one, or of what it consists. What the sphere
    uses: what it adds to a cell is the same in columns of equal thickness of precipitate and changes
    smoothly with it, is limited to the aperture's band, and is nearly as symmetric as the reference's cell.

    Its interval is that of the posterior probability of the diameters, half a cell added on each side
    because only whole diameters are tried. The others' interval is that of a count of independent cells:
    it does not know of a systematic miss at the rim. It misleads for precipitates that are no spheres, reach
    over the image's edge, lie far from mid-thickness, or are not coherent with the lattice.

    Source: section 3.2 of Ederer and Löffler, Ultramicroscopy 2022, for the task and the thresholds.

    Examples
    --------
    >>> from hrtem_lab.noise import shot_noise
    >>> from hrtem_lab.simulation import form_image, load_exit_wave
    >>> options = {"cells": 16, "sampling": 5.275 / 32, "dose_per_area": 50}  # 5 000 e⁻/nm²
    >>> pristine = form_image(load_exit_wave("nb3sn"), shape=512, field_of_view=16 * 5.275)
    >>> expected = form_image(load_exit_wave("precipitate-06"), shape=512)
    >>> image = shot_noise(expected, dose_per_area=50, sampling=5.275 / 32, rng=1)
    >>> found = size_precipitate(pristine, image, **options)
    >>> round(found.diameter, 2), found.diameter_in_cells, int(found.mask.sum())
    (31.65, 6.0, 32)
    """
    reference, image = checked_pair(reference, image)
    sizer = PrecipitateSizer(
        reference, cells=cells, dose_per_area=dose_per_area, sampling=sampling, method=method, **options
    )
    return sizer(image)


def _log_mean(logarithms: Any) -> float:
    """Return the logarithm of the mean of numbers given by their logarithms."""
    array = np.asarray(logarithms)
    greatest = array.max()
    return float(greatest + np.log(np.exp(array - greatest).mean()))


def _interval(probability: Floats) -> tuple[float, float]:
    """Return the ends in cells of the shortest run of diameters that holds 95 %, half a cell around."""
    cumulative = np.concatenate([[0.0], np.cumsum(probability)])
    runs = (
        (end - start, -(cumulative[end] - cumulative[start]), start, end)
        for start in range(len(probability))
        for end in range(start + 1, len(probability) + 1)
        if cumulative[end] - cumulative[start] >= CONFIDENCE - 1e-12
    )
    _, _, start, end = min(runs)
    return start + 0.5, end + 0.5
