"""SIFT over positions of the pixel grid, against images that are formed on those positions."""

import re

import cv2
import numpy as np
import pytest

from hrtem_lab import metrics
from hrtem_lab.metrics.sift import _grid, _keypoints, prepared
from hrtem_lab.simulation import form_image, load_exit_wave

WAVE = load_exit_wave("nb3sn")
PIXEL = WAVE.field_of_view[0] / 128
SHIFTS = [_grid.shift(number) for number in range(16)]


def formed(by=(0.0, 0.0), **options):
    """Nb₃Sn with its atoms moved by a part of a pixel, exactly."""
    return form_image(WAVE, shape=128, shift=np.multiply(by, PIXEL), **options)


@pytest.fixture(scope="module")
def pair():
    return formed(), formed(defocus=-20)


@pytest.fixture(scope="module")
def exact():
    return [metrics.sift(formed(by), formed(by, defocus=-20)) for by in SHIFTS]


@pytest.fixture(scope="module")
def comparison(pair):
    return metrics.PreparedSIFT(pair[0])


class TestPositions:
    def test_the_first_moves_nothing_and_all_lie_within_a_pixel(self):
        assert SHIFTS[0] == (0, 0)
        assert np.min(SHIFTS) >= 0
        assert np.max(SHIFTS) < 1

    @pytest.mark.parametrize("count", [4, 8, 16, 64])
    def test_they_fill_the_pixel_evenly(self, count):
        """No gap that could hold a position of an even grid of as many: any point has one nearby."""
        found = np.array([_grid.shift(number) for number in range(count)])
        points = np.stack(np.meshgrid(*2 * [np.arange(50) / 50]), axis=-1).reshape(-1, 1, 2)
        away = np.abs(points - found)
        nearest = np.hypot(*np.moveaxis(np.minimum(away, 1 - away), -1, 0)).min(axis=1)
        assert nearest.max() < 0.95 / np.sqrt(count)

    @pytest.mark.parametrize("by", SHIFTS[1:5])
    def test_an_image_is_moved_as_the_microscope_would_move_it(self, by):
        exact, found = formed(by), _grid.moved(formed().astype(np.float32), by)
        error = np.abs(found - exact) / np.ptp(exact)
        assert error[24:-24, 24:-24].max() < 1e-5
        assert error.max() < 0.02  # the crystal goes on beyond the edge, its mirror image does not

    def test_noise_keeps_most_of_its_variance(self):
        noise = np.random.default_rng(1).normal(size=(256, 256)).astype(np.float32)
        assert 0.88 < _grid.moved(noise, (0.5, 0.5)).var() / noise.var() < 0.92

    def test_brightness_stays(self):
        flat = np.full((20, 31), 7.25, np.float32)
        np.testing.assert_allclose(_grid.moved(flat, (0.3, 0.9)), flat, rtol=1e-6)

    def test_a_mask_goes_along(self):
        mask = np.zeros((5, 6), bool)
        mask[1, 2] = True
        assert np.argwhere(_grid.moved_mask(mask, (0.3, 0.8))).tolist() == [[1, 3]]
        assert np.argwhere(_grid.moved_mask(mask, (0.6, 0.4))).tolist() == [[2, 2]]
        assert _grid.moved_mask(None, (0.6, 0.4)) is None


class TestValue:
    def test_positions_give_what_images_formed_there_give(self, pair, exact, comparison):
        """But for the edges, beyond which an image does not know how the crystal goes on."""
        found = list(comparison.at_phases(pair[1]))
        assert found[0] == exact[0] == metrics.sift(*pair)
        assert np.sqrt(np.mean(np.square(np.subtract(found, exact)))) < 0.013
        assert np.mean(found) == pytest.approx(np.mean(exact), abs=0.005)
        assert np.std(found) == pytest.approx(np.std(exact), rel=0.1)

    @pytest.mark.parametrize("number", [1, 2, 3, 4])
    def test_an_image_that_goes_on_beyond_its_edges_gives_the_same(self, pair, exact, number):
        around = [np.pad(image, 40, mode="wrap") for image in pair]
        moved = [_grid.moved(image, SHIFTS[number])[40:-40, 40:-40] for image in around]
        assert metrics.sift(*moved) == pytest.approx(exact[number], abs=1e-3)

    def test_the_spread_is_that_of_the_values(self, pair, comparison):
        values = list(comparison.at_phases(pair[1], phases=4))
        spread = comparison.spread(pair[1], phases=4)
        assert spread.mean == pytest.approx(np.mean(values), abs=1e-12)
        assert spread.std == pytest.approx(np.sqrt(np.square(values - np.mean(values)).sum() / 3))
        assert (spread.lowest, spread.highest, spread.phases) == (min(values), max(values), 4)
        assert spread == metrics.sift_spread(*pair, phases=4)
        assert values == list(comparison.at_phases(pair[1]))[:4]

    def test_one_position_is_the_metric_itself(self, pair):
        assert metrics.sift(*pair, phases=1) == metrics.sift(*pair)
        assert metrics.PreparedSIFT(pair[0], phases=1)(pair[1]) == metrics.sift(*pair)
        np.testing.assert_array_equal(metrics.sift_map(*pair, phases=1), metrics.sift_map(*pair))

    def test_several_positions_are_averaged_whichever_way_one_asks(self, pair):
        several = metrics.PreparedSIFT(pair[0], phases=3)
        assert several(pair[1]) == several.spread(pair[1]).mean == metrics.sift(*pair, phases=3)
        assert several.many(pair).tolist() == [several(image) for image in pair]
        assert several(pair[0]) == 0
        assert several.many(np.empty((0, 128, 128))).shape == (0,)
        table = metrics.sift_keypoints(*pair)
        np.testing.assert_array_equal(several.keypoints(pair[1]), table)
        assert len(several.descriptors(pair[1])) == len(table)

    def test_without_a_number_a_spread_has_sixteen(self):
        y, x = np.mgrid[:64, :64]
        small = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
        assert metrics.PreparedSIFT(small).spread(small).phases == 16
        assert metrics.sift_spread(small, small).phases == 16
        assert metrics.PreparedSIFT(small, phases=3).spread(small).phases == 3
        assert metrics.PreparedSIFT(small, phases=3).spread(small, phases=2).phases == 2

    @pytest.mark.slow
    def test_the_mean_over_positions_hardly_depends_on_the_pixel_grid(self, exact):
        """The usual grid gives 0.165, others up to 0.27; means over 16 differ by a tenth of that."""
        means = [metrics.sift(formed(by), formed(by, defocus=-20), phases=16) for by in SHIFTS[::5]]
        assert np.ptp(means) < 0.015
        assert np.ptp(exact) > 0.08

    def test_the_options_are_those_of_the_value(self, pair):
        options = {"contrast_threshold": 0.04, "edge_threshold": 100, "octave_layers": 4, "sigma": 2.0}
        one, two = metrics.PreparedSIFT(pair[0], **options).at_phases(pair[1], phases=2)
        assert one == metrics.sift(*pair, **options)
        assert metrics.sift_spread(*pair, phases=2, **options).mean == (one + two) / 2
        for name, value in options.items():
            assert metrics.sift(*pair, **{name: value}) != metrics.sift(*pair)

    def test_the_map_paints_the_keypoints_of_all_positions_where_they_lie(self, pair):
        """A change in one corner alone is painted there, however the grid lies."""
        image = pair[0].copy()
        image[:40, :40] = pair[1][:40, :40]
        painted = metrics.sift_map(pair[0], image, phases=4)
        assert np.isnan(painted).sum() < np.isnan(metrics.sift_map(pair[0], image)).sum()
        assert np.nanmean(painted[:40, :40]) > 0.05
        assert np.nanmax(painted[70:, 70:]) < 0.01

    def test_a_keypoint_is_painted_where_it_lies(self, monkeypatch):
        """One round spot: moved by nearly a pixel and back, its disc is where it was."""
        monkeypatch.setattr(_grid, "STEP", (0.9, 0.9))
        y, x = np.mgrid[:41, :41]
        spot = np.exp(-((x - 20) ** 2 + (y - 20) ** 2) / 18)
        seen = ~np.isnan(metrics.sift_map(spot, spot, phases=2))
        assert np.argwhere(seen).mean(axis=0) == pytest.approx([20, 20], abs=0.3)


class TestImages:
    def test_what_lies_under_a_mask_has_no_influence(self):
        reference, image = formed(), formed(defocus=-20)
        mask = np.zeros(reference.shape, bool)
        mask[20:50, 30:80] = True
        spoilt = np.where(mask, np.nan, image)
        found = metrics.sift_spread(reference, spoilt, mask=mask, phases=3)
        other = metrics.sift_spread(np.where(mask, 99.0, reference), image, mask=mask, phases=3)
        assert found == other
        assert found.highest > found.lowest > 0
        assert metrics.sift_spread(reference, np.ma.array(image, mask=mask), phases=3) == found

    def test_the_masked_ground_moves_with_the_image(self):
        """Of a lattice on unmasked ground the keypoints stay, whichever way the grid lies."""
        mask = np.zeros((128, 128), bool)
        mask[:, 64:] = True
        comparison = metrics.PreparedSIFT(formed(), mask=mask, phases=4)
        assert np.isnan(comparison.map(formed())[:, 64:]).all()
        assert not np.isnan(comparison.map(formed())[10:-10, 10:50]).all()

    def test_each_position_has_its_own_mask(self, monkeypatch):
        mask = np.zeros((128, 128), bool)
        mask[20:50, 30:80] = True
        seen, whole = [], _keypoints.Features.__init__

        def recorded(self, *arguments, mask):
            seen.append(mask)
            whole(self, *arguments, mask=mask)

        monkeypatch.setattr(_keypoints.Features, "__init__", recorded)
        metrics.PreparedSIFT(formed(), mask=mask, phases=2)(formed())
        np.testing.assert_array_equal(seen[0], mask)
        np.testing.assert_array_equal(seen[1], np.roll(mask, (1, 1), (0, 1)))

    def test_an_image_beyond_the_reference_is_limited_before_it_is_moved(self):
        reference = formed()
        limited = np.clip(3 * reference, reference.min(), reference.max())
        found = [metrics.sift_spread(reference, each, phases=2) for each in (3 * reference, limited)]
        assert found[0] == found[1]

    def test_a_hot_pixel_does_not_ring(self):
        reference, image = formed(), formed(defocus=-20)
        hot = image.copy()
        hot[64, 64] = 1e6
        clean, spoilt = (metrics.sift_spread(reference, each, phases=3) for each in (image, hot))
        assert spoilt.mean == pytest.approx(clean.mean, abs=0.01)

    @pytest.mark.parametrize("shape", [(300, 20), (33, 90)])
    @pytest.mark.parametrize("unit", [1e-30, 1, 1e30])
    def test_any_shape_in_any_unit(self, shape, unit):
        reference = unit * np.random.default_rng(1).random(shape)
        image = reference + 0.05 * unit * np.random.default_rng(2).random(shape)
        found = metrics.sift_spread(reference, image, phases=3)
        assert 0 < found.lowest < found.highest < 1
        assert metrics.sift_spread(reference, reference, phases=3).highest == 0

    def test_a_large_image_is_compared_in_tiles_and_only_the_first_position_is_kept(self, monkeypatch):
        monkeypatch.setattr(_keypoints, "WHOLE", 128**2)
        monkeypatch.setattr(_keypoints, "MAGNIFIED", 0)
        monkeypatch.setattr(prepared, "MOST_KEPT", 2 * 160**2)
        views = {"shape": 160, "field_of_view": 160 * PIXEL}
        pair = form_image(WAVE, **views), form_image(WAVE, defocus=-20, **views)
        detections = []
        whole = _keypoints.Features.__init__

        def counted(self, *arguments, **options):
            detections.append(1)
            whole(self, *arguments, **options)

        monkeypatch.setattr(_keypoints.Features, "__init__", counted)
        comparison = metrics.PreparedSIFT(pair[0], phases=3)
        first, again = comparison(pair[1]), comparison(pair[1])
        assert first == again == comparison.many(pair)[1] > 0
        # The grid as it is, and one more, are kept; the third is found each time.
        assert len(detections) == 2 + 3

    def test_keypoints_of_an_image_of_usual_size_are_found_once(self, monkeypatch):
        comparison = metrics.PreparedSIFT(formed())
        first = comparison.spread(formed(defocus=-20), phases=3)
        monkeypatch.setattr(cv2, "sepFilter2D", None)
        assert comparison._on_grid(2) is comparison._on_grid(2)
        monkeypatch.undo()
        assert comparison.spread(formed(defocus=-20), phases=3) == first


class TestRefusals:
    @pytest.mark.parametrize("phases", [0, -3, 2.5, True, "all", None])
    def test_a_number_of_positions_that_is_none(self, phases):
        rule = "phases must be (at least 1|a whole number), got "
        for call in (metrics.sift, metrics.sift_map):
            with pytest.raises((TypeError, ValueError), match=rule + re.escape(repr(phases))):
                call(formed(), formed(), phases=phases)
        with pytest.raises((TypeError, ValueError), match=rule):
            metrics.PreparedSIFT(formed()).at_phases(formed(), phases=phases)

    def test_one_value_has_no_spread(self):
        rule = "phases must be at least 2 for a spread, got 1"
        with pytest.raises(ValueError, match=rule):
            metrics.sift_spread(formed(), formed(), phases=1)
        with pytest.raises(ValueError, match=rule):
            metrics.SIFTSpread.of([0.5])

    @pytest.mark.parametrize(
        ("value", "error"), [(np.nan, ValueError), (np.inf, ValueError), ("1", TypeError)]
    )
    def test_what_is_no_number_has_no_spread(self, value, error):
        with pytest.raises(error, match=r"a value must be (finite|a real number), got"):
            metrics.SIFTSpread.of([0.5, value])
        assert metrics.SIFTSpread.of(np.float32([0.25, 0.75])).mean == 0.5

    def test_a_position_without_keypoints_is_named(self):
        """A spot so near the edge that it is a keypoint on the grid as it is, and none on another."""
        tiny = np.random.default_rng(1).random((16, 16))
        metrics.sift(tiny, tiny)
        with pytest.raises(
            ValueError, match=r"must have SIFT features, got none .* moved by 0\.75 and 0\.57"
        ):
            metrics.sift_spread(tiny, tiny, phases=2)

    def test_images_that_the_value_refuses(self):
        with pytest.raises(ValueError, match="image must have"):
            metrics.sift_spread(formed(), formed()[1:])
        with pytest.raises(ValueError, match="must be finite"):
            metrics.PreparedSIFT(formed()).spread(np.full((128, 128), np.nan))

    def test_bad_images_are_refused_before_the_first_value(self):
        with pytest.raises(ValueError, match="must have the reference's shape"):
            metrics.PreparedSIFT(formed()).at_phases(formed()[1:])


def test_a_spread_is_one_line():
    spread = metrics.SIFTSpread.of(value / 8 for value in range(3))
    assert repr(spread) == "SIFTSpread(mean=0.125, std=0.125, lowest=0.000, highest=0.250, phases=3)"
    with pytest.raises(AttributeError):
        spread.mean = 1
