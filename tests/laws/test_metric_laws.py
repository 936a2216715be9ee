"""Laws that every metric of the table keeps, whatever it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.images import KINDS, every_metric, kinds, lattice, other, quick, seeds, shapes


@every_metric
@given(seed=seeds, shape=shapes, exponent=st.integers(-300, 300))
@quick
def test_identical_images_differ_by_exactly_zero(metric, seed, shape, exponent):
    image = lattice(seed, shape) * 2.0**exponent
    assert metric.function(image, image.copy()) == 0
    difference = metric.map(image, image.copy())
    assert np.nanmax(difference) == 0


@every_metric
@given(seed=seeds, shape=shapes, kind=kinds)
@quick
def test_values_and_maps_keep_their_bounds(metric, seed, shape, kind):
    reference = lattice(seed, shape)
    image = other(seed, kind, reference)
    value = metric.function(reference, image)
    assert type(value) is float
    assert 0 <= value <= 1
    difference = metric.map(reference, image)
    assert difference.shape == shape
    assert difference.dtype == np.float64
    assert np.nanmin(difference) >= 0
    assert np.nanmax(difference) <= (metric.map_limit or np.inf)
    if metric.map_averages:
        assert difference.mean() == pytest.approx(value, abs=1e-12)


@every_metric
@given(seed=seeds, kind=kinds)
@quick
def test_exchange_of_the_images(metric, seed, kind):
    if not metric.symmetric:
        reference = lattice(seed)
        image = np.roll(0.5 * reference, 3, axis=1)
        assert metric.function(reference, image) != pytest.approx(metric.function(image, reference), abs=1e-9)
        return
    reference = lattice(seed)
    image = other(seed, kind, reference)
    assert metric.function(reference, image) == pytest.approx(metric.function(image, reference), abs=1e-12)


@every_metric
@given(seed=seeds, factor=st.sampled_from((1e-200, 1e-3, 0.7, 5.0, 1e200)))
@quick
def test_image_times_a_number(metric, seed, factor):
    reference = lattice(seed)
    image = lattice(seed + 1)
    unchanged = pytest.approx(metric.function(reference, image), abs=1e-12)
    if metric.scale_invariant:
        assert metric.function(reference, factor * image) == unchanged
    else:
        assert metric.function(reference, 1e3 * image) != unchanged


@every_metric
@given(seed=seeds, kind=st.sampled_from(KINDS[:8]), exponent=st.integers(-800, 800))
@quick
def test_a_change_of_unit_changes_nothing(metric, seed, kind, exponent):
    reference = lattice(seed)
    image = other(seed, kind, reference)
    value = metric.function(reference, image)
    scaled = metric.function(reference * 2.0**exponent, image * 2.0**exponent)
    assert scaled == pytest.approx(value, abs=1e-9)


@every_metric
@given(seed=seeds, kind=kinds)
@quick
def test_prepared_is_the_plain_function_any_number_of_times(metric, seed, kind):
    reference = lattice(seed)
    image = other(seed, kind, reference)
    kept = reference.copy()
    prepared = metric.prepare(kept)
    kept[:] = np.nan  # a prepared comparison must not read the caller's array again
    first = prepared(image)
    np.testing.assert_array_equal(prepared.map(image), metric.map(reference, image))
    assert prepared(reference) == 0
    assert prepared(image) == first == metric.function(reference, image)


@every_metric
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float16, np.float32, np.float64])
def test_any_real_number_type(metric, dtype):
    reference, image = (np.rint(100 * lattice(seed)).astype(dtype) for seed in (3, 4))
    expected = metric.function(reference.astype(float), image.astype(float))
    precision = 1e-6 if dtype is np.float32 else 1e-12
    assert metric.function(reference, image) == pytest.approx(expected, abs=precision)


@every_metric
def test_booleans_are_zeros_and_ones(metric):
    reference, image = (lattice(seed) > 0.3 for seed in (3, 4))
    assert metric.function(reference, image) == metric.function(reference.astype(float), image.astype(float))


@every_metric
@given(seed=seeds)
@quick
def test_float32_gives_the_value_of_float64(metric, seed):
    reference, image = lattice(seed), lattice(seed + 1)
    single = metric.function(reference.astype(np.float32), image.astype(np.float32))
    # SIFT rounds to 256 greys: a rounding difference may move a pixel by one of them.
    assert single == pytest.approx(metric.function(reference, image), abs=1e-3)


def every_second(image):
    wide = np.full((2 * image.shape[0], 3 * image.shape[1]), 7.0)
    wide[::2, ::3] = image
    return wide[::2, ::3]


@every_metric
@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, every_second, lambda image: image[::-1, ::-1].copy()[::-1, ::-1], np.ndarray.tolist],
    ids=["columns first", "strided", "reversed strides", "lists"],
)
def test_memory_layout_does_not_matter(metric, layout):
    reference, image = lattice(5), lattice(6)
    assert metric.function(layout(reference), layout(image)) == metric.function(reference, image)
    np.testing.assert_array_equal(metric.map(layout(reference), layout(image)), metric.map(reference, image))


@every_metric
def test_inputs_are_neither_changed_nor_kept(metric):
    reference, image = lattice(7), lattice(8)
    copies = reference.copy(), image.copy()
    for array in (reference, image):
        array.flags.writeable = False
    metric.function(reference, image)
    difference = metric.map(reference, image)
    np.testing.assert_array_equal(reference, copies[0])
    np.testing.assert_array_equal(image, copies[1])
    difference[:] = 0
    assert metric.map(reference, image).any()


@every_metric
@given(seed=seeds, largest=st.sampled_from((1e30, 1e308, 1.7e308)), smallest=st.sampled_from((1e-30, 5e-324)))
@quick
@pytest.mark.filterwarnings("ignore::hrtem_lab.metrics.outliers.OutlierWarning")  # a few far pixels are that
def test_no_scale_overflows_or_vanishes(metric, seed, largest, smallest):
    reference = lattice(seed)
    spread = np.where(lattice(seed + 1) > 0.4, largest, -largest)
    for image in (spread, np.full(reference.shape, smallest), np.full(reference.shape, largest)):
        assert 0 <= metric.function(reference, image) <= 1
    wide = reference / reference.max() * largest
    assert metric.function(wide, wide.copy()) == 0
    assert 0 <= metric.function(wide, spread) <= 1


@every_metric
def test_float32_does_not_overflow(metric):
    reference, image = (np.float32(1e38) * lattice(seed).astype(np.float32) for seed in (1, 2))
    expected = metric.function(lattice(1), lattice(2))
    assert metric.function(reference, image) == pytest.approx(expected, abs=1e-3)
