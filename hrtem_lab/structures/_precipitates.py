"""Crystals with a sphere of another material."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._atoms import orthogonal_structure
from hrtem_lab._validation import non_negative, three_counts
from hrtem_lab.structures._crystals import nb3sn, zro2
from hrtem_lab.structures._occupancy import record_occupancy

if TYPE_CHECKING:
    from ase import Atoms


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
    matrix, precipitate = orthogonal_structure(matrix), orthogonal_structure(precipitate)
    counts = three_counts("cells", cells)
    replaced = replaced_cells(diameter, cells=counts, center=center)

    strained = precipitate.copy()
    strained.set_cell(matrix.cell.lengths(), scale_atoms=True)
    corners = np.argwhere(~replaced) * matrix.cell.lengths()
    specimen = _place(matrix, corners)
    specimen += _place(strained, np.argwhere(replaced) * matrix.cell.lengths())
    specimen.set_cell(matrix.cell.lengths() * counts)
    specimen.set_pbc(True)
    record_occupancy(specimen, (matrix, int((~replaced).sum())), (precipitate, int(replaced.sum())))
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
    counts = three_counts("cells", cells)
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
