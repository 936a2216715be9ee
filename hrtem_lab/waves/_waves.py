"""A wave behind a specimen, an ensemble of such waves, and the electron's wavelength."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import non_negative, pair, positive, positive_integer

UNIT_CELL_LIMIT = 12.0
"""Å; a wave smaller than this is one unit cell, and by default an image shows 4 × 4 of them."""
MOST_ENERGY = 1e12
"""eV, far beyond any microscope."""
MOST_CELLS = 10**6
"""Unit cells along a side; a crystal of this width would be half a millimetre wide."""


@dataclass(frozen=True, eq=False)
class _Waves:
    """What a single wave and an ensemble of waves have in common."""

    array: NDArray[np.complexfloating]
    sampling: tuple[float, float]
    energy: float
    thickness: float
    provenance: Mapping[str, Any] = field(default_factory=dict)

    _DIMENSIONS: ClassVar[int]

    def __post_init__(self) -> None:
        array = np.array(self.array)
        if array.dtype.kind != "c":
            raise TypeError(f"array must be complex, got dtype {array.dtype}")
        if array.ndim != self._DIMENSIONS or array.size == 0:
            raise ValueError(f"array must be {self._DIMENSIONS}-D and not empty, got shape {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError("array must be finite, got NaN or infinity")
        array.flags.writeable = False
        if not isinstance(self.provenance, Mapping):
            raise TypeError(f"provenance must be a mapping, got {self.provenance!r}")
        rows, columns = pair("sampling", self.sampling)
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "sampling", (positive("sampling", rows), positive("sampling", columns)))
        wavelength(self.energy)  # refuses what is no energy
        object.__setattr__(self, "energy", float(self.energy))
        object.__setattr__(self, "thickness", non_negative("thickness", self.thickness))
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only view of a mapping cannot be pickled.
        return type(self), (self.array, self.sampling, self.energy, self.thickness, dict(self.provenance))

    @property
    def extent(self) -> tuple[float, float]:
        """Height and width of the periodic wave in Å."""
        rows, columns = self.array.shape[-2:]
        return rows * self.sampling[0], columns * self.sampling[1]

    @property
    def field_of_view(self) -> tuple[float, float]:
        """Height and width in Å that an image shows by default: 4 × 4 unit cells, or the whole wave."""
        height, width = self.extent
        repeats = 4 if max(height, width) < UNIT_CELL_LIMIT else 1
        return repeats * height, repeats * width

    @property
    def wavelength(self) -> float:
        """Relativistic electron wavelength in Å."""
        return wavelength(self.energy)

    @cached_property
    def _coefficients(self) -> NDArray[np.complexfloating]:
        """Fourier coefficients with the zero frequency in the middle."""
        rows, columns = self.array.shape[-2:]
        transformed = np.fft.fft2(self.array) / (rows * columns)
        return np.fft.fftshift(transformed, axes=(-2, -1)).astype(np.complex64)

    def _looks(self) -> str:
        rows, columns = self.array.shape[-2:]
        height, width = self.sampling
        return (
            f"{rows} × {columns} pixels of {height:.3g} × {width:.3g} Å, "
            f"{self.energy / 1000:g} keV, {self.thickness:.4g} Å thick"
        )


@dataclass(frozen=True, eq=False, repr=False)
class ExitWave(_Waves):
    """The electron wave at the exit surface of a specimen, periodic in both directions.

    Two waves are equal only if they are the same object, so a wave can be the key of a cache.

    Parameters
    ----------
    array : numpy.ndarray of complex
        Wave values, shape (rows, columns), relative to the incident wave (vacuum = 1).
    sampling : (float, float)
        Pixel size along rows and columns in Å.
    energy : float
        Electron energy in eV.
    thickness : float
        Thickness of the specimen in Å.
    provenance : mapping
        How the wave was made: structure, grid, program versions.

    Raises
    ------
    TypeError, ValueError
        If the array is not complex, 2-D, finite and non-empty, or a length or energy not positive.
    """

    _DIMENSIONS: ClassVar[int] = 2

    def __repr__(self) -> str:
        return f"<ExitWave: {self._looks()}>"


@dataclass(frozen=True, eq=False, repr=False)
class ExitWaves(_Waves):
    """An incoherent ensemble of exit waves, such as the snapshots of a crystal whose atoms vibrate.

    An electron meets one of them. An image adds up many electrons, so it is the mean of the *intensities*
    that the waves give, not the intensity of their mean: the `form_image` of `hrtem_lab.simulation` does
    this. ``waves[0]`` is one wave as an `ExitWave`, ``waves[:4]`` an ensemble of the first four,
    ``len(waves)`` their number. Two ensembles are equal only if they are the same object.

    Parameters
    ----------
    array : numpy.ndarray of complex
        Shape (waves, rows, columns), relative to the incident wave (vacuum = 1).
    sampling, energy, thickness, provenance
        As for `ExitWave`; the same for all waves.
    cells : (int, int)
        Unit cells along rows and columns, if the *mean* of the ensemble repeats with the unit cell, as that
        of a crystal does. An image is then averaged over these cells, too, which are as good as further
        snapshots. (1, 1) where nothing repeats, as for a specimen with a precipitate.

    Raises
    ------
    TypeError, ValueError
        If the array is not complex, 3-D, finite and non-empty, a length or energy is not positive, or
        `cells` are not two whole numbers from 1 to a million.

    Examples
    --------
    >>> vacuum = ExitWaves(np.ones((5, 8, 8), complex), sampling=(0.5, 0.5), energy=80e3, thickness=0)
    >>> len(vacuum), vacuum[0].extent
    (5, (4.0, 4.0))
    """

    _DIMENSIONS: ClassVar[int] = 3

    cells: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        rows, columns = (positive_integer("cells", count) for count in pair("cells", self.cells))
        if max(rows, columns) > MOST_CELLS:
            raise ValueError(f"cells must be at most {MOST_CELLS}, got {max(rows, columns)}")
        object.__setattr__(self, "cells", (rows, columns))

    def __reduce__(self) -> tuple[Any, ...]:
        kind, arguments = super().__reduce__()
        return kind, (*arguments, self.cells)

    def __repr__(self) -> str:
        cells = "" if self.cells == (1, 1) else " of {} × {} cells".format(*self.cells)
        return f"<ExitWaves: {len(self)} waves{cells}, {self._looks()}>"

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, index: int) -> ExitWave: ...
    @overload
    def __getitem__(self, index: slice) -> ExitWaves: ...
    def __getitem__(self, index: int | slice) -> ExitWave | ExitWaves:
        if isinstance(index, slice):
            return ExitWaves(
                self.array[index], self.sampling, self.energy, self.thickness, self.provenance, self.cells
            )
        array = self.array[operator.index(index)]
        return ExitWave(array, self.sampling, self.energy, self.thickness, self.provenance)

    def __iter__(self) -> Iterator[ExitWave]:
        return (self[index] for index in range(len(self)))

    @property
    def field_of_view(self) -> tuple[float, float]:
        """Height and width in Å that an image shows by default: 4 × 4 unit cells, or the whole wave."""
        cell = [length / count for length, count in zip(self.extent, self.cells, strict=True)]
        repeats = 4 if max(cell) < UNIT_CELL_LIMIT else 1
        return repeats * cell[0], repeats * cell[1]


def wavelength(energy: float) -> float:
    """Return the relativistic de Broglie wavelength λ = hc / √(E (2 mc² + E)) in Å.

    Parameters
    ----------
    energy : float
        Electron energy in eV.

    Raises
    ------
    ValueError
        If `energy` is not positive, or more than 10¹² eV.

    Examples
    --------
    >>> round(wavelength(80e3), 5)
    0.04176
    """
    energy = positive("energy", energy)
    if energy > MOST_ENERGY:
        raise ValueError(f"energy must be at most {MOST_ENERGY:g} eV, got {energy:g}")
    hc = 12398.419843320026  # eV Å, exact in the SI
    rest_energy = 510998.95069  # eV, CODATA 2022
    return float(hc / np.sqrt(energy * (2 * rest_energy + energy)))
