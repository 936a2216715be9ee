"""Images obey the physics of the lens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.simulation import ExitWave, form_image, load_exit_wave
from tests.simulation.waves import (
    LAMBDA,
    ROUNDING,
    difference,
    harmonic,
    lenses,
    phase,
    random_wave,
    two_beam_wave,
    untimed,
)


class TestLens:
    @untimed
    @given(lenses, st.floats(-5, 5), st.floats(-180, 180), st.integers(1, 9))
    def test_vacuum_is_one_whatever_the_lens_does(self, lens, shift, rotation, pixels):
        vacuum = ExitWave(np.ones((6, 8), complex), 0.5, 80e3, thickness=0)
        image = form_image(vacuum, shape=pixels, shift=shift, rotation=rotation, **lens)
        assert difference(image, 1.0) < ROUNDING

    @settings(untimed, max_examples=30)
    @given(lenses)
    def test_agrees_with_abtem(self, lens):
        """The image of abTEM's own contrast transfer function, on a specimen that tells rows from columns."""
        import abtem

        wave = random_wave(pixels=(60, 84))
        y_x = wave.sampling
        waves = abtem.Waves(wave.array.T.astype(np.complex64), sampling=y_x[::-1], energy=80e3)
        expected = waves.apply_ctf(abtem.CTF(soft=False, **lens)).intensity().array.T
        image = form_image(wave, shape=wave.array.shape, field_of_view=wave.extent, envelope=True, **lens)
        assert difference(image, expected) < 1e-4

    @untimed
    @given(st.floats(-500, 500), st.floats(-1e5, 1e5))
    def test_an_open_lens_conserves_the_electrons(self, defocus, Cs):
        """Parseval: aberrations alone do not change the mean intensity, which is Σ|ψ̂|²."""
        wave = random_wave()
        image = form_image(
            wave, semiangle_cutoff=100, defocus=defocus, Cs=Cs, shape=64, field_of_view=wave.extent
        )
        assert image.mean() == pytest.approx((np.abs(wave.array) ** 2).mean(), rel=1e-5)

    @untimed
    @given(st.floats(1, 60), st.floats(0, 20))
    def test_a_wider_aperture_lets_more_electrons_through(self, cutoff, more):
        wave = random_wave()
        dark, bright = (
            form_image(wave, semiangle_cutoff=angle, shape=1).item() for angle in (cutoff, cutoff + more)
        )
        assert dark <= bright * (1 + 1e-6)

    def test_the_smallest_aperture_leaves_the_direct_beam(self, wave):
        assert difference(form_image(wave, semiangle_cutoff=1e-3), 1.0) < ROUNDING

    @pytest.mark.parametrize(("cutoff", "contrast"), [(13.8, 0), (14.0, 0.6)])
    def test_the_aperture_cuts_at_its_angle(self, cutoff, contrast):
        """The beams of g = 3/9 Å⁻¹ lie at λg = 13.92 mrad."""
        image = form_image(two_beam_wave(0.3), semiangle_cutoff=cutoff, shape=36, field_of_view=(6, 9))
        assert harmonic(image) == pytest.approx(contrast, abs=1e-6)

    @untimed
    @given(st.floats(-1000, 1000), st.floats(-1e7, 1e7), st.floats(0.01, 0.5))
    def test_a_phase_object_shows_the_sine_of_the_aberrations(self, defocus, Cs, amplitude):
        """ψ = 1 + iε cos(2πgx) gives I = 1 + 2ε sin χ cos(2πgx) + ε² cos²(2πgx), exactly."""
        image = form_image(
            two_beam_wave(1j * amplitude), defocus=defocus, Cs=Cs, shape=(4, 36), field_of_view=(6, 9)
        )
        cosine = np.cos(2 * np.pi * 3 * np.arange(36) / 36)
        expected = 1 + 2 * amplitude * np.sin(phase(defocus, Cs)) * cosine + (amplitude * cosine) ** 2
        assert difference(image, np.tile(expected, (4, 1))) < ROUNDING

    def test_atoms_are_dark_in_underfocus(self):
        """A weak attractive potential advances the phase at x = 0; a little underfocus makes that dark."""
        atoms = two_beam_wave(0.1j)
        assert form_image(atoms, defocus=50, field_of_view=(6, 9))[0, 0] < 0.9
        assert form_image(atoms, defocus=-50, field_of_view=(6, 9))[0, 0] > 1.1

    @untimed
    @given(st.floats(-1000, 1000))
    def test_an_absorbing_object_does_not_tell_over_from_underfocus(self, defocus):
        over, under = (form_image(two_beam_wave(0.2), defocus=sign * defocus) for sign in (-1, 1))
        assert difference(over, under) < ROUNDING

    @untimed
    @given(lenses)
    def test_conjugating_the_wave_reverses_every_aberration(self, lens):
        wave = random_wave(pixels=(35, 39))
        conjugate = ExitWave(wave.array.conj(), wave.sampling, wave.energy, wave.thickness)
        reversed_lens = lens | {"defocus": -lens["defocus"], "Cs": -lens["Cs"]}
        assert difference(form_image(conjugate, **reversed_lens), form_image(wave, **lens)) < 1e-5

    @pytest.mark.parametrize("defocus", [100.0, -250.0])
    @pytest.mark.parametrize("focal_spread", [20.0, 150.0])
    def test_focal_spread_is_the_mean_over_a_gaussian_of_foci(self, defocus, focal_spread):
        """For the part linear in the scattered beams, with the spread as the Gaussian's 1/e half-width."""
        atoms, grid = two_beam_wave(0.1j), {"shape": 36, "field_of_view": (6, 9)}
        nodes, weights = np.polynomial.hermite.hermgauss(12)
        spread = [
            harmonic(form_image(atoms, defocus=defocus + focal_spread * node, **grid)) for node in nodes
        ]
        expected = weights @ spread / np.sqrt(np.pi)
        damped = harmonic(form_image(atoms, defocus=defocus, focal_spread=focal_spread, **grid))
        assert damped == pytest.approx(expected, rel=1e-4)
        analytic = np.exp(-((np.pi * LAMBDA * focal_spread / 9 / 2) ** 2))  # g² = 1/9 Å⁻²
        assert damped == pytest.approx(0.2 * np.sin(phase(defocus)) * analytic, rel=1e-4)

    def test_envelopes_lose_electrons_in_a_thick_crystal(self):
        """The mean over the foci keeps every electron; damping each beam by itself loses a quarter here."""
        wave = load_exit_wave("nb3sn", thickness_cells=10)
        nodes, weights = np.polynomial.hermite.hermgauss(15)
        mean = weights @ [form_image(wave, defocus=40 * node).mean() for node in nodes] / np.sqrt(np.pi)
        assert mean == pytest.approx(form_image(wave).mean(), rel=1e-5)
        assert form_image(wave, focal_spread=40, envelope=True).mean() == pytest.approx(0.75 * mean, rel=0.01)

    @pytest.mark.parametrize("defocus", [100.0, -400.0])
    @pytest.mark.parametrize("angular_spread", [0.2, 1.0])
    def test_angular_spread_is_the_mean_over_a_gaussian_of_tilts(self, defocus, angular_spread):
        """A tilt β of the illumination takes the phase at angle α from χ(α) to χ(α + β) − χ(β)."""
        alpha = LAMBDA / 3
        nodes, weights = np.polynomial.hermite.hermgauss(20)
        tilts = nodes * angular_spread / 1e3
        chi = -np.pi / LAMBDA * defocus * ((alpha + tilts) ** 2 - tilts**2)
        expected = 0.2 * weights @ np.sin(chi) / np.sqrt(np.pi)
        grid = {"shape": 36, "field_of_view": (6, 9)}
        image = form_image(two_beam_wave(0.1j), defocus=defocus, angular_spread=angular_spread, **grid)
        assert harmonic(image) == pytest.approx(expected, rel=1e-4)

    def test_angular_spread_is_harmless_in_focus(self, wave):
        assert np.array_equal(form_image(wave, angular_spread=2), form_image(wave))
