"""Snapshots of vibrating atoms and tilted specimens: abTEM, scattering theory, and the laws of chance."""

import numpy as np
import pytest
from ase import Atoms

from hrtem_lab.multislice import exit_wave, exit_waves, exit_waves_behind
from hrtem_lab.simulation import ExitWave, form_image
from hrtem_lab.structures import nb3sn, supercell
from tests.quick import first

QUICK = {"sampling": 0.1, "slice_thickness": 1.5, "max_angle": None, "progress": False}
ANGLES = [(0.0, 0.0), (2.0, 0.0), (0.0, -5.0), (10.0, 4.0)]


def low_cell():
    """Return a specimen without symmetry, its atoms away from the faces of slices, longer in x than in y."""
    scaled = [(0.1, 0.2, 0.1), (0.6, 0.3, 0.45), (0.45, 0.8, 0.55), (0.8, 0.9, 0.8)]
    return Atoms("AuSiOCu", scaled_positions=scaled, cell=[7.2, 4.8, 4.5], pbc=True)


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def seeds(rng, count):
    return [int(child.integers(2**31)) for child in np.random.default_rng(rng).spawn(count)]


class TestTilt:
    @pytest.mark.parametrize("tilt", first((angles,) for angles in reversed(ANGLES)))
    def test_agrees_with_abtem(self, tilt):
        import abtem

        potential = abtem.Potential(low_cell(), gpts=(72, 48), slice_thickness=1.5)
        beam = abtem.PlaneWave(energy=80e3, tilt=tilt)
        expected = beam.multislice(potential).compute(progress_bar=False).array.T
        wave = exit_wave(low_cell(), tilt=tilt, **QUICK)
        assert relative_error(wave.array, expected) < 1e-5

    @pytest.mark.parametrize("tilt", ANGLES[2:])
    def test_a_tilted_beam_meets_what_a_straight_one_meets_in_a_sheared_specimen(self, tilt):
        """Seen along a beam that leans by θ, an atom at height z is displaced by −θz."""
        atoms = supercell(low_cell(), (1, 1, 6))
        height = atoms.cell.lengths()[2]
        wave = exit_wave(atoms, tilt=tilt, **{**QUICK, "sampling": 0.05})
        slices = np.floor(atoms.positions[:, 2] / 1.5)
        sheared = atoms.copy()
        # What counts is the height of the slice in which an atom acts, measured from the exit surface.
        below = height - slices * 1.5
        sheared.positions[:, :2] += np.outer(below, np.tan(np.array(tilt) / 1e3))
        sheared.wrap(eps=1e-9)
        straight = exit_wave(sheared, **{**QUICK, "sampling": 0.05})
        error = relative_error(np.abs(wave.array), np.abs(straight.array))
        assert error < 0.01
        upright = exit_wave(atoms, **{**QUICK, "sampling": 0.05})
        assert relative_error(np.abs(upright.array), np.abs(straight.array)) > 5 * error

    def test_opposite_tilts_of_a_mirror_symmetric_crystal_are_mirror_images(self):
        right, left = (
            exit_wave(nb3sn(), repetitions=6, tilt=(angle, 0), **{**QUICK, "slice_thickness": 1.32})
            for angle in (4, -4)
        )
        mirrored = np.roll(left.array[:, ::-1], 1, axis=1)
        assert relative_error(right.array, mirrored) < 1e-4
        assert relative_error(right.array, left.array) > 0.1

    @pytest.mark.parametrize("tilt", [(1000, 0), (0, 51), (40, 40)])
    def test_a_large_tilt_is_refused(self, tilt):
        with pytest.raises(ValueError, match="tilt must be at most 50 mrad"):
            exit_wave(low_cell(), tilt=tilt, **QUICK)

    @pytest.mark.parametrize("tilt", [2, np.float64(2), np.nan, (1, 2, 3), "2 mrad", [(1, 2)]])
    def test_a_tilt_is_two_angles(self, tilt):
        """One angle could be meant along x, as `load_exit_waves` has it, or along both."""
        with pytest.raises(ValueError, match=r"tilt must be two angles \(x, y\) in mrad, such as"):
            exit_wave(low_cell(), tilt=tilt, **QUICK)

    @pytest.mark.parametrize("tilt", [(np.inf, 0), (0, np.nan), ("1", 0)])
    def test_both_angles_are_finite_numbers(self, tilt):
        with pytest.raises((TypeError, ValueError), match="tilt must be"):
            exit_wave(low_cell(), tilt=tilt, **QUICK)


class TestSnapshots:
    def test_they_agree_with_abtem(self):
        """abTEM's own frozen phonons with the same seeds, displaced across the beam."""
        import abtem

        sigmas = {"Au": 0.1, "Si": 0.05, "O": 0.2, "Cu": 0.0}
        waves = exit_waves(
            low_cell(),
            B={element: 8 * np.pi**2 * sigma**2 for element, sigma in sigmas.items()},
            configurations=3,
            rng=7,
            **QUICK,
        )
        assert waves.array.shape == (3, 48, 72)
        for found, seed in zip(waves.array, seeds(7, 3), strict=True):
            phonons = abtem.FrozenPhonons(low_cell(), 1, sigmas, directions="xy", seed=seed)
            potential = abtem.Potential(phonons, gpts=(72, 48), slice_thickness=1.5)
            expected = abtem.PlaneWave(energy=80e3).multislice(potential).compute(progress_bar=False).array
            assert relative_error(found, expected.reshape(72, 48).T) < 1e-5

    def test_atoms_at_rest_are_one_wave_many_times(self):
        waves = exit_waves(low_cell(), B=0, configurations=2, **QUICK)
        at_rest = exit_wave(low_cell(), **QUICK)
        for wave in waves:
            assert isinstance(wave, ExitWave)
            assert relative_error(wave.array, at_rest.array) < 1e-6

    def test_the_mean_wave_of_a_thin_layer_is_damped_by_the_debye_waller_factor(self):
        """⟨ψ̂(g)⟩ = ψ̂(g) exp(−B g² / 4) for a single layer of light atoms, within 4 standard errors."""
        B, cell = 3.0, Atoms("C", positions=[(0, 0, 0.5)], cell=[3, 3, 1], pbc=True)
        options = {"sampling": 0.1, "slice_thickness": 1, "max_angle": 40, "progress": False}
        waves = exit_waves(cell, B=B, configurations=40, rng=3, repetitions=(6, 6, 1), **options)
        at_rest = exit_wave(cell, repetitions=(6, 6, 1), **options)
        spectra = np.fft.fft2(waves.array, norm="forward")
        rest = np.fft.fft2(at_rest.array, norm="forward")
        for order in (1, 2):
            beam = (spectra[:, 0, 6 * order] / rest[0, 6 * order]).real
            error = beam.std(ddof=1) / np.sqrt(len(beam))
            expected = np.exp(-B * (order / 3) ** 2 / 4)
            assert abs(beam.mean() - expected) < 4 * error
            assert 4 * error < 0.5 * (1 - expected)  # so that the test can fail

    def test_no_electron_is_lost(self):
        """What the beams of the crystal lose by vibrations is scattered diffusely, between the beams."""
        options = {**QUICK, "sampling": 5.275 / 105}  # whole pixels in a cell
        waves = exit_waves(nb3sn(), B=0.6, configurations=2, repetitions=(2, 2, 2), **options)
        power = np.square(np.abs(np.fft.fft2(waves.array, norm="forward"))).mean(axis=0)
        assert power.sum() == pytest.approx(1, abs=0.01)
        whole = np.fft.fftfreq(len(power), 1 / len(power)) % 2 == 0  # the orders of the single cell
        beams = power[np.ix_(whole, whole)].sum()
        assert 0.005 < power.sum() - beams < 0.2
        at_rest = exit_waves(nb3sn(), B=0, configurations=1, repetitions=(2, 2, 2), **options)
        between = np.square(np.abs(np.fft.fft2(at_rest.array[0], norm="forward")))
        assert between.sum() - between[np.ix_(whole, whole)].sum() < 1e-5

    def test_a_repeated_crystal_says_what_its_mean_repeats_with(self):
        options = {"B": 0.6, "configurations": 1, **QUICK}
        assert exit_waves(low_cell(), repetitions=(2, 3, 1), **options).cells == (3, 2)
        assert exit_waves(low_cell(), repetitions=2, **options).cells == (1, 1)

    def test_cells_along_the_beam_move_on_their_own(self):
        """What N thin layers scatter diffusely adds up as N; copies of one layer would make it N²."""
        cell = Atoms("C", positions=[(0, 0, 0.5)], cell=[3, 3, 1], pbc=True)
        options = {"sampling": 0.1, "slice_thickness": 1, "max_angle": 25, "progress": False}
        diffuse = []
        for count in (1, 4):
            repetitions = (5, 5, count)
            waves = exit_waves(cell, B=2, configurations=10, repetitions=repetitions, rng=2, **options)
            power = np.square(np.abs(np.fft.fft2(waves.array, norm="forward"))).mean(axis=0)
            rows, columns = (np.fft.fftfreq(size, 1 / size) % 5 == 0 for size in power.shape)
            power[np.ix_(rows, columns)] = 0  # the orders of the single cell
            diffuse.append(power.sum())
        assert 3 < diffuse[1] / diffuse[0] < 6

    def test_the_seed_is_written_down(self):
        options = {"B": 1.0, "configurations": 1, **QUICK}
        for rng in (3, np.int64(3)):
            assert exit_waves(low_cell(), rng=rng, **options).provenance["seed"] == 3
        drawn = exit_waves(low_cell(), rng=np.random.default_rng(3), **options)
        assert drawn.provenance["seed"] == "a generator"

    def test_seeds_repeat_and_differ(self):
        first, again, other = (
            exit_waves(low_cell(), B=1.0, configurations=2, rng=rng, **QUICK).array for rng in (1, 1, 2)
        )
        assert np.array_equal(first, again)
        assert not np.allclose(first, other)
        assert not np.allclose(first[0], first[1])

    def test_more_vibration_blurs_more(self):
        contrasts = []
        for B in (0, 0.5, 2):
            waves = exit_waves(nb3sn(), B=B, configurations=3, repetitions=(2, 2, 2), **QUICK)
            images = [form_image(wave, shape=64, field_of_view=wave.extent) for wave in waves]
            contrasts.append(np.mean(images, axis=0).std())
        assert contrasts == sorted(contrasts, reverse=True)


class TestSeveralAtOnce:
    def test_they_are_the_ensembles_asked_for_one_by_one(self):
        options = {"B": 1.0, "configurations": 2, "rng": 4, "repetitions": 2, **QUICK}
        found = exit_waves_behind(low_cell(), thicknesses=[9.0, 4.5], tilts=ANGLES[:2], **options)
        assert list(found) == [(t, tilt) for t in (9.0, 4.5) for tilt in ANGLES[:2]]
        for (thickness, tilt), waves in found.items():
            assert waves.thickness == thickness
            assert waves.provenance["tilts"] == [list(tilt)]
            if thickness == 9.0:
                assert np.array_equal(waves.array, exit_waves(low_cell(), tilt=tilt, **options).array)
        assert not np.allclose(found[4.5, (0.0, 0.0)].array, found[9.0, (0.0, 0.0)].array)

    def test_a_tilt_or_thickness_that_comes_twice_counts_once(self):
        options = {"B": 1.0, "configurations": 2, **QUICK}
        twice = exit_waves_behind(low_cell(), tilts=[(2, 0), (2.0, 0)], thicknesses=[4.5, 4.5], **options)
        (waves,) = twice.values()
        assert np.array_equal(waves.array, exit_waves(low_cell(), tilt=(2, 0), **options).array)

    def test_a_lower_thickness_is_the_upper_part_of_the_same_snapshot(self):
        """With atoms at rest it is the wave behind one cell."""
        options = {"B": 0, "configurations": 1, "repetitions": 3, **QUICK}
        found = exit_waves_behind(low_cell(), thicknesses=[4.5], **options)
        assert relative_error(found[4.5, (0.0, 0.0)].array[0], exit_wave(low_cell(), **QUICK).array) < 1e-6


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"B": -0.1}, "B must not be negative"),
        ({"B": {"Au": 1, "Si": 1, "O": -1, "Cu": 1}}, "B must not be negative"),
        ({"B": {"Au": 1, "O": 1}}, "a value for every element of the specimen, got none for Si, Cu"),
        ({"B": np.nan}, "B must be"),
        ({"B": "hot"}, "B must be"),
        ({"B": 1e300}, "B must be at most 100 Å²"),
        ({"B": {"Au": 1, "Si": 1, "O": 101, "Cu": 1}}, "B must be at most 100 Å², got 101"),
        ({"B": 1, "rng": -1}, "rng must be a whole number of at least 0"),
        ({"B": 1, "rng": np.nan}, "rng must be a whole number of at least 0"),
        ({"B": 1, "rng": "seed"}, "rng must be a whole number .* got 'seed'"),
        ({"B": 1, "rng": True}, "rng must be a whole number"),
        ({"B": 1, "configurations": 0}, "configurations must be"),
        ({"B": 1, "configurations": 2.5}, "configurations must be"),
        ({"B": 1, "tilt": (1000, 0)}, "tilt must be at most 50 mrad"),
        ({"B": 1, "repetitions": (0, 1, 1)}, "repetitions must be"),
    ],
)
def test_nonsense_is_refused_by_its_rule(options, rule):
    with pytest.raises((TypeError, ValueError), match=rule):
        exit_waves(low_cell(), **{**QUICK, **options})


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"thicknesses": [2.0]}, "whole multiples of a slice of 1.5 Å up to 4.5 Å, got 2.0"),
        ({"thicknesses": [6.0]}, "up to 4.5 Å, got 6.0"),
        ({"thicknesses": []}, "at least one"),
        ({"thicknesses": [-1.5]}, "thickness must be positive"),
        ({"thicknesses": 4.5}, "thicknesses must be a sequence, got 4.5"),
        ({"tilts": []}, "tilts must be at least one"),
        ({"tilts": 2}, "tilts must be a sequence, got 2"),
        ({"tilts": np.array(2)}, "tilts must be a sequence"),
        ({"tilts": (2, 0)}, r"tilt must be two angles \(x, y\) in mrad, such as \(2, 0\), got 2"),
    ],
)
def test_what_several_ensembles_cannot_be(options, rule):
    with pytest.raises((TypeError, ValueError), match=rule):
        exit_waves_behind(low_cell(), B=1, **{**QUICK, **options})
