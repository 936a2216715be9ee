"""What `size_precipitate` is given: refused before the work starts if it is wrong or does not apply."""

import numpy as np
import pytest

from hrtem_lab.sizing import _counted, _sphere, size_precipitate
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
    "infinite dose": ({"dose_per_area": np.inf}, ValueError, "dose_per_area must be finite, got inf"),
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
    "too many cells": ({"cells": 64}, ValueError, "cells must be at most 32 each way .*got 64"),
}


@pytest.mark.parametrize("case", BAD)
def test_sizing_refuses_with_value_and_rule_before_the_work_starts(case, monkeypatch):
    def work(*_, **__):
        raise AssertionError("the work started")

    for module, names in {
        _sphere: ("all_spheres", "cell_channels"),
        _counted: ("shot_noise", "CellComparison"),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, work)
    changed, error, message = BAD[case]
    arguments = {"reference": crystal(2), "image": crystal(2), "cells": 2, "dose_per_area": 50.0}
    with pytest.raises(error, match=message):
        size_precipitate(**(arguments | {"sampling": SAMPLING} | changed))
