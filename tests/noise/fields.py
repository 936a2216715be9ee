"""What the tests of noise share: even images, strategies, and the errors of statistics."""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SIDE = 256
COUNT = SIDE**2
ERRORS = 5  # how many standard errors a statistic may be off
quick = settings(max_examples=30, deadline=None)
images = arrays.arrays(
    np.float64, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.floats(0, 10, width=32)
)
seeds = st.integers(0, 10_000)


def even(level, side=SIDE):
    return np.full((side, side), float(level))


def standard_error_of_variance(fourth, variance, count=COUNT):
    return math.sqrt((fourth - variance**2) / count)


def autocorrelation(values, lag):
    """Return the correlation of pixels `lag` apart, for a field that is taken to repeat."""
    centred = values - values.mean()
    return float(np.mean(centred * np.roll(centred, lag, axis=(0, 1))) / np.mean(centred**2))
