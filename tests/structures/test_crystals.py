"""Crystals have the published geometry, and a precipitate replaces the cells of a sphere."""

import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read, write
from ase.neighborlist import neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.structures import (
    NB3SN_LATTICE_CONSTANT,
    ZRO2_LATTICE_CONSTANT,
    nb3sn,
    replaced_cells,
    supercell,
    with_precipitate,
    zro2,
)

ERRORS = (TypeError, ValueError)
untimed = settings(deadline=None)


def shell(atoms, a, b, radius):
    """Return the numbers of neighbours of element b within `radius` that the atoms of element a have."""
    first, second = neighbor_list("ij", atoms, radius)
    symbols = np.array(atoms.get_chemical_symbols())
    pairs = first[(symbols[first] == a) & (symbols[second] == b)]
    return [int((pairs == atom).sum()) for atom in np.flatnonzero(symbols == a)]


def nearest(atoms, a, b):
    """Return the distance of the nearest pair of elements a and b in a periodic structure."""
    first, second, distance = neighbor_list("ijd", atoms, 6.0)
    symbols = np.array(atoms.get_chemical_symbols())
    return distance[(symbols[first] == a) & (symbols[second] == b)].min()


def sites(atoms, operation=lambda scaled: scaled):
    """Return the set of (element, fractional position) after a symmetry operation, modulo the lattice."""
    scaled = np.round(operation(atoms.get_scaled_positions()) * 96).astype(int) % 96
    return {(symbol, *map(int, place)) for symbol, place in zip(atoms.symbols, scaled, strict=True)}


def cells_of(atoms, length):
    """Count the atoms in every cubic cell of a specimen."""
    index = np.floor(atoms.positions / length + 1e-6).astype(int)
    counts = np.zeros(np.round(atoms.cell.lengths() / length).astype(int), int)
    np.add.at(counts, tuple(index.T), 1)
    return counts


@pytest.fixture
def cif(tmp_path):
    """Return the path of a CIF of strontium titanate."""
    scaled = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    path = tmp_path / "SrTiO3.cif"
    write(path, Atoms("SrTiO3", scaled_positions=scaled, cell=[3.905] * 3, pbc=True))
    return path


class TestCrystals:
    def test_lattice_constants_are_those_of_the_paper(self):
        assert supercell(nb3sn(), (1, 1, 40)).cell.lengths()[2] == pytest.approx(211.0)
        assert supercell(zro2(), (1, 1, 20)).cell.lengths()[2] == pytest.approx(101.8)

    @pytest.mark.parametrize("crystal", [nb3sn, zro2])
    def test_cell_is_cubic_periodic_and_as_large_as_asked(self, crystal):
        cell = crystal(a=4.0)
        assert cell.cell.tolist() == np.diag([4.0, 4.0, 4.0]).tolist()
        assert cell.pbc.all()
        assert (cell.get_scaled_positions() < 1).all()

    def test_nb3sn_is_a15(self):
        cell, a = nb3sn(), NB3SN_LATTICE_CONSTANT
        assert cell.get_chemical_formula() == "Nb6Sn2"
        assert nearest(cell, "Nb", "Nb") == pytest.approx(a / 2)
        assert nearest(cell, "Sn", "Nb") == pytest.approx(a * np.sqrt(5) / 4)
        assert nearest(cell, "Sn", "Sn") == pytest.approx(a * np.sqrt(3) / 2)
        # Sn sits in an icosahedron of 12 Nb; every Nb has 4 Sn and 2 Nb along its chain.
        assert shell(cell, "Sn", "Nb", 0.57 * a) == [12] * 2
        assert shell(cell, "Nb", "Sn", 0.57 * a) == [4] * 6
        assert shell(cell, "Nb", "Nb", 0.51 * a) == [2] * 6

    def test_zro2_is_fluorite(self):
        cell, a = zro2(), ZRO2_LATTICE_CONSTANT
        assert cell.get_chemical_formula() == "O8Zr4"
        assert nearest(cell, "Zr", "O") == pytest.approx(a * np.sqrt(3) / 4)
        assert nearest(cell, "O", "O") == pytest.approx(a / 2)
        assert nearest(cell, "Zr", "Zr") == pytest.approx(a / np.sqrt(2))
        # Zr sits in a cube of 8 O, O in a tetrahedron of 4 Zr.
        assert shell(cell, "Zr", "O", 0.45 * a) == [8] * 4
        assert shell(cell, "O", "Zr", 0.45 * a) == [4] * 8

    @pytest.mark.parametrize(
        "operation",
        [
            pytest.param(lambda r: -r, id="inversion"),
            pytest.param(lambda r: r[:, [2, 0, 1]], id="threefold axis"),
            pytest.param(lambda r: r * [1, 1, -1], id="mirror m"),
            pytest.param(lambda r: r[:, [1, 0, 2]] + 0.5, id="glide n"),
            pytest.param(lambda r: r[:, [1, 0, 2]] * [-1, 1, 1] + 0.5, id="4₂ screw axis"),
        ],
    )
    def test_nb3sn_has_the_operations_of_pm3n(self, operation):
        assert sites(nb3sn(), operation) == sites(nb3sn())

    def test_nb3sn_has_no_fourfold_axis_nor_a_centred_lattice(self):
        assert sites(nb3sn(), lambda r: r[:, [1, 0, 2]]) != sites(nb3sn())
        assert sites(nb3sn(), lambda r: r + 0.5) != sites(nb3sn())

    @pytest.mark.parametrize(
        "operation",
        [
            pytest.param(lambda r: -r, id="inversion"),
            pytest.param(lambda r: r[:, [2, 0, 1]], id="threefold axis"),
            pytest.param(lambda r: r * [1, 1, -1], id="mirror m"),
            pytest.param(lambda r: r[:, [1, 0, 2]], id="diagonal mirror m"),
            pytest.param(lambda r: np.add(r, [0, 0.5, 0.5]), id="face-centring"),
        ],
    )
    def test_zro2_has_the_operations_of_fm3m(self, operation):
        assert sites(zro2(), operation) == sites(zro2())

    @pytest.mark.parametrize("crystal", [nb3sn, zro2])
    @pytest.mark.parametrize(
        ("a", "rule"),
        [
            (0, "a must be positive, got 0"),
            (-5.2, "a must be positive, got -5.2"),
            (np.nan, "a must be finite, got nan"),
            (True, "a must be a real number, got True"),
            ("5", "a must be a real number, got '5'"),
        ],
    )
    def test_lattice_constant_must_be_a_length(self, crystal, a, rule):
        with pytest.raises(ERRORS, match=rule):
            crystal(a)


class TestSupercell:
    @untimed
    @given(st.tuples(*[st.integers(1, 4)] * 3))
    def test_atoms_and_edges_multiply(self, repetitions):
        crystal = supercell(nb3sn(), repetitions)
        assert len(crystal) == 8 * np.prod(repetitions)
        assert crystal.cell.lengths() == pytest.approx(NB3SN_LATTICE_CONSTANT * np.array(repetitions))
        assert (cells_of(crystal, NB3SN_LATTICE_CONSTANT) == 8).all()

    def test_a_crystal_from_a_file_is_as_good(self, cif):
        assert supercell(read(cif), (2, 3, 1)).get_chemical_formula() == "O18Sr6Ti6"

    def test_the_unit_cell_is_left_alone(self):
        cell = nb3sn()
        supercell(cell, (2, 2, 2))
        assert cell == nb3sn()

    @pytest.mark.parametrize(
        ("repetitions", "rule"),
        [
            (2, "three whole numbers .* got 2"),
            ((2, 2), r"three whole numbers .* got \(2, 2\)"),
            ((2, 2, 0), "repetitions must be at least 1, got 0"),
            ((2, -1, 2), "repetitions must be at least 1, got -1"),
            ((2, 2.0, 2), "repetitions must be a whole number, got 2.0"),
            ((2, True, 2), "repetitions must be a whole number, got True"),
        ],
    )
    def test_repetitions_must_be_three_whole_numbers(self, repetitions, rule):
        with pytest.raises(ERRORS, match=rule):
            supercell(nb3sn(), repetitions)

    @pytest.mark.parametrize(
        ("atoms", "rule"),
        [
            (bulk("Cu"), "cell must be orthogonal"),
            (
                Atoms("Cu"),
                "cell must be orthogonal .* no width along x and no width along y and no height along z",
            ),
            (Atoms(cell=[4, 4, 4]), "at least one atom, got none"),
            (Atoms("Cu", cell=[4, 4, np.nan]), "cell must be orthogonal"),
            ("nb3sn", r"must be ase\.Atoms, got str"),
            (None, r"must be ase\.Atoms, got NoneType"),
        ],
    )
    def test_the_structure_must_be_orthogonal_atoms(self, atoms, rule):
        with pytest.raises(ERRORS, match=rule):
            supercell(atoms, (1, 1, 1))


class TestReplacedCells:
    def test_projected_cells_of_whole_diameters(self):
        """The cells in the disc of the sphere's equator."""
        counts = [int(replaced_cells(diameter).any(axis=2).sum()) for diameter in range(15)]
        assert counts == [0, 1, 4, 9, 12, 21, 32, 37, 52, 69, 80, 97, 112, 137, 156]

    @pytest.mark.parametrize("diameter", range(1, 8))
    def test_the_sphere_of_cells_is_the_brute_force_one(self, diameter):
        middle = [(n - 1) / 2 - ((n - 1) / 2 - (diameter - 1) / 2) % 1 for n in (9, 10, 12)]
        expected = np.zeros((9, 10, 12), bool)
        for cell in itertools.product(*map(range, expected.shape)):
            squared = sum((2 * i - 2 * m) ** 2 for i, m in zip(cell, middle, strict=True))
            expected[cell] = squared <= diameter**2
        assert np.array_equal(replaced_cells(diameter, cells=(9, 10, 12)), expected)

    @untimed
    @given(st.integers(1, 10), st.tuples(*[st.integers(11, 14)] * 3))
    def test_a_whole_diameter_is_met_and_symmetric(self, diameter, cells):
        """However many cells the specimen has, the sphere spans its diameter and has a cube's mirrors."""
        found = np.argwhere(replaced_cells(diameter, cells=cells))
        low, high = found.min(axis=0), found.max(axis=0)
        box = replaced_cells(diameter, cells=cells)[tuple(map(slice, low, high + 1))]
        assert (high - low + 1).tolist() == [diameter] * 3
        for axis in range(3):
            assert np.array_equal(box, np.flip(box, axis))
        assert np.array_equal(box, box.transpose(1, 2, 0))

    @untimed
    @given(st.floats(0.1, 9), st.floats(0, 3))
    def test_a_larger_sphere_holds_the_smaller_one(self, diameter, more):
        center = (5.2, 4.7, 6.0)
        small = replaced_cells(diameter, cells=(10, 10, 12), center=center)
        large = replaced_cells(diameter + more, cells=(10, 10, 12), center=center)
        assert not (small & ~large).any()

    def test_an_odd_sphere_is_centred_on_a_cell_and_an_even_one_on_a_corner(self):
        assert np.argwhere(replaced_cells(1, cells=(4, 5, 6))).tolist() == [[1, 2, 2]]
        assert np.argwhere(replaced_cells(2, cells=(4, 5, 6))).min(axis=0).tolist() == [1, 1, 2]

    def test_a_cell_exactly_on_the_sphere_belongs_to_it_wherever_the_centre_is(self):
        """For some centres the rounded distance exceeds the rounded radius."""
        rng = np.random.default_rng(1)
        for center in rng.uniform(2, 4, (100, 3)).round(2):
            cell = rng.integers(0, 6, 3)
            diameter = 2 * float(np.linalg.norm(cell + 0.5 - center))
            assert replaced_cells(diameter, cells=(6, 6, 6), center=tuple(center))[tuple(cell)]
            smaller = replaced_cells(diameter * (1 - 1e-7), cells=(6, 6, 6), center=tuple(center))
            assert not smaller[tuple(cell)]

    def test_a_sphere_without_a_diameter_holds_no_cell_even_in_its_middle(self):
        assert not replaced_cells(0, cells=(3, 3, 3), center=(1.5, 1.5, 1.5)).any()

    def test_moving_the_centre_by_whole_cells_moves_the_sphere(self):
        middle = replaced_cells(4, cells=(12, 12, 12))
        moved = replaced_cells(4, cells=(12, 12, 12), center=(7, 4, 6))
        assert np.array_equal(moved, np.roll(middle, (1, -2, 0), axis=(0, 1, 2)))

    def test_a_sphere_beyond_the_specimen_is_cut_off(self):
        assert replaced_cells(2, cells=(4, 4, 4), center=(0, 0, 0)).sum() == 1
        assert replaced_cells(100, cells=(3, 4, 5)).all()
        assert not replaced_cells(2, cells=(4, 4, 4), center=(9, 9, 9)).any()

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"diameter": -1}, "diameter must not be negative, got -1"),
            ({"diameter": np.nan}, "diameter must be finite, got nan"),
            ({"diameter": np.inf}, "diameter must be finite, got inf"),
            ({"diameter": True}, "diameter must be a real number, got True"),
            ({"diameter": False}, "diameter must be a real number, got False"),
            ({"diameter": "4"}, "diameter must be a real number, got '4'"),
            ({"diameter": 4, "cells": (4, 4)}, r"cells must be three whole numbers .* got \(4, 4\)"),
            ({"diameter": 4, "cells": (4, 4, 0)}, "cells must be at least 1, got 0"),
            ({"diameter": 4, "cells": (4, 4, 4.5)}, "cells must be a whole number, got 4.5"),
            ({"diameter": 4, "center": (1, 2)}, r"center must be three finite numbers .* got \(1, 2\)"),
            ({"diameter": 4, "center": (1, 2, np.nan)}, "center must be three finite numbers .* nan"),
        ],
    )
    def test_errors_state_value_and_rule(self, options, rule):
        with pytest.raises(ERRORS, match=rule):
            replaced_cells(**options)


class TestWithPrecipitate:
    @pytest.mark.parametrize("diameter", [0, 1, 2, 3, 5, 6])
    def test_a_replaced_cell_holds_twelve_atoms_and_any_other_eight(self, diameter):
        cells = (6, 7, 8)
        specimen = with_precipitate(diameter, cells=cells)
        replaced = replaced_cells(diameter, cells=cells)
        assert np.array_equal(
            cells_of(specimen, NB3SN_LATTICE_CONSTANT), np.where(replaced, len(zro2()), len(nb3sn()))
        )
        assert (specimen.symbols == "Zr").sum() == 4 * replaced.sum()
        assert specimen.cell.lengths() == pytest.approx(NB3SN_LATTICE_CONSTANT * np.array(cells))
        assert specimen.pbc.all()

    def test_without_a_precipitate_it_is_the_supercell(self):
        specimen, crystal = with_precipitate(0, cells=(2, 3, 4)), supercell(nb3sn(), (2, 3, 4))
        assert sites(specimen) == sites(crystal)

    def test_the_precipitate_is_strained_to_the_matrix(self):
        specimen = with_precipitate(8, cells=(2, 2, 2))
        assert nearest(specimen, "Zr", "O") == pytest.approx(NB3SN_LATTICE_CONSTANT * np.sqrt(3) / 4)

    def test_any_two_crystals_do(self, cif):
        matrix, precipitate = read(cif), bulk("MgO", "rocksalt", a=4.21, cubic=True)
        specimen = with_precipitate(2, matrix=matrix, precipitate=precipitate, cells=(4, 4, 4))
        assert specimen.get_chemical_formula() == f"Mg32O{32 + 56 * 3}Sr56Ti56"
        assert specimen.cell.lengths() == pytest.approx([4 * 3.905] * 3)
        assert precipitate.cell.lengths() == pytest.approx([4.21] * 3)

    def test_the_precipitate_takes_the_shape_of_a_cell_that_is_no_cube(self):
        matrix = Atoms("Au", cell=[3, 4, 5], pbc=True)
        precipitate = Atoms("Cu", scaled_positions=[[0.5, 0.25, 0.1]], cell=[1, 1, 1], pbc=True)
        specimen = with_precipitate(1, matrix=matrix, precipitate=precipitate, cells=(3, 3, 3))
        assert specimen[specimen.symbols == "Cu"].positions.tolist() == [pytest.approx([4.5, 5.0, 5.5])]

    def test_the_centre_places_the_precipitate(self):
        specimen = with_precipitate(1, cells=(4, 4, 4), center=(0.5, 2.5, 3.5))
        index = np.argwhere(cells_of(specimen, NB3SN_LATTICE_CONSTANT) == len(zro2()))
        assert index.tolist() == [[0, 2, 3]]

    @pytest.mark.parametrize("part", ["matrix", "precipitate"])
    @pytest.mark.parametrize(
        ("atoms", "rule"), [(bulk("Cu"), "orthogonal"), ("Cu", "must be ase.Atoms, got str")]
    )
    def test_both_crystals_must_be_orthogonal_atoms(self, part, atoms, rule):
        with pytest.raises(ERRORS, match=rule):
            with_precipitate(2, cells=(4, 4, 4), **{part: atoms})

    def test_the_diameter_and_cells_are_checked(self):
        with pytest.raises(ValueError, match="diameter must not be negative, got -2"):
            with_precipitate(-2)
        with pytest.raises(ValueError, match="cells must be at least 1, got 0"):
            with_precipitate(2, cells=(0, 1, 1))
