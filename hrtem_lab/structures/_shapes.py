"""Shapes of precipitates, in cells from the corner of a specimen."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab._validation import positive, real_number

# What lies on the surface belongs to the shape, whatever the rounding.
_MARGIN = 1e-9
_OCTAHEDRON, _CUBE = 1 / math.sqrt(3), math.sqrt(3)


class Shape(ABC):
    """A convex body in units of cells along (x, y, z) from the specimen's corner.

    `Ellipsoid`, `Sphere` and `Facetted` are the shapes there are.
    """

    center: tuple[float, float, float]

    @property
    @abstractmethod
    def half_widths(self) -> tuple[float, float, float]:
        """How far the shape reaches from its centre along x, y and z, in cells."""

    @property
    @abstractmethod
    def volume(self) -> float:
        """Volume of the whole shape in cells."""

    @abstractmethod
    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Tell which points lie in the shape; its surface belongs to it.

        Parameters
        ----------
        points : array_like, shape (…, 3)
            (x, y, z) in cells.

        Returns
        -------
        numpy.ndarray of bool, shape (…)

        Raises
        ------
        TypeError, ValueError
            If the points are not finite real numbers, three for each point.
        """

    @abstractmethod
    def half_depth(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.floating]:
        """Return how far the shape reaches above and below its centre at (x, y), in cells.

        Each of the shapes is its own mirror image in the plane through its centre across the beam.

        Parameters
        ----------
        x, y : array_like
            In cells, of shapes that broadcast.

        Returns
        -------
        numpy.ndarray
            0 beside the shape.

        Raises
        ------
        TypeError, ValueError
            If x or y are not finite real numbers.
        """

    def depth(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.floating]:
        """Return the length of the line along z inside the shape at (x, y), in cells, exactly.

        Parameters
        ----------
        x, y : array_like
            In cells, of shapes that broadcast.

        Returns
        -------
        numpy.ndarray
            0 beside the shape. The whole shape counts, also what a specimen's surface would cut off.

        Raises
        ------
        TypeError, ValueError
            If x or y are not finite real numbers.
        """
        return 2 * self.half_depth(x, y)


@dataclass(frozen=True)
class Ellipsoid(Shape):
    """An ellipsoid with its axes along x, y, z.

    Parameters
    ----------
    center : (float, float, float)
        In cells from the corner, anywhere.
    diameters : (float, float, float)
        Along x, y and z, in cells.

    Raises
    ------
    TypeError, ValueError
        If these are not three finite numbers each, or a diameter is not positive.

    Examples
    --------
    >>> flat = Ellipsoid((8, 8, 20.3), (6.5, 4, 2))
    >>> float(flat.depth(8, 8)), round(flat.volume, 3)
    (2.0, 27.227)
    """

    center: tuple[float, float, float]
    diameters: tuple[float, float, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "center", _three("center", self.center))
        diameters = _three("diameters", self.diameters)
        object.__setattr__(self, "diameters", tuple(positive("diameters", one) for one in diameters))

    @property
    def half_widths(self) -> tuple[float, float, float]:
        """How far the ellipsoid reaches from its centre along x, y and z, in cells."""
        x, y, z = self.diameters
        return x / 2, y / 2, z / 2

    @property
    def volume(self) -> float:
        """Volume of the whole ellipsoid in cells, π/6 · dx dy dz."""
        return math.pi / 6 * math.prod(self.diameters)

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        scaled = _scaled(_points(points), self.center, self.half_widths)
        inside: NDArray[np.bool_] = np.linalg.norm(scaled, axis=-1) <= 1 + _MARGIN
        return inside

    def half_depth(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.floating]:
        across = _scaled(_finite("x", x), self.center[0], self.half_widths[0])
        along = _scaled(_finite("y", y), self.center[1], self.half_widths[1])
        radius = np.minimum(np.hypot(across, along), 1)
        return self.half_widths[2] * np.sqrt((1 - radius) * (1 + radius))


@dataclass(frozen=True)
class Sphere(Shape):
    """A sphere, in cells: an ellipsoid with three equal diameters.

    Parameters
    ----------
    center : (float, float, float)
        In cells from the corner, anywhere.
    diameter : float
        In cells.

    Raises
    ------
    TypeError, ValueError
        If the centre is not three finite numbers, or the diameter is not positive.

    Examples
    --------
    >>> sphere = Sphere((8, 8, 20), 6)
    >>> sphere.depth([8, 10.9, 12], 8).round(2).tolist()
    [6.0, 1.54, 0.0]
    """

    center: tuple[float, float, float]
    diameter: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "center", _three("center", self.center))
        object.__setattr__(self, "diameter", positive("diameter", self.diameter))

    @property
    def half_widths(self) -> tuple[float, float, float]:
        """The radius, three times."""
        return (self.diameter / 2,) * 3

    @property
    def volume(self) -> float:
        """Volume of the whole sphere in cells, π/6 · d³."""
        return self._ellipsoid().volume

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        return self._ellipsoid().contains(points)

    def half_depth(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.floating]:
        return self._ellipsoid().half_depth(x, y)

    def _ellipsoid(self) -> Ellipsoid:
        return Ellipsoid(self.center, (self.diameter,) * 3)


@dataclass(frozen=True)
class Facetted(Shape):
    """A body between the planes {100} and {111}: octahedron, cuboctahedron, cube, and what lies between.

    Every point at (x, y, z) from the centre has `max(|x|, |y|, |z|) ≤ d/2` and `|x| + |y| + |z| ≤ √3 w d/2`,
    with the diameter d and the ratio w.

    Parameters
    ----------
    center : (float, float, float)
        In cells from the corner, anywhere.
    diameter : float
        From one face {100} to the opposite one, in cells: so far the body reaches along each axis.
    wulff_ratio : float
        How far the faces {111} are from the centre, as a multiple of the distance of the faces {100}: for a
        body in equilibrium the ratio of their surface energies (Wulff's construction). 1/√3 ≈ 0.577 is an
        octahedron, √3/2 ≈ 0.866 the regular truncated octahedron, 2/√3 ≈ 1.155 a cuboctahedron,
        √3 ≈ 1.732 a cube.

    Raises
    ------
    TypeError, ValueError
        If the centre is not three finite numbers, the diameter is not positive, or the ratio does not lie
        between 1/√3 and √3.

    Notes
    -----
    Cells that are not cubes stretch the body with them: its faces keep their indices, but their distances
    from the centre have another ratio.

    Examples
    --------
    >>> cube = Facetted((8, 8, 20), 4, wulff_ratio=3**0.5)
    >>> octahedron = Facetted((8, 8, 20), 4, wulff_ratio=3**-0.5)
    >>> round(cube.volume, 6), round(octahedron.volume / cube.volume, 6)
    (64.0, 0.166667)
    """

    center: tuple[float, float, float]
    diameter: float
    wulff_ratio: float = math.sqrt(3) / 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "center", _three("center", self.center))
        object.__setattr__(self, "diameter", positive("diameter", self.diameter))
        ratio = real_number("wulff_ratio", self.wulff_ratio)
        if not _OCTAHEDRON * (1 - _MARGIN) <= ratio <= _CUBE * (1 + _MARGIN):
            raise ValueError(
                f"wulff_ratio must lie between 1/√3 = 0.577 (octahedron) and √3 = 1.732 (cube), got {ratio!r}"
            )
        object.__setattr__(self, "wulff_ratio", ratio)

    @property
    def half_widths(self) -> tuple[float, float, float]:
        """Half the diameter, three times."""
        return (self.diameter / 2,) * 3

    @property
    def volume(self) -> float:
        """Volume of the whole body in cells."""
        # In units of half the diameter, an eighth of the body is the part of a unit cube with x + y + z ≤ s.
        s = self._most
        eighth = (s**3 - 3 * max(s - 1, 0) ** 3 + 3 * max(s - 2, 0) ** 3) / 6
        return math.prod((self.diameter,) * 3) * eighth

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        scaled = np.abs(_scaled(_points(points), self.center, self.half_widths))
        inside: NDArray[np.bool_] = (scaled.max(axis=-1) <= 1 + _MARGIN) & (
            scaled.sum(axis=-1) <= self._most + _MARGIN
        )
        return inside

    def half_depth(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.floating]:
        half = self.diameter / 2
        across = np.abs(_scaled(_finite("x", x), self.center[0], half))
        along = np.abs(_scaled(_finite("y", y), self.center[1], half))
        reach = np.clip(self._most - across - along, 0, 1)
        return half * np.where(np.maximum(across, along) <= 1, reach, 0.0)

    @property
    def _most(self) -> float:
        """The largest |x| + |y| + |z|, in units of half the diameter."""
        return math.sqrt(3) * self.wulff_ratio


def _three(name: str, value: Any) -> tuple[float, float, float]:
    if np.shape(value) != (3,):
        raise ValueError(f"{name} must be three numbers of cells (x, y, z), got {value!r}")
    x, y, z = (real_number(name, one) for one in value)
    return x, y, z


def _finite(name: str, value: ArrayLike) -> NDArray[np.floating]:
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array.astype(float)


def _scaled(places: NDArray[np.floating], middle: ArrayLike, half: ArrayLike) -> NDArray[np.floating]:
    """Return how far places are from the middle, in half widths; what is far outside is 4, not too large."""
    half = np.asarray(half)
    scaled: NDArray[np.floating] = np.clip(places - np.asarray(middle), -4 * half, 4 * half) / half
    return scaled


def _points(value: ArrayLike) -> NDArray[np.floating]:
    points = _finite("points", value)
    if points.ndim == 0 or points.shape[-1] != 3:
        raise ValueError(f"points must be (x, y, z), shape (…, 3), got shape {points.shape}")
    return points
