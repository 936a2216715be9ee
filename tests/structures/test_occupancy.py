"""What a file says about occupied sites is refused by name or drawn, and never lost without a word."""

import io

import numpy as np
import pytest
from ase import Atoms
from ase.build import cut, make_supercell, sort, surface
from ase.io import read, write
from ase.spacegroup import crystal

from hrtem_lab.multislice import exit_wave, exit_wave_series
from hrtem_lab.structures import nb3sn, orthogonal, random_occupancy, supercell, with_precipitate, zro2

ERRORS = (TypeError, ValueError)
COARSE = {"sampling": 0.15, "slice_thickness": 1.0, "progress": False}
AU, AG = 79, 47


def cif(*sites):
    """Read a face-centred cubic crystal of the sites (element, fraction along each axis, occupancy)."""
    lines = [
        "data_x",
        *(f"_cell_length_{edge} 4.08" for edge in "abc"),
        *(f"_cell_angle_{angle} 90" for angle in ("alpha", "beta", "gamma")),
        "_space_group_name_H-M_alt 'F m -3 m'",
        "loop_",
        *(
            f"_atom_site_{name}"
            for name in ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")
        ),
        *(f"{element}{n} {element} {x} {x} {x} {share}" for n, (element, x, share) in enumerate(sites)),
    ]
    return read(io.StringIO("\n".join(lines) + "\n"), format="cif")


def half():
    return cif(("Au", 0, 0.5))


def mixed():
    return cif(("Ag", 0, 0.4), ("Au", 0, 0.6), ("O", 0.5, 1))


def through(name, atoms, folder):
    path = folder / f"crystal.{name}"
    write(path, atoms)
    return read(path)


def with_array(name, values=(1, 0.5, 1, 1)):
    atoms = Atoms("Au4", scaled_positions=np.eye(4)[:, :3] / 2, cell=[4] * 3, pbc=True)
    atoms.set_array(name, np.array(values, float))
    return atoms


REFUSED = {
    "vacancies": (lambda _: half(), "Au 0.5 at atoms 0, 1, 2, 3 "),
    "mixed": (lambda _: mixed(), r"Ag 0.4 \+ Au 0.6 at atoms 0, 1, 2, 3 "),
    "copy": (lambda _: mixed().copy(), r"Ag 0.4 \+ Au 0.6 at atoms 0, 1, 2, 3 "),
    "repeat": (lambda _: half().repeat(2), "Au 0.5 at atoms 0, 1, 2, 3, 4 and 27 more "),
    "supercell": (lambda _: supercell(half(), (1, 1, 2)), "Au 0.5 at atoms 0, 1, 2, 3, 4 and 3 more "),
    "orthogonal": (lambda _: orthogonal(half()), "Au 0.5 at atoms"),
    "primitive": (
        lambda _: orthogonal(cut(half(), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0))),
        "Au 0.5 at atoms 0, 1, 2, 3 ",
    ),
    "one atom": (lambda _: mixed()[[5, 1]], r"Ag 0.4 \+ Au 0.6 at atom 1 "),
    "cut": (lambda _: cut(half(), c=(0, 0, 2)), "Au 0.5 at atoms"),
    "sorted": (lambda _: sort(mixed()), r"Ag 0.4 \+ Au 0.6 at atoms"),
    "surface": (lambda _: surface(half(), (1, 0, 0), 2, vacuum=2), "Au 0.5 at atoms"),
    "more atoms": (lambda _: half() + Atoms("C", [[1, 1, 1]]), "Au 0.5 at atoms"),
    "extended XYZ": (lambda folder: through("xyz", half(), folder), "Au 0.5 at atoms 0, 1, 2, 3 "),
    "CIF again": (lambda folder: through("cif", mixed(), folder), r"Au 0.6 \+ Ag 0.4 at atoms 0, 1, 2, 3 "),
    "trajectory": (lambda folder: through("traj", half(), folder), "must say which atoms they are for"),
    "muSTEM's array": (lambda _: with_array("occupancies"), "Au 0.5 at atom 1 "),
    "PDB's array": (lambda _: with_array("occupancy"), "Au 0.5 at atom 1 "),
    "unknown": (lambda _: cif(("Au", 0, "?")), "Au nan at atoms"),
    "nothing there": (lambda _: cif(("Au", 0, 0)), "nothing at atoms"),
    "precipitate": (
        lambda _: with_precipitate(1, matrix=mixed(), precipitate=zro2(), cells=(1, 1, 2)),
        r"Ag 0.4 \+ Au 0.6 at atoms 0, 1, 2, 3 ",
    ),
    "matrix": (
        lambda _: with_precipitate(1, matrix=zro2(), precipitate=half(), cells=(1, 1, 2)),
        "Au 0.5 at atoms 12, 13, 14, 15 ",
    ),
}


@pytest.mark.parametrize(("made", "sites"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("simulate", [exit_wave, exit_wave_series])
def test_partly_occupied_sites_are_refused_by_name_before_the_work(simulate, made, sites, tmp_path):
    with pytest.raises(ValueError, match=sites):
        simulate(made(tmp_path), **COARSE)


FULL = {
    "said to be full": lambda: cif(("Au", 0, 1), ("O", 0.5, "1.0000")),
    "by default": lambda: cif(("Au", 0, "."), ("O", 0.5, ".")),
    "never silver": lambda: cif(("Au", 0, 1), ("Ag", 0, 0), ("O", 0.5, 1)),
    "without a column": lambda: crystal(
        ["Au", "O"], [(0, 0, 0), (0.5,) * 3], spacegroup=225, cell=[4.08] * 3
    ),
}


@pytest.mark.parametrize("made", FULL.values(), ids=FULL)
def test_full_sites_are_simulated(made):
    plain = made()
    plain.info.clear()
    del plain.arrays["spacegroup_kinds"]
    expected = exit_wave(plain, **COARSE).array
    assert np.array_equal(exit_wave(made(), **COARSE).array, expected)
    assert np.array_equal(exit_wave(random_occupancy(made()), **COARSE).array, expected)


LOST = {
    "make_supercell": lambda: make_supercell(half(), np.eye(3)),
    "behind others": lambda: Atoms("C", [[1, 1, 1]], cell=[4.08] * 3) + half(),
    "two crystals": lambda: cif(("O", 0.5, 1)) + half(),
}


@pytest.mark.parametrize("made", LOST.values(), ids=LOST)
def test_a_lost_record_of_occupancies_is_told(made):
    with pytest.warns(UserWarning, match="occupancies are lost"):
        exit_wave(made(), max_angle=None, **COARSE)


def test_a_precipitate_of_a_crystal_whose_record_is_lost_is_told():
    with pytest.warns(UserWarning, match="occupancies are lost"):
        with_precipitate(1, precipitate=make_supercell(half(), np.eye(3)), cells=(1, 1, 1))


class TestRandomOccupancy:
    def test_shares_are_those_of_the_sites(self):
        """4 000 mixed sites: the numbers are binomial, within four standard deviations."""
        drawn = random_occupancy(supercell(mixed(), (10, 10, 10)), rng=1)
        counts = np.bincount(drawn.numbers, minlength=80)
        assert (counts[8], counts[AU] + counts[AG]) == (4000, 4000)
        assert abs(counts[AG] - 1600) < 4 * np.sqrt(4000 * 0.4 * 0.6)

    def test_vacancies_are_left_out_each_on_its_own(self):
        drawn = random_occupancy(supercell(half(), (10, 10, 10)), rng=2)
        cells = np.floor(drawn.positions / 4.08 + 1e-6)
        _, counts = np.unique(cells, axis=0, return_counts=True)
        filled = np.bincount(counts, minlength=5) / 1000
        assert filled[1:] == pytest.approx(np.array([4, 6, 4, 1]) / 16, abs=0.06)

    def test_the_same_seed_draws_the_same_atoms(self):
        crystal = supercell(mixed(), (3, 3, 3))
        assert random_occupancy(crystal, rng=5) == random_occupancy(crystal, rng=5)
        assert random_occupancy(crystal, rng=5) != random_occupancy(crystal, rng=6)

    def test_atoms_stay_where_they_were_and_the_crystal_is_left_alone(self):
        crystal = supercell(mixed(), (2, 2, 2))
        before = crystal.copy()
        drawn = random_occupancy(crystal, rng=1)
        assert np.array_equal(drawn.positions, crystal.positions)
        assert crystal == before
        assert "occupancy" in crystal.info

    def test_atoms_in_one_place_are_one_site(self):
        """As muSTEM lists a mixed site, across the edge of the cell too: always one of both."""
        atoms = Atoms("AuAg", positions=[[0, 0, 0], [4, 0, 0.01]], cell=[4, 4, 4], pbc=True)
        atoms.set_array("occupancies", np.array([0.3, 0.7]))
        drawn = [random_occupancy(atoms, rng=seed) for seed in range(400)]
        assert {len(one) for one in drawn} == {1}
        gold = sum(int(one.numbers[0] == AU) for one in drawn)
        assert abs(gold - 120) < 4 * np.sqrt(400 * 0.3 * 0.7)

    def test_thirds_that_were_rounded_leave_no_vacancy(self):
        atoms = cif(("Au", 0, 0.3333), ("Ag", 0, 0.3333), ("Cu", 0, 0.3333))
        assert len(random_occupancy(supercell(atoms, (10, 10, 10)))) == 4000

    def test_the_draw_is_simulated(self):
        specimen = with_precipitate(1, matrix=mixed(), precipitate=zro2(), cells=(1, 1, 2))
        drawn = random_occupancy(specimen, rng=3)
        assert set(drawn.symbols) <= {"Au", "Ag", "O", "Zr"}
        waves = [exit_wave(random_occupancy(specimen, rng=seed), **COARSE).array for seed in (3, 3, 4)]
        assert np.array_equal(waves[0], waves[1])
        assert not np.array_equal(waves[0], waves[2])

    @pytest.mark.parametrize(
        ("atoms", "rule"),
        [
            (with_array("occupancies", (1, 1.2, 1, 1)), r"between 0 and 1, .* got \[1.2\] at atom 1"),
            (with_array("occupancies", (1, 1, -0.5, 1)), r"between 0 and 1, .* got \[-0.5\] at atom 2"),
            (with_array("occupancies", (1, 1, np.nan, 1)), r"between 0 and 1, .* got \[nan\] at atom 2"),
            (with_array("occupancies", (0, 0, 0, 0)), "at least one atom, got none after the draw"),
            (Atoms("Au2", cell=[4] * 3), r"together on one site too, got \[1.0, 1.0\] at atom 0"),
            (Atoms("Au", cell=[4, 4, 4, 90, 90, 60]), "cell must be orthogonal"),
            ("Au", "must be ase.Atoms, got str"),
        ],
    )
    def test_errors_state_value_and_rule(self, atoms, rule):
        with pytest.raises(ERRORS, match=rule):
            random_occupancy(atoms)


def test_the_built_in_crystals_have_full_sites():
    for cell in (nb3sn(), zro2()):
        assert random_occupancy(cell) == cell


@pytest.mark.parametrize("start", [1, 3.97, -1e-17])
@pytest.mark.parametrize(("apart", "one"), [(0.05, True), (0.2, False)])
def test_atoms_closer_than_a_tenth_of_an_angstrom_stand_on_one_site(start, apart, one):
    """Also across the border of the cell, and where rounding puts an atom just outside."""
    places = [(start, 1, 1), (start + apart, 1, 1), (2, 3, 3)]
    atoms = Atoms("AuAgO", positions=places, cell=[4, 4, 4], pbc=True)
    atoms.set_array("occupancies", np.array([0.6, 0.6, 1]))
    if one:
        with pytest.raises(ValueError, match=r"together on one site too, got \[0.6, 0.6\] at atom 0"):
            random_occupancy(atoms)
    else:
        assert {len(random_occupancy(atoms, rng=seed)) for seed in range(20)} == {1, 2, 3}


def test_a_site_is_full_within_a_thousandth():
    """Of 10 648 sites that are only a little less than full, none stays empty."""
    block = Atoms("Cu", cell=[2, 2, 2], pbc=True).repeat(22)
    for share in (0.9991, 1.0009):
        block.set_array("occupancies", np.full(len(block), share))
        assert len(random_occupancy(block)) == len(block)
    block.set_array("occupancies", np.full(len(block), 1.01))
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        random_occupancy(block)


def test_around_a_precipitate_every_atom_keeps_its_record():
    specimen = with_precipitate(1, matrix=half(), precipitate=zro2(), cells=(3, 3, 3))
    drawn = random_occupancy(specimen)
    assert drawn.symbols.count("Zr") == 4
    assert 26 < drawn.symbols.count("Au") < 78  # of 26 cells of 4 sites, each half occupied


@pytest.mark.parametrize("rng", [-1, 0.5, "seed", False])
def test_a_seed_is_a_whole_number(rng):
    with pytest.raises((TypeError, ValueError), match="rng must be a whole number of at least 0"):
        random_occupancy(half(), rng=rng)
