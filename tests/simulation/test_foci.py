"""The mean over a spread of focus, against brute force and the analytic damping of each pair of beams."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.simulation import ExitWave, ExitWaves, form_image, load_exit_wave
from hrtem_lab.simulation._lens import gaussian_mean
from tests.simulation.waves import LAMBDA, ROUNDING, difference, random_wave, untimed

GRID = {"shape": (48, 72), "field_of_view": (6.0, 9.0)}


def brute_force(wave, focal_spread, *, defocus=0.0, foci=61, **options):
    """Return the mean of images over many foci, a sum that shares no rule with the library's."""
    nodes = np.linspace(-5, 5, foci)
    weights = np.exp(-(nodes**2))
    total = sum(
        weight * form_image(wave, defocus=defocus + focal_spread * node, **options).astype(float)
        for weight, node in zip(weights, nodes, strict=True)
    )
    return total / weights.sum()


def by_pairs(wave, *, focal_spread, defocus, Cs, shape, cutoff=30e-3):
    """Return Σ c(g) c*(g′) T(g, g′) exp(2πi (g − g′)·r) with the transmission cross coefficient T.

    T = exp(−iχ + iχ′) exp(−½ σ² (∂χ/∂f − ∂χ′/∂f)²) with σ = focal_spread / √2 and ∂χ/∂f = −πα²/λ.
    """
    (height, width), (rows, columns) = wave.extent, wave.array.shape
    k_y, k_x = np.meshgrid(
        np.fft.fftfreq(rows, 1 / rows), np.fft.fftfreq(columns, 1 / columns), indexing="ij"
    )
    alpha = LAMBDA * np.hypot(k_y / height, k_x / width)
    inside = alpha <= cutoff
    beams = np.fft.fft2(wave.array, norm="forward")[inside]
    alpha, k_y, k_x = alpha[inside], k_y[inside].astype(int), k_x[inside].astype(int)
    chi = 2 * np.pi / LAMBDA * (-defocus * alpha**2 / 2 + Cs * alpha**4 / 4)
    slope = -np.pi / LAMBDA * alpha**2
    damping = np.exp(-0.5 * (focal_spread**2 / 2) * (slope[:, None] - slope) ** 2)
    pairs = np.outer(beams * np.exp(-1j * chi), (beams * np.exp(-1j * chi)).conj()) * damping
    spectrum = np.zeros(shape, complex)
    np.add.at(spectrum, ((k_y[:, None] - k_y) % shape[0], (k_x[:, None] - k_x) % shape[1]), pairs)
    return np.fft.ifft2(spectrum, norm="forward").real


@settings(untimed, max_examples=30)
@given(st.floats(0, 400), st.floats(-300, 300), st.floats(-1e5, 1e5))
def test_each_pair_of_beams_is_damped_by_its_difference_of_phase(focal_spread, defocus, Cs):
    lens = {"focal_spread": focal_spread, "defocus": defocus, "Cs": Cs}
    wave = random_wave()
    expected = by_pairs(wave, shape=GRID["shape"], **lens)
    image = form_image(wave, **lens, **GRID)
    assert np.linalg.norm(image - expected) < 1e-4 * np.linalg.norm(expected)
    assert difference(image, expected) < 1e-4


@pytest.mark.parametrize("name", ["nb3sn", "zro2"])
@pytest.mark.parametrize("focal_spread", [20, 60, 200])
def test_it_is_the_mean_of_images_of_a_thick_crystal(name, focal_spread):
    wave = load_exit_wave(name)
    lens = {"semiangle_cutoff": 35, "C12": 30, "phi12": 0.3, "angular_spread": 0.3}
    image = form_image(wave, defocus=50, focal_spread=focal_spread, shape=96, **lens)
    assert difference(image, brute_force(wave, focal_spread, defocus=50, shape=96, **lens)) < 1e-4


def test_a_wide_spread_of_angles_takes_finer_steps(wave):
    """It damps all but the foci near to that of the image, here two widths away from the mean focus."""
    lens = {"semiangle_cutoff": 20, "angular_spread": 10, "defocus": -2000}
    image = form_image(wave, focal_spread=1000, **lens, **GRID)
    assert difference(image, brute_force(wave, 1000, foci=601, **lens, **GRID)) < 1e-4


@pytest.mark.parametrize("options", [{"rotation": 20}, {"shape": 11}, {"field_of_view": 7.7, "shift": 0.4}])
def test_it_is_the_mean_at_any_pixels(wave, options):
    mean = brute_force(wave, 50, **options)
    assert difference(form_image(wave, focal_spread=50, **options), mean) < 1e-4


@settings(untimed, max_examples=60)
@given(st.floats(0, 500))
def test_the_rule_averages_every_cosine(largest):
    """Its mean over a Gaussian is exp(−a²/4)."""
    nodes, weights = gaussian_mean(largest)
    a = np.linspace(0, largest, 500)
    assert np.abs(np.cos(np.outer(a, nodes)) @ weights - np.exp(-(a**2) / 4)).max() < 2e-5
    assert weights.sum() == pytest.approx(1)
    assert len(nodes) < 1.1 * largest + 10


def test_it_keeps_every_electron_that_the_envelope_loses():
    wave = load_exit_wave("nb3sn")
    plain = form_image(wave, defocus=50)
    assert form_image(wave, defocus=50, focal_spread=60).mean() == pytest.approx(plain.mean(), rel=1e-6)
    assert form_image(wave, defocus=50, focal_spread=60, envelope=True).mean() < 0.9 * plain.mean()


def test_the_envelope_is_right_for_a_thin_specimen():
    """Its error is of second order in the scattered beams."""
    weak = random_wave().array
    errors = []
    for scale in (0.1, 0.01):
        wave = ExitWave(1 + scale * (weak - 1), (1 / 6, 9 / 40), 80e3, 1)
        mean, damped = (form_image(wave, focal_spread=60, envelope=envelope) for envelope in (False, True))
        errors.append(np.abs(mean - damped).max())
    assert errors[1] < errors[0] / 50
    assert errors[0] < 0.05


def test_no_spread_is_one_focus(wave):
    for envelope in (False, True):
        assert np.array_equal(form_image(wave, focal_spread=0, envelope=envelope), form_image(wave))
    assert difference(form_image(wave, focal_spread=1e-6), form_image(wave)) < ROUNDING


def test_an_ensemble_is_averaged_over_foci_too(wave):
    waves = ExitWaves(
        np.stack([random_wave(seed).array for seed in range(3)]), wave.sampling, 80e3, 100, cells=(1, 1)
    )
    lens = {"defocus": 40, "focal_spread": 50, "angular_spread": 0.3}
    mean = np.mean([form_image(one, **lens, **GRID) for one in waves], axis=0)
    assert difference(form_image(waves, **lens, **GRID), mean) < ROUNDING


@pytest.mark.parametrize("focal_spread", [16e3, 1e8])
def test_a_spread_that_takes_more_than_a_thousand_foci_is_refused(wave, focal_spread):
    rule = rf"focal_spread must be at most about 1.*got {re.escape(f'{focal_spread:g}')}; envelope=True takes"
    with pytest.raises(ValueError, match=rule):
        form_image(wave, focal_spread=focal_spread)
    assert difference(form_image(wave, focal_spread=focal_spread, envelope=True), 1) < ROUNDING
    assert form_image(wave, focal_spread=12e3, shape=24).min() >= 0


@pytest.mark.parametrize("cells", [(1, 1), (2, 2)])
def test_a_huge_spread_of_a_crystal_leaves_beams_of_one_angle_coherent(cells):
    """Pairs are damped one by one there, so no number of foci is too great."""
    waves = ExitWaves(random_wave().array[None], (1 / 6, 9 / 40), 80e3, 100, cells=cells)
    if cells == (1, 1):
        with pytest.raises(ValueError, match="focal_spread must be at most about"):
            form_image(waves, focal_spread=1e7)
    else:
        images = [form_image(waves, focal_spread=spread) for spread in (1e7, 1e8)]
        assert difference(images[0], images[1]) < ROUNDING
