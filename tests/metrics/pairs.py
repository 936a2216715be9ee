"""Two random images, and the seeds they are drawn from."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

quick = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 10_000)


def pair(seed, shape):
    rng = np.random.default_rng(seed)
    return rng.random(shape), rng.random(shape)
