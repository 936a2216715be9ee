"""The dose at which an area under the curve reaches a target for good."""

import math

import numpy as np
import pytest
import xarray as xr

from hrtem_lab.dose import (
    crossing_dose,
    discriminability,
    dose_to_reach,
)
from tests.dose.examples import NORMAL, PIXELS, normal_study, patterns


class TestDoseToReach:
    DOSES = np.geomspace(0.01, 100, 17)

    @pytest.mark.parametrize(("strength", "auc"), [(1, 0.95), (3, 0.95), (3, 0.75)])
    def test_finds_where_an_analytic_curve_crosses(self, strength, auc):
        """AUC = Φ(d′ / √2) with d′ = strength × √dose."""
        reached = dose_to_reach(normal_study(self.DOSES, strength), auc=auc)
        expected = 2 * (NORMAL.inv_cdf(auc) / strength) ** 2
        assert reached["dose_per_area"].item() == pytest.approx(expected, rel=0.05)
        assert reached["low"].item() < expected < reached["high"].item()
        assert not reached["at_most"].item()

    def test_a_metric_nine_times_as_hungry_has_a_ratio_of_nine(self):
        metric, ideal = normal_study(self.DOSES, 1), normal_study(self.DOSES, 3)
        reached = dose_to_reach(metric, ideal)
        assert reached["ratio_to_ideal"].item() == pytest.approx(9, rel=0.1)
        dose = dose_to_reach(ideal)["dose_per_area"].item()
        by_number = dose_to_reach(metric, dose)
        for name in ("ratio_to_ideal", "ratio_low", "ratio_high"):
            assert by_number[name].item() == reached[name].item()
        assert reached["ratio_low"].item() == pytest.approx(reached["low"].item() / dose)

    def test_the_order_of_the_doses_and_dose_zero_do_not_count(self):
        forwards = dose_to_reach(normal_study(self.DOSES, 2))
        backwards = dose_to_reach(normal_study([*self.DOSES[::-1], 0], 2))
        xr.testing.assert_equal(forwards, backwards)

    def test_is_unknown_if_the_highest_dose_does_not_suffice(self):
        reached = dose_to_reach(normal_study([0.01, 0.1], 1), 0.5)
        assert math.isnan(reached["dose_per_area"].item())
        assert math.isnan(reached["ratio_to_ideal"].item())
        assert reached["high"].item() == math.inf

    def test_is_at_most_the_lowest_dose_if_that_suffices(self):
        reached = dose_to_reach(normal_study([50, 100], 1))
        assert reached["at_most"].item()
        assert reached["dose_per_area"].item() == 50

    def test_a_point_exactly_at_the_target_has_reached_it(self):
        """Of 2 × 2 pairs 3 are in order: 0.75."""
        same, good, bad = np.array([0.0, 2.0]), np.array([1.0, 3.0]), np.array([0.0, 2.0])
        curve = np.array([bad, good, good])
        found, *_ = crossing_dose(np.array([1.0, 10, 100]), np.tile(same, (3, 1)), curve, 0.75)
        assert found == 10
        found, *_ = crossing_dose(np.array([1.0, 10]), np.tile(same, (2, 1)), curve[1:], 0.75)
        assert found == 1

    def test_a_crossing_must_be_for_good(self):
        """An AUC of 1, ½, 1 at 1, 10, 100: the first does not last."""
        same = np.tile(np.arange(4.0), (3, 1))
        other = same + np.array([[10], [0], [10]])
        dose, low, high = crossing_dose(np.array([1.0, 10, 100]), same, other, 0.75)
        assert dose == pytest.approx(math.sqrt(1000))
        assert low <= dose <= high

    def test_the_interval_holds_the_true_dose_but_a_second_study_is_often_outside(self):
        """AUC = Φ(√dose / √2): 95 % of 200 studies hold it, within three standard errors; two studies have
        two errors, so that the interval of one holds the dose of another in about 83 %: Φ(1.96 / √2).
        """
        doses, rng = np.geomspace(0.5, 32, 9), np.random.default_rng(8)
        truth = 2 * NORMAL.inv_cdf(0.95) ** 2
        same, other = rng.normal(size=(2, 200, 9, 100))
        found, low, high = crossing_dose(doses, same, other + np.sqrt(doses)[:, None])
        assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.95, abs=0.046)
        second = np.roll(found, 1)
        assert ((low <= second) & (second <= high)).mean() == pytest.approx(0.834, abs=0.08)

    def test_keeps_the_metrics(self):
        options = {"repeats": 5, "detector": PIXELS, "rng": 1, "workers": 1}
        reached = dose_to_reach(
            discriminability(["mse", "chi_square"], *patterns(), [0.01, 5], **options), 0.02
        )
        assert reached["ratio_to_ideal"].dims == ("metric",)
        assert reached["metric"].values.tolist() == ["mse", "chi_square"]

    @pytest.mark.parametrize("auc", [0.5, 1, 0, 1.5])
    def test_an_area_that_says_nothing_is_refused(self, auc):
        with pytest.raises(ValueError, match=f"auc must lie between 0.5 and 1, got {auc}"):
            dose_to_reach(normal_study(self.DOSES, 1), auc=auc)

    def test_no_number_is_refused(self):
        with pytest.raises(ValueError, match="auc must be finite, got nan"):
            dose_to_reach(normal_study(self.DOSES, 1), auc=math.nan)

    def test_draws_are_needed(self):
        with pytest.raises(ValueError, match="result must hold the draws of a study by dose, got auc"):
            dose_to_reach(xr.Dataset({"auc": 0.9}))

    def test_electrons_are_needed(self):
        with pytest.raises(ValueError, match="result must hold a dose above 0, got none"):
            dose_to_reach(normal_study([0], 1))
