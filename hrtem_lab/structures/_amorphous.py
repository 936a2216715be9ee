"""Layers without order, such as the carbon or the damage on a specimen's surface."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._atoms import orthogonal_structure
from hrtem_lab._validation import generator, pair, positive
from hrtem_lab.structures._occupancy import record_occupancy

if TYPE_CHECKING:
    from ase import Atoms

# Grams per cm³ of one atomic mass unit per Å³.
_GRAMS = 1.66053906660
# Spheres added at random never fill more than 0.38 of the space; near that, a free place is hard to find.
_PACKING = 0.33
_TRIES = 2000
_MOST = 10_000_000


def amorphous_layer(
    extent: float | tuple[float, float],
    thickness: float,
    *,
    element: str = "C",
    density: float = 2.0,
    min_distance: float = 1.35,
    rng: int | np.random.Generator = 0,
) -> Atoms:
    """Return a layer of atoms at random places, none nearer to another than a given distance.

    Random sequential addition: places are drawn one after the other, evenly in the layer, and one that is
    too near to an atom that stands already is dropped.

    Parameters
    ----------
    extent : float or (float, float)
        Width along x and y in Å, which are periodic; one number is a square.
    thickness : float
        Height along z in Å.
    element : str
        Symbol of the only element.
    density : float
        g/cm³. It sets the number of atoms, rounded. The default is our choice for carbon, a little below
        graphite.
    min_distance : float
        Å between the centres of atoms. The default is our choice for carbon, a little less than the bond in
        graphite, 1.42 Å.
    rng : int or numpy.random.Generator
        Seed.

    Returns
    -------
    ase.Atoms
        In a cell of the layer's size, periodic in x and y.

    Raises
    ------
    TypeError, ValueError
        If a length or the density is not positive, the element is unknown, the layer would hold no atom or
        more than ten million, the extent is less than twice the distance, or atoms so far apart do not fit
        at this density.

    Notes
    -----
    Real amorphous carbon has bonds, angles and rings; this has none, and its structure factor beyond the
    distance's shell is flatter. It is a model of the speckle of a layer's image, not of carbon.

    Examples
    --------
    >>> layer = amorphous_layer(21.1, 10, rng=1)
    >>> len(layer), str(layer.symbols)
    (446, 'C446')
    """
    from ase import Atoms  # noqa: PLC0415

    width, depth = (positive("extent", one) for one in pair("extent", extent))
    box = np.array([width, depth, positive("thickness", thickness)])
    distance = positive("min_distance", min_distance)
    if distance * 2 > min(width, depth):
        raise ValueError(
            f"extent must be at least twice min_distance, {2 * distance:g} Å, got {min(width, depth):g}"
        )
    number = _number(box, positive("density", density), _mass(element))
    packing = number * math.pi / 6 * distance**3 / float(np.prod(box))
    if packing > _PACKING:
        nearest = distance * (_PACKING / packing) ** (1 / 3)
        raise ValueError(
            f"min_distance must not exceed {nearest:.3g} Å at this density, where spheres added at random "
            f"fill {_PACKING:g} of the space, got {distance:g}"
        )
    places = _places(box, number, distance, generator(rng))
    return Atoms([element] * number, positions=places, cell=box, pbc=(True, True, False))


def with_surface_layer(specimen: Atoms, layer: Atoms) -> Atoms:
    """Return a specimen with a layer on its exit surface, so with a greater thickness.

    Parameters
    ----------
    specimen : ase.Atoms
        In an orthogonal cell; the beam runs along +z, and its top is the exit surface.
    layer : ase.Atoms
        In an orthogonal cell of the same widths, for example by `amorphous_layer`.

    Returns
    -------
    ase.Atoms
        The specimen's atoms first, then the layer's; periodic as the specimen.

    Raises
    ------
    TypeError, ValueError
        If one of them is not ASE Atoms in an orthogonal cell, or their widths differ by more than a
        thousandth of an Å.

    Notes
    -----
    No atom is moved or left out: the layer begins where the specimen's cell ends. Repetitions along the
    beam repeat the layer, too: stack the crystal first.

    Examples
    --------
    >>> from hrtem_lab.structures import nb3sn, supercell
    >>> crystal = supercell(nb3sn(), (4, 4, 1))
    >>> covered = with_surface_layer(crystal, amorphous_layer(21.1, 10))
    >>> covered.cell.lengths().round(3).tolist(), len(covered) - len(crystal)
    ([21.1, 21.1, 15.275], 446)
    """
    from ase import Atoms  # noqa: PLC0415

    specimen, layer = orthogonal_structure(specimen), orthogonal_structure(layer)
    lengths, widths = specimen.cell.lengths(), layer.cell.lengths()
    if np.abs(lengths - widths)[:2].max() > 1e-3:
        raise ValueError(
            f"the layer must have the specimen's widths, {lengths[0]:.6g} × {lengths[1]:.6g} Å, got "
            f"{widths[0]:.6g} × {widths[1]:.6g} Å"
        )
    covered = Atoms(
        numbers=np.concatenate([specimen.numbers, layer.numbers]),
        positions=np.concatenate([specimen.positions, layer.positions + [0, 0, lengths[2]]]),
        cell=lengths + [0, 0, widths[2]],
        pbc=specimen.pbc,
    )
    record_occupancy(covered, (specimen, 1), (layer, 1))
    return covered


def _mass(element: str) -> float:
    from ase.data import atomic_masses, atomic_numbers  # noqa: PLC0415

    number = atomic_numbers.get(element, 0) if isinstance(element, str) else 0
    if number < 1:
        raise ValueError(f"element must be the symbol of a chemical element, got {element!r}")
    return float(atomic_masses[number])


def _number(box: NDArray[np.floating], density: float, mass: float) -> int:
    number = math.prod(box.tolist()) * density / (_GRAMS * mass)
    if not 0.5 <= number <= _MOST:
        size = " × ".join(f"{edge:g}" for edge in box)
        raise ValueError(f"a layer must hold 1 to {_MOST} atoms, got {number:.2g} in {size} Å")
    return round(number)


def _places(
    box: NDArray[np.floating], number: int, distance: float, rng: np.random.Generator
) -> NDArray[np.floating]:
    """Draw places in order, many at a time, and keep each that is not too near to one kept before."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    periodic = [*box[:2], 0]
    kept = np.empty((0, 3))
    for _ in range(_TRIES):
        drawn = rng.random((number, 3)) * box
        if len(kept):
            nearest, _found = cKDTree(kept, boxsize=periodic).query(drawn, distance_upper_bound=distance)
            drawn = drawn[np.isinf(nearest)]
        free = np.ones(len(drawn), bool)
        if len(drawn):
            pairs = cKDTree(drawn, boxsize=periodic).query_pairs(distance, output_type="ndarray")
            for first, second in pairs[np.argsort(pairs[:, 0])]:
                free[second] &= not free[first]
        kept = np.concatenate([kept, drawn[free]])[:number]
        if len(kept) == number:
            return kept
    raise ValueError(
        f"min_distance must leave room for {number} atoms, got {distance:g} Å: after {_TRIES * number} draws "
        f"only {len(kept)} have a place"
    )
