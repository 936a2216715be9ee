"""The blur by the source's size against its theory."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import fft

from hrtem_lab.noise import (
    source_blur,
)
from tests.noise.fields import autocorrelation, even, images, quick


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
