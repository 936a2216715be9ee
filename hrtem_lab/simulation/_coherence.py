"""The mean image of a crystal's ensemble from the mutual coherence of its beams.

After the mean over all translations by a cell, only beams that differ by whole orders of the cell interfere,
each pair by the mean of ψ̂(g) ψ̂*(g′) over the snapshots. These means are computed once. An image then takes
the same few milliseconds for any number of snapshots, and for any spread of focus: its mean over a pair is
the factor exp(−[πΔ (α² − α′²) / 2λ]²), which is exact. With a spread of the illumination's angles, whose
envelope is a Gaussian of the focus, the mean is that of a product of Gaussians.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.simulation._series import Series
from hrtem_lab.waves import ExitWaves

_MOST_PAIRS = 1 << 18


@dataclass(frozen=True)
class Coherence:
    """Pairs of beams that interfere after the mean over all cells, and how strongly they do."""

    rows: NDArray[np.integer]
    """Place of every beam among the orders along rows."""
    columns: NDArray[np.integer]
    first: NDArray[np.integer]
    """Number of the first beam of each pair."""
    second: NDArray[np.integer]
    mean: NDArray[np.complex64]
    """Mean over the snapshots of ψ̂ of the first beam times ψ̂* of the second one."""
    place: NDArray[np.integer]
    """Where the pair belongs among the orders of the image, row by row."""
    orders: tuple[NDArray[np.integer], NDArray[np.integer]]
    """Orders of the image along rows and columns, in whole orders of the cell."""

    def series(
        self,
        transfer: NDArray[np.complexfloating],
        angles: NDArray[np.floating],
        *,
        focal_spread: float,
        blurs: tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]] | None = None,
        wavelength: float,
        extent: tuple[float, float],
    ) -> Series:
        """Return the Fourier series of the image.

        Parameters
        ----------
        transfer, angles : numpy.ndarray
            The lens and the angle α of every order, shape (rows, columns).
        focal_spread : float
            1/e half-width Δ in Å.
        blurs : (numpy.ndarray, numpy.ndarray, numpy.ndarray), optional
            w, u, v of every order, as `Lens.blurs` returns them; `transfer` is then without this envelope.
        wavelength : float
            In Å.
        extent : (float, float)
            Height and width of one cell in Å.
        """
        beams = transfer[self.rows, self.columns].astype(np.complex64)
        pairs = self.mean * beams[self.first] * beams[self.second].conj()
        if focal_spread:
            squares = (np.pi * focal_spread / (2 * wavelength)) * np.square(angles[self.rows, self.columns])
            phases = squares[self.first] - squares[self.second]
            if blurs is None:
                pairs *= np.exp(-np.square(phases))
            else:
                pairs *= self._mean_over_foci(phases, focal_spread, blurs)
        shape = tuple(len(orders) for orders in self.orders)
        size = shape[0] * shape[1]
        real, imaginary = (
            np.bincount(self.place, weights=part, minlength=size) for part in (pairs.real, pairs.imag)
        )
        coefficients = (real + 1j * imaginary).reshape(shape).astype(np.complex64)
        return Series(coefficients, *self.orders, extent)

    def _mean_over_foci(
        self,
        phases: NDArray[np.floating],
        focal_spread: float,
        blurs: tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]],
    ) -> NDArray[np.complexfloating]:
        """Return ∫ exp(−x² + 2i·phase·x − w + 2uΔx − vΔ²x²) dx / √π for each pair; w, u, v are sums."""
        of_beams = (blur[self.rows, self.columns] for blur in blurs)
        w, u, v = (blur[self.first] + blur[self.second] for blur in of_beams)
        width = 1 + focal_spread**2 * v
        # One exponent: its parts alone could be too large, or too small, for a number.
        exponent = np.square(focal_spread * u + 1j * phases) / width - w
        mean: NDArray[np.complexfloating] = np.exp(exponent) / np.sqrt(width)
        return mean


@lru_cache(maxsize=16)
def coherence(
    waves: ExitWaves, rows: tuple[int, int], columns: tuple[int, int], widest: float
) -> Coherence | None:
    """Return the coherence of a crystal's beams; None if they are too many pairs.

    Parameters
    ----------
    waves : ExitWaves
        With `cells`.
    rows, columns : (int, int)
        Orders from the first to before the second, as places in the wave's coefficients.
    widest : float
        Greatest angle of a beam in radians.
    """
    centre = [count // 2 for count in waves.array.shape[1:]]
    along = np.arange(*rows) - centre[0], np.arange(*columns) - centre[1]
    g = np.hypot(along[0][:, None] / waves.extent[0], along[1] / waves.extent[1])
    inside = np.argwhere(g * waves.wavelength <= widest)
    orders = np.column_stack([along[axis][inside[:, axis]] for axis in (0, 1)])
    group = (orders[:, 0] % waves.cells[0]) * waves.cells[1] + orders[:, 1] % waves.cells[1]
    members = [np.flatnonzero(group == number) for number in np.unique(group)]
    if sum(len(beams) ** 2 for beams in members) > _MOST_PAIRS:
        return None
    values = waves._coefficients[:, slice(*rows), slice(*columns)][:, inside[:, 0], inside[:, 1]]
    first = np.concatenate([np.repeat(beams, len(beams)) for beams in members])
    second = np.concatenate([np.tile(beams, len(beams)) for beams in members])
    # Products so small wait longer for BLAS's threads than they take.
    mean = np.concatenate(
        [np.einsum("ni,nj->ij", values[:, beams], values[:, beams].conj()).ravel() for beams in members]
    )
    steps = (orders[first] - orders[second]) // waves.cells
    top = np.abs(steps).max(axis=0)
    place = (steps[:, 0] + top[0]) * (2 * top[1] + 1) + steps[:, 1] + top[1]
    image_orders = np.arange(-top[0], top[0] + 1), np.arange(-top[1], top[1] + 1)
    return Coherence(
        inside[:, 0],
        inside[:, 1],
        first,
        second,
        (mean / len(waves)).astype(np.complex64),
        place,
        image_orders,
    )
