"""The shapes of the study's specimens: drawn by chance, so that no method was made with them in mind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from hrtem_lab.structures import Ellipsoid, Facetted, Shape, Sphere

SPHERES = (4.0, 5.5, 7.0, 8.5, 10.0, 11.5, 13.0)
"""Bounds in cells between which the diameters lie: one sphere between each two."""
ELONGATION = 1.3
"""Long axis of an ellipsoid in units of its two short ones."""
APART = 1.0
"""Cells of crystal that at least lie between two precipitates of a pair, seen along the beam."""


def study_shapes(seed: int, *, cells: tuple[int, int, int]) -> Mapping[str, Sequence[Shape]]:
    """Return the name of each specimen and its precipitates.

    Six spheres of 4 to 13 cells, the second and fifth of which touch a surface of the specimen; two
    ellipsoids and two facetted bodies; two pairs of spheres. Lengths are rounded to hundredths of a cell.
    """
    rng = np.random.default_rng(seed)
    shapes: dict[str, Sequence[Shape]] = {}
    for number, bounds in enumerate(pairwise(SPHERES), start=1):
        at_surface = number in (2, 5)
        shapes[f"sphere-{number}"] = [_sphere(rng, bounds, cells, at_surface=at_surface)]
    for number, bounds in enumerate([(5.0, 7.5), (7.5, 10.0)], start=1):
        shapes[f"ellipsoid-{number}"] = [_ellipsoid(rng, bounds, cells)]
    for number, bounds in enumerate([(5.0, 7.5), (7.5, 10.0)], start=1):
        diameter = round(rng.uniform(*bounds), 2)
        ratio = round(rng.uniform(0.8, 1.6), 2)
        center = _anywhere(rng, (diameter,) * 3, cells)
        shapes[f"facetted-{number}"] = [Facetted(center, diameter, wulff_ratio=ratio)]
    for number in (1, 2):
        shapes[f"pair-{number}"] = _pair(rng, cells)
    return shapes


def across(shape: Shape) -> float:
    """Return the diameter in cells of a disc of the area that a shape covers, seen along the beam."""
    if isinstance(shape, Facetted):
        corner = max(2 - math.sqrt(3) * shape.wulff_ratio, 0)  # what the octahedron cuts off a square
        return shape.diameter * math.sqrt((1 - corner**2 / 2) * 4 / math.pi)
    x, y, _ = shape.half_widths
    return 2 * math.sqrt(x * y)


def _sphere(
    rng: np.random.Generator,
    bounds: tuple[float, float],
    cells: tuple[int, int, int],
    *,
    at_surface: bool = False,
) -> Sphere:
    diameter = round(rng.uniform(*bounds), 2)
    x, y, z = _anywhere(rng, (diameter,) * 3, cells)
    return Sphere((x, y, round(diameter / 2, 2) if at_surface else z), diameter)


def _ellipsoid(
    rng: np.random.Generator, bounds: tuple[float, float], cells: tuple[int, int, int]
) -> Ellipsoid:
    """Return an ellipsoid of the volume of a sphere; its long axis lies along any axis of the crystal."""
    short = rng.uniform(*bounds) * ELONGATION ** (-1 / 3)
    diameters = [round(short, 2)] * 3
    diameters[int(rng.integers(3))] = round(ELONGATION * short, 2)
    x, y, z = diameters
    return Ellipsoid(_anywhere(rng, (x, y, z), cells), (x, y, z))


def _pair(rng: np.random.Generator, cells: tuple[int, int, int]) -> list[Sphere]:
    while True:
        one, other = (_sphere(rng, (4.0, 7.0), cells) for _ in range(2))
        distance = math.dist(one.center[:2], other.center[:2])
        if distance > (one.diameter + other.diameter) / 2 + APART:
            return [one, other]


def _anywhere(
    rng: np.random.Generator, widths: tuple[float, float, float], cells: tuple[int, int, int]
) -> tuple[float, float, float]:
    """Return a centre from which a body of these widths lies whole in the specimen."""
    x, y, z = (
        round(rng.uniform(width / 2 + 0.01, count - width / 2 - 0.01), 2)
        for width, count in zip(widths, cells, strict=True)
    )
    return x, y, z
