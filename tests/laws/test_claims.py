"""The paper's statements about its Fig. 2 to 5, on converged simulations.

Where our figure does not bear a statement out, the test holds what we measured and says so: nothing is tuned
until it agrees. Values are for 4 × 4 cells at 128 × 128 pixels, in focus, 30 mrad, 40 cells thick.
"""

import numpy as np
import pytest
from scipy import ndimage

from hrtem_lab import extremes, sizing
from hrtem_lab.dose import (
    area_under_curve,
    difference_curve,
    discriminability,
    dose_to_reach,
    ideal_dose,
    predicted_auc,
)
from hrtem_lab.edge_cases import edge_cases
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector, shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.structures import replaced_cells

CELL = 5.275  # Å, Nb₃Sn
VIEW = 4 * CELL


@pytest.fixture(scope="module")
def reference():
    return form_image(load_exit_wave("nb3sn"), shape=128, field_of_view=VIEW)


@pytest.fixture(scope="module")
def differences(reference):
    """All metrics' values for an image, by key."""
    prepared = {key: metric.prepare(reference) for key, metric in METRICS.items()}
    return lambda image: {key: difference(image) for key, difference in prepared.items()}


def micrograph(name="nb3sn", **options):
    return form_image(load_exit_wave(name), shape=128, field_of_view=VIEW, **options)


def test_c1_identical_images_differ_by_zero(differences):
    assert set(differences(micrograph()).values()) == {0.0}


def test_c2_half_a_cell_shift_exceeds_a_half(differences):
    """Holds for MSE, SSIM and SIFT. The paper excepts cw-SSIM; ours is 0.62, because a subband holds several
    spatial frequencies and a shift alters their phases by different amounts.
    """
    shifted = differences(micrograph(shift=(0, CELL / 2)))
    assert shifted["mse"] == pytest.approx(0.875, abs=0.02)
    assert shifted["ssim"] == pytest.approx(0.521, abs=0.02)
    assert shifted["sift"] == pytest.approx(0.877, abs=0.03)
    assert shifted["cw_ssim"] == pytest.approx(0.62, abs=0.03)
    assert min(shifted["mse"], shifted["ssim"], shifted["sift"]) > 0.5


def test_c3_small_defocus_stays_below_every_threshold(differences):
    """Holds for the thresholds at −2 nm, SIFT (0.165 against 0.18) being the closest to its own and MSE the
    most indifferent. Deviation: cw-SSIM (0.081) is not more sensitive than SSIM (0.116).
    """
    defocused = differences(micrograph(defocus=-20))
    for key, metric in METRICS.items():
        if metric.threshold is not None:
            assert 0 < defocused[key] < metric.threshold
    assert defocused["mse"] == min(defocused.values())
    assert defocused["sift"] == pytest.approx(0.165, abs=0.02)
    assert defocused["cw_ssim"] == pytest.approx(0.081, abs=0.02)
    assert defocused["ssim"] == pytest.approx(0.116, abs=0.02)


def test_c3_the_sign_of_the_defocus_matters(differences):
    """At +2 nm SIFT exceeds its threshold: the paper's statement depends on its sign convention."""
    over, under = differences(micrograph(defocus=-20)), differences(micrograph(defocus=20))
    assert all(under[key] > over[key] for key in METRICS)
    assert under["sift"] > METRICS["sift"].threshold


def test_c4_another_crystal_lies_between_a_half_and_three_quarters(differences):
    """Holds within 0.05: SSIM 0.49, cw-SSIM 0.79, SIFT 0.78; the paper's exception, MSE, is 0.50."""
    other = differences(micrograph("zro2"))
    for key in ("ssim", "cw_ssim", "sift"):
        assert 0.45 < other[key] < 0.80
    assert other["mse"] == pytest.approx(0.496, abs=0.02)


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


def test_c6_reversed_contrast_deceives_cw_ssim_alone(reference, differences):
    """Holds: MSE, SSIM and SIFT are high, and cw-SSIM is below its own value for the small defocus."""
    reversed_contrast = differences(reference.max() + reference.min() - reference)
    assert min(reversed_contrast[key] for key in ("mse", "ssim", "sift")) > 0.6
    assert reversed_contrast["cw_ssim"] < differences(micrograph(defocus=-20))["cw_ssim"]
    assert reversed_contrast["cw_ssim"] < 1e-6


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


# Fig. 3: blur in pixels, dose in e⁻/nm² and readout noise in e⁻ of its panels.
FIG_3 = {
    "b": {"dose": 15000},
    "c": {"dose": 5000},
    "d": {"dose": 5000, "readout": 2},
    "e": {"blur": 3},
    "f": {"dose": 5000, "readout": 2, "blur": 3},
}
DRAWS = 20


def recordings(reference, differences, *, dose=None, readout=0, blur=0):
    """Return every metric's differences over some recordings: key → array."""
    sampling = VIEW / 128
    detector = Detector(sampling=sampling, blur_sigma=blur * sampling, readout_sigma=readout)
    density = None if dose is None else dose / 100
    values = [
        differences(detector.expose(reference, dose_per_area=density, rng=seed)) for seed in range(DRAWS)
    ]
    return {key: np.array([each[key] for each in values]) for key in METRICS}


@pytest.fixture(scope="module")
def fig_3(reference, differences):
    return {panel: recordings(reference, differences, **settings) for panel, settings in FIG_3.items()}


def mean_and_error(values):
    """Return the mean and four standard errors of it."""
    return values.mean(), 4 * values.std(ddof=1) / np.sqrt(len(values))


def exceeds(values, limit):
    """Whether the mean lies above a limit by more than its error."""
    mean, error = mean_and_error(values)
    return mean - error > limit


def test_c9_cw_ssim_exceeds_its_threshold_at_15000(fig_3):
    """Holds: 0.384 ± 0.002 (one recording) against 0.16, and no other metric says more. Deviation: it is not
    alone. MSE (0.085 ± 0.002) is above its 0.07, too; SIFT (0.175 ± 0.005) is just below its 0.18.
    """
    means = {key: values.mean() for key, values in fig_3["b"].items()}
    assert exceeds(fig_3["b"]["cw_ssim"], METRICS["cw_ssim"].threshold + 0.2)
    assert max(means, key=means.get) == "cw_ssim"
    assert exceeds(fig_3["b"]["mse"], METRICS["mse"].threshold)
    assert exceeds(-fig_3["b"]["sift"], -METRICS["sift"].threshold)
    expected = {"mse": 0.085, "ssim": 0.258, "cw_ssim": 0.384, "sift": 0.175, "chi_square": 0.021}
    assert means == pytest.approx(expected, abs=0.006)


def test_c9_no_dose_of_a_page_satisfies_cw_ssim(reference, differences):
    """Even at 500 000 e⁻/nm² it is above its threshold (0.246), where MSE and SIFT are below 0.05."""
    values = recordings(reference, differences, dose=500_000)
    assert exceeds(values["cw_ssim"], METRICS["cw_ssim"].threshold + 0.05)
    assert max(values["mse"].mean(), values["sift"].mean()) < 0.05


def test_c10_readout_noise_makes_every_metric_respond(fig_3):
    """Holds: from 0.11 (SSIM) to 0.35 (χ²) more than by counting alone."""
    rise = {key: fig_3["d"][key] - fig_3["c"][key] for key in METRICS}
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
    for key in METRICS:
        mean, error = mean_and_error(together[key] / (noise[key].mean() + blur[key].mean()))
        assert (abs(mean - 1) < 0.06 + error) == (key != "sift")


def test_c12_all_together_is_the_biggest_difference_of_the_figure(fig_3):
    """Holds for all metrics, SSIM (0.477 against 0.460 without blur) being the closest call."""
    for key in METRICS:
        others = max(fig_3[panel][key].mean() for panel in "bcde")
        assert exceeds(fig_3["f"][key], others)


# Fig. 3g: doses in e⁻/nm². The ranges in the docstrings are standard errors over 20 recordings.
LOW_DOSES = [0.01, 1, 10, 30, 50, 80, 100]


@pytest.fixture(scope="module")
def fig_3g(reference):
    """Recordings of the reference by dose, without readout noise and with a negligible one (0.05 e⁻)."""
    curves = {}
    for sigma in (0, 0.05):
        detector = Detector(sampling=VIEW / 128, readout_sigma=sigma)
        doses = np.array(LOW_DOSES) / 100
        curves[sigma] = difference_curve(
            list(METRICS), reference, reference, doses, repeats=DRAWS, detector=detector, rng=13
        )["difference"].assign_coords(dose_per_area=LOW_DOSES)
    return curves


def test_c13_below_100_sift_lies_below_mse_and_cw_ssim(fig_3g):
    """Holds at every dose: at 100 SIFT is 0.614 ± 0.006, cw-SSIM 0.779 ± 0.003 and MSE 0.820 ± 0.003; at 10,
    0.770, 0.921 and 0.944. With a readout noise of 0.05 e⁻ it holds against MSE down to 10 only (0.718
    against 0.727), because MSE falls to SIFT's own limit.
    """
    counted = fig_3g[0].sel(dose_per_area=LOW_DOSES[1:])
    for key in ("mse", "cw_ssim"):
        for density in counted["dose_per_area"].values:
            here = counted.sel(dose_per_area=density)
            assert exceeds((here.sel(metric=key) - here.sel(metric="sift")).values, 0.1)
    expected = {"mse": 0.820, "ssim": 0.493, "cw_ssim": 0.779, "sift": 0.614, "chi_square": 0.579}
    means = counted.sel(dose_per_area=100).mean("repeat")
    assert {key: means.sel(metric=key).item() for key in METRICS} == pytest.approx(expected, abs=0.02)
    assert fig_3g[0.05].sel(metric="mse", dose_per_area=1).mean() < fig_3g[0.05].sel(metric="sift").max()


def test_c14_without_readout_noise_the_limit_of_no_dose_is_the_black_image(fig_3g, differences):
    """Holds: at 0.01 every metric is within 0.005 of its black image (MSE 1, SSIM 0.496, cw-SSIM 0.980, SIFT
    0.707, χ² 1). Deviation: SIFT does not rise to its limit but overshoots it, 0.770 ± 0.005 at 10, because
    single electrons have features, too.
    """
    black = differences(np.zeros((128, 128)))
    for key in METRICS:
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


def materials(cells, pixels_per_cell, *, equal):
    """Return Nb₃Sn and ZrO₂, with equal mean brightness if asked for, and a detector that only counts."""
    shape, view = cells * pixels_per_cell, cells * CELL
    same, other = (
        form_image(load_exit_wave(name), shape=shape, field_of_view=view).astype(np.float64)
        for name in ("nb3sn", "zro2")
    )
    if equal:
        other *= same.mean() / other.mean()
    return same, other, Detector(sampling=view / shape)


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
    found = discriminability(list(METRICS), same, other, [3], repeats=DRAWS, detector=detector, rng=16)
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
    """To reach an AUC of 0.95 the metrics need 1.6 to 3.6 times the ideal observer's dose on 4 × 4 cells, and
    up to 5.2 times on one cell, where cw-SSIM is the hungriest. docs/dose.md has the table.
    """
    same, other, detector = materials(cells, pixels, equal=equal)
    limit = ideal_dose(same, other, detector=detector)
    doses = limit * np.geomspace(0.5, 32, 9)
    found = discriminability(list(METRICS), same, other, doses, repeats=100, detector=detector, rng=2022)
    reached = dose_to_reach(found, limit)
    assert (reached["ratio_high"] > 1).all()
    assert (reached["ratio_to_ideal"] < most).all()
    ideal = predicted_auc(same, other, doses, detector=detector)
    assert (found["auc"] <= ideal + 3 * np.sqrt(ideal * (1 - ideal) / 100)).all()


SIZE_PIXELS = 64  # per cell, as in the paper's Fig. 4


@pytest.fixture(scope="module")
def precipitates():
    return sizing.precipitate_series(pixels=SIZE_PIXELS)


@pytest.fixture(scope="module")
def sizes():
    """Errors and rates of the stored study by diameter, at doses in e⁻/nm²."""
    table = sizing.study_table(sizing.load_study())
    return lambda name, method, dose: table[name].sel({"method": method, "dose_per_area": dose / 100})


def covered(diameter):
    return replaced_cells(diameter).any(axis=2).T


def test_c17_the_base_threshold_finds_the_replaced_cells(precipitates):
    """Holds within 2 cells for diameters up to 6, and for 9. Deviation: 3 cells too many for 8, 7 for 7, and
    11 to 22 from 10 on: cells beside the precipitate, into which its image spreads, are above 0.18. Missed is
    only one column, of a single replaced cell, of each of the diameters 1 and 3.
    """
    surplus, missed = [], []
    for diameter in range(1, 15):
        found = sizing.cell_map(precipitates[0], precipitates[diameter], cells=16) > 0.18
        surplus.append(int(found.sum() - covered(diameter).sum()))
        missed.append(int((covered(diameter) & ~found).sum()))
        beside = ndimage.binary_dilation(covered(diameter), np.ones((3, 3)))
        assert not (found & ~beside).any()
    assert surplus == [-1, 0, -1, 0, 2, 1, 7, 3, 2, 11, 18, 17, 16, 22]
    assert missed == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]


def test_c18_the_papers_threshold_underestimates_by_a_nearly_constant_amount(sizes):
    """Holds: at every dose below 50 000 e⁻/nm² the diameter is too small, at 5 000 by 2.4 to 1.6 cells from a
    diameter of 10 on. Deviation: below that the amount is not constant, 3 cells at 9 and 5 at 7.
    """
    for dose in (1000, 2000, 5000, 15000):
        assert sizes("bias", "fixed", dose).max() < 0
    bias = sizes("bias", "fixed", 5000)
    assert bias.sel(diameter=slice(10, None)).values == pytest.approx(
        [-2.44, -2.28, -2.14, -1.89, -1.63], abs=0.005
    )
    assert bias.sel(diameter=[7, 9]).values == pytest.approx([-4.87, -3.03], abs=0.005)
    # Below a size that depends on the dose there is no reliable diameter.
    rate = [int((sizes("detection_rate", "fixed", dose) < 0.95).sum()) for dose in (1000, 2000, 5000, 15000)]
    assert rate == [9, 8, 6, 4]


def test_c19_an_optimised_threshold_has_less_error(sizes):
    """Less error than the first threshold at every dose. Negligible from 15 000 e⁻/nm² on (at most 0.4 cells
    from a diameter of 5 on), 0.3 to 1.1 at 5 000 from 8 on. Deviation: at 1 000 it is 1.3 to 3.1.
    """
    large = slice(8, None)
    for dose in (1000, 2000, 5000, 15000):
        fixed, optimised = (
            np.abs(sizes("bias", name, dose).sel(diameter=large)) for name in ("fixed", "paper_optimised")
        )
        assert (fixed.isnull() | (optimised < fixed)).all()
    for dose in (15000, 50000):
        assert np.abs(sizes("bias", "paper_optimised", dose).sel(diameter=slice(5, None))).max() < 0.45
    for dose, least, most in ((5000, 0.25, 1.15), (1000, 1.25, 3.2)):
        error = -sizes("bias", "paper_optimised", dose).sel(diameter=large)
        assert least < error.min()
        assert error.max() < most


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dose", "expected"),
    [
        (2000, {"sift": 16.4, "ssim": 10.6, "cw_ssim": 25.8, "mse": 34.1, "chi_square": 10.0}),
        (5000, {"sift": 6.0, "ssim": 2.5, "cw_ssim": 10.2, "mse": 24.9, "chi_square": 2.1}),
    ],
)
def test_c20_cw_ssim_and_mse_do_worse_than_sift(precipitates, dose, expected):
    """Holds, by the fewest cells that any threshold misclassifies, of 112. Deviation: SIFT is not the best
    metric for the task; SSIM and χ² do better.
    """
    options = {"dose_per_area": dose / 100, "sampling": CELL / SIZE_PIXELS}
    truth, rng = covered(12), np.random.default_rng(dose)
    images = [shot_noise(precipitates[12], rng=rng, **options) for _ in range(8)]
    wrong = {}
    for metric in METRICS:
        fewest = []
        for image in images:
            differences = sizing.cell_map(precipitates[0], image, cells=16, metric=metric)
            thresholds = np.concatenate([[-1], differences.ravel()])
            fewest.append(min(int(((differences > one) != truth).sum()) for one in thresholds))
        wrong[metric] = float(np.mean(fewest))
    assert wrong == pytest.approx(expected, abs=0.5)
    assert max(wrong["ssim"], wrong["chi_square"]) < wrong["sift"] < min(wrong["cw_ssim"], wrong["mse"])
