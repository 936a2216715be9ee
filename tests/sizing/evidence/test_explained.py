"""The evidence for a sphere, against densities that are computed another way."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hrtem_lab.sizing._evidence.explained import AMPLITUDES, Exposed
from hrtem_lab.sizing._evidence.smooth import polynomials
from hrtem_lab.sizing._evidence.spheres import courses_of, weigh_some
from tests.sizing.crystals import rng

CELLS = 5, 4
SPHERES = [(3.0, 2.5, 2.0), (2.2, 1.3, 0.4), (4.0, 5.2, 2.0)]


def exposed(generator, count=3, **options):
    """Channels of cells of which one is as bright as another."""
    made = {
        "channels": generator.normal(scale=1.5, size=(count, CELLS[0] * CELLS[1])).astype(np.float32),
        "prior": generator.uniform(0, 500, count),
        "electrons": np.ones(CELLS[0] * CELLS[1]),
        "noise": np.ones(count),
    }
    return Exposed(**(made | options))


def dense(image, courses, unknown):
    """The two evidences for each amplitude, from normal densities on what no unknown course reaches."""
    channels, cells = image.channels.shape
    whole, _ = np.linalg.qr(np.hstack([unknown, np.eye(cells)]))
    left = whole[:, unknown.shape[1] :]
    y = (image.channels.astype(float) @ left).ravel()
    noise = stats.multivariate_normal(np.zeros(y.size), np.eye(y.size)).logpdf(y)
    phi = courses.astype(float) @ left
    known, fitted = [], []
    # Noise of unknown strength s ≥ 1: the likelihood at its best s, for as many numbers as channels.
    s = np.linspace(1, 6, 20001)
    count = channels * cells
    without = (-0.5 * (count * np.log(s) + y @ y / s)).max()
    for amplitude in AMPLITUDES:
        covariance = np.eye(y.size) + amplitude**2 * np.kron(np.diag(image.prior), phi.T @ phi)
        known.append(stats.multivariate_normal(np.zeros(y.size), covariance).logpdf(y) - noise)
        square = y @ np.linalg.solve(covariance, y)
        with_sphere = -0.5 * (count * np.log(s) + np.linalg.slogdet(covariance)[1] + square / s)
        fitted.append(with_sphere.max() - without)
    return known, fitted


@pytest.mark.parametrize("unknowns", [0, 1, 6])
@pytest.mark.parametrize("seed", range(3))
def test_the_evidence_is_the_ratio_of_two_normal_densities_with_a_flat_prior_on_smooth_changes(
    seed, unknowns
):
    image, unknown = exposed(rng(seed)), polynomials(CELLS)[:, :unknowns]
    courses = courses_of(SPHERES, CELLS, 12)
    known, fitted = weigh_some(image, courses, unknown)
    assert known.shape == fitted.shape == (len(SPHERES), len(AMPLITUDES))
    for place in range(len(SPHERES)):
        expected = dense(image, courses[place], unknown)
        # A course that is next to none is left out: 1e-4 of the strongest one's energy.
        np.testing.assert_allclose(known[place], expected[0], atol=0.02)
        np.testing.assert_allclose(fitted[place], expected[1], atol=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_a_smooth_change_of_all_cells_changes_no_evidence(seed):
    generator = rng(seed)
    image, basis = exposed(generator), polynomials(CELLS)
    change = (20 * generator.normal(size=(3, 6)) @ basis.T).astype(np.float32)
    moved = replace(image, channels=image.channels + change)
    courses = courses_of(SPHERES, CELLS, 12)
    for one, other in zip(*(weigh_some(each, courses, basis) for each in (image, moved)), strict=True):
        np.testing.assert_allclose(one, other, atol=0.01)
    assert (
        np.abs(
            weigh_some(moved, courses, basis[:, :3])[0] - weigh_some(image, courses, basis[:, :3])[0]
        ).max()
        > 5
    )


@pytest.mark.parametrize("electrons", [1.3, 0.7])
def test_more_electrons_than_elsewhere_are_no_evidence_by_themselves(electrons):
    """Squares of single electrons: noise that is as strong as a cell's electrons is explained by them."""
    draws = 400
    generator, basis = rng(2), polynomials(CELLS)[:, :0]
    courses = courses_of(SPHERES[:1], CELLS, 12)
    found = {True: [], False: []}
    for _ in range(draws):
        noise = (np.sqrt(electrons) * generator.normal(size=(3, 20))).astype(np.float32)
        for told, values in found.items():
            image = exposed(
                rng(3), channels=noise, noise=np.ones(3), electrons=np.full(20, electrons if told else 1.0)
            )
            values.append(weigh_some(image, courses, basis)[0][0, -1])
    usual = [
        weigh_some(
            exposed(rng(3), channels=generator.normal(size=(3, 20)).astype(np.float32)),
            courses,
            basis,
        )[0][0, -1]
        for _ in range(draws)
    ]
    doubt = 4 * np.std(found[True]) / np.sqrt(draws)
    assert np.mean(found[True]) == pytest.approx(np.mean(usual), abs=doubt)
    assert abs(np.mean(found[False]) - np.mean(usual)) > doubt
