"""What a mismatch does to all cells alike: taken out, measured, and weighed."""

import numpy as np
import pytest
from scipy import stats

from hrtem_lab.sizing._evidence.smooth import CHANGES, change_evidence, lowest, polynomials, scatter
from tests.sizing.crystals import rng

CELLS = 12, 9


@pytest.mark.parametrize("cells", [(12, 9), (2, 7), (1, 5), (1, 1)])
@pytest.mark.parametrize("degree", [0, 1, 2])
def test_polynomials_are_orthonormal_and_the_lower_degrees_come_first(cells, degree):
    basis = polynomials(cells, degree)
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
    whole = polynomials(cells, 2)
    np.testing.assert_allclose(
        np.abs(whole[:, : basis.shape[1]].T @ basis), np.eye(basis.shape[1]), atol=1e-9
    )
    np.testing.assert_array_equal(lowest(whole, cells, degree), whole[:, : basis.shape[1]])
    assert lowest(whole, cells, -1).shape[1] == 0


def bowl(generator, cells=CELLS):
    """Any polynomial of degree 2 in a cell's place."""
    y, x = np.indices(cells)
    a = generator.normal(size=6)
    return (a[0] + a[1] * y + a[2] * x + a[3] * y**2 + a[4] * x * y + a[5] * x**2).ravel()


@pytest.mark.parametrize("seed", range(3))
def test_any_course_of_the_second_degree_is_taken_out(seed):
    course, basis = bowl(rng(seed)), polynomials(CELLS)
    np.testing.assert_allclose(course - basis @ (basis.T @ course), 0, atol=1e-9 * np.abs(course).max())


@pytest.mark.parametrize("seed", range(3))
def test_the_scatter_knows_no_smooth_course(seed):
    generator = rng(seed)
    noise = 3 * generator.normal(size=(5, CELLS[0] * CELLS[1]))
    course = np.stack([bowl(generator) for _ in noise])
    plain = scatter(noise, polynomials(CELLS))
    np.testing.assert_allclose(scatter(noise + course, polynomials(CELLS)), plain, rtol=1e-9)


def test_the_scatter_is_the_standard_deviation_and_a_sphere_hardly_changes_it():
    noise = rng(1).normal(size=(64, 256)) * np.linspace(2, 4, 64)[:, None]
    basis = polynomials((16, 16))
    expected = np.linspace(2, 4, 64)
    above = expected > 3.3  # those below the channels' median are raised to it
    found = scatter(noise, basis)
    assert found[above] / expected[above] == pytest.approx(np.ones(above.sum()), abs=0.3)
    assert np.mean(found[above] / expected[above]) == pytest.approx(1, abs=0.05)
    assert found.min() == pytest.approx(np.median(found), rel=0.1)
    noise[:, 100:116] += 10
    assert np.mean(scatter(noise, basis)[above] / expected[above]) == pytest.approx(1, abs=0.35)


def test_the_scatter_is_never_below_the_electrons_noise():
    assert scatter(1e-3 * rng(1).normal(size=(8, 256)), polynomials((16, 16))).tolist() == [1] * 8


@pytest.mark.parametrize("seed", range(3))
def test_the_evidence_for_a_change_is_the_ratio_of_two_normal_densities(seed):
    generator = rng(seed)
    prior, coefficients = generator.uniform(0, 0.5, 4), generator.normal(size=(4, 6)) * 2
    cells, ratios = 50, []
    for change in CHANGES:
        with_change = stats.norm(0, np.sqrt(1 + change**2 * prior * cells)[:, None]).logpdf(coefficients)
        ratios.append((with_change - stats.norm(0, 1).logpdf(coefficients)).sum())
    expected = np.log(np.mean(np.exp(ratios)))
    assert change_evidence(coefficients, prior, cells) == pytest.approx(expected, abs=1e-9)


def test_no_change_is_more_likely_than_one_where_there_is_none():
    assert change_evidence(rng(1).normal(size=(64, 6)), np.full(64, 0.1), 256) < 0
    assert change_evidence(5 * rng(1).normal(size=(64, 6)), np.full(64, 0.1), 256) > 100
