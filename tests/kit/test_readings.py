"""The metrics' numbers as HTML."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.app.kit import readings
from hrtem_lab.metrics import METRICS
from tests.pages.library import rounded
from tests.pages.reader import shown_numbers, words


class TestNumbers:
    @given(value=st.floats(0, 1))
    @pytest.mark.parametrize("key", METRICS)
    def test_a_row_says_the_number_and_the_verdict(self, key, value):
        metric, row = METRICS[key], readings.table({key: value})
        assert shown_numbers(row) == {key: rounded(value)}
        width, *tick = map(float, re.findall(r"(?:width|left):([\d.]+)%", row))
        assert width == pytest.approx(100 * value, abs=0.051)
        assert tick == ([] if metric.threshold is None else [pytest.approx(100 * metric.threshold)])
        said = words(row)
        if metric.threshold is None:
            assert said.endswith("no threshold")
        else:
            side = "below" if value <= metric.threshold else "above"
            assert said.endswith(f"{side} {metric.threshold:g}")
        assert metric.label in said
