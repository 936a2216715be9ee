"""What may change inside a unit cell: band-limited patterns with independent noise, and their prior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import pixel_size
from hrtem_lab.metrics.outliers import outliers
from hrtem_lab.sizing._cells import split

Floats = NDArray[np.float64]

ASYMMETRIC = 0.05
"""Part of a change's energy that may lack the reference's symmetry."""
SPIKES, SPIKE = 1e-3, 4.0
"""Hot pixels are looked for if the brightest is so many times as bright as all but this part of them."""
BRIGHTEST = 1e6
"""Brighter pixels than this, relative to vacuum, do not occur in an image; their squares would overflow."""
FLOORS = 0.02, 0.2
"""A pixel's noise is taken from its expected count, mixed with a part of the cell's mean between these: a
single electron in a dark pixel would otherwise look improbable, and pristine crystal at low dose like a
sphere."""
FLOOR_ELECTRONS = 0.5
"""That part is this number over the expected electrons of a cell."""
MOST_ELECTRONS = 500.0
"""Electrons of a cell whose noise is about as strong as what no sphere of the model explains."""
CHANNELS = 64
"""Channels that are kept, those in which a change of pattern is strongest."""
MOST_MODES, MOST_NUMBERS = 2000, 5e7
"""Modes of a cell, and modes × pixels: beyond, an image would take minutes and gigabytes."""
GROUPS = 24
"""Groups of like brightness into which the places of a cell are put."""
HOT = 8.0
"""A pixel this many standard deviations, and as many electrons, above what its place in the cell and its
neighbours allow is the camera's."""

POINT_OPERATIONS: tuple[Callable[[NDArray], NDArray], ...] = (
    lambda cell: cell,
    lambda cell: cell[::-1],
    lambda cell: cell[:, ::-1],
    lambda cell: cell[::-1, ::-1],
    lambda cell: cell.swapaxes(0, 1),
    np.rot90,
    lambda cell: np.rot90(cell, -1),
    lambda cell: np.rot90(cell.swapaxes(0, 1), 2),
)
"""The eight point operations of a square, for arrays whose first two axes are rows and columns."""


@dataclass(frozen=True)
class CellChannels:
    """A filter that turns a cell's residual into channels of unit noise, and what to expect in each.

    Attributes
    ----------
    cell : numpy.ndarray, shape (pixels of a cell,)
        The pristine cell.
    cells : (int, int)
        Unit cells along rows and columns.
    counts : float
        Expected electrons in a pixel of vacuum.
    readout : float
        Standard deviation of the readout noise in electrons.
    filter : numpy.ndarray of float32, shape (pixels of a cell, channels)
        Residual → channels.
    prior : numpy.ndarray, shape (channels,)
        Variance that a change of pattern as strong as the reference's contrast has in each channel.
    """

    cell: Floats
    cells: tuple[int, int]
    counts: float
    readout: float
    filter: NDArray[np.float32]
    prior: Floats

    def __call__(self, image: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return each cell's channels and the variance of their noise, estimated from its own electrons.

        Both have the shape (cells, channels). Hot pixels are replaced by what their place expects.
        """
        pixels = self._without_hot_pixels(image)
        stack = split(pixels, self.cells).reshape(-1, self.cell.size)
        residual = (stack - self.cell).astype(np.float32)
        electrons = np.maximum(stack, 0).astype(np.float32)
        squares = self.filter**2 / self.counts
        constant = (self.readout**2 / self.counts * squares).sum(axis=0)
        return residual @ self.filter, electrons @ squares + constant

    def _without_hot_pixels(self, image: NDArray) -> NDArray:
        pixels = image.astype(np.float32)
        rows, columns = (size // count for size, count in zip(image.shape, self.cells, strict=True))
        expected = np.tile(self.cell.reshape(rows, columns).astype(np.float32), self.cells)
        allowed = np.maximum(expected, 2 * cv2.medianBlur(pixels, 3))
        spread = np.sqrt(np.maximum(allowed, 0) / self.counts + (self.readout / self.counts) ** 2)
        hot = pixels > allowed + HOT * spread + HOT / self.counts
        return np.where(hot, expected, image) if hot.any() else image


@dataclass(frozen=True)
class CellBand:
    """A pristine cell behind an aperture: what may change in it, whatever the exposure.

    Attributes
    ----------
    cell : numpy.ndarray, shape (pixels of a cell,)
        The pristine cell.
    modes : numpy.ndarray, shape (pixels of a cell, modes)
        From `aperture_modes`.
    prior : numpy.ndarray, shape (modes, modes)
        From `prior_covariance`.
    """

    cell: Floats
    modes: Floats
    prior: Floats

    def channels(
        self, image: NDArray, cells: tuple[int, int], *, counts: float, readout: float
    ) -> CellChannels:
        """Return the channels for an image.

        The residual of a cell is weighted by the inverse of its expected noise and projected on the modes;
        the projections are made independent with unit variance, and rotated so that the prior is
        independent, too. With the mixture by `FLOORS` the noise is somewhat overestimated.

        Parameters
        ----------
        image : numpy.ndarray, shape (rows, columns)
        cells : (int, int)
            Unit cells along rows and columns.
        counts : float
            Expected electrons in a pixel of vacuum.
        readout : float
            Standard deviation of the readout noise in electrons.
        """
        own = self.modes @ (self.modes.T @ mean_cell(image, cells))
        expected = np.maximum(np.maximum(self.cell, own), expected_brightness(self.cell, image, cells))
        mean = float(expected.mean())
        # Never less noise than at MOST_ELECTRONS: there, what the model leaves aside is more.
        fewer = min(counts, MOST_ELECTRONS / (mean * expected.size))
        part = float(np.clip(FLOOR_ELECTRONS / (mean * fewer * expected.size), *FLOORS))
        variance = ((1 - part) * np.maximum(expected, 0) + part * mean) / fewer + (readout / counts) ** 2
        score = self.modes / variance[:, None]
        gain = np.linalg.cholesky(score.T @ self.modes).T
        variances, rotation = np.linalg.eigh(gain @ self.prior @ gain.T)
        strongest = np.argsort(variances)[::-1][:CHANNELS]
        linear = (score @ np.linalg.solve(gain, rotation[:, strongest])).astype(np.float32)
        return CellChannels(self.cell, cells, counts, readout, linear, np.maximum(variances[strongest], 0))


def cell_band(
    cell: Floats,
    pixels: tuple[int, int],
    *,
    sampling: float | tuple[float, float],
    max_frequency: float,
) -> CellBand:
    """Return what may change in a cell behind an aperture.

    Parameters
    ----------
    cell : numpy.ndarray, shape (pixels of a cell,)
        The pristine cell, row by row.
    pixels : (int, int)
        Pixels of a cell along rows and columns.
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).
    max_frequency : float
        Highest spatial frequency of the image in 1/Å, 2α/λ.
    """
    modes, frequencies = aperture_modes(pixels, sampling, max_frequency)
    return CellBand(cell, modes, prior_covariance(cell.reshape(pixels), modes, disc_overlap(frequencies)))


def expected_brightness(cell: Floats, image: NDArray, cells: tuple[int, int]) -> Floats:
    """Return how bright an image is where a cell is so bright: the mean over all places of like brightness.

    A reference may be darker in its dark places than the image is, and the image's own cell is so by chance;
    electrons there would look like a precipitate.
    """
    found = mean_cell(image, cells)
    order = np.argsort(cell, kind="stable")
    groups = np.array_split(order, min(GROUPS, len(order)))
    known = [float(cell[group].mean()) for group in groups]
    return np.interp(cell, known, [float(found[group].mean()) for group in groups])


def without_spikes(image: NDArray) -> NDArray:
    """Return an image whose few hot pixels are filled from their neighbours, or itself if it has none.

    Left in, they would be taken for the noise of few electrons.
    """
    usual = float(np.quantile(image, 1 - SPIKES))
    if not float(image.max()) > SPIKE * max(usual, float(image.mean()), 0.0):
        return image
    filled = cv2.medianBlur(np.ascontiguousarray(image, np.float32), 3)
    return np.where(outliers(image), filled, image)


def mean_cell(image: NDArray, cells: tuple[int, int]) -> Floats:
    """Return the mean of an image's cells, row by row."""
    return np.asarray(split(image, cells).reshape(cells[0] * cells[1], -1).mean(axis=0, dtype=np.float64))


def median_cell(
    image: NDArray, cells: tuple[int, int], *, sampling: float | tuple[float, float], max_frequency: float
) -> Floats:
    """Return the median of an image's cells, mode by mode of the aperture's band, row by row.

    Pixel by pixel, a median would be black at low dose, where most pixels hold no electron.
    """
    stack = split(image, cells)
    modes, _ = aperture_modes(stack.shape[1:], sampling, max_frequency)
    middle = np.median(stack.reshape(len(stack), -1) @ modes, axis=0)
    return np.asarray(np.maximum(modes @ middle, 0))


@lru_cache(maxsize=4)
def aperture_modes(
    pixels: tuple[int, int], sampling: float | tuple[float, float], max_frequency: float
) -> tuple[Floats, Floats]:
    """Return a cell's orthonormal cosines and sines up to a spatial frequency; do not write to them.

    Beside them, their frequencies relative to the highest; shapes (pixels, modes) and (modes,).

    Raises
    ------
    ValueError
        If the modes are too many, or a cell has only one pixel along a side.
    """
    steps = pixel_size("sampling", sampling)
    height, width = (count * step for count, step in zip(pixels, steps, strict=True))
    size = pixels[0] * pixels[1]
    about = int(min(np.pi * max_frequency**2 * height * width, size))  # the band's area
    if min(pixels) < 2:
        raise ValueError(
            f"cells must be fewer: each has {pixels[0]} × {pixels[1]} pixels, at least 2 are needed each way"
        )
    if about > MOST_MODES or about * size > MOST_NUMBERS:
        raise ValueError(
            f"cells must be more, and smaller: each has {about} modes of {pixels[0]} × {pixels[1]} pixels "
            f"within the aperture's band, at most {MOST_MODES} modes and {MOST_NUMBERS:.0e} numbers in them "
            "can be used"
        )
    half = [count // 2 for count in pixels]
    h, k = np.mgrid[-half[0] + 1 : half[0], -half[1] + 1 : half[1]]
    frequency = np.hypot(h / height, k / width) / max_frequency
    keep = (frequency <= 1) & ((h > 0) | ((h == 0) & (k >= 0)))
    order = np.argsort(frequency[keep], kind="stable")
    h, k, frequency = (values[keep][order] for values in (h, k, frequency))
    y, x = (axis.reshape(-1, 1) for axis in np.mgrid[: pixels[0], : pixels[1]])
    phase = 2 * np.pi * (y * h / pixels[0] + x * k / pixels[1])
    modes = np.concatenate([np.cos(phase), np.sin(phase[:, 1:])], axis=1)
    return modes / np.linalg.norm(modes, axis=0), np.concatenate([frequency, frequency[1:]])


def disc_overlap(distance: Floats) -> Floats:
    """Return the share of pairs of beams in an aperture that are `distance` of its diameter apart."""
    q = np.clip(distance, 0, 1)
    return 2 / np.pi * (np.arccos(q) - q * np.sqrt(1 - q * q))


def prior_covariance(cell: Floats, modes: Floats, envelope: Floats) -> Floats:
    """Return the covariance of the modes in a change of pattern; its trace is the reference's contrast.

    Most of the change may be any pattern as symmetric as the reference, because the sphere and the columns
    of both crystals are; a small part may be any pattern.
    """
    average = symmetry_average(cell, modes)
    anything = np.diag(envelope / envelope.sum())
    symmetric = average @ anything @ average.T
    symmetric /= np.trace(symmetric)
    contrast = float(((cell - cell.mean()) ** 2).sum())
    return np.asarray(contrast * ((1 - ASYMMETRIC) * symmetric + ASYMMETRIC * anything))


def symmetry_average(cell: Floats, modes: Floats, *, tolerance: float = 0.01) -> Floats:
    """Return the average over the plane symmetries that a cell has, as a matrix on its modes.

    A point operation of the square is a symmetry if the turned cell, moved to where it fits best, correlates
    with the cell to 1 within the tolerance.
    """
    centred = cell - cell.mean()
    spectrum = np.fft.fft2(centred)
    energy = float((centred**2).sum()) or 1.0
    matrices = []
    for operation in POINT_OPERATIONS:
        turned = operation(centred)
        if turned.shape != cell.shape:
            continue
        match = np.fft.ifft2(spectrum * np.conj(np.fft.fft2(turned))).real / energy
        if match.max() >= 1 - tolerance or operation is POINT_OPERATIONS[0]:
            move = np.unravel_index(match.argmax(), match.shape)
            moved = np.roll(operation(modes.reshape(*cell.shape, -1)), move, axis=(0, 1))
            matrices.append(modes.T @ moved.reshape(cell.size, -1))
    return np.mean(matrices, axis=0)
