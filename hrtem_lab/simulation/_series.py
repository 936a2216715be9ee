"""The Fourier series of an image: the mean intensity of some waves, before any pixel is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Waves transformed at once, in pixels: so many fit a processor's cache.
_AT_ONCE = 1 << 17


@dataclass(frozen=True)
class Series:
    """The Fourier coefficients of an image's intensity, which repeats with `extent` (Å)."""

    coefficients: NDArray[np.complexfloating]
    rows: NDArray[np.integer]
    """The order of each row of coefficients: its spatial frequency is order / extent."""
    columns: NDArray[np.integer]
    extent: tuple[float, float]

    @property
    def frequencies(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Spatial frequencies along rows and columns in 1/Å."""
        return self.rows / self.extent[0], self.columns / self.extent[1]

    def of_one_cell(self, cells: tuple[int, int]) -> Series:
        """Return the mean over all translations by a cell: what repeats with the cell is left."""
        if cells == (1, 1):
            return self
        kept = [
            np.flatnonzero(order % count == 0)
            for order, count in zip((self.rows, self.columns), cells, strict=True)
        ]
        return Series(
            self.coefficients[np.ix_(*kept)],
            self.rows[kept[0]] // cells[0],
            self.columns[kept[1]] // cells[1],
            (self.extent[0] / cells[0], self.extent[1] / cells[1]),
        )

    def blurred(self, spread: float, drift: tuple[float, float]) -> Series:
        """Return the mean over a Gaussian vibration and a straight, centred drift (both in Å)."""
        g_rows, g_columns = self.frequencies
        # Beyond exp(−1600) nothing is left; the limit keeps the squares finite.
        rows, columns = (
            np.exp(-2 * np.minimum(np.pi * spread * np.abs(g), 40) ** 2) for g in (g_rows, g_columns)
        )
        moved = np.sinc(g_rows[:, None] * drift[0] + g_columns * drift[1])
        return Series(
            self.coefficients * (rows[:, None] * columns * moved), self.rows, self.columns, self.extent
        )

    def on_period(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Return one period on `shape` pixels, enough to hold every order."""
        top = [(pixels - 1) // 2 for pixels in shape]
        rows = np.abs(self.rows) <= top[0]
        columns = (self.columns >= 0) & (self.columns <= top[1])
        half = np.zeros((shape[0], shape[1] // 2 + 1), np.complex64)
        half[np.ix_(self.rows[rows] % shape[0], self.columns[columns])] = self.coefficients[
            np.ix_(rows, columns)
        ]
        return np.fft.irfft2(half, s=shape, norm="forward").astype(np.float32, copy=False)


def mean_intensity(
    coefficients: NDArray[np.complexfloating],
    transfers: Iterable[tuple[float, NDArray[np.complexfloating]]],
    grid: tuple[int, int],
) -> NDArray[np.float32]:
    """Return Σ weight · mean of |Σ c t exp(2πi g·r)|² over the waves, on one period of `grid` pixels.

    `coefficients` has shape (waves, rows, columns); the zero frequency is in the middle.
    """
    waves, *counts = coefficients.shape
    index = [(np.arange(count) - count // 2) % pixels for count, pixels in zip(counts, grid, strict=True)]
    at_once = max(1, _AT_ONCE // (grid[0] * grid[1]))
    total = np.zeros(grid, np.float32)
    for weight, transfer in transfers:
        for start in range(0, waves, at_once):
            part = coefficients[start : start + at_once] * transfer
            padded = np.zeros((len(part), *grid), np.complex64)
            padded[:, index[0][:, None], index[1]] = part
            values = np.fft.ifft2(padded, norm="forward")
            intensity = np.square(values.real) + np.square(values.imag)
            total += np.float32(weight / waves) * intensity.sum(axis=0)
    return total


def intensity_series(
    coefficients: NDArray[np.complexfloating],
    transfers: Iterable[tuple[float, NDArray[np.complexfloating]]],
    extent: tuple[float, float],
) -> Series:
    """Return the Fourier series of the mean intensity, which has twice the bandwidth of the waves."""
    grid = (2 * coefficients.shape[-2], 2 * coefficients.shape[-1])
    spectrum = np.fft.fft2(mean_intensity(coefficients, transfers, grid), norm="forward")
    rows, columns = (np.fft.fftfreq(n, 1 / n).round().astype(int) for n in grid)
    return Series(spectrum, rows, columns, extent)
