"""Crystals in which the atoms of one or several bodies are those of another material."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._atoms import orthogonal_structure
from hrtem_lab._validation import non_negative, positive, positive_integer, three_counts
from hrtem_lab.structures._crystals import NB3SN_LATTICE_CONSTANT, nb3sn, zro2
from hrtem_lab.structures._occupancy import record_occupancy
from hrtem_lab.structures._shapes import Shape

if TYPE_CHECKING:
    from ase import Atoms

_AXES = "xyz"
# A centre or a border is met within this many cells, whatever the rounding.
_MARGIN = 1e-9
_SAMPLES = 8
_MOST_PIXELS = 2**30
_LONGEST = 1e12
"""Å, 100 m."""
# Where a shape of half width 1 is cut, denser towards its ends, where its depth falls steeply.
_CUTS = np.cos(np.linspace(0, np.pi, 65))


def with_inclusions(
    shapes: Shape | Iterable[Shape],
    *,
    matrix: Atoms | None = None,
    precipitate: Atoms | None = None,
    cells: tuple[int, int, int] = (16, 16, 40),
    min_distance: float = 1.5,
) -> Atoms:
    """Return a crystal in which the atoms inside one or several bodies are those of another material.

    Atom by atom, where `with_precipitate` replaces whole cells: diameters and centres may be any real
    numbers. The precipitate's cell is strained to the matrix's and has the same corners, so the lattices
    stay coherent. Atoms of the matrix inside a body, or on its surface, are taken out, and those of the
    precipitate inside it, or on its surface, are put in. `depth_map` is the truth that belongs to it.

    Parameters
    ----------
    shapes : Shape or iterable of Shape
        Ellipsoids, spheres and facetted bodies in cells from the corner; without any, the crystal is
        pristine. Bodies that overlap are one. What would stick out along z is cut off at the specimen's
        surface.
    matrix, precipitate : ase.Atoms
        Orthogonal unit cells; by default Nb₃Sn and ZrO₂.
    cells : (int, int, int)
        Size of the specimen in cells along x, y and z; z is the beam direction.
    min_distance : float
        Å. Where an atom of the matrix is nearer to one of the precipitate, it is left out, and the
        precipitate is whole; 0 leaves out none. The default is our choice. It lies between the two shortest
        distances of the built-in crystals across an interface: 1.32 Å from Nb to Zr, which no crystal has,
        and 1.86 Å from Nb to O, about a real bond.

    Returns
    -------
    ase.Atoms
        The specimen, periodic in all directions; atoms of the matrix come first.

    Raises
    ------
    TypeError, ValueError
        If a shape is none, its centre is outside the specimen or it reaches across a border in x or y; a
        number of cells is not a whole number of at least 1; a cell is not orthogonal; or the distance is
        negative or more than half the shortest edge of the matrix's cell.

    Notes
    -----
    A real interface relaxes; here no atom moves. Where atoms were left out, the matrix has a thin shell of
    lower density around a precipitate.

    Examples
    --------
    >>> from hrtem_lab.structures import Sphere
    >>> specimen = with_inclusions([Sphere((2, 2, 3.3), 2.6)], cells=(4, 4, 6))
    >>> specimen.symbols.count("O") / 8  # the sphere's volume is 9.2 cells
    9.0
    """
    matrix = orthogonal_structure(nb3sn() if matrix is None else matrix)
    precipitate = orthogonal_structure(zro2() if precipitate is None else precipitate)
    counts = three_counts("cells", cells)
    shapes = _inside(shapes, counts)
    lengths = matrix.cell.lengths()
    min_distance = non_negative("min_distance", min_distance)
    half = float(lengths.min() / 2)
    if min_distance > half:
        raise ValueError(
            f"min_distance must not exceed half the matrix's shortest edge, {half:.4g} Å, got {min_distance}"
        )
    number = int(np.prod(counts))
    sites, others = _sites(matrix, counts), _sites(precipitate, counts)
    kept, placed = ~_in_any(shapes, sites), _in_any(shapes, others)
    kept[kept] = ~_near(sites[kept] * lengths, others[placed] * lengths, min_distance, lengths * counts)

    from ase import Atoms  # noqa: PLC0415

    # Both crystals whole, then a choice of their atoms: so every atom keeps its record of occupancies.
    both = Atoms(
        numbers=np.concatenate([np.tile(matrix.numbers, number), np.tile(precipitate.numbers, number)]),
        positions=np.concatenate([sites, others]) * lengths,
        cell=lengths * counts,
        pbc=True,
    )
    record_occupancy(both, (matrix, number), (precipitate, number))
    return both[np.concatenate([kept, placed])]


def depth_map(
    shapes: Shape | Iterable[Shape],
    *,
    cells: tuple[int, int, int] = (16, 16, 40),
    pixels_per_cell: int = 8,
    lattice_constant: float = NB3SN_LATTICE_CONSTANT,
) -> NDArray[np.float32]:
    """Return how much of the precipitate the beam meets in each pixel, in Å: the truth of `with_inclusions`.

    The length of the line along z inside any of the bodies and inside the specimen, averaged over each
    pixel. Bodies that overlap are counted once. So the sum over all pixels, times a pixel's area, is the
    volume of the precipitate.

    Parameters
    ----------
    shapes, cells
        As in `with_inclusions`.
    pixels_per_cell : int
        Pixels along each side of a cell.
    lattice_constant : float
        Å, the length of the matrix's cell along z; 1 gives the depth in cells.

    Returns
    -------
    numpy.ndarray of float32
        Shape (rows along y, columns along x), from 0 to the specimen's thickness. Pixel (r, c) covers
        r to r + 1 and c to c + 1, in units of a pixel.

    Raises
    ------
    TypeError, ValueError
        As in `with_inclusions`, or if `pixels_per_cell` or `lattice_constant` are not positive, the
        latter is more than 10¹² Å, or the map has more than 2³⁰ pixels.

    Notes
    -----
    Each pixel is a mean of at least 8 × 8 exact lengths: a few parts in a thousand of the depth may be off
    where a slanted rim crosses it. The point (r, c) of an exit wave lies at the upper
    left corner of the pixel, half a pixel from its centre.

    Examples
    --------
    >>> from hrtem_lab.structures import Sphere
    >>> depth = depth_map(Sphere((2, 2, 3.3), 2.6), cells=(4, 4, 6), lattice_constant=1)
    >>> depth.shape, round(float(depth.max()), 2), round(float(depth.sum()) / 8**2, 2)
    ((32, 32), 2.59, 9.2)
    """
    counts = three_counts("cells", cells)
    shapes = _inside(shapes, counts)
    pixels = positive_integer("pixels_per_cell", pixels_per_cell)
    size = counts[1] * pixels, counts[0] * pixels
    if size[0] * size[1] > _MOST_PIXELS:
        raise ValueError(
            f"pixels_per_cell must make a map of at most 2³⁰ pixels, got {pixels}, which makes "
            f"{size[0]} × {size[1]}"
        )
    height = positive("lattice_constant", lattice_constant)
    if height > _LONGEST:
        raise ValueError(f"lattice_constant must be at most {_LONGEST:g} Å, got {height:g}")
    x, wide, columns = _intervals(shapes, 0, counts[0], pixels)
    y, high, rows = _intervals(shapes, 1, counts[1], pixels)
    depth = np.zeros((len(rows), len(columns)), np.float32)
    for row, (start, stop) in enumerate(zip(rows, [*rows[1:], len(y)], strict=True)):
        part = slice(start, stop)
        met = [shape for shape in shapes if abs(y[part] - shape.center[1]).min() < shape.half_widths[1]]
        if met:
            lengths = _union(met, x[None, :], y[part, None], counts[2])
            depth[row] = height * pixels**2 * np.add.reduceat(high[part] @ lengths * wide, columns)
    return depth


def _intervals(
    shapes: list[Shape], axis: int, count: int, pixels: int
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.intp]]:
    """Return middles and widths of short intervals along an axis, in cells, and where each pixel begins.

    They end where a shape does: a facetted body may have a face along the beam there, where its depth jumps.
    """
    fine = pixels * _SAMPLES
    grid = np.arange(count * fine + 1) / fine
    cuts = [shape.center[axis] + shape.half_widths[axis] * _CUTS for shape in shapes]
    edges = np.union1d(grid, np.clip(cuts, 0, count))
    starts = np.searchsorted(edges, grid[:-1:_SAMPLES])
    return (edges[1:] + edges[:-1]) / 2, np.diff(edges), starts


def _inside(shapes: Shape | Iterable[Shape], counts: tuple[int, int, int]) -> list[Shape]:
    """Return the shapes, which must have their centre in the specimen and not cross its sides."""
    if not isinstance(shapes, (Shape, Iterable)) or isinstance(shapes, np.ndarray):
        raise TypeError(f"shapes must be Ellipsoid, Sphere or Facetted, one or several, got {shapes!r}")
    found = [shapes] if isinstance(shapes, Shape) else list(shapes)
    for shape in found:
        if not isinstance(shape, Shape):
            raise TypeError(f"shapes must be Ellipsoid, Sphere or Facetted, got {shape!r}")
        for axis, (middle, half, count) in enumerate(
            zip(shape.center, shape.half_widths, counts, strict=True)
        ):
            if not -_MARGIN <= middle <= count + _MARGIN:
                raise ValueError(
                    f"center must lie in the specimen, 0 to {count} cells along {_AXES[axis]}, got {shape!r}"
                )
            if axis < 2 and not -_MARGIN <= middle - half <= middle + half <= count + _MARGIN:
                raise ValueError(
                    f"shapes must not reach across the border along {_AXES[axis]}, 0 to {count} cells, as a "
                    f"part of them would appear on the other side, got {shape!r}"
                )
    return found


def _sites(unit_cell: Atoms, counts: tuple[int, int, int]) -> NDArray[np.floating]:
    """Return where the atoms of a crystal of so many cells stand, in cells."""
    scaled = np.mod(unit_cell.get_scaled_positions(wrap=False), 1)
    scaled[scaled > 1 - _MARGIN] = 0  # a tiny negative number, rounded
    corners = np.argwhere(np.ones(counts, bool))
    sites: NDArray[np.floating] = (corners[:, None, :] + scaled[None, :, :]).reshape(-1, 3)
    return sites


def _in_any(shapes: list[Shape], points: NDArray[np.floating]) -> NDArray[np.bool_]:
    inside = np.zeros(len(points), bool)
    for shape in shapes:
        inside |= shape.contains(points)
    return inside


def _near(
    places: NDArray[np.floating],
    others: NDArray[np.floating],
    distance: float,
    box: NDArray[np.floating],
) -> NDArray[np.bool_]:
    """Tell which places are nearer than a distance to any of the others; x and y are periodic."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    if not (len(places) and len(others) and distance):
        return np.zeros(len(places), bool)
    tree = cKDTree(others, boxsize=[*box[:2], 0])
    nearest, _ = tree.query(places, distance_upper_bound=distance)
    return np.isfinite(nearest)


def _union(
    shapes: list[Shape], x: NDArray[np.floating], y: NDArray[np.floating], height: int
) -> NDArray[np.floating]:
    """Return the length of the line along z at (x, y) inside any of the shapes and the specimen."""
    halves = [shape.half_depth(x, y) for shape in shapes]
    ends = [
        (np.clip(shape.center[2] - half, 0, height), np.clip(shape.center[2] + half, 0, height))
        for shape, half in zip(shapes, halves, strict=True)
    ]
    lower, upper = (np.stack(part) for part in zip(*ends, strict=True))
    order = np.argsort(lower, axis=0)
    lower, upper = np.take_along_axis(lower, order, axis=0), np.take_along_axis(upper, order, axis=0)
    # Upwards along z, each shape adds what lies above all before it.
    reached = np.maximum.accumulate(upper, axis=0)
    start = np.concatenate([lower[:1], np.maximum(lower[1:], reached[:-1])])
    total: NDArray[np.floating] = np.maximum(upper - start, 0).sum(axis=0)
    return total
