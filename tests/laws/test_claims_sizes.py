"""The paper's statements about precipitates (Fig. 4 and 5), C17 to C20, on converged simulations.

Where our figure does not bear a statement out, the test holds what we measured and says so: nothing is tuned
until it agrees. Values are for 4 × 4 cells at 128 × 128 pixels, in focus, 30 mrad, 40 cells thick.
"""

import numpy as np
import pytest
from scipy import ndimage

from hrtem_lab import sizing
from hrtem_lab.noise import shot_noise
from hrtem_lab.structures import replaced_cells
from tests.laws.crystal import CELL, CLAIMED

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
    for metric in CLAIMED:
        fewest = []
        for image in images:
            differences = sizing.cell_map(precipitates[0], image, cells=16, metric=metric)
            thresholds = np.concatenate([[-1], differences.ravel()])
            fewest.append(min(int(((differences > one) != truth).sum()) for one in thresholds))
        wrong[metric] = float(np.mean(fewest))
    assert wrong == pytest.approx(expected, abs=0.5)
    assert max(wrong["ssim"], wrong["chi_square"]) < wrong["sift"] < min(wrong["cw_ssim"], wrong["mse"])
