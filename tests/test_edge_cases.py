"""Laws of the paper's test images, and acceptable ranges against an exact search."""

import dataclasses
import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hrtem_lab.edge_cases import acceptable_ranges, edge_cases, gaussian_noise, scale_contrast
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å
images = arrays.arrays(np.float64, arrays.array_shapes(min_dims=2, max_dims=2), elements=st.floats(0, 100))
factors = st.floats(-1, 1)


@pytest.fixture(scope="module")
def cases():
    return {key: case.image for key, case in edge_cases().items()}


class TestEdgeCases:
    def test_all_are_named_in_the_order_of_the_figure(self):
        cases = edge_cases(shape=16)
        order = ["reference", "shift", "defocus", "zro2", "reversal", "noise", "white", "black"]
        assert list(cases) == order
        assert [case.key for case in cases.values()] == order
        panels = [case.figure for case in cases.values()]
        assert panels == ["2a", "2b", "2c", "2d", "2f", *["2, row 3"] * 3]
        assert all(case.label and case.description.endswith(".") for case in cases.values())

    def test_a_case_cannot_be_changed(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            edge_cases(shape=8)["white"].label = "Grey"

    @pytest.mark.parametrize("shape", [16, (12, 20)])
    def test_all_have_the_same_pixels(self, shape):
        for case in edge_cases(shape=shape).values():
            assert case.image.shape == tuple(np.broadcast_to(shape, 2))
            assert case.image.dtype == np.float32

    def test_the_shift_is_half_a_cell_to_the_right(self, cases):
        # 128 pixels show 4 cells of 32 pixels.
        assert cases["shift"] == pytest.approx(np.roll(cases["reference"], 16, axis=1), abs=1e-5)
        assert np.abs(cases["shift"] - np.roll(cases["reference"], 16, axis=0)).max() > 0.1

    def test_the_reference_repeats_after_a_cell(self, cases):
        for axis in (0, 1):
            assert np.roll(cases["reference"], 32, axis) == pytest.approx(cases["reference"], abs=1e-5)

    def test_the_defocus_is_overfocus_by_2_nm(self, cases):
        wave = load_exit_wave("nb3sn", thickness_cells=40)
        expected = form_image(wave, defocus=-20, field_of_view=4 * CELL)
        assert np.array_equal(cases["defocus"], expected)
        assert cases["defocus"].mean() == pytest.approx(
            cases["reference"].mean(), rel=1e-5
        )  # no electron is lost

    def test_the_other_crystal_has_the_same_pixel_size(self, cases):
        """21.1 Å are 4.145 cells of ZrO₂: the image repeats after 30.9 pixels, not after 32."""
        period = 128 * 5.09 / (4 * CELL)
        spectrum = np.abs(np.fft.rfft(cases["zro2"].mean(axis=0) - cases["zro2"].mean(), 4096))
        # The strongest wave of fluorite along [100] has half the cell's period.
        assert 4096 / spectrum.argmax() == pytest.approx(period / 2, rel=0.02)

    def test_reversal_keeps_the_contrasts_ends(self, cases):
        reference, reversal = cases["reference"], cases["reversal"]
        assert reversal + reference == pytest.approx(
            np.full_like(reference, reference.min() + reference.max()), abs=1e-6
        )
        assert (reversal.min(), reversal.max()) == pytest.approx((reference.min(), reference.max()), abs=1e-6)

    def test_white_and_black_are_the_ends(self, cases):
        assert set(cases["white"].flat) == {cases["reference"].max()}
        assert set(cases["black"].flat) == {0}

    def test_only_the_noise_depends_on_the_seed(self):
        one, other = edge_cases(shape=32, rng=1), edge_cases(shape=32, rng=2)
        differ = [key for key in one if not np.array_equal(one[key].image, other[key].image)]
        assert differ == ["noise"]
        again = edge_cases(shape=32, rng=1)
        assert np.array_equal(one["noise"].image, again["noise"].image)

    def test_the_noise_is_as_strong_as_the_references_contrast(self, cases):
        noise, sigma = cases["noise"], cases["reference"].std()
        assert np.mean(noise.astype(float) ** 2) == pytest.approx(sigma**2 / 2, rel=0.05)


class TestContrast:
    @given(images)
    def test_reversing_twice_changes_nothing(self, image):
        twice = scale_contrast(scale_contrast(image, -1), -1)
        assert twice == pytest.approx(image, abs=1e-12 * (1 + image.max()))

    @given(images, factors)
    def test_no_factor_leaves_the_limits(self, image, factor):
        scaled = scale_contrast(image, factor)
        slack = 1e-12 * (1 + image.max())
        assert image.min() - slack <= scaled.min()
        assert scaled.max() <= image.max() + slack
        assert np.ptp(scaled) == pytest.approx(abs(factor) * np.ptp(image), abs=10 * slack)

    @given(images, factors, factors)
    def test_factors_multiply_about_fixed_limits(self, image, first, second):
        limits = (0.0, 100.0)
        in_turn = scale_contrast(scale_contrast(image, first, limits=limits), second, limits=limits)
        assert in_turn == pytest.approx(scale_contrast(image, first * second, limits=limits), abs=1e-10)

    @given(images)
    def test_one_changes_nothing_and_zero_leaves_the_middle(self, image):
        assert scale_contrast(image, 1) == pytest.approx(image, abs=1e-12 * (1 + image.max()))
        middle = (image.min() + image.max()) / 2
        assert set(scale_contrast(image, 0).flat) == {middle}

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_the_precision_is_kept(self, dtype):
        assert scale_contrast(np.eye(3, dtype=dtype), 0.5).dtype == dtype

    @pytest.mark.parametrize(
        ("image", "factor", "rule"),
        [
            ([1.0, 2.0], 1, "image must be 2-D"),
            ([[np.nan]], 1, "image must be finite"),
            ([[1.0]], np.inf, "factor must be finite, got inf"),
        ],
    )
    def test_a_broken_rule_is_named(self, image, factor, rule):
        with pytest.raises(ValueError, match=rule):
            scale_contrast(image, factor)


class TestNoise:
    """The positive half of a normal distribution; its moments to within 4.5 standard errors."""

    COUNT = 512**2

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("sigma", [0.1, 2.0])
    def test_moments_are_those_of_theory(self, seed, sigma):
        noise = gaussian_noise(512, sigma=sigma, rng=seed).astype(float) / sigma
        assert noise.min() == 0
        # E x = 1/√(2π), E x² = 1/2, E x⁴ = 3/2, and half of the pixels are dark.
        mean, square = 1 / math.sqrt(2 * math.pi), 0.5
        error = 4.5 / math.sqrt(self.COUNT)
        assert abs(noise.mean() - mean) < error * math.sqrt(square - mean**2)
        assert abs(np.mean(noise**2) - square) < error * math.sqrt(1.5 - square**2)
        assert abs(np.mean(noise == 0) - 0.5) < error * 0.5

    def test_neighbours_are_independent(self):
        noise = gaussian_noise(512, sigma=1, rng=7).astype(float)
        noise -= noise.mean()
        for axis in (0, 1):
            correlation = np.mean(noise * np.roll(noise, 1, axis)) / noise.var()
            assert abs(correlation) < 4.5 / math.sqrt(self.COUNT)

    def test_a_seed_fixes_it_and_sigma_scales_it(self):
        one = gaussian_noise((3, 5), sigma=1, rng=3)
        assert one.shape == (3, 5)
        assert one.dtype == np.float32
        assert np.array_equal(gaussian_noise((3, 5), sigma=1, rng=3), one)
        assert not np.array_equal(gaussian_noise((3, 5), sigma=1, rng=4), one)
        assert np.array_equal(gaussian_noise((3, 5), sigma=2, rng=3), 2 * one)
        assert not gaussian_noise((3, 5), sigma=0, rng=3).any()

    def test_a_generator_goes_on(self):
        rng = np.random.default_rng(5)
        first, second = (gaussian_noise(8, sigma=1, rng=rng) for _ in range(2))
        assert not np.array_equal(first, second)

    @pytest.mark.parametrize(
        ("options", "error", "rule"),
        [
            ({"shape": 8, "sigma": -1}, ValueError, "sigma must not be negative, got -1"),
            ({"shape": 0, "sigma": 1}, ValueError, "shape must be at least 1, got 0"),
            ({"shape": 2.5, "sigma": 1}, TypeError, "shape must be a whole number, got 2.5"),
        ],
    )
    def test_a_broken_rule_is_named(self, options, error, rule):
        with pytest.raises(error, match=rule):
            gaussian_noise(options["shape"], sigma=options["sigma"])


FINENESS = 12  # slopes of up to 4 between whole numbers cross whole thresholds at twelfths


def exact_ranges(heights, threshold):
    """Find the ranges of a curve through (0, h₀), (1, h₁), … by looking at every twelfth, exactly."""

    def accepted(place):
        left, part = divmod(place, FINENESS)
        ends = heights[left : left + (2 if part else 1)]
        if None in ends:
            return False
        share = Fraction(part, FINENESS)
        return ends[0] + (share * (ends[-1] - ends[0])) <= threshold

    last = (len(heights) - 1) * FINENESS
    places = [place for place in range(last + 1) if accepted(place)]
    ranges = []
    for place in places:
        if ranges and ranges[-1][1] == place - 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    return [(start / FINENESS, end / FINENESS) for start, end in ranges]


class TestAcceptableRanges:
    @given(st.lists(st.none() | st.integers(0, 4), min_size=1, max_size=8), st.integers(-1, 5))
    def test_they_are_those_of_an_exact_search(self, heights, threshold):
        """Heights that touch the threshold, single points, unknown heights and whole curves are all drawn."""
        found = acceptable_ranges(
            range(len(heights)), [math.nan if h is None else h for h in heights], threshold
        )
        assert found == [pytest.approx(interval, abs=1e-12) for interval in exact_ranges(heights, threshold)]

    @given(
        st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 1) | st.just(math.nan)), min_size=1, max_size=10),
        st.floats(0, 1),
    )
    def test_inside_is_below_and_outside_is_above(self, points, threshold):
        steps, heights = zip(*points, strict=True)
        x = np.cumsum(steps)
        ranges = acceptable_ranges(x, heights, threshold)
        assert all(start <= end for start, end in ranges)
        assert all(end < start for (_, end), (start, _) in pairwise(ranges))
        dense = np.linspace(x[0], x[-1], 301)
        height = np.interp(dense, x, heights)
        for place, value in zip(dense, height, strict=True):
            inside = any(start - 1e-9 <= place <= end + 1e-9 for start, end in ranges)
            if value < threshold - 1e-6:
                assert inside
            elif value > threshold + 1e-6:
                assert not any(start + 1e-6 < place < end - 1e-6 for start, end in ranges)

    @given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.floats(0, 1), st.floats(0, 1))
    def test_a_higher_threshold_accepts_more(self, heights, one, other):
        assume(one != other)
        x = range(len(heights))

        def length(threshold):
            return sum(end - start for start, end in acceptable_ranges(x, heights, threshold))

        assert length(min(one, other)) <= length(max(one, other)) + 1e-9

    @pytest.mark.parametrize(
        ("heights", "expected"),
        [
            ([], []),
            ([0.1], [(0, 0)]),
            ([0.3], []),
            ([math.nan], []),
            ([0.0, 0.1, 0.2], [(0, 2)]),
            ([0.3, 0.2, 0.3], [(1, 1)]),
            ([0.0, 0.4, 0.0], [(0, 0.5), (1.5, 2)]),
            ([0.0, math.nan, 0.0], [(0, 0), (2, 2)]),
            ([math.nan, 0.0, 0.4], [(1, 1.5)]),
        ],
    )
    def test_of_a_threshold_of_a_fifth(self, heights, expected):
        found = acceptable_ranges(range(len(heights)), heights, 0.2)
        assert found == [pytest.approx(interval) for interval in expected]

    @pytest.mark.parametrize(
        ("positions", "heights", "threshold", "rule"),
        [
            ([0, 1], [0], 0.1, r"as long, got shapes \(2,\) and \(1,\)"),
            ([[0, 1]], [[0, 1]], 0.1, "as long, got shapes"),
            ([0, 0], [0, 1], 0.1, r"positions must increase, got \[0\.0, 0\.0\]"),
            ([1, 0], [0, 1], 0.1, "positions must increase"),
            ([0, math.nan, 2], [0, 0, 1], 0.1, "positions must increase"),
            ([0, 1], [0, 1], math.nan, "threshold must be finite, got nan"),
        ],
    )
    def test_a_broken_rule_is_named(self, positions, heights, threshold, rule):
        with pytest.raises(ValueError, match=rule):
            acceptable_ranges(positions, heights, threshold)
