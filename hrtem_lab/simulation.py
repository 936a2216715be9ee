"""From an exit wave to an HRTEM image: aperture, aberrations, partial coherence and exact sampling.

A wave behind an objective aperture is band-limited, and a crystal's wave is periodic. So a few
Fourier coefficients describe the whole image. Images are evaluated from these coefficients exactly,
at any pixel size, shift, rotation and field of view, in milliseconds. Nothing is interpolated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import non_negative, pair, positive, positive_integer, real_number
from hrtem_lab.waves import ExitWave, list_exit_waves, load_exit_wave, wavelength

__all__ = ["ExitWave", "form_image", "list_exit_waves", "load_exit_wave", "wavelength"]


def form_image(
    wave: ExitWave,
    *,
    semiangle_cutoff: float = 30.0,
    defocus: float = 0.0,
    Cs: float = 0.0,
    focal_spread: float = 0.0,
    angular_spread: float = 0.0,
    shape: int | tuple[int, int] = 128,
    field_of_view: float | tuple[float, float] | None = None,
    sampling: float | tuple[float, float] | None = None,
    shift: float | tuple[float, float] = 0.0,
    rotation: float = 0.0,
) -> NDArray[np.float32]:
    r"""Return the image I = \|F⁻¹[ψ̂(g) t(g)]\|² that a microscope makes of an exit wave.

    t(g) = A(α) E_s(α) E_t(α) exp(−iχ(α)) with α = λ\|g\| and
    χ = (2π/λ)(−½ Δf α² + ¼ Cs α⁴); A is a sharp aperture, E_s and E_t are the envelopes of partial
    spatial and temporal coherence in the quasi-coherent approximation (Kirkland, *Advanced Computing
    in Electron Microscopy*, doi:10.1007/978-1-4419-6533-2), in abTEM's conventions. They damp each
    beam separately, which is right for thin specimens. In the image of a thick crystal they lose
    intensity; average images over the foci instead.

    Parameters
    ----------
    wave : ExitWave
        The exit wave; it repeats beyond its extent.
    semiangle_cutoff : float
        Objective aperture ("collection") semi-angle in mrad. Waves shipped with the package hold
        angles up to 50 mrad; a larger aperture adds nothing to them.
    defocus : float
        Defocus Δf in Å; positive is underfocus, Δf = −C10.
    Cs : float
        Spherical aberration C30 in Å (1 mm = 10⁷ Å).
    focal_spread : float
        1/e half-width of the Gaussian spread of focus in Å, √2 times its standard deviation.
    angular_spread : float
        1/e half-width of the Gaussian spread of the illumination's angles in mrad, √2 times its
        standard deviation along one axis.
    shape : int or (int, int)
        Pixels of the image as (rows, columns).
    field_of_view : float or (float, float)
        Height and width of the image in Å. By default an image shows 4 × 4 unit cells of a crystal
        (128 pixels are then 32 per cell), or the whole of a larger specimen. So two materials have
        different pixels by default: to compare them, give both the same `field_of_view` or `sampling`.
    sampling : float or (float, float)
        Pixel size in Å, instead of `field_of_view`: the image shows `shape` × `sampling`.
    shift : float or (float, float)
        Distance in Å by which the specimen moves (down, right); exact at any fraction of a pixel.
    rotation : float
        Counter-clockwise rotation of the specimen in degrees about the centre of the image.

    Returns
    -------
    numpy.ndarray of float32
        Intensity relative to the incident beam (vacuum = 1), shape `shape`, nowhere negative. Spatial
        frequencies that the pixels cannot hold are left out, not aliased. Where this makes some pixels
        negative, these are set to 0 and the others scaled to the same mean, as no electron is gained.

    Raises
    ------
    TypeError, ValueError
        If the wave is not an `ExitWave`, a number is not finite or of the wrong sign, or both
        `field_of_view` and `sampling` are given.

    Examples
    --------
    The vacuum is 1 for every setting of the lens:

    >>> vacuum = ExitWave(np.ones((8, 8), complex), sampling=(0.5, 0.5), energy=80e3, thickness=0)
    >>> float(form_image(vacuum, defocus=100, shape=4).max())
    1.0
    """
    if not isinstance(wave, ExitWave):
        raise TypeError(f"wave must be an ExitWave, got {type(wave).__name__}")
    rows, columns = (positive_integer("shape", count) for count in pair("shape", shape))
    height, width = _view(wave, (rows, columns), field_of_view, sampling)
    down, right = (real_number("shift", distance) for distance in pair("shift", shift))
    rotation = real_number("rotation", rotation)
    lens = {
        "semiangle_cutoff": positive("semiangle_cutoff", semiangle_cutoff),
        "defocus": real_number("defocus", defocus),
        "Cs": real_number("Cs", Cs),
        "focal_spread": non_negative("focal_spread", focal_spread),
        "angular_spread": non_negative("angular_spread", angular_spread),
    }
    g_rows, g_columns, coefficients = _transferred(wave, **lens)
    phase_rows = np.exp(-2j * np.pi * g_rows * down)
    phase_columns = np.exp(-2j * np.pi * g_columns * right)
    coefficients = (coefficients * phase_rows[:, None] * phase_columns).astype(np.complex64)

    tiles = (height / wave.extent[0], width / wave.extent[1])
    period = _pixels_per_period((rows, columns), tiles)
    if (
        rotation % 360 == 0
        and period is not None
        and all(pixels >= 2 * count - 1 for pixels, count in zip(period, coefficients.shape, strict=True))
    ):
        one = _intensity(coefficients, period)
        return np.tile(one, (rows // period[0], columns // period[1]))
    return _non_negative(_evaluate(coefficients, wave.extent, (rows, columns), (height, width), rotation))


def _view(
    wave: ExitWave,
    shape: tuple[int, int],
    field_of_view: float | tuple[float, float] | None,
    sampling: float | tuple[float, float] | None,
) -> tuple[float, float]:
    """Return the height and width in Å that an image shows."""
    if sampling is not None:
        if field_of_view is not None:
            raise ValueError(
                f"only one of field_of_view and sampling may be given, got {field_of_view!r} and {sampling!r}"
            )
        rows, columns = (positive("sampling", size) for size in pair("sampling", sampling))
        return shape[0] * rows, shape[1] * columns
    view = wave.field_of_view if field_of_view is None else field_of_view
    height, width = (positive("field_of_view", length) for length in pair("field_of_view", view))
    return height, width


def _transferred(
    wave: ExitWave,
    *,
    semiangle_cutoff: float,
    defocus: float,
    Cs: float,
    focal_spread: float,
    angular_spread: float,
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.complexfloating]]:
    """Return the frequencies (1/Å) along rows and columns that the aperture transmits, and ψ̂ t at them."""
    lam = wave.wavelength
    limit = semiangle_cutoff / 1e3
    axes = []
    for count, extent in zip(wave.array.shape, wave.extent, strict=True):
        order = np.arange(count) - count // 2
        axes.append(np.flatnonzero(np.abs(order / extent) * lam <= limit))
    coefficients = wave._coefficients[np.ix_(*axes)]
    g_rows, g_columns = (
        (index - count // 2) / extent
        for index, count, extent in zip(axes, wave.array.shape, wave.extent, strict=True)
    )
    alpha = lam * np.hypot(g_rows[:, None], g_columns[None, :])
    chi = 2 * np.pi / lam * (-defocus * alpha**2 / 2 + Cs * alpha**4 / 4)
    slope = 2 * np.pi / lam * (-defocus * alpha + Cs * alpha**3)
    damping = (np.pi / (2 * lam) * focal_spread * alpha**2) ** 2 + (angular_spread / 2e3 * slope) ** 2
    transfer = np.where(alpha <= limit, np.exp(-1j * chi - damping), 0)
    return g_rows, g_columns, coefficients * transfer


def _pixels_per_period(shape: tuple[int, int], tiles: tuple[float, float]) -> tuple[int, int] | None:
    """Return the pixels in one period of the wave; None if a period is not a whole number of pixels."""
    period = []
    for pixels, count in zip(shape, tiles, strict=True):
        whole = round(count)
        if whole < 1 or abs(count - whole) > 1e-9 * whole or pixels % whole:
            return None
        period.append(pixels // whole)
    return period[0], period[1]


def _intensity(coefficients: NDArray[np.complexfloating], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return |Σ c exp(2πi g·r)|² on one period of `shape` pixels; the zero frequency is in the middle."""
    padded = np.zeros(shape, np.complex64)
    index = [np.arange(count) - count // 2 for count in coefficients.shape]
    padded[np.ix_(index[0] % shape[0], index[1] % shape[1])] = coefficients
    values = np.fft.ifft2(padded, norm="forward")
    return np.square(values.real) + np.square(values.imag)


def _non_negative(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image with its negative pixels at 0 and its mean unchanged, which is 0 at least."""
    if image.min() >= 0:
        return image
    mean = max(float(image.mean(dtype=np.float64)), 0)
    np.maximum(image, 0, out=image)
    clipped = float(image.mean(dtype=np.float64))
    if clipped > 0:
        image *= np.float32(mean / clipped)
    return image


def _evaluate(
    coefficients: NDArray[np.complexfloating],
    extent: tuple[float, float],
    shape: tuple[int, int],
    field_of_view: tuple[float, float],
    rotation: float,
) -> NDArray[np.float32]:
    """Evaluate the intensity's Fourier series at pixels that do not repeat with the wave."""
    grid = tuple(2 * count for count in coefficients.shape)
    spectrum = np.fft.fft2(_intensity(coefficients, (grid[0], grid[1])), norm="forward")
    g_rows, g_columns = (np.fft.fftfreq(n, 1 / n) / length for n, length in zip(grid, extent, strict=True))
    y, x = ((np.arange(n) - n / 2) * (length / n) for n, length in zip(shape, field_of_view, strict=True))
    # Rotating about the centre of the image, in coordinates that start at its corner.
    to_center = np.exp(1j * np.pi * (g_rows[:, None] * field_of_view[0] + g_columns * field_of_view[1]))
    nyquist = [n / (2 * length) for n, length in zip(shape, field_of_view, strict=True)]
    spectrum = (spectrum * to_center).astype(np.complex64)
    if rotation % 360 == 0:
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
