"""An amorphous layer has its density and no atom too near to another, and stands on a specimen."""

import math

import numpy as np
import pytest
from ase import Atoms
from scipy.constants import atomic_mass
from scipy.spatial.distance import cdist

from hrtem_lab.multislice import exit_wave
from hrtem_lab.structures import (
    amorphous_layer,
    nb3sn,
    random_occupancy,
    supercell,
    with_surface_layer,
)

ERRORS = (TypeError, ValueError)
# Carbon atoms per Å³ at 2 g/cm³.
DENSE = 2e3 / (12.011 * atomic_mass) * 1e-30


def distances(atoms):
    """Return all distances to others, with the eight neighbouring boxes in the plane, by brute force."""
    width, depth, _ = atoms.cell.lengths()
    images = [atoms.positions + [i * width, j * depth, 0] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    found = cdist(atoms.positions, np.concatenate(images))
    return found[found > 0]


class TestLayer:
    @pytest.mark.parametrize(
        ("extent", "thickness", "options", "mass"),
        [
            (21.1, 10, {}, 12.011),
            ((30, 12.5), 7.3, {"density": 1.6}, 12.011),
            ((9, 20), 50, {"element": "Ge", "density": 5.3, "min_distance": 2.2}, 72.63),
        ],
    )
    def test_density_is_the_mass_in_the_box(self, extent, thickness, options, mass):
        layer = amorphous_layer(extent, thickness, **options)
        grams = len(layer) * mass * atomic_mass * 1e3
        assert grams / (layer.get_volume() * 1e-24) == pytest.approx(options.get("density", 2), rel=2e-3)
        assert set(layer.symbols) == {options.get("element", "C")}
        assert layer.cell.lengths() == pytest.approx([*np.broadcast_to(extent, 2), thickness])
        assert layer.pbc.tolist() == [True, True, False]

    @pytest.mark.parametrize("distance", [0.5, 1.35, 1.7])
    def test_no_two_atoms_are_nearer_than_the_distance_and_some_are_hardly_farther(self, distance):
        near = distances(amorphous_layer((12, 15), 12, min_distance=distance, rng=3))
        assert distance <= near.min() < 1.1 * distance + 0.1

    def test_atoms_fill_the_box_evenly(self):
        """In x and y any place is like any other; towards the surfaces in z there are a few more."""
        scaled = amorphous_layer(60, 30, rng=2).get_scaled_positions(wrap=False)
        assert scaled.min() >= 0
        assert scaled.max() < 1
        for axis, most in ((0, 0.05), (1, 0.05), (2, 0.15)):
            counts, _ = np.histogram(scaled[:, axis], bins=8, range=(0, 1))
            assert np.abs(counts / counts.mean() - 1).max() < most

    def test_places_are_those_of_adding_one_after_the_other(self):
        """The same draws, in the same order, each compared with all that stand."""
        box, rng, placed = np.array([8.0, 9.0, 6.0]), np.random.default_rng(11), []
        number = round(np.prod(box) * DENSE)
        while len(placed) < number:
            for place in rng.random((number, 3)) * box:
                offset = np.abs(np.array(placed).reshape(-1, 3) - place)
                offset[:, :2] = np.minimum(offset[:, :2], box[:2] - offset[:, :2])
                if (np.linalg.norm(offset, axis=1) > 1.7).all():
                    placed.append(place)
        layer = amorphous_layer((8, 9), 6, min_distance=1.7, rng=11)
        assert layer.positions == pytest.approx(np.array(placed[:number]))

    def test_the_same_seed_draws_the_same_layer(self):
        assert amorphous_layer(10, 5, rng=4) == amorphous_layer(10, 5, rng=4)
        assert amorphous_layer(10, 5, rng=4) == amorphous_layer(10, 5, rng=np.random.default_rng(4))
        assert amorphous_layer(10, 5, rng=4) != amorphous_layer(10, 5, rng=5)
        assert amorphous_layer(10, 5) == amorphous_layer(10, 5, rng=0)

    def test_the_densest_layer_that_is_allowed_is_made(self):
        highest = (0.33 / DENSE * 6 / math.pi) ** (1 / 3)
        layer = amorphous_layer(21.1, 20, min_distance=highest - 0.002)
        assert distances(layer).min() >= highest - 0.002
        with pytest.raises(ValueError, match=f"min_distance must not exceed {highest:.2f}"):
            amorphous_layer(21.1, 20, min_distance=highest + 0.01)

    @pytest.mark.parametrize(
        ("arguments", "options", "rule"),
        [
            ((0, 10), {}, "extent must be positive, got 0"),
            (((10, -1), 10), {}, "extent must be positive, got -1"),
            (((10, 10, 10), 10), {}, r"extent must be one number or \(rows, columns\)"),
            ((10, 0), {}, "thickness must be positive, got 0"),
            ((10, math.nan), {}, "thickness must be finite, got nan"),
            ((10, 10), {"density": 0}, "density must be positive, got 0"),
            ((10, 10), {"min_distance": 0}, "min_distance must be positive, got 0"),
            ((10, 10), {"element": "Kryptonite"}, "element must be the symbol .*, got 'Kryptonite'"),
            ((10, 10), {"element": "X"}, "element must be the symbol .*, got 'X'"),
            ((10, 10), {"element": 6}, "element must be the symbol .*, got 6"),
            ((10, 10), {"density": 8}, r"min_distance must not exceed 1.16 Å at this density"),
            ((2, 10), {}, "extent must be at least twice min_distance, 2.7 Å, got 2"),
            ((10, 10), {"rng": -1}, "rng must be a whole number of at least 0 .*, got -1"),
            ((10, 10), {"rng": 1.5}, "rng must be a whole number of at least 0 .*, got 1.5"),
            ((10, 0.01), {}, r"a layer must hold 1 to 10000000 atoms, got 0.1 in 10 × 10 × 0.01 Å"),
            ((1e9, 1e9), {}, "a layer must hold 1 to 10000000 atoms, got"),
            ((1e200, 1e200), {}, "a layer must hold 1 to 10000000 atoms, got inf"),
        ],
    )
    def test_nonsense_is_refused_by_its_rule(self, arguments, options, rule):
        with pytest.raises(ERRORS, match=rule):
            amorphous_layer(*arguments, **options)

    def test_a_search_that_finds_no_place_says_so(self, monkeypatch):
        monkeypatch.setattr("hrtem_lab.structures._amorphous._TRIES", 1)
        rule = r"room for 267 atoms, got 1.8 Å: after 267 draws only \d+ have a place"
        with pytest.raises(ValueError, match=rule):
            amorphous_layer(16.32, 10, min_distance=1.8)


class TestSurface:
    def test_the_layer_stands_on_the_exit_surface(self):
        crystal, layer = supercell(nb3sn(), (2, 3, 2)), amorphous_layer((10.55, 15.825), 8)
        covered = with_surface_layer(crystal, layer)
        assert covered.cell.lengths() == pytest.approx([10.55, 15.825, 18.55])
        assert np.array_equal(covered.positions[: len(crystal)], crystal.positions)
        assert covered.positions[len(crystal) :] == pytest.approx(layer.positions + [0, 0, 10.55])
        assert str(covered.symbols) == str(crystal.symbols) + str(layer.symbols)
        assert covered.pbc.tolist() == crystal.pbc.tolist()
        assert (covered.positions < covered.cell.lengths()).all()

    def test_occupancies_stay_with_their_atoms(self):
        cell = nb3sn()
        cell.set_array("occupancies", np.where(cell.symbols == "Sn", 0.5, 1.0))
        crystal = supercell(cell, (4, 4, 4))
        covered = with_surface_layer(crystal, amorphous_layer(21.1, 4))
        drawn = random_occupancy(covered, rng=1)
        for element in ("Nb", "C"):
            assert drawn.symbols.count(element) == covered.symbols.count(element)
        assert abs(drawn.symbols.count("Sn") - 64) < 4 * math.sqrt(32)

    def test_the_multislice_takes_it_and_carbon_scatters(self):
        crystal = supercell(nb3sn(), (1, 1, 1))
        options = {"sampling": 0.2, "max_angle": None, "progress": False}
        bare, covered = (
            exit_wave(atoms, **options)
            for atoms in (crystal, with_surface_layer(crystal, amorphous_layer(5.275, 10)))
        )
        assert covered.thickness == pytest.approx(15.275)
        assert np.abs(covered.array - bare.array).std() > 0.01

    @pytest.mark.parametrize(
        ("layer", "rule"),
        [
            (Atoms("C", cell=[5.3, 5.275, 4]), "must have the specimen's widths, 5.275 × 5.275 Å, got 5.3"),
            (Atoms("C", cell=[5.275, 10.55, 4]), "must have the specimen's widths, .* got 5.275 × 10.55 Å"),
            (Atoms("C", cell=[5.275, 5.275, 0]), "cell must be orthogonal .* got no height"),
            ("carbon", "must be ase.Atoms, got str"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, layer, rule):
        with pytest.raises(ERRORS, match=rule):
            with_surface_layer(nb3sn(), layer)
