"""What may change inside a unit cell: modes, channels, their noise, and the prior."""

import numpy as np
import pytest
from scipy import stats

from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.sizing._cells import split
from hrtem_lab.sizing._evidence.channels import (
    MEAN_COUNTS,
    POINT_OPERATIONS,
    aperture_modes,
    cell_channels,
    disc_overlap,
    prior_covariance,
    read_cells,
    symmetry_average,
)
from hrtem_lab.structures import replaced_cells
from tests.sizing.crystals import CELL, LIMIT, SAMPLING, crystal, exposure, rng


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


def nb3sn_channels(cells, dose):
    reference = crystal(cells).astype(float)
    counts = counts_per_pixel(dose, sampling=SAMPLING)
    return cell_channels(
        reference, cells=(cells, cells), counts=counts, sampling=SAMPLING, max_frequency=LIMIT
    )


def predicted_noise(found):
    """Return the covariance of the channels' noise by Poisson's law for the pristine crystal."""
    cell = read_cells(found.reference, found.cells).mean(axis=0)
    return found.filter.T @ (found.filter * (cell / found.counts)[:, None])


def test_the_noise_of_pristine_exposures_is_what_poisson_s_law_predicts():
    found = nb3sn_channels(8, 50)
    channels, variances = zip(
        *(found(exposure(found.reference, 50, seed)) for seed in range(40)), strict=True
    )
    channels, variances = np.concatenate(channels), np.concatenate(variances)
    cells, count = channels.shape
    covariance = channels.T @ channels / cells
    predicted = predicted_noise(found)
    # An entry of a sample covariance has the variance (Σii Σjj + Σij²)/n, and there are count² of them.
    scale = np.sqrt((np.outer(np.diag(predicted), np.diag(predicted)) + predicted**2) / cells)
    assert np.abs((covariance - predicted) / scale).max() < stats.norm.isf(1e-4 / count**2)
    assert np.abs(channels.mean(axis=0)).max() < stats.norm.isf(1e-4 / count) * 1.2 / np.sqrt(cells)
    np.testing.assert_allclose(variances.mean(axis=0), np.diag(predicted), rtol=0.02)


def test_the_noise_is_white_but_for_the_mixture_with_the_mean(monkeypatch):
    mixed = predicted_noise(nb3sn_channels(2, 50))
    assert np.linalg.eigvalsh(mixed).max() <= 1 / (1 - MEAN_COUNTS) + 1e-4
    assert 0.7 < np.diag(mixed).mean() < 0.8
    monkeypatch.setattr("hrtem_lab.sizing._evidence.channels.MEAN_COUNTS", 0.0)
    np.testing.assert_allclose(predicted_noise(nb3sn_channels(2, 50)), np.eye(len(mixed)), atol=1e-3)


@pytest.mark.parametrize(("diameter", "beside"), [(3, 0.10), (5, 0.06), (8, 0.02)])
def test_caution_about_single_electrons_costs_half_the_signal_and_the_cells_beside_little(
    specimens, monkeypatch, diameter, beside
):
    covered = replaced_cells(diameter, cells=(16, 16, 40)).any(axis=2).T.ravel()

    def signal():
        channels, _ = nb3sn_channels(16, 10)(specimens[diameter])
        return (channels.astype(float) ** 2).sum(axis=1)

    cautious = signal()
    assert 1 - cautious[covered].sum() / cautious.sum() == pytest.approx(beside, abs=0.005)
    monkeypatch.setattr("hrtem_lab.sizing._evidence.channels.MEAN_COUNTS", 0.0)
    assert 0.4 <= 1 - cautious.sum() / signal().sum() <= 0.605


def test_the_prior_has_the_references_contrast():
    cell = crystal(1).astype(float)
    modes, frequencies = aperture_modes(cell.shape, SAMPLING, LIMIT)
    prior = prior_covariance(cell, modes, disc_overlap(frequencies) ** 2)
    assert np.trace(prior) == pytest.approx(((cell - cell.mean()) ** 2).sum(), rel=1e-4)
    np.testing.assert_allclose(prior, prior.T, atol=1e-12 * np.trace(prior))
    assert np.linalg.eigvalsh(prior).min() > -1e-12 * np.trace(prior)


@pytest.mark.parametrize("dose", [2, 200])
def test_the_priors_strength_in_the_channels_is_proportional_to_the_dose(dose):
    one, more = nb3sn_channels(2, dose).prior, nb3sn_channels(2, 10 * dose).prior
    assert (one >= 0).all()
    np.testing.assert_allclose(more, 10 * one, rtol=1e-6, atol=1e-9 * more.max())


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


@pytest.mark.parametrize("cells", [(4, 4), (2, 4)])
def test_cells_are_read_from_before_their_borders_on(cells):
    image = rng(1).random((64, 64))
    found = read_cells(image, cells)
    assert found.shape == (cells[0] * cells[1], 64 * 64 // (cells[0] * cells[1]))
    shift = [64 // count // 8 for count in cells]
    np.testing.assert_array_equal(found, split(np.roll(image, shift, (0, 1)), cells).reshape(found.shape))
    moved = np.roll(image, (64 // cells[0], 0), axis=(0, 1))
    by_place = found.reshape(*cells, -1)
    np.testing.assert_array_equal(read_cells(moved, cells).reshape(*cells, -1), np.roll(by_place, 1, axis=0))
