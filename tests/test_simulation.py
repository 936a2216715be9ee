"""Images obey the physics of image formation; their pixels are exact values of one Fourier series."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import c, e, h, m_e

from hrtem_lab.simulation import ExitWave, form_image, list_exit_waves, load_exit_wave, wavelength

ERRORS = (TypeError, ValueError)
# Å at 80 kV: h / √(2 m e U (1 + e U / 2 m c²)) in SI units.
LAMBDA = 1e10 * h / np.sqrt(2 * m_e * e * 80e3 * (1 + e * 80e3 / (2 * m_e * c**2)))
ROUNDING = 2e-5  # of the brightest pixel, in single precision
EXTENT = (6.0, 9.0)  # Å, height and width of the specimen without symmetry

untimed = settings(deadline=None)
lenses = st.fixed_dictionaries(
    {
        "semiangle_cutoff": st.floats(5, 40),
        "defocus": st.floats(-300, 300),
        "Cs": st.floats(-1e5, 1e5),
        "focal_spread": st.floats(0, 60),
        "angular_spread": st.floats(0, 0.5),
    }
)


def random_wave(seed=0, pixels=(36, 40), extent=EXTENT):
    """Return a wave without any symmetry, its coefficients falling off up to 50 mrad, and 1 in the mean."""
    rng = np.random.default_rng(seed)
    g_rows, g_columns = (np.fft.fftfreq(n, length / n) for n, length in zip(pixels, extent, strict=True))
    g = np.hypot(g_rows[:, None], g_columns)
    coefficients = rng.normal(size=(*pixels, 2)) @ [1, 1j] * 0.1 * np.exp(-(g**2)) * (LAMBDA * g < 50e-3)
    coefficients[0, 0] = 1
    sampling = tuple(length / n for n, length in zip(pixels, extent, strict=True))
    return ExitWave(np.fft.ifft2(coefficients, norm="forward"), sampling, energy=80e3, thickness=100)


def two_beam_wave(amplitude, orders=3):
    """Return ψ = 1 + amplitude · cos(2πgx) with g = `orders` / 9 Å along the columns."""
    x = np.arange(40) / 40
    return ExitWave(
        np.tile(1 + (amplitude + 0j) * np.cos(2 * np.pi * orders * x), (24, 1)), (0.25, 9 / 40), 80e3, 1
    )


def harmonic(image, orders=3):
    """Return the amplitude of cos(2πgx) in the image of a two-beam wave."""
    return 2 * np.fft.fft2(image.astype(float), norm="forward")[0, orders].real


def phase(defocus=0.0, Cs=0.0, orders=3):
    """Return χ at the spatial frequency of a two-beam wave: positive defocus is underfocus."""
    g = orders / 9
    return np.pi * LAMBDA * g**2 * -defocus + np.pi / 2 * Cs * LAMBDA**3 * g**4


def by_definition(wave, *, shape, field_of_view, shift=(0, 0), rotation=0, semiangle_cutoff=30, defocus=0):
    """Evaluate |Σ ψ̂(g) t(g) exp(2πi g·r)|² at every pixel's r, turned and moved back, in double precision."""
    (height, width), (rows, columns) = wave.extent, wave.array.shape
    g_y, g_x = np.meshgrid(
        np.fft.fftfreq(rows, height / rows), np.fft.fftfreq(columns, width / columns), indexing="ij"
    )
    alpha = LAMBDA * np.hypot(g_y, g_x)
    transfer = (alpha <= semiangle_cutoff / 1e3) * np.exp(1j * np.pi / LAMBDA * defocus * alpha**2)
    coefficients = np.fft.fft2(wave.array, norm="forward") * transfer
    v, u = np.indices(shape) * np.reshape(np.divide(field_of_view, shape), (2, 1, 1))
    v, u = v - field_of_view[0] / 2, u - field_of_view[1] / 2
    # Seen with rows pointing down, a counter-clockwise turn takes a point on the right to the top.
    angle = np.deg2rad(rotation)
    y = field_of_view[0] / 2 + np.cos(angle) * v + np.sin(angle) * u - shift[0]
    x = field_of_view[1] / 2 - np.sin(angle) * v + np.cos(angle) * u - shift[1]
    beams = np.nonzero(coefficients)
    waves = np.exp(2j * np.pi * (np.multiply.outer(y, g_y[beams]) + np.multiply.outer(x, g_x[beams])))
    return np.abs(waves @ coefficients[beams]) ** 2


def low_passed(image, shape):
    """Return a periodic image on fewer pixels, its spectrum cropped below their Nyquist frequency."""
    spectrum = np.fft.fft2(image.astype(float), norm="forward")
    orders = [np.arange(-((n - 1) // 2), (n - 1) // 2 + 1) for n in shape]
    coarse = np.zeros(shape, complex)
    coarse[np.ix_(*orders)] = spectrum[np.ix_(*orders)]
    return np.fft.ifft2(coarse, norm="forward").real


def difference(image, expected):
    """Return the largest difference of two images, relative to the brightest pixel."""
    return np.abs(image - expected).max() / np.abs(expected).max()


@pytest.fixture(scope="module")
def wave():
    return random_wave()


class TestWavelength:
    @pytest.mark.parametrize(
        ("energy", "length"), [(80e3, 0.0417572), (100e3, 0.0370144), (200e3, 0.0250793), (300e3, 0.0196875)]
    )
    def test_tabulated_values(self, energy, length):
        assert wavelength(energy) == pytest.approx(length, abs=1e-7)

    def test_slow_electrons_follow_de_broglie(self):
        """λ = 12.2643 Å / √(E / eV) without relativity."""
        assert wavelength(1.0) == pytest.approx(12.26426, rel=1e-5)

    @pytest.mark.parametrize("energy", [0, -80e3, np.nan, np.inf, "80 kV", True, None])
    def test_energy_must_be_positive(self, energy):
        with pytest.raises(ERRORS, match="energy must be"):
            wavelength(energy)


class TestExitWave:
    def test_it_cannot_be_changed(self, wave):
        with pytest.raises(AttributeError):
            wave.energy = 200e3
        with pytest.raises(ValueError, match="read-only"):
            wave.array[0, 0] = 0
        with pytest.raises(TypeError):
            wave.provenance["gpts"] = 0

    def test_it_does_not_follow_the_array_it_came_from(self):
        array = np.ones((4, 4), complex)
        wave = ExitWave(array, 0.5, 80e3, 10)
        array[:] = 0
        assert wave.array.all()
        assert array.flags.writeable

    def test_extent_and_default_view(self):
        cell = ExitWave(np.ones((10, 20), complex), (0.5, 0.4), 80e3, 10)
        assert cell.extent == pytest.approx((5, 8))
        assert cell.field_of_view == pytest.approx((20, 32))
        specimen = ExitWave(np.ones((10, 20), complex), (0.5, 0.6), 80e3, 10)
        assert specimen.field_of_view == specimen.extent == pytest.approx((5, 12))

    def test_one_sampling_stands_for_both_axes(self):
        assert ExitWave(np.ones((4, 4), complex), 0.5, 80e3, 10).sampling == (0.5, 0.5)

    def test_it_is_hashed_by_identity_and_can_be_sent_to_another_process(self, wave):
        copy = pickle.loads(pickle.dumps(wave))
        assert copy != wave
        assert len({wave, wave, copy}) == 2
        assert np.array_equal(form_image(copy), form_image(wave))
        assert (copy.energy, copy.thickness, dict(copy.provenance)) == (80e3, 100, {})

    @pytest.mark.parametrize(
        ("fields", "rule"),
        [
            ({"array": np.ones((4, 4))}, "array must be complex, got dtype float64"),
            ({"array": np.ones(4, complex)}, r"array must be 2-D and not empty, got shape \(4,\)"),
            ({"array": np.ones((0, 4), complex)}, r"array must be 2-D and not empty, got shape \(0, 4\)"),
            ({"array": np.full((4, 4), np.nan + 0j)}, "array must be finite, got NaN or infinity"),
            ({"sampling": 0}, "sampling must be positive, got 0"),
            ({"sampling": (0.1, -0.1)}, "sampling must be positive, got -0.1"),
            ({"sampling": (1, 2, 3)}, r"sampling must be one number or \(rows, columns\), got \(1, 2, 3\)"),
            ({"energy": -1}, "energy must be positive, got -1"),
            ({"energy": "80"}, "energy must be a real number, got '80'"),
            ({"thickness": -1}, "thickness must not be negative, got -1"),
            ({"thickness": np.inf}, "thickness must be finite, got inf"),
        ],
    )
    def test_errors_state_value_and_rule(self, fields, rule):
        valid = {"array": np.ones((4, 4), complex), "sampling": 0.1, "energy": 80e3, "thickness": 10}
        with pytest.raises(ERRORS, match=rule):
            ExitWave(**(valid | fields))


class TestShippedWaves:
    @pytest.mark.parametrize("name", ["nb3sn", "zro2"])
    def test_a_crystal_has_every_thickness_from_1_to_60_cells(self, name):
        length = {"nb3sn": 5.275, "zro2": 5.09}[name]
        for cells in (1, 40, 60):
            wave = load_exit_wave(name, thickness_cells=cells)
            assert wave.thickness == pytest.approx(cells * length)
            assert wave.extent == pytest.approx((length, length))
            assert wave.energy == 80e3
        assert load_exit_wave(name).thickness == pytest.approx(40 * length)

    def test_a_crystal_shows_four_cells_and_a_precipitate_everything(self):
        crystal, specimen = load_exit_wave("nb3sn"), load_exit_wave("precipitate-06")
        assert crystal.field_of_view == pytest.approx((4 * 5.275, 4 * 5.275))
        assert specimen.field_of_view == specimen.extent == pytest.approx((16 * 5.275, 16 * 5.275))
        cell = form_image(crystal, shape=32, field_of_view=5.275)
        assert np.array_equal(form_image(crystal), np.tile(cell, (4, 4)))

    def test_names_start_with_the_crystals_and_count_the_diameters_up(self):
        names = list_exit_waves()
        assert names[:2] == ["nb3sn", "zro2"]
        assert names[2:] == sorted(name for name in names if name.startswith("precipitate-"))

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"name": "gold"}, "name must be one of nb3sn, zro2, .* got 'gold'"),
            ({"name": None}, "name must be one of nb3sn, zro2, .* got None"),
            ({"name": "../data/nb3sn"}, "name must be one of"),
            ({"name": "nb3sn", "thickness_cells": 61}, "of nb3sn must be between 1 and 60, got 61"),
            ({"name": "nb3sn", "thickness_cells": 0}, "thickness_cells must be at least 1, got 0"),
            ({"name": "nb3sn", "thickness_cells": 2.5}, "thickness_cells must be a whole number, got 2.5"),
            ({"name": "precipitate-06", "thickness_cells": 20}, "of precipitate-06 must be 40, got 20"),
        ],
    )
    def test_errors_state_value_and_rule(self, options, rule):
        with pytest.raises(ERRORS, match=rule):
            load_exit_wave(**options)


class TestLens:
    @untimed
    @given(lenses, st.floats(-5, 5), st.floats(-180, 180), st.integers(1, 9))
    def test_vacuum_is_one_whatever_the_lens_does(self, lens, shift, rotation, pixels):
        vacuum = ExitWave(np.ones((6, 8), complex), 0.5, 80e3, thickness=0)
        image = form_image(vacuum, shape=pixels, shift=shift, rotation=rotation, **lens)
        assert difference(image, 1.0) < ROUNDING

    @untimed
    @given(lenses)
    def test_agrees_with_abtem(self, lens):
        """The image of abTEM's own contrast transfer function, on a specimen that tells rows from columns."""
        import abtem

        wave = random_wave(pixels=(60, 84))
        y_x = wave.sampling
        waves = abtem.Waves(wave.array.T.astype(np.complex64), sampling=y_x[::-1], energy=80e3)
        expected = waves.apply_ctf(abtem.CTF(soft=False, **lens)).intensity().array.T
        image = form_image(wave, shape=wave.array.shape, field_of_view=wave.extent, **lens)
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
        assert form_image(wave, focal_spread=40).mean() == pytest.approx(0.75 * mean, rel=0.01)

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


class TestPixels:
    """The wave fits 30 mrad = 0.72 Å⁻¹ into its image's 1.44 Å⁻¹: pixels below 0.34 Å hold all of it."""

    @settings(untimed, max_examples=25)
    @given(
        shape=st.tuples(st.integers(20, 24), st.integers(30, 34)),
        field_of_view=st.tuples(st.floats(3, 6.8), st.floats(3, 10)),
        shift=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
        rotation=st.floats(-360, 360),
        defocus=st.floats(-100, 100),
    )
    def test_every_pixel_is_the_definition(self, wave, **options):
        assert difference(form_image(wave, **options), by_definition(wave, **options)) < ROUNDING

    @pytest.mark.parametrize("field_of_view", [EXTENT, (12, 27), (12.3, 8), (3, 4.5)])
    @pytest.mark.parametrize("shape", [(60, 90), (61, 93)])
    def test_whole_periods_and_any_field_of_view_are_the_definition(self, wave, field_of_view, shape):
        options = {"shape": shape, "field_of_view": field_of_view}
        assert difference(form_image(wave, **options), by_definition(wave, **options)) < ROUNDING

    def test_a_field_of_view_changed_by_nothing_changes_nothing(self, wave):
        """Whole periods are transformed, all else is summed: both ways give one picture."""
        periods = form_image(wave, shape=(60, 84), field_of_view=(12, 18))
        summed = form_image(wave, shape=(60, 84), field_of_view=(12 * (1 + 1e-8), 18))
        assert difference(periods, summed) < ROUNDING

    def test_periods_repeat(self, wave):
        tiled = form_image(wave, shape=(60, 90), field_of_view=(12, 27))
        assert np.array_equal(tiled, np.tile(form_image(wave, shape=(30, 30), field_of_view=EXTENT), (2, 3)))

    @untimed
    @given(st.integers(-50, 50), st.integers(-50, 50))
    def test_a_shift_by_whole_pixels_rolls_the_image(self, down, right):
        wave, options = random_wave(), {"shape": (30, 36), "field_of_view": EXTENT}
        shifted = form_image(wave, shift=(down * 6 / 30, right * 9 / 36), **options)
        rolled = np.roll(form_image(wave, **options), (down, right), axis=(0, 1))
        assert difference(shifted, rolled) < ROUNDING

    @untimed
    @given(st.tuples(*[st.floats(-3, 3)] * 2), st.tuples(*[st.floats(-3, 3)] * 2))
    def test_shifts_add_up(self, first, second):
        """A shift of the wave itself by Fourier phases, then of its image, is the sum of both."""
        wave, options = random_wave(), {"shape": (30, 36), "field_of_view": EXTENT}
        g_rows, g_columns = (
            np.fft.fftfreq(n, d) for n, d in zip(wave.array.shape, wave.sampling, strict=True)
        )
        moved = np.exp(-2j * np.pi * (g_rows[:, None] * first[0] + g_columns * first[1]))
        once = ExitWave(np.fft.ifft2(np.fft.fft2(wave.array) * moved), wave.sampling, 80e3, 100)
        both = form_image(wave, shift=(first[0] + second[0], first[1] + second[1]), **options)
        assert difference(form_image(once, shift=second, **options), both) < ROUNDING

    def test_one_number_shifts_down_and_right(self, wave):
        assert np.array_equal(form_image(wave, shift=0.7), form_image(wave, shift=(0.7, 0.7)))

    @pytest.mark.parametrize("factor", [2, 3, 5])
    def test_finer_pixels_pass_through_the_coarser_ones(self, wave, factor):
        coarse = form_image(wave, shape=(20, 30), field_of_view=EXTENT)
        fine = form_image(wave, shape=(20 * factor, 30 * factor), field_of_view=EXTENT)
        assert difference(fine[::factor, ::factor], coarse) < ROUNDING

    @pytest.mark.parametrize("shape", [(1, 1), (1, 7), (4, 4), (5, 8), (11, 12), (16, 16)])
    def test_what_pixels_cannot_hold_is_left_out_not_aliased(self, wave, shape):
        fine = form_image(wave, shape=(64, 96), field_of_view=EXTENT)
        coarse = form_image(wave, shape=shape, field_of_view=EXTENT)
        assert difference(coarse, low_passed(fine, shape)) < ROUNDING

    def test_a_coarse_rotated_image_is_low_passed_too(self, wave):
        """Turned by 90° the rows' frequencies are the columns': 6 Å hold five pixels of 1.2 Å."""
        square = random_wave(pixels=(40, 40), extent=(6.0, 6.0))
        options = {"shape": 5, "field_of_view": 6.0}
        plain, turned = form_image(square, **options), form_image(square, rotation=90, **options)
        fine = form_image(square, shape=60, field_of_view=6.0, rotation=90)
        assert difference(turned, low_passed(fine, (5, 5))) < ROUNDING
        assert turned.mean() == pytest.approx(plain.mean(), rel=1e-5)

    @pytest.mark.parametrize("rotation", [360, -360, 720, 1e-7])
    def test_no_rotation(self, wave, rotation):
        assert difference(form_image(wave, rotation=rotation), form_image(wave)) < ROUNDING

    @pytest.mark.parametrize("turns", [-1, 1, 2, 3])
    def test_quarter_turns_are_counter_clockwise(self, turns):
        """NumPy turns about the centre between pixels, an image about a pixel: a roll by one pixel apart."""
        wave = random_wave(pixels=(40, 40), extent=(6.0, 6.0))
        turned = form_image(wave, shape=30, field_of_view=6.0, rotation=90 * turns)
        expected = form_image(wave, shape=30, field_of_view=6.0)
        for _ in range(turns % 4):
            expected = np.roll(np.rot90(expected), 1, axis=0)
        assert difference(turned, expected) < ROUNDING

    def test_a_spot_on_the_right_turns_to_the_top(self):
        y, x = np.mgrid[:60, :60] / 10 - 3  # Å from the centre
        spot = ExitWave(1 + 2 * np.exp(-2 * (y**2 + (x - 1.5) ** 2)) + 0j, 0.1, 80e3, 1)
        row, column = np.unravel_index(
            form_image(spot, shape=60, field_of_view=6, rotation=90).argmax(), (60, 60)
        )
        assert (row, column) == (15, 30)

    def test_rows_are_rows(self):
        """A spot at the lower left of a tall specimen, and a shift down that leaves the column alone."""
        y, x = np.mgrid[:90, :60] / 10
        spot = ExitWave(1 + 2 * np.exp(-2 * ((y - 7) ** 2 + (x - 2) ** 2)) + 0j, 0.1, 80e3, 1)
        image = form_image(spot, shape=(90, 60), field_of_view=(9, 6))
        assert np.unravel_index(image.argmax(), image.shape) == (70, 20)
        lower = form_image(spot, shape=(90, 60), field_of_view=(9, 6), shift=(1, 0))
        assert np.unravel_index(lower.argmax(), lower.shape) == (80, 20)

    @pytest.mark.parametrize("options", [{}, {"rotation": 10}, {"field_of_view": 7.3}, {"shape": 5}])
    def test_the_image_is_single_precision_and_the_callers_own(self, wave, options):
        image = form_image(wave, **options)
        assert image.dtype == np.float32
        assert image.flags.writeable
        image[:] = 0
        assert form_image(wave, **options).any()


class TestErrors:
    @pytest.mark.parametrize("wave", [None, "nb3sn", np.ones((8, 8), complex)])
    def test_the_wave_must_be_one(self, wave):
        with pytest.raises(TypeError, match=f"wave must be an ExitWave, got {type(wave).__name__}"):
            form_image(wave)

    @pytest.mark.parametrize("name", ["semiangle_cutoff", "field_of_view"])
    @pytest.mark.parametrize("value", [0, -3])
    def test_must_be_positive(self, wave, name, value):
        with pytest.raises(ValueError, match=f"{name} must be positive, got {value}"):
            form_image(wave, **{name: value})

    @pytest.mark.parametrize("name", ["focal_spread", "angular_spread"])
    def test_must_not_be_negative(self, wave, name):
        with pytest.raises(ValueError, match=f"{name} must not be negative, got -0.1"):
            form_image(wave, **{name: -0.1})

    @pytest.mark.parametrize(
        "name",
        [
            "semiangle_cutoff",
            "defocus",
            "Cs",
            "focal_spread",
            "angular_spread",
            "field_of_view",
            "shift",
            "rotation",
        ],
    )
    @pytest.mark.parametrize("value", [np.nan, np.inf, "1", True, 1j])
    def test_must_be_a_finite_real_number(self, wave, name, value):
        with pytest.raises(ERRORS, match=f"{name} must be (finite|a real number), got"):
            form_image(wave, **{name: value})

    @pytest.mark.parametrize("name", ["shape", "field_of_view", "shift"])
    def test_must_be_one_number_or_two(self, wave, name):
        with pytest.raises(
            ValueError, match=rf"{name} must be one number or \(rows, columns\), got \(1, 2, 3\)"
        ):
            form_image(wave, **{name: (1, 2, 3)})

    @pytest.mark.parametrize(
        ("shape", "rule"),
        [
            (0, "at least 1, got 0"),
            (-4, "at least 1, got -4"),
            ((4, 0), "at least 1, got 0"),
            (12.5, "a whole number, got 12.5"),
            (True, "a whole number, got True"),
        ],
    )
    def test_shape_must_be_pixels(self, wave, shape, rule):
        with pytest.raises(ERRORS, match=f"shape must be {rule}"):
            form_image(wave, shape=shape)


class TestDocumentation:
    def blocks(self, language):
        """Return the code blocks of the page that are marked with a language."""
        text = (Path(__file__).parent.parent / "docs" / "simulation.md").read_text(encoding="utf-8")
        fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        return [block for mark, block in fenced if mark == language]

    @pytest.mark.parametrize("number", [0, 1])
    def test_the_examples_print_what_is_written(self, number, tmp_path, monkeypatch, capsys):
        (cif,) = self.blocks("")
        (tmp_path / "SrTiO3.cif").write_text(cif, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        exec(self.blocks("python")[number], {})
        assert capsys.readouterr().out == self.blocks("text")[number]
