"""Exposures of a crystal with a precipitate, and how large a method takes it to be; no widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.noise import shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.sizing import METHODS, THRESHOLDS, PrecipitateSizer, Size, cell_map
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT, replaced_cells

CELL = NB3SN_LATTICE_CONSTANT
"""Edge of a unit cell in Å."""
CELLS = 16
"""Unit cells along each side of the images, as in the paper."""
LARGEST = 14
"""Greatest diameter in cells."""
FIELD_OF_VIEW = (CELLS * CELL, CELLS * CELL)
LABELS = {"sphere": "sphere by likelihood", **{key: rule.label for key, rule in THRESHOLDS.items()}}
"""Method → its name on the pages."""


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A precipitate in the crystal, as the microscope sees it.

    Attributes
    ----------
    diameter : int
        In cells; 0 is the pristine crystal.
    right, down : int
        Whole cells by which the precipitate lies off the centre.
    pixels : int
        Along each side of the image.
    """

    diameter: int
    right: int = 0
    down: int = 0
    pixels: int = 1024

    @property
    def sampling(self) -> float:
        """Pixel size in Å."""
        return FIELD_OF_VIEW[0] / self.pixels

    @property
    def image(self) -> NDArray[np.float32]:
        """The image without noise; none of its pixels is negative."""
        step = self.pixels // CELLS
        return np.roll(
            centred_image(self.diameter, self.pixels), (self.down * step, self.right * step), (0, 1)
        )

    @property
    def truth(self) -> NDArray[np.bool_]:
        """Which columns of cells hold precipitate, shape (rows, columns)."""
        covered = replaced_cells(self.diameter).any(axis=2).T
        return np.roll(covered, (self.down, self.right), axis=(0, 1))

    def expose(self, dose_per_area: float | None, seed: int | tuple[int, ...]) -> NDArray[np.floating]:
        """Return one exposure; without a dose, the image without noise."""
        if dose_per_area is None:
            return self.image
        rng = np.random.default_rng(seed)
        return shot_noise(self.image, dose_per_area=dose_per_area, sampling=self.sampling, rng=rng)


def furthest(diameter: int, cells: int) -> int:
    """Return the displacement nearest to `cells` that leaves the precipitate whole in the picture.

    Examples
    --------
    >>> furthest(10, 5), furthest(14, -5)
    (3, -1)
    """
    least, most = _room(diameter)
    return int(np.clip(cells, least, most))


def anywhere(diameter: int, pixels: int, rng: np.random.Generator) -> Specimen:
    """Return a precipitate at a random place where it is whole in the picture."""
    least, most = _room(diameter)
    right, down = rng.integers(least, most, 2, endpoint=True).tolist()
    return Specimen(diameter=diameter, right=right, down=down, pixels=pixels)


def _room(diameter: int) -> tuple[int, int]:
    """Return the ends of the displacements in cells that leave the precipitate whole in the picture."""
    covered = np.flatnonzero(replaced_cells(diameter).any(axis=(0, 2)))
    return (-int(covered[0]), CELLS - 1 - int(covered[-1])) if covered.size else (0, 0)


def centred_image(diameter: int, pixels: int) -> NDArray[np.float32]:
    """Return the image without noise of a precipitate in the middle; do not write to it."""
    return _images(pixels)(diameter)


@lru_cache(maxsize=2)
def _images(pixels: int) -> Callable[[int], NDArray[np.float32]]:
    """Return what forms the images of that size and keeps two, mostly the pristine one and the reader's."""
    return lru_cache(maxsize=2)(partial(_form, pixels=pixels))


def _form(diameter: int, pixels: int) -> NDArray[np.float32]:
    name = f"precipitate-{diameter:02d}" if diameter else "nb3sn"
    return np.maximum(form_image(load_exit_wave(name), shape=pixels, field_of_view=FIELD_OF_VIEW), 0)


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
    metric: str | None
    compact: bool
    dose: float | None
    pixels: int

    @property
    def words(self) -> str:
        """The method in words."""
        return method_words(self.method, compact=self.compact)

    @property
    def compares_cells(self) -> bool:
        """Whether the method compares cell by cell."""
        return self.method != "sphere"

    def __call__(self, image: NDArray[np.floating]) -> Size:
        """Return what the method says about an image."""
        return _sizer(self)(image)

    def differences(self, image: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the map of cells of a method that compares them."""
        metric = self.metric or THRESHOLDS[self.method].metric
        return cell_map(centred_image(0, self.pixels), image, cells=CELLS, metric=metric)

    def judge(self, differences: NDArray[np.float64]) -> Size:
        """Return what a method that compares cells says about their map."""
        return _sizer(self).judge(differences)

    def sizer(self) -> PrecipitateSizer:
        """Return the method prepared for many images, which takes longer than measuring one."""
        return PrecipitateSizer(
            centred_image(0, self.pixels),
            cells=CELLS,
            dose_per_area=self.dose,
            sampling=FIELD_OF_VIEW[0] / self.pixels,
            method=self.method,
            metric=self.metric,
            compact=self.compact,
        )


@lru_cache(maxsize=1)
def _sizer(measurement: Measurement) -> PrecipitateSizer:
    """Return the prepared method; the last one is kept."""
    return measurement.sizer()


def method_words(method: str, *, compact: bool = False) -> str:
    """Return a method's name, and whether only a connected group counts.

    Examples
    --------
    >>> method_words("fixed", compact=True)
    '0.18 + noise, one connected group'
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    return LABELS[method] + (", one connected group" if compact and method != "sphere" else "")


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
