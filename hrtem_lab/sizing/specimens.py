"""Specimens with a precipitate as the microscope sees them, and exposures of them, for studies and pages.

Examples
--------
>>> specimen = Specimen(diameter=6, right=3, pixels=256)
>>> specimen.image.shape, int(specimen.truth.sum())
((256, 256), 32)
>>> specimen.expose(50, 1).shape  # 50 e⁻/Å²
(256, 256)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.noise import shot_noise
from hrtem_lab.simulation import ExitWave, ExitWaves, form_image, load_exit_wave, load_exit_waves
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT, replaced_cells

Images: TypeAlias = Mapping[int, NDArray[np.floating]]
"""Diameter in cells → expected image; 0 is the pristine crystal."""
Mask: TypeAlias = NDArray[np.bool_]

CELL = NB3SN_LATTICE_CONSTANT
"""Edge of a unit cell in Å."""
CELLS = 16
"""Unit cells along each side of a shipped specimen, as in the paper."""
THICKNESS = 40
"""Unit cells of a shipped specimen along the beam."""
LARGEST = 14
"""Greatest diameter of the shipped precipitates in cells."""
WHOLE_VIEW = (CELLS * CELL, CELLS * CELL)
"""Height and width of a shipped specimen in Å."""


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A shipped precipitate of ZrO₂ in Nb₃Sn, as the microscope sees it.

    Attributes
    ----------
    diameter : int
        In cells, up to `LARGEST`; 0 is the pristine crystal.
    right, down : int
        Whole cells by which the precipitate lies off the centre. `furthest` says how far it can be moved;
        beyond this, it comes in again at the opposite side.
    pixels : int
        Along each side of the image, a multiple of `CELLS`.

    Examples
    --------
    >>> truth = Specimen(diameter=2, right=-1, pixels=256).truth
    >>> [index.tolist() for index in truth.nonzero()]
    [[7, 7, 8, 8], [6, 7, 6, 7]]
    """

    diameter: int
    right: int = 0
    down: int = 0
    pixels: int = 1024

    @property
    def sampling(self) -> float:
        """Pixel size in Å."""
        return WHOLE_VIEW[0] / self.pixels

    @property
    def image(self) -> NDArray[np.float32]:
        """The image without noise, relative to the incident beam."""
        expected = centred_image(self.diameter, self.pixels)
        return np.asarray(moved(expected, (self.down, self.right), pixels=self.pixels // CELLS))

    @property
    def truth(self) -> Mask:
        """Which columns of cells hold precipitate, shape (rows, columns)."""
        return np.asarray(moved(covered_cells(self.diameter), (self.down, self.right)))

    def expose(self, dose_per_area: float | None, seed: int | tuple[int, ...]) -> NDArray[np.floating]:
        """Return one exposure; without a dose, the image without noise."""
        if dose_per_area is None:
            return self.image
        rng = np.random.default_rng(seed)
        return shot_noise(self.image, dose_per_area=dose_per_area, sampling=self.sampling, rng=rng)


def anywhere(diameter: int, pixels: int, rng: np.random.Generator) -> Specimen:
    """Return a specimen with the precipitate at a random place, whole in the image.

    Examples
    --------
    >>> import numpy as np
    >>> found = anywhere(10, 256, np.random.default_rng(1))
    >>> (furthest(10, found.right), furthest(10, found.down)) == (found.right, found.down)
    True
    """
    # The covered cells are as wide as they are high: either step may come first.
    right, down = random_shift(covered_cells(diameter), rng)
    return Specimen(diameter=diameter, right=right, down=down, pixels=pixels)


def furthest(diameter: int, cells: int) -> int:
    """Return the displacement nearest to `cells` that leaves the precipitate whole in the image.

    Examples
    --------
    >>> furthest(10, 5), furthest(14, -5)
    (3, -1)
    """
    room, _ = free_shifts(covered_cells(diameter))
    return int(np.clip(cells, room[0], room[-1]))


def precipitate_series(*, pixels: int = 64) -> dict[int, NDArray[np.floating]]:
    """Return the images of the shipped precipitates: diameter in cells → expected image, 0 is pristine.

    Parameters
    ----------
    pixels : int
        Pixels per unit cell along each axis; the images are 16 × 16 cells.

    Returns
    -------
    dict of int to numpy.ndarray, shape (16 pixels, 16 pixels)
        In focus, 30 mrad, intensity relative to the incident beam.

    Raises
    ------
    TypeError, ValueError
        If `pixels` is not a whole number of at least 1.

    Examples
    --------
    >>> series = precipitate_series(pixels=8)
    >>> list(series) == list(range(15)), series[4].shape
    (True, (128, 128))
    """
    shape = CELLS * _validation.positive_integer("pixels", pixels)
    return {diameter: _form(diameter, pixels=shape) for diameter in range(LARGEST + 1)}


def centred_image(diameter: int, pixels: int) -> NDArray[np.float32]:
    """Return the image without noise of a precipitate in the middle; do not write to it."""
    return _images(pixels)(diameter)


@lru_cache(maxsize=2)
def _images(pixels: int) -> Callable[[int], NDArray[np.float32]]:
    """Return what forms the images of that size and keeps two, mostly the pristine one and the reader's."""
    return lru_cache(maxsize=2)(partial(_form, pixels=pixels))


def _form(diameter: int, *, pixels: int) -> NDArray[np.float32]:
    """Return the expected image, pixels × pixels."""
    wave = load_exit_wave(f"precipitate-{diameter:02d}" if diameter else "nb3sn")
    return form_image(wave, shape=pixels, field_of_view=WHOLE_VIEW)


def pristine_image(
    pixels: int, *, thickness: int = THICKNESS, defocus: float = 0.0, shift: float = 0.0, tilt: float = 0.0
) -> NDArray[np.float32]:
    """Return the noise-free image of pristine Nb₃Sn, as a slightly wrong simulation has it for a reference.

    Parameters
    ----------
    pixels : int
        Along each side of the image, a multiple of `CELLS`.
    thickness : int
        In unit cells, 1 to 60; a tilted crystal is stored with `THICKNESS` cells only.
    defocus : float
        In Å; positive is underfocus.
    shift : float
        In Å, to the right.
    tilt : float
        Between the beam and the zone axis in mrad, towards x: 0 to 4 in steps of 0.5.

    Returns
    -------
    numpy.ndarray, shape (pixels, pixels)
        Behind an aperture of 30 mrad, relative to the incident beam, `WHOLE_VIEW` in size. By default it is
        the reference to which the shipped precipitates belong.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or the crystal is not stored with this thickness and tilt.

    Examples
    --------
    >>> exact, tilted = pristine_image(256), pristine_image(256, tilt=2)
    >>> exact.shape, float(abs(tilted - exact).max()) > 1
    ((256, 256), True)
    """
    if _validation.positive_integer("pixels", pixels) % CELLS:
        raise ValueError(f"pixels must be a multiple of {CELLS}, got {pixels}")
    cells = _validation.positive_integer("thickness", thickness)
    wave: ExitWave | ExitWaves
    if not _validation.real_number("tilt", tilt):
        wave = load_exit_wave("nb3sn", thickness_cells=cells)
    elif cells != THICKNESS:
        raise ValueError(f"thickness must be {THICKNESS} cells for a tilted crystal, got {thickness}")
    else:
        wave = load_exit_waves("nb3sn", temperature=None, thickness_cells=cells, tilt=tilt)
    return form_image(wave, defocus=defocus, shift=(0, shift), shape=pixels, field_of_view=WHOLE_VIEW)


def covered_cells(diameter: float, cells: int | tuple[int, int] = CELLS, thickness: int = THICKNESS) -> Mask:
    """Return the cells that a precipitate covers where its simulated image has it, (rows, columns)."""
    rows, columns = _validation.pair("cells", cells)
    covered = replaced_cells(diameter, cells=(columns, rows, thickness)).any(axis=2).T
    return np.asarray(covered, dtype=bool)


def free_shifts(covered: Mask) -> tuple[range, range]:
    """Return the numbers of cells (down, right) by which covered cells can move within the image."""
    if not covered.any():
        return range(1), range(1)  # the pristine crystal looks the same everywhere
    down, right = (np.flatnonzero(covered.any(axis=axis)) for axis in (1, 0))
    rows, columns = covered.shape
    return range(-int(down[0]), rows - int(down[-1])), range(-int(right[0]), columns - int(right[-1]))


def random_shift(covered: Mask, rng: np.random.Generator) -> tuple[int, int]:
    """Return one of the `free_shifts` (down, right), each as probable as any other."""
    down, right = free_shifts(covered)
    return int(rng.integers(down.start, down.stop)), int(rng.integers(right.start, right.stop))


def moved(array: NDArray, shift: tuple[int, int], *, pixels: int | NDArray[np.int_] = 1) -> NDArray:
    """Return an array moved by whole cells (down, right) of so many pixels each."""
    return np.roll(array, np.array(shift) * pixels, axis=(0, 1))


def exposed(
    expected: NDArray[np.floating],
    covered: Mask,
    *,
    dose_per_area: float,
    sampling: float | tuple[float, float],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], Mask]:
    """Return an exposure with the precipitate anywhere within the image, and the cells that it covers.

    The generator draws the place first and the electrons after it.
    """
    shift = random_shift(covered, rng)
    image = moved(expected, shift, pixels=np.array(expected.shape) // covered.shape)
    return shot_noise(image, dose_per_area=dose_per_area, sampling=sampling, rng=rng), moved(covered, shift)
