"""Sites that may hold several elements, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hrtem_lab._atoms import (
    FULL,
    OCCUPANCY_ARRAYS,
    Species,
    full,
    groups,
    orthogonal_structure,
    record_kept,
    species,
)
from hrtem_lab._validation import generator

if TYPE_CHECKING:
    from ase import Atoms


def random_occupancy(atoms: Atoms, *, rng: int | np.random.Generator = 0) -> Atoms:
    """Return a structure in which every site that may hold several elements, or none, holds one, or none.

    Each site is drawn on its own by its occupancies: a random alloy, without the order at short range that
    a real one may have. The draw is as large as the structure, so repeat a unit cell first; one drawn cell
    repeated is an ordered crystal. A partly filled column differs from place to place: average the images
    of several draws if the mean is wanted.

    Parameters
    ----------
    atoms : ase.Atoms
        In an orthogonal cell, with occupancies as ASE's readers give them: `info["occupancy"]` and the array
        "spacegroup_kinds" of a CIF, or an array "occupancies" or "occupancy" with a number for each atom.
        Atoms nearer than 0.1 Å are one site.
    rng : int or numpy.random.Generator
        Seed.

    Returns
    -------
    ase.Atoms
        Every site full; the record of occupancies is gone.

    Raises
    ------
    TypeError, ValueError
        If `atoms` are not ASE Atoms in an orthogonal cell, an occupancy is not between 0 and 1, those of a
        site are more than 1 together, or no atom is left.

    Examples
    --------
    >>> from hrtem_lab.structures import nb3sn, supercell
    >>> cell = nb3sn()
    >>> cell.set_array("occupancies", np.where(cell.symbols == "Sn", 0.9, 1))
    >>> crystal = random_occupancy(supercell(cell, (5, 5, 5)), rng=1)
    >>> str(crystal.get_chemical_formula())
    'Nb750Sn229'
    """
    atoms = orthogonal_structure(atoms)
    sites, places = species(atoms), groups(atoms)
    drawn = generator(rng).random(len(places))
    kept: dict[int, str] = {}
    for place, number in zip(places, drawn, strict=True):
        choices = [(atom, element, share) for atom in place for element, share in sites[atom].items()]
        shares = np.array([share for *_, share in choices])
        if not ((shares >= 0).all() and shares.sum() <= 1 + FULL):
            raise ValueError(
                f"occupancies must lie between 0 and 1, together on one site too, got {shares.tolist()} "
                f"at atom {place[0]}"
            )
        limits = np.cumsum(shares)
        if len(limits) and limits[-1] >= 1 - FULL:
            limits /= limits[-1]
        chosen = int(np.searchsorted(limits, number, side="right"))
        if chosen < len(choices):
            atom, element, _ = choices[chosen]
            kept[atom] = element
    if not kept:
        raise ValueError("a structure must hold at least one atom, got none after the draw")
    result = atoms[sorted(kept)]
    result.symbols = [kept[atom] for atom in sorted(kept)]
    forget_occupancy(result)
    return result


def record_occupancy(specimen: Atoms, *parts: tuple[Atoms, int]) -> None:
    """Let a specimen of copies of cells know their partly occupied sites, as ASE's CIF reader does."""
    sites: list[Species] = []
    kinds = []
    for unit_cell, copies in parts:
        record_kept(unit_cell)
        kinds.append(np.tile(len(sites) + np.arange(len(unit_cell)), copies))
        sites += species(unit_cell)
    if not all(map(full, sites)):
        specimen.set_array("spacegroup_kinds", np.concatenate(kinds))
        specimen.info["occupancy"] = {str(kind): dict(site) for kind, site in enumerate(sites)}


def forget_occupancy(atoms: Atoms) -> None:
    """Remove all records of occupancies from atoms."""
    atoms.info.pop("occupancy", None)
    for name in (*OCCUPANCY_ARRAYS, "spacegroup_kinds"):
        atoms.arrays.pop(name, None)
