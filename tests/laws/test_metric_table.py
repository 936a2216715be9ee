"""Laws of the table of metrics: what every row says, and what the table refuses."""

import inspect

import numpy as np
import pytest

from hrtem_lab.metrics import METRICS, Look, Metric, Prepared
from tests.laws.images import (
    GOOD,
    every_metric,
)


@every_metric
def test_function_and_preparation_have_the_same_options(metric):
    parameters = list(inspect.signature(metric.function).parameters.values())
    assert [p.name for p in parameters[:2]] == ["reference", "image"]
    assert {p.name: p.default for p in parameters[2:]} == metric.options
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])


def test_the_table_is_in_reading_order_with_the_papers_thresholds():
    thresholds = {key: metric.threshold for key, metric in METRICS.items()}
    assert list(thresholds.items())[:4] == [("mse", 0.07), ("ssim", None), ("cw_ssim", 0.16), ("sift", 0.18)]


@every_metric
def test_a_row_of_the_table_is_complete(metric):
    assert METRICS[metric.key] is metric
    assert metric.function.__name__ == metric.key
    for text in (metric.label, metric.misleads, metric.equation, metric.source):
        assert text == text.strip() != ""
    assert metric.equation.count("{") == metric.equation.count("}")
    assert "misleads" in metric.function.__doc__
    with pytest.raises(AttributeError):
        metric.threshold = 0.5


def test_a_metric_of_ones_own_is_a_class_and_a_row():
    class MeanAbsolute(Prepared):
        def __init__(self, reference):
            super().__init__(reference)
            self.reference = np.array(reference)

        def __call__(self, image):
            return float(self.map(image).mean())

        def map(self, image):
            return np.minimum(np.abs(self.reference - self._checked(image)), 1)

    own = Metric(
        key="mean_absolute",
        label="mean |a − b|",
        family="classic",
        look=Look.BROWN_PLUS,
        function=lambda reference, image: MeanAbsolute(reference)(image),
        map=lambda reference, image: MeanAbsolute(reference).map(image),
        prepare=MeanAbsolute,
        symmetric=True,
        scale_invariant=False,
        map_averages=True,
        map_limit=1.0,
        threshold=None,
        misleads="Everything counts.",
        equation="|a - b|",
        source="this test",
    )
    assert own.prepare(GOOD)(GOOD) == own.function(GOOD, GOOD) == 0
    assert own.options == {}
    with pytest.raises(ValueError, match="reference's shape"):
        own.prepare(GOOD)(GOOD.T)
