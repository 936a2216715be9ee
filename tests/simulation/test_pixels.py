"""The pixels of an image are exact values of one Fourier series; nonsense is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.simulation import ExitWave, form_image, load_exit_wave
from tests.simulation.waves import (
    ERRORS,
    EXTENT,
    ROUNDING,
    by_definition,
    difference,
    low_passed,
    random_wave,
    untimed,
    without_negatives,
)


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

    @pytest.mark.parametrize("stretch", [1 + 1e-5, 1 - 5e-4, 1.002])
    def test_nearly_whole_periods_are_no_whole_ones(self, wave, stretch):
        options = {"shape": (60, 90), "field_of_view": tuple(2 * stretch * side for side in EXTENT)}
        exact = by_definition(wave, **options)
        assert difference(form_image(wave, **options), exact) < ROUNDING
        if abs(stretch - 1) > 1e-4:
            whole = form_image(wave, shape=(60, 90), field_of_view=tuple(2 * side for side in EXTENT))
            assert difference(whole, exact) > 10 * ROUNDING

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
        assert difference(coarse, without_negatives(low_passed(fine, shape))) < ROUNDING

    def test_a_coarse_rotated_image_is_low_passed_too(self, wave):
        """Turned by 90° the rows' frequencies are the columns': 6 Å hold five pixels of 1.2 Å."""
        square = random_wave(pixels=(40, 40), extent=(6.0, 6.0))
        options = {"shape": 5, "field_of_view": 6.0}
        plain, turned = form_image(square, **options), form_image(square, rotation=90, **options)
        fine = form_image(square, shape=60, field_of_view=6.0, rotation=90)
        assert difference(turned, without_negatives(low_passed(fine, (5, 5)))) < ROUNDING
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


class TestPixelSize:
    @pytest.mark.parametrize("shape", [48, 128, (60, 90)])
    @pytest.mark.parametrize("sampling", [0.15, (0.1, 0.2)])
    def test_the_view_is_the_pixels_times_their_size(self, wave, shape, sampling):
        view = tuple(np.broadcast_to(shape, 2) * np.broadcast_to(sampling, 2))
        expected = form_image(wave, shape=shape, field_of_view=view)
        np.testing.assert_array_equal(form_image(wave, shape=shape, sampling=sampling), expected)

    def test_two_crystals_at_one_pixel_size_show_their_lattice_constants(self):
        """Peaks of the two images' rows, counted in pixels of 0.165 Å."""
        for name, length in (("nb3sn", 5.275), ("zro2", 5.09)):
            image = form_image(load_exit_wave(name), shape=(1024, 64), sampling=0.165)
            spectrum = np.abs(np.fft.rfft(image.mean(axis=1) * np.hanning(1024), 1 << 16))
            found = np.fft.rfftfreq(1 << 16, 0.165)
            orders = np.abs(found * length - np.round(found * length))
            peak = np.argmax(np.where(found > 0.1, spectrum, 0))
            assert orders[peak] < 0.01

    def test_a_view_and_a_pixel_size_together_are_refused(self, wave):
        rule = "only one of .* may be given, got 20 and 0.1: the field of view is shape × sampling"
        with pytest.raises(ValueError, match=rule):
            form_image(wave, field_of_view=20, sampling=0.1)


class TestErrors:
    @pytest.mark.parametrize("wave", [None, "nb3sn", np.ones((8, 8), complex)])
    def test_the_wave_must_be_one(self, wave):
        with pytest.raises(TypeError, match=f"wave must be an ExitWave, got {type(wave).__name__}"):
            form_image(wave)

    @pytest.mark.parametrize("name", ["semiangle_cutoff", "field_of_view", "sampling"])
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
            "sampling",
            "shift",
            "rotation",
        ],
    )
    @pytest.mark.parametrize("value", [np.nan, np.inf, 10**400, "1", True, 1j])
    def test_must_be_a_finite_real_number(self, wave, name, value):
        with pytest.raises(ERRORS, match=f"{name} must be (finite|a real number), got"):
            form_image(wave, **{name: value})

    @pytest.mark.parametrize("name", ["shape", "field_of_view", "sampling", "shift"])
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
            (2**70, "of at most 2³⁰ pixels, got"),
            ((2, 10**9), "of at most 2³⁰ pixels, got 2 × 1000000000"),
        ],
    )
    def test_shape_must_be_pixels(self, wave, shape, rule):
        with pytest.raises(ERRORS, match=f"shape must be {rule}"):
            form_image(wave, shape=shape)
