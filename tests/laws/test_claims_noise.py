"""The paper's statements about its Fig. 3, C9 to C15, on converged simulations.

Where our figure does not bear a statement out, the test holds what we measured and says so: nothing is tuned
until it agrees. Values are for 4 × 4 cells at 128 × 128 pixels, in focus, 30 mrad, 40 cells thick.
"""

import numpy as np
import pytest

from hrtem_lab.dose import (
    difference_curve,
)
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector
from tests.house.sources import ROOT
from tests.laws.crystal import CLAIMED, DRAWS, VIEW, mean_and_error

# Fig. 3: blur in pixels, dose in e⁻/nm² and readout noise in e⁻ of its panels.
FIG_3 = {
    "b": {"dose": 15000},
    "c": {"dose": 5000},
    "d": {"dose": 5000, "readout": 2},
    "e": {"blur": 3},
    "f": {"dose": 5000, "readout": 2, "blur": 3},
}


def recordings(reference, differences, *, dose=None, readout=0, blur=0, draws=DRAWS):
    """Return every metric's differences over some recordings: key → array.

    Where nothing is drawn, one recording is all of them.
    """
    sampling = VIEW / 128
    detector = Detector(sampling=sampling, blur_sigma=blur * sampling, readout_sigma=readout)
    density = None if dose is None else dose / 100
    values = [
        differences(detector.expose(reference, dose_per_area=density, rng=seed))
        for seed in range(draws if dose else 1)
    ]
    return {key: np.array([each[key] for each in values]) for key in CLAIMED}


@pytest.fixture(scope="module")
def fig_3(reference, differences):
    return {panel: recordings(reference, differences, **settings) for panel, settings in FIG_3.items()}


def exceeds(values, limit):
    """Whether the mean lies above a limit by more than its error."""
    mean, error = mean_and_error(values)
    return mean - error > limit


def test_c9_cw_ssim_exceeds_its_threshold_at_15000(fig_3):
    """Holds: 0.384 ± 0.002 (one recording) against 0.16, and no other metric says more. Deviation: it is not
    alone. MSE (0.085 ± 0.002) is above its 0.07, too; SIFT (0.175 ± 0.005) is just below its 0.18 on the
    usual pixel grid, and 0.17 to 0.25 on others.
    """
    means = {key: values.mean() for key, values in fig_3["b"].items()}
    assert exceeds(fig_3["b"]["cw_ssim"], METRICS["cw_ssim"].threshold + 0.2)
    assert max(means, key=means.get) == "cw_ssim"
    assert exceeds(fig_3["b"]["mse"], METRICS["mse"].threshold)
    assert exceeds(-fig_3["b"]["sift"], -METRICS["sift"].threshold)
    expected = {"mse": 0.085, "ssim": 0.258, "cw_ssim": 0.384, "sift": 0.175, "chi_square": 0.021}
    assert means == pytest.approx(expected, abs=0.006)


def test_the_document_says_what_many_exposures_say(fig_3, fig_3g):
    """One exposure of 100 e⁻/nm² is off by 0.012 (MSE), and is no figure for a claim."""
    rows = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").splitlines()
    at_100 = fig_3g[0].sel(dose_per_area=100)
    found = {"C9": fig_3["b"], "C13": {key: at_100.sel(metric=key).values.ravel() for key in CLAIMED}}
    for claim, values in found.items():
        (row,) = [row for row in rows if row.startswith(f"| {claim} ")]
        told = [float(cell.split()[0]) for cell in row.strip("| ").split(" | ")[1:5]]
        for key, number in zip(("mse", "ssim", "cw_ssim", "sift"), told, strict=True):
            mean, error = mean_and_error(values[key])
            assert number == pytest.approx(mean, abs=error + (0.005 if key == "sift" else 0.0005))


def test_c9_no_dose_of_a_page_satisfies_cw_ssim(reference, differences):
    """Even at 500 000 e⁻/nm² it is above its threshold (0.246), where MSE and SIFT are below 0.05."""
    values = recordings(reference, differences, dose=500_000, draws=5)
    assert exceeds(values["cw_ssim"], METRICS["cw_ssim"].threshold + 0.05)
    assert max(values["mse"].mean(), values["sift"].mean()) < 0.05


def test_c10_readout_noise_makes_every_metric_respond(fig_3):
    """Holds: from 0.11 (SSIM) to 0.35 (χ²) more than by counting alone."""
    rise = {key: fig_3["d"][key] - fig_3["c"][key] for key in CLAIMED}
    assert all(exceeds(values, 0.1) for values in rise.values())
    expected = {"mse": 0.198, "ssim": 0.111, "cw_ssim": 0.179, "sift": 0.194, "chi_square": 0.350}
    assert {key: values.mean() for key, values in rise.items()} == pytest.approx(expected, abs=0.015)


def test_c11_mse_minds_blur_least(fig_3):
    """Holds against the paper's others by a factor of 3 and more: 0.055 against SSIM 0.17, SIFT 0.22, cw-SSIM
    0.57. The fifth metric, χ², is nearly as low (0.075).
    """
    blur = {key: values[0] for key, values in fig_3["e"].items()}
    assert blur["mse"] == min(blur.values())
    assert min(blur["ssim"], blur["cw_ssim"], blur["sift"]) > 3 * blur["mse"]
    expected = {"mse": 0.055, "ssim": 0.168, "cw_ssim": 0.567, "sift": 0.217, "chi_square": 0.075}
    assert blur == pytest.approx(expected, abs=0.01)


def test_c12_the_contributions_add_for_some_metrics(fig_3):
    """Holds for MSE and χ²: together 107 and 90 % of blur alone plus shot and readout noise alone. Deviation:
    SSIM 76 %, SIFT 78 %, and cw-SSIM 60 %, whose sum would exceed 1.
    """
    expected = {"mse": 1.065, "ssim": 0.76, "cw_ssim": 0.60, "sift": 0.78, "chi_square": 0.90}
    for key, share in expected.items():
        sums = fig_3["d"][key].mean() + fig_3["e"][key].mean()
        mean, error = mean_and_error(fig_3["f"][key] / sums)
        assert mean == pytest.approx(share, abs=0.02 + error)
        assert (abs(mean - 1) < 0.12) == (key in ("mse", "chi_square"))
    assert fig_3["d"]["cw_ssim"].mean() + fig_3["e"]["cw_ssim"].mean() > 1


def test_c12_sift_adds_like_the_sides_of_a_right_angled_triangle(fig_3):
    """It is a length, and independent disturbances are at right angles: within 4 % of √(blur² + noise²)."""
    root = np.hypot(fig_3["d"]["sift"].mean(), fig_3["e"]["sift"].mean())
    mean, error = mean_and_error(fig_3["f"]["sift"] / root)
    assert mean == pytest.approx(1.04, abs=0.02 + error)


def test_c12_small_contributions_add_but_for_sift(reference, differences):
    """Holds in the limit that the paper names: at 10⁶ e⁻/nm², a readout noise of 10 e⁻ and a blur of 0.01 nm
    all metrics add within 6 %, except SIFT, which adds in squares.
    """
    noise = recordings(reference, differences, dose=10**6, readout=10)
    blur = recordings(reference, differences, blur=0.1 / (VIEW / 128))
    together = recordings(reference, differences, dose=10**6, readout=10, blur=0.1 / (VIEW / 128))
    for key in CLAIMED:
        mean, error = mean_and_error(together[key] / (noise[key].mean() + blur[key].mean()))
        assert (abs(mean - 1) < 0.06 + error) == (key != "sift")


def test_c12_all_together_is_the_biggest_difference_of_the_figure(fig_3):
    """Holds for all metrics, SSIM (0.477 against 0.460 without blur) being the closest call."""
    for key in CLAIMED:
        others = max(fig_3[panel][key].mean() for panel in "bcde")
        assert exceeds(fig_3["f"][key], others)


# Fig. 3g: doses in e⁻/nm². The ranges in the docstrings are standard errors over 20 recordings.
LOW_DOSES = [0.01, 1, 10, 30, 50, 80, 100]


@pytest.fixture(scope="module")
def fig_3g(reference):
    """Recordings of the reference by dose, without readout noise and with a negligible one (0.05 e⁻)."""
    curves = {}
    for sigma, doses in ((0, LOW_DOSES), (0.05, LOW_DOSES[:3])):
        detector = Detector(sampling=VIEW / 128, readout_sigma=sigma)
        curves[sigma] = difference_curve(
            list(CLAIMED),
            reference,
            reference,
            np.array(doses) / 100,
            repeats=DRAWS,
            detector=detector,
            rng=13,
        )["difference"].assign_coords(dose_per_area=doses)
    return curves


def test_c13_below_100_sift_lies_below_mse_and_cw_ssim(fig_3g):
    """Holds at every dose: at 100 SIFT is 0.609 ± 0.003, cw-SSIM 0.778 ± 0.002 and MSE 0.813 ± 0.002; at 10,
    0.775, 0.922 and 0.948. With a readout noise of 0.05 e⁻ it holds against MSE down to 10 only (0.716
    against 0.725), because MSE falls to SIFT's own limit.
    """
    counted = fig_3g[0].sel(dose_per_area=LOW_DOSES[1:])
    for key in ("mse", "cw_ssim"):
        for density in counted["dose_per_area"].values:
            here = counted.sel(dose_per_area=density)
            assert exceeds((here.sel(metric=key) - here.sel(metric="sift")).values, 0.1)
    expected = {"mse": 0.813, "ssim": 0.493, "cw_ssim": 0.778, "sift": 0.609, "chi_square": 0.582}
    means = counted.sel(dose_per_area=100).mean("repeat")
    assert {key: means.sel(metric=key).item() for key in CLAIMED} == pytest.approx(expected, abs=0.02)
    assert fig_3g[0.05].sel(metric="mse", dose_per_area=1).mean() < fig_3g[0.05].sel(metric="sift").max()


def test_c14_without_readout_noise_the_limit_of_no_dose_is_the_black_image(fig_3g, differences):
    """Holds: at 0.01 every metric is within 0.005 of its black image (MSE 1, SSIM 0.496, cw-SSIM 0.980, SIFT
    0.707, χ² 1). Deviation: SIFT does not rise to its limit but overshoots it, 0.775 ± 0.004 at 10, because
    single electrons have features, too.
    """
    black = differences(np.zeros((128, 128)))
    for key in CLAIMED:
        found = fig_3g[0].sel(metric=key)
        assert found.sel(dose_per_area=0.01).mean().item() == pytest.approx(black[key], abs=0.005)
        closer = [abs(found.sel(dose_per_area=density).mean().item() - black[key]) for density in (0.01, 1)]
        assert closer[0] <= closer[1] + 1e-3
    for key in ("mse", "cw_ssim", "chi_square"):
        means = fig_3g[0].sel(metric=key).mean("repeat")
        assert (np.diff(means.values) < 0).all()
    assert exceeds(fig_3g[0].sel(metric="sift", dose_per_area=10).values, black["sift"] + 0.03)


def test_c15_with_negligible_readout_noise_the_limit_is_that_of_noise(fig_3g, differences):
    """Holds for MSE (0.678 ± 0.001) and SIFT (0.715 ± 0.002). Deviation: cw-SSIM goes to 1.000, as does χ²,
    and SSIM to 0.5; noise without structure has these values in Fig. 2, too.
    """
    noise = [differences(np.random.default_rng(seed).normal(size=(128, 128))) for seed in range(DRAWS)]
    limits = {"mse": 0.678, "ssim": 0.5, "cw_ssim": 1, "sift": 0.715, "chi_square": 1}
    for key, limit in limits.items():
        found = fig_3g[0.05].sel(metric=key, dose_per_area=0.01).values
        mean, error = mean_and_error(found)
        assert mean == pytest.approx(limit, abs=0.002 + error)
        if METRICS[key].scale_invariant:
            assert mean == pytest.approx(np.mean([each[key] for each in noise]), abs=0.005 + error)
