"""Laws of many images at once, for every metric of the table."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.images import (
    GOOD,
    every_metric,
    kinds,
    lattice,
    other,
    quick,
    seeds,
    shapes,
    with_one_pixel,
)


@every_metric
@given(
    seed=seeds, shape=shapes, shown=st.lists(kinds, max_size=6), dtype=st.sampled_from((float, np.float32))
)
@quick
def test_a_stack_gives_exactly_the_numbers_of_its_images(metric, seed, shape, shown, dtype):
    reference = lattice(seed, shape)
    stack = np.array([other(seed, kind, reference) for kind in shown]).reshape(-1, *shape)
    stack = np.clip(stack, -1e38, 1e38).astype(dtype) if dtype is np.float32 else stack
    prepared = metric.prepare(reference.astype(dtype))
    found = prepared.many(stack)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [prepared(image) for image in stack])


@every_metric
def test_an_image_in_a_stack_does_not_know_of_its_neighbours(metric):
    prepared = metric.prepare(GOOD)
    quiet = [lattice(1, GOOD.shape), np.full_like(GOOD, 0.5), np.zeros_like(GOOD), GOOD]
    for loud in (1e300 * GOOD, -1e300 * GOOD, 1e6 + GOOD):
        stack = np.array([image for one in quiet for image in (one, loud)])
        np.testing.assert_array_equal(prepared.many(stack)[::2], [prepared(image) for image in quiet])


@every_metric
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stack_may_be_of_any_length_and_type(metric, count):
    prepared = metric.prepare(GOOD)
    stack = np.rint(100 * np.array([lattice(seed) for seed in range(3)]))[:count].reshape(count, *GOOD.shape)
    expected = [prepared(image) for image in stack]
    assert prepared.many(stack).shape == (count,)
    for given_as in (stack.astype(np.uint8), np.asfortranarray(stack), stack[:, ::-1].copy()[:, ::-1]):
        np.testing.assert_array_equal(prepared.many(given_as), expected)
    if count:
        np.testing.assert_array_equal(prepared.many(stack.tolist()), expected)


@every_metric
def test_a_stack_is_neither_changed_nor_kept(metric):
    stack = np.array([lattice(seed) for seed in range(3)])
    copy = stack.copy()
    stack.flags.writeable = False
    prepared = metric.prepare(GOOD)
    first = prepared.many(stack)
    np.testing.assert_array_equal(stack, copy)
    first_kept = first.copy()
    prepared.many(copy[::-1] + 1)
    np.testing.assert_array_equal(first, first_kept)  # no buffer is shared between calls
    np.testing.assert_array_equal(prepared.many(copy), first_kept)


BAD_STACKS = {
    "image": (GOOD, ValueError, r"images must be a stack \(images, rows, columns\), got shape \(40, 45\)"),
    "4-D": (GOOD[None, None], ValueError, r"must be a stack .* got shape \(1, 1, 40, 45\)"),
    "number": (1.0, ValueError, r"must be a stack .* got shape \(\)"),
    "shape": (GOOD[None, :, 1:], ValueError, r"reference's shape \(40, 45\), got \(40, 44\)"),
    "transposed": (GOOD.T[None], ValueError, r"reference's shape \(40, 45\), got \(45, 40\)"),
    "regrouped": (GOOD.reshape(1, 45, 40), ValueError, r"reference's shape \(40, 45\), got \(45, 40\)"),
    "no pixels": (np.empty((2, 0, 45)), ValueError, "images must"),
    "NaN": (np.array([GOOD, with_one_pixel(np.nan)]), ValueError, "images must be finite, got NaN"),
    "infinity": (np.array([with_one_pixel(np.inf), GOOD]), ValueError, "images must be finite"),
    "complex": (GOOD[None] + 0j, TypeError, "images must hold real numbers, got dtype complex128"),
    "text": (np.full((1, *GOOD.shape), "a"), TypeError, "images must hold real numbers"),
}


@every_metric
@pytest.mark.parametrize("case", BAD_STACKS)
def test_bad_stacks_are_refused_with_value_and_rule(metric, case):
    stack, error, message = BAD_STACKS[case]
    with pytest.raises(error, match=message):
        metric.prepare(GOOD).many(stack)


@pytest.fixture
def opencv_threads():
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@every_metric
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.usefixtures("opencv_threads")
def test_a_stack_leaves_opencvs_threads_as_they_were(metric, threads):
    cv2.setNumThreads(threads)
    prepared = metric.prepare(GOOD)
    stack = np.array([lattice(seed) for seed in range(4)])
    expected = prepared.many(stack)
    assert cv2.getNumThreads() == threads
    with pytest.raises(ValueError, match="finite"):
        prepared.many(stack * np.nan)
    assert cv2.getNumThreads() == threads
    with ThreadPoolExecutor(4) as pool:  # as a page does whose work runs beside it
        together = list(pool.map(prepared.many, [stack] * 8))
    assert cv2.getNumThreads() == threads
    np.testing.assert_array_equal(together, [expected] * 8)
