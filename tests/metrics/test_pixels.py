"""Pixels that are not square: an aperture is an ellipse in cycles per pixel."""

import numpy as np
import pytest

from hrtem_lab.metrics import (
    PreparedChiSquare,
    aperture_cutoff,
    chi_square,
    chi_square_map,
    reduced_chi_square,
)
from hrtem_lab.noise import shot_noise

FINE, OBLONG = 0.2, (0.2, 0.4)


def test_an_aperture_keeps_its_frequency_along_each_axis():
    height, width = aperture_cutoff(30, sampling=OBLONG)
    assert (height, width) == (aperture_cutoff(30, sampling=0.2), aperture_cutoff(30, sampling=0.4))
    assert aperture_cutoff(30, sampling=(0.2, 0.2)) == (height, height)


@pytest.mark.parametrize("distance", [0.9, 1.1])
@pytest.mark.parametrize("angle", [0, 35, 90])
def test_the_band_is_an_ellipse(distance, angle):
    """A wave counts if it lies within the aperture, whatever its direction."""
    cutoff = (0.1, 0.3)
    y, x = np.mgrid[:200, :200]
    step = distance * np.array([0.1 * np.sin(np.deg2rad(angle)), 0.3 * np.cos(np.deg2rad(angle))])
    wave = np.cos(2 * np.pi * (np.rint(200 * step)[0] * y + np.rint(200 * step)[1] * x) / 200)
    kept = PreparedChiSquare(np.ones((200, 200)), cutoff=cutoff).filter(wave)
    assert kept.std() == pytest.approx(wave.std() if distance < 1 else 0, abs=1e-9)


def test_a_circle_is_an_ellipse_of_equal_axes():
    a, b = 1 + np.random.default_rng(1).random((2, 30, 40))
    assert chi_square(a, b, cutoff=(0.2, 0.2)) == chi_square(a, b, cutoff=0.2)
    np.testing.assert_array_equal(chi_square_map(a, b, cutoff=[0.2, 0.2]), chi_square_map(a, b, cutoff=0.2))


def test_noise_alone_is_one_in_oblong_pixels():
    y, x = np.mgrid[:128, :128] * (2 * np.pi / 16)
    crystal = 1 + 0.5 * np.cos(x) * np.cos(y)
    options = {"dose_per_area": 50, "sampling": OBLONG}
    noisy = shot_noise(crystal, rng=1, **options)
    cutoff = aperture_cutoff(10, sampling=OBLONG)
    assert reduced_chi_square(crystal, noisy, cutoff=cutoff, **options) == pytest.approx(1, abs=0.2)
    wrong = reduced_chi_square(crystal, noisy, cutoff=cutoff, dose_per_area=50, sampling=FINE)
    assert wrong == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("cutoff", [(0.1, 0), (0.1, -1), (0.1, 0.2, 0.3)])
def test_a_band_without_a_width_is_refused(cutoff):
    with pytest.raises(ValueError, match=r"^cutoff must be"):
        chi_square(np.ones((4, 4)), np.ones((4, 4)), cutoff=cutoff)
