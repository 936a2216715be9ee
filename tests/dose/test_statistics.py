"""How well two sets of draws can be told apart, against other packages and known distributions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hrtem_lab.dose import (
    area_under_curve,
    bootstrap_interval,
    d_prime,
)
from tests.dose.examples import NORMAL

draws = st.lists(st.integers(-3, 3), min_size=1, max_size=12)
quick = settings(max_examples=40, deadline=None)


class TestAreaUnderCurve:
    @quick
    @given(draws, draws)
    def test_counts_pairs(self, same, other):
        pairs = [(b > a) + (b == a) / 2 for a in same for b in other]
        assert area_under_curve(same, other) == pytest.approx(np.mean(pairs))

    @quick
    @given(draws, draws)
    def test_exchanged_sets_have_the_rest_of_one(self, same, other):
        assert area_under_curve(other, same) == pytest.approx(1 - area_under_curve(same, other))

    @quick
    @given(draws, draws)
    def test_only_the_order_counts(self, same, other):
        assert area_under_curve(np.exp(same), np.exp(other)) == area_under_curve(same, other)

    @pytest.mark.parametrize("seed", range(3))
    def test_is_the_statistic_of_mann_and_whitney(self, seed):
        rng = np.random.default_rng(seed)
        same, other = rng.normal(size=30), rng.normal(0.7, size=50)
        expected = stats.mannwhitneyu(other, same).statistic / 1500
        assert area_under_curve(same, other) == pytest.approx(expected)

    def test_goes_along_the_last_dimension(self):
        rng = np.random.default_rng(1)
        same, other = rng.normal(size=(2, 3, 8)), rng.normal(size=(2, 3, 9))
        found = area_under_curve(same, other)
        assert found.shape == (2, 3)
        assert all(found[place] == area_under_curve(same[place], other[place]) for place in np.ndindex(2, 3))

    def test_is_unknown_where_a_draw_is(self):
        assert math.isnan(area_under_curve([1, math.nan], [2, 3]))

    def test_needs_a_draw(self):
        with pytest.raises(ValueError, match="same must hold at least 1 draws, got 0"):
            area_under_curve([], [1])


class TestDPrime:
    def test_is_the_distance_of_known_normal_distributions(self):
        rng = np.random.default_rng(1)
        same, other = rng.normal(1, 3, 20_000), rng.normal(4, 4, 20_000)
        assert d_prime(same, other) == pytest.approx(3 / math.sqrt(12.5), abs=0.04)

    @pytest.mark.parametrize("distance", [0.3, 1, 2])
    def test_predicts_the_area_for_normal_distributions(self, distance):
        rng = np.random.default_rng(2)
        same, other = rng.normal(size=3000), rng.normal(distance, size=3000)
        expected = NORMAL.cdf(d_prime(same, other) / math.sqrt(2))
        assert area_under_curve(same, other) == pytest.approx(expected, abs=0.01)

    @quick
    @given(st.lists(st.floats(-1, 1), min_size=3, max_size=9), st.floats(0.1, 10), st.floats(-5, 5))
    def test_has_no_unit_and_no_origin(self, noise, scale, origin):
        same, other = np.array([0, 1, *noise]), 2 + np.array([*noise, 0, 1])
        there = d_prime(same, other)
        assert d_prime(scale * same + origin, scale * other + origin) == pytest.approx(there, abs=1e-6)
        assert d_prime(other, same) == -there

    def test_is_infinite_without_any_scatter_and_zero_for_equal_means(self):
        assert d_prime([1, 1], [2, 2]) == math.inf
        assert d_prime([1, 1], [1, 1]) == 0

    def test_needs_two_draws(self):
        with pytest.raises(ValueError, match="other must hold at least 2 draws, got 1"):
            d_prime([1, 2], [1])


class TestBootstrap:
    def test_covers_the_truth_about_as_often_as_it_says(self):
        """400 experiments of 20 normal draws with d′ = 1: 95 % within some points."""
        rng = np.random.default_rng(4)
        same, other = rng.normal(size=(400, 20)), rng.normal(1, size=(400, 20))
        for statistic, truth in ((area_under_curve, NORMAL.cdf(1 / math.sqrt(2))), (d_prime, 1)):
            low, high = bootstrap_interval(statistic, same, other)
            assert 0.90 < ((low <= truth) & (truth <= high)).mean() < 0.99

    def test_resampled_areas_are_those_of_the_same_picks_one_by_one(self):
        rng = np.random.default_rng(5)
        same, other = rng.integers(0, 9, (2, 3, 15)), rng.integers(2, 11, (2, 3, 10))

        def one_by_one(first, second):
            return area_under_curve(first, second)

        for seed in (0, 8):
            fast = bootstrap_interval(area_under_curve, same, other, rng=seed)
            slow = bootstrap_interval(one_by_one, same, other, rng=seed)
            assert np.array(fast) == pytest.approx(np.array(slow))

    @pytest.mark.parametrize("count", [2, 20, 100])
    def test_draws_without_overlap_leave_the_doubt_of_their_number(self, count):
        """With this probability of confusion n pairs stay in order in 5 of 100 experiments."""
        same = np.arange(count)
        low, high = bootstrap_interval(area_under_curve, same, same + count)
        assert (low**count, high) == (pytest.approx(0.05), 1)
        low, high = bootstrap_interval(area_under_curve, same + count, same)
        assert (low, (1 - high) ** count) == (0, pytest.approx(0.05))

    @pytest.mark.parametrize(("few", "many"), [(4, 40), (40, 4)])
    def test_of_unequal_numbers_of_draws_the_smaller_one_leaves_the_doubt(self, few, many):
        """Only as many independent pairs can be made as the smaller set has draws."""
        low, high = bootstrap_interval(area_under_curve, np.arange(few), 100 + np.arange(many))
        assert (low**4, high) == (pytest.approx(0.05), 1)

    def test_more_draws_are_known_better(self):
        rng = np.random.default_rng(6)
        widths = []
        for count in (20, 80, 320):
            low, high = bootstrap_interval(d_prime, rng.normal(size=count), rng.normal(1, size=count))
            widths.append(high - low)
        assert widths[0] > widths[1] > widths[2]
