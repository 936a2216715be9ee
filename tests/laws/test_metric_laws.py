"""Laws that every metric of the table keeps, whatever it is."""

import inspect
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.metrics import METRICS, Look, Metric, Prepared, mse

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


GOOD = lattice(9)


def with_one_pixel(value):
    image = GOOD.copy()
    image[2, 2] = value
    return image


BAD = {
    "shape": (GOOD[:, 1:], ValueError, r"reference's shape \(40, 45\), got \(40, 44\)"),
    "transposed": (GOOD.T, ValueError, r"\(45, 40\)"),
    "1-D": (GOOD[0], ValueError, "image must be 2-D"),
    "3-D": (GOOD[None], ValueError, "image must be 2-D"),
    "number": (1.0, ValueError, "image must be 2-D"),
    "empty": (GOOD[:0], ValueError, "image must not be empty"),
    "NaN": (with_one_pixel(np.nan), ValueError, "image must be finite"),
    "infinity": (with_one_pixel(-np.inf), ValueError, "image must be finite"),
    "complex": (GOOD + 0j, TypeError, "image must hold real numbers"),
    "text": (np.full(GOOD.shape, "a"), TypeError, "image must hold real numbers"),
    "objects": (GOOD.astype(object), TypeError, "image must hold real numbers"),
}


@every_metric
@pytest.mark.parametrize("case", BAD)
def test_bad_images_are_refused_with_value_and_rule(metric, case):
    image, error, message = BAD[case]
    for compare in (metric.function, metric.map):
        with pytest.raises(error, match=message):
            compare(GOOD, image)
    with pytest.raises(error, match=message):
        metric.prepare(GOOD)(image)
    if case not in ("shape", "transposed"):
        with pytest.raises(error, match=message.replace("image", "reference")):
            metric.function(image, GOOD)
        with pytest.raises(error, match=message.replace("image", "reference")):
            metric.prepare(image)


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


@every_metric
def test_images_are_checked_before_the_work_starts(metric, monkeypatch):
    def work(*_, **__):
        raise AssertionError("the reference was prepared for an image that cannot be compared")

    monkeypatch.setattr(inspect.getmodule(metric.function), metric.prepare.__name__, work)
    for compare in (metric.function, metric.map):
        with pytest.raises(ValueError, match="got"):
            compare(GOOD, GOOD[1:])


@every_metric
def test_unknown_and_positional_options_are_refused(metric):
    for compare in (metric.function, metric.map):
        with pytest.raises(TypeError):
            compare(GOOD, GOOD, no_such_option=1)
        with pytest.raises(TypeError):
            compare(GOOD, GOOD, 5)


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


@given(seed=seeds, factor=st.floats(1e-6, 1e6))
@quick
def test_mse_is_zero_for_multiples_alone(seed, factor):
    reference = lattice(seed)
    assert mse(reference, factor * reference) < 1e-15
    assert mse(reference, lattice(seed + 1)) > 1e-3
