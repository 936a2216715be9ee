"""What may change inside a unit cell: band-limited patterns with independent noise, and their prior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import pixel_size
from hrtem_lab.sizing._cells import split

Floats = NDArray[np.float64]

# The precipitate's atoms fill a cell from one face and end before the opposite face, an eighth of a cell on
# average: each cell is read starting this fraction before its border.
OFFSET = 1 / 8
# Part of the prior's energy that may lack the reference's symmetry, and part that is the reference itself.
ASYMMETRIC = 0.05
FADING = 0.3
# Brighter pixels than this, relative to vacuum, do not occur in an image; their squares would overflow.
BRIGHTEST = 1e6
# The noise of a pixel is taken from its expected count, mixed with this part of the cell's mean: a single
# electron in a dark pixel would otherwise look improbable, and pristine crystal at low dose like a sphere.
MEAN_COUNTS = 0.2

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
    reference : numpy.ndarray, shape (rows, columns)
        The pristine image.
    cells : (int, int)
        Unit cells along rows and columns.
    counts : float
        Expected electrons in a pixel of vacuum.
    filter : numpy.ndarray, shape (pixels of a cell, channels)
        Residual → channels.
    prior : numpy.ndarray, shape (channels,)
        Variance that a change of pattern as strong as the reference's contrast has in each channel.
    """

    reference: NDArray[np.floating]
    cells: tuple[int, int]
    counts: float
    filter: NDArray[np.float32]
    prior: Floats

    def __call__(self, image: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return each cell's channels and the variance of their noise, estimated from its own electrons."""
        image = np.clip(image, -BRIGHTEST, BRIGHTEST)
        residual = read_cells(image - self.reference, self.cells).astype(np.float32)
        electrons = read_cells(np.maximum(image, 0), self.cells).astype(np.float32)
        return residual @ self.filter, electrons @ (self.filter**2 / self.counts)


def cell_channels(
    reference: NDArray[np.floating],
    *,
    cells: tuple[int, int],
    counts: float,
    sampling: float | tuple[float, float],
    max_frequency: float,
) -> CellChannels:
    """Return the channels of a cell behind an aperture.

    The residual of a cell is weighted by the inverse of its expected noise and projected on the Fourier modes
    within the aperture's band; the projections are made independent with unit variance, and rotated so
    that the prior is independent, too. With the mixture by `MEAN_COUNTS` the noise is somewhat overestimated.

    Parameters
    ----------
    reference : numpy.ndarray, shape (rows, columns)
        The pristine image.
    cells : (int, int)
        Unit cells along rows and columns.
    counts : float
        Expected electrons in a pixel of vacuum.
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).
    max_frequency : float
        Highest spatial frequency of the image in 1/Å, 2α/λ.
    """
    rows, columns = (size // count for size, count in zip(reference.shape, cells, strict=True))
    modes, frequencies = aperture_modes((rows, columns), sampling, max_frequency)
    cell = read_cells(reference, cells).mean(axis=0, dtype=np.float64)
    expected = (1 - MEAN_COUNTS) * np.maximum(cell, 0) + MEAN_COUNTS * cell.mean()
    score = modes / expected[:, None]
    covariance = score.T @ (score * (expected / counts)[:, None])
    whiten = np.linalg.inv(np.linalg.cholesky(covariance))
    gain = whiten @ (score.T @ modes)
    prior = prior_covariance(cell.reshape(rows, columns), modes, disc_overlap(frequencies) ** 2)
    variances, rotation = np.linalg.eigh(gain @ prior @ gain.T)
    linear = (score @ whiten.T @ rotation).astype(np.float32)
    return CellChannels(reference, cells, counts, linear, np.maximum(variances, 0))


def read_cells(image: NDArray, cells: tuple[int, int]) -> NDArray:
    """Return each cell's pixels as a row, read starting `OFFSET` of a cell before its border."""
    shift = [round(OFFSET * size / count) for size, count in zip(image.shape, cells, strict=True)]
    return split(np.roll(image, shift, axis=(0, 1)), cells).reshape(cells[0] * cells[1], -1)


def aperture_modes(
    pixels: tuple[int, int], sampling: float | tuple[float, float], max_frequency: float
) -> tuple[Floats, Floats]:
    """Return a cell's orthonormal cosines and sines up to a spatial frequency.

    Beside them, their frequencies relative to the highest; shapes (pixels, modes) and (modes,).
    """
    half = [size // 2 for size in pixels]
    h, k = np.mgrid[-half[0] + 1 : half[0], -half[1] + 1 : half[1]]
    steps = pixel_size("sampling", sampling)
    height, width = (count * step for count, step in zip(pixels, steps, strict=True))
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
    of both crystals are; a part is the reference's own pattern, fading; a small part may be any pattern.
    """
    average = symmetry_average(cell, modes)
    anything = np.diag(envelope / envelope.sum())
    symmetric = average @ anything @ average.T
    symmetric /= np.trace(symmetric)
    reference_pattern = modes.T @ (cell - cell.mean()).ravel()
    contrast = reference_pattern @ reference_pattern
    change = (1 - ASYMMETRIC) * symmetric + ASYMMETRIC * anything
    return contrast * (1 - FADING) * change + FADING * np.outer(reference_pattern, reference_pattern)


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
