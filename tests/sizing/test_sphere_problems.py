"""What the sphere says is wrong with an image, and what it refuses."""

import re
import warnings

import numpy as np
import pytest

from hrtem_lab.noise import counts_per_pixel, shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.sizing import size_precipitate
from hrtem_lab.sizing.mismatches import MISMATCHES
from tests.sizing.crystals import CELL, COARSE_PIXELS, COARSE_SAMPLING, rng, truth
from tests.sizing.spheres import NONE, PIXELS, REFERENCE, area_equivalent, exposed, sized


class TestProblems:
    def test_a_reference_that_fits_is_not_accused(self):
        for precipitate, dose in ((0, 5), (0, 500), (6, 50), (6, 500)):
            assert sized(exposed(precipitate, dose, 1), dose).problems == ()

    @pytest.mark.parametrize(
        ("key", "precipitate"),
        [("thickness-3", 6), ("defocus+20", 0), ("shift-0.5", 6), ("several", 0), ("several", 6)],
    )
    def test_a_reference_that_does_not_fit_is_said(self, key, precipitate):
        experiment = MISMATCHES[key].expose(precipitate, 50, rng=3, pixels=PIXELS)
        found = sized(experiment.image, 50, experiment.reference)
        (problem,) = found.problems
        assert re.search(r"^the reference does not fit: .* by (\d+) % of its contrast", problem)
        assert found.detected is (precipitate > 0)
        assert sized(experiment.image, 50, None).problems == ()

    def test_cells_that_differ_more_than_their_electrons_explain(self):
        generator, image = rng(1), REFERENCE.copy()
        for row, column in np.ndindex(16, 16):  # each cell lies beside its place
            cell = np.s_[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
            image[cell] = np.roll(image[cell], generator.integers(-1, 2, 2), axis=(0, 1))
        image = NONE.record(image, 500, rng=1)
        found = sized(image, 500)
        assert any("the cells scatter" in one for one in found.problems)

    def test_a_precipitate_cut_by_the_edge(self):
        image = np.roll(exposed(8, 50, 2), 6 * COARSE_PIXELS, axis=1)
        image[:, : 3 * COARSE_PIXELS] = exposed(0, 50, 3)[:, : 3 * COARSE_PIXELS]
        found = sized(image)
        assert "the precipitate is cut by the edge of the image" in found.problems
        assert found.diameter_in_cells == pytest.approx(area_equivalent(8), abs=1.2)
        assert "cut" not in str(sized(exposed(8, 50, 2)).problems)

    def test_two_that_are_cut_are_said_once(self):
        found = sized(np.roll(exposed(6, 50, 2), 8 * COARSE_PIXELS, axis=0))  # half a one at either edge
        assert len(found.precipitates) == 2
        assert found.problems == ("the precipitate is cut by the edge of the image",)

    def test_an_image_without_noise_is_not_of_the_dose_given(self):
        assert sized(REFERENCE, 50).problems == ("the image has no noise, and 50 e⁻/Å² were given",)
        for dose in (None, np.inf):
            assert sized(REFERENCE, dose).problems == ()

    def test_a_precipitate_that_fills_the_field(self):
        large = sized(exposed(14, 50, 1))
        assert large.detected
        assert any("fills the field: too little crystal" in one for one in large.problems)

    def test_camera_counts_are_said(self):
        counts = exposed(6, 200, 1) * counts_per_pixel(200, sampling=COARSE_SAMPLING)
        with pytest.warns(UserWarning, match="image is on average"):
            found = sized(counts, 200)
        assert found.problems[0].startswith("these are camera counts: image is on average")

    def test_the_fit_is_good_where_the_model_holds_and_bad_where_not(self):
        found = sized(exposed(6, 50, 2))
        assert found.fit_outside == pytest.approx(1, abs=0.1)
        assert 0.9 < found.fit_inside < 1.5
        pristine = sized(exposed(0, 50, 2))
        assert pristine.fit_outside == pytest.approx(1, abs=0.1)
        assert np.isnan(pristine.fit_inside)
        strange = exposed(6, 50, 2)
        inside = np.kron(truth(6, (0, 0)), np.ones((COARSE_PIXELS, COARSE_PIXELS), bool))
        strange[inside] = rng(1).permutation(strange[inside])
        assert sized(strange).fit_inside > 2

    def test_it_prints_as_one_line_with_its_problems(self, pair):
        several = sized(exposed(pair, 50, 1), 100)
        text = repr(several)
        assert re.fullmatch(
            r"<Size: [\d.]+ Å \([\d.]+ to [\d.]+ Å\), [\d.]+ cells, and [\d.]+ Å, by 'sphere'; the noise .*>",
            text,
        )
        assert "\n" not in text
        assert repr(sized(REFERENCE)).startswith("<Size: no precipitate detectable, by 'sphere'")


class TestRefused:
    def test_pixels_too_coarse_for_the_dose_to_be_measured(self):
        crystal = form_image(load_exit_wave("nb3sn"), shape=160, field_of_view=16 * CELL)
        options = {"cells": 16, "sampling": CELL / 10}
        image = shot_noise(crystal, dose_per_area=50, sampling=CELL / 10, rng=1)
        with pytest.raises(
            ValueError, match=r"dose_per_area must be given, because the pixels are too coarse"
        ):
            size_precipitate(crystal, image, **options)
        assert not size_precipitate(crystal, image, **options, dose_per_area=50).detected
        # Cells that repeat exactly have no noise.
        assert size_precipitate(crystal, crystal, **options).dose_per_area == np.inf

    def test_a_black_image_without_a_reference(self):
        with pytest.raises(ValueError, match="image must be brighter than 0 somewhere, got a black image"):
            sized(np.zeros((PIXELS, PIXELS)), None, None)

    @pytest.mark.parametrize("change", [lambda image: -image, lambda image: image - image.mean()])
    @pytest.mark.parametrize("reference", [REFERENCE, None])
    @pytest.mark.parametrize("dose", [50, None])
    def test_what_is_no_intensity(self, change, reference, dose):
        with pytest.raises(
            ValueError, match=r"image must be an intensity, on average above 0, got a mean of -?"
        ):
            sized(change(exposed(6, 50, 1)), dose, reference)

    def test_one_electron_in_a_million_pixels_is_an_intensity(self):
        image = np.zeros((1024, 1024))
        image[512, 512] = 1e6
        reference = np.repeat(np.repeat(REFERENCE, 4, axis=0), 4, axis=1)
        assert reference.shape == image.shape
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # one pixel is far off
            found = size_precipitate(
                reference, image, cells=16, sampling=COARSE_SAMPLING / 4, dose_per_area=1e-4
            )
        assert not found.detected

    @pytest.mark.parametrize("cells", [1, 2, (1, 16)])
    def test_cells_that_hold_too_many_patterns(self, cells):
        with pytest.raises(
            ValueError, match=r"^cells must be more, and smaller: each has \d+ modes of \d+ × \d+"
        ):
            size_precipitate(REFERENCE, REFERENCE, cells=cells, sampling=COARSE_SAMPLING, dose_per_area=50)

    def test_cells_of_one_pixel(self):
        with pytest.raises(ValueError, match=r"^cells must be fewer: each has 1 × 1 pixels, at least 2 are"):
            size_precipitate(np.ones((8, 8)), np.ones((8, 8)), cells=8, sampling=0.5, dose_per_area=50)

    def test_more_than_64_cells(self):
        with pytest.raises(ValueError, match="cells must be at most 64 each way for method='sphere', got 65"):
            size_precipitate(None, np.ones((650, 650)), cells=65, sampling=0.5, dose_per_area=50)
