"""What may change inside a unit cell: modes, channels, their noise, and the prior."""

import numpy as np
import pytest
from scipy import stats

from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.sizing._cells import split
from hrtem_lab.sizing._evidence.channels import (
    CHANNELS,
    POINT_OPERATIONS,
    aperture_modes,
    cell_band,
    disc_overlap,
    expected_brightness,
    mean_cell,
    median_cell,
    prior_covariance,
    symmetry_average,
)
from tests.sizing.crystals import CELL, LIMIT, PIXELS, SAMPLING, crystal, exposure, rng


@pytest.mark.parametrize("pixels", [(32, 32), (24, 40), (33, 16), (4, 4)])
def test_modes_are_orthonormal_and_within_the_band(pixels):
    modes, frequencies = aperture_modes(pixels, CELL / 32, LIMIT)
    np.testing.assert_allclose(modes.T @ modes, np.eye(modes.shape[1]), atol=1e-12)
    assert frequencies.shape == (modes.shape[1],)
    assert (0 <= frequencies).all()
    assert (frequencies <= 1).all()
    orders = np.meshgrid(*(np.fft.fftfreq(n, CELL / 32) for n in pixels), indexing="ij")
    frequency = np.hypot(*orders)
    spectra = np.abs(np.fft.fft2(modes.T.reshape(-1, *pixels)))
    np.testing.assert_allclose(spectra[:, frequency > LIMIT * (1 + 1e-9)], 0, atol=1e-9)
    largest = frequency.ravel()[spectra.reshape(len(spectra), -1).argmax(axis=1)]
    np.testing.assert_allclose(largest, frequencies * LIMIT, atol=1e-12)


def test_all_frequencies_within_the_band_have_their_modes():
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(32, SAMPLING)] * 2))
    modes, _ = aperture_modes((32, 32), SAMPLING, LIMIT)
    assert modes.shape == (32 * 32, (frequency <= LIMIT).sum())


def test_the_overlap_of_two_apertures():
    assert disc_overlap(np.array([0.0, 1.0, 2.0])).tolist() == [1, 0, 0]
    points = rng(1).uniform(-1, 1, (2, 400_000))
    for distance in (0.2, 0.5, 0.8):  # of the diameter, 2
        inside = np.hypot(*points) < 1
        both = inside & (np.hypot(points[0] - 2 * distance, points[1]) < 1)
        share = both.sum() / inside.sum()
        assert disc_overlap(np.array(distance)) == pytest.approx(share, abs=5 * np.sqrt(0.25 / inside.sum()))


def nb3sn_channels(cells, dose, *, readout=0.0, exposed=None):
    """The channels for an exposure of pristine Nb₃Sn, of the expected image unless another is given."""
    reference = crystal(cells).astype(float)
    band = cell_band(
        mean_cell(reference, (cells, cells)), (PIXELS, PIXELS), sampling=SAMPLING, max_frequency=LIMIT
    )
    counts = counts_per_pixel(dose, sampling=SAMPLING)
    image = reference if exposed is None else exposed
    return band.channels(image, (cells, cells), counts=counts, readout=readout)


def predicted_noise(found):
    """Return the covariance of the channels' noise by Poisson's law for the pristine crystal."""
    return found.filter.T @ (found.filter * (found.cell / found.counts)[:, None])


def test_the_noise_of_pristine_exposures_is_what_poisson_s_law_predicts():
    found = nb3sn_channels(4, 50)
    reference = crystal(4)
    channels, variances = zip(*(found(exposure(reference, 50, seed)) for seed in range(60)), strict=True)
    channels, variances = np.concatenate(channels), np.concatenate(variances)
    cells, count = channels.shape
    covariance = channels.T @ channels / cells
    predicted = predicted_noise(found)
    # An entry of a sample covariance has the variance (Σii Σjj + Σij²)/n, and there are count² of them.
    scale = np.sqrt((np.outer(np.diag(predicted), np.diag(predicted)) + predicted**2) / cells)
    assert np.abs((covariance - predicted) / scale).max() < stats.norm.isf(1e-4 / count**2)
    assert np.abs(channels.mean(axis=0)).max() < stats.norm.isf(1e-4 / count) * 1.2 / np.sqrt(cells)
    # Those of channels that look at dark pixels rest on few electrons.
    np.testing.assert_allclose(variances.mean(axis=0), np.diag(predicted), rtol=0.1)
    assert variances.mean() == pytest.approx(np.diag(predicted).mean(), rel=0.01)


def test_the_noise_of_a_channel_is_one_and_readout_noise_is_part_of_it():
    """But for the floor of dark pixels, 2 % of the mean: the noise is never underestimated."""
    for readout in (0.0, 3.0):
        found = nb3sn_channels(2, 40, readout=readout)
        squares = (found.filter**2).sum(axis=0) * (readout / found.counts) ** 2
        noise = np.diag(predicted_noise(found)) + squares
        assert (noise < 1.02).all()
        assert noise.mean() > 0.8
        variances = [found(exposure(crystal(2), 40, seed))[1] for seed in range(12)]
        assert np.mean(variances) == pytest.approx(noise.mean(), rel=0.03)


@pytest.mark.parametrize(("dose", "least", "most"), [(2, 0.8, 0.92), (0.2, 0.6, 0.8)])
def test_at_low_dose_dark_pixels_are_taken_for_brighter(dose, least, most):
    """A single electron in a dark pixel says less than its expected count would have it say."""
    noise = np.diag(predicted_noise(nb3sn_channels(2, dose)))
    assert least < noise.mean() < most


def test_the_noise_follows_the_image_where_the_reference_is_darker():
    """A background in the image, and none in the reference, is noise all the same."""
    reference = crystal(2).astype(float)
    bright = reference + 0.5 * reference.mean()
    found = nb3sn_channels(2, 25, exposed=bright)
    cell = mean_cell(bright, (2, 2))
    noise = found.filter.T @ (found.filter * (cell / found.counts)[:, None])
    assert np.diag(noise).max() < 1.05
    assert np.diag(noise).mean() == pytest.approx(0.98, abs=0.03)
    assert np.corrcoef(expected_brightness(found.cell, bright, (2, 2)), cell)[0, 1] > 0.99


def test_what_all_images_of_a_cell_share_is_no_channel_of_its_own():
    """A hot pixel is replaced; an image of the expected cell has no residual."""
    reference = crystal(4).astype(float)
    found = nb3sn_channels(4, 50)
    assert np.abs(found(reference)[0]).max() < 1e-3
    hot = reference.copy()
    hot[[5, 40, 77], [9, 90, 30]] += 100 / found.counts
    np.testing.assert_allclose(found(hot)[0], found(reference)[0], atol=1e-3)
    one = reference.copy()
    one[40, 90] += 5 / found.counts  # five electrons more may be chance
    assert np.abs(found(one)[0]).max() > 0.1


def test_the_median_cell_forgets_a_precipitate():
    options = {"sampling": SAMPLING, "max_frequency": LIMIT}
    reference = crystal(4).astype(float)
    image = reference.copy()
    image[:64, :64] *= 3  # 4 of 16 cells
    plain = mean_cell(reference, (4, 4))
    np.testing.assert_allclose(median_cell(image, (4, 4), **options), plain, atol=0.02 * plain.max())
    assert np.abs(mean_cell(image, (4, 4)) - plain).max() > 0.3 * plain.max()
    faint = exposure(crystal(4), 20, 1)
    assert (np.median(split(faint, (4, 4)), axis=0) == 0).mean() > 0.5
    found = median_cell(faint, (4, 4), **options)
    assert found.mean() == pytest.approx(plain.mean(), rel=0.1)


def test_the_prior_has_the_references_contrast():
    cell = crystal(1).astype(float)
    modes, frequencies = aperture_modes(cell.shape, SAMPLING, LIMIT)
    prior = prior_covariance(cell, modes, disc_overlap(frequencies))
    assert np.trace(prior) == pytest.approx(((cell - cell.mean()) ** 2).sum(), rel=1e-4)
    np.testing.assert_allclose(prior, prior.T, atol=1e-12 * np.trace(prior))
    assert np.linalg.eigvalsh(prior).min() > -1e-12 * np.trace(prior)


def test_a_twentieth_of_a_change_may_lack_the_references_symmetry():
    cell = crystal(1).astype(float)
    modes, frequencies = aperture_modes(cell.shape, SAMPLING, LIMIT)
    prior = prior_covariance(cell, modes, disc_overlap(frequencies))
    average = symmetry_average(cell, modes)
    other = np.eye(len(average)) - average
    lacking = np.trace(other @ prior @ other) / np.trace(prior)
    assert 0.01 < lacking < 0.06


def test_above_some_hundred_electrons_a_cell_the_model_is_the_noise():
    """More of them say no more of a change than 500 do, because no sphere explains it all."""
    one, more = (nb3sn_channels(2, dose) for dose in (200, 2000))
    np.testing.assert_allclose(more.prior, one.prior, rtol=1e-5, atol=1e-6 * one.prior.max())
    assert np.diag(predicted_noise(more)).mean() == pytest.approx(
        np.diag(predicted_noise(one)).mean() / 10, rel=1e-3
    )


@pytest.mark.parametrize("dose", [3.0, 4.0])
def test_the_priors_strength_in_the_channels_is_proportional_to_the_dose(dose):
    one, more = nb3sn_channels(2, dose).prior, nb3sn_channels(2, 10 * dose).prior
    assert len(one) == CHANNELS
    assert (one >= 0).all()
    np.testing.assert_allclose(more, 10 * one, rtol=1e-5, atol=1e-6 * more.max())


def test_the_channels_that_are_kept_hold_nearly_all_of_the_prior(monkeypatch):
    kept = nb3sn_channels(2, 50).prior.sum()
    monkeypatch.setattr("hrtem_lab.sizing._evidence.channels.CHANNELS", 10_000)
    assert kept > 0.95 * nb3sn_channels(2, 50).prior.sum()


def invariant_operations(cell, modes):
    """How many of the eight operations the average of a random pattern is invariant under, but for a move."""
    pattern = modes @ (symmetry_average(cell, modes) @ rng(5).normal(size=modes.shape[1]))
    pattern = pattern.reshape(cell.shape) - pattern.mean()
    found = 0
    for turn in POINT_OPERATIONS:
        match = np.fft.ifft2(np.fft.fft2(pattern) * np.conj(np.fft.fft2(turn(pattern)))).real
        found += match.max() > (1 - 1e-6) * (pattern**2).sum()
    return found


def test_the_symmetry_average_is_a_projection_on_all_that_nb3sn_allows():
    cell = crystal(1).astype(float)
    modes, _ = aperture_modes(cell.shape, SAMPLING, LIMIT)
    average = symmetry_average(cell, modes)
    np.testing.assert_allclose(average @ average, average, atol=1e-9)
    np.testing.assert_allclose(average, average.T, atol=1e-9)
    own = modes.T @ (cell - cell.mean()).ravel()
    np.testing.assert_allclose(average @ own, own, atol=0.01 * np.linalg.norm(own))
    assert invariant_operations(cell, modes) == 8
    # As many free patterns as an eighth of the modes, and those that a mirror maps onto themselves.
    assert len(own) / 8 <= np.trace(average) < len(own) / 4


def test_the_symmetry_average_of_an_asymmetric_cell_changes_nothing():
    modes, _ = aperture_modes((32, 32), SAMPLING, LIMIT)
    cell = (modes @ rng(6).normal(size=modes.shape[1])).reshape(32, 32)
    np.testing.assert_allclose(symmetry_average(cell, modes), np.eye(modes.shape[1]), atol=1e-9)
    assert invariant_operations(cell, modes) == 1


def test_the_symmetry_average_of_a_rectangle_knows_its_mirrors():
    modes, _ = aperture_modes((24, 40), SAMPLING, LIMIT)
    half = (modes @ rng(7).normal(size=modes.shape[1])).reshape(24, 40)
    cell = half + half[::-1] + half[:, ::-1] + half[::-1, ::-1]
    average = symmetry_average(cell, modes)
    np.testing.assert_allclose(average @ average, average, atol=1e-9)
    assert np.trace(average) < 0.4 * len(average)
