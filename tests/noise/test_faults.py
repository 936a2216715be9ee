"""Bad pixels, uneven gain and hits against their statistics, within three standard errors."""

import math

import numpy as np
import pytest
from scipy import ndimage, stats

from hrtem_lab.noise import _faults, bad_pixels, uneven_gain, xray_hits

SHAPE = (512, 400)
PIXELS = math.prod(SHAPE)


class TestBadPixels:
    @pytest.mark.parametrize("seed", range(3))
    def test_as_many_as_their_shares_say_and_never_both(self, seed):
        dead, hot = bad_pixels(SHAPE, dead=0.01, hot=0.03, seed=seed)
        for mask, part in ((dead, 0.01), (hot, 0.03)):
            assert mask.shape == SHAPE
            assert abs(mask.sum() - PIXELS * part) < 3 * math.sqrt(PIXELS * part * (1 - part))
        assert not (dead & hot).any()

    def test_they_are_scattered_without_order(self):
        """Counts in blocks of 8 × 8 follow the binomial law."""
        dead, _ = bad_pixels((512, 512), dead=0.05, hot=0, seed=1)
        counts = dead.reshape(64, 8, 64, 8).sum(axis=(1, 3)).ravel()
        law = stats.binom(64, 0.05)
        assert counts.var() == pytest.approx(law.var(), rel=3 * math.sqrt(2.3 / counts.size))

    def test_the_seed_is_the_detector(self):
        one, same, other = (bad_pixels(SHAPE, dead=0.1, hot=0.1, seed=seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        both = (one[0] & other[0]).mean()
        assert both == pytest.approx(0.01, abs=3 * math.sqrt(0.01 / PIXELS))

    def test_a_stack_has_its_images_pixels(self):
        options = {"dead": 0.1, "hot": 0.1, "seed": 3}
        np.testing.assert_array_equal(bad_pixels((7, 30, 40), **options), bad_pixels((30, 40), **options))

    def test_a_caller_cannot_change_the_detector(self):
        options = {"dead": 0.1, "hot": 0.1, "seed": 3}
        bad_pixels((30, 40), **options)[0][:] = True
        assert bad_pixels((30, 40), **options)[0].mean() < 0.2
        uneven_gain((30, 40), sigma=0.1, seed=3)[:] = 5
        assert uneven_gain((30, 40), sigma=0.1, seed=3).max() < 2

    @pytest.mark.parametrize(("dead", "hot", "found"), [(0, 0, (0, 0)), (1, 0, (1, 0)), (0, 1, (0, 1))])
    def test_all_or_none(self, dead, hot, found):
        masks = bad_pixels((20, 30), dead=dead, hot=hot, seed=0)
        assert tuple(mask.mean() for mask in masks) == found

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"dead": -0.1}, r"dead must lie between 0 and 1, got -0\.1"),
            ({"hot": 1.1}, r"hot must lie between 0 and 1, got 1\.1"),
            ({"dead": 0.6, "hot": 0.6}, r"dead and hot must together be at most 1, got 0\.6 and 0\.6"),
            ({"seed": -1}, "seed must not be negative, got -1"),
            ({"shape": (4,)}, r"shape must be \(…, rows, columns\), got \(4,\)"),
            ({"shape": (0, 4)}, "a side of shape must be at least 1, got 0"),
        ],
    )
    def test_nonsense_is_refused(self, options, rule):
        options = {"shape": (4, 4), "dead": 0, "hot": 0, "seed": 0, **options}
        with pytest.raises(ValueError, match=rule):
            bad_pixels(options.pop("shape"), **options)

    @pytest.mark.parametrize("seed", [0.5, "1", None, True])
    def test_what_is_no_seed(self, seed):
        with pytest.raises(TypeError, match="seed must be a whole number"):
            uneven_gain((4, 4), sigma=0.1, seed=seed)


class TestUnevenGain:
    @pytest.mark.parametrize("sigma", [0.01, 0.1, 0.5])
    def test_mean_one_and_the_deviation_given(self, sigma):
        gain = uneven_gain(SHAPE, sigma=sigma, seed=4)
        assert gain.min() > 0
        assert gain.mean() == pytest.approx(1, abs=3 * sigma / math.sqrt(PIXELS))
        kurtosis = stats.lognorm(math.sqrt(math.log1p(sigma**2))).stats("k") + 3
        error = sigma * math.sqrt((kurtosis - 1) / PIXELS) / 2
        assert gain.std() == pytest.approx(sigma, abs=3 * error)
        assert (
            stats.kstest(np.log(gain).ravel(), "norm", (np.log(gain).mean(), np.log(gain).std())).pvalue
            > 1e-3
        )

    def test_it_is_the_detectors_and_not_that_of_its_bad_pixels(self):
        one, other = (uneven_gain(SHAPE, sigma=0.1, seed=seed) for seed in (1, 2))
        np.testing.assert_array_equal(one, uneven_gain(SHAPE, sigma=0.1, seed=1))
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 3 / math.sqrt(PIXELS)
        dead, _ = bad_pixels(SHAPE, dead=0.5, hot=0, seed=1)
        assert abs(np.corrcoef(one.ravel(), dead.ravel())[0, 1]) < 3 / math.sqrt(PIXELS)

    def test_one_seed_is_not_used_for_two_patterns(self):
        pixels, gain = _faults.streams(1)
        assert pixels.spawn_key != gain.spawn_key

    @pytest.mark.parametrize("sigma", [-0.1, 0.6, math.nan])
    def test_nonsense_is_refused(self, sigma):
        with pytest.raises(ValueError, match=r"sigma must (lie between 0 and 0\.5|be finite), got"):
            uneven_gain((4, 4), sigma=sigma, seed=0)


class TestHits:
    def test_every_pixel_expects_the_rate_times_the_energy(self):
        """At the frame's edge too. The variance sums (E / L)² over the L pixels of a track."""
        frames, rate, energy = 4000, 0.05, 30.0
        record = xray_hits(np.zeros((frames, 20, 24)), rate=rate, energy=energy, rng=1)
        variance = rate * 2 * energy**2 * np.mean(1 / np.arange(1, 7))
        inside = record[:, 6:-6, 6:-6]
        # Pixels of one track are correlated; frames are not.
        for part in (record, inside, record[:, 0], record[:, :, -1], record[:, :1, :1]):
            means = part.reshape(frames, -1).mean(axis=1)
            assert means.mean() == pytest.approx(rate * energy, abs=3 * means.std() / math.sqrt(frames))
        pixels = record.reshape(frames, -1)
        assert pixels.var(axis=0).mean() == pytest.approx(variance, rel=0.05)

    def test_tracks_have_one_to_six_pixels_of_equal_energy(self):
        record = xray_hits(np.zeros((1200, 1200)), rate=2e-4, energy=50, rng=2)
        tracks, count = ndimage.label(record, np.ones((3, 3)))
        assert abs(count - 288) < 3 * 17 + 10
        sizes = ndimage.sum_labels(record > 0, tracks, range(1, count + 1)).astype(int)
        whole = sizes[sizes <= 6]
        assert count - whole.size < 10  # two tracks that touch
        assert stats.chisquare(np.bincount(whole, minlength=7)[1:]).pvalue > 1e-3
        least, most = (f(record, tracks, range(1, count + 1)) for f in (ndimage.minimum, ndimage.maximum))
        assert np.mean(np.isclose(least, most)) > 0.97

    def test_energies_are_exponential_and_directions_even(self):
        record = xray_hits(np.zeros((1200, 1200)), rate=2e-4, energy=50, rng=3)
        tracks, count = ndimage.label(record, np.ones((3, 3)))
        energies = ndimage.sum_labels(record, tracks, range(1, count + 1))
        assert stats.kstest(energies, "expon", (0, 50)).pvalue > 1e-3
        spans = np.array([[part.stop - part.start for part in box] for box in ndimage.find_objects(tracks)])
        down, right = (spans[:, axis].mean() for axis in (0, 1))
        assert down == pytest.approx(right, abs=3 * math.sqrt(2) * spans.std() / math.sqrt(count))

    @pytest.mark.parametrize("options", [{"rate": 0, "energy": 9}, {"rate": 0.5, "energy": 0}])
    def test_without_hits_or_energy_the_record_stays(self, options):
        record = np.random.default_rng(0).random((30, 40))
        np.testing.assert_array_equal(xray_hits(record, rng=1, **options), record)

    def test_no_pixel_becomes_darker_and_the_input_stays(self):
        record = np.random.default_rng(0).random((3, 30, 40))
        before = record.copy()
        hit = xray_hits(record, rate=0.05, energy=3, rng=1)
        assert (hit >= record).all()
        np.testing.assert_array_equal(record, before)
        np.testing.assert_array_equal(hit[0], xray_hits(record[0], rate=0.05, energy=3, rng=1))
        assert ((hit - record)[0] != (hit - record)[1]).any()

    @pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3, 2)])
    def test_a_frame_smaller_than_a_track(self, shape):
        assert xray_hits(np.zeros(shape), rate=1, energy=3, rng=1).sum() > 0

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"rate": -1e-3}, r"rate must lie between 0 and 1, got -0\.001"),
            ({"rate": 1.5}, r"rate must lie between 0 and 1, got 1\.5"),
            ({"energy": -2}, "energy must not be negative, got -2"),
        ],
    )
    def test_nonsense_is_refused(self, options, rule):
        with pytest.raises(ValueError, match=rule):
            xray_hits(np.zeros((4, 4)), **{"rate": 0.1, "energy": 1, **options})
