"""Shapes of precipitates: their volume, what lies in them, and the line of the beam inside them."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull, HalfspaceIntersection

from hrtem_lab.structures import Ellipsoid, Facetted, Shape, Sphere

ERRORS = (TypeError, ValueError)
untimed = settings(deadline=None, max_examples=40)
OCTAHEDRON, TRUNCATED, CUBOCTAHEDRON, CUBE = 3**-0.5, 3**0.5 / 2, 2 * 3**-0.5, 3**0.5
SHAPES = [
    Sphere((3.3, 4.1, 5.7), 4.6),
    Ellipsoid((3.3, 4.1, 5.7), (4.6, 1.9, 6.4)),
    *(Facetted((3.3, 4.1, 5.7), 4.6, ratio) for ratio in (OCTAHEDRON, 0.7, TRUNCATED, 1.3, CUBE)),
]
places = st.floats(-20, 20)


def hull(ratio):
    """Return the body |n·r| ≤ distance of unit faces {100} and {111} at `ratio`, as its corners' hull."""
    normals = [(*np.roll((sign, 0, 0), axis),) for sign in (-1, 1) for axis in range(3)]
    slanted = [(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
    planes = [(*normal, -1) for normal in normals]
    planes += [(*(np.array(normal) / math.sqrt(3)), -ratio) for normal in slanted]
    corners = HalfspaceIntersection(np.array(planes, float), np.zeros(3)).intersections
    return ConvexHull(np.unique(corners.round(9), axis=0))


@pytest.mark.parametrize("shape", SHAPES, ids=repr)
class TestEveryShape:
    def test_the_lines_fill_the_volume(self, shape):
        ranges = [
            np.linspace(m - h, m + h, 801) for m, h in zip(shape.center, shape.half_widths, strict=True)
        ]
        x, y = ((edges[1:] + edges[:-1]) / 2 for edges in ranges[:2])
        area = np.prod([edges[1] - edges[0] for edges in ranges[:2]])
        assert shape.depth(x[:, None], y[None, :]).sum() * area == pytest.approx(shape.volume, rel=1e-4)

    def test_a_line_is_as_long_as_its_points_inside(self, shape):
        z = np.arange(0, 12, 1e-3) + 5e-4
        for x, y in [(3.3, 4.1), (2.2, 4.4), (4.9, 3.8), (3.9, 4.9), (5.5, 4.1), (5.7, 4.1), (3.3, 6.3)]:
            points = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
            assert shape.contains(points).sum() * 1e-3 == pytest.approx(shape.depth(x, y), abs=2e-3)

    def test_it_is_its_own_mirror_image_in_every_axis(self, shape):
        points = np.random.default_rng(1).normal(shape.center, 1.5, (500, 3))
        inside = shape.contains(points)
        assert 50 < inside.sum() < 450
        for axis in range(3):
            mirrored = points.copy()
            mirrored[:, axis] = 2 * shape.center[axis] - points[:, axis]
            assert np.array_equal(shape.contains(mirrored), inside)

    def test_it_reaches_its_half_widths_and_not_further(self, shape):
        for axis, half in enumerate(shape.half_widths):
            for factor, met in ((1, True), (1 + 1e-6, False)):
                point = np.array(shape.center)
                point[axis] += factor * half
                assert bool(shape.contains(point)) is met

    def test_it_moves_with_its_centre(self, shape):
        moved = dataclasses.replace(shape, center=tuple(np.add(shape.center, (1.25, -2.5, 0.75))))
        x, y = np.random.default_rng(2).normal(4, 1.5, (2, 100))
        assert moved.depth(x + 1.25, y - 2.5) == pytest.approx(shape.depth(x, y), abs=1e-12)
        assert moved.volume == shape.volume

    def test_it_grows_with_its_diameter(self, shape):
        if isinstance(shape, Ellipsoid):
            doubled = dataclasses.replace(shape, diameters=tuple(2 * one for one in shape.diameters))
        else:
            doubled = dataclasses.replace(shape, diameter=2 * shape.diameter)
        assert doubled.volume == pytest.approx(8 * shape.volume)
        x, y = shape.center[0] + 0.3, shape.center[1] + 0.2
        far = doubled.depth(2 * x - shape.center[0], 2 * y - shape.center[1])
        assert far == pytest.approx(2 * shape.depth(x, y))

    def test_arrays_of_any_shape_broadcast(self, shape):
        assert shape.depth(np.zeros((3, 1)), np.zeros(4)).shape == (3, 4)
        assert shape.contains(np.zeros((2, 5, 3))).shape == (2, 5)
        assert shape.contains(shape.center).shape == ()
        assert shape.contains([[1, 2, 3]]).dtype == bool

    def test_far_away_is_nothing(self, shape):
        for far in (1e3, -1e200):
            assert shape.depth(far, 4) == shape.depth(4, far) == 0
            assert not shape.contains((far, 4, 4))

    @pytest.mark.parametrize(
        ("call", "rule"),
        [
            (lambda shape: shape.depth(math.nan, 0), "x must be finite, got NaN"),
            (lambda shape: shape.depth(0, math.inf), "y must be finite, got NaN or infinity"),
            (lambda shape: shape.depth("3", 0), "x must hold real numbers"),
            (lambda shape: shape.depth(1j, 0), "x must hold real numbers"),
            (lambda shape: shape.contains((0, math.nan, 0)), "points must be finite"),
            (lambda shape: shape.contains((0, 0)), r"points must be \(x, y, z\), .* got shape \(2,\)"),
            (lambda shape: shape.contains(3.0), r"points must be \(x, y, z\), .* got shape \(\)"),
        ],
    )
    def test_what_is_no_place_is_refused(self, shape, call, rule):
        with pytest.raises(ERRORS, match=rule):
            call(shape)

    def test_it_is_frozen_and_compares_by_value(self, shape):
        assert isinstance(shape, Shape)
        assert shape == dataclasses.replace(shape)
        assert hash(shape) == hash(dataclasses.replace(shape))
        with pytest.raises(dataclasses.FrozenInstanceError):
            shape.center = (0, 0, 0)


@untimed
@given(places, places, places, st.floats(0.01, 20))
def test_a_sphere_is_an_ellipsoid_and_its_surface_belongs_to_it(x, y, z, diameter):
    sphere, same = Sphere((x, y, z), diameter), Ellipsoid((x, y, z), (diameter,) * 3)
    assert sphere.volume == same.volume
    assert sphere.depth(x, y) == same.depth(x, y) == pytest.approx(diameter)
    assert sphere.half_depth(x, y) == pytest.approx(diameter / 2)
    assert sphere.contains((x, y, z + diameter / 2)) == same.contains((x, y, z + diameter / 2)) == 1
    assert sphere.depth(x + 0.3 * diameter, y) == pytest.approx(0.8 * diameter)


@pytest.mark.parametrize("ratio", [OCTAHEDRON, 0.6, TRUNCATED, 1.0, CUBOCTAHEDRON, 1.5, CUBE])
def test_the_facetted_volume_is_that_between_its_planes(ratio):
    assert Facetted((0, 0, 0), 2, ratio).volume == pytest.approx(hull(ratio).volume)


@pytest.mark.parametrize(
    ("ratio", "corners"), [(OCTAHEDRON, 6), (TRUNCATED, 24), (CUBOCTAHEDRON, 12), (CUBE, 8)]
)
def test_named_ratios_are_the_bodies_of_that_name(ratio, corners):
    body, planes = Facetted((0, 0, 0), 2, ratio), hull(ratio)
    assert len(planes.vertices) == corners
    assert body.contains(planes.points).all()
    assert not body.contains(planes.points * 1.001).any()


def test_the_truncated_octahedron_is_the_default():
    assert Facetted((1, 2, 3), 4) == Facetted((1, 2, 3), 4, wulff_ratio=TRUNCATED)


def test_whole_numbers_arrays_and_lists_are_taken():
    expected = Ellipsoid((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    assert Ellipsoid(np.array([1, 2, 3]), [4, 5, 6]) == expected
    assert Facetted([1, 2, 3], 2) == Facetted(np.array([1.0, 2, 3]), np.float32(2))
    assert expected.depth(1, 2) == 6


NONSENSE = [
    (lambda: Sphere((1, 1, 1), 0), "diameter must be positive, got 0"),
    (lambda: Sphere((1, 1, 1), -2.5), "diameter must be positive, got -2.5"),
    (lambda: Sphere((1, 1, 1), math.nan), "diameter must be finite, got nan"),
    (lambda: Sphere((1, 1, 1), "3"), "diameter must be a real number, got '3'"),
    (lambda: Sphere((1, 1), 2), "center must be three numbers"),
    (lambda: Sphere(4, 2), "center must be three numbers"),
    (lambda: Sphere((1, math.nan, 1), 2), "center must be finite, got nan"),
    (lambda: Ellipsoid((1, 1, math.inf), (1, 1, 1)), "center must be finite, got inf"),
    (lambda: Ellipsoid((1, 1, 1), 2), "diameters must be three numbers"),
    (lambda: Ellipsoid((1, 1, 1), (1, 1, 0)), "diameters must be positive, got 0"),
    (lambda: Ellipsoid((1, 1, 1), (1, math.nan, 1)), "diameters must be finite, got nan"),
    (lambda: Ellipsoid((1, 1, 1), (1, True, 1)), "diameters must be a real number, got True"),
    (lambda: Facetted((1, 1, 1), -1), "diameter must be positive, got -1"),
    (lambda: Facetted((1, 1), 1), "center must be three numbers"),
    (lambda: Facetted((1, 1, 1), 1, 0.57), r"wulff_ratio must lie between 1/√3 .* got 0.57"),
    (lambda: Facetted((1, 1, 1), 1, 1.74), r"wulff_ratio must lie between 1/√3 .* got 1.74"),
    (lambda: Facetted((1, 1, 1), 1, math.nan), "wulff_ratio must be finite, got nan"),
]


@pytest.mark.parametrize(("make", "rule"), NONSENSE)
def test_nonsense_is_refused_by_its_rule(make, rule):
    with pytest.raises(ERRORS, match=rule):
        make()
