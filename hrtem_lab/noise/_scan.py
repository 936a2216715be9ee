"""Where a scanned beam really stands: jitter, jitter of lines, fly-back, and the image taken there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.noise._rules import at_most, below_one, between, frame

# So many sines make a smooth spectrum over the three or four decades between a frame's time and a line's.
SINES = 32
# Products of so few rows stay in one thread: on a busy machine BLAS's threads wait for each other.
ROWS_AT_ONCE = 16
# OpenCV's remap addresses no longer side.
LONGEST_SIDE = 32766
# A beam that is farther off than this, in pixels, makes no image.
FARTHEST = 1000.0
# Times from a picosecond to a quarter of an hour, in µs.
SHORTEST_TIME, LONGEST_TIME = 1e-6, 1e9


def scan_jitter(
    shape: tuple[int, ...],
    *,
    rms: float,
    dwell: float = 10.0,
    wait: float = 500.0,
    highest: float = 1000.0,
    rng: int | np.random.Generator | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return how far the beam strays from each pixel, with a spectrum of 1/f.

    Pixel :math:`i` of line :math:`j` is recorded at
    :math:`t = i\, t_{\mathrm{dwell}} + j\, (N t_{\mathrm{dwell}} + t_{\mathrm{wait}})`, and

    .. math:: X(t) = a \sum_k \sqrt{\Delta f_k / f_k}\, \sin(2 \pi f_k t + \varphi_k)

    with 32 frequencies drawn evenly by their logarithm, from one period per frame to `highest`, and phases
    drawn evenly. :math:`a` makes the root mean square over the frame `rms`. Y comes from a separately
    spawned stream.

    Parameters
    ----------
    shape : (..., int, int)
        Shape of an image or a stack; the last two are lines and pixels of a line.
    rms : float
        Root mean square along each axis, in pixels. Start from 0.1 to 2 (a range of ours).
    dwell : float
        Time per pixel in µs.
    wait : float
        Time between two lines, in which the beam flies back, in µs.
    highest : float
        Highest frequency in Hz.
    rng : int, numpy.random.Generator or None
        Seed or generator, from which two streams are spawned.

    Returns
    -------
    down, right : numpy.ndarray of float64, shape (rows, columns)
        Displacements along the rows' direction (Y) and along the line (X), in pixels.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range (displacements up to 1000 pixels, times from 10⁻⁶ to 10⁹ µs, frequencies
        from 10⁻³ to 10⁹ Hz), or the shape has no rows and columns.

    Notes
    -----
    Most of it is slow: an image is bent more than torn. A frame shorter than two periods of `highest`
    has one octave of frequencies. Hum of the mains is not in it.

    Source: Jones and Nellist, Microscopy and Microanalysis 19 (2013) 1050,
    doi:10.1017/S1431927613001402, for scan noise as a displacement in time; the sum and its bounds are ours.

    Examples
    --------
    >>> down, right = scan_jitter((128, 128), rms=0.5, rng=1)
    >>> round(float((right**2).mean() ** 0.5), 6)
    0.5
    """
    rows, columns = frame(shape)
    size, pause = at_most("rms", rms, FARTHEST), at_most("wait", wait, LONGEST_TIME)
    step, top = time_of("dwell", dwell), frequency_of("highest", highest)
    line = (columns * step + pause) * 1e-6
    lowest = min(1 / (rows * line), top / 2)
    times = np.arange(rows) * line, np.arange(columns) * (step * 1e-6)
    streams = np.random.default_rng(rng).spawn(2)
    down, right = (_wandering(*times, lowest, top, size, stream) for stream in streams)
    return down, right


def time_of(name: str, value: Any) -> float:
    """Return a time in µs after checking it."""
    return between(name, value, SHORTEST_TIME, LONGEST_TIME)


def frequency_of(name: str, value: Any) -> float:
    """Return a frequency in Hz after checking it."""
    return between(name, value, 1e-3, 1e9)


def _wandering(
    of_line: NDArray, of_pixel: NDArray, lowest: float, highest: float, rms: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a sum of sines at times that are sums of a line's and a pixel's, scaled to `rms`."""
    place = (np.arange(SINES) + rng.random(SINES)) / SINES
    # Frequencies that stand evenly by their logarithm have the same Δf / f: equal amplitudes are 1/f.
    angular = 2 * np.pi * lowest * (highest / lowest) ** place
    before = np.outer(of_line, angular) + rng.uniform(0, 2 * np.pi, SINES)
    within = np.outer(angular, of_pixel)
    # sin(a + b) = sin a cos b + cos a sin b, so that one product of matrices adds up all sines.
    left = np.concatenate([np.sin(before), np.cos(before)], axis=1)
    right = np.concatenate([np.cos(within), np.sin(within)])
    field = np.empty((len(left), right.shape[1]))
    for start in range(0, len(left), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        np.matmul(left[some], right, out=field[some])
    field *= rms / math.sqrt(np.einsum("ij,ij->", field, field) / field.size)
    return field


def line_jitter(
    rows: int, *, rms: float, correlation: float = 0.0, rng: int | np.random.Generator | None = None
) -> NDArray[np.float64]:
    r"""Return how far each line is displaced, :math:`X_j = \phi X_{j-1} + \varepsilon_j`.

    The first line and the steps :math:`\varepsilon_j \sim \mathcal N(0, (1 - \phi^2) \sigma^2)` are such
    that every line has the standard deviation :math:`\sigma`.

    Parameters
    ----------
    rows : int
        Number of lines.
    rms : float
        :math:`\sigma` in pixels.
    correlation : float
        :math:`\phi` of neighbouring lines, from 0 to less than 1. Start from at most 0.95 (a range of ours).
    rng : int, numpy.random.Generator or None
        Seed or generator.

    Returns
    -------
    numpy.ndarray of float64, shape (rows,)

    Raises
    ------
    TypeError, ValueError
        If `rows` is not a positive whole number, `rms` lies outside 0 to 1000, or `correlation` is out of
        range.

    Notes
    -----
    Source: as for `scan_jitter`; the series, a textbook's autoregression of first order, is ours.

    Examples
    --------
    >>> import numpy as np
    >>> moved = line_jitter(20_000, rms=0.5, correlation=0.8, rng=1)
    >>> round(float(moved.std()), 2), round(float(np.corrcoef(moved[1:], moved[:-1])[0, 1]), 1)
    (0.49, 0.8)
    """
    count = _validation.positive_integer("rows", rows)
    size, kept = at_most("rms", rms, FARTHEST), below_one("correlation", correlation)
    moved = np.random.default_rng(rng).normal(0.0, size, count)
    moved[1:] *= math.sqrt(1 - kept**2)
    for line in range(1, count):
        moved[line] += kept * moved[line - 1]
    return moved


def flyback(columns: int, *, amplitude: float, settling: float, dwell: float = 10.0) -> NDArray[np.float64]:
    r"""Return how far the beam still is from each pixel of a line after flying back, :math:`A e^{-t/\tau}`.

    Parameters
    ----------
    columns : int
        Pixels of a line.
    amplitude : float
        :math:`A` at the line's first pixel, in pixels; positive is along the line. Start from 0.5 to 10
        (a range of ours).
    settling : float
        :math:`\tau` in µs.
    dwell : float
        Time per pixel in µs.

    Returns
    -------
    numpy.ndarray of float64, shape (columns,)

    Raises
    ------
    TypeError, ValueError
        If `columns` is not a positive whole number, `amplitude` lies outside 0 to 1000, or a time outside
        10⁻⁶ to 10⁹ µs.

    Notes
    -----
    All lines are displaced alike: a strip at the left edge is missing, what follows looks stretched, and
    nothing in the image tells. Where :math:`A t_{\mathrm{dwell}} / \tau` exceeds 1, the beam still flies back
    when a line begins, and the image begins mirrored.

    Source: as for `scan_jitter`; the exponential, a textbook form, is ours.

    Examples
    --------
    >>> flyback(4, amplitude=8, settling=10, dwell=10).round(2).tolist()
    [8.0, 2.94, 1.08, 0.4]
    """
    count = _validation.positive_integer("columns", columns)
    size, time = at_most("amplitude", amplitude, FARTHEST), time_of("settling", settling)
    return size * np.exp(-np.arange(count) * time_of("dwell", dwell) / time)


def distorted_sampling(image: ArrayLike, *, down: ArrayLike, right: ArrayLike) -> NDArray[np.float64]:
    """Return the expected image where the beam really stood, interpolated by Lanczos' kernel of 8 × 8 pixels.

    Pixel (j, i) shows the image at (j + down, i + right). This acts on the *expected* image, before electrons
    are counted: a record would be smoothed by the interpolation and its noise correlated.

    Parameters
    ----------
    image : array_like, shape (..., rows, columns)
        Expected intensity. Beyond its edges it is mirrored.
    down, right : array_like
        Displacements in pixels, of a shape that broadcasts to (rows, columns), at most the image's longer
        side. They are the same for each image of a stack.

    Returns
    -------
    numpy.ndarray of float64, shape of `image`
        Interpolation may overshoot a sharp edge by a few percent, below 0 too.

    Raises
    ------
    TypeError, ValueError
        If the image or a displacement is not finite, a displacement too long or of another shape, or a side
        longer than 32 766 pixels.

    Notes
    -----
    Positions are rounded to 1/32 pixel, and structures finer than about four pixels are damped. At five
    pixels per period the error is 1.4 % of the contrast (root mean square), at eight 0.8 %.

    Source: as for `scan_jitter`; the kernel is OpenCV's ``INTER_LANCZOS4``.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(32.0), (32, 1))
    >>> float(distorted_sampling(ramp, down=0, right=0.5)[16, 16].round(3))
    16.5
    """
    expected = _validation.images("image", image).astype(np.float64)
    sides = expected.shape[-2:]
    moved = [_displacement(name, given, sides) for name, given in (("down", down), ("right", right))]
    for place in np.ndindex(expected.shape[:-2]):
        expected[place] = sampled_at(expected[place], *moved)
    return expected


def _displacement(name: str, value: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return displacements for each pixel after checking them."""
    given = np.asarray(value)
    if given.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {given.dtype}")
    if not np.isfinite(given).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    if given.ndim > 2 or any(
        have not in (1, want) for have, want in zip(given.shape[::-1], shape[::-1], strict=False)
    ):
        raise ValueError(f"{name} must broadcast to the image's shape {shape}, got {given.shape}")
    if given.size and np.abs(given).max() > max(shape):
        longest = float(np.abs(given).max())
        raise ValueError(
            f"{name} must be at most the image's longer side, {max(shape)} pixels, got {longest:g}"
        )
    return np.broadcast_to(given.astype(np.float64), shape)


def sampled_at(image: NDArray[np.float64], down: NDArray, right: NDArray) -> NDArray[np.float64]:
    """Return one image at displaced pixels."""
    import cv2  # noqa: PLC0415

    rows, columns = image.shape
    if max(rows, columns) > LONGEST_SIDE:
        raise ValueError(f"image must have at most 32 766 rows and columns, got {rows} × {columns}")
    where_down = np.add(np.arange(rows)[:, None], down, dtype=np.float32)
    where_right = np.add(np.arange(columns), right, dtype=np.float32)
    moved = cv2.remap(image, where_right, where_down, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.float64)
