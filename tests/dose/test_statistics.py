"""How well two sets of draws can be told apart, against other packages and known distributions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from hrtem_lab.dose import (
    area_under_curve,
    bootstrap_interval,
    d_prime,
)
from hrtem_lab.dose._statistics import resampled
from tests.dose.examples import NORMAL

draws = st.lists(st.integers(-3, 3), min_size=1, max_size=12)
quick = settings(max_examples=40, deadline=None)


def normal(width):
    """Normal draws, those of the other set so many times as wide."""

    def draw(rng, area, same, other):
        distance = math.hypot(1, width) * NORMAL.inv_cdf(area)
        return rng.normal(size=same), rng.normal(distance, width, size=other)

    return draw


def exponential(rng, area, same, other):
    return rng.exponential(size=same), rng.exponential(area / (1 - area), size=other)


def mirrored(rng, area, same, other):
    """Exponential draws with their tails towards each other's far side."""
    first, second = exponential(rng, area, other, same)
    return -second, -first


def counts(rng, area, same, other):
    """Small counts, with many ties: the other set's mean is where its counts have this area."""
    possible = np.arange(200)
    order = stats.poisson.cdf(possible, 1) - stats.poisson.pmf(possible, 1) / 2
    mean = optimize.brentq(lambda mean: stats.poisson.pmf(possible, mean) @ order - area, 1, 50)
    return rng.poisson(1, size=same), rng.poisson(mean, size=other)


def coverage(draw, area, numbers, experiments):
    """Return how often the interval holds the true area."""
    rng = np.random.default_rng(12)
    same, other = draw(rng, area, *((experiments, number) for number in numbers))
    low, high = bootstrap_interval(area_under_curve, same, other)
    return ((low <= area) & (area <= high)).mean()


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
        low, high = bootstrap_interval(d_prime, rng.normal(size=(400, 20)), rng.normal(1, size=(400, 20)))
        assert 0.90 < ((low <= 1) & (1 <= high)).mean() < 0.99

    @pytest.mark.parametrize("seed", [0, 8])
    def test_resampled_areas_are_those_of_the_same_picks_one_by_one(self, seed):
        rng = np.random.default_rng(5)
        same, other = rng.integers(0, 9, (2, 3, 15)) / 1.0, rng.integers(2, 11, (2, 3, 10)) / 1.0

        def one_by_one(first, second):
            return area_under_curve(first, second)

        fast = resampled(area_under_curve, same, other, seed)
        assert fast == pytest.approx(resampled(one_by_one, same, other, seed))

    def test_more_draws_are_known_better(self):
        rng = np.random.default_rng(6)
        widths = []
        for count in (20, 80, 320):
            low, high = bootstrap_interval(d_prime, rng.normal(size=count), rng.normal(1, size=count))
            widths.append(high - low)
        assert widths[0] > widths[1] > widths[2]


class TestIntervalOfArea:
    @pytest.mark.parametrize("area", [0.7, 0.9, 0.97])
    @pytest.mark.parametrize("numbers", [(20, 20), (20, 60), (40, 40)])
    def test_holds_the_true_area_of_normal_draws(self, numbers, area):
        """95 ± 2 % of 2 000 experiments; of the middle 95 % of bootstrap sets it is 89 % for 20 and 0.9."""
        assert 0.93 <= coverage(normal(1), area, numbers, 2000) <= 0.97

    @pytest.mark.slow
    def test_holds_the_true_area_of_other_draws(self):
        """Nearly all cases lie within 95 ± 2 %, and all of them within the error of 1 500 experiments."""
        draws = [normal(1 / 3), normal(1), normal(3), exponential, mirrored, counts]
        areas, numbers = (0.55, 0.8, 0.88, 0.95, 0.99), ((20, 20), (20, 60), (60, 20), (40, 40), (100, 100))
        cases = [(draw, area, number) for draw in draws for area in areas for number in numbers]
        cases += [(normal(1), 0.9, (500, 500)), (counts, 0.99, (500, 500))]
        found = np.array([coverage(*case, 1500 if max(case[2]) < 500 else 500) for case in cases])
        assert np.mean((found >= 0.93) & (found <= 0.97)) > 0.95
        assert (0.91 < found).all()
        assert (found < 0.983).all()

    @pytest.mark.parametrize(("first", "second"), [(7, 12), (30, 30), (1, 4)])
    def test_is_delongs_in_the_logit_with_a_fifth_of_a_draw_anywhere(self, first, second):
        """The added draw is written as many light ones, evenly among the other set's."""
        rng = np.random.default_rng(first)
        same, other = rng.integers(0, 9, first), rng.integers(2, 11, second)
        order = [[(b > a) + (b == a) / 2 for b in other] for a in same]
        anywhere = (np.arange(1000) + 0.5) / 1000
        variance = 0
        for rows in (order, np.transpose(order)):
            shares = [(sum(row) + 0.2 * 0.5) / (len(row) + 0.2) for row in rows]
            weights = [1] * len(shares) + [0.2 / 1000] * 1000
            spread = np.cov([*shares, *anywhere], aweights=weights, ddof=0)
            area = np.average([*shares, *anywhere], weights=weights)
            variance += spread / (len(shares) + 0.2 - 1)
        reach = stats.norm.ppf(0.975) * math.sqrt(variance) / (area * (1 - area))
        expected = special.expit(special.logit(area) + np.array([-reach, reach]))
        found = np.array(bootstrap_interval(area_under_curve, same, other))
        assert found == pytest.approx(expected, abs=1e-6)

    @quick
    @given(draws, draws)
    def test_holds_the_area_found(self, same, other):
        low, high = bootstrap_interval(area_under_curve, same, other)
        assert 0 <= low <= area_under_curve(same, other) <= high <= 1
        assert low < high

    def test_holds_the_area_found_where_one_of_very_many_pairs_is_out_of_order(self):
        same, other = np.arange(500), np.r_[498.5, 500 + np.arange(499)]
        low, high = bootstrap_interval(area_under_curve, same, other)
        assert (low < 0.99, high) == (True, 1 - 1 / 500**2)
        low, high = bootstrap_interval(area_under_curve, other, same)
        assert (low, high > 0.01) == (pytest.approx(1 / 500**2), True)

    @quick
    @given(draws, draws)
    def test_exchanged_sets_have_the_rest_of_one(self, same, other):
        low, high = bootstrap_interval(area_under_curve, same, other)
        assert bootstrap_interval(area_under_curve, other, same) == pytest.approx((1 - high, 1 - low))

    @quick
    @given(draws, draws)
    def test_only_the_order_counts(self, same, other):
        expected = bootstrap_interval(area_under_curve, same, other)
        assert bootstrap_interval(area_under_curve, np.exp(same), np.exp(other)) == expected

    def test_chance_has_no_part_in_it(self):
        same, other = [1, 2, 5], [3, 4, 6, 7]
        first, second = (bootstrap_interval(area_under_curve, same, other, rng=seed) for seed in (1, 2))
        assert first == second

    def test_goes_along_the_last_dimension(self):
        rng = np.random.default_rng(1)
        same, other = rng.normal(size=(3, 8)), rng.normal(size=(2, 3, 9))
        found = bootstrap_interval(area_under_curve, same, other)
        assert found[0].shape == found[1].shape == (2, 3)
        for place in np.ndindex(2, 3):
            alone = bootstrap_interval(area_under_curve, same[place[1]], other[place])
            assert (found[0][place], found[1][place]) == alone

    def test_is_unknown_where_a_draw_is(self):
        assert np.isnan(bootstrap_interval(area_under_curve, [1, math.nan], [2, 3])).all()

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
