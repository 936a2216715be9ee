"""Waves and images by definition, without the library's image formation: the oracle of these tests."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from scipy.constants import c, e, h, m_e

from hrtem_lab.simulation import ExitWave

ERRORS = (TypeError, ValueError)
# Å at 80 kV: h / √(2 m e U (1 + e U / 2 m c²)) in SI units.
LAMBDA = 1e10 * h / np.sqrt(2 * m_e * e * 80e3 * (1 + e * 80e3 / (2 * m_e * c**2)))
ROUNDING = 2e-5  # of the brightest pixel, in single precision
EXTENT = (6.0, 9.0)  # Å, height and width of the specimen without symmetry
untimed = settings(deadline=None)
lenses = st.fixed_dictionaries(
    {
        "semiangle_cutoff": st.floats(5, 40),
        "defocus": st.floats(-300, 300),
        "Cs": st.floats(-1e5, 1e5),
        "focal_spread": st.floats(0, 60),
        "angular_spread": st.floats(0, 0.5),
    }
)


def random_wave(seed=0, pixels=(36, 40), extent=EXTENT):
    """Return a wave without any symmetry, its coefficients falling off up to 50 mrad, and 1 in the mean."""
    rng = np.random.default_rng(seed)
    g_rows, g_columns = (np.fft.fftfreq(n, length / n) for n, length in zip(pixels, extent, strict=True))
    g = np.hypot(g_rows[:, None], g_columns)
    coefficients = rng.normal(size=(*pixels, 2)) @ [1, 1j] * 0.1 * np.exp(-(g**2)) * (LAMBDA * g < 50e-3)
    coefficients[0, 0] = 1
    sampling = tuple(length / n for n, length in zip(pixels, extent, strict=True))
    return ExitWave(np.fft.ifft2(coefficients, norm="forward"), sampling, energy=80e3, thickness=100)


def two_beam_wave(amplitude, orders=3):
    """Return ψ = 1 + amplitude · cos(2πgx) with g = `orders` / 9 Å along the columns."""
    x = np.arange(40) / 40
    return ExitWave(
        np.tile(1 + (amplitude + 0j) * np.cos(2 * np.pi * orders * x), (24, 1)), (0.25, 9 / 40), 80e3, 1
    )


def harmonic(image, orders=3):
    """Return the amplitude of cos(2πgx) in the image of a two-beam wave."""
    return 2 * np.fft.fft2(image.astype(float), norm="forward")[0, orders].real


def phase(defocus=0.0, Cs=0.0, orders=3):
    """Return χ at the spatial frequency of a two-beam wave: positive defocus is underfocus."""
    g = orders / 9
    return np.pi * LAMBDA * g**2 * -defocus + np.pi / 2 * Cs * LAMBDA**3 * g**4


def by_definition(wave, *, shape, field_of_view, shift=(0, 0), rotation=0, semiangle_cutoff=30, defocus=0):
    """Evaluate |Σ ψ̂(g) t(g) exp(2πi g·r)|² at every pixel's r, turned and moved back, in double precision."""
    (height, width), (rows, columns) = wave.extent, wave.array.shape
    g_y, g_x = np.meshgrid(
        np.fft.fftfreq(rows, height / rows), np.fft.fftfreq(columns, width / columns), indexing="ij"
    )
    alpha = LAMBDA * np.hypot(g_y, g_x)
    transfer = (alpha <= semiangle_cutoff / 1e3) * np.exp(1j * np.pi / LAMBDA * defocus * alpha**2)
    coefficients = np.fft.fft2(wave.array, norm="forward") * transfer
    v, u = np.indices(shape) * np.reshape(np.divide(field_of_view, shape), (2, 1, 1))
    v, u = v - field_of_view[0] / 2, u - field_of_view[1] / 2
    # Seen with rows pointing down, a counter-clockwise turn takes a point on the right to the top.
    angle = np.deg2rad(rotation)
    y = field_of_view[0] / 2 + np.cos(angle) * v + np.sin(angle) * u - shift[0]
    x = field_of_view[1] / 2 - np.sin(angle) * v + np.cos(angle) * u - shift[1]
    beams = np.nonzero(coefficients)
    waves = np.exp(2j * np.pi * (np.multiply.outer(y, g_y[beams]) + np.multiply.outer(x, g_x[beams])))
    return np.abs(waves @ coefficients[beams]) ** 2


def low_passed(image, shape):
    """Return a periodic image on fewer pixels, its spectrum cropped below their Nyquist frequency."""
    spectrum = np.fft.fft2(image.astype(float), norm="forward")
    orders = [np.arange(-((n - 1) // 2), (n - 1) // 2 + 1) for n in shape]
    coarse = np.zeros(shape, complex)
    coarse[np.ix_(*orders)] = spectrum[np.ix_(*orders)]
    return np.fft.ifft2(coarse, norm="forward").real


def without_negatives(image):
    """Return an image with its negative pixels at 0 and the others scaled, so that the sum is the same."""
    positive = np.where(image > 0, image, 0)
    return positive * image.sum() / positive.sum()


def difference(image, expected):
    """Return the largest difference of two images, relative to the brightest pixel."""
    return np.abs(image - expected).max() / np.abs(expected).max()
