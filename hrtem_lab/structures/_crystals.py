"""The two crystals of the course."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hrtem_lab._validation import positive
from hrtem_lab.structures._occupancy import forget_occupancy

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


def _crystal(symbols: list[str], basis: list[tuple[float, ...]], *, spacegroup: int, a: float) -> Atoms:
    from ase.spacegroup import crystal  # noqa: PLC0415

    a = positive("a", a)
    atoms = crystal(symbols, basis, spacegroup=spacegroup, cellpar=[a, a, a, 90, 90, 90])
    atoms.info.clear()
    forget_occupancy(atoms)
    return atoms
