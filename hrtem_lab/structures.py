"""Crystals and specimens as ASE `Atoms`, viewed along their z axis.

Every function takes and returns plain `ase.Atoms` with an orthogonal cell in Å. So a unit cell
read with `ase.io.read("crystal.cif")` can be used like the two built-in ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import non_negative, orthogonal_structure, positive, positive_integer

if TYPE_CHECKING:
    from ase import Atoms

NB3SN_LATTICE_CONSTANT = 5.275
"""Å; 40 cells are the 21.1 nm of Ederer & Löffler (2022), Fig. 2a."""
ZRO2_LATTICE_CONSTANT = 5.09
"""Å; 40 cells are the 20.36 nm of Ederer & Löffler (2022), Fig. 2d."""


def nb3sn(a: float = NB3SN_LATTICE_CONSTANT) -> Atoms:
    """Return the unit cell of Nb₃Sn: A15, space group Pm-3n (223), Sn on 2a, Nb on 6c.

    Parameters
    ----------
    a : float
        Lattice constant in Å.

    Returns
    -------
    ase.Atoms
        8 atoms in a cubic cell, [001] along z.

    Raises
    ------
    ValueError
        If `a` is not positive.

    Examples
    --------
    >>> cell = nb3sn()
    >>> str(cell.symbols), float(cell.cell.lengths()[0])
    ('Sn2Nb6', 5.275)
    """
    return _crystal(["Sn", "Nb"], [(0, 0, 0), (0.25, 0, 0.5)], spacegroup=223, a=a)


def zro2(a: float = ZRO2_LATTICE_CONSTANT) -> Atoms:
    """Return the unit cell of cubic ZrO₂: fluorite, space group Fm-3m (225), Zr on 4a, O on 8c.

    Parameters
    ----------
    a : float
        Lattice constant in Å.

    Returns
    -------
    ase.Atoms
        12 atoms in a cubic cell, [001] along z.

    Raises
    ------
    ValueError
        If `a` is not positive.

    Examples
    --------
    >>> str(zro2().symbols)
    'Zr4O8'
    """
    return _crystal(["Zr", "O"], [(0, 0, 0), (0.25, 0.25, 0.25)], spacegroup=225, a=a)


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
    >>> crystal = supercell(nb3sn(), (2, 2, 40))
    >>> len(crystal), round(float(crystal.cell.lengths()[2]), 2)
    (1280, 211.0)
    """
    orthogonal_structure(unit_cell)
    counts = _three_counts("repetitions", repetitions)
    return unit_cell.repeat(counts)


def with_precipitate(
    diameter: float,
    *,
    matrix: Atoms | None = None,
    precipitate: Atoms | None = None,
    cells: tuple[int, int, int] = (16, 16, 40),
    center: tuple[float, float, float] | None = None,
) -> Atoms:
    """Return a crystal in which a sphere of unit cells is replaced by another material.

    A cell is replaced when its centre lies in the sphere. The precipitate's cell is strained to the
    matrix's, so the lattices stay coherent, as in Ederer & Löffler (2022), section 3.2. An atom on a
    face belongs to the cell that begins there. So the precipitate's upper faces end on matrix atoms,
    its lower faces on its own atoms, and it is not exactly mirror-symmetric.

    Parameters
    ----------
    diameter : float
        Diameter of the sphere in unit cells; 0 replaces nothing.
    matrix, precipitate : ase.Atoms
        Orthogonal unit cells; by default Nb₃Sn and ZrO₂.
    cells : (int, int, int)
        Size of the specimen in cells along x, y and z; z is the beam direction.
    center : (float, float, float)
        Centre of the sphere in cells from the corner. By default it is in or next to the middle of
        the specimen: on a cell corner for an even diameter, in the centre of a cell for an odd one.
        So every whole-number diameter is met exactly.

    Returns
    -------
    ase.Atoms
        The specimen, periodic in all directions.

    Raises
    ------
    TypeError, ValueError
        If a number of cells is not a whole number of at least 1, the diameter is negative, or a
        cell is not orthogonal.

    Examples
    --------
    >>> pristine = with_precipitate(0, cells=(4, 4, 4))
    >>> specimen = with_precipitate(2, cells=(4, 4, 4))  # 8 of 64 cells are ZrO2: 4 atoms more in each
    >>> len(specimen) - len(pristine)
    32
    """
    matrix = nb3sn() if matrix is None else matrix
    precipitate = zro2() if precipitate is None else precipitate
    orthogonal_structure(matrix)
    orthogonal_structure(precipitate)
    counts = _three_counts("cells", cells)
    replaced = replaced_cells(diameter, cells=counts, center=center)

    strained = precipitate.copy()
    strained.set_cell(matrix.cell.lengths(), scale_atoms=True)
    corners = np.argwhere(~replaced) * matrix.cell.lengths()
    specimen = _place(matrix, corners)
    specimen += _place(strained, np.argwhere(replaced) * matrix.cell.lengths())
    specimen.set_cell(matrix.cell.lengths() * counts)
    specimen.set_pbc(True)
    return specimen


def replaced_cells(
    diameter: float,
    *,
    cells: tuple[int, int, int] = (16, 16, 40),
    center: tuple[float, float, float] | None = None,
) -> NDArray[np.bool_]:
    """Return which cells of a specimen made by `with_precipitate` belong to the precipitate.

    Parameters
    ----------
    diameter, cells, center
        As in `with_precipitate`.

    Returns
    -------
    numpy.ndarray of bool
        Shape `cells`, axes (x, y, z): true where the cell's centre lies in the sphere.

    Raises
    ------
    TypeError, ValueError
        As in `with_precipitate`.

    Examples
    --------
    The cells that a precipitate covers in projection:

    >>> [int(replaced_cells(d).any(axis=2).sum()) for d in (4, 6, 8, 10, 12, 14)]
    [12, 32, 52, 80, 112, 156]
    """
    counts = _three_counts("cells", cells)
    diameter = non_negative("diameter", diameter)
    middle = _middle(diameter, counts) if center is None else np.asarray(center, dtype=float)
    if middle.shape != (3,) or not np.isfinite(middle).all():
        raise ValueError(f"center must be three finite numbers of cells (x, y, z), got {center!r}")
    centers = np.stack(np.meshgrid(*(np.arange(n) + 0.5 for n in counts), indexing="ij"), axis=-1)
    distance_squared = ((centers - middle) ** 2).sum(axis=-1)
    # The margin of half a part in 10⁹ includes cells exactly on the sphere, whatever the rounding.
    return (distance_squared <= (diameter / 2) ** 2 * (1 + 1e-9)) & (diameter > 0)


def _middle(diameter: float, counts: tuple[int, int, int]) -> NDArray[np.floating]:
    offset = (round(diameter) % 2) / 2
    return np.floor(np.asarray(counts) / 2 - offset) + offset


def _place(unit_cell: Atoms, corners: NDArray[np.floating]) -> Atoms:
    """Return copies of a cell's atoms at the given corners (n, 3) in Å."""
    from ase import Atoms  # noqa: PLC0415

    positions = corners[:, None, :] + unit_cell.positions[None, :, :]
    return Atoms(
        numbers=np.tile(unit_cell.numbers, len(corners)),
        positions=positions.reshape(-1, 3),
    )


def _crystal(symbols: list[str], basis: list[tuple[float, ...]], *, spacegroup: int, a: float) -> Atoms:
    from ase.spacegroup import crystal  # noqa: PLC0415

    a = positive("a", a)
    atoms = crystal(symbols, basis, spacegroup=spacegroup, cellpar=[a, a, a, 90, 90, 90])
    atoms.info.clear()
    return atoms


def _three_counts(name: str, value: Any) -> tuple[int, int, int]:
    if np.shape(value) != (3,):
        raise ValueError(f"{name} must be three whole numbers (x, y, z), got {value!r}")
    x, y, z = (positive_integer(name, count) for count in value)
    return x, y, z
