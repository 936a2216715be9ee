"""The size and place of one sphere in parts of a cell, and its interval."""

import numpy as np
import pytest

from hrtem_lab.sizing._evidence.explained import Exposed
from hrtem_lab.sizing._evidence.measured import Sphere, best_of, distance, refined
from hrtem_lab.sizing._evidence.smooth import polynomials
from hrtem_lab.sizing._evidence.spheres import courses_of, sphere_grid
from tests.sizing.crystals import rng

CELLS, DEPTH = (16, 16), 40


def exposed(generator, spheres, strength, channels=12):
    """Channels with a sphere of the model in them, each of its courses with a pattern drawn by chance."""
    noise = generator.normal(size=(channels, CELLS[0] * CELLS[1]))
    prior = strength**2 * generator.uniform(0.2, 2, channels)
    for courses in courses_of(spheres, CELLS, DEPTH):
        patterns = generator.normal(size=(channels, len(courses))) * np.sqrt(prior)[:, None]
        noise += patterns @ courses
    return Exposed(noise.astype(np.float32), prior, np.ones(noise.shape[1]), np.ones(channels))


@pytest.mark.parametrize("sphere", [(4.4, 7.2, 8.6), (6.7, 8.0, 5.3), (9.3, 7.8, 8.1), (5.5, 1.1, 9.0)])
def test_a_sphere_of_the_model_is_measured_to_a_part_of_a_cell(sphere):
    errors, places, inside = [], [], []
    for seed in range(3):
        image = exposed(rng([seed, int(10 * sphere[0])]), [sphere], 120.0)
        nuisance = polynomials(CELLS)
        (weighed,) = sphere_grid(CELLS, DEPTH).weigh(image, [nuisance])
        start = best_of(weighed)
        assert abs(start.diameter - sphere[0]) <= 1
        found = refined(start, image, nuisance.astype(np.float32), CELLS, DEPTH)
        errors.append(found.diameter - sphere[0])
        places.append(np.subtract(found.center, sphere[1:]))
        inside.append(found.interval[0] <= sphere[0] <= found.interval[1])
    assert np.abs(errors).max() < 0.4
    assert np.abs(places).max() < 0.3  # centres are tried on quarters of a cell
    assert all(inside)


def test_more_evidence_makes_the_interval_narrower_and_a_floor_holds_it_wide():
    """What the model leaves aside does not shrink with the dose, and little evidence is not normal."""
    halves = []
    for evidence in (5.0, 20.0, 100.0, 1e3, 1e6):
        low, high = Sphere(6.0, 0.1, (8.0, 8.0), evidence).interval
        assert low + high == pytest.approx(12) or low == 0
        halves.append(high - 6)
    assert (np.diff(halves) < 0).all()
    # At least some 0.4 cells for facets and ellipsoids, and a median of at most 0.8 in all.
    assert 0.4 < halves[-1] < 0.8
    assert halves[1] > 2 * halves[-1]
    assert Sphere(1.0, 2.0, (8.0, 8.0), 5.0).interval[0] == 0


def test_a_larger_spread_makes_the_interval_wider():
    narrow, wide = (Sphere(9.0, deviation, (8.0, 8.0), 1e9).interval for deviation in (0.0, 2.0))
    # 95 % of normal numbers lie within 1.96 standard deviations, of the training specimens in a few more.
    assert 1.96 * np.hypot(2, 0.25) < (wide[1] - wide[0]) / 2 < 2.4 * np.hypot(2, 0.35)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_the_models_error_is_small_beside_what_the_noise_leaves_open():
    """So the interval stays below ± 0.8 cell where diameters are told apart at once."""
    image = exposed(rng(3), [(6.7, 8.0, 8.0)], 100.0)
    nuisance = polynomials(CELLS)
    (weighed,) = sphere_grid(CELLS, DEPTH).weigh(image, [nuisance])
    found = refined(best_of(weighed), image, nuisance.astype(np.float32), CELLS, DEPTH)
    assert 0 < found.deviation < 0.3


def test_the_cells_of_a_sphere_are_those_whose_middle_it_covers():
    mask = Sphere(4.0, 0.1, (3.0, 4.0), 100.0).covers((6, 9))
    y, x = np.indices((6, 9)) + 0.5
    np.testing.assert_array_equal(mask, np.hypot(y - 3, x - 4) <= 2)
    np.testing.assert_allclose(distance((3.0, 4.0), (6, 9)), np.hypot(y - 3, x - 4))
