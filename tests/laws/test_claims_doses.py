"""The paper's statements about telling materials apart, C16, on converged simulations.

Where our figure does not bear a statement out, the test holds what we measured and says so: nothing is tuned
until it agrees. Values are for 4 × 4 cells at 128 × 128 pixels, in focus, 30 mrad, 40 cells thick.
"""

import numpy as np
import pytest

from hrtem_lab.dose import (
    area_under_curve,
    discriminability,
    dose_to_reach,
    ideal_dose,
    predicted_auc,
)
from hrtem_lab.dose._needed import materials
from tests.laws.crystal import CLAIMED, DRAWS


def gap(found, better, worse):
    """Return how much larger one metric's AUC is than another's on the same exposures, and its error."""
    draws = found["difference"].sel(metric=[better, worse])
    same, other = (draws.sel(image=name).values[:, 0] for name in ("same", "other"))
    rng = np.random.default_rng(0)
    picks = rng.integers(0, same.shape[-1], (200, 2, same.shape[-1]))
    gaps = [-np.diff(area_under_curve(same[:, i], other[:, j])).item() for i, j in picks]
    return -np.diff(area_under_curve(same, other)).item(), np.std(gaps)


@pytest.mark.parametrize("equal", [False, True], ids=["as simulated", "equal brightness"])
def test_c16_at_300_every_metric_tells_the_crystals_apart(equal):
    """On 4 × 4 cells no recording of 20 is mistaken by any metric, although the mean curves come close: those
    of SSIM are 0.482 and 0.500. Already at 2 (1.5 as simulated) the ideal observer's AUC is 0.95.
    """
    same, other, detector = materials(4, 32, equal=equal)
    found = discriminability(list(CLAIMED), same, other, [3], repeats=DRAWS, detector=detector, rng=16)
    assert (found["auc"] == 1).all()
    assert (found["auc_low"] > 0.85).all()
    apart = found["difference"].mean("repeat").sel(metric="ssim", dose_per_area=3)
    assert 0.01 < apart.sel(image="other") - apart.sel(image="same") < 0.03
    limit = 100 * ideal_dose(same, other, detector=detector)
    assert limit == pytest.approx(2.00 if equal else 1.50, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("equal", [False, True], ids=["as simulated", "equal brightness"])
def test_c16_at_extremely_low_dose_sift_is_not_the_best(equal):
    """Deviation: on 4 × 4 cells, at half the ideal observer's dose (1 e⁻/nm²), SSIM separates better than
    SIFT: as simulated by 0.08 ± 0.02 of AUC (0.79, 0.72), at equal brightness by 0.11 ± 0.02 (0.73, 0.63).
    """
    same, other, detector = materials(4, 32, equal=equal)
    density = ideal_dose(same, other, detector=detector) / 2
    found = discriminability(["ssim", "sift"], same, other, [density], repeats=150, detector=detector, rng=16)
    difference, error = gap(found, "ssim", "sift")
    assert difference > 3 * error
    assert (found["auc"] < predicted_auc(same, other, [density], detector=detector)).all()


@pytest.mark.slow
def test_c16_among_mse_cw_ssim_and_sift_it_depends_on_the_brightness():
    """Holds for these three on one unit cell as simulated, where ZrO₂ is brighter by half (0.60, not 0.40):
    at 11 e⁻/nm² SIFT is ahead of both by 0.1 of AUC. Deviation: at equal brightness MSE is as good as SIFT.
    """
    options = {"repeats": 300, "rng": 16}
    names = ["mse", "cw_ssim", "sift"]
    for equal in (False, True):
        same, other, detector = materials(1, 32, equal=equal)
        density = ideal_dose(same, other, detector=detector) / 2
        found = discriminability(names, same, other, [density], detector=detector, **options)
        ahead = {key: gap(found, "sift", key) for key in ("mse", "cw_ssim")}
        assert ahead["cw_ssim"][0] > 3 * ahead["cw_ssim"][1]
        assert (ahead["mse"][0] > 3 * ahead["mse"][1]) == (not equal)


@pytest.mark.slow
@pytest.mark.parametrize("equal", [False, True], ids=["as simulated", "equal brightness"])
@pytest.mark.parametrize(("cells", "pixels", "most"), [(4, 32, 4.5), (1, 32, 7), (1, 64, 6.5)])
def test_c16_every_metric_is_within_a_small_factor_of_the_ideal_observer(cells, pixels, most, equal):
    """To reach an AUC of 0.95 the metrics need 1.6 to 3.5 times the ideal observer's dose on 4 × 4 cells, and
    up to about 5 times on one cell, where cw-SSIM is the hungriest. docs/dose.md has the table.
    """
    same, other, detector = materials(cells, pixels, equal=equal)
    limit = ideal_dose(same, other, detector=detector)
    doses = limit * np.geomspace(0.5, 32, 9)
    found = discriminability(list(CLAIMED), same, other, doses, repeats=100, detector=detector, rng=2022)
    reached = dose_to_reach(found, limit)
    assert (reached["ratio_high"] > 1).all()
    assert (reached["ratio_to_ideal"] < most).all()
    ideal = predicted_auc(same, other, doses, detector=detector)
    assert (found["auc"] <= ideal + 3 * np.sqrt(ideal * (1 - ideal) / 100)).all()
