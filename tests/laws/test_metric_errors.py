"""What every metric of the table refuses, and how it says so."""

import inspect

import numpy as np
import pytest

from tests.laws.images import (
    GOOD,
    every_metric,
    with_one_pixel,
)

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
