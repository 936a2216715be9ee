"""Studies by dose: every number by hand, the same whoever computes it, and what two sets of draws tell."""

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hrtem_lab.dose import (
    Sweep,
    area_under_curve,
    bootstrap_interval,
    crossing_dose,
    d_prime,
    difference_curve,
    discriminability,
    dose_to_reach,
    ideal_observer,
    predicted_auc,
    sweep_table,
)
from hrtem_lab.metrics import METRICS
from hrtem_lab.metrics._metric import Prepared
from hrtem_lab.noise import Detector
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å, Nb₃Sn
PIXELS = Detector(sampling=1)
NORMAL = NormalDist()


def patterns(side=16):
    y, x = np.mgrid[:side, :side] * (2 * np.pi / side)
    return 1 + 0.6 * np.cos(x) * np.cos(y), 1 + 0.6 * np.sin(x + y)


class PreparedBrightness(Prepared):
    """The mean of the image: a metric whose distribution is known."""

    def __call__(self, image):
        return float(self._checked(image).mean())

    def map(self, image):
        return self._checked(image)


BRIGHTNESS = replace(METRICS["mse"], key="brightness", prepare=PreparedBrightness)


def swept(**changes):
    """Return a small sweep that has not begun."""
    same, other = patterns()
    options = {
        "metrics": ["mse", "chi_square"],
        "reference": same,
        "images": {"same": same, "other": other},
        "doses": [0.3, 2, 0],
        "repeats": 6,
        "detector": PIXELS,
        "rng": 11,
    } | changes
    return Sweep(
        options.pop("metrics"),
        options.pop("reference"),
        options.pop("images"),
        options.pop("doses"),
        **options,
    )


def finished(sweep, **options):
    for _ in sweep.run(**options):
        pass
    return sweep


class TestEveryExposure:
    def test_is_that_of_its_own_seed_compared_by_every_metric(self):
        """By hand, on one unit cell, with everything that a detector does."""
        names = ("nb3sn", "zro2")
        same, other = (form_image(load_exit_wave(name), shape=32, field_of_view=CELL) for name in names)
        detector = Detector(sampling=CELL / 32, blur_sigma=0.2, dark_counts=0.4, readout_sigma=0.3, clip=True)
        doses = [5.0, 80.0]
        sweep = Sweep(
            list(METRICS), same, {"a": same, "b": other}, doses, repeats=2, detector=detector, rng=2022
        )
        finished(sweep, workers=1)
        for row, metric in enumerate(METRICS.values()):
            for place in np.ndindex(2, 2, 2):
                image, dose, _ = place
                rng = np.random.default_rng(np.random.SeedSequence(2022, spawn_key=place))
                exposure = detector.expose((same, other)[image], dose_per_area=doses[dose], rng=rng)
                assert sweep.differences[(row, *place)] == metric.function(same, exposure)

    def test_is_the_same_from_two_workers(self):
        one, two = finished(swept(), workers=1), finished(swept(), workers=2)
        assert np.array_equal(one.differences, two.differences)

    def test_is_the_same_from_a_dask_cluster(self, cluster):
        alone, together = finished(swept(), workers=1), finished(swept())
        assert np.array_equal(alone.differences, together.differences)

    def test_is_the_same_whichever_metrics_doses_and_repeats_stand_beside_it(self):
        whole, part = (
            finished(swept(), workers=1),
            finished(swept(metrics=["chi_square"], repeats=3), workers=1),
        )
        assert np.array_equal(whole.differences[1:, :, :, :3], part.differences)

    def test_has_draws_independent_of_every_other(self):
        """Between images, doses and repeats the correlations of 400 draws stay within 4 standard errors."""
        image = np.ones((4, 4))
        sweep = Sweep(
            [BRIGHTNESS], image, {"a": image, "b": image}, [3, 3], repeats=400, detector=PIXELS, rng=1
        )
        draws = finished(sweep, workers=1).differences[0]
        series = draws.reshape(4, 400)
        between = np.corrcoef(series)[~np.eye(4, dtype=bool)]
        along = [np.corrcoef(one[1:], one[:-1])[0, 1] for one in series]
        assert np.abs([*between, *along]).max() < 4 / np.sqrt(400)
        assert abs(draws.mean() - 1) < 4 * math.sqrt(1 / 3 / draws.size / 16)

    def test_at_dose_zero_is_the_black_image(self):
        same, _ = patterns()
        black = {key: METRICS[key].function(same, np.zeros_like(same)) for key in ("mse", "chi_square")}
        found = finished(swept(), workers=1).differences[:, :, 2]
        assert [set(row.ravel()) for row in found] == [{value} for value in black.values()]


class TestSweep:
    def test_counts_what_is_done(self):
        sweep = swept()
        assert (sweep.total, sweep.done, sweep.complete) == (36, 0, 0)
        seen = []
        for done in sweep.run(workers=1):
            assert done == sweep.done == np.isfinite(sweep.differences[0]).sum()
            seen.append(sweep.complete)
        assert seen == sorted(seen)
        assert (sweep.done, sweep.complete) == (36, 6)

    def test_in_one_process_it_pauses_after_every_exposure(self):
        assert list(swept().run(workers=1)) == list(range(1, 37))

    def test_gives_every_image_a_first_exposure_at_every_dose_before_any_gets_a_second(self):
        sweep = swept()
        run = sweep.run(workers=1)
        for _ in range(6):
            assert sweep.complete == 0
            next(run)
        assert sweep.complete == 1
        assert np.isnan(sweep.differences[..., 1:]).all()

    @pytest.mark.parametrize("workers", [1, 2])
    def test_closed_early_it_stops_and_goes_on_later_to_the_same_numbers(self, workers):
        whole, cut = finished(swept(repeats=40), workers=1), swept(repeats=40)
        run = cut.run(workers=workers)
        next(run)
        run.close()
        stopped = cut.done
        assert 0 < stopped < cut.total
        known = np.isfinite(cut.differences)
        assert np.array_equal(cut.differences[known], whole.differences[known])
        first = next(iter(cut.run(workers=workers)))
        assert first > stopped
        assert np.array_equal(finished(cut, workers=workers).differences, whole.differences)

    def test_has_nothing_to_do_twice(self):
        sweep = finished(swept(), workers=1)
        assert list(sweep.run(workers=1)) == []

    def test_a_seed_is_one_sweep(self):
        first, again, another = (finished(swept(rng=seed), workers=1).differences for seed in (5, 5, 6))
        assert np.array_equal(first, again)
        assert not np.isin(first[:, :, :2], another).any()

    def test_a_generator_gives_every_sweep_a_seed_of_its_own(self):
        rng = np.random.default_rng(3)
        first, second = finished(swept(rng=rng), workers=1), finished(swept(rng=rng), workers=1)
        again = finished(swept(rng=np.random.default_rng(3)), workers=1)
        assert np.array_equal(first.differences, again.differences)
        assert not np.isin(first.differences[:, :, :2], second.differences).any()

    def test_without_a_seed_the_one_that_it_took_is_told(self):
        first, other = swept(rng=None), swept(rng=None)
        assert first.seed != other.seed
        table = sweep_table(finished(first, workers=1))
        again = finished(swept(rng=int(table.attrs["seed"])), workers=1)
        assert np.array_equal(first.differences, again.differences)

    @pytest.mark.parametrize("workers", [1, 2])
    def test_takes_a_metric_of_ones_own(self, workers):
        sweep = finished(swept(metrics=[BRIGHTNESS, "mse"]), workers=workers)
        assert sweep.metrics == ["brightness", "mse"]
        assert np.array_equal(sweep.differences[1:], finished(swept(metrics=["mse"]), workers=1).differences)
        assert np.abs(sweep.differences[0, :, 1].mean() - 1) < 4 / np.sqrt(2 * 256 * 12)


def arguments(**changes):
    """Return the arguments of a difference curve."""
    same, other = patterns()
    options = {"metric": "mse", "reference": same, "image": other, "doses": [1], "detector": PIXELS}
    return options | {"repeats": 2, "rng": 1, "workers": 1} | changes


BLACK_HOLE = patterns()[0] - 2
REFUSED = {
    "negative dose": ({"doses": [1, -2]}, ValueError, "dose_per_area must not be negative, got -2"),
    "NaN dose": ({"doses": [math.nan]}, ValueError, "dose_per_area must be finite, got nan"),
    "infinite dose": ({"doses": [math.inf]}, ValueError, "dose_per_area must be finite, got inf"),
    "huge dose": ({"doses": [1e30]}, ValueError, "must be 0 or between 1e-15 and 1e15 .*got 1e"),
    "dose of a word": ({"doses": ["high"]}, TypeError, "dose_per_area must be a real number, got 'high'"),
    "no dose": ({"doses": []}, ValueError, r"doses must be one or more numbers in a row, got shape \(0,\)"),
    "doses in a square": ({"doses": [[1, 2]]}, ValueError, r"numbers in a row, got shape \(1, 2\)"),
    "no repeats": ({"repeats": 0}, ValueError, "repeats must be at least 1, got 0"),
    "a truth of repeats": ({"repeats": True}, TypeError, "repeats must be a whole number, got True"),
    "half a repeat": ({"repeats": 1.5}, TypeError, "repeats must be a whole number, got 1.5"),
    "unknown metric": ({"metric": "likeness"}, ValueError, "metric must be one of mse, .*got 'likeness'"),
    "no metric": ({"metric": []}, ValueError, "at least one metric and one image"),
    "a number as metric": ({"metric": 3}, TypeError, "metric must be a Metric or one of mse, .*got 3"),
    "one metric twice": ({"metric": ["mse", "ssim", "mse"]}, ValueError, "differ in their keys, got 'mse'"),
    "negative image": ({"image": BLACK_HOLE}, ValueError, "image 'image' must not be negative .*got -1"),
    "negative reference": ({"reference": BLACK_HOLE}, ValueError, "reference must not be negative"),
    "wrong shape": ({"image": np.ones((3, 3))}, ValueError, r"reference's shape \(16, 16\), got \(3, 3\)"),
    "no image": ({"image": {}}, ValueError, "at least one metric and one image"),
    "NaN image": ({"image": np.full((16, 16), np.nan)}, ValueError, "must be finite, got NaN"),
    "no detector": ({"detector": 0.5}, TypeError, "detector must be a Detector, got 0.5"),
}


@pytest.mark.parametrize(("change", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_before_work_begins(change, error, message):
    calls = []
    with pytest.raises(error, match=message):
        difference_curve(**arguments(**change, progress=lambda *done: calls.append(done)))
    assert calls == []


@pytest.mark.parametrize("study", [discriminability, ideal_observer])
def test_one_draw_cannot_show_how_far_draws_scatter(study):
    given = [*(["mse"] if study is discriminability else []), *patterns(), [1]]
    with pytest.raises(ValueError, match=r"repeats must be at least 2 .*got 1"):
        study(*given, repeats=1, detector=PIXELS)


@pytest.mark.parametrize("sampling", [0, -1, math.nan, math.inf])
def test_pixels_without_a_size_are_refused(sampling):
    with pytest.raises(ValueError, match=r"sampling must be (positive|finite), got"):
        Detector(sampling=sampling)


@pytest.mark.parametrize(("other", "message"), [(np.ones((2, 2)), "shape"), (BLACK_HOLE, "negative")])
def test_the_prediction_refuses_what_the_draws_refuse(other, message):
    for study in (predicted_auc, ideal_observer):
        with pytest.raises(ValueError, match=message):
            study(patterns()[0], other, [1], detector=PIXELS)


class TestProgress:
    def test_counts_up_to_all(self):
        calls = []
        difference_curve(**arguments(doses=[1, 2], repeats=7, progress=lambda *done: calls.append(done)))
        assert calls[-1] == (14, 14)
        assert calls == sorted(calls)
        assert {total for _, total in calls} == {14}

    @pytest.mark.parametrize("workers", [1, 2])
    def test_what_it_raises_stops_the_work(self, workers):
        calls = []

        def stop(*done):
            calls.append(done)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            difference_curve(**arguments(repeats=50, workers=workers, progress=stop))
        assert len(calls) == 1


@pytest.fixture(scope="module")
def curve():
    same, other = patterns()
    images = {"same": same, "other": other}
    return difference_curve(
        **arguments(metric=["mse", "chi_square"], image=images, doses=[0, 0.5, 4], repeats=5)
    )


class TestTable:
    def test_has_named_dimensions_with_units(self, curve):
        assert curve["difference"].dims == ("metric", "image", "dose_per_area", "repeat")
        assert curve["mean"].dims == curve["standard_deviation"].dims == ("metric", "image", "dose_per_area")
        assert curve["metric"].values.tolist() == ["mse", "chi_square"]
        assert curve["image"].values.tolist() == ["same", "other"]
        assert curve["dose_per_area"].values.tolist() == [0, 0.5, 4]
        assert curve["dose_per_area"].attrs == {"units": "e-/angstrom^2", "long_name": "dose per area"}
        assert curve.attrs["sampling_angstrom"] == 1

    def test_mean_and_standard_deviation_are_those_of_the_draws(self, curve):
        draws = curve["difference"].values
        assert curve["mean"].values == pytest.approx(np.mean(draws, axis=-1))
        assert curve["standard_deviation"].values == pytest.approx(np.std(draws, axis=-1, ddof=1))
        assert (curve["standard_deviation"].sel(dose_per_area=4) > 0).all()

    def test_a_single_draw_has_no_scatter(self):
        assert difference_curve(**arguments(repeats=1))["standard_deviation"].isnull().all()

    @pytest.mark.parametrize(
        ("metric", "image", "dimensions"),
        [
            ("mse", patterns()[1], ("dose_per_area", "repeat")),
            (BRIGHTNESS, patterns()[1], ("dose_per_area", "repeat")),
            (["mse"], patterns()[1], ("metric", "dose_per_area", "repeat")),
            ("mse", {"a": patterns()[1]}, ("image", "dose_per_area", "repeat")),
        ],
    )
    def test_what_is_single_has_no_dimension(self, metric, image, dimensions):
        assert difference_curve(**arguments(metric=metric, image=image))["difference"].dims == dimensions

    def test_comes_back_from_netcdf(self, curve, tmp_path):
        same, other = patterns()
        options = {"repeats": 4, "detector": PIXELS, "rng": 1}
        judged = discriminability(["mse"], same, other, [0.1, 1], workers=1, **options)
        limit = ideal_observer(same, other, [0.1, 1], **options)
        for name, table in {"c": curve, "j": judged, "l": limit, "r": dose_to_reach(judged, limit)}.items():
            table.to_netcdf(tmp_path / f"{name}.nc")
            with xr.open_dataset(tmp_path / f"{name}.nc") as stored:
                xr.testing.assert_equal(stored.load(), table)
                assert stored["dose_per_area"].attrs == table["dose_per_area"].attrs

    def test_comes_back_from_csv(self, curve, tmp_path):
        curve[["difference"]].to_dataframe().to_csv(tmp_path / "draws.csv")
        rows = pd.read_csv(tmp_path / "draws.csv").set_index(["metric", "image", "dose_per_area", "repeat"])
        xr.testing.assert_allclose(
            rows.to_xarray()["difference"].drop_vars("repeat").reindex_like(curve),
            curve["difference"],
            rtol=1e-14,
        )

    def test_discriminability_judges_its_own_draws(self):
        same, other = patterns()
        options = {"repeats": 12, "detector": PIXELS, "rng": 1, "workers": 1}
        found = discriminability(["mse", "chi_square"], same, other, [0, 0.05, 2], **options)
        draws = [found["difference"].sel(image=name).values for name in ("same", "other")]
        assert found["auc"].dims == ("metric", "dose_per_area")
        assert np.array_equal(found["auc"].values, area_under_curve(*draws))
        assert np.array_equal(found["d_prime"].values, d_prime(*draws))
        for name in ("auc", "d_prime"):
            assert (found[f"{name}_low"] <= found[name]).all()
            assert (found[name] <= found[f"{name}_high"]).all()
        assert found["auc"].sel(dose_per_area=0).values.tolist() == [0.5, 0.5]
        assert (found["auc"].sel(dose_per_area=2) > 0.9).all()


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

    def test_more_draws_are_known_better(self):
        rng = np.random.default_rng(6)
        widths = []
        for count in (20, 80, 320):
            low, high = bootstrap_interval(d_prime, rng.normal(size=count), rng.normal(1, size=count))
            widths.append(high - low)
        assert widths[0] > widths[1] > widths[2]


def normal_study(doses, strength, draws=300):
    """Return draws whose d′ is strength × √dose, at the quantiles of the normal distribution."""
    quantiles = np.array([NORMAL.inv_cdf((place + 0.5) / draws) for place in range(draws)])
    shifts = strength * np.sqrt(np.asarray(doses, dtype=float))
    values = np.stack([np.tile(quantiles, (len(doses), 1)), quantiles + shifts[:, None]])
    return xr.Dataset(
        {"difference": (("image", "dose_per_area", "repeat"), values)},
        coords={"image": ["same", "other"], "dose_per_area": list(doses)},
    )


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

    def test_a_crossing_must_be_for_good(self):
        """An AUC of 1, ½, 1 at 1, 10, 100: the first does not last."""
        same = np.tile(np.arange(4.0), (3, 1))
        other = same + np.array([[10], [0], [10]])
        dose, low, high = crossing_dose(np.array([1.0, 10, 100]), same, other, 0.75)
        assert dose == pytest.approx(math.sqrt(1000))
        assert low <= dose <= high

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
