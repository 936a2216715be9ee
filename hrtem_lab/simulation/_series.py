"""The Fourier series of an image: the mean intensity of some waves, before any pixel is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
        rows, columns = (np.exp(-2 * np.square(np.pi * spread * g)) for g in (g_rows, g_columns))
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


Transfers = Iterable[tuple[float, NDArray[np.complexfloating]]]


def intensity(beams: NDArray[np.complexfloating], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return |Σ c exp(2πi g·r)|² on one period of `shape` pixels; the zero frequency is in the middle."""
    padded = np.zeros(shape, np.complex64)
    index = [np.arange(count) - count // 2 for count in beams.shape]
    padded[np.ix_(index[0] % shape[0], index[1] % shape[1])] = beams
    values = np.fft.ifft2(padded, norm="forward")
    return np.square(values.real) + np.square(values.imag)


def mean_intensity(beams: NDArray[np.complexfloating], transfers: Transfers) -> NDArray[np.float32]:
    """Return Σ weight · mean of |Σ c t exp(2πi g·r)|² over the waves, on pixels enough to hold it.

    `beams` has shape (waves, rows, columns); the weights of `transfers` add up to 1.
    """
    import cv2  # noqa: PLC0415

    waves, rows, columns = beams.shape
    shape = (cv2.getOptimalDFTSize(2 * rows), cv2.getOptimalDFTSize(2 * columns))
    # OpenCV takes a tenth of NumPy's time, and skips empty rows in a forward transform only: that of the
    # conjugate is the wave's conjugate. Beams in a corner change the wave's phase, not its intensity.
    conjugates = beams.conj()
    padded = np.zeros(shape, np.complex64)
    total = np.zeros((*shape, 2))
    for weight, transfer in transfers:
        scaled = (np.sqrt(weight / waves) * transfer.conj()).astype(np.complex64)
        for wave in conjugates:
            np.multiply(wave, scaled, out=padded[:rows, :columns])
            parts = padded.view(np.float32).reshape(*shape, 2)
            cv2.accumulateSquare(cv2.dft(parts, nonzeroRows=rows), total)
    return total.sum(axis=2).astype(np.float32)


def series_of(intensity: NDArray[np.float32], extent: tuple[float, float]) -> Series:
    """Return the Fourier series of an intensity on pixels that hold all of it."""
    spectrum = np.fft.fft2(intensity, norm="forward")
    rows, columns = (np.fft.fftfreq(n, 1 / n).round().astype(int) for n in intensity.shape)
    return Series(spectrum, rows, columns, extent)
