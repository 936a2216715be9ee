"""Curves of dose as they were recorded: the same seeds give the same numbers."""

import numpy as np
import pytest

from hrtem_lab.dose import difference_curve, ideal_observer
from hrtem_lab.noise import Detector
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT as CELL

# NumPy 2.4.6, OpenCV 5.0.0: metric → for Nb₃Sn and ZrO₂, at 0.1 and 3 e⁻/Å², two exposures each.
DIFFERENCES = {
    "mse": [[[0.668305182, 0.671730222], [0.575765616, 0.580154598]],
            [[0.681776136, 0.684870405], [0.747738182, 0.747846572]]],
    "ssim": [[[0.499995948, 0.499996493], [0.492361543, 0.492511262]],
             [[0.499994628, 0.499994276], [0.500981281, 0.500644341]]],
    "cw_ssim": [[[0.994434575, 0.993305627], [0.755125131, 0.759100454]],
                [[0.993777431, 0.994842636], [0.906158606, 0.911251523]]],
    "sift": [[[0.725476907, 0.699448682], [0.649573842, 0.641683931]],
             [[0.717019684, 0.708099963], [0.739689067, 0.730428229]]],
    "chi_square": [[[0.980678301, 0.980774708], [0.614925549, 0.619389865]],
                   [[0.981264558, 0.981732581], [0.686705998, 0.694062897]]],
}  # fmt: skip
LOG_LIKELIHOOD_RATIOS = [
    [-0.879283044, -1.209349569, -3.465011870],
    [-2.191711549, -0.967769040, 1.432200097],
]


@pytest.fixture(scope="module")
def crystals():
    """Both crystals on 4 × 4 cells of 32 pixels."""
    view = 4 * CELL
    return [form_image(load_exit_wave(name), field_of_view=view).clip(0) for name in ("nb3sn", "zro2")]


def test_the_curve_of_every_metric(crystals):
    same, other = crystals
    curve = difference_curve(
        list(DIFFERENCES),
        same,
        {"same": same, "other": other},
        [0.1, 3.0],
        repeats=2,
        detector=Detector(sampling=CELL / 32, readout_sigma=0.2),
        rng=2022,
        workers=1,
    )
    np.testing.assert_allclose(curve["difference"], list(DIFFERENCES.values()), rtol=0, atol=1e-8)


def test_the_ideal_observer(crystals):
    limit = ideal_observer(*crystals, [0.01], repeats=3, detector=Detector(sampling=CELL / 32), rng=2022)
    ratios = limit["log_likelihood_ratio"].sel(dose_per_area=0.01)
    # The images are in single precision; processors round their last digit differently.
    np.testing.assert_allclose(ratios, LOG_LIKELIHOOD_RATIOS, rtol=0, atol=3e-6)
    assert limit["predicted_auc"].item() == pytest.approx(0.906961458, abs=1e-8)
