"""The paper's statements about its Fig. 2, C1 to C8, on converged simulations.

Where our figure does not bear a statement out, the test holds what we measured and says so. Two settings were
chosen with the statements in view, `TestChosenWithTheClaimsInView`. Values are for 4 × 4 cells at 128 × 128
pixels, in focus, 30 mrad, 40 cells thick; those of SIFT are ranges over positions of the pixel grid.
"""

import numpy as np
import pytest

from hrtem_lab import extremes
from hrtem_lab.edge_cases import edge_cases
from hrtem_lab.metrics import METRICS, PreparedSIFT, ssim
from hrtem_lab.simulation import form_image
from hrtem_lab.waves import load_exit_waves
from tests.laws.crystal import CELL, CLAIMED, micrograph


@pytest.fixture(scope="module")
def sift_range(reference):
    """Return the spread of SIFT over 16 positions of the pixel grid, whose range must be the one named."""
    prepared = PreparedSIFT(reference)

    def spread(image, *, lowest, highest):
        found = prepared.spread(image)
        assert (found.lowest, found.highest) == pytest.approx((lowest, highest), abs=0.01)
        return found

    return spread


def test_c1_identical_images_differ_by_zero(differences):
    assert set(differences(micrograph()).values()) == {0.0}


def test_c2_half_a_cell_shift_exceeds_a_half(differences, sift_range):
    """Holds for MSE, SSIM and SIFT (0.88 to 0.99). The paper excepts cw-SSIM; ours is 0.62, because a subband
    holds several spatial frequencies and a shift alters their phases by different amounts.
    """
    shifted = differences(micrograph(shift=(0, CELL / 2)))
    assert shifted["mse"] == pytest.approx(0.875, abs=0.02)
    assert shifted["ssim"] == pytest.approx(0.521, abs=0.02)
    sift_range(micrograph(shift=(0, CELL / 2)), lowest=0.877, highest=0.986)
    assert shifted["cw_ssim"] == pytest.approx(0.62, abs=0.03)
    assert min(shifted["mse"], shifted["ssim"], shifted["sift"]) > 0.5


def test_c3_small_defocus_stays_below_the_thresholds_of_mse_and_cw_ssim(differences):
    """Holds for them at −2 nm, MSE being the most indifferent. Deviation: cw-SSIM (0.081) is not more
    sensitive than SSIM (0.116).
    """
    defocused = differences(micrograph(defocus=-20))
    for key in ("mse", "cw_ssim"):
        assert 0 < defocused[key] < METRICS[key].threshold
    assert defocused["mse"] == min(defocused.values())
    assert defocused["cw_ssim"] == pytest.approx(0.081, abs=0.02)
    assert defocused["ssim"] == pytest.approx(0.116, abs=0.02)


def test_c3_holds_of_ssim_where_atoms_vibrate():
    """At 293 K in both pictures cw-SSIM (0.111) is more sensitive than SSIM (0.073), and the pixel grid still
    decides about SIFT.
    """
    waves = load_exit_waves("nb3sn", temperature=293)
    vibrating, defocused = (form_image(waves, shape=128, defocus=defocus) for defocus in (0, -20))
    assert ssim(vibrating, defocused) == pytest.approx(0.073, abs=0.002)
    assert METRICS["cw_ssim"](vibrating, defocused) == pytest.approx(0.111, abs=0.002)
    spread = PreparedSIFT(vibrating).spread(defocused)
    assert (spread.lowest, spread.highest) == pytest.approx((0.133, 0.223), abs=0.01)


def test_c3_of_sift_is_decided_by_the_pixel_grid(differences, sift_range):
    """Neither holds nor fails: against 0.18, −2 nm gives 0.165 on the usual grid, 0.165 to 0.25 on sixteen,
    and 0.21 on average.
    """
    defocused = micrograph(defocus=-20)
    assert differences(defocused)["sift"] == pytest.approx(0.165, abs=0.005)
    spread = sift_range(defocused, lowest=0.165, highest=0.248)
    assert spread.lowest < METRICS["sift"].threshold < spread.mean
    assert spread.mean == pytest.approx(0.207, abs=0.005)


def test_c3_the_sign_of_the_defocus_matters(differences, sift_range):
    """At +2 nm SIFT exceeds its threshold on every grid: the statement depends on the sign convention."""
    over, under = differences(micrograph(defocus=-20)), differences(micrograph(defocus=20))
    assert all(under[key] > over[key] for key in CLAIMED)
    spread = sift_range(micrograph(defocus=20), lowest=0.225, highest=0.362)
    assert spread.lowest > METRICS["sift"].threshold


def test_c4_another_crystal_lies_between_a_half_and_three_quarters(differences, sift_range):
    """Holds within 0.05: SSIM 0.49, cw-SSIM 0.79, SIFT 0.78, but that up to 0.86 on other pixel grids; the
    paper's exception, MSE, is 0.50.
    """
    other = differences(micrograph("zro2"))
    for key in ("ssim", "cw_ssim", "sift"):
        assert 0.45 < other[key] < 0.80
    assert other["mse"] == pytest.approx(0.496, abs=0.02)
    sift_range(micrograph("zro2"), lowest=0.774, highest=0.860)


def test_c5_an_image_exists_that_maximises_sift(differences):
    """Holds: the search ends at 0.957 of 1, above the contrast reversal (0.90) and all other test images."""
    worst = differences(extremes.load_stored("max-sift").image)
    assert worst["sift"] > 0.95
    others = [case.image for case in edge_cases().values()]
    assert worst["sift"] > max(differences(image)["sift"] for image in others) + 0.05


def test_c6_the_worst_image_for_ssim_resembles_the_contrast_reversal(reference, differences):
    """Holds for the resemblance (correlation 0.66), MSE (0.79) and SIFT (0.80). Deviation: cw-SSIM is 0.48,
    far above its value for the small defocus (0.08). The plain reversal has 0, and SSIM 0.625: what raises
    SSIM to 0.665 is a mean brightness near the reference's, paid for with much of the structure.
    """
    image = extremes.load_stored("max-ssim").image
    worst, plain = differences(image), differences(reference.max() + reference.min() - reference)
    assert worst["ssim"] == pytest.approx(0.665, abs=0.005)
    assert worst["ssim"] > plain["ssim"] + 0.03
    assert np.corrcoef(image.ravel(), -reference.ravel())[0, 1] == pytest.approx(0.66, abs=0.03)
    assert abs(image.mean() - reference.mean()) < 0.15
    assert min(worst["mse"], worst["sift"]) > 0.75
    assert worst["cw_ssim"] == pytest.approx(0.48, abs=0.04)
    assert worst["cw_ssim"] > differences(micrograph(defocus=-20))["cw_ssim"]


def test_c6_cw_ssim_can_stay_below_its_threshold_while_ssim_exceeds_the_reversal(differences):
    """Holds for this image: SSIM above the plain reversal's 0.625, cw-SSIM below its threshold of 0.16."""
    values = differences(extremes.load_stored("worst-ssim-below-cw_ssim").image)
    assert values["cw_ssim"] < METRICS["cw_ssim"].threshold
    assert values["ssim"] > 0.63
    assert min(values["mse"], values["sift"]) > 0.65


def test_c6_reversed_contrast_deceives_cw_ssim_alone(reference, differences, sift_range):
    """Holds: MSE, SSIM and SIFT are high, and cw-SSIM is below its own value for the small defocus."""
    reversed_contrast = differences(reference.max() + reference.min() - reference)
    assert min(reversed_contrast[key] for key in ("mse", "ssim", "sift")) > 0.6
    assert reversed_contrast["cw_ssim"] < differences(micrograph(defocus=-20))["cw_ssim"]
    assert reversed_contrast["cw_ssim"] < 1e-6
    sift_range(reference.max() + reference.min() - reference, lowest=0.892, highest=0.967)


@pytest.mark.parametrize("seed", range(3))
def test_c7_noise_without_structure_is_about_seven_tenths(differences, seed):
    """Holds for MSE (0.68) and SIFT (0.72) with noise around zero. Deviation: cw-SSIM gives 0.92, and the MSE
    of noise on a bright background is lower (0.44), because the background counts as likeness.
    """
    noise = np.random.default_rng(seed).normal(size=(128, 128))
    values = differences(noise)
    assert values["mse"] == pytest.approx(0.68, abs=0.02)
    assert values["sift"] == pytest.approx(0.715, abs=0.025)
    assert values["cw_ssim"] == pytest.approx(0.92, abs=0.02)
    assert differences(1 + 0.1 * noise)["mse"] == pytest.approx(0.44, abs=0.02)


def test_c8_black_is_the_maximum_of_mse_and_cw_ssim(reference, differences):
    """Holds: MSE exactly 1; cw-SSIM 0.98, and 1 in the limit of a small constant K."""
    black = np.zeros_like(reference)
    values = differences(black)
    assert values["mse"] == 1
    assert values["sift"] == pytest.approx(1 / np.sqrt(2))
    cw_ssim = METRICS["cw_ssim"].function
    limit = [1 - cw_ssim(reference, black, K=K) for K in (1e-2, 1e-3, 1e-4)]
    assert limit[0] < 0.03
    assert limit[0] > 5 * limit[1] > 25 * limit[2] > 0


@pytest.mark.parametrize("seed", range(3))
def test_c8_noise_lies_below_black(reference, differences, seed):
    """Holds for MSE and cw-SSIM. Deviation: SIFT gives noise a little more (0.72) than black (0.707)."""
    noise = differences(np.random.default_rng(seed).normal(size=(128, 128)))
    black = differences(np.zeros_like(reference))
    assert noise["mse"] < black["mse"]
    assert noise["cw_ssim"] < black["cw_ssim"]
    assert abs(noise["sift"] - black["sift"]) < 0.04


def test_c8_black_is_the_same_to_sift_on_every_pixel_grid(reference, sift_range):
    black = sift_range(np.zeros_like(reference), lowest=1 / np.sqrt(2), highest=1 / np.sqrt(2))
    assert black.std < 1e-9


class TestChosenWithTheClaimsInView:
    """Two settings whose neighbours would give another verdict; docs/metrics.md says so."""

    @pytest.mark.parametrize(("radius", "value"), [(4, 0.479), (5, 0.521), (6, 0.545), (10, 0.598)])
    def test_five_pixels_are_the_smallest_radius_of_ssim_for_which_c2_holds(self, reference, value, radius):
        found = ssim(reference, micrograph(shift=(0, CELL / 2)), radius=radius)
        assert found == pytest.approx(value, abs=6e-4)
        assert (found > 0.5) == (radius >= METRICS["ssim"].options["radius"])

    @pytest.mark.parametrize(
        ("threshold", "value", "mean"),
        [(0.005, 0.227, 0.273), (0.01, 0.165, 0.207), (0.02, 0.165, 0.159), (0.04, 0.155, 0.126)],
    )
    def test_the_contrast_threshold_of_sift_puts_c3_close_below_its_threshold(
        self, reference, threshold, value, mean
    ):
        """On the usual grid. On the average one only a higher contrast threshold does."""
        defocused = micrograph(defocus=-20)
        values = list(PreparedSIFT(reference, contrast_threshold=threshold).at_phases(defocused, phases=8))
        assert values[0] == pytest.approx(value, abs=6e-4)
        assert np.mean(values) == pytest.approx(mean, abs=0.01)
