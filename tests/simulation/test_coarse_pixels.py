"""Pixels too coarse for the image: none is negative, no electron is gained, noise and sizing take them."""

import numpy as np
import pytest

from hrtem_lab.dose import difference_curve
from hrtem_lab.noise import Detector, shot_noise, source_blur
from hrtem_lab.simulation import form_image, list_exit_waves, load_exit_wave
from hrtem_lab.sizing import size_precipitate
from tests.simulation.waves import by_definition, difference

CELL = 5.275
LENSES = {
    "in focus": {},
    "open": {"semiangle_cutoff": 50},
    "aberrated": {"semiangle_cutoff": 25, "Cs": -1e5, "defocus": -60},
    "incoherent": {"defocus": 100, "focal_spread": 30, "angular_spread": 0.5},
}
EVERY = list_exit_waves()
QUICK = ["precipitate-01", "precipitate-08", "precipitate-14"]
SHAPES = [*range(16, 71), (16, 48), (33, 20), (64, 17)]


@pytest.fixture(scope="module")
def crystals():
    return {
        (name, cells): load_exit_wave(name, thickness_cells=cells)
        for name in ("nb3sn", "zro2")
        for cells in (10, 40)
    }


def mean(image):
    return image.mean(dtype=np.float64)


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
def test_no_pixel_of_a_crystal_is_negative_and_the_mean_is_that_of_fine_pixels(crystals, lens):
    """Four whole cells: the mean is Σ|ψ̂ t|², whatever the pixels hold of the rest."""
    for wave in crystals.values():
        expected = mean(form_image(wave, shape=128, **lens))
        for shape in SHAPES:
            image = form_image(wave, shape=shape, **lens)
            assert image.min() >= 0
            assert mean(image) == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in EVERY]
)
def test_no_pixel_of_a_shipped_specimen_is_negative(name):
    wave = load_exit_wave(name)
    means = []
    for shape in (16, 48, 63, (100, 128)):
        image = form_image(wave, shape=shape)
        assert image.min() >= 0
        means.append(mean(image))
    assert means == pytest.approx(means[:1] * 4, rel=2e-6)


@pytest.mark.parametrize(
    "options", [{"rotation": 30}, {"field_of_view": 17.3}, {"shift": (0.3, 1.1), "sampling": 0.7}]
)
def test_turned_and_partial_views_are_not_negative(crystals, options):
    for wave in crystals.values():
        for shape in (16, 24, 32, 48):
            assert form_image(wave, shape=shape, semiangle_cutoff=50, **options).min() >= 0


def test_pixels_that_hold_the_whole_image_are_left_as_they_are(crystals):
    """λ / 4α is 0.35 Å; finer pixels are the definition, by sums too, where rounding goes below 0."""
    wave = crystals["nb3sn", 40]
    options = {"shape": (70, 75), "field_of_view": (20.3, 21.9)}
    image = form_image(wave, **options)
    assert image.min() >= 0
    assert difference(image, by_definition(wave, **options)) < 2e-5


def test_a_view_that_is_dark_in_the_mean_is_black():
    """One pixel of 0.6 Å where the low-passed image is below 0: no other pixel can make up for it."""
    wave = load_exit_wave("nb3sn", thickness_cells=40)
    pixels = [
        form_image(wave, semiangle_cutoff=50, shape=1, sampling=0.6, shift=(0, x)).item()
        for x in np.linspace(0, CELL, 24)
    ]
    assert min(pixels) == 0 < max(pixels)


@pytest.mark.parametrize("shape", [16, 24, 32, 48, (40, 56)])
def test_noise_and_dose_take_every_image(crystals, shape):
    images = [form_image(wave, shape=shape, field_of_view=4 * CELL) for wave in crystals.values()]
    sampling = 4 * CELL / np.max(shape)
    detector = Detector(sampling=sampling, blur_sigma=0.3, readout_sigma=0.1)
    for image in images:
        assert shot_noise(image, dose_per_area=50, sampling=sampling, rng=1).shape == image.shape
        assert source_blur(image, sigma=0.3, sampling=sampling).min() >= 0
        assert detector.expose(image, dose_per_area=50, rng=1).shape == image.shape
    curve = difference_curve(
        "mse", images[0], images[1], [10.0, 100.0], detector=detector, repeats=2, rng=0, workers=1
    )
    assert np.isfinite(curve["difference"]).all()


def test_coarse_specimens_are_sized():
    """At 4 pixels per cell the precipitate still has its 8 cells."""
    sampling = CELL / 4
    pristine, expected = (
        form_image(load_exit_wave(name), shape=64, sampling=sampling) for name in ("nb3sn", "precipitate-08")
    )
    image = shot_noise(expected, dose_per_area=1e4, sampling=sampling, rng=1)
    found = size_precipitate(pristine, image, cells=16, dose_per_area=1e4, sampling=sampling)
    assert found.diameter == pytest.approx(8 * CELL, abs=CELL)
