"""An orthogonal cell holds the same crystal: its lattice, its density, its distances, and its image."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, graphene
from ase.constraints import FixAtoms
from ase.neighborlist import neighbor_list

from hrtem_lab.multislice import exit_wave
from hrtem_lab.simulation import form_image
from hrtem_lab.structures import nb3sn, orthogonal

ERRORS = (TypeError, ValueError)


def without_symmetry(cell):
    """A crystal that no rotation and no mirror maps onto itself."""
    scaled = [(0.1, 0.15, 0.2), (0.45, 0.3, 0.4), (0.2, 0.75, 0.6), (0.7, 0.6, 0.85)]
    return Atoms("AuSiOCu", scaled_positions=scaled, cell=cell, pbc=True)


def slab():
    return fcc111("Au", (1, 1, 3), vacuum=5)


EXACT = {
    "fcc": bulk("Au"),
    "bcc": bulk("Fe"),
    "diamond": bulk("Si"),
    "hexagonal": bulk("Mg"),
    "graphene": graphene(vacuum=3),
    "slab": slab(),
    "hexagonal, 60°": without_symmetry([4, 4, 5, 90, 90, 60]),
    "monoclinic": without_symmetry([[4, 0, 0], [0, 5, 0], [-2, 0, 6]]),
    "triclinic": without_symmetry([[4, 0, 0], [1, 5, 0], [2, 2.5, 6]]),
    "rhombohedral": without_symmetry([[3, 0, 4], [-1.5, 1.5 * 3**0.5, 4], [-1.5, -1.5 * 3**0.5, 4]]),
    "upper triangle": without_symmetry([[4, 2.5, 3], [0, 5, 0], [0, 0, 6]]),
    "permuted": without_symmetry([[0, 4, 0], [0, 0, 5], [6, 0, 0]]),
    "left-handed": without_symmetry([[0, 4, 0], [5, 0, 0], [0, 0, 6]]),
    "pointing back": without_symmetry([[-4, 0, 0], [0, 5, 0], [0, 0, -6]]),
    "turned by 45°": without_symmetry([[4, 4, 0], [-4, 4, 0], [0, 0, 6]]),
}
LEANING = {
    "monoclinic, 99.2°": (without_symmetry([5.15, 5.21, 5.31, 90, 99.2, 90]), 2e-3),
    "nearly orthogonal": (without_symmetry([5, 6, 7, 90.02, 89.97, 90.04]), 1e-3),
}
exact = pytest.mark.parametrize("atoms", EXACT.values(), ids=EXACT)
leaning = pytest.mark.parametrize(("atoms", "strain"), LEANING.values(), ids=LEANING)


def density(atoms):
    return {z: (atoms.numbers == z).sum() / atoms.get_volume() for z in set(atoms.numbers)}


@exact
def test_the_cell_is_orthogonal_and_has_its_atoms_inside(atoms):
    result = orthogonal(atoms)
    assert np.array_equal(result.cell, np.diag(np.diag(result.cell)))
    assert (np.diag(result.cell) > 0).all()
    assert (result.positions > -1e-6).all()
    assert (result.positions < np.diag(result.cell) + 1e-6).all()


@exact
def test_every_atom_stands_on_a_site_of_the_lattice_and_none_is_missing(atoms):
    """In the old cell's coordinates: nothing is turned, mirrored or strained."""
    result = orthogonal(atoms)
    images = len(result) / len(atoms)
    assert result.get_volume() == pytest.approx(images * atoms.get_volume())
    for site, number in zip(atoms.get_scaled_positions(), atoms.numbers, strict=True):
        apart = np.linalg.solve(np.array(atoms.cell).T, result.positions[result.numbers == number].T).T - site
        on_site = (np.abs(apart - np.round(apart)) < 1e-6).all(axis=1)
        assert on_site.sum() == images


@exact
def test_density_and_neighbours_stay(atoms):
    result = orthogonal(atoms)
    assert density(result) == pytest.approx(density(atoms))
    first, distance = neighbor_list("id", Atoms(atoms, pbc=True), 4.01)
    again, found = neighbor_list("id", Atoms(result, pbc=True), 4.01)
    assert len(again) / len(result) == pytest.approx(len(first) / len(atoms))
    assert found.min() == pytest.approx(distance.min())
    assert found.mean() == pytest.approx(distance.mean())


@leaning
def test_a_lattice_without_a_right_angle_is_sheared_by_less_than_allowed(atoms, strain):
    result = orthogonal(atoms, max_strain=strain)
    assert density(result) == pytest.approx(density(atoms), rel=strain**2)
    distance, found = (neighbor_list("d", crystal, 3.0) for crystal in (atoms, result))
    assert found.min() == pytest.approx(distance.min(), rel=2 * strain)
    assert len(found) / len(result) == pytest.approx(len(distance) / len(atoms))


@pytest.mark.parametrize(
    ("primitive", "conventional"),
    [(bulk("Au"), bulk("Au", cubic=True)), (bulk("Fe"), bulk("Fe", cubic=True))],
    ids=["fcc", "bcc"],
)
def test_the_exit_wave_is_that_of_the_conventional_cell(primitive, conventional):
    options = {"sampling": 0.1, "slice_thickness": 1.05, "progress": False}
    found, expected = (exit_wave(atoms, **options) for atoms in (orthogonal(primitive), conventional))
    view = {"shape": 64, "field_of_view": 12, "defocus": 40}
    image, other = form_image(found, **view), form_image(expected, **view)
    assert found.thickness == pytest.approx(expected.thickness)
    assert np.abs(image - other).max() < 1e-4 * other.max()
    assert other.std() > 0.05


def test_an_orthogonal_crystal_is_copied():
    cell = nb3sn()
    assert orthogonal(cell) == cell
    assert orthogonal(cell) is not cell


def test_constraints_do_not_hold_atoms_back():
    atoms = without_symmetry([[4, 0, 0], [1, 5, 0], [2, 2.5, 6]])
    expected = orthogonal(atoms)
    atoms.set_constraint(FixAtoms([0, 1, 2, 3]))
    assert np.allclose(orthogonal(atoms).positions, expected.positions)


@pytest.mark.parametrize(
    ("atoms", "options", "rule"),
    [
        ("Au", {}, "must be ase.Atoms, got str"),
        (fcc111("Au", (1, 1, 3)), {}, "no height along z: add vacuum"),
        (Atoms("Au", cell=[[4, 0, 0], [4, 4, 4], [8, 4, 4]]), {}, "cell must have a volume"),
        (Atoms("Au", cell=[[4, 0, 0], [0, np.nan, 0], [0, 0, 4]]), {}, "with finite edges along x, y, z"),
        (LEANING["monoclinic, 99.2°"][0], {}, "along z within max_strain=0.001, got 0.0018 at the nearest"),
        (bulk("Mg"), {"max_repetitions": 1}, "lattice vector must lie along y within .* got 0.58"),
        (bulk("Mg"), {"max_strain": 0}, "max_strain must be positive, got 0"),
        (bulk("Mg"), {"max_repetitions": 1.5}, "max_repetitions must be a whole number, got 1.5"),
        (Atoms("X", cell=[4, 4, 4]), {}, "dummy element X at atom 0"),
    ],
)
def test_what_cannot_be_done_is_said(atoms, options, rule):
    with pytest.raises(ERRORS, match=rule):
        orthogonal(atoms, **options)


@pytest.mark.parametrize("periodic", [(True, True, True), (True, True, False), (False, False, False)])
def test_what_is_periodic_stays_so(periodic):
    for atoms in (slab(), bulk("Au")):
        atoms.set_pbc(periodic)
        assert tuple(orthogonal(atoms).pbc) == periodic
