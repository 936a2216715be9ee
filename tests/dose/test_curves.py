"""Curves by dose as tables: what is refused, progress, dimensions, and what files keep."""

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hrtem_lab.dose import (
    area_under_curve,
    d_prime,
    difference_curve,
    discriminability,
    dose_to_reach,
    ideal_observer,
    predicted_auc,
)
from hrtem_lab.noise import Detector
from tests.dose.examples import BRIGHTNESS, PIXELS, arguments, patterns

BLACK_HOLE = patterns()[0] - patterns()[0].min() - 0.25
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
    "negative image": ({"image": BLACK_HOLE}, ValueError, "image 'image' must not be negative .*got -0.25"),
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


@pytest.mark.parametrize("name", ["doses", "repeats", "detector"])
def test_the_ideal_observer_refuses_what_the_curves_refuse(name):
    same, other = patterns()
    for change, error, message in REFUSED.values():
        if name in change:
            options = {"doses": [1], "repeats": 2, "detector": PIXELS} | change
            with pytest.raises(error, match=message):
                ideal_observer(same, other, **options)


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

    def test_two_draws_have_a_scatter_and_a_single_one_has_none(self):
        assert difference_curve(**arguments(repeats=1))["standard_deviation"].isnull().all()
        two = difference_curve(**arguments(repeats=2))
        apart = np.abs(np.diff(two["difference"], axis=-1))[..., 0]
        assert two["standard_deviation"].values == pytest.approx(apart / np.sqrt(2))

    @pytest.mark.parametrize(
        ("metric", "image", "dimensions"),
        [
            ("mse", patterns()[1], ("dose_per_area", "repeat")),
            (BRIGHTNESS, patterns()[1], ("dose_per_area", "repeat")),
            (["mse"], patterns()[1], ("metric", "dose_per_area", "repeat")),
            (("mse", BRIGHTNESS), patterns()[1].tolist(), ("metric", "dose_per_area", "repeat")),
            (["mse"], {"a": patterns()[1]}, ("metric", "image", "dose_per_area", "repeat")),
            ("mse", {"a": patterns()[1]}, ("image", "dose_per_area", "repeat")),
        ],
    )
    def test_a_sequence_or_a_mapping_has_a_dimension_and_one_by_itself_has_none(
        self, metric, image, dimensions
    ):
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
