"""Shot noise, readout noise and dark current against their theory: moments, distributions, spectra.

Statistics come from fixed seeds and are allowed some five standard errors of the theory.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hrtem_lab.noise import (
    Detector,
    dark_current,
    readout_noise,
    shot_noise,
)
from tests.noise.fields import (
    COUNT,
    ERRORS,
    SIDE,
    autocorrelation,
    even,
    images,
    quick,
    seeds,
    standard_error_of_variance,
)


class TestShotNoise:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize(("level", "counts"), [(0.5, 0.2), (1.0, 4.0), (0.3, 900.0)])
    def test_mean_and_variance_are_those_of_counting(self, level, counts, seed):
        """I and I / n; the fourth central moment of counts with mean λ is 3λ² + λ."""
        noisy = shot_noise(even(level), dose_per_area=counts / 0.25, sampling=0.5, rng=seed)
        expected = level * counts
        assert abs(noisy.mean() - level) < ERRORS * math.sqrt(level / counts / COUNT)
        error = standard_error_of_variance(3 * expected**2 + expected, expected)
        assert abs(counts**2 * noisy.var() - expected) < ERRORS * error

    @pytest.mark.parametrize("counts", [0.3, 5.0, 2000.0])
    def test_the_fano_factor_of_counts_is_one(self, counts):
        electrons = Detector(sampling=1).expose(even(1), dose_per_area=counts, rng=2, counts=True)
        assert electrons.var() / electrons.mean() == pytest.approx(1, abs=ERRORS * math.sqrt(2.2 / COUNT))

    @pytest.mark.parametrize("expected", [0.05, 0.7, 3.0, 25.0])
    def test_counts_follow_poisson(self, expected):
        """Pearson's test on whole numbers of electrons, the rare ones taken together."""
        noisy = shot_noise(even(0.5), dose_per_area=2 * expected, sampling=1, rng=11)
        electrons = np.rint(noisy.ravel() * 2 * expected).astype(int)
        law = stats.poisson(expected)
        low, high = (int(law.ppf(share)) for share in (1e-3, 1 - 1e-3))
        edges = np.arange(low, high + 1)
        found = np.array([(electrons <= low).sum(), *((electrons == k).sum() for k in edges[1:-1])])
        likely = np.array([law.cdf(low), *law.pmf(edges[1:-1])])
        found, likely = np.append(found, COUNT - found.sum()), np.append(likely, 1 - likely.sum())
        assert stats.chisquare(found, COUNT * likely).pvalue > 1e-4

    def test_each_pixel_has_its_own_mean(self):
        """In units of its own standard deviation every pixel is alike, dark or bright."""
        ramp = np.broadcast_to(np.linspace(0, 2, SIDE), (SIDE, SIDE))
        noisy = shot_noise(ramp, dose_per_area=100, sampling=1, rng=3)
        assert not noisy[:, 0].any()
        scores = (noisy - ramp)[:, 1:] / np.sqrt(ramp[:, 1:] / 100)
        assert np.abs(scores.mean(axis=0)).max() < ERRORS / math.sqrt(SIDE)
        assert np.mean(scores**2) == pytest.approx(1, abs=ERRORS * math.sqrt(2.5 / COUNT))

    @given(image=images, counts=st.floats(1e-3, 1e4), seed=seeds)
    @quick
    def test_pixels_are_whole_electrons_and_dark_stays_dark(self, image, counts, seed):
        noisy = shot_noise(image, dose_per_area=counts, sampling=1, rng=seed)
        electrons = noisy * counts
        assert electrons == pytest.approx(np.rint(electrons), abs=1e-9 * (1 + electrons.max()))
        assert (noisy >= 0).all()
        assert not noisy[image == 0].any()

    @given(image=images, exponent=st.integers(-4, 4), seed=seeds)
    @quick
    def test_only_electrons_per_pixel_count(self, image, exponent, seed):
        """Pixels half as large at four times the dose are the same draw."""
        size = 2.0**exponent
        one = shot_noise(image, dose_per_area=40, sampling=1, rng=seed)
        same = shot_noise(image, dose_per_area=40 / size**2, sampling=size, rng=seed)
        np.testing.assert_array_equal(one, same)

    def test_smaller_pixels_are_noisier_at_one_dose(self):
        coarse, fine = (shot_noise(even(1), dose_per_area=50, sampling=size, rng=4) for size in (0.4, 0.1))
        assert fine.var() / coarse.var() == pytest.approx(16, rel=0.1)

    def test_neighbours_are_independent(self):
        noisy = shot_noise(even(1), dose_per_area=3, sampling=1, rng=5)
        for lag in ((0, 1), (1, 0), (1, 1), (3, 2)):
            assert abs(autocorrelation(noisy, lag)) < ERRORS / SIDE

    def test_a_high_dose_is_the_image_itself(self):
        image = np.random.default_rng(0).random((16, 16))
        assert shot_noise(image, dose_per_area=1e14, sampling=1, rng=0) == pytest.approx(image, abs=1e-6)


class TestReadoutNoise:
    @pytest.mark.parametrize("seed", range(3))
    def test_it_is_normal_with_the_readouts_width(self, seed):
        """σ electrons are σ / n on the image: Kolmogorov and Smirnov's test of all pixels."""
        noisy = readout_noise(even(0.7), sigma=2, dose_per_area=100, sampling=0.5, rng=seed)
        law = stats.norm(0.7, 2 / 25)
        assert stats.kstest(noisy.ravel(), law.cdf).pvalue > 1e-4

    @given(image=images, sigma=st.floats(0.01, 100), dose=st.floats(0.01, 1e4), seed=seeds)
    @quick
    def test_it_adds_the_same_to_any_image(self, image, sigma, dose, seed):
        options = {"dose_per_area": dose, "sampling": 1, "rng": seed}
        added = readout_noise(image, sigma=sigma, **options) - image
        unit = readout_noise(np.zeros_like(image), sigma=1, **options)
        assert added == pytest.approx(sigma * unit, abs=1e-12 * (1 + 10 * sigma / dose + image.max()))

    def test_it_adds_its_variance_to_the_shot_noise(self):
        """I / n + σ² / n²."""
        n, sigma, level = 9.0, 4.0, 0.6
        noisy = shot_noise(even(level), dose_per_area=n, sampling=1, rng=1)
        noisy = readout_noise(noisy, sigma=sigma, dose_per_area=n, sampling=1, rng=2)
        electrons = level * n
        variance = electrons + sigma**2
        error = standard_error_of_variance(3 * variance**2 + electrons, variance)
        assert abs(n**2 * noisy.var() - variance) < ERRORS * error
        assert abs(noisy.mean() - level) < ERRORS * math.sqrt(variance / COUNT) / n

    def test_no_readout_is_the_image(self):
        image = np.random.default_rng(0).random((5, 6))
        np.testing.assert_array_equal(
            readout_noise(image, sigma=0, dose_per_area=1, sampling=1, rng=0), image
        )

    def test_pixels_may_be_negative(self):
        assert readout_noise(even(0), sigma=1, dose_per_area=1, sampling=1, rng=0).min() < -3


class TestDarkCurrent:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("counts", [0.1, 7.0])
    def test_it_keeps_the_mean_and_adds_its_variance(self, counts, seed):
        noisy = dark_current(even(0.4), counts=counts, dose_per_area=6, sampling=1, rng=seed)
        assert abs(noisy.mean() - 0.4) < ERRORS * math.sqrt(counts / COUNT) / 6
        error = standard_error_of_variance(3 * counts**2 + counts, counts)
        assert abs(36 * noisy.var() - counts) < ERRORS * error

    def test_it_counts_whole_electrons(self):
        noisy = dark_current(even(0), counts=2.25, dose_per_area=4, sampling=1, rng=0)
        electrons = 4 * noisy + 2.25
        assert electrons == pytest.approx(np.rint(electrons), abs=1e-9)
        assert electrons.min() == pytest.approx(0, abs=1e-9)

    def test_no_dark_counts_are_the_image(self):
        image = np.random.default_rng(0).random((5, 6))
        np.testing.assert_array_equal(
            dark_current(image, counts=0, dose_per_area=1, sampling=1, rng=0), image
        )
