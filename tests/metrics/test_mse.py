"""MSE against an independent way to compute it, and what it is known to do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab import metrics
from tests.laws.images import lattice
from tests.metrics.pairs import pair, quick, seeds


@given(seed=seeds)
@quick
def test_mse_by_loops(seed):
    a, b = pair(seed, (5, 7))
    norm_a = sum(value**2 for value in a.flat) ** 0.5
    norm_b = sum(value**2 for value in b.flat) ** 0.5
    terms = [(x / norm_a - y / norm_b) ** 2 / 2 for x, y in zip(a.flat, b.flat, strict=True)]
    assert metrics.mse(a, b) == pytest.approx(sum(terms), rel=1e-12)
    np.testing.assert_allclose(metrics.squared_error_map(a, b).ravel() / a.size, terms, rtol=1e-9, atol=1e-15)


def test_mse_is_one_minus_the_cosine(atoms, defocused):
    a, b = atoms.astype(float).ravel(), defocused.astype(float).ravel()
    cosine = a @ b / np.sqrt((a @ a) * (b @ b))
    assert metrics.mse(atoms, defocused) == pytest.approx(1 - cosine, abs=1e-12)


def test_black_differs_from_anything_else_by_exactly_one(atoms):
    black = np.zeros_like(atoms)
    assert metrics.mse(atoms, black) == metrics.mse(black, atoms) == 1
    assert metrics.mse(black, black) == 0
    assert metrics.squared_error_map(black, black).max() == 0


def test_negative_pixels_count_as_black():
    a, b = np.array([[1.0, -5.0], [2.0, 0.0]]), np.array([[1.0, 0.0], [2.0, -1e30]])
    assert metrics.mse(a, b) == 0
    assert metrics.mse(a, -np.abs(b)) == 1


def test_white_against_a_point_of_light():
    point = np.zeros((4, 4))
    point[1, 2] = 3
    assert metrics.mse(point, np.ones((4, 4))) == pytest.approx(1 - 1 / 4)


@given(seed=seeds, factor=st.floats(1e-6, 1e6))
@quick
def test_mse_is_zero_for_multiples_alone(seed, factor):
    reference = lattice(seed)
    assert metrics.mse(reference, factor * reference) < 1e-15
    assert metrics.mse(reference, lattice(seed + 1)) > 1e-3
