"""All spheres that could be in an image: where they are tried, and the search against the direct evidence."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hrtem_lab.sizing._evidence.explained import Exposed
from hrtem_lab.sizing._evidence.smooth import polynomials
from hrtem_lab.sizing._evidence.spheres import (
    COARSE_TERMS,
    HALVES,
    SphereGrid,
    courses_of,
    diameters_of,
    sphere_grid,
    weigh_some,
)
from tests.sizing.crystals import rng

DEPTH = 40
every_field = pytest.mark.parametrize("cells", [(12, 9), (5, 14)])


def exposed(generator, cells, channels=4):
    count = cells[0] * cells[1]
    electrons = generator.uniform(0.6, 1.4, count)
    return Exposed(
        channels=generator.normal(scale=1.4, size=(channels, count)).astype(np.float32),
        prior=generator.uniform(0, 2000, channels),
        electrons=electrons / electrons.mean(),
        noise=generator.uniform(0.8, 1.2, channels),
    )


def test_diameters_are_all_whole_ones_and_then_a_tenth_apart():
    assert diameters_of(9) == list(range(1, 10))
    many = diameters_of(64)
    assert many[:16] == list(range(1, 17))
    assert np.diff(np.log(many[15:])) == pytest.approx(np.log(1.1))
    assert 64 / 1.1 < many[-1] <= 64


@every_field
def test_centres_are_tried_all_over_the_field_small_spheres_on_half_cells(cells):
    image = exposed(rng(1), cells)
    (found,) = SphereGrid(cells, DEPTH).weigh(image, [polynomials(cells)])
    assert {one.diameter for one in found} == set(diameters_of(min(cells)))
    for diameter in diameters_of(min(cells)):
        centers = np.concatenate([one.centers for one in found if one.diameter == diameter])
        assert len(np.unique(centers, axis=0)) == len(centers)
        assert len(centers) == (4 if diameter <= HALVES else 1) * cells[0] * cells[1]
        assert centers.min() == 0
        assert (centers.max(axis=0) >= np.array(cells) - 1).all()


def direct(image, one, places, cells, nuisance, further=None):
    """The evidence of some of the spheres, cell by cell."""
    spheres = [(one.diameter, *one.centers[place]) for place in places]
    courses = courses_of(spheres, cells, DEPTH)[:, :COARSE_TERMS]
    unknown = nuisance if further is None else np.hstack([nuisance, further])
    return weigh_some(image, courses, unknown)


@every_field
@pytest.mark.parametrize("unknowns", [0, 1, 6])
def test_the_search_gives_what_the_direct_evaluation_gives_also_at_the_edge(cells, unknowns):
    generator, nuisance = rng([*cells, unknowns]), polynomials(cells)[:, :unknowns]
    image = exposed(generator, cells)
    (found,) = SphereGrid(cells, DEPTH).weigh(image, [nuisance])
    for one in found:
        edge = np.flatnonzero((one.centers < 1).any(axis=1))
        places = [*generator.integers(0, len(one.centers), 4), *generator.choice(edge, 3)]
        known, fitted = direct(image, one, places, cells, nuisance)
        # In single precision, and courses are cut two cells beyond the rim.
        np.testing.assert_allclose(one.at_known_noise[places], known, atol=0.02)
        np.testing.assert_allclose(one.at_fitted_noise[places], fitted, atol=0.02)


@every_field
def test_the_search_beside_another_sphere_knows_nothing_of_it(cells):
    generator, nuisance = rng(5), polynomials(cells)
    image = exposed(generator, cells)
    other = courses_of([(3.0, 2.5, 2.5)], cells, DEPTH)[0].T.astype(float)
    further, _ = np.linalg.qr(other - nuisance @ (nuisance.T @ other))
    grid = SphereGrid(cells, DEPTH)
    (found,) = grid.weigh(image, [nuisance], further=further)
    strong = replace(
        image, channels=(image.channels + 9 * generator.normal(size=(4, 4)) @ further.T).astype(np.float32)
    )
    (again,) = grid.weigh(strong, [nuisance], further=further)
    for one, same in zip(found, again, strict=True):
        places = generator.integers(0, len(one.centers), 3)
        known, fitted = direct(image, one, places, cells, nuisance, further)
        np.testing.assert_allclose(one.at_known_noise[places], known, atol=0.03)
        np.testing.assert_allclose(one.at_fitted_noise[places], fitted, atol=0.03)
        np.testing.assert_allclose(same.at_known_noise, one.at_known_noise, atol=0.05)


def test_the_search_does_not_depend_on_the_number_of_threads():
    cells = (8, 8)
    image, basis, grid = exposed(rng(6), cells), polynomials(cells), sphere_grid(cells, DEPTH)
    threads = cv2.getNumThreads()
    found = []
    try:
        for number in (1, 3):
            cv2.setNumThreads(number)
            found.append(grid.weigh(image, [basis])[0])
    finally:
        cv2.setNumThreads(threads)
    for alone, together in zip(*found, strict=True):
        assert alone.diameter == together.diameter
        np.testing.assert_array_equal(alone.centers, together.centers)
        np.testing.assert_array_equal(alone.at_known_noise, together.at_known_noise)


def test_several_ideas_at_once_are_weighed_as_one_by_one():
    cells = (8, 8)
    image, basis, grid = exposed(rng(7), cells), polynomials(cells), sphere_grid(cells, DEPTH)
    ideas = [basis[:, :0], basis[:, :1], basis]
    for idea, together in zip(ideas, grid.weigh(image, ideas), strict=True):
        (alone,) = grid.weigh(image, [idea])
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_allclose(one.at_fitted_noise, other.at_fitted_noise, atol=1e-6)
    assert sphere_grid(cells, DEPTH) is grid


def test_courses_lie_where_their_sphere_does():
    cells = (14, 10)
    first, second, beyond = courses_of(
        [(4.0, 6.0, 5.0), (4.0, 8.0, 5.0), (4.0, 6.0, 0.0)], cells, DEPTH
    ).reshape(3, -1, *cells)
    np.testing.assert_allclose(second[:, 2:], first[:, :-2], atol=1e-6)
    energy = (first[0] ** 2).sum()
    assert (beyond[0] ** 2).sum() == pytest.approx(energy / 2, rel=1e-4)
    y, x = np.indices(cells) + 0.5
    assert (first[0] ** 2 * y).sum() / energy == pytest.approx(6, abs=1e-4)
    assert (first[0] ** 2 * x).sum() / energy == pytest.approx(5, abs=1e-4)
