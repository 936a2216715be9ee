"""What `size_precipitate` is given: refused before the work starts if it is wrong or does not apply."""

import inspect

import numpy as np
import pytest

from hrtem_lab.sizing import METHODS, SIZERS, PrecipitateSizer, _counted, _sphere, size_precipitate
from tests.sizing.crystals import SAMPLING, crystal

BAD = {
    "cells not dividing": (
        {"cells": 3},
        ValueError,
        r"cells must divide the image of \(64, 64\) pixels, got 3",
    ),
    "no dose": ({"dose_per_area": 0}, ValueError, "dose_per_area must be positive, got 0"),
    "negative dose": ({"dose_per_area": -1.0}, ValueError, "dose_per_area must be positive, got -1.0"),
    "NaN dose": ({"dose_per_area": np.nan}, ValueError, "dose_per_area must be finite, got nan"),
    "dose -inf": ({"dose_per_area": -np.inf}, ValueError, "dose_per_area must be finite, got -inf"),
    "dose as text": ({"dose_per_area": "50"}, TypeError, "dose_per_area must be a real number, got '50'"),
    "sampling": ({"sampling": 0.0}, ValueError, "sampling must be positive, got 0.0"),
    "method": ({"method": "guess"}, ValueError, "method must be one of sphere, .*got 'guess'"),
    "false_alarm 0": ({"false_alarm": 0}, ValueError, "false_alarm must be positive, got 0"),
    "false_alarm 1": ({"false_alarm": 1}, ValueError, "false_alarm must be below 1, got 1"),
    "false_alarm NaN": ({"false_alarm": np.nan}, ValueError, "false_alarm must be finite, got nan"),
    "thickness 0": ({"thickness": 0}, ValueError, "thickness must be at least 1, got 0"),
    "thickness 1.5": ({"thickness": 1.5}, TypeError, "thickness must be a whole number, got 1.5"),
    "aperture": ({"semiangle_cutoff": 0}, ValueError, "semiangle_cutoff must be positive, got 0"),
    "energy": ({"energy": -1}, ValueError, "energy must be positive, got -1"),
    "metric": ({"method": "fixed", "metric": "psnr"}, ValueError, "metric must be one of .*got 'psnr'"),
    "background": (
        {"method": "fixed", "background": "reference"},
        ValueError,
        "background must be one of exposures, image, got 'reference'",
    ),
    "image's shape": ({"image": np.ones((64, 32))}, ValueError, r"shape \(64, 64\), got \(64, 32\)"),
    "image NaN": ({"image": np.full((64, 64), np.nan)}, ValueError, "image must be finite"),
    "image 3-D": (
        {"image": np.ones((1, 64, 64))},
        ValueError,
        r"image must be 2-D .*got shape \(1, 64, 64\)",
    ),
    "reference complex": (
        {"reference": np.ones((64, 64)) * 1j},
        TypeError,
        "reference must hold real numbers",
    ),
    "reference black": ({"reference": np.zeros((64, 64))}, ValueError, "reference must be brighter than 0"),
    "too many cells": (
        {"reference": np.ones((130, 130)), "image": np.ones((130, 130)), "cells": 65},
        ValueError,
        "cells must be at most 64 each way .*got 65",
    ),
    "readout noise": ({"readout_noise": -0.1}, ValueError, "readout_noise must .*got -0.1"),
    "most 0": ({"most": 0}, ValueError, "most must be at least 1, got 0"),
    "most 1.5": ({"most": 1.5}, TypeError, "most must be a whole number, got 1.5"),
    "no image": ({"image": None}, TypeError, "image must be given, got None"),
}


@pytest.mark.parametrize("case", BAD)
def test_sizing_refuses_with_value_and_rule_before_the_work_starts(case, monkeypatch):
    def work(*_, **__):
        raise AssertionError("the work started")

    for module, names in {
        _sphere: ("measured_electrons", "Look"),
        _counted: ("shot_noise", "CellComparison"),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, work)
    changed, error, message = BAD[case]
    arguments = {"reference": crystal(2), "image": crystal(2), "cells": 2, "dose_per_area": 50.0}
    with pytest.raises(error, match=message):
        size_precipitate(**(arguments | {"sampling": SAMPLING} | changed))


COMMON = {"reference", "cells", "dose_per_area", "sampling", "method", "false_alarm"}
VALUES = {
    "metric": "mse",
    "compact": True,
    "rng": 1,
    "background": "image",
    "thickness": 10,
    "semiangle_cutoff": 30.0,
    "energy": 80e3,
    "readout_noise": 0.5,
    "most": 1,
}
FOREIGN = [(method, name) for method in METHODS for name in VALUES if name not in SIZERS[method].options]


def parameters(door):
    """What a door says about its options on Shift-Tab."""
    found = inspect.signature(door).parameters
    return {name: one for name, one in found.items() if name not in ("self", "image")}


def test_both_doors_name_every_option_of_every_method():
    single, prepared = parameters(size_precipitate), parameters(PrecipitateSizer)
    assert single == prepared
    assert all(one.kind is not one.VAR_KEYWORD for one in single.values())
    options = set().union(*(SIZERS[method].options for method in METHODS))
    assert set(single) == COMMON | options == COMMON | set(VALUES)
    assert all(single[name].default is None for name in options)


@pytest.mark.parametrize(("method", "name"), FOREIGN)
def test_an_option_that_the_method_does_not_use_is_refused_by_name(method, name):
    value = VALUES[name]
    message = rf"^{name} does not apply to method='{method}', got {value!r}$"
    exposure = {"cells": 2, "dose_per_area": 50.0, "sampling": SAMPLING}
    with pytest.raises(ValueError, match=message):
        size_precipitate(crystal(2), crystal(2), **exposure, method=method, **{name: value})
    with pytest.raises(ValueError, match=message):
        PrecipitateSizer(crystal(2), **exposure, method=method, **{name: value})


@pytest.mark.parametrize("method", METHODS)
def test_none_is_the_methods_own_default(method):
    exposure = {"cells": 4, "dose_per_area": 50.0, "sampling": SAMPLING, "method": method}
    plain = size_precipitate(crystal(4), crystal(4), **exposure)
    own = size_precipitate(crystal(4), crystal(4), **exposure, **SIZERS[method].options)
    nothing = size_precipitate(crystal(4), crystal(4), **exposure, **dict.fromkeys(VALUES))
    for other in (own, nothing):
        np.testing.assert_array_equal(other.map, plain.map)
        assert (other.threshold, other.detected) == (plain.threshold, plain.detected)


def test_the_ideal_observer_needs_more_than_a_reference():
    with pytest.raises(ValueError, match=r"method must be one of sphere, .*got 'ideal'"):
        size_precipitate(crystal(2), crystal(2), cells=2, dose_per_area=50, sampling=1, method="ideal")
