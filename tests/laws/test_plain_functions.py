"""A plain function of two images does wherever a metric is taken."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from hrtem_lab.dose import Sweep, difference_curve, discriminability
from hrtem_lab.extremes import maximise
from hrtem_lab.metrics import METRICS, Metric, as_metric, as_metrics, mse, prepare
from hrtem_lab.noise import Detector
from hrtem_lab.sizing import PrecipitateSizer, cell_map, size_precipitate

DETECTOR = Detector(sampling=0.5)
CELL = 1 + np.outer(np.hanning(8), np.hanning(8))
CRYSTAL = np.tile(CELL, (4, 4))
CHANGED = CRYSTAL.copy()
CHANGED[8:24, 8:24] = 1


def mean_absolute(reference, image):
    return np.abs(reference - image).mean()


def powered(reference, image, *, power=1):
    return float((np.abs(reference - image) ** power).mean())


class Callable:
    def __call__(self, reference, image):
        return mean_absolute(reference, image)


class TestMetricOf:
    def test_three_arguments_make_a_metric(self):
        metric = Metric.of(mean_absolute, key="mad", label="MAD")
        assert (metric.key, metric.label) == ("mad", "MAD")
        assert metric(CRYSTAL, CHANGED) == metric.prepare(CRYSTAL)(CHANGED) == mean_absolute(CRYSTAL, CHANGED)
        assert metric.prepare(CRYSTAL).many([CRYSTAL, CHANGED])[0] == 0
        assert metric.colour.startswith("#")
        assert replace(metric, threshold=0.1).threshold == 0.1

    @pytest.mark.parametrize(
        ("function", "key"),
        [
            (mean_absolute, "mean_absolute"),
            (lambda reference, image: 0.5, "lambda"),
            (partial(powered, power=2), "powered"),
            (partial(partial(powered), power=2), "powered"),
            (Callable(), "Callable"),
            (max, "max"),
        ],
    )
    def test_it_is_called_like_its_function(self, function, key):
        assert as_metric(function).key == as_metric(function).label == key

    def test_options_are_those_of_the_function(self):
        metric = as_metric(powered)
        assert metric(CRYSTAL, CHANGED, power=2) == powered(CRYSTAL, CHANGED, power=2)
        assert metric.prepare(CRYSTAL, power=2)(CHANGED) == powered(CRYSTAL, CHANGED, power=2)

    def test_a_function_of_the_table_is_its_row(self):
        assert as_metric(mse) is METRICS["mse"]

    def test_the_reference_is_not_kept(self):
        reference = CRYSTAL.copy()
        prepared = as_metric(mean_absolute).prepare(reference)
        reference[:] = 7
        assert prepared(CRYSTAL) == 0

    @pytest.mark.parametrize(
        ("value", "error", "rule"),
        [
            (math.nan, ValueError, "must be finite, got nan"),
            (math.inf, ValueError, "must be finite, got inf"),
            (None, TypeError, "must be a real number, got None"),
            (1j, TypeError, "must be a real number, got 1j"),
            ("1", TypeError, "must be a real number, got '1'"),
            (np.ones((3, 3)), TypeError, r"must be one number, got an array of shape \(3, 3\)"),
        ],
    )
    def test_what_it_returns_is_a_finite_number(self, value, error, rule):
        metric = Metric.of(lambda reference, image: value, key="odd")
        for call in (metric, lambda a, b: metric.prepare(a)(b)):
            with pytest.raises(error, match=rf"^odd\(reference, image\) {rule}"):
                call(CRYSTAL, CHANGED)

    @pytest.mark.parametrize("value", [-2, 7.5, np.float32(3), np.array(3.0), np.int64(4)])
    def test_any_real_number_is_taken(self, value):
        found = Metric.of(lambda reference, image: value)(CRYSTAL, CHANGED)
        assert type(found) is float
        assert found == value

    def test_a_map_is_refused_with_the_way_out(self):
        metric = as_metric(mean_absolute)
        for call in (metric.map, lambda a, b: metric.prepare(a).map(b)):
            with pytest.raises(
                ValueError, match=r"mean_absolute has no map, .*cell_map compares cell by cell"
            ):
                call(CRYSTAL, CHANGED)

    @pytest.mark.parametrize("function", [lambda image: 0, lambda a, b, c: 0, prepare(CRYSTAL)["mse"]])
    def test_another_kind_of_function_is_refused(self, function):
        with pytest.raises(TypeError, match=r"must take two images, \(reference, image\), got \w+\("):
            as_metric(function)

    @pytest.mark.parametrize("value", [3, None, Callable])
    def test_what_is_no_function_is_refused(self, value):
        with pytest.raises(TypeError, match=r"must be (a Metric or one of|a function)"):
            as_metric(value)
        with pytest.raises(TypeError, match="must"):
            Metric.of(value)(CRYSTAL, CHANGED)

    def test_two_functions_of_one_name_are_told_apart_by_a_key(self):
        pair = [lambda a, b: 0.1, lambda a, b: 0.2]
        with pytest.raises(ValueError, match=r"got 'lambda' more than once; Metric\.of\(function, key=…\)"):
            as_metrics(pair)
        assert [row.key for row in as_metrics([pair[0], Metric.of(pair[1], key="other")])] == [
            "lambda",
            "other",
        ]

    def test_images_are_checked_like_any_metrics(self):
        with pytest.raises(ValueError, match="reference's shape"):
            as_metric(mean_absolute)(CRYSTAL, CHANGED[:4])


class TestUses:
    def test_a_comparison(self):
        compare = prepare(CRYSTAL, ["mse", mean_absolute, Metric.of(powered, key="again")])
        assert list(compare) == ["mse", "mean_absolute", "again"]
        assert compare["mean_absolute"](CHANGED) == compare["again"](CHANGED)

    def test_a_dose_curve_of_one_function_and_of_several(self):
        options = {"repeats": 2, "detector": DETECTOR, "rng": 1, "workers": 1}
        alone = difference_curve(mean_absolute, CRYSTAL, CHANGED, [1, 100], **options)
        assert alone["mean"].dims == ("dose_per_area",)
        several = difference_curve(["mse", mean_absolute], CRYSTAL, CHANGED, [1, 100], **options)
        assert several["metric"].values.tolist() == ["mse", "mean_absolute"]
        np.testing.assert_array_equal(several["difference"].sel(metric="mean_absolute"), alone["difference"])
        found = discriminability(mean_absolute, CRYSTAL, CHANGED, [1000], **options)
        assert found["auc"].item() == 1

    def test_workers_get_lambdas_and_closures(self):
        power = 2
        function = lambda reference, image: powered(reference, image, power=power)  # noqa: E731
        sweeps = [
            Sweep([function], CRYSTAL, {"x": CHANGED}, [1, 9], repeats=2, detector=DETECTOR, rng=1)
            for _ in range(2)
        ]
        for workers, sweep in enumerate(sweeps, 1):
            for _ in sweep.run(workers=workers):
                pass
        np.testing.assert_array_equal(sweeps[0].differences, sweeps[1].differences)
        assert (sweeps[0].differences > 0).all()

    def test_a_map_of_cells(self):
        found = cell_map(CRYSTAL, CHANGED, cells=4, metric=mean_absolute)
        expected = [
            [mean_absolute(CELL, 1) * (i in (1, 2) and j in (1, 2)) for j in range(4)] for i in range(4)
        ]
        np.testing.assert_allclose(found, expected, atol=1e-12)

    @pytest.mark.parametrize("method", ["fixed", "paper_optimised", "false_alarm", "otsu"])
    def test_sizing(self, method):
        options = {"cells": 4, "dose_per_area": None, "sampling": 0.5, "method": method}
        options["metric"] = lambda reference, image: mean_absolute(reference, image) * 3
        found = size_precipitate(CRYSTAL, CHANGED, **options)
        assert found.mask.sum() == PrecipitateSizer(CRYSTAL, **options)(CHANGED).mask.sum() == 4

    def test_a_worst_case(self):
        *_, last = maximise(mean_absolute, CRYSTAL, steps=20, start="reference")
        assert last.value > 0
