"""The dose and the readout noise of an image, measured beyond the aperture's band."""

import numpy as np
import pytest

from hrtem_lab.noise import counts_per_pixel, readout_noise, shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.sizing._evidence.electrons import measured_electrons
from tests.sizing.crystals import CELL, LIMIT, rng

FIELDS = {
    "square": ((256, 256), (8, 8), (CELL / 32, CELL / 32)),
    "coarse": ((128, 128), (8, 8), (CELL / 16, CELL / 16)),
    "oblong": ((256, 192), (8, 8), (CELL / 32, CELL / 24)),
    "cropped": ((160, 96), (5, 3), (CELL / 32, CELL / 32)),
}
every_field = pytest.mark.parametrize("field", FIELDS)


def crystal(field):
    shape, cells, sampling = FIELDS[field]
    view = tuple(count * CELL for count in cells)
    return form_image(load_exit_wave("nb3sn"), shape=shape, field_of_view=view).astype(float), cells, sampling


def measured(image, cells, sampling):
    return measured_electrons(image, cells, sampling=sampling, max_frequency=LIMIT)


@every_field
@pytest.mark.parametrize("dose", [2, 50, 5000])
def test_the_electrons_are_measured_within_their_error(field, dose):
    image, cells, sampling = crystal(field)
    counts = counts_per_pixel(dose, sampling=sampling)
    deviations, errors, readouts = [], [], []
    for seed in range(5):
        exposed = shot_noise(image, dose_per_area=dose, sampling=sampling, rng=[seed, dose])
        found = measured(exposed, cells, sampling)
        deviations.append(found.counts / counts - 1)
        errors.append(found.counts_error / counts)
        readouts.append(found.readout)
    # At a few electrons in a thousand pixels, and of a few cells only, the mean cell's own noise looks like
    # readout noise of less than a tenth of an electron: the dose is then up to 18 % too high, at which the
    # sphere does not yet contradict a stated one by more than a word.
    allowed = 0.2 if dose == 2 else 0.06 if (field, dose) == ("cropped", 50) else 0.0
    assert np.abs(np.mean(deviations)) < 4 * np.mean(errors) / np.sqrt(len(errors)) + max(allowed, 0.01)
    assert np.std(deviations) < 3 * np.mean(errors)
    assert np.mean(errors) < 0.1
    assert max(readouts) < 0.15 * np.sqrt(counts) + 0.3  # a quarter of the electrons' own, or little


@pytest.mark.parametrize(("dose", "sigma"), [(50, 0.5), (500, 1.0), (500, 3.0)])
def test_readout_noise_is_told_from_that_of_electrons(dose, sigma):
    image, cells, sampling = crystal("square")
    counts, options = counts_per_pixel(dose, sampling=sampling), {"dose_per_area": dose, "sampling": sampling}
    found = []
    for seed in range(5):
        exposed = readout_noise(shot_noise(image, rng=seed, **options), sigma=sigma, rng=[seed, 1], **options)
        found.append(measured(exposed, cells, sampling))
    assert np.mean([one.readout for one in found]) == pytest.approx(sigma, rel=0.2)
    assert np.mean([one.counts for one in found]) == pytest.approx(counts, rel=0.12)


def test_any_other_crystal_says_its_dose_too():
    image, cells, sampling = crystal("square")
    another = image[::-1].T ** 2 + 0.3  # no image of a crystal behind the aperture, but band-limited again
    spectrum = np.fft.fft2(another)
    frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(256, step) for step in sampling), indexing="ij"))
    smooth = np.fft.ifft2(np.where(frequency <= LIMIT, spectrum, 0)).real
    exposed = rng(1).poisson(20 * smooth) / 20
    found = measured(exposed, cells, sampling)
    assert abs(found.counts - 20) < 4 * found.counts_error


def test_an_image_without_noise_has_infinitely_many_electrons():
    image, cells, sampling = crystal("square")
    found = measured(image, cells, sampling)
    assert (found.counts, found.counts_error, found.readout) == (np.inf, 0, 0)


@pytest.mark.parametrize("factor", [1e-3, 7.0, 1e6])
def test_any_unit_of_brightness_gives_counts_in_that_unit(factor):
    image, cells, sampling = crystal("coarse")
    exposed = shot_noise(image, dose_per_area=50, sampling=sampling, rng=1)
    plain, scaled = (measured(one, cells, sampling) for one in (exposed, factor * exposed))
    assert scaled.counts * factor == pytest.approx(plain.counts, rel=1e-6)
    assert scaled.counts_error * factor == pytest.approx(plain.counts_error, rel=1e-6)


def test_a_precipitate_and_an_image_that_does_not_repeat_are_no_noise():
    image, cells, sampling = crystal("square")
    y, x = np.indices(image.shape) / 256
    course = image * (1 + 0.3 * (x - 0.5) + 0.4 * (y - 0.5) ** 2)
    exposed = shot_noise(course, dose_per_area=200, sampling=sampling, rng=3)
    found = measured(exposed, cells, sampling)
    assert found.counts == pytest.approx(counts_per_pixel(200, sampling=sampling), rel=0.05)


def test_pixels_that_leave_no_room_beyond_the_band_are_refused():
    shape, cells, _ = FIELDS["coarse"]
    assert measured(rng(1).random(shape), cells, (0.34, 0.34)) is not None
    assert measured(rng(1).random(shape), cells, (0.5, 0.5)) is None


def test_a_black_image_says_nothing_that_is_not_finite_or_infinite():
    _, cells, sampling = crystal("coarse")
    found = measured(np.zeros((128, 128)), cells, sampling)
    assert (found.counts, found.readout) == (np.inf, 0)
