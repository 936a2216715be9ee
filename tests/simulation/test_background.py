"""Background and lost contrast are the formula, and nothing negative comes out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.simulation import form_image, load_exit_wave, with_background
from tests.simulation.waves import ERRORS, untimed

fractions = st.floats(0, 1)


def picture(shape=(9, 12), seed=0):
    return np.random.default_rng(seed).gamma(2, size=shape)


@settings(untimed, max_examples=50)
@given(
    st.floats(0, 20), fractions, fractions, st.floats(-1, 1), st.tuples(st.integers(1, 6), st.integers(1, 6))
)
def test_it_is_the_formula(background, contrast, slope, share, shape):
    image = picture(shape)
    gradient = slope * share, slope * (1 - abs(share))
    rows, columns = shape
    expected, mean = np.empty(shape), image.sum() / image.size
    for row in range(rows):
        for column in range(columns):
            y = -1 + 2 * row / (rows - 1) if rows > 1 else 0
            x = -1 + 2 * column / (columns - 1) if columns > 1 else 0
            expected[row, column] = mean + contrast * (image[row, column] - mean)
            expected[row, column] += background * mean * (1 + gradient[0] * y + gradient[1] * x)
    changed = with_background(image, background=background, gradient=gradient, contrast=contrast)
    np.testing.assert_allclose(changed, expected, rtol=1e-10, atol=1e-10)
    assert changed.min() >= 0
    assert changed.mean() == pytest.approx((1 + background) * mean)


def test_nothing_is_changed_by_default():
    np.testing.assert_array_equal(with_background(picture()), picture())


def test_each_image_of_a_stack_has_its_own_mean():
    stack = np.stack([picture(), 5 * picture(seed=1), 0 * picture()])[:, None]
    options = {"background": 0.3, "gradient": (0.2, -0.5), "contrast": 0.4}
    alone = [with_background(one[0], **options) for one in stack]
    np.testing.assert_allclose(with_background(stack, **options)[:, 0], alone)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"contrast": 1 / 3}, lambda deviation: deviation / 3),
        ({"background": 1.0}, lambda deviation: deviation / 2),
    ],
)
def test_both_take_contrast_relative_to_the_mean(options, rule):
    """c / (1 + b): of an image without a scale of brightness, a flat background is a loss of contrast."""
    image = form_image(load_exit_wave("nb3sn"))
    changed = with_background(image, **options)
    assert changed.std() / changed.mean() == pytest.approx(rule(image.std() / image.mean()), rel=1e-5)


@pytest.mark.parametrize(
    ("dtype", "kept"), [(np.float32, np.float32), (float, float), (int, float), (np.uint8, float)]
)
def test_the_kind_of_number(dtype, kept):
    image = np.arange(12).reshape(3, 4).astype(dtype)
    before = image.copy()
    changed = with_background(image, background=0.5, gradient=0.1, contrast=0.9)
    assert changed.dtype == kept
    changed[:] = 0
    np.testing.assert_array_equal(image, before)


def test_the_callers_image_is_not_returned():
    image = picture()
    with_background(image)[:] = 0
    assert image.all()


def test_a_slope_of_all_the_background_is_black_in_a_corner():
    changed = with_background(np.ones((5, 5), np.float32), background=1, gradient=(0.7, -0.3), contrast=0)
    assert changed[0, 4] == pytest.approx(1)
    assert changed[4, 0] == pytest.approx(3)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"background": -0.1}, "background must not be negative, got -0.1"),
        ({"background": 1e300}, r"background must be at most 1e\+06 times the mean, got 1e\+300"),
        ({"contrast": -0.1}, "contrast must not be negative, got -0.1"),
        ({"contrast": 1.1}, "contrast must lie between 0 and 1, got 1.1"),
        ({"gradient": (0.8, -0.3)}, r"add up to more than 1, .* got \(0.8, -0.3\)"),
        ({"gradient": 0.6}, r"add up to more than 1, .* got \(0.6, 0.6\)"),
        ({"gradient": (1, 2, 3)}, r"gradient must be one number or \(rows, columns\)"),
    ],
)
def test_nonsense_is_refused(options, rule):
    with pytest.raises(ValueError, match=rule):
        with_background(picture(), **options)


@pytest.mark.parametrize("name", ["background", "contrast", "gradient"])
@pytest.mark.parametrize("value", [np.nan, np.inf, "1", True, None, 1j])
def test_a_finite_real_number_is_wanted(name, value):
    with pytest.raises(ERRORS, match=f"{name} must be (finite|a real number), got"):
        with_background(picture(), **{name: value})


@pytest.mark.parametrize(
    ("image", "rule"),
    [
        (-picture(), "image must not be negative, got -.*before noise"),
        (np.full((3, 3), np.nan), "image must be finite"),
        (np.ones(3), "image must be 2-D"),
        (np.ones((0, 3)), "image must not be empty"),
        (np.ones((3, 3), complex), "image must hold real numbers"),
        ([["a"]], "image must hold real numbers"),
    ],
)
def test_an_image_is_wanted(image, rule):
    with pytest.raises(ERRORS, match=rule):
        with_background(image)
