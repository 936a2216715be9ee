"""All spheres that could be in a specimen, and how well each explains an image."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hrtem_lab.sizing._evidence.chords import TERMS, over_cells
from hrtem_lab.sizing._evidence.explained import Axes, Exposed, axes_of, explain
from hrtem_lab.sizing._evidence.smooth import polynomials

Floats = NDArray[np.float64]

COARSE_TERMS = 2
"""Courses with which spheres are searched for; the few that are found are looked at with all of them."""
HALVES = 7
"""Largest diameter in cells whose centres are tried on half cells, and not on whole cells only."""
WHOLE = 16
"""Largest diameter up to which every whole one is tried; beyond it each is a tenth larger than the last."""


@dataclass(frozen=True)
class Weighed:
    """Spheres of one diameter, and the logarithms of their evidence against none.

    Attributes
    ----------
    diameter : float
        In cells.
    centers : numpy.ndarray, shape (places, 2)
        In cells from the corner, (down, right).
    at_known_noise, at_fitted_noise : numpy.ndarray, shape (places, amplitudes)
        For noise of the expected strength, whose mean over pristine images is 1 for the evidence itself,
        and for noise whose strength is fitted to the image.
    """

    diameter: float
    centers: Floats
    at_known_noise: Floats
    at_fitted_noise: Floats


@dataclass(frozen=True)
class _Places:
    """Spheres of one diameter whose centres are a fraction of a cell off the cells' corners."""

    diameter: float
    centers: Floats
    courses: NDArray[np.complex64]  # (terms, …), conjugate spectra of the courses about the corner
    products: NDArray[np.complex64]  # (pairs of terms, …), those of their products
    gram: Floats  # (places, terms, terms), of the part of each sphere that lies within the cells
    overlap: Floats  # (places, terms, polynomials)
    axes: dict[int, Axes]  # by the number of polynomials that are projected out


class SphereGrid:
    """Spheres with centres all over the cells, correlated with an image by FFT.

    A sphere may reach over the edge: then the cells hold a part of it. Time and memory grow like the cells
    times the number of diameters.

    Parameters
    ----------
    cells : (int, int)
        Cells along rows and columns.
    depth : int
        Thickness of the specimen in cells.
    """

    def __init__(self, cells: tuple[int, int], depth: int) -> None:
        from scipy import fft  # noqa: PLC0415

        self.cells, self.depth = cells, depth
        diameters = diameters_of(min(cells))
        self._shape = tuple(
            fft.next_fast_len(count + int(np.ceil(diameters[-1] / 2)) + 1, real=True) for count in cells
        )
        self._basis = polynomials(cells)
        inside = self._spectra(np.ones((1, cells[0] * cells[1])))
        basis = self._spectra(self._basis.T)
        self._places = [
            self._prepare(diameter, (down, right), inside, basis)
            for diameter in diameters
            for down in ((0.0, 0.5) if diameter <= HALVES else (0.0,))
            for right in ((0.0, 0.5) if diameter <= HALVES else (0.0,))
        ]

    def weigh(
        self,
        image: Exposed,
        nuisances: Sequence[Floats],
        *,
        further: NDArray[np.floating] | None = None,
    ) -> list[list[Weighed]]:
        """Return the evidence of all spheres for each of several ideas of what else is unknown.

        Parameters
        ----------
        image : Exposed
        nuisances : sequence of numpy.ndarray, shape (cells, polynomials)
            Each the first columns of `polynomials`: unknown courses over the cells, integrated out.
        further : numpy.ndarray, shape (cells, courses), optional
            Orthonormal courses of other spheres, orthogonal to the nuisances, which are integrated out, too.
        """
        spectra = self._spectra(image.channels)
        electrons = self._spectra(image.electrons[None])
        coefficients = image.channels @ self._basis
        squares = float((image.channels.astype(float) ** 2).sum())
        beside = None
        if further is not None:
            explained = image.channels @ further
            squares -= float((explained.astype(float) ** 2).sum())
            beside = self._spectra(further.T), explained.T.astype(np.float32)

        def weighed(places: _Places) -> list[Weighed]:
            raw, gram = self._correlate(places.courses, spectra), places.gram
            if beside is not None:
                shared = self._correlate(places.courses, beside[0])
                raw = raw - shared @ beside[1]
                gram = gram - shared.astype(float) @ shared.transpose(0, 2, 1)
            share = _square(self._correlate(places.products, electrons)[:, :, 0], len(places.courses))
            found = []
            for nuisance in nuisances:
                unknowns = nuisance.shape[1]
                overlap, part = places.overlap[:, :, :unknowns], coefficients[:, :unknowns]
                rest = raw - overlap.astype(np.float32) @ part.T.astype(np.float32)
                total = squares - float((part.astype(float) ** 2).sum())
                if beside is None:
                    axes = places.axes[unknowns]
                else:
                    axes = axes_of(gram - overlap @ overlap.transpose(0, 2, 1), places.gram)
                found.append(
                    Weighed(places.diameter, places.centers, *explain(image, rest, axes, share, total))
                )
            return found

        threads = cv2.getNumThreads()  # one in a worker process beside others
        if threads == 1:
            by_place = [weighed(places) for places in self._places]
        else:
            with ThreadPoolExecutor(threads) as pool:
                by_place = list(pool.map(weighed, self._places))
        return [list(one) for one in zip(*by_place, strict=True)]

    def _prepare(
        self,
        diameter: float,
        offset: tuple[float, float],
        inside: NDArray[np.complex64],
        basis: NDArray[np.complex64],
    ) -> _Places:
        rows, columns = (
            (np.arange(size) + size // 2) % size - size // 2 - shift
            for size, shift in zip(self._shape, offset, strict=True)
        )
        courses = over_cells(diameter, self.depth, rows, columns, terms=COARSE_TERMS)
        pairs = [courses[i] * courses[j] for i in range(len(courses)) for j in range(i + 1)]
        spectra = np.conj(_transform(courses, self._shape))
        products = np.conj(_transform(np.stack(pairs), self._shape))
        indices = np.indices(self.cells).reshape(2, -1).T
        gram = _square(self._correlate(products, inside)[:, :, 0], len(courses))
        overlap = self._correlate(spectra, basis).astype(float)
        parts = {count: overlap[:, :, :count] for count in {0, 1, self._basis.shape[1]}}
        return _Places(
            diameter=diameter,
            centers=indices + np.array(offset),
            courses=spectra,
            products=products,
            gram=gram,
            overlap=overlap,
            axes={
                count: axes_of(gram - part @ part.transpose(0, 2, 1), gram) for count, part in parts.items()
            },
        )

    def _spectra(self, stack: NDArray[np.floating]) -> NDArray[np.complex64]:
        return _transform(stack.reshape(-1, *self.cells), self._shape)

    def _correlate(
        self, courses: NDArray[np.complex64], spectra: NDArray[np.complex64]
    ) -> NDArray[np.float32]:
        """Return the sums of products at every place, shape (places, courses, spectra)."""
        from scipy import fft  # noqa: PLC0415

        found = fft.irfft2(courses[:, None] * spectra, s=self._shape, axes=(2, 3))
        rows, columns = self.cells
        by_place = found[:, :, :rows, :columns].transpose(2, 3, 0, 1)
        return np.asarray(by_place.reshape(-1, len(courses), len(spectra)))


def diameters_of(largest: int) -> list[float]:
    """Return the diameters that are tried in a field of so many cells.

    Examples
    --------
    >>> diameters_of(4)
    [1.0, 2.0, 3.0, 4.0]
    >>> diameters_of(18)[-3:]
    [15.0, 16.0, 17.6]
    """
    found = [float(diameter) for diameter in range(1, min(largest, WHOLE) + 1)]
    while 1.1 * found[-1] <= largest and found[-1] >= WHOLE:
        found.append(1.1 * found[-1])
    return found


@lru_cache(maxsize=2)
def sphere_grid(cells: tuple[int, int], depth: int) -> SphereGrid:
    """Return the spheres of a field, prepared once for all images."""
    return SphereGrid(cells, depth)


def courses_of(
    spheres: Sequence[tuple[float, float, float]], cells: tuple[int, int], depth: int
) -> NDArray[np.float32]:
    """Return the courses of spheres over the cells, shape (spheres, terms, cells).

    Parameters
    ----------
    spheres : sequence of (diameter, down, right)
        In cells; places from the corner.
    """
    found = np.zeros((len(spheres), TERMS, *cells), np.float32)
    for courses, (diameter, *center) in zip(found, spheres, strict=True):
        reach = diameter / 2 + 2
        window = tuple(
            slice(max(int(place - reach), 0), min(int(place + reach) + 1, count))
            for place, count in zip(center, cells, strict=True)
        )
        rows, columns = (
            np.arange(part.start, part.stop) - at for part, at in zip(window, center, strict=True)
        )
        courses[:, window[0], window[1]] = over_cells(diameter, depth, rows, columns)
    return found.reshape(len(spheres), TERMS, -1)


def weigh_some(
    image: Exposed,
    courses: NDArray[np.float32],
    nuisance: NDArray[np.floating],
) -> tuple[Floats, Floats]:
    """Return the evidence of some spheres at known and at fitted noise, shape (spheres, amplitudes) each.

    Parameters
    ----------
    image : Exposed
    courses : numpy.ndarray, shape (spheres, terms, cells)
        From `courses_of`.
    nuisance : numpy.ndarray, shape (cells, unknowns)
        Orthonormal courses that are integrated out.
    """
    places, terms, count = courses.shape
    coefficients = image.channels @ nuisance
    overlap = courses @ nuisance
    projections = (courses.reshape(-1, count) @ image.channels.T).reshape(places, terms, -1)
    projections -= (overlap @ coefficients.T).astype(np.float32)
    turned = courses.transpose(0, 2, 1)
    whole = (courses @ turned).astype(float)
    gram = whole - overlap @ overlap.transpose(0, 2, 1)
    share = ((courses * image.electrons.astype(np.float32)) @ turned).astype(float)
    return explain(image, projections, axes_of(gram, whole), share, _rest(image.channels, coefficients))


def _rest(channels: NDArray[np.floating], coefficients: NDArray[np.floating]) -> float:
    return float((channels.astype(float) ** 2).sum() - (coefficients.astype(float) ** 2).sum())


def _square(pairs: NDArray[np.floating], terms: int) -> Floats:
    """Return symmetric matrices, shape (places, terms, terms), from their lower halves, (places, pairs)."""
    found = np.empty((len(pairs), terms, terms))
    number = 0
    for i in range(terms):
        for j in range(i + 1):
            found[:, i, j] = found[:, j, i] = pairs[:, number]
            number += 1
    return found


def _transform(stack: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.complex64]:
    from scipy import fft  # noqa: PLC0415

    return np.asarray(fft.rfft2(stack.astype(np.float32), s=shape, axes=(1, 2)))
