"""All spheres that could be in a specimen, the evidence for each, and what follows for the diameter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from hrtem_lab.sizing import PrecipitateSizer
from hrtem_lab.sizing._evidence.posterior import interval, log_mean
from hrtem_lab.sizing._evidence.spheres import AMPLITUDES, all_spheres, evidence, thickness_map
from hrtem_lab.structures import replaced_cells
from tests.sizing.crystals import SAMPLING, crystal, exposure, rng


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


@pytest.mark.parametrize("diameter", [1, 2, 3, 5, 6])
def test_a_cell_exactly_on_a_sphere_belongs_to_it_wherever_its_centre_is(diameter):
    """As of replaced cells, also where the centre lies on a half cell."""
    for down, right in ((4, 4), (4, 4.5), (4.5, 4), (4.5, 4.5)):
        middle = 4 + diameter % 2 / 2
        replaced = replaced_cells(diameter, cells=(9, 9, 9), center=(right, down, middle))
        found = thickness_map(diameter, (down, right), (9, 9), 9)
        np.testing.assert_array_equal(found, replaced.sum(axis=2).T)


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
    at_known_noise, at_fitted_noise = evidence(
        y.astype(np.float32), np.ones((4, channels), np.float32), prior, spheres
    )
    noise = stats.multivariate_normal(np.zeros(12), np.eye(12)).logpdf(y.T.ravel())
    for number, sphere in enumerate(spheres):
        assert (
            at_known_noise[number].shape
            == at_fitted_noise[number].shape
            == (len(sphere.centers), len(AMPLITUDES))
        )
        for place, step in np.ndindex(at_known_noise[number].shape):
            phi = sphere.features[place].astype(float)
            pattern = AMPLITUDES[step] ** 2 * np.kron(np.diag(prior), phi.T @ phi)
            covariance = np.eye(12) + pattern
            with_sphere = stats.multivariate_normal(np.zeros(12), covariance)
            assert at_known_noise[number][place, step] == pytest.approx(
                with_sphere.logpdf(y.T.ravel()) - noise, abs=1e-4
            )
            # Noise of unknown strength s ≥ 1: the likelihood at its best s, without the constant.
            square = y.T.ravel() @ np.linalg.solve(covariance, y.T.ravel())
            s = np.linspace(1, 20, 4001)
            likelihood = -0.5 * (12 * np.log(s) + np.linalg.slogdet(covariance)[1] + square / s)
            assert at_fitted_noise[number][place, step] == pytest.approx(likelihood.max(), abs=1e-3)


@pytest.mark.parametrize(
    "dose",
    [
        pytest.param(1, marks=pytest.mark.slow),
        5,
        *(pytest.param(dose, marks=pytest.mark.slow) for dose in (50, 1000)),
    ],
)
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
    low, high = interval(probability)
    start, end = round(low - 0.5), round(high - 0.5)
    assert probability[start:end].sum() >= 0.95 - 1e-9
    for first in range(len(probability) - (end - start - 1) + 1):
        assert probability[first : first + end - start - 1].sum() < 0.95 + 1e-9


@given(values=arrays(float, st.integers(1, 20), elements=st.floats(-5, 5)), shift=st.floats(-2000, 2000))
def test_the_mean_of_exponentials_does_not_overflow(values, shift):
    assert log_mean(values + shift) == pytest.approx(np.log(np.exp(values).mean()) + shift, abs=1e-9)
