"""Crystals and specimens as ASE `Atoms`, viewed along their z axis.

Every function takes and returns plain `ase.Atoms` in Å. So a unit cell read with
`ase.io.read("crystal.cif")` can be used like the two built-in ones. Its cell must be orthogonal within a
thousandth of a degree; `orthogonal` finds such a cell for other lattices. A file may say that elements
share a site, or that some sites are empty; `random_occupancy` draws what stands there.
"""

from hrtem_lab.structures._amorphous import amorphous_layer, with_surface_layer
from hrtem_lab.structures._cells import orthogonal, supercell
from hrtem_lab.structures._crystals import NB3SN_LATTICE_CONSTANT, ZRO2_LATTICE_CONSTANT, nb3sn, zro2
from hrtem_lab.structures._inclusions import depth_map, with_inclusions
from hrtem_lab.structures._occupancy import random_occupancy
from hrtem_lab.structures._precipitates import replaced_cells, with_precipitate
from hrtem_lab.structures._shapes import Ellipsoid, Facetted, Shape, Sphere
from hrtem_lab.structures._vibrations import b_factors, debye_waller_factor

__all__ = [
    "NB3SN_LATTICE_CONSTANT",
    "ZRO2_LATTICE_CONSTANT",
    "Ellipsoid",
    "Facetted",
    "Shape",
    "Sphere",
    "amorphous_layer",
    "b_factors",
    "debye_waller_factor",
    "depth_map",
    "nb3sn",
    "orthogonal",
    "random_occupancy",
    "replaced_cells",
    "supercell",
    "with_inclusions",
    "with_precipitate",
    "with_surface_layer",
    "zro2",
]
