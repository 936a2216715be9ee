"""Images that every metric is tried on."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from hrtem_lab.metrics import METRICS

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
quick = settings(max_examples=20, deadline=None)


def lattice(seed: int, shape: tuple[int, int] = (40, 45)) -> np.ndarray:
    """Atom columns of random period, phase and brightness with a little noise, in [0, 2)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    (py, px), (sy, sx) = rng.uniform(6, 16, 2), rng.uniform(0, 6, 2)
    atoms = np.cos(np.pi * (y / py + sy)) ** 2 * np.cos(np.pi * (x / px + sx)) ** 4
    return rng.uniform(0.2, 1.8) * atoms + 0.1 * rng.random(shape)


def other(seed: int, kind: str, reference: np.ndarray) -> np.ndarray:
    """An image to compare with `reference`."""
    rng = np.random.default_rng([seed, 1])
    return {
        "lattice": lambda: lattice(seed + 1, reference.shape),
        "noise": lambda: rng.normal(size=reference.shape),
        "reversed": lambda: reference.max() + reference.min() - reference,
        "negative": lambda: -reference,
        "shifted": lambda: np.roll(reference, rng.integers(1, 8, 2), axis=(0, 1)),
        "black": lambda: np.zeros_like(reference),
        "constant": lambda: np.full_like(reference, rng.normal()),
        "point": lambda: np.eye(*reference.shape),
        "huge": lambda: 1e300 * reference,
        "tiny": lambda: 1e-300 * reference,
        "offset": lambda: 1e6 + reference,
    }[kind]()


KINDS = (
    "lattice",
    "noise",
    "reversed",
    "negative",
    "shifted",
    "black",
    "constant",
    "point",
    "huge",
    "tiny",
    "offset",
)


seeds = st.integers(0, 10_000)
kinds = st.sampled_from(KINDS)
shapes = st.tuples(st.integers(30, 50), st.integers(30, 50))


GOOD = lattice(9)


def with_one_pixel(value):
    image = GOOD.copy()
    image[2, 2] = value
    return image
