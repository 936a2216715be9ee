"""Pixels of an image: exact values of its Fourier series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.simulation._series import Series


def pixels_per_period(shape: tuple[int, int], tiles: tuple[float, float]) -> tuple[int, int] | None:
    """Return the pixels in one period of the wave; None if a period is not a whole number of pixels."""
    period = []
    for pixels, count in zip(shape, tiles, strict=True):
        whole = round(count)
        if whole < 1 or abs(count - whole) > 1e-9 * whole or pixels % whole:
            return None
        period.append(pixels // whole)
    return period[0], period[1]


def without_negatives(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image with its negative pixels at 0 and its mean unchanged, which is 0 at least."""
    if image.min() >= 0:
        return image
    mean = max(float(image.mean(dtype=np.float64)), 0)
    np.maximum(image, 0, out=image)
    clipped = float(image.mean(dtype=np.float64))
    if clipped > 0:
        image *= np.float32(mean / clipped)
    return image


def evaluate(
    series: Series,
    shape: tuple[int, int],
    field_of_view: tuple[float, float],
    rotation: float,
) -> NDArray[np.float32]:
    """Evaluate the intensity's Fourier series at pixels that do not repeat with the wave."""
    g_rows, g_columns = series.frequencies
    y, x = ((np.arange(n) - n / 2) * (length / n) for n, length in zip(shape, field_of_view, strict=True))
    # Rotating about the centre of the image, in coordinates that start at its corner.
    to_center = np.exp(1j * np.pi * (g_rows[:, None] * field_of_view[0] + g_columns * field_of_view[1]))
    nyquist = [n / (2 * length) for n, length in zip(shape, field_of_view, strict=True)]
    spectrum = (series.coefficients * to_center).astype(np.complex64)
    if rotation == 0:
        rows, columns = np.abs(g_rows) < nyquist[0], np.abs(g_columns) < nyquist[1]
        left = _waves(y, g_rows[rows])
        right = _waves(x, g_columns[columns])
        return np.ascontiguousarray((left @ spectrum[np.ix_(rows, columns)] @ right.T).real)
    return _evaluate_rotated(spectrum, g_rows, g_columns, y, x, nyquist, np.deg2rad(rotation))


def _evaluate_rotated(
    spectrum: NDArray[np.complexfloating],
    g_rows: NDArray[np.floating],
    g_columns: NDArray[np.floating],
    y: NDArray[np.floating],
    x: NDArray[np.floating],
    nyquist: list[float],
    angle: float,
) -> NDArray[np.float32]:
    """Sum Σ ŝ exp(2πi g·r) with the frequencies turned by `angle`; it separates into rows × columns."""
    g_y, g_x = np.broadcast_arrays(g_rows[:, None], g_columns[None, :])
    turned_y = np.cos(angle) * g_y - np.sin(angle) * g_x
    turned_x = np.sin(angle) * g_y + np.cos(angle) * g_x
    # The intensity is real: one half-plane of frequencies is enough, the other is its complex conjugate.
    half = (g_y > 0) | ((g_y == 0) & (g_x >= 0))
    keep = half & (np.abs(turned_y) < nyquist[0]) & (np.abs(turned_x) < nyquist[1]) & (spectrum != 0)
    weights = np.where((g_y == 0) & (g_x == 0), 1, 2)[keep] * spectrum[keep]
    turned_y, turned_x = turned_y[keep], turned_x[keep]
    image = np.zeros((len(y), len(x)), np.float32)
    for start in range(0, len(weights), 4096):  # bounds the memory of a large specimen
        part = slice(start, start + 4096)
        image += ((_waves(y, turned_y[part]) * weights[part]) @ _waves(x, turned_x[part]).T).real
    return image


def _waves(positions: NDArray[np.floating], frequencies: NDArray[np.floating]) -> NDArray[np.complex64]:
    return np.exp(2j * np.pi * np.outer(positions, frequencies)).astype(np.complex64)
