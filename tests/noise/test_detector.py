"""A detector composes the processes in the order in which they act."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hrtem_lab.noise import (
    Detector,
    shot_noise,
    source_blur,
)
from tests.noise.fields import ERRORS, SIDE, autocorrelation, even, images, quick, seeds


class TestDetector:
    def test_blur_acts_on_what_is_expected_and_noise_stays_white(self):
        """Blurred after counting, neighbours would agree; an electron is counted in one pixel."""
        detector = Detector(sampling=1, blur_sigma=2)
        exposed = detector.expose(even(1), dose_per_area=5, rng=1)
        for lag in ((0, 1), (1, 0), (1, 1)):
            assert abs(autocorrelation(exposed, lag)) < ERRORS / SIDE
        late = source_blur(shot_noise(even(1), dose_per_area=5, sampling=1, rng=1), sigma=2, sampling=1)
        assert autocorrelation(late, (0, 1)) > 0.9
        assert exposed.var() > 20 * late.var()

    def test_many_exposures_have_the_mean_and_variance_of_the_blurred_image(self):
        """Pixel by pixel: b and b / n + (c + σ²) / n², with the blurred image b."""
        image = np.kron(np.eye(4), np.ones((8, 8)))
        detector = Detector(sampling=0.5, blur_sigma=1, dark_counts=2, readout_sigma=1.5)
        rng, n, repeats = np.random.default_rng(3), 40 * 0.25, 2000
        stack = np.array([detector.expose(image, dose_per_area=40, rng=rng) for _ in range(repeats)])
        expected = source_blur(image, sigma=1, sampling=0.5)
        np.testing.assert_array_equal(detector.expected(image), expected)
        variance = expected / n + (2 + 1.5**2) / n**2
        scores = (stack.mean(axis=0) - expected) / np.sqrt(variance / repeats)
        assert np.abs(scores).max() < ERRORS
        assert scores.std() == pytest.approx(1, abs=ERRORS / math.sqrt(2 * image.size))
        ratios = stack.var(axis=0, ddof=1) / variance
        assert ratios.mean() == pytest.approx(1, abs=ERRORS * math.sqrt(2.5 / repeats / image.size))
        assert np.abs(ratios - 1).max() < 0.25

    @pytest.mark.parametrize("name", ["dark_counts", "readout_sigma"])
    def test_the_most_electrons_that_can_be_counted_are_allowed(self, name):
        Detector(sampling=1, **{name: 1e15})
        with pytest.raises(ValueError, match="at most 1e15"):
            Detector(sampling=1, **{name: 1.001e15})

    def test_clipping_is_for_counts_too(self):
        free = Detector(sampling=1, readout_sigma=5)
        counts = free.expose(np.ones((20, 20)), dose_per_area=1, rng=1, counts=True)
        assert (counts < 0).sum() > 100
        clipped = Detector(sampling=1, readout_sigma=5, clip=True)
        found = clipped.expose(np.ones((20, 20)), dose_per_area=1, rng=1, counts=True)
        np.testing.assert_array_equal(found, np.maximum(counts, 0))

    def test_without_detector_noise_it_is_blur_then_shot_noise(self):
        image = np.random.default_rng(0).random((12, 14))
        exposed = Detector(sampling=0.5, blur_sigma=0.7).expose(image, dose_per_area=30, rng=4)
        blurred = source_blur(image, sigma=0.7, sampling=0.5)
        np.testing.assert_array_equal(exposed, shot_noise(blurred, dose_per_area=30, sampling=0.5, rng=4))

    def test_counted_electrons_and_readout_are_one_mixture(self):
        """Kolmogorov and Smirnov's test against the sum over k of Poisson(k) times a normal at k."""
        detector = Detector(sampling=1, dark_counts=1, readout_sigma=0.5)
        electrons = detector.expose(even(1), dose_per_area=2, rng=6, counts=True).ravel()
        k = np.arange(30)
        share = stats.poisson(3).pmf(k)
        law = lambda x: stats.norm.cdf(np.subtract.outer(x, k) / 0.5) @ share  # noqa: E731
        assert stats.kstest(electrons[:8192], law).pvalue > 1e-4

    @pytest.mark.parametrize("dark", [0.0, 3.0])
    def test_counts_are_the_same_exposure_in_electrons(self, dark):
        detector = Detector(sampling=0.5, dark_counts=dark, readout_sigma=1)
        image = np.random.default_rng(0).random((9, 8))
        relative = detector.expose(image, dose_per_area=80, rng=1)
        electrons = detector.expose(image, dose_per_area=80, rng=1, counts=True)
        assert (electrons - dark) / 20 == pytest.approx(relative, abs=1e-12)

    @given(image=images, seed=seeds, clip=st.booleans(), counts=st.booleans())
    @quick
    def test_pixels_are_negative_only_where_nothing_clips(self, image, seed, clip, counts):
        detector = Detector(sampling=1, readout_sigma=5, dark_counts=1, clip=clip)
        free = Detector(sampling=1, readout_sigma=5, dark_counts=1)
        shown = detector.expose(image, dose_per_area=1, rng=seed, counts=counts)
        unclipped = free.expose(image, dose_per_area=1, rng=seed, counts=counts)
        np.testing.assert_array_equal(shown, np.maximum(unclipped, 0) if clip else unclipped)

    def test_a_dark_image_with_readout_noise_is_negative_in_half_of_its_pixels(self):
        exposed = Detector(sampling=1, readout_sigma=2).expose(even(0), dose_per_area=1, rng=0)
        assert np.mean(exposed < 0) == pytest.approx(0.5, abs=ERRORS / 2 / SIDE)

    def test_without_a_dose_only_the_blur_is_left(self):
        image = np.random.default_rng(0).random((9, 8))
        detector = Detector(sampling=1, blur_sigma=1, readout_sigma=2, dark_counts=3)
        unlimited = detector.expose(image, dose_per_area=None, rng=0)
        np.testing.assert_array_equal(unlimited, source_blur(image, sigma=1, sampling=1))
        high = detector.expose(image, dose_per_area=1e12, rng=0)
        assert high == pytest.approx(unlimited, abs=1e-4)

    def test_counts_need_a_dose(self):
        with pytest.raises(ValueError, match="counts need a dose_per_area, got None"):
            Detector(sampling=1).expose(even(1, 4), dose_per_area=None, counts=True)

    def test_it_cannot_be_changed(self):
        with pytest.raises(AttributeError):
            Detector(sampling=1).sampling = 2  # type: ignore[misc]
