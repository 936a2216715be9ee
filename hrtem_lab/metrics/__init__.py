"""Image difference metrics: 0 for identical images, 1 for the greatest difference.

Each metric compares an image with a reference, ``metric(reference, image)``, shows where they differ,
and can be prepared for one reference that many images are compared with. `METRICS` is the one list of
them: pages, tests and benchmarks go through it, so that a new metric is a file in this folder and a
line below.

Examples
--------
>>> import numpy as np
>>> from hrtem_lab.metrics import METRICS
>>> y, x = np.mgrid[:64, :64]
>>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
>>> for metric in METRICS.values():
...     print(f"{metric.label:8}{metric.function(atoms, 1 - atoms):.2f}")
MSE     0.64
SSIM    0.78
cw-SSIM 0.00
SIFT    0.78
χ²      0.74
"""

from hrtem_lab.metrics._band import aperture_cutoff
from hrtem_lab.metrics._metric import Metric, Prepared
from hrtem_lab.metrics.chi_square import (
    CHI_SQUARE,
    PreparedChiSquare,
    chi_square,
    chi_square_map,
    reduced_chi_square,
)
from hrtem_lab.metrics.cw_ssim import CW_SSIM, PreparedCWSSIM, cw_ssim, cw_ssim_map
from hrtem_lab.metrics.mse import MSE, PreparedMSE, mse, squared_error_map
from hrtem_lab.metrics.sift import SIFT, PreparedSIFT, sift, sift_keypoints, sift_map
from hrtem_lab.metrics.ssim import SSIM, PreparedSSIM, disc, ssim, ssim_map

METRICS: dict[str, Metric] = {
    MSE.key: MSE,
    SSIM.key: SSIM,
    CW_SSIM.key: CW_SSIM,
    SIFT.key: SIFT,
    CHI_SQUARE.key: CHI_SQUARE,
}
"""All metrics by their key, in the order in which pages show them."""

__all__ = [
    "METRICS",
    "Metric",
    "Prepared",
    "PreparedCWSSIM",
    "PreparedChiSquare",
    "PreparedMSE",
    "PreparedSIFT",
    "PreparedSSIM",
    "aperture_cutoff",
    "chi_square",
    "chi_square_map",
    "cw_ssim",
    "cw_ssim_map",
    "disc",
    "mse",
    "reduced_chi_square",
    "sift",
    "sift_keypoints",
    "sift_map",
    "squared_error_map",
    "ssim",
    "ssim_map",
]
