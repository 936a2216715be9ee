"""Pixels that are not square: only their area counts electrons."""

import numpy as np
import pytest

from hrtem_lab.dose import difference_curve, ideal_dose, ideal_observer, predicted_auc
from hrtem_lab.noise import Detector

DIM, BRIGHT = np.full((12, 10), 0.5), np.ones((12, 10))
OBLONG, SQUARE = Detector(sampling=(0.25, 1.0)), Detector(sampling=0.5)


def test_the_limit_depends_on_the_area_of_a_pixel():
    assert ideal_dose(DIM, BRIGHT, detector=OBLONG) == pytest.approx(ideal_dose(DIM, BRIGHT, detector=SQUARE))
    areas = [predicted_auc(DIM, BRIGHT, [0.1, 1], detector=detector) for detector in (OBLONG, SQUARE)]
    np.testing.assert_array_equal(*areas)


def test_draws_and_tables_are_those_of_square_pixels_of_that_area(tmp_path):
    options = {"repeats": 3, "rng": 1}
    tables = [
        difference_curve("mse", DIM, BRIGHT, [1, 10], detector=detector, workers=1, **options)
        for detector in (OBLONG, SQUARE)
    ]
    np.testing.assert_array_equal(tables[0]["difference"], tables[1]["difference"])
    observed = ideal_observer(DIM, BRIGHT, [1.0], detector=OBLONG, **options)
    for table in (tables[0], observed):
        assert tuple(table.attrs["sampling_angstrom"]) == (0.25, 1)
    assert tables[1].attrs["sampling_angstrom"] == 0.5
