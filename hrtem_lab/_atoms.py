"""Checks of a structure: its cell, its elements, and whether its sites are fully occupied."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ase import Atoms

Species: TypeAlias = Mapping[str, float]
"""Element → the share of equal sites that it occupies."""

SKEW = 2e-5
"""An edge may lean by this part of its length, a thousandth of a degree: files round angles and lengths."""
FULL = 1e-3
"""A site is full if its occupancy is within this of 1."""
ONE_PLACE = 0.1
"""Å; atoms closer than this stand on one site."""
# Per-atom arrays in which readers of ASE store occupancies (prismatic and muSTEM; PDB and extended XYZ).
OCCUPANCY_ARRAYS = ("occupancies", "occupancy")
_NAMED = 5


def structure(atoms: Any) -> None:
    """Raise unless `atoms` are ASE Atoms, at least one, all elements, in a cell with a width and a height."""
    if not all(hasattr(atoms, name) for name in ("positions", "numbers", "cell")):
        raise TypeError(f"a structure must be ase.Atoms, got {type(atoms).__name__}")
    if len(atoms) == 0:
        raise ValueError("a structure must hold at least one atom, got none")
    dummies = np.flatnonzero(np.asarray(atoms.numbers) < 1)
    if len(dummies):
        raise ValueError(f"atoms must be elements, got the dummy element X at {_numbers(dummies)}")
    if not np.isfinite(atoms.positions).all():
        raise ValueError("atoms must have finite positions, got NaN or infinity")
    cell = np.asarray(atoms.cell)
    if not np.isfinite(cell).all():
        raise ValueError(f"the cell must be orthogonal with finite edges along x, y, z, got {cell.tolist()}")
    flat = np.abs(cell).max(axis=0) <= 1e-9
    if flat.any():
        names = np.array(["width along x", "width along y", "height along z"])[flat]
        axes = ", ".join(str(axis) for axis in np.flatnonzero(flat))
        axis = "" if flat.all() else f", axis={axes if flat.sum() == 1 else f'({axes})'}"
        raise ValueError(
            f"the cell must be orthogonal with edges along x, y, z, got no {' and no '.join(names)}: "
            f"add vacuum, for example with atoms.center(vacuum=5{axis})"
        )


def orthogonal_structure(atoms: Any) -> Atoms:
    """Return `atoms` in an orthogonal cell along x, y, z, which they must have within rounding.

    Where an edge leans by rounding, a copy is returned in the exact cell, its fractional coordinates kept.
    """
    structure(atoms)
    cell = np.asarray(atoms.cell)
    lean = np.abs(cell - np.diag(np.diag(cell)))
    if not (np.all(np.diag(cell) > 0) and np.all(lean <= SKEW * np.diag(cell)[:, None])):
        raise ValueError(
            f"the cell must be orthogonal with edges along x, y, z, got {cell.tolist()} "
            "(try hrtem_lab.structures.orthogonal(atoms))"
        )
    return straightened(atoms) if lean.any() else atoms


def straightened(atoms: Atoms) -> Atoms:
    """Return a copy in the cell's diagonal, its fractional coordinates kept: sheared, at the same volume."""
    cell, straight = np.asarray(atoms.cell), atoms.copy()
    straight.set_constraint()  # a constraint could keep atoms or the cell where they are
    if np.abs(cell - np.diag(np.diag(cell))).any():
        straight.set_cell(np.diag(np.diag(cell)), scale_atoms=True)
    return straight


def species(atoms: Atoms) -> list[Species]:
    """Return for each atom what occupies its site, by all that a file said about it.

    ASE's CIF reader keeps one atom per site, the most frequent element. What else may stand there is in
    ``atoms.info["occupancy"]``, by the number that ``spacegroup_kinds`` gives the atom.
    """
    symbols = atoms.get_chemical_symbols()
    shares: list[Species] = [{symbol: 1.0} for symbol in symbols]
    table = atoms.info.get("occupancy")
    recorded = [atoms.arrays[name] for name in OCCUPANCY_ARRAYS if name in atoms.arrays]
    if isinstance(table, Mapping):
        for atom, entry in enumerate(_entries(table, atoms)):
            if entry is not None and not (full(entry) and symbols[atom] not in entry):
                shares[atom] = entry
    elif table is not None:
        recorded.append(table)
    for values in recorded:
        if np.size(values) not in (1, len(atoms)):
            raise ValueError(f"occupancies must be one for each of {len(atoms)} atoms, got {np.size(values)}")
        for atom, value in enumerate(np.broadcast_to(np.ravel(values), len(atoms))):
            shares[atom] = shares[atom] if _share(value) == 1 else {symbols[atom]: _share(value)}
    return shares


def full(site: Species) -> bool:
    """Return whether a site holds one element always."""
    return len(site) == 1 and all(abs(share - 1) <= FULL for share in site.values())


def full_sites(atoms: Atoms) -> None:
    """Raise unless every site is fully occupied by one element; warn where this cannot be known."""
    named: dict[str, list[int]] = {}
    for atom, site in enumerate(species(atoms)):
        if not full(site):
            words = " + ".join(f"{symbol} {share:g}" for symbol, share in site.items())
            named.setdefault(words or "nothing", []).append(atom)
    if named:
        sites = "; ".join(f"{words} at {_numbers(found)}" for words, found in list(named.items())[:_NAMED])
        raise ValueError(
            f"every site must be fully occupied by one element, got {sites} (repeat the cell, then draw what "
            "stands there with hrtem_lab.structures.random_occupancy(atoms))"
        )
    record_kept(atoms)


def record_kept(atoms: Atoms) -> None:
    """Warn if atoms have numbers of a crystal's sites, but no table of occupancies, or another crystal's."""
    if _record_lost(atoms):
        warnings.warn(
            "these atoms come from crystals whose occupancies are lost, as after ase.build.make_supercell or "
            "atoms + atoms: a partly occupied site would be simulated as full. Repeat with atoms.repeat, or "
            'say that every site is full: del atoms.arrays["spacegroup_kinds"]',
            stacklevel=3,
        )


def groups(atoms: Atoms) -> list[list[int]]:
    """Return the atoms of each place, in an orthogonal periodic cell; most places have one."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    lengths = np.diag(np.asarray(atoms.cell))
    inside = np.mod(atoms.positions, lengths)
    inside[inside >= lengths] = 0  # a tiny negative number, rounded
    place = np.arange(len(atoms))
    for first, second in sorted(cKDTree(inside, boxsize=lengths).query_pairs(ONE_PLACE)):
        place[second] = min(place[first], place[second])
    found: dict[int, list[int]] = {}
    for atom, first in enumerate(place.tolist()):
        found.setdefault(first, []).append(atom)
    return list(found.values())


def one_atom_per_place(atoms: Atoms) -> None:
    """Raise if atoms stand in one place, as in a mixed site that was read without its occupancies."""
    symbols = atoms.get_chemical_symbols()
    shared = [group for group in groups(atoms) if len(group) > 1]
    if shared:
        words = "; ".join(
            f"{' and '.join(symbols[atom] for atom in group)} at {_numbers(group)}"
            for group in shared[:_NAMED]
        )
        raise ValueError(f"only one atom may be in one place of the periodic cell, got {words}")


def _entries(table: Mapping[Any, Any], atoms: Atoms) -> list[Species | None]:
    """Return the entry of each atom in the table of occupancies, without what is never there."""
    present = {
        str(kind): {str(symbol): _share(share) for symbol, share in entry.items() if _share(share) != 0}
        for kind, entry in table.items()
    }
    kinds = atoms.arrays.get("spacegroup_kinds")
    if kinds is None and len(present) == len(atoms):
        kinds = np.arange(len(atoms))
    if kinds is not None:
        return [present.get(str(kind)) for kind in kinds]
    if not all(map(full, present.values())):
        raise ValueError(
            f"occupancies must say which atoms they are for, got {dict(table)} without the array "
            "spacegroup_kinds: read the crystal from its own file again"
        )
    return [None] * len(atoms)


def _record_lost(atoms: Atoms) -> bool:
    if "spacegroup_kinds" not in atoms.arrays:
        return False
    table = atoms.info.get("occupancy")
    if not isinstance(table, Mapping):
        return "spacegroup" not in atoms.info
    entries = zip(atoms.get_chemical_symbols(), _entries(table, atoms), strict=True)
    return any(entry is None or symbol not in entry for symbol, entry in entries)


def _share(value: Any) -> float:
    try:
        return 1.0 if value == "." else float(value)  # a dot in a CIF stands for the default
    except (TypeError, ValueError):
        return float("nan")


def _numbers(found: Sequence[int] | NDArray[np.int_]) -> str:
    """Return "atom 3", or "atoms 0, 1, 2 and 61 more"."""
    shown = ", ".join(str(atom) for atom in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"atom{'s' * (len(found) > 1)} {shown}{more}"
