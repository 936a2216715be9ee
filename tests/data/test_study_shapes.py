"""The shapes of the study's specimens: whole, apart, and of the area that they are said to cover."""

import math

import numpy as np
import pytest

from hrtem_lab.data._study_shapes import APART, ELONGATION, SPHERES, across, study_shapes
from hrtem_lab.structures import Ellipsoid, Facetted, Sphere

CELLS = (16, 16, 40)
every_seed = pytest.mark.parametrize("seed", [1, 2, 2014])


@every_seed
class TestShapes:
    def test_they_lie_whole_in_the_specimen(self, seed):
        for shapes in study_shapes(seed, cells=CELLS).values():
            for shape in shapes:
                for center, half, count in zip(shape.center, shape.half_widths, CELLS, strict=True):
                    assert -0.006 <= center - half  # at a surface rounded to a hundredth
                    assert center + half <= count

    def test_spheres_are_of_every_size_and_two_touch_a_surface(self, seed):
        shapes = study_shapes(seed, cells=CELLS)
        spheres = [shapes[f"sphere-{number}"][0] for number in range(1, 7)]
        for sphere, low, high in zip(spheres, SPHERES, SPHERES[1:], strict=False):
            assert low <= sphere.diameter <= high
        tops = [sphere.center[2] - sphere.diameter / 2 for sphere in spheres]
        assert [abs(tops[number]) < 0.006 for number in (1, 4)] == [True, True]

    def test_ellipsoids_are_long_and_facets_are_facets(self, seed):
        shapes = study_shapes(seed, cells=CELLS)
        for number in (1, 2):
            (ellipsoid,), (facetted,) = shapes[f"ellipsoid-{number}"], shapes[f"facetted-{number}"]
            short, middle, long = sorted(ellipsoid.diameters)
            assert short == middle
            assert long / short == pytest.approx(ELONGATION, abs=0.003)
            assert isinstance(facetted, Facetted)

    def test_pairs_lie_apart(self, seed):
        shapes = study_shapes(seed, cells=CELLS)
        for number in (1, 2):
            one, other = shapes[f"pair-{number}"]
            distance = math.dist(one.center[:2], other.center[:2])
            assert distance - (one.diameter + other.diameter) / 2 > APART

    def test_a_seed_is_a_set_of_shapes(self, seed):
        assert study_shapes(seed, cells=CELLS) == study_shapes(seed, cells=CELLS)
        assert study_shapes(seed, cells=CELLS) != study_shapes(seed + 10, cells=CELLS)


@pytest.mark.parametrize(
    "shape",
    [
        Sphere((8, 8, 20), 6.3),
        Ellipsoid((8, 8, 20), (9.4, 5.6, 7.2)),
        Facetted((8, 8, 20), 7.6),
        Facetted((8, 8, 20), 7.6, wulff_ratio=3**-0.5),
        Facetted((8, 8, 20), 7.6, wulff_ratio=3**0.5),
        Facetted((8, 8, 20), 7.6, wulff_ratio=1.3),
    ],
    ids=repr,
)
def test_the_diameter_across_is_that_of_a_disc_of_the_area(shape):
    x, y = (np.arange(1600) + 0.37) / 100, (np.arange(1600) + 0.61) / 100  # no edge lies on a row of points
    area = (shape.depth(x[:, None], y) > 0).sum() / 1e4
    assert across(shape) == pytest.approx(2 * math.sqrt(area / math.pi), abs=0.005)
