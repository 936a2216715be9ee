"""From logarithms of likelihoods to probabilities and intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrtem_lab.sizing._evidence.posterior import interval, log_mean


@given(weights=arrays(float, st.integers(1, 16), elements=st.floats(1e-6, 1)))
def test_the_interval_is_the_shortest_run_that_holds_95_percent(weights):
    probability = weights / weights.sum()
    low, high = interval(probability)
    start, end = round(low - 0.5), round(high - 0.5)
    assert probability[start:end].sum() >= 0.95 - 1e-9
    for first in range(len(probability) - (end - start - 1) + 1):
        assert probability[first : first + end - start - 1].sum() < 0.95 + 1e-9


@given(values=arrays(float, st.integers(1, 20), elements=st.floats(-5, 5)), shift=st.floats(-2000, 2000))
def test_the_mean_of_exponentials_does_not_overflow(values, shift):
    assert log_mean(values + shift) == pytest.approx(np.log(np.exp(values).mean()) + shift, abs=1e-9)
