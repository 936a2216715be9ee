"""Laws of the table of metrics: what every row says, and what the table refuses."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from hrtem_lab.metrics import FAMILIES, METRICS, Look, Metric, Prepared, as_metric, family, prepare
from hrtem_lab.metrics._table import table
from tests.laws.images import GOOD, every_metric, lattice, other
from tests.laws.ten import register_ten


@every_metric
def test_function_and_preparation_have_the_same_options(metric):
    parameters = list(inspect.signature(metric.function).parameters.values())
    assert [p.name for p in parameters[:2]] == ["reference", "image"]
    assert {p.name: p.default for p in parameters[2:]} == metric.options
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])


@every_metric
def test_the_map_has_the_signature_of_the_value(metric):
    value, drawn = (inspect.signature(function).parameters for function in (metric.function, metric.map))
    assert list(drawn.values()) == list(value.values())
    assert drawn["reference"].kind is drawn["image"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD


@every_metric
def test_the_options_are_named_in_the_documentation_of_value_and_map(metric):
    for function in (metric.function, metric.map):
        listed = function.__doc__.split("Parameters\n")[1].split("Returns\n")[0]
        for name in metric.options:
            assert name in listed


@every_metric
def test_a_row_is_called_like_its_function(metric):
    reference = lattice(1)
    image = other(1, "shifted", reference)
    assert metric(reference, image) == metric.function(reference, image) > 0
    for name, default in metric.options.items():
        assert metric(reference, image, **{name: default}) == metric(reference, image)
    with pytest.raises(TypeError):
        metric(reference, image, no_such_option=1)


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
    assert own.family == "classic"
    with pytest.raises(ValueError, match="look must be given for 'mean_absolute' to be drawn, got None"):
        _ = own.colour
    with pytest.raises(
        ValueError, match="look must be given for 'mean_absolute', a row of the table; free: "
    ):
        table(own)
    drawn = replace(own, look=Look.BROWN_PLUS)
    assert (drawn.colour, drawn.marker, drawn.symbol) == ("#692D0F", "+", "✚")


class TestFamilies:
    def test_who_belongs_where(self):
        assert list(family("paper")) == ["mse", "ssim", "cw_ssim", "sift"]
        assert "chi_square" in family("electrons")
        assert family(*FAMILIES) == METRICS
        assert family() == {}

    def test_the_order_is_the_tables_whatever_is_named_first(self):
        assert list(family("electrons", "paper")) == list(family("paper", "electrons"))

    def test_a_family_may_be_empty_and_fill(self, monkeypatch):
        before = len(family("classic"))
        added = register_ten(monkeypatch)
        assert list(family("classic"))[before:] == added
        assert not set(added) & set(family("paper", "electrons"))

    def test_an_unknown_one_is_refused(self):
        rule = "family must be one of paper, electrons, classic, got 'classics'"
        with pytest.raises(ValueError, match=rule):
            family("paper", "classics")
        with pytest.raises(ValueError, match=rule):
            replace(METRICS["mse"], family="classics")


class TestTable:
    def test_it_holds_its_rows_in_their_order(self):
        assert table(*METRICS.values()) == METRICS
        assert table() == {}

    def test_a_key_is_one_rows_alone(self):
        again = replace(METRICS["sift"], key="mse")
        with pytest.raises(ValueError, match="key must be that of one metric alone, got 'mse' twice"):
            table(METRICS["mse"], again)

    def test_a_look_is_one_rows_alone(self):
        again = replace(METRICS["mse"], key="again")
        rule = (
            "look must be that of one metric alone, got BLUE_CIRCLE for 'mse' and 'again'; free: PINK_SQUARE"
        )
        with pytest.raises(ValueError, match=rule):
            table(METRICS["mse"], again)

    def test_when_all_looks_are_taken_it_says_so(self):
        rows = [replace(METRICS["mse"], key=look.name, look=look) for look in Look]
        assert len(table(*rows)) == len(Look)
        with pytest.raises(ValueError, match=f"all {len(Look)} are taken: a further one goes into Look"):
            table(*rows, METRICS["mse"])


class TestAsMetric:
    def test_a_key_and_a_row_give_the_row(self):
        for key, metric in METRICS.items():
            assert as_metric(key) is as_metric(metric) is metric
        own = replace(METRICS["mse"], key="own")
        assert as_metric(own) is own

    def test_anything_else_is_refused(self):
        with pytest.raises(ValueError, match=r"metric must be one of mse, ssim, .*, got 'psnr'"):
            as_metric("psnr")
        with pytest.raises(TypeError, match=r"metric must be a Metric or one of mse, ssim, .*, got 3"):
            as_metric(3)
        with pytest.raises(ValueError, match="hold must be one of"):
            as_metric("psnr", name="hold")


class TestPrepare:
    def test_all_metrics_by_default_each_like_its_own_preparation(self):
        reference = lattice(2)
        image = other(2, "noise", reference)
        prepared = prepare(reference)
        assert list(prepared) == list(METRICS)
        for key, difference in prepared.items():
            assert difference(image) == METRICS[key].prepare(reference)(image)

    def test_a_selection_may_be_a_family_keys_or_rows(self):
        own = replace(METRICS["mse"], key="own")
        assert list(prepare(GOOD, family("electrons"))) == list(family("electrons"))
        assert list(prepare(GOOD, ["sift", own, "mse"])) == ["sift", "own", "mse"]
        assert list(prepare(GOOD, {"own": own})) == ["own"]
        assert prepare(GOOD, []) == {}

    def test_nonsense_is_refused(self):
        with pytest.raises(TypeError, match="metrics must be several metrics, got the text 'mse'"):
            prepare(GOOD, "mse")
        with pytest.raises(ValueError, match="metrics must differ in their keys, got 'mse' more than once"):
            prepare(GOOD, ["mse", METRICS["mse"]])
        with pytest.raises(ValueError, match=r"metric must be one of mse, .*, got 'psnr'"):
            prepare(GOOD, ["psnr"])
        with pytest.raises(ValueError, match="reference must be 2-D"):
            prepare(GOOD[0], [])
