"""Vibration and drift during the exposure are means over shifted images, exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.simulation import form_image, load_exit_wave
from tests.simulation.waves import ERRORS, ROUNDING, difference, random_wave, untimed

GRID = {"shape": (48, 72), "field_of_view": (6.0, 9.0)}
VIEWS = [GRID, {"shape": 40, "field_of_view": (7.7, 8.1)}, {"shape": 40, "field_of_view": 6, "rotation": 31}]
lengths = st.floats(-6, 6)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("drift", [(0.7, 0), (0, -1.3), (2.1, 3.4), 0.5])
def test_drift_is_the_mean_over_shifts_along_a_line(wave, view, drift):
    """Gauss and Legendre's nodes along the way, centred at the given position."""
    down, right = np.broadcast_to(drift, 2)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    images = [
        form_image(wave, defocus=60, shift=(0.3 + down * t / 2, 0.9 + right * t / 2), **view) for t in nodes
    ]
    expected = np.tensordot(weights / 2, images, axes=1)
    image = form_image(wave, defocus=60, shift=(0.3, 0.9), drift=drift, **view)
    assert difference(image, expected) < ROUNDING
    assert difference(image, form_image(wave, defocus=60, shift=(0.3, 0.9), **view)) > 0.01


@pytest.mark.parametrize(
    ("view", "image_spread", "count"),
    [(VIEWS[0], 0.15, 8), (VIEWS[0], 0.4, 14), (VIEWS[1], 0.3, 12), (VIEWS[2], 0.1, 7)],
)
def test_vibration_is_the_mean_over_shifts_by_a_gaussian(wave, view, image_spread, count):
    """`image_spread` is the standard deviation along each axis."""
    nodes, weights = np.polynomial.hermite.hermgauss(count)
    steps = np.sqrt(2) * image_spread * nodes
    weights = weights / np.sqrt(np.pi)
    expected = sum(
        u * v * form_image(wave, shift=(down, right), **view)
        for u, down in zip(weights, steps, strict=True)
        for v, right in zip(weights, steps, strict=True)
    )
    assert difference(form_image(wave, image_spread=image_spread, **view), expected) < ROUNDING


def test_vibration_damps_each_frequency_by_its_gaussian():
    image, spread = (
        np.fft.fft2(form_image(random_wave(), image_spread=sigma, **GRID).astype(float))
        for sigma in (0, 0.35)
    )
    g = np.hypot(np.fft.fftfreq(48, 6 / 48)[:, None], np.fft.fftfreq(72, 9 / 72))
    strong = np.abs(image) > 1e-3 * np.abs(image[0, 0])
    expected = np.exp(-2 * np.pi**2 * 0.35**2 * g**2)
    np.testing.assert_allclose((spread / image)[strong], expected[strong], atol=1e-3)


@settings(untimed, max_examples=40)
@given(st.floats(0, 3), st.floats(0, 3), st.tuples(lengths, lengths))
def test_motions_add_up_and_keep_the_electrons(first, second, drift):
    """Two vibrations are one of the root of the sum of squares; to drift there or back is the same."""
    wave = random_wave()
    once = form_image(wave, image_spread=float(np.hypot(first, second)), drift=drift, **GRID)
    back = form_image(wave, image_spread=float(np.hypot(second, first)), drift=(-drift[0], -drift[1]), **GRID)
    assert difference(back, once) < ROUNDING
    assert once.min() >= 0
    plain = form_image(wave, **GRID)
    assert once.mean() == pytest.approx(plain.mean(), rel=1e-5)
    assert once.max() <= plain.max() * (1 + 1e-5)
    twice = np.fft.fft2(form_image(wave, image_spread=first, drift=drift, **GRID).astype(float))
    g = np.hypot(np.fft.fftfreq(48, 6 / 48)[:, None], np.fft.fftfreq(72, 9 / 72))
    blurred = np.fft.ifft2(twice * np.exp(-2 * (np.pi * second * g) ** 2)).real
    assert difference(once, blurred) < ROUNDING


def test_a_drift_by_a_whole_period_leaves_the_mean_along_it(wave):
    image = form_image(wave, drift=(6.0, 0), **GRID)
    columns = form_image(wave, **GRID).mean(axis=0)
    assert difference(image, np.tile(columns, (48, 1))) < ROUNDING


@pytest.mark.parametrize("options", [{"image_spread": 1e12}, {"drift": (1e12, 7e11)}])
def test_a_motion_beyond_all_lengths_leaves_the_mean(wave, options):
    image = form_image(wave, **options, **GRID)
    assert difference(image, form_image(wave, **GRID).mean()) < 1e-4


def test_no_motion_changes_nothing(wave):
    plain = form_image(wave, **GRID)
    assert np.array_equal(form_image(wave, image_spread=0, drift=(0, 0), **GRID), plain)
    assert difference(form_image(wave, image_spread=1e-9, drift=1e-9, **GRID), plain) < ROUNDING


@pytest.mark.parametrize("shape", [16, 24, (40, 33)])
def test_a_blurred_image_of_a_thick_crystal_is_not_negative(shape):
    wave = load_exit_wave("nb3sn")
    for options in ({"image_spread": 0.3}, {"drift": (0.4, 1.0)}, {"focal_spread": 40}):
        image = form_image(wave, shape=shape, semiangle_cutoff=50, **options)
        assert image.min() >= 0
        assert image.mean() == pytest.approx(
            form_image(wave, shape=128, semiangle_cutoff=50).mean(), rel=1e-5
        )


class TestErrors:
    def test_a_vibration_must_not_be_negative(self, wave):
        with pytest.raises(ValueError, match=r"image_spread must not be negative, got -0\.1"):
            form_image(wave, image_spread=-0.1)

    @pytest.mark.parametrize("name", ["image_spread", "drift"])
    @pytest.mark.parametrize("value", [np.nan, np.inf, "1", True, None, 1j])
    def test_a_finite_real_number_is_wanted(self, wave, name, value):
        with pytest.raises(ERRORS, match=f"{name} must be (finite|a real number), got"):
            form_image(wave, **{name: value})

    def test_a_drift_is_one_number_or_two(self, wave):
        with pytest.raises(
            ValueError, match=r"drift must be one number or \(rows, columns\), got \(1, 2, 3\)"
        ):
            form_image(wave, drift=(1, 2, 3))
