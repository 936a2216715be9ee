"""Repeated cells, and orthogonal cells of lattices that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._atoms import orthogonal_structure, straightened, structure
from hrtem_lab._validation import positive, positive_integer, three_counts

if TYPE_CHECKING:
    from ase import Atoms


def supercell(unit_cell: Atoms, repetitions: tuple[int, int, int]) -> Atoms:
    """Repeat a unit cell along its three axes.

    Parameters
    ----------
    unit_cell : ase.Atoms
        An orthogonal unit cell.
    repetitions : (int, int, int)
        Cells along x, y and z; z is the beam direction.

    Returns
    -------
    ase.Atoms
        The crystal, periodic in all directions.

    Raises
    ------
    TypeError, ValueError
        If a repetition is not a whole number of at least 1, or the cell is not orthogonal.

    Examples
    --------
    >>> from hrtem_lab.structures import nb3sn
    >>> crystal = supercell(nb3sn(), (2, 2, 40))
    >>> len(crystal), round(float(crystal.cell.lengths()[2]), 2)
    (1280, 211.0)
    """
    unit_cell = orthogonal_structure(unit_cell)
    counts = three_counts("repetitions", repetitions)
    return unit_cell.repeat(counts)


def orthogonal(atoms: Atoms, *, max_strain: float = 1e-3, max_repetitions: int = 12) -> Atoms:
    """Return the same crystal in an orthogonal cell with edges along x, y, z.

    For each axis it takes the shortest lattice vector along it. No atom is moved by this, so what the
    beam meets along z stays as it is. A vector that leans by less than `max_strain` is taken too, and the
    crystal is sheared by so much at the same volume; a shear by 10⁻³ is a tilt by a milliradian.

    Parameters
    ----------
    atoms : ase.Atoms
        A crystal in any cell with a volume: hexagonal, primitive, monoclinic, left-handed. It is taken as
        periodic.
    max_strain : float
        How far an edge may lean from its axis, as a part of its length.
    max_repetitions : int
        How many of each of the cell's vectors an edge may hold.

    Returns
    -------
    ase.Atoms
        Whole multiples of the cell's atoms, with the occupancies that came with them.

    Raises
    ------
    TypeError, ValueError
        If `atoms` are not ASE Atoms, the cell has no volume, an option is not positive, or no lattice
        vector is near enough to an axis: the error says how near the nearest is.

    Notes
    -----
    The lattice is not turned. If none of its vectors lies along x, `atoms.rotate(angle, "z",
    rotate_cell=True)` turns it about the beam; `ase.build.surface` turns another zone axis along z.

    Examples
    --------
    >>> from ase.build import bulk
    >>> magnesium = orthogonal(bulk("Mg", "hcp", a=3.21, c=5.21))
    >>> len(magnesium), magnesium.cell.lengths().round(2).tolist()
    (4, [3.21, 5.56, 5.21])
    """
    from ase.build import make_supercell  # noqa: PLC0415

    structure(atoms)
    strain = positive("max_strain", max_strain)
    counts = np.arange(-positive_integer("max_repetitions", max_repetitions), max_repetitions + 1)
    cell = np.asarray(atoms.cell)
    if not abs(np.linalg.det(cell)) > 1e-9 * np.prod(np.linalg.norm(cell, axis=1)):
        raise ValueError(f"the cell must have a volume, got {cell.tolist()}")
    multiples = np.stack(np.meshgrid(counts, counts, counts, indexing="ij"), axis=-1).reshape(-1, 3)
    edges = np.array([_edge(multiples, cell, axis, strain) for axis in range(3)])

    if np.array_equal(edges, np.eye(3)):
        return straightened(atoms)
    free = atoms.copy()
    free.set_constraint()
    free.set_pbc(True)
    result = straightened(make_supercell(free, edges))
    result.wrap()
    result.set_pbc(atoms.pbc)
    result.info = dict(atoms.info)
    return result


def _edge(
    multiples: NDArray[np.int_], cell: NDArray[np.floating], axis: int, max_strain: float
) -> NDArray[np.int_]:
    """Return the multiples of the cell's vectors that make the shortest lattice vector along an axis."""
    vectors = multiples @ cell
    along = vectors[:, axis]
    ahead = along > 1e-9
    multiples, along = multiples[ahead], along[ahead]
    lean = np.abs(np.delete(vectors[ahead], axis, axis=1)).max(axis=1) / along
    near = np.flatnonzero(lean <= max_strain)
    if not len(near):
        raise ValueError(
            f"a lattice vector must lie along {'xyz'[axis]} within max_strain={max_strain:g}, got "
            f"{lean.min():.2g} at the nearest (allow more strain or max_repetitions, or turn the crystal)"
        )
    return multiples[near[np.argmin(along[near])]]
