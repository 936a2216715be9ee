"""Mismatches: each changes what it says, and nothing else."""

import numpy as np
import pytest
from scipy.ndimage import rotate

from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.simulation import form_image, load_exit_wave, load_exit_waves
from hrtem_lab.sizing import precipitate_series
from hrtem_lab.sizing.mismatches import HOT_ELECTRONS, MISMATCHES, Mismatch
from hrtem_lab.waves import load_study_specimens
from tests.sizing.crystals import CELL

PIXELS = 256
SAMPLING = 16 * CELL / PIXELS
VIEW = {"shape": PIXELS, "field_of_view": 16 * CELL}
EXACT = MISMATCHES["none"]
every_row = pytest.mark.parametrize("row", MISMATCHES.values(), ids=MISMATCHES)


@pytest.fixture(scope="module")
def pristine():
    return form_image(load_exit_wave("nb3sn"), **VIEW)


def expected(key, precipitate=0, **place):
    return MISMATCHES[key].expected(precipitate, pixels=PIXELS, **place)


class TestRows:
    @every_row
    def test_a_row_is_filed_under_its_key_and_says_what_it_is(self, row):
        assert MISMATCHES[row.key] is row
        assert row.label
        assert row.description
        assert not row.description.endswith(".")
        assert repr(row) == f"Mismatch(key={row.key!r}, label={row.label!r})"

    def test_no_two_rows_read_alike(self):
        for words in ("label", "description"):
            assert len({getattr(row, words) for row in MISMATCHES.values()}) == len(MISMATCHES)

    def test_the_first_is_none_and_exact(self, pristine):
        assert next(iter(MISMATCHES)) == "none"
        np.testing.assert_array_equal(EXACT.reference(pixels=PIXELS), pristine)
        np.testing.assert_array_equal(expected("none"), pristine)

    @every_row
    def test_every_other_one_is_a_mismatch(self, row):
        one, exact = (each.expose(0, 50, rng=1, pixels=PIXELS) for each in (row, EXACT))
        same = (
            np.array_equal(one.reference, exact.reference),
            np.array_equal(one.image, exact.image),
            one.dose_per_area == exact.dose_per_area,
        )
        assert all(same) == (row is EXACT)

    def test_an_ideal_observer_can_be_told_of_most(self):
        odd = {key for key, row in MISMATCHES.items() if not row.repeats}
        assert odd == {"rotation", "ramp", "readout", "dead", "hot"}


class TestReferences:
    @pytest.mark.parametrize("cells", [37, 39, 41, 43])
    def test_it_is_thinner_or_thicker(self, cells):
        reference = MISMATCHES[f"thickness{cells - 40:+d}"].reference(pixels=PIXELS)
        wave = load_exit_wave("nb3sn", thickness_cells=cells)
        np.testing.assert_array_equal(reference, form_image(wave, **VIEW))

    @pytest.mark.parametrize(("key", "cells"), [("tilt", 40), ("several", 41)])
    def test_it_is_tilted(self, key, cells):
        wave = load_exit_waves("nb3sn", temperature=None, thickness_cells=cells, tilt=1)
        np.testing.assert_array_equal(MISMATCHES[key].reference(pixels=PIXELS), form_image(wave, **VIEW))

    def test_it_cannot_be_changed(self):
        with pytest.raises(ValueError, match="read-only"):
            EXACT.reference()[0, 0] = 1


class TestExperiments:
    @pytest.mark.parametrize("defocus", [-20, -5, 5, 20])
    def test_defocus(self, defocus):
        image = form_image(load_exit_wave("precipitate-06"), defocus=defocus, **VIEW)
        np.testing.assert_array_equal(expected(f"defocus{defocus:+d}", 6), image)

    @pytest.mark.parametrize("distance", [0.05, 0.3, 0.5])
    def test_a_shift_is_one_to_the_right(self, distance, pristine):
        phases = np.exp(-2j * np.pi * np.fft.rfftfreq(PIXELS, SAMPLING) * distance)
        moved = np.fft.irfft(np.fft.rfft(pristine, axis=1) * phases, n=PIXELS, axis=1)
        assert np.abs(expected(f"shift-{distance:g}") - moved).max() < 1e-4

    def test_the_crystal_is_turned_about_the_middle_of_the_image(self, pristine):
        image, turned = pristine, expected("rotation")
        inside = (slice(16, -16),) * 2  # what comes in at the border is not in the other image
        same, other = (rotate(image, angle, reshape=False, order=5)[inside] for angle in (0.3, -0.3))
        assert np.abs(same - turned[inside]).max() < 0.02
        assert np.abs(other - turned[inside]).max() > 0.1

    @pytest.mark.parametrize(("key", "factor"), [("gain-5", 0.95), ("gain+5", 1.05)])
    def test_gain(self, key, factor, pristine):
        np.testing.assert_allclose(expected(key), factor * pristine, rtol=1e-6)

    def test_a_ramp_is_10_percent_from_left_to_right(self, pristine):
        ratio = expected("ramp") / pristine
        assert np.ptp(ratio, axis=0).max() < 1e-6
        assert ratio.mean() == pytest.approx(1, abs=1e-6)
        assert ratio[0, -1] - ratio[0, 0] == pytest.approx(0.1 * (1 - 1 / PIXELS))
        assert np.ptp(np.diff(ratio[0])) < 1e-6

    def test_a_blur_damps_each_period(self, pristine):
        before, after = (np.abs(np.fft.fft2(one)) for one in (pristine, expected("blur")))
        g = 2 / CELL
        assert after[0, 0] == pytest.approx(before[0, 0])
        damped = np.exp(-2 * (np.pi * 0.3 * g) ** 2)
        assert after[0, 32] / before[0, 32] == pytest.approx(damped, rel=1e-4)

    def test_a_background_is_10_percent_of_the_mean(self, pristine):
        np.testing.assert_allclose(expected("background") - pristine, 0.1 * pristine.mean(), atol=1e-6)

    def test_atoms_vibrate_in_the_image_alone(self, pristine):
        np.testing.assert_array_equal(expected("phonons"), form_image(load_exit_waves("nb3sn"), **VIEW))
        np.testing.assert_array_equal(MISMATCHES["phonons"].reference(pixels=PIXELS), pristine)
        np.testing.assert_array_equal(MISMATCHES["phonons"].at_rest().expected(pixels=PIXELS), pristine)

    def test_several_are_at_once(self):
        image = form_image(load_exit_wave("precipitate-06"), defocus=5, shift=(0, 0.3), **VIEW)
        np.testing.assert_array_equal(expected("several", 6), image)

    @pytest.mark.parametrize("key", ["none", "several"])
    def test_a_specimen_moves_by_whole_cells(self, key):
        moved = expected(key, 6, down=2, right=-3)
        np.testing.assert_allclose(moved, np.roll(expected(key, 6), (32, -48), (0, 1)), atol=2e-5)

    def test_a_wave_is_as_good_as_a_diameter(self):
        np.testing.assert_array_equal(expected("tilt", load_exit_wave("precipitate-06")), expected("tilt", 6))
        np.testing.assert_array_equal(expected("none", 6), precipitate_series(pixels=16)[6])

    def test_an_ensemble_vibrates_as_it_does(self):
        waves = load_study_specimens()["sphere-1"].waves
        np.testing.assert_array_equal(expected("phonons", waves), expected("none", waves))


class TestExposures:
    dose = 5.0
    counts = counts_per_pixel(dose, sampling=SAMPLING)

    def recorded(self, key, level=1.0):
        """Return electrons of an image that is the same everywhere."""
        flat = np.full((PIXELS, PIXELS), level)
        return MISMATCHES[key].record(flat, self.dose, rng=1) * self.counts

    def test_electrons_are_counted(self):
        electrons = self.recorded("none")
        assert electrons.var() == pytest.approx(self.counts, rel=0.03)
        assert np.abs(electrons - np.rint(electrons)).max() < 1e-9

    def test_the_electronics_add_half_an_electron(self):
        assert self.recorded("readout", 0.0).std() == pytest.approx(0.5, rel=0.02)

    def test_dead_pixels_count_nothing(self):
        electrons = self.recorded("dead", 1e4)
        assert (electrons == 0).mean() == pytest.approx(0.01, rel=0.2)

    def test_hot_pixels_count_too_much(self):
        electrons = self.recorded("hot", 0.0)
        assert set(np.rint(electrons).ravel()) == {0.0, HOT_ELECTRONS}
        assert 1 <= (electrons > 0).sum() <= 20

    @pytest.mark.parametrize(("key", "factor"), [("dose-half", 0.5), ("dose-double", 2), ("gain+5", 1)])
    def test_the_stated_dose_is_not_the_true_one(self, key, factor):
        experiment = MISMATCHES[key].expose(0, self.dose, rng=1, pixels=PIXELS)
        assert experiment.dose_per_area == factor * self.dose
        np.testing.assert_array_equal(
            experiment.image, MISMATCHES[key].record(expected(key), self.dose, rng=1)
        )

    def test_a_seed_is_an_exposure(self):
        first, again, other = (MISMATCHES["hot"].expose(3, 2, rng=seed, pixels=64) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.image, again.image)
        assert not np.array_equal(first.image, other.image)
        assert first.sampling == pytest.approx(CELL / 4)
        assert repr(first) == "<Experiment: 64 × 64 pixels of 1.32 Å, 2 e⁻/Å²>"


class TestNonsense:
    @pytest.mark.parametrize(
        ("precipitate", "rule"),
        [
            (15, "precipitate must be a diameter from 0 to 14 cells, got 15"),
            (-1, "got -1"),
            (True, "a diameter in whole cells or a wave, got True"),
            (2.5, "got 2.5"),
            ("nb3sn", "got 'nb3sn'"),
            (None, "got None"),
        ],
    )
    def test_it_is_no_precipitate(self, precipitate, rule):
        with pytest.raises((TypeError, ValueError), match=rule):
            EXACT.expected(precipitate)

    @pytest.mark.parametrize("precipitate", [6, load_exit_wave("precipitate-06")])
    def test_what_is_at_rest_does_not_vibrate(self, precipitate):
        with pytest.raises(ValueError, match="'phonons' needs the pristine crystal, 0, or an ensemble"):
            MISMATCHES["phonons"].expected(precipitate)

    @pytest.mark.parametrize("pixels", [100, 0, 51.2])
    def test_every_cell_has_whole_pixels(self, pixels):
        for call in (EXACT.expected, EXACT.reference, lambda **_: EXACT.expose(0, 1, pixels=pixels)):
            with pytest.raises((TypeError, ValueError), match=r"pixels must be .*, got"):
                call(pixels=pixels)

    @pytest.mark.parametrize("dose", [0, -1, np.nan, None])
    def test_there_is_a_dose(self, dose):
        with pytest.raises((TypeError, ValueError), match="dose_per_area must be"):
            EXACT.expose(0, dose)

    def test_a_thickness_that_is_not_shipped_is_refused(self):
        row = Mismatch(key="thick", label="", description="", thickness_cells=61)
        with pytest.raises(ValueError, match="thickness_cells of nb3sn must be between 1 and 60, got 61"):
            row.reference()
