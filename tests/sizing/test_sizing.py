"""Sizing of precipitates: cells, thresholds, patterns, spheres, and what the methods say together."""

import inspect
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage, stats

from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import counts_per_pixel, shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.sizing import (
    METHODS,
    THRESHOLDS,
    PrecipitateSizer,
    _sizes,
    cell_map,
    compact,
    size_precipitate,
)
from hrtem_lab.sizing._cells import split
from hrtem_lab.sizing._patterns import (
    MEAN_COUNTS,
    POINT_OPERATIONS,
    _prior,
    aperture_modes,
    disc_overlap,
    patterns,
    read_cells,
    symmetry_average,
)
from hrtem_lab.sizing._sizes import _interval, _log_mean
from hrtem_lab.sizing._spheres import AMPLITUDES, all_spheres, evidence, thickness_map
from hrtem_lab.sizing._thresholds import most_by_chance
from hrtem_lab.structures import replaced_cells

CELL = 5.275
PIXELS = 32  # per cell
SAMPLING = CELL / PIXELS
LIMIT = 1.437  # 1/Å: 2 · 30 mrad / λ at 80 kV
RATE = 0.05
every_metric = pytest.mark.parametrize("metric", METRICS)
every_method = pytest.mark.parametrize("method", METHODS)
rng = np.random.default_rng


def crystal(cells):
    """Pristine Nb₃Sn."""
    rows, columns = (cells, cells) if isinstance(cells, int) else cells
    shape, view = (rows * PIXELS, columns * PIXELS), (rows * CELL, columns * CELL)
    return form_image(load_exit_wave("nb3sn"), shape=shape, field_of_view=view)


def specimen(diameter):
    return form_image(load_exit_wave(f"precipitate-{diameter:02d}"), shape=16 * PIXELS)


def exposure(image, dose, seed):
    return shot_noise(image, dose_per_area=dose, sampling=SAMPLING, rng=seed)


def size(reference, image, dose, cells=16, **options):
    return size_precipitate(reference, image, cells=cells, dose_per_area=dose, sampling=SAMPLING, **options)


@pytest.fixture(scope="module")
def pristine():
    return crystal(16)


@pytest.fixture(scope="module")
def specimens():
    return {diameter: specimen(diameter) for diameter in range(3, 15)}


@pytest.fixture(scope="module")
def sizers(pristine):
    """Sphere sizers by dose."""
    options = {"cells": 16, "sampling": SAMPLING}
    return {dose: PrecipitateSizer(pristine, dose_per_area=dose, **options) for dose in (None, 50, 10)}


# Cells


def test_cells_are_cut_row_by_row():
    image = np.arange(6 * 8).reshape(6, 8)
    stack = split(image, (3, 2))
    assert stack.shape == (6, 2, 4)
    for row, column in itertools.product(range(3), range(2)):
        expected = image[2 * row : 2 * row + 2, 4 * column : 4 * column + 4]
        np.testing.assert_array_equal(stack[2 * row + column], expected)


def by_hand(reference, image, cells, metric):
    """The metric on every cell, with each cell's own reference."""
    rows, columns = (size // count for size, count in zip(reference.shape, cells, strict=True))
    found = np.empty(cells)
    for row, column in np.ndindex(cells):
        place = np.s_[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
        found[row, column] = METRICS[metric].function(reference[place], image[place])
    return found


@every_metric
def test_a_cell_map_is_the_metric_of_each_cell(metric):
    cells = (2, 3)
    reference = np.tile(crystal(1).astype(float), cells)  # exactly periodic
    image = exposure(reference, 300, 1)
    found = cell_map(reference, image, cells=cells, metric=metric)
    np.testing.assert_allclose(found, by_hand(reference, image, cells, metric), atol=1e-12)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, cell_map(reference, image, cells=cells, metric=METRICS[metric]))


@every_metric
def test_cells_of_a_reference_that_does_not_repeat_have_each_their_own(metric):
    cells = (2, 3)
    reference = crystal(cells) + 0.3 * rng(1).random((2 * PIXELS, 3 * PIXELS))
    image = exposure(reference, 300, 2)
    found = cell_map(reference, image, cells=cells, metric=metric)
    np.testing.assert_array_equal(found, by_hand(reference, image, cells, metric))
    assert not cell_map(reference, reference, cells=cells, metric=metric).any()


@every_metric
def test_cells_may_be_rectangles(metric):
    reference = np.tile(crystal((2, 1)).astype(float), (1, 3))  # cells of 2 × 1
    image = exposure(reference, 300, 3)
    found = cell_map(reference, image, cells=(1, 3), metric=metric)
    np.testing.assert_allclose(found, by_hand(reference, image, (1, 3), metric), atol=1e-12)


@pytest.mark.parametrize("metric", ["mse", "ssim", "chi_square"])
@pytest.mark.parametrize("turn", POINT_OPERATIONS)
def test_a_turned_image_has_a_turned_map(metric, turn):
    reference, image = crystal(3), exposure(crystal(3), 100, 4)
    found = cell_map(turn(reference), turn(image), cells=3, metric=metric)
    np.testing.assert_allclose(
        found, turn(cell_map(reference, image, cells=3, metric=metric)), atol=3e-4
    )  # the window of float32 sums, and the irfft, run along rows first


BAD_CELLS = {
    "not dividing": ({"cells": 5}, ValueError, r"cells must divide the image of \(64, 64\) pixels, got 5"),
    "one not dividing": ({"cells": (2, 3)}, ValueError, r"got \(2, 3\)"),
    "zero": ({"cells": 0}, ValueError, "cells must be at least 1, got 0"),
    "fraction": ({"cells": 2.0}, TypeError, "cells must be a whole number, got 2.0"),
    "three": ({"cells": (2, 2, 2)}, ValueError, r"one number or \(rows, columns\), got \(2, 2, 2\)"),
    "metric": ({"metric": "psnr"}, ValueError, "metric must be one of mse, .*got 'psnr'"),
    "shape": ({"image": np.ones((64, 32))}, ValueError, r"reference's shape \(64, 64\), got \(64, 32\)"),
    "NaN": ({"image": np.full((64, 64), np.nan)}, ValueError, "image must be finite"),
    "1-D": ({"reference": np.ones(64)}, ValueError, "reference must be 2-D"),
    "text": ({"reference": np.full((64, 64), "a")}, TypeError, "reference must hold real numbers"),
}


@pytest.mark.parametrize("case", BAD_CELLS)
def test_a_cell_map_refuses_with_value_and_rule(case):
    changed, error, message = BAD_CELLS[case]
    given_ = {"reference": crystal(2), "image": crystal(2), "cells": 2, "metric": "mse"} | changed
    with pytest.raises(error, match=message):
        cell_map(**given_)


# Thresholds

differences = arrays(float, st.integers(1, 60), elements=st.floats(0, 1))


@given(values=differences, noise=differences)
def test_the_papers_thresholds_start_from_the_mean_noise(values, noise):
    fixed = THRESHOLDS["fixed"].rule(values, noise, RATE)
    assert fixed == pytest.approx(0.18 + noise.mean())
    rule = THRESHOLDS["paper_optimised"].rule
    threshold = rule(values, noise, RATE)
    assert threshold >= noise.mean()
    # A shift of all differences by noise shifts the threshold along.
    assert rule(values + 0.3, noise + 0.3, RATE) == pytest.approx(threshold + 0.3)
    assert rule(values, noise, 0.5) == threshold


def test_a_map_that_stands_out_more_has_a_higher_optimised_threshold():
    values, noise = np.repeat([0.0, 1.0], [90, 10]), np.zeros(10)
    rule = THRESHOLDS["paper_optimised"].rule
    thresholds = [rule(contrast * values, noise, RATE) for contrast in (0, 0.25, 0.5, 1)]
    assert 0 < thresholds[0] <= thresholds[1] <= thresholds[2] < thresholds[3] < 1


@pytest.mark.parametrize("metric", ["chi_square", "sift"])
@pytest.mark.parametrize("rate", [0.3, 0.05])
def test_the_false_alarm_rate_is_what_fresh_pristine_cells_show(metric, rate):
    reference = crystal(16)
    learnt, fresh = (
        np.concatenate([cell_map(reference, exposure(reference, 50, seed), cells=16, metric=metric).ravel()])
        for seed in (1, 2)
    )
    threshold = THRESHOLDS["false_alarm"].rule(fresh, learnt, rate)
    # Both the threshold and the share are estimates from so many cells.
    deviation = np.sqrt(2 * rate * (1 - rate) / fresh.size)
    assert abs((fresh > threshold).mean() - rate) < 3.5 * deviation
    assert (learnt > threshold).mean() <= rate


def test_otsu_divides_two_classes_between_them():
    values = rng(1).permutation(np.r_[rng(2).normal(0.1, 0.02, 200), rng(3).normal(0.6, 0.05, 40)])
    threshold = THRESHOLDS["otsu"].rule(values, np.zeros(1), RATE)
    assert (values > threshold).sum() == 40
    assert THRESHOLDS["otsu"].rule(np.full(5, 0.25), np.zeros(1), RATE) == 0.25


@given(probability=st.floats(0, 1), cells=st.integers(1, 300), rate=st.floats(1e-4, 0.5))
def test_most_by_chance_is_the_binomial_quantile(probability, cells, rate):
    most = most_by_chance(probability, cells, rate)
    chance = stats.binom(cells, probability)
    assert chance.sf(most) <= rate + 1e-9
    assert most == 0 or chance.sf(most - 1) >= rate - 1e-9


masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(mask=masks)
def test_a_compact_mask_is_one_filled_connected_part_and_stays_so(mask):
    copy = mask.copy()
    found = compact(mask)
    np.testing.assert_array_equal(mask, copy)
    labels, count = ndimage.label(mask)
    largest = max((int((labels == one).sum()) for one in range(1, count + 1)), default=0)
    if largest < 2:
        assert not found.any()
        return
    assert ndimage.label(found)[1] == 1
    _, parts = ndimage.label(np.pad(~found, 1, constant_values=True))
    assert parts == 1  # no hole
    # What was added was enclosed; what is left of the mask is its largest part.
    kept = labels[found & mask]
    assert largest in np.bincount(kept)[1:]
    assert found.sum() >= largest
    np.testing.assert_array_equal(compact(found), found)


@given(mask=masks)
def test_a_turned_mask_is_as_compact(mask):
    assert compact(np.rot90(mask)).sum() == compact(mask).sum() or ndimage.label(mask)[1] > 1


# Patterns


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


def nb3sn_patterns(cells, dose):
    reference = crystal(cells).astype(float)
    counts = counts_per_pixel(dose, sampling=SAMPLING)
    return patterns(reference, cells=(cells, cells), counts=counts, sampling=SAMPLING, limit=LIMIT)


def predicted_noise(found):
    """Return the covariance of the channels' noise by Poisson's law for the pristine crystal."""
    cell = read_cells(found.reference, found.cells).mean(axis=0)
    return found.filter.T @ (found.filter * (cell / found.counts)[:, None])


def test_the_noise_of_pristine_exposures_is_what_poisson_s_law_predicts():
    found = nb3sn_patterns(8, 50)
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
    mixed = predicted_noise(nb3sn_patterns(2, 50))
    assert np.linalg.eigvalsh(mixed).max() <= 1 / (1 - MEAN_COUNTS) + 1e-4
    assert 0.7 < np.diag(mixed).mean() < 0.8
    monkeypatch.setattr("hrtem_lab.sizing._patterns.MEAN_COUNTS", 0.0)
    np.testing.assert_allclose(predicted_noise(nb3sn_patterns(2, 50)), np.eye(len(mixed)), atol=1e-3)


@pytest.mark.parametrize(("diameter", "beside"), [(3, 0.10), (5, 0.06), (8, 0.02)])
def test_caution_about_single_electrons_costs_half_the_signal_and_the_cells_beside_little(
    specimens, monkeypatch, diameter, beside
):
    covered = replaced_cells(diameter, cells=(16, 16, 40)).any(axis=2).T.ravel()

    def signal():
        channels, _ = nb3sn_patterns(16, 10)(specimens[diameter])
        return (channels.astype(float) ** 2).sum(axis=1)

    cautious = signal()
    assert 1 - cautious[covered].sum() / cautious.sum() == pytest.approx(beside, abs=0.005)
    monkeypatch.setattr("hrtem_lab.sizing._patterns.MEAN_COUNTS", 0.0)
    assert 0.4 <= 1 - cautious.sum() / signal().sum() <= 0.605


def test_the_prior_has_the_references_contrast():
    cell = crystal(1).astype(float)
    modes, frequencies = aperture_modes(cell.shape, SAMPLING, LIMIT)
    prior = _prior(cell, modes, disc_overlap(frequencies) ** 2)
    assert np.trace(prior) == pytest.approx(((cell - cell.mean()) ** 2).sum(), rel=1e-4)
    np.testing.assert_allclose(prior, prior.T, atol=1e-12 * np.trace(prior))
    assert np.linalg.eigvalsh(prior).min() > -1e-12 * np.trace(prior)


@pytest.mark.parametrize("dose", [2, 200])
def test_the_priors_strength_in_the_channels_is_proportional_to_the_dose(dose):
    one, more = nb3sn_patterns(2, dose).prior, nb3sn_patterns(2, 10 * dose).prior
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


# Spheres


@pytest.mark.parametrize("diameter", range(1, 15))
@pytest.mark.parametrize("cells", [(16, 16), (15, 18)])
def test_a_thickness_map_counts_the_replaced_cells(diameter, cells):
    rows, columns = cells
    replaced = replaced_cells(diameter, cells=(columns, rows, 40))  # (x, y, z)
    center = [np.floor(n / 2 - diameter % 2 / 2) + diameter % 2 / 2 for n in cells]
    found = thickness_map(diameter, center, cells, 40)
    np.testing.assert_array_equal(found, replaced.sum(axis=2).T)
    sphere = all_spheres(cells, 40)[diameter - 1]
    assert (sphere.thickness == found.ravel()).all(axis=1).sum() == 1
    assert len(sphere.centers) == (rows - diameter + 1) * (columns - diameter + 1)


@pytest.mark.parametrize("half_cells", [False, True])
@pytest.mark.parametrize("cells", [(16, 16), (5, 8)])
def test_spheres_lie_inside_and_are_all_different(cells, half_cells):
    spheres = all_spheres(cells, 40, half_cells=half_cells)
    assert [one.diameter for one in spheres] == list(range(1, min(cells) + 1))
    for one in spheres:
        radius = one.diameter / 2
        assert (one.centers >= radius).all()
        assert (one.centers <= np.array(cells) - radius).all()
        assert len(np.unique(one.thickness, axis=0)) == len(one.thickness) == len(one.centers)
        for center, thickness in zip(one.centers[::7], one.thickness[::7], strict=True):
            map_ = thickness_map(one.diameter, center, cells, 40)
            np.testing.assert_array_equal(thickness, map_.ravel())
        assert one.thickness.max() <= one.diameter


@pytest.mark.parametrize("depth", [1, 5, 40])
def test_features_are_orthogonal_and_have_the_stated_energy(depth):
    for one in all_spheres((9, 9), depth):
        gram = np.einsum("ptc,puc->ptu", one.features, one.features)
        expected = np.broadcast_to(np.diag(one.energy), gram.shape)
        np.testing.assert_allclose(gram, expected, atol=2e-6 * one.energy[0])
        assert (np.diff(one.energy) <= 0).all()
        covered = one.thickness > 0
        assert not one.features.swapaxes(1, 2)[~covered].any()


@pytest.mark.parametrize("seed", range(5))
def test_the_evidence_is_the_ratio_of_two_normal_densities(seed):
    cells, channels = (2, 2), 3
    generator = rng(seed)
    spheres = all_spheres(cells, 4)
    prior = generator.uniform(0, 2, channels)
    y = generator.normal(scale=1.5, size=(4, channels))
    known, free = evidence(y.astype(np.float32), np.ones((4, channels), np.float32), prior, spheres)
    noise = stats.multivariate_normal(np.zeros(12), np.eye(12)).logpdf(y.T.ravel())
    for number, sphere in enumerate(spheres):
        assert known[number].shape == free[number].shape == (len(sphere.centers), len(AMPLITUDES))
        for place, step in np.ndindex(known[number].shape):
            phi = sphere.features[place].astype(float)
            pattern = AMPLITUDES[step] ** 2 * np.kron(np.diag(prior), phi.T @ phi)
            covariance = np.eye(12) + pattern
            with_sphere = stats.multivariate_normal(np.zeros(12), covariance)
            assert known[number][place, step] == pytest.approx(
                with_sphere.logpdf(y.T.ravel()) - noise, abs=1e-4
            )
            # Noise of unknown strength s ≥ 1: the likelihood at its best s, without the constant.
            square = y.T.ravel() @ np.linalg.solve(covariance, y.T.ravel())
            s = np.linspace(1, 20, 4001)
            likelihood = -0.5 * (12 * np.log(s) + np.linalg.slogdet(covariance)[1] + square / s)
            assert free[number][place, step] == pytest.approx(likelihood.max(), abs=1e-3)


@pytest.mark.parametrize("dose", [1, 5, 50, 1000])
def test_pristine_noise_seldom_looks_like_a_sphere(dose):
    reference = crystal(8)
    sizer = PrecipitateSizer(reference, cells=8, dose_per_area=dose, sampling=SAMPLING)
    draws = 120
    logarithms = np.array([sizer(exposure(reference, dose, [dose, seed])).evidence for seed in range(draws)])
    # The mean of the evidence under noise is 1, so by Markov's inequality P(E > 20) ≤ 1/20.
    assert (logarithms > np.log(20)).sum() <= stats.binom(draws, 0.05).isf(1e-4)
    ratios = np.exp(logarithms)
    assert ratios.mean() <= 1 + 4 * ratios.std() / np.sqrt(draws)


@given(weights=arrays(float, st.integers(1, 16), elements=st.floats(1e-6, 1)))
def test_the_interval_is_the_shortest_run_that_holds_95_percent(weights):
    probability = weights / weights.sum()
    low, high = _interval(probability)
    start, end = round(low - 0.5), round(high - 0.5)
    assert probability[start:end].sum() >= 0.95 - 1e-9
    for first in range(len(probability) - (end - start - 1) + 1):
        assert probability[first : first + end - start - 1].sum() < 0.95 + 1e-9


@given(values=arrays(float, st.integers(1, 20), elements=st.floats(-5, 5)), shift=st.floats(-2000, 2000))
def test_the_mean_of_exponentials_does_not_overflow(values, shift):
    assert _log_mean(values + shift) == pytest.approx(np.log(np.exp(values).mean()) + shift, abs=1e-9)


# Sizes


def placed(image, diameter, generator):
    """The precipitate moved to a random place inside, and the move in cells."""
    room = (16 - diameter) // 2
    move = generator.integers(-room, room + 1, 2)
    return np.roll(image, PIXELS * move, axis=(0, 1)), move


def truth(diameter, move):
    return np.roll(replaced_cells(diameter).any(axis=2).T, move, axis=(0, 1))


@pytest.mark.parametrize(
    ("diameter", "dose"),
    [(3, None), *((diameter, dose) for dose in (None, 50, 10) for diameter in range(4, 15))],
)
def test_spheres_are_found_exactly_wherever_they_are(sizers, specimens, diameter, dose):
    for seed in (1, 2):
        generator = rng([diameter, seed])
        image, move = placed(specimens[diameter], diameter, generator)
        if dose is not None:
            image = exposure(image, dose, generator)
        found = sizers[dose](image)
        assert found.detected
        assert found.diameter_in_cells == pytest.approx(diameter)
        assert found.low <= found.diameter <= found.high
        assert found.misclassified(truth(diameter, move)) == 0
        assert found.evidence > np.log(1 / RATE)


@every_method
@pytest.mark.parametrize("dose", [1, 10, 50, None])
def test_pristine_crystal_is_not_detectable(pristine, method, dose):
    for seed in (11, 12):
        image = pristine if dose is None else exposure(pristine, dose, seed)
        metric = None if method == "sphere" else "chi_square"
        found = size(pristine, image, dose, method=method, metric=metric)
        assert not found.detected
        assert np.isnan([found.diameter, found.low, found.high, found.diameter_in_cells]).all()
        assert found.mask.shape == found.map.shape == (16, 16)
        assert not found.mask.any()


@pytest.mark.parametrize("dose", [50, None])
@pytest.mark.parametrize("method", ["fixed", "paper_optimised", "otsu"])
def test_pristine_crystal_is_not_detectable_by_sift(pristine, method, dose):
    image = pristine if dose is None else exposure(pristine, dose, 3)
    assert not size(pristine, image, dose, method=method).detected


def test_the_interval_holds_the_truth_in_most_cases(pristine, specimens):
    sizer = PrecipitateSizer(pristine, cells=16, dose_per_area=2, sampling=SAMPLING)
    inside = []
    for diameter, seed in itertools.product((8, 10, 12), range(10)):
        generator = rng([diameter, seed, 7])
        image, _ = placed(specimens[diameter], diameter, generator)
        found = sizer(exposure(image, 2, generator))
        assert found.detected
        inside.append(found.low <= diameter * CELL <= found.high)
    # So many misses happen by chance once in 10 000 if nine tenths hold it.
    assert len(inside) - sum(inside) <= stats.binom(len(inside), 0.1).isf(1e-4)


@pytest.mark.parametrize("move", [(2, -3), (-4, 1)])
@pytest.mark.parametrize("method", ["sphere", "false_alarm"])
def test_a_move_by_whole_cells_moves_the_answer(pristine, specimens, move, method):
    image = exposure(specimens[6], 50, 21)
    sizer = PrecipitateSizer(pristine, cells=16, dose_per_area=50, sampling=SAMPLING, method=method)
    first, second = sizer(image), sizer(np.roll(image, PIXELS * np.array(move), axis=(0, 1)))
    assert second.diameter == first.diameter
    assert (second.low, second.high) == (first.low, first.high)
    np.testing.assert_array_equal(second.mask, np.roll(first.mask, move, axis=(0, 1)))
    np.testing.assert_allclose(second.map, np.roll(first.map, move, axis=(0, 1)), atol=1e-3)


def test_rows_and_columns_are_alike(pristine, specimens):
    image = np.roll(exposure(specimens[5], 50, 22), (64, -96), axis=(0, 1))
    plain, transposed = size(pristine, image, 50), size(pristine.T, image.T, 50)
    assert transposed.diameter == plain.diameter == pytest.approx(5 * CELL)
    np.testing.assert_array_equal(transposed.mask, plain.mask.T)
    np.testing.assert_allclose(transposed.map, plain.map.T, atol=1e-4)


@pytest.mark.parametrize("turn", POINT_OPERATIONS)
def test_turned_images_show_spheres_of_the_same_size(pristine, specimens, turn):
    found = size(turn(pristine), turn(exposure(specimens[6], 50, 23)), 50)
    assert found.diameter_in_cells == pytest.approx(6)
    assert found.misclassified(turn(truth(6, (0, 0)))) == 0


def test_no_method_is_told_the_truth_or_remembers(sizers, specimens):
    told = set(inspect.signature(PrecipitateSizer).parameters) | set(
        inspect.signature(size_precipitate).parameters
    )
    assert not {name for name in told if "truth" in name or "diameter" in name or "mask" in name}
    small, large = (exposure(specimens[diameter], 50, diameter) for diameter in (4, 9))
    sizer = sizers[50]
    first = sizer(small)
    assert sizer(large).diameter_in_cells == pytest.approx(9)
    again = sizer(small)
    assert (again.diameter, again.evidence) == (first.diameter, first.evidence)
    np.testing.assert_array_equal(again.map, first.map)


@every_method
def test_the_same_call_gives_the_same_answer(pristine, specimens, method):
    image = exposure(specimens[7], 50, 24)
    options = {"method": method, "metric": "chi_square"}
    one, other = (size(pristine, image, 50, **options) for _ in range(2))
    np.testing.assert_equal(one.diameter, other.diameter)
    assert one.threshold == other.threshold
    np.testing.assert_array_equal(one.map, other.map)


@pytest.mark.parametrize("method", THRESHOLDS)
def test_methods_with_a_threshold_count_the_cells_above_it(pristine, specimens, method):
    image = exposure(specimens[8], 50, 25)
    found = size(pristine, image, 50, method=method, metric="chi_square" if method != "fixed" else None)
    if method == "fixed":
        np.testing.assert_array_equal(found.map, cell_map(pristine, image, cells=16, metric="sift"))
    if not found.detected:
        assert method == "otsu"
        return
    np.testing.assert_array_equal(found.mask, found.map > found.threshold)
    assert np.pi / 4 * found.diameter_in_cells**2 == pytest.approx(found.mask.sum())
    assert found.low < found.diameter < found.high
    assert np.isnan(found.evidence)
    assert found.misclassified(found.mask) == 0
    assert found.misclassified(~found.mask) == 256


def test_a_compact_count_leaves_single_cells_out(pristine, specimens):
    image = exposure(specimens[6], 50, 26)
    image[:PIXELS, :PIXELS] = 0  # one dark cell in the corner
    options = {"method": "false_alarm", "dose_per_area": 50, "cells": 16, "sampling": SAMPLING}
    plain = size_precipitate(pristine, image, **options)
    joined = size_precipitate(pristine, image, **options, compact=True)
    assert plain.mask[0, 0]
    assert not joined.mask[0, 0]
    np.testing.assert_array_equal(joined.mask, compact(plain.mask))
    assert joined.diameter == pytest.approx(2 * np.sqrt(joined.mask.sum() / np.pi) * CELL)


def test_images_and_cells_may_be_rectangular():
    reference, wave = crystal((16, 16)), specimen(4)
    cut, image = reference[2 * PIXELS :], exposure(wave[2 * PIXELS :], 100, 27)
    expected = truth(4, (0, 0))[2:]
    for options in ({}, {"method": "false_alarm", "compact": True}):
        found = size(cut, image, 100, cells=(14, 16), **options)
        assert found.mask.shape == (14, 16)
        assert found.misclassified(expected) <= (0 if not options else 6)  # of 12
    doubled = size(cut, image, 100, cells=(7, 16), method="false_alarm")  # two cells are one
    assert doubled.cell == pytest.approx(np.sqrt(2) * CELL)
    assert doubled.mask.shape == (7, 16)


BAD = {
    "cells not dividing": (
        {"cells": 3},
        ValueError,
        r"cells must divide the image of \(64, 64\) pixels, got 3",
    ),
    "no dose": ({"dose_per_area": 0}, ValueError, "dose_per_area must be positive, got 0"),
    "negative dose": ({"dose_per_area": -1.0}, ValueError, "dose_per_area must be positive, got -1.0"),
    "NaN dose": ({"dose_per_area": np.nan}, ValueError, "dose_per_area must be finite, got nan"),
    "infinite dose": ({"dose_per_area": np.inf}, ValueError, "dose_per_area must be finite, got inf"),
    "dose as text": ({"dose_per_area": "50"}, TypeError, "dose_per_area must be a real number, got '50'"),
    "sampling": ({"sampling": 0.0}, ValueError, "sampling must be positive, got 0.0"),
    "method": ({"method": "guess"}, ValueError, "method must be one of sphere, .*got 'guess'"),
    "false_alarm 0": ({"false_alarm": 0}, ValueError, "false_alarm must be positive, got 0"),
    "false_alarm 1": ({"false_alarm": 1}, ValueError, "false_alarm must be below 1, got 1"),
    "false_alarm NaN": ({"false_alarm": np.nan}, ValueError, "false_alarm must be finite, got nan"),
    "thickness 0": ({"thickness": 0}, ValueError, "thickness must be at least 1, got 0"),
    "thickness 1.5": ({"thickness": 1.5}, TypeError, "thickness must be a whole number, got 1.5"),
    "aperture": ({"semiangle_cutoff": 0}, ValueError, "semiangle_cutoff must be positive, got 0"),
    "energy": ({"energy": -1}, ValueError, "energy must be positive, got -1"),
    "metric": ({"method": "fixed", "metric": "psnr"}, ValueError, "metric must be one of .*got 'psnr'"),
    "image's shape": ({"image": np.ones((64, 32))}, ValueError, r"shape \(64, 64\), got \(64, 32\)"),
    "image NaN": ({"image": np.full((64, 64), np.nan)}, ValueError, "image must be finite"),
    "image 3-D": (
        {"image": np.ones((1, 64, 64))},
        ValueError,
        r"image must be 2-D .*got shape \(1, 64, 64\)",
    ),
    "reference complex": (
        {"reference": np.ones((64, 64)) * 1j},
        TypeError,
        "reference must hold real numbers",
    ),
    "reference black": ({"reference": np.zeros((64, 64))}, ValueError, "reference must be brighter than 0"),
    "too many cells": ({"cells": 64}, ValueError, "cells must be at most 32 each way .*got 64"),
}


@pytest.mark.parametrize("case", BAD)
def test_sizing_refuses_with_value_and_rule_before_the_work_starts(case, monkeypatch):
    def work(*_, **__):
        raise AssertionError("the work started")

    for name in ("all_spheres", "patterns", "shot_noise", "cell_map"):
        monkeypatch.setattr(_sizes, name, work)
    changed, error, message = BAD[case]
    arguments = {"reference": crystal(2), "image": crystal(2), "cells": 2, "dose_per_area": 50.0}
    with pytest.raises(error, match=message):
        size_precipitate(**(arguments | {"sampling": SAMPLING} | changed))


def test_a_truth_of_another_shape_is_refused(sizers, pristine):
    with pytest.raises(ValueError, match=r"shape of the cells \(16, 16\), got \(4, 4\)"):
        sizers[50](pristine).misclassified(np.zeros((4, 4), bool))
    with pytest.raises(ValueError, match=r"reference's shape \(512, 512\), got \(64, 64\)"):
        sizers[50](np.ones((64, 64)))


@every_method
def test_inputs_are_not_changed(method):
    reference, image = crystal(4), exposure(crystal(4), 50, 28)
    copies = reference.copy(), image.copy()
    for array in (reference, image):
        array.flags.writeable = False
    size(reference, image, 50, cells=4, method=method, metric="chi_square")
    np.testing.assert_array_equal(reference, copies[0])
    np.testing.assert_array_equal(image, copies[1])


@pytest.mark.parametrize("factor", [0.0, -1.0, 1e300])
def test_what_is_no_image_gives_an_answer_without_overflow(factor):
    reference = crystal(4)
    found = size(reference, factor * reference.astype(float), 50, cells=4)
    assert np.isfinite(found.evidence)
    assert np.isfinite(found.map).all()


def test_a_reference_without_contrast_shows_nothing():
    found = size(np.ones((64, 64)), exposure(np.ones((64, 64)), 50, 29), 50, cells=2)
    assert not found.detected
    assert found.evidence == 0
