"""Atoms inside any shapes are replaced, and the depth map says how much of them the beam meets."""

import math

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from scipy.spatial.distance import cdist

from hrtem_lab.multislice import exit_wave
from hrtem_lab.structures import (
    NB3SN_LATTICE_CONSTANT,
    Ellipsoid,
    Facetted,
    Sphere,
    depth_map,
    nb3sn,
    random_occupancy,
    supercell,
    with_inclusions,
    with_precipitate,
    zro2,
)

ERRORS = (TypeError, ValueError)
A = NB3SN_LATTICE_CONSTANT
CUBE = 3**0.5
CELLS = (8, 7, 9)
ODD = [
    Sphere((3.7, 3.2, 4.4), 4.3),
    Ellipsoid((4.1, 3.6, 2.8), (5.2, 3.1, 3.7)),
    Facetted((3.9, 3.4, 5.1), 4.6, 1.1),
]
PRECIPITATE = ("Zr", "O")


def places(atoms, *elements):
    """Return where the atoms of some elements stand, in cells."""
    return atoms.positions[np.isin(atoms.symbols, elements)] / A


def sites(atoms):
    """Return the set of (element, position in 96ths of a cell)."""
    where = np.round(atoms.positions / A * 96).astype(int)
    return {(symbol, *map(int, place)) for symbol, place in zip(atoms.symbols, where, strict=True)}


class TestAtoms:
    @pytest.mark.parametrize("shape", ODD, ids=repr)
    def test_inside_stands_the_whole_precipitate_and_nothing_else(self, shape):
        """The crystal of the precipitate, made by the older function, cut by hand."""
        specimen = with_inclusions(shape, cells=CELLS)
        whole = supercell(zro2(A), CELLS)
        inside = whole[shape.contains(whole.positions / A)]
        assert sites(specimen[np.isin(specimen.symbols, PRECIPITATE)]) == sites(inside)
        assert len(places(specimen, *PRECIPITATE)) == len(inside)
        assert not shape.contains(places(specimen, "Nb", "Sn")).any()

    @pytest.mark.parametrize("shape", ODD, ids=repr)
    def test_outside_stands_the_matrix_but_for_what_is_too_near(self, shape):
        specimen, near = (
            with_inclusions(shape, cells=CELLS),
            with_inclusions(shape, cells=CELLS, min_distance=0),
        )
        whole = supercell(nb3sn(), CELLS)
        outside = whole[~shape.contains(whole.positions / A)]
        assert sites(near[np.isin(near.symbols, ("Nb", "Sn"))]) == sites(outside)
        distance = cdist(outside.positions, places(near, *PRECIPITATE) * A).min(axis=1)
        assert sites(specimen[np.isin(specimen.symbols, ("Nb", "Sn"))]) == sites(outside[distance > 1.5])
        assert 0 < (distance <= 1.5).sum() < len(places(specimen, *PRECIPITATE))

    def test_default_distance_keeps_bonds_to_oxygen_and_no_zirconium_on_niobium(self):
        specimen = with_inclusions(ODD, cells=CELLS)
        first, second, distance = neighbor_list("ijd", specimen, 2.3)
        pairs = {
            (*sorted((specimen.symbols[i], specimen.symbols[j])), round(float(d), 2))
            for i, j, d in zip(first, second, distance, strict=True)
        }
        assert pairs == {("Nb", "O", 1.86), ("O", "Zr", 2.28), ("O", "Sn", 2.28)}

    def test_near_is_also_across_the_periodic_border_but_not_from_top_to_bottom(self):
        """The atom put in stands 0.4 Å below the corner of the next cell, which is the other side's."""
        matrix = Atoms("Nb", cell=[4] * 3, pbc=True)
        for axis, left in ((0, 26), (1, 26), (2, 27)):
            up = np.eye(3)[axis]
            precipitate = Atoms("Zr", scaled_positions=[0.9 * up], cell=[4] * 3, pbc=True)
            options = {"matrix": matrix, "precipitate": precipitate, "cells": (3, 3, 3)}
            specimen = with_inclusions(Sphere(1 + 1.9 * up, 0.2), min_distance=0.5, **options)
            assert specimen.symbols.count("Zr") == 1
            assert specimen.symbols.count("Nb") == left

    def test_without_shapes_the_crystal_is_pristine(self):
        for shapes in ([], (), iter([])):
            specimen = with_inclusions(shapes, cells=(2, 3, 4))
            assert np.array_equal(specimen.positions, with_precipitate(0, cells=(2, 3, 4)).positions)
            assert specimen.pbc.all()
        assert len(with_inclusions([])) == 16 * 16 * 40 * 8

    def test_a_cube_of_whole_cells_is_what_replaced_cells_are(self):
        """Just below the corners, so that an atom on a face belongs to the cell that begins there."""
        cube = Facetted((1.99, 1.99, 1.99), 2, CUBE)
        atoms = with_inclusions(cube, cells=(4, 4, 4), min_distance=0)
        assert sites(atoms) == sites(with_precipitate(2, cells=(4, 4, 4)))

    def test_an_atom_on_the_surface_belongs_to_the_precipitate(self):
        for shape in (Sphere((1, 1, 1), 2), Facetted((1, 1, 1), 2, CUBE)):
            atoms = with_inclusions(shape, cells=(3, 3, 3), min_distance=0)
            assert ("Zr", 96, 96, 2 * 96) in sites(atoms)
            assert ("Sn", 96, 96, 2 * 96) not in sites(atoms)

    def test_other_crystals_are_strained_to_the_matrix_along_each_axis(self):
        matrix = Atoms("Au2", scaled_positions=[(0, 0, 0), (0.5, 0.5, 0.5)], cell=[3, 4, 5], pbc=True)
        precipitate = Atoms("Cu", scaled_positions=[(0.25, 0.25, -0.25)], cell=[2.5, 4.4, 6], pbc=True)
        body = Facetted((1.2, 1.3, 1.9), 2, CUBE)
        specimen = with_inclusions(
            body, matrix=matrix, precipitate=precipitate, cells=(3, 3, 4), min_distance=0
        )
        assert specimen.cell.lengths() == pytest.approx([9, 12, 20])
        copper = specimen.positions[specimen.symbols == "Cu"] / [3, 4, 5]
        lattice = np.argwhere(np.ones((3, 3, 4))) + [0.25, 0.25, 0.75]
        inside = lattice[body.contains(lattice)]
        assert 4 <= len(inside) == len(copper)
        assert np.allclose(np.sort(copper, axis=0), np.sort(inside, axis=0))
        assert precipitate.positions[0, 2] == -1.5

    def test_atoms_just_outside_their_cell_stand_in_the_specimen(self):
        """Rounding puts an atom below 0, where its crystal's next cell would hold it."""
        scaled = np.array([(-1e-17, 0.5, -0.25), (0.5, 1.25, 1)])
        cell = Atoms("Au2", scaled_positions=scaled, cell=[4] * 3, pbc=True)
        specimen = with_inclusions([], matrix=cell, cells=(1, 1, 2))
        expected = np.array([(0, 0.5, 0.75), (0.5, 0.25, 0), (0, 0.5, 1.75), (0.5, 0.25, 1)])
        assert specimen.positions == pytest.approx(expected * 4)
        body = Facetted((0.5, 0.5, 0.5), 1, CUBE)
        placed = with_inclusions(body, matrix=nb3sn(4), precipitate=cell, cells=(1, 1, 1), min_distance=0)
        assert placed.positions[placed.symbols == "Au"] == pytest.approx(expected[:2] * 4)

    def test_whole_cells_further_the_same_atoms_stand(self):
        step = (2, 1, 3)
        shape = Ellipsoid((2.3, 2.7, 2.9), (3.4, 4.1, 5.2))
        moved = Ellipsoid(tuple(np.add(shape.center, step)), shape.diameters)
        first, second = (with_inclusions(one, cells=CELLS) for one in (shape, moved))
        shifted = places(first, *PRECIPITATE) + step
        assert np.allclose(np.sort(shifted, axis=0), np.sort(places(second, *PRECIPITATE), axis=0))
        assert len(first) == len(second)

    def test_several_overlapping_shapes_are_their_union(self):
        specimen = with_inclusions(ODD, cells=CELLS)
        whole = supercell(zro2(A), CELLS)
        union = np.any([shape.contains(whole.positions / A) for shape in ODD], axis=0)
        assert len(places(specimen, *PRECIPITATE)) == union.sum()
        assert sites(specimen) == sites(with_inclusions([*ODD, ODD[0]], cells=CELLS))

    def test_what_sticks_out_along_the_beam_is_cut(self):
        low, high = (with_inclusions(Sphere((4, 4, z), 5), cells=(8, 8, 8)) for z in (0, 8))
        assert low.positions[:, 2].min() >= 0
        assert high.positions[:, 2].max() < 8 * A
        # The plane of atoms at the centre is the lowest of the specimen; above the highest there is none.
        assert len(places(low, "O")) == len(places(high, "O"))
        assert len(places(low, "Zr")) > len(places(high, "Zr")) > 0

    def test_occupancies_stay_with_their_atoms(self):
        matrix = nb3sn()
        matrix.set_array("occupancies", np.where(matrix.symbols == "Sn", 0.5, 1.0))
        specimen = with_inclusions(Sphere((3, 3, 3), 3.3), matrix=matrix, cells=(6, 6, 6))
        drawn = random_occupancy(specimen, rng=1)
        for element in ("Nb", "Zr", "O"):
            assert drawn.symbols.count(element) == specimen.symbols.count(element)
        tin = specimen.symbols.count("Sn")
        assert abs(drawn.symbols.count("Sn") - tin / 2) < 4 * math.sqrt(tin / 4)

    def test_the_multislice_takes_it(self):
        specimen = with_inclusions(Sphere((0.5, 0.5, 1.2), 0.9), cells=(1, 1, 2))
        wave = exit_wave(specimen, sampling=0.2, max_angle=None, progress=False)
        assert wave.thickness == pytest.approx(2 * A)


class TestDepthMap:
    @pytest.mark.parametrize("pixels", [1, 3, 8, 20])
    @pytest.mark.parametrize("shape", [*ODD, Sphere((0.31, 6.4, 8.1), 0.57)], ids=repr)
    def test_its_sum_is_the_volume(self, shape, pixels):
        depth = depth_map(shape, cells=CELLS, pixels_per_cell=pixels, lattice_constant=1)
        assert depth.shape == (7 * pixels, 8 * pixels)
        assert depth.dtype == np.float32
        assert depth.sum(dtype=float) / pixels**2 == pytest.approx(shape.volume, rel=5e-4)

    @pytest.mark.parametrize("shape", ODD, ids=repr)
    def test_each_pixel_is_the_mean_of_the_lines_through_it(self, shape):
        """Against a thousand random lines in each of a row of pixels, within what their scatter allows."""
        depth = depth_map(shape, cells=CELLS, pixels_per_cell=2)
        row = int(shape.center[1] * 2) + 1
        for column in range(16):
            x, y = (np.random.default_rng(column).random((2, 4000)) + [[column], [row]]) / 2
            lines = shape.depth(x, y) * A
            assert depth[row, column] == pytest.approx(lines.mean(), abs=5 * lines.std() / 60 + 1e-6)

    @pytest.mark.parametrize("shape", ODD, ids=repr)
    def test_every_column_of_atoms_is_as_long_as_its_depth(self, shape):
        """Zr stands once in a cell, O twice: their numbers are within one of the depth over the spacing."""
        specimen = with_inclusions(shape, cells=CELLS)
        for element, spacing, offset in (("Zr", 1, 0.5), ("O", 0.5, 0.25)):
            columns = np.round(places(specimen, element)[:, :2] * 4).astype(int)
            for x, y in np.argwhere(np.ones((8, 7))) + offset:
                count = (columns == np.round([x * 4, y * 4])).all(axis=1).sum()
                assert abs(count * spacing - shape.depth(x, y)) <= spacing + 1e-9

    def test_many_centres_give_on_average_as_many_atoms_as_volume(self):
        rng = np.random.default_rng(7)
        counts = []
        for _ in range(60):
            shape = Ellipsoid(3.5 + rng.random(3), (4.1, 3.3, 2.7))
            counts.append(len(places(with_inclusions(shape, cells=(8, 8, 8), min_distance=0), *PRECIPITATE)))
        error = np.std(counts) / math.sqrt(len(counts))
        assert error < 0.01 * np.mean(counts)
        assert abs(np.mean(counts) - 12 * shape.volume) < 4 * error

    def test_rows_run_along_y_and_pixels_begin_at_the_corner(self):
        """A cube of a cell fills the pixels of this cell, and no other."""
        depth = depth_map(Facetted((2.5, 1.5, 2), 1, CUBE), cells=(4, 3, 5), pixels_per_cell=4)
        expected = np.zeros((12, 16))
        expected[4:8, 8:12] = A
        assert depth == pytest.approx(expected, abs=1e-5)

    def test_a_pixel_cut_by_a_face_is_filled_by_its_part(self):
        cube = Facetted((1.5, 1.5, 2), 1.25, CUBE)
        depth = depth_map(cube, cells=(3, 3, 4), pixels_per_cell=1, lattice_constant=1)
        along = np.array([0.125, 1, 0.125])
        assert depth == pytest.approx(1.25 * np.outer(along, along), abs=1e-6)

    def test_whole_cells_further_the_map_is_moved(self):
        for shape in (Sphere((3.3, 3.1, 4.2), 3.7), Facetted((3.3, 3.1, 4.2), 3.7)):
            moved = type(shape)(tuple(np.add(shape.center, (2, 1, 2))), shape.diameter)
            first, second = (depth_map(one, cells=CELLS, pixels_per_cell=5) for one in (shape, moved))
            assert second == pytest.approx(np.roll(first, (5, 10), axis=(0, 1)), abs=1e-4)

    def test_height_is_in_the_unit_of_the_lattice_constant(self):
        cells, angstroms = (depth_map(ODD, cells=CELLS, lattice_constant=a) for a in (1, 4.2))
        assert angstroms == pytest.approx(4.2 * cells)
        assert depth_map(ODD, cells=CELLS) == pytest.approx(A * cells)

    def test_shapes_that_overlap_are_counted_once(self):
        """Against points along the beam, each tested by hand."""
        shapes = [
            Sphere((2, 2, 3), 3),
            Sphere((2, 2, 4.5), 2),
            Sphere((2.2, 2, 7.5), 2),
            Sphere((2, 2, 7), 0.5),
            Sphere((2, 2, 8), 0.8),
        ]
        depth = depth_map(shapes, cells=(4, 4, 9), pixels_per_cell=40, lattice_constant=1)
        z = np.arange(0, 9, 2e-3) + 1e-3
        for row, column in [(80, 80), (86, 84), (78, 96), (100, 60), (80, 122)]:
            x, y = (column + 0.5) / 40, (row + 0.5) / 40
            points = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
            inside = np.any([shape.contains(points) for shape in shapes], axis=0).sum() * 2e-3
            assert depth[row, column] == pytest.approx(inside, abs=0.01)
        again = depth_map([*shapes, *shapes], cells=(4, 4, 9), pixels_per_cell=40, lattice_constant=1)
        assert again == pytest.approx(depth, abs=1e-5)

    def test_shapes_apart_add_in_any_order(self):
        shapes = [Sphere((2, 2, 2), 3), Sphere((2.5, 2, 7), 3), Sphere((5, 5, 4), 3.5)]
        maps = [depth_map(one, cells=CELLS) for one in shapes]
        for order in (shapes, shapes[::-1]):
            assert depth_map(order, cells=CELLS) == pytest.approx(sum(maps), abs=0.02)

    def test_the_surfaces_cut(self):
        whole = depth_map(Sphere((4, 4, 4), 5), cells=(8, 8, 8))
        for z in (0, 8):
            cut = depth_map(Sphere((4, 4, z), 5), cells=(8, 8, 8))
            assert cut == pytest.approx(whole / 2, abs=1e-4)
        assert depth_map(Ellipsoid((4, 4, 3), (5, 5, 50)), cells=(8, 8, 8)).max() == pytest.approx(8 * A)

    def test_no_shape_is_no_depth(self):
        depth = depth_map([])
        assert depth.shape == (128, 128)
        assert not depth.any()


NONSENSE = [
    (Sphere((4, 4, 9.5), 1), r"center must lie in the specimen, 0 to 9 cells along z, got Sphere"),
    (Sphere((4, 4, -0.5), 1), r"center must lie in the specimen, 0 to 9 cells along z"),
    (Sphere((9, 4, 4), 1), r"center must lie in the specimen, 0 to 8 cells along x"),
    (Sphere((1, 4, 4), 2.5), r"must not reach across the border along x, 0 to 8 cells"),
    (Ellipsoid((4, 6, 4), (1, 2.5, 1)), r"must not reach across the border along y, 0 to 7 cells"),
    ([Sphere((4, 4, 4), 1), Facetted((7, 4, 4), 3)], r"must not reach across the border along x"),
    (Sphere((4, 4, 4), 1e200), "must not reach across the border"),
    (3, "shapes must be Ellipsoid, Sphere or Facetted, one or several, got 3"),
    ([3], "shapes must be Ellipsoid, Sphere or Facetted, got 3"),
    ("Sphere", "shapes must be Ellipsoid, Sphere or Facetted, got 'S'"),
    (np.array(3.0), "shapes must be Ellipsoid, Sphere or Facetted, one or several, got array"),
    (None, "shapes must be Ellipsoid, Sphere or Facetted, one or several, got None"),
]


@pytest.mark.parametrize("make", [with_inclusions, depth_map])
class TestNonsense:
    @pytest.mark.parametrize(("shapes", "rule"), NONSENSE)
    def test_shapes_are_refused_by_their_rule(self, make, shapes, rule):
        with pytest.raises(ERRORS, match=rule):
            make(shapes, cells=CELLS)

    def test_touching_the_border_is_allowed(self, make):
        make([Sphere((4, 3.5, 4), 7), Sphere((1.1, 3.5, 9), 2.2)], cells=CELLS)

    @pytest.mark.parametrize("cells", [(8, 7), (8, 7, 0), (8, 7, 2.5), 8])
    def test_cells_are_three_counts(self, make, cells):
        with pytest.raises(ERRORS, match="cells must be"):
            make([], cells=cells)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"min_distance": -1}, "min_distance must not be negative, got -1"),
        ({"min_distance": math.nan}, "min_distance must be finite, got nan"),
        (
            {"min_distance": 2.7},
            "must not exceed half the matrix's shortest edge, 2.638 Å, got 2.7",
        ),
        ({"matrix": Atoms("Au", cell=[4, 4, 4, 90, 90, 60])}, "cell must be orthogonal"),
        ({"precipitate": "ZrO2"}, "must be ase.Atoms, got str"),
    ],
)
def test_what_no_specimen_is_made_of_is_refused(options, rule):
    with pytest.raises(ERRORS, match=rule):
        with_inclusions([], cells=(2, 2, 2), **options)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"pixels_per_cell": 0}, "pixels_per_cell must be at least 1, got 0"),
        ({"pixels_per_cell": 2.5}, "pixels_per_cell must be a whole number, got 2.5"),
        ({"lattice_constant": 0}, "lattice_constant must be positive, got 0"),
        ({"lattice_constant": math.inf}, "lattice_constant must be finite, got inf"),
    ],
)
def test_a_map_of_no_size_is_refused(options, rule):
    with pytest.raises(ERRORS, match=rule):
        depth_map([], **options)


@pytest.mark.parametrize("length", [0, -1, math.inf, 1.1e12, 1e300])
def test_a_map_has_a_length_and_an_end(length):
    with pytest.raises(ERRORS, match="lattice_constant must be"):
        depth_map([], cells=(2, 2, 2), lattice_constant=length)
    with pytest.raises(ValueError, match="a map of at most 2³⁰ pixels, got 16385, which makes 32770 × 32770"):
        depth_map([], cells=(2, 2, 2), pixels_per_cell=16385)
