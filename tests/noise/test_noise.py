"""Each physical process against its theory: moments, distributions, spectra, and the order they act in.

Statistics come from fixed seeds and are allowed some five standard errors of the theory.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import fft, stats

from hrtem_lab.noise import (
    Detector,
    _electrons,
    counts_per_pixel,
    dark_current,
    readout_noise,
    shot_noise,
    source_blur,
)

SIDE = 256
COUNT = SIDE**2
ERRORS = 5  # how many standard errors a statistic may be off

quick = settings(max_examples=30, deadline=None)
images = arrays.arrays(
    np.float64, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.floats(0, 10, width=32)
)
seeds = st.integers(0, 10_000)


def even(level, side=SIDE):
    return np.full((side, side), float(level))


def standard_error_of_variance(fourth, variance, count=COUNT):
    return math.sqrt((fourth - variance**2) / count)


def autocorrelation(values, lag):
    """Return the correlation of pixels `lag` apart, for a field that is taken to repeat."""
    centred = values - values.mean()
    return float(np.mean(centred * np.roll(centred, lag, axis=(0, 1))) / np.mean(centred**2))


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


def gaussian(pixels):
    """Return a Gaussian at whole pixels out to four standard deviations, of sum 1."""
    reach = math.ceil(4 * pixels)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / pixels) ** 2)
    return weights / weights.sum()


def blurred_by_cosines(image, pixels):
    """Blur by the cosine transform, whose waves are those of an image mirrored at its edges for ever."""
    kernel = gaussian(pixels)
    offsets = np.arange(kernel.size) - kernel.size // 2
    rows, columns = (
        np.cos(np.pi * np.outer(np.arange(length), offsets) / length) @ kernel for length in image.shape
    )
    return fft.idctn(fft.dctn(image) * rows[:, None] * columns)


class TestBlur:
    @given(image=images, share=st.floats(0.05, 1))
    @quick
    def test_it_is_the_product_of_cosine_transforms(self, image, share):
        """Any width, up to that of the image, where a pixel is mirrored many times over."""
        pixels = share * min(image.shape)
        # A power of two divides without rounding, so both cut the Gaussian at the same pixel.
        blurred = source_blur(image, sigma=0.25 * pixels, sampling=0.25)
        assert blurred == pytest.approx(blurred_by_cosines(image, pixels), abs=1e-12 * (1 + image.max()))

    @given(image=images, share=st.floats(0, 1))
    @quick
    def test_no_electron_is_lost_and_none_is_negative(self, image, share):
        blurred = source_blur(image, sigma=share * min(image.shape), sampling=1)
        assert blurred.shape == image.shape
        assert blurred.sum() == pytest.approx(image.sum(), rel=1e-12, abs=1e-12)
        assert blurred.min() >= 0
        assert blurred.max() <= image.max() * (1 + 1e-12)

    @given(first=images, share=st.floats(0.1, 1), factor=st.floats(0, 5))
    @quick
    def test_it_is_linear_and_even(self, first, share, factor):
        second = first[::-1, ::-1] ** 2
        options = {"sigma": share * min(first.shape), "sampling": 1}
        one, other = source_blur(first, **options), source_blur(second, **options)
        slack = 1e-12 * (1 + 100 * first.max() ** 2)
        assert source_blur(first + factor * second, **options) == pytest.approx(
            one + factor * other, abs=slack
        )
        assert source_blur(first[::-1], **options) == pytest.approx(one[::-1], abs=slack)
        assert source_blur(first.T, **options) == pytest.approx(one.T, abs=slack)

    @pytest.mark.parametrize("pixels", [1.0, 2.5, 6.0])
    def test_a_point_becomes_the_gaussian(self, pixels):
        """Against exp(−r²/2σ²) / 2πσ² itself: four standard deviations hold all but 10⁻⁴ of it."""
        point = np.zeros((101, 101))
        point[50, 50] = 1
        blurred = source_blur(point, sigma=pixels * 0.2, sampling=0.2)
        y, x = np.mgrid[-50:51, -50:51]
        analytic = np.exp(-(x**2 + y**2) / (2 * pixels**2)) / (2 * np.pi * pixels**2)
        assert blurred == pytest.approx(analytic, abs=3e-4 * analytic.max())
        assert (blurred * x**2).sum() == pytest.approx(pixels**2, rel=2e-3)
        assert (blurred * x).sum() == pytest.approx(0, abs=1e-12)

    def test_edges_mirror(self):
        """A point at the edge keeps what it would lose: its image is its own half and the other, folded."""
        point = np.zeros((41, 41))
        point[20, 0] = 1
        profile = source_blur(point, sigma=3, sampling=1).sum(axis=0)
        kernel = gaussian(3.0)
        middle = kernel.size // 2
        folded = kernel[middle : middle + 10] + kernel[middle + 1 : middle + 11]
        assert profile[:10] == pytest.approx(folded, abs=1e-12)

    @pytest.mark.parametrize("pixels", [1.5, 3.0])
    def test_blurred_white_noise_has_the_variance_and_correlation_of_theory(self, pixels):
        """σ₀² / 4πσ², and exp(−d² / 4σ²) at a distance d."""
        white = np.random.default_rng(9).normal(10, 1, (512, 512))
        blurred = source_blur(white, sigma=pixels, sampling=1)
        assert blurred.var() == pytest.approx(1 / (4 * np.pi * pixels**2), rel=0.1)
        for lag in ((0, 1), (2, 0), (2, 2), (0, 4)):
            distance = math.hypot(*lag)
            expected = math.exp(-(distance**2) / (4 * pixels**2))
            assert autocorrelation(blurred, lag) == pytest.approx(expected, abs=0.03)

    @given(first=st.floats(1, 3), second=st.floats(1, 3))
    @quick
    def test_two_blurs_are_one_of_added_variance(self, first, second):
        image = np.random.default_rng(1).random((40, 40))
        twice = source_blur(source_blur(image, sigma=first, sampling=1), sigma=second, sampling=1)
        once = source_blur(image, sigma=math.hypot(first, second), sampling=1)
        assert twice == pytest.approx(once, abs=1e-3)

    @pytest.mark.parametrize("sigma", [0, 1e-300, 1e-6])
    def test_a_narrow_blur_changes_nothing(self, sigma):
        image = np.random.default_rng(2).random((6, 7))
        assert source_blur(image, sigma=sigma, sampling=1) == pytest.approx(image, abs=1e-15)

    def test_even_grey_stays_even(self):
        assert source_blur(even(0.3, 9), sigma=9, sampling=1) == pytest.approx(even(0.3, 9), rel=1e-12)

    def test_a_blur_wider_than_the_image_is_refused_with_the_rule(self):
        assert source_blur(np.ones((3, 50)), sigma=1.5, sampling=0.5).shape == (3, 50)
        with pytest.raises(
            ValueError, match=r"sigma must be at most the image's shorter side, 1\.5 Å, got 1\.6"
        ):
            source_blur(np.ones((3, 50)), sigma=1.6, sampling=0.5)


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


PROCESSES = {
    "shot": shot_noise,
    "readout": lambda image, **options: readout_noise(image, sigma=2, **options),
    "dark": lambda image, **options: dark_current(image, counts=3, **options),
    "detector": lambda image, *, sampling, **options: Detector(
        sampling=sampling, blur_sigma=sampling, dark_counts=1, readout_sigma=2
    ).expose(image, **options),
}
every_process = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)


class TestEveryProcess:
    IMAGE = 0.1 + np.random.default_rng(1).random((40, 50))

    @every_process
    def test_one_seed_is_one_draw_and_two_are_independent(self, process):
        options = {"dose_per_area": 10, "sampling": 1}
        image = even(1)
        one, again, other = (process(image, rng=seed, **options) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, again)
        correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < ERRORS / SIDE

    @every_process
    def test_a_generator_goes_on_and_draws_are_independent(self, process):
        rng = np.random.default_rng(1)
        first, second = (process(even(1), dose_per_area=10, sampling=1, rng=rng) for _ in range(2))
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < ERRORS / SIDE
        np.testing.assert_array_equal(first, process(even(1), dose_per_area=10, sampling=1, rng=1))

    @every_process
    def test_no_seed_is_another_draw_each_time(self, process):
        first, second = (process(self.IMAGE, dose_per_area=10, sampling=1) for _ in range(2))
        assert (first != second).any()

    @every_process
    @pytest.mark.parametrize("dose", [0, 0.0, np.float32(0)])
    def test_without_electrons_all_that_is_left_is_black(self, process, dose):
        """Detector noise alone has no scale at dose 0, and leaves the black image black."""
        black = shot_noise(self.IMAGE, dose_per_area=dose, sampling=0.3, rng=1)
        assert not black.any()
        after = process(black, dose_per_area=dose, sampling=0.3, rng=1)
        assert after.shape == self.IMAGE.shape
        assert not after.any()

    def test_a_detector_without_electrons_shows_black_and_counts_its_own_noise(self):
        detector = Detector(sampling=0.3, dark_counts=4, readout_sigma=2)
        assert not detector.expose(self.IMAGE, dose_per_area=0, rng=1).any()
        electrons = detector.expose(even(1), dose_per_area=0, rng=1, counts=True)
        assert electrons.mean() == pytest.approx(4, abs=ERRORS * math.sqrt(8) / SIDE)
        assert electrons.var() == pytest.approx(8, rel=0.05)

    @every_process
    @given(dose=st.floats(1e-12, 1e12), sampling=st.floats(1e-1, 10))
    @quick
    def test_every_dose_gives_a_finite_image(self, process, dose, sampling):
        noisy = process(self.IMAGE, dose_per_area=dose, sampling=sampling, rng=0)
        assert noisy.dtype == np.float64
        assert np.isfinite(noisy).all()

    @every_process
    @pytest.mark.parametrize("convert", [np.float32, np.int64, bool, np.ndarray.tolist], ids=str)
    def test_any_real_image_is_taken(self, process, convert):
        image = np.array([[0, 1, 1, 0], [1, 1, 0, 1]], float)
        given_as = convert(image) if convert is np.ndarray.tolist else image.astype(convert)
        options = {"dose_per_area": 20, "sampling": 1, "rng": 3}
        np.testing.assert_array_equal(process(given_as, **options), process(image, **options))

    @every_process
    def test_the_input_is_neither_changed_nor_handed_back(self, process):
        for dose in (0, 10):
            image = self.IMAGE.copy()
            image.flags.writeable = False
            noisy = process(image, dose_per_area=dose, sampling=1, rng=0)
            assert not np.shares_memory(noisy, image)
            assert noisy.flags.writeable

    def test_blur_neither_changes_its_input_nor_hands_it_back(self):
        image = self.IMAGE.copy()
        image.flags.writeable = False
        for sigma in (0, 1):
            blurred = source_blur(image, sigma=sigma, sampling=1)
            assert not np.shares_memory(blurred, image)

    @pytest.mark.parametrize("convert", [np.float32, np.int64, bool, np.ndarray.tolist], ids=str)
    def test_blur_takes_any_real_image(self, convert):
        image = np.eye(9)
        given_as = convert(image) if convert is np.ndarray.tolist else image.astype(convert)
        blurred = source_blur(given_as, sigma=1, sampling=1)
        assert blurred.dtype == np.float64
        np.testing.assert_array_equal(blurred, source_blur(image, sigma=1, sampling=1))


NUMBERS = {
    "NaN": (math.nan, ValueError, "must be finite, got nan"),
    "infinity": (math.inf, ValueError, "must be finite, got inf"),
    "negative": (-0.5, ValueError, r"must (not be negative|be positive), got -0\.5"),
    "text": ("5", TypeError, "must be a real number, got '5'"),
    "a truth value": (True, TypeError, "must be a real number, got True"),
    "nothing": (None, TypeError, "must be a real number, got None"),
    "a list": ([5], TypeError, r"must be a real number, got \[5\]"),
}
GOOD = np.ones((4, 5))
CALLS = {
    "shot_noise dose": ("dose_per_area", lambda v: shot_noise(GOOD, dose_per_area=v, sampling=1)),
    "shot_noise sampling": ("sampling", lambda v: shot_noise(GOOD, dose_per_area=1, sampling=v)),
    "readout sigma": ("sigma", lambda v: readout_noise(GOOD, sigma=v, dose_per_area=1, sampling=1)),
    "readout dose": ("dose_per_area", lambda v: readout_noise(GOOD, sigma=1, dose_per_area=v, sampling=1)),
    "readout sampling": ("sampling", lambda v: readout_noise(GOOD, sigma=1, dose_per_area=1, sampling=v)),
    "dark counts": ("counts", lambda v: dark_current(GOOD, counts=v, dose_per_area=1, sampling=1)),
    "dark dose": ("dose_per_area", lambda v: dark_current(GOOD, counts=1, dose_per_area=v, sampling=1)),
    "blur sigma": ("sigma", lambda v: source_blur(GOOD, sigma=v, sampling=1)),
    "blur sampling": ("sampling", lambda v: source_blur(GOOD, sigma=1, sampling=v)),
    "detector sampling": ("sampling", lambda v: Detector(sampling=v)),
    "detector blur": ("blur_sigma", lambda v: Detector(sampling=1, blur_sigma=v)),
    "detector dark": ("dark_counts", lambda v: Detector(sampling=1, dark_counts=v)),
    "detector readout": ("readout_sigma", lambda v: Detector(sampling=1, readout_sigma=v)),
    "counts_per_pixel": ("dose_per_area", lambda v: counts_per_pixel(v, sampling=1)),
}
ELECTRONS = {call for call in CALLS if "sampling" not in call and "blur" not in call}
every_call = pytest.mark.parametrize("call", CALLS)


class TestRefusals:
    @every_call
    @pytest.mark.parametrize("case", NUMBERS)
    def test_a_nonsensical_number_is_refused_with_value_and_rule(self, call, case):
        name, function = CALLS[call]
        value, error, rule = NUMBERS[case]
        with pytest.raises(error, match=f"^{name} {rule}"):
            function(value)

    @pytest.mark.parametrize("call", [call for call in CALLS if "sampling" in call])
    def test_pixels_have_a_size(self, call):
        with pytest.raises(ValueError, match=r"^sampling must be positive, got 0"):
            CALLS[call][1](0)

    @pytest.mark.parametrize(
        "call", [call for call in CALLS if "sampling" not in call and "blur" not in call]
    )
    def test_a_huge_number_is_refused(self, call):
        with pytest.raises(
            ValueError, match=r"must be (0 or between 1e-15 and|at most) 1e15 electrons.*1e\+16"
        ):
            CALLS[call][1](1e16)

    @pytest.mark.parametrize("value", [1e-16, 1e-200, 5e-324])
    @pytest.mark.parametrize("call", [call for call in CALLS if "dose" in call])
    def test_a_dose_that_no_scale_could_show_is_refused(self, call, value):
        with pytest.raises(ValueError, match=f"must be 0 or between 1e-15 and 1e15 .*, got {value!r}"):
            CALLS[call][1](value)

    def test_pixels_too_large_or_too_small_for_the_dose_are_refused(self):
        for size in (1e-170, 1e-9, 1e9, 1e200):
            with pytest.raises(ValueError, match="between 1e-15 and 1e15 electrons per pixel"):
                counts_per_pixel(1, sampling=size)

    def test_a_bright_pixel_counts_too(self):
        with pytest.raises(ValueError, match=r"image times dose must be at most 1e15 .*, got 2e\+15"):
            shot_noise(2e5 * GOOD, dose_per_area=1e10, sampling=1)

    @pytest.mark.parametrize("process", ["shot", "detector"])
    @pytest.mark.parametrize("lowest", [-0.25, -1e-12])
    def test_negative_electrons_cannot_be_counted(self, process, lowest):
        image = GOOD.copy()
        image[1, 1] = lowest
        if process == "shot":
            call = lambda: shot_noise(image, dose_per_area=1, sampling=1)  # noqa: E731
        else:
            call = lambda: Detector(sampling=1).expose(image, dose_per_area=1)  # noqa: E731
        with pytest.raises(
            ValueError, match=f"^image must not be negative where electrons are counted, got {lowest:g}"
        ):
            call()

    @pytest.mark.parametrize(
        ("image", "error", "rule"),
        [
            (np.ones(4), ValueError, "2-D"),
            (np.ones((0, 4)), ValueError, "not be empty"),
            ([[1.0, math.nan]], ValueError, "finite"),
            ([[1.0, math.inf]], ValueError, "finite"),
            ([[1j]], TypeError, "real numbers"),
            ([["1"]], TypeError, "real numbers"),
        ],
    )
    def test_what_is_no_image_is_refused(self, image, error, rule):
        for process in (*PROCESSES.values(), lambda image, **_: source_blur(image, sigma=1, sampling=1)):
            with pytest.raises(error, match=f"^image must .*{rule}"):
                process(image, dose_per_area=1, sampling=1, rng=0)

    def test_options_are_keyword_only(self):
        for function in (shot_noise, readout_noise, dark_current, source_blur, Detector, counts_per_pixel):
            with pytest.raises(TypeError):
                function(GOOD, 1, 1)


def test_the_limit_of_counting_is_where_whole_numbers_end():
    assert _electrons.MOST_COUNTS + 1 != _electrons.MOST_COUNTS
    assert _electrons.MOST_COUNTS < 2**53
