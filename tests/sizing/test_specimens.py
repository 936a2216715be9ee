"""Specimens and exposures: where precipitates lie, and that images, truths and cells move together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.noise import shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave, load_exit_waves
from hrtem_lab.sizing import Specimen, precipitate_series
from hrtem_lab.sizing.specimens import (
    CELLS,
    LARGEST,
    WHOLE_VIEW,
    anywhere,
    covered_cells,
    exposed,
    free_shifts,
    furthest,
    pristine_image,
)
from hrtem_lab.structures import replaced_cells
from tests.sizing.crystals import COARSE_PIXELS, COARSE_SAMPLING, PIXELS, SAMPLING


class TestDraws:
    def test_precipitates_lie_everywhere_within_the_image(self):
        rng = np.random.default_rng(1)
        covered = covered_cells(3, 6, 6)
        seen = np.zeros((6, 6), int)
        for _ in range(300):
            _, truth = exposed(np.ones((12, 12)), covered, dose_per_area=1, sampling=1, rng=rng)
            rows, columns = np.argwhere(truth).T
            assert (np.ptp(rows), np.ptp(columns), truth.sum()) == (2, 2, covered.sum())
            seen += truth
        middles = seen[1:-1, 1:-1]
        assert seen[0, 1:-1].min() > 0  # the rim of a precipitate reaches the border
        assert middles.min() > 0
        assert (len(free_shifts(covered)[0]), len(free_shifts(covered)[1])) == (4, 4)

    def test_the_image_moves_with_its_cells(self, series):
        covered = covered_cells(4, 16, 40)
        for seed in range(3):
            rng = np.random.default_rng(seed)
            image, truth = exposed(series[4], covered, dose_per_area=1e6, sampling=COARSE_SAMPLING, rng=rng)
            changed = (
                np.abs(image - series[0]).reshape(16, COARSE_PIXELS, 16, COARSE_PIXELS).mean(axis=(1, 3))
            )
            assert changed[truth].min() > changed[~truth].max()


class TestSpecimen:
    @pytest.mark.parametrize("diameter", [1, 6, 9, 14])
    def test_the_truth_lies_where_the_image_differs(self, diameter):
        right, down = furthest(diameter, 3), furthest(diameter, -2)
        specimen = Specimen(diameter=diameter, right=right, down=down, pixels=512)
        change = np.abs(specimen.image - Specimen(diameter=0, pixels=512).image)
        cells = change.reshape(CELLS, 32, CELLS, 32).mean(axis=(1, 3))
        centre = np.argwhere(specimen.truth).mean(axis=0)
        weights = cells.reshape(-1, 1) ** 2  # squared: a little change is spread over the whole image
        seen = (np.argwhere(np.ones_like(cells)) * weights).sum(axis=0) / weights.sum()
        assert np.abs(centre - seen).max() < 0.5
        assert cells[specimen.truth].mean() > 5 * cells[~specimen.truth].mean()

    def test_an_exposure_is_shot_noise_on_the_moved_image(self):
        image = form_image(load_exit_wave("precipitate-07"), shape=512)
        moved = np.roll(image, (-2 * PIXELS, 3 * PIXELS), axis=(0, 1))
        specimen = Specimen(diameter=7, right=3, down=-2, pixels=512)
        assert specimen.sampling == pytest.approx(SAMPLING)
        expected = shot_noise(moved, dose_per_area=20, sampling=specimen.sampling, rng=5)
        np.testing.assert_array_equal(specimen.expose(20, 5), expected)
        np.testing.assert_array_equal(specimen.expose(None, 5), specimen.image)

    @given(st.integers(0, LARGEST), st.integers(-20, 20), st.integers(-20, 20))
    def test_a_moved_precipitate_stays_whole(self, diameter, right, down):
        moved = Specimen(diameter=diameter, right=furthest(diameter, right), down=furthest(diameter, down))
        rows, columns = np.nonzero(moved.truth)
        assert moved.truth.sum() == replaced_cells(diameter).any(axis=2).sum()
        if diameter:
            assert np.ptp(rows) < diameter
            assert np.ptp(columns) < diameter

    def test_a_random_place_is_one_where_it_fits(self):
        rng = np.random.default_rng(1)
        seen = {(one.right, one.down) for one in (anywhere(12, 256, rng) for _ in range(400))}
        assert seen == {(right, down) for right in range(-2, 3) for down in range(-2, 3)}

    def test_a_study_and_a_page_draw_the_same_images(self):
        """Beside the order of the two steps, which the seeds of either fix."""
        series = precipitate_series(pixels=COARSE_PIXELS)
        drawn, rng = anywhere(9, 256, np.random.default_rng(2)), np.random.default_rng(2)
        covered = covered_cells(9)
        image, truth = exposed(series[9].T, covered.T, dose_per_area=1e7, sampling=COARSE_SAMPLING, rng=rng)
        np.testing.assert_array_equal(truth.T, drawn.truth)
        np.testing.assert_allclose(image.T, drawn.image, atol=0.02)

    @pytest.mark.parametrize("pixels", [8, 16])
    def test_a_series_holds_the_images_as_they_are_formed_and_none_is_negative(self, pixels):
        series = precipitate_series(pixels=pixels)
        for diameter in (0, 7):
            wave = load_exit_wave(f"precipitate-{diameter:02d}" if diameter else "nb3sn")
            formed = form_image(wave, shape=16 * pixels, field_of_view=WHOLE_VIEW)
            np.testing.assert_array_equal(series[diameter], formed)
            assert formed.min() >= 0


class TestPristineImage:
    def test_by_default_it_is_the_reference_of_the_precipitates(self):
        np.testing.assert_array_equal(pristine_image(256), Specimen(diameter=0, pixels=256).image)

    @pytest.mark.parametrize("pixels", [256, 512])
    def test_it_is_shifted_to_the_right(self, pixels):
        two = 2 * WHOLE_VIEW[0] / pixels
        expected = np.roll(pristine_image(pixels), 2, axis=1)
        np.testing.assert_allclose(pristine_image(pixels, shift=two), expected, atol=1e-4)
        np.testing.assert_allclose(
            pristine_image(pixels, shift=5 * two), np.roll(expected, 8, axis=1), atol=1e-4
        )

    @pytest.mark.parametrize(("thickness", "defocus"), [(37, 0), (43, 20), (1, -5.5), (60, 0)])
    def test_thickness_and_focus_are_those_of_the_series(self, thickness, defocus):
        wave = load_exit_wave("nb3sn", thickness_cells=thickness)
        cell = form_image(wave, defocus=defocus, shape=32, field_of_view=WHOLE_VIEW[0] / CELLS)
        found = pristine_image(512, thickness=thickness, defocus=defocus)
        np.testing.assert_allclose(found, np.tile(cell, (CELLS, CELLS)), atol=1e-4)

    def test_tilt_is_that_of_the_crystal_at_rest(self):
        waves = load_exit_waves("nb3sn", temperature=None, tilt=2.5)
        cell = form_image(waves, defocus=5, shape=16, field_of_view=WHOLE_VIEW[0] / CELLS)
        found = pristine_image(256, tilt=2.5, defocus=5)
        np.testing.assert_allclose(found, np.tile(cell, (CELLS, CELLS)), atol=1e-4)
        mirrored = np.roll(found[:, ::-1], 1, axis=1)
        assert np.abs(found - mirrored).max() > 0.1  # towards x: left and right differ
        np.testing.assert_allclose(found, np.roll(found[::-1], 1, axis=0), atol=1e-4)

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"pixels": 100}, "pixels must be a multiple of 16, got 100"),
            ({"pixels": 0}, "pixels must be"),
            ({"thickness": 0}, "thickness must be"),
            ({"thickness": 61}, "thickness_cells of nb3sn must be between 1 and 60, got 61"),
            ({"thickness": 39, "tilt": 1}, "thickness must be 40 cells for a tilted crystal, got 39"),
            ({"tilt": 0.7}, "tilt of nb3sn at this temperature and thickness must be one of"),
            ({"tilt": np.nan}, "tilt must be"),
            ({"shift": np.inf}, "shift must be"),
            ({"defocus": np.nan}, "defocus must be"),
        ],
    )
    def test_what_is_not_stored_is_refused(self, options, told):
        with pytest.raises(ValueError, match=told):
            pristine_image(**{"pixels": 256, **options})
