"""Chapter 5's study without a page: the library's numbers, and images of equal brightness."""

import numpy as np
import pytest

from hrtem_lab.app.pages.low_dose.study import DOSES, OTHERS, DoseStudy
from hrtem_lab.dose import discriminability, ideal_dose, predicted_auc
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector
from hrtem_lab.simulation import form_image, load_exit_wave
from tests.pages.library import CELL
from tests.pages.low_dose.settings import completed, setting


def test_the_study_is_the_librarys():
    same = form_image(load_exit_wave("nb3sn"), shape=16, field_of_view=CELL)
    other = form_image(load_exit_wave("zro2"), shape=16, field_of_view=CELL)
    other = other * (same.mean(dtype=float) / other.mean(dtype=float))
    detector = Detector(sampling=CELL / 16)
    found = discriminability(
        list(METRICS), same, other, DOSES, repeats=5, detector=detector, rng=0, workers=1
    )
    study = completed(setting())
    np.testing.assert_array_equal(study.sweep.differences, found["difference"].values)
    for place, key in enumerate(METRICS):
        np.testing.assert_array_equal(study.area(key)[0], found["auc"].values[place])
        np.testing.assert_array_equal(study.area(key)[1], found["auc_low"].values[place])
    np.testing.assert_allclose(study.ideal, predicted_auc(same, other, DOSES, detector=detector))
    assert study.ideal_dose == pytest.approx(ideal_dose(same, other, detector=detector))


def test_the_first_exposures_can_be_drawn():
    study = DoseStudy(setting())
    run = study.sweep.run(workers=1)
    while study.sweep.complete < 1:
        next(run)
    same, other = study.draws("sift")
    assert same.shape == other.shape == (len(DOSES), 1)


@pytest.mark.parametrize("other", OTHERS)
def test_equal_brightness_is_equal(other):
    equal = setting(other=other, cells=2, pixels=32).images
    assert equal["other"].mean(dtype=float) == pytest.approx(equal["same"].mean(dtype=float))
    simulated = setting(other=other, cells=2, pixels=32, equal_brightness=False).images
    scale = equal["other"][0, 0] / simulated["other"][0, 0]
    np.testing.assert_allclose(simulated["other"] * scale, equal["other"], rtol=1e-5)
