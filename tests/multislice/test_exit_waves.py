"""Exit waves agree with abTEM, with scattering theory, and with the laws of a crystal."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.io import read, write
from scipy.constants import c, e, m_e, physical_constants

from hrtem_lab.multislice import exit_wave, exit_wave_series
from hrtem_lab.simulation import form_image, load_exit_wave, wavelength
from hrtem_lab.structures import nb3sn, supercell, with_precipitate, zro2

CRYSTALS = {"nb3sn": nb3sn, "zro2": zro2}
COARSE = {"sampling": 0.1, "progress": False}


def low_cell():
    """Return a specimen without symmetry, its atoms away from the faces of slices, longer in x than in y."""
    scaled = [(0.1, 0.2, 0.1), (0.6, 0.3, 0.45), (0.45, 0.8, 0.55), (0.8, 0.9, 0.8)]
    return Atoms("AuSiOCu", scaled_positions=scaled, cell=[7.2, 4.8, 4.5], pbc=True)


def hydrogen(height, cell=(6.0, 6.0)):
    """Return a single hydrogen atom at the entrance of a cell."""
    return Atoms("H", positions=[(0, 0, 0)], cell=[*cell, height], pbc=True)


def coefficients(wave):
    return np.fft.fft2(wave.array.astype(complex), norm="forward")


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


class TestPhysics:
    def test_agrees_with_abtem(self):
        """abTEM's own multislice of the same atoms, grid and slices; also that rows are y and columns x."""
        import abtem

        atoms = low_cell()
        potential = abtem.Potential(atoms, gpts=(90, 60), slice_thickness=1.5)
        expected = abtem.PlaneWave(energy=80e3).multislice(potential).compute(progress_bar=False).array.T
        wave = exit_wave(atoms, sampling=0.08, slice_thickness=1.5, max_angle=None, progress=False)
        assert wave.array.shape == (60, 90)
        assert relative_error(wave.array, expected) < 1e-5

    @pytest.mark.parametrize("energy", [80e3, 300e3])
    def test_a_hydrogen_atom_scatters_by_mott_and_bethe(self, energy):
        """In the Born approximation ψ̂(g) = iλγ f(g) / A, with the form factor of the exact 1s orbital,
        f = (2 / a₀ q²) (1 − (1 + q² a₀² / 4)⁻²), q = 2πg; the parametrised atom is within 2 % of it.
        """
        found = coefficients(
            exit_wave(
                hydrogen(0.01),
                energy=energy,
                sampling=0.05,
                slice_thickness=0.01,
                max_angle=None,
                progress=False,
            )
        )
        gamma = 1 + energy * e / (m_e * c**2)
        bohr = physical_constants["Bohr radius"][0] * 1e10
        q = 2 * np.pi * np.arange(1, 9) / 6
        form_factor = 2 / (bohr * q**2) * (1 - (1 + (q * bohr / 2) ** 2) ** -2)
        expected = wavelength(energy) * gamma * form_factor / 36
        assert found[0, 1:9].imag == pytest.approx(expected, rel=0.02)
        assert found[1:9, 0].imag == pytest.approx(expected, rel=0.02)
        assert np.abs(found[0, 1:9].real).max() < 0.02 * expected.max()

    def test_vacuum_propagates_by_fresnel(self):
        """Behind a height t the beam g has turned by −πλtg²."""
        near, far = (
            coefficients(
                exit_wave(hydrogen(t), sampling=0.05, slice_thickness=t, max_angle=None, progress=False)
            )
            for t in (0.01, 100.01)
        )
        g = np.arange(1, 9) / 6
        turned = np.exp(-1j * np.pi * wavelength(80e3) * 100 * g**2)
        assert far[0, 1:9] / near[0, 1:9] == pytest.approx(turned, abs=1e-3)

    def test_electrons_are_conserved(self):
        """Elastic scattering alone loses only what leaves the grid: the less, the finer it is."""
        intensities = []
        for sampling in (0.08, 0.04, 0.02):
            *_, wave = exit_wave_series(
                nb3sn(), repetitions=5, sampling=sampling, max_angle=None, progress=False
            )
            intensities.append((np.abs(wave.array) ** 2).mean())
        assert intensities == sorted(intensities)
        assert 0.995 < intensities[-1] <= 1 + 1e-5

    def test_an_atom_lies_where_it_was_put(self):
        atoms = Atoms("Au", positions=[(1.2, 6.0, 0.5)], cell=[4.8, 7.2, 1], pbc=True)
        wave = exit_wave(atoms, slice_thickness=1, max_angle=None, **COARSE)
        row, column = np.unravel_index(np.abs(wave.array - 1).argmax(), wave.array.shape)
        assert (row * wave.sampling[0], column * wave.sampling[1]) == pytest.approx((6.0, 1.2))

    def test_atoms_moved_by_whole_pixels_move_the_wave(self):
        atoms, moved = low_cell(), low_cell()
        moved.positions += (0.8, 1.6, 0)
        moved.wrap()
        first, second = (exit_wave(specimen, max_angle=None, **COARSE) for specimen in (atoms, moved))
        assert first.sampling == pytest.approx((0.1, 0.1))
        assert relative_error(second.array, np.roll(first.array, (16, 8), axis=(0, 1))) < 1e-5


class TestCrystalLaws:
    @pytest.mark.parametrize("crystal", CRYSTALS.values(), ids=CRYSTALS)
    def test_a_supercell_repeats_the_unit_cell(self, crystal):
        """Only every second row and third column of its Fourier coefficients are there."""
        grid = {"sampling": crystal().cell.lengths()[0] / 48, "progress": False}
        *_, cell = exit_wave_series(crystal(), repetitions=2, **grid)
        block = exit_wave(supercell(crystal(), (3, 2, 2)), **grid)
        found, expected = coefficients(block), coefficients(cell)
        assert block.thickness == cell.thickness
        orders = [np.arange(-n, n + 1) for n in (np.array(cell.array.shape) - 1) // 2]
        lattice = np.ix_(2 * orders[0], 3 * orders[1])
        assert relative_error(found[lattice], expected[np.ix_(*orders)]) < 1e-5
        found[lattice] = 0
        assert np.abs(found).max() < 1e-6
        options = {"shape": (64, 96), "field_of_view": block.extent, "defocus": 30}
        assert relative_error(form_image(block, **options), form_image(cell, **options)) < 1e-5

    def test_stacking_is_the_series(self):
        series = list(exit_wave_series(nb3sn(), repetitions=3, **COARSE))
        for repetitions, wave in enumerate(series, start=1):
            block = exit_wave(supercell(nb3sn(), (1, 1, repetitions)), **COARSE)
            assert block.thickness == pytest.approx(wave.thickness)
            assert relative_error(block.array, wave.array) < 1e-5

    @pytest.mark.parametrize("repetitions", [(2, 1, 3), [1, 2, 1], np.array([1, 1, 2])])
    def test_three_repetitions_are_those_of_the_atoms(self, repetitions):
        wave = exit_wave(low_cell(), repetitions=repetitions, **COARSE)
        expected = exit_wave(low_cell().repeat(repetitions), **COARSE)
        assert wave.extent == expected.extent
        assert wave.thickness == expected.thickness
        assert np.array_equal(wave.array, expected.array)

    def test_one_number_of_repetitions_is_along_the_beam(self):
        wave = exit_wave(low_cell(), repetitions=3, **COARSE)
        *_, expected = exit_wave_series(low_cell(), repetitions=3, **COARSE)
        assert np.array_equal(wave.array, expected.array)
        assert wave.thickness == pytest.approx(13.5)

    def test_a_cell_entirely_of_the_precipitate_is_that_crystal_strained(self):
        specimen = with_precipitate(9, cells=(2, 1, 1))
        expected = exit_wave(supercell(zro2(a=5.275), (2, 1, 1)), **COARSE)
        assert relative_error(exit_wave(specimen, **COARSE).array, expected.array) < 1e-5

    @pytest.mark.parametrize("max_angle", [20.0, 30.0, 50.0])
    def test_the_band_limit_only_crops(self, max_angle):
        whole = exit_wave(low_cell(), max_angle=None, **COARSE)
        cropped = exit_wave(low_cell(), max_angle=max_angle, **COARSE)
        assert cropped.extent == pytest.approx(whole.extent)
        g_rows, g_columns = (
            np.fft.fftfreq(n, d) for n, d in zip(whole.array.shape, whole.sampling, strict=True)
        )
        inside = wavelength(80e3) * np.hypot(g_rows[:, None], g_columns) <= max_angle / 1e3
        kept = coefficients(cropped)
        beams = np.abs(kept) > 1e-7 * np.abs(kept).max()
        assert beams.sum() == inside.sum()
        assert (np.abs(kept) ** 2).sum() == pytest.approx((np.abs(coefficients(whole)[inside]) ** 2).sum())
        options = {"semiangle_cutoff": max_angle, "defocus": -40, "shape": 60, "field_of_view": (5, 9)}
        assert relative_error(form_image(cropped, **options), form_image(whole, **options)) < 1e-5

    def test_a_series_shares_its_provenance(self):
        first, second = exit_wave_series(zro2(), repetitions=2, sampling=0.1, progress=False)
        assert first.provenance == second.provenance
        assert first.provenance["structure"] == "O8Zr4"
        assert first.provenance["gpts"] == [51, 51]
        assert first.provenance["slices"] == 4
        assert first.provenance["max_angle"] == 50.0
        assert {"abtem", "numpy", "potential"} < set(first.provenance)


class TestConvergence:
    @pytest.mark.slow
    @pytest.mark.parametrize("name", CRYSTALS)
    def test_twice_as_fine_a_grid_changes_the_shipped_images_by_less_than_1_percent(self, name):
        """Half the pixel size and half the slice thickness, at every thickness from 1 to 60 cells."""
        cell = CRYSTALS[name]()
        length = float(cell.cell.lengths()[0])
        series = exit_wave_series(
            cell, repetitions=60, sampling=length / 512, slice_thickness=length / 8, progress=False
        )
        for cells, finer in enumerate(series, start=1):
            shipped = form_image(load_exit_wave(name, thickness_cells=cells))
            assert relative_error(form_image(finer), shipped) < 0.01, f"{cells} cells"

    def test_the_default_grid_is_as_fine_as_promised(self):
        """Ten cells of Nb₃Sn at 0.02 Å and 1.4 Å slices, against the shipped wave."""
        *_, wave = exit_wave_series(nb3sn(), repetitions=10, progress=False)
        expected = form_image(load_exit_wave("nb3sn", thickness_cells=10))
        assert relative_error(form_image(wave), expected) < 0.01


class TestSpecimens:
    def test_a_crystal_from_a_file(self, tmp_path):
        write(tmp_path / "MgO.cif", bulk("MgO", "rocksalt", a=4.21, cubic=True))
        crystal = supercell(read(tmp_path / "MgO.cif"), (1, 1, 5))
        wave = exit_wave(crystal, sampling=0.06, progress=False)
        assert wave.extent == pytest.approx((4.21, 4.21))
        assert wave.thickness == pytest.approx(21.05)
        image = form_image(wave)
        assert image.shape == (128, 128)
        assert 0.05 < image.std() < 1

    def test_rounding_adds_no_slice_to_a_whole_number_of_them(self):
        """7 × 0.3 Å, divided by 0.3 Å, is a little more than 7."""
        atoms = Atoms("C", positions=[(1, 1, 1)], cell=[3, 3, 7 * 0.3], pbc=True)
        assert 7 * 0.3 / 0.3 > 7
        wave = exit_wave(atoms, sampling=0.1, slice_thickness=0.3, max_angle=None, progress=False)
        assert wave.provenance["slices"] == 7

    def test_empty_slices_are_vacuum(self):
        """The wave behind 9 Å of vacuum is that of the slab: underfocus by 9 Å looks back at it."""
        slab = low_cell()
        tall = slab.copy()
        tall.cell[2, 2] += 9
        near, far = (exit_wave(specimen, slice_thickness=1.5, **COARSE) for specimen in (slab, tall))
        assert far.thickness == pytest.approx(near.thickness + 9)
        options = {"field_of_view": near.extent, "shape": 60}
        expected = form_image(near, **options)
        assert relative_error(form_image(far, defocus=9, **options), expected) < 1e-5
        assert relative_error(form_image(far, defocus=-9, **options), expected) > 1e-3

    @pytest.mark.parametrize(
        "cell",
        [
            (7.2, 4.8, 4.5, 90, 90, 90.0001),
            (7.2, 4.8, 4.5, 90, 90, 89.9999),
            (7.2, 4.8, 4.5, 90.0001, 89.9999, 90.001),
            [[7.2, 2e-5, -2e-5], [-2e-5, 4.8, 2e-5], [2e-5, -2e-5, 4.5]],
        ],
    )
    def test_a_cell_that_leans_by_rounding_is_straightened(self, cell):
        leaning = low_cell()
        leaning.set_cell(cell, scale_atoms=True)
        kept = leaning.copy()
        wave, expected = exit_wave(leaning, **COARSE), exit_wave(low_cell(), **COARSE)
        assert leaning == kept
        assert wave.extent == pytest.approx(expected.extent, rel=1e-5)
        assert relative_error(wave.array, expected.array) < 1e-4

    def test_a_large_cell_may_lean_by_as_much_of_its_length(self):
        """100 Å, off by 10⁻³ Å: the atom at the far corner keeps its fractional coordinates."""
        cell = np.diag([100.0, 100.0, 4.0])
        cell[1, 0] = 1e-3
        atoms = Atoms("Au", scaled_positions=[[0.9995, 0.9995, 0.5]], cell=cell, pbc=True)
        straight = supercell(atoms, (1, 1, 1))
        assert straight.cell.tolist() == np.diag([100.0, 100.0, 4.0]).tolist()
        assert straight.get_scaled_positions()[0] == pytest.approx([0.9995, 0.9995, 0.5])
        assert exit_wave(atoms, sampling=0.5, max_angle=None, progress=False).extent == (100, 100)

    def test_what_atoms_have_besides_element_and_position_changes_nothing(self):
        expected = exit_wave(low_cell(), **COARSE)
        atoms = low_cell()
        atoms.set_initial_magnetic_moments([1, 2, 3, 4])
        atoms.set_initial_charges([1, -1, 0, 2])
        atoms.set_velocities(np.ones((4, 3)))
        atoms.set_masses([200, 30, 18, 70])
        atoms.set_tags([1, 2, 3, 4])
        atoms.set_constraint([FixAtoms([0, 1, 2, 3])])
        atoms.set_pbc(False)
        assert np.array_equal(exit_wave(atoms, **COARSE).array, expected.array)
        atoms.set_cell([7.2, 4.8, 4.5, 90, 90, 90.0005], scale_atoms=True)
        assert relative_error(exit_wave(atoms, **COARSE).array, expected.array) < 1e-4

    def test_the_specimen_is_left_alone(self):
        atoms = low_cell()
        exit_wave(atoms, **COARSE)
        assert atoms == low_cell()

    def test_atoms_on_the_far_faces_of_the_cell_are_inside(self):
        atoms = Atoms("Au", positions=[(0, 0, 0)], cell=[4, 4, 4], pbc=True)
        opposite = Atoms("Au", positions=[(4, 4, 4)], cell=[4, 4, 4], pbc=True)
        first, second = (exit_wave(specimen, **COARSE) for specimen in (atoms, opposite))
        assert relative_error(first.array, second.array) < 1e-5


class TestProgress:
    def test_a_bar_is_shown_unless_switched_off(self, capsys):
        exit_wave(hydrogen(2), sampling=0.1)
        assert "multislice: 100%" in capsys.readouterr().err
        exit_wave(hydrogen(2), sampling=0.1, progress=False)
        assert capsys.readouterr() == ("", "")
