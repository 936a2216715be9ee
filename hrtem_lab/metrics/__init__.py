"""Image difference metrics: 0 for identical images, 1 for the greatest difference.

Each metric compares an image with a reference, ``metric(reference, image)``, shows where they differ,
and can be prepared for one reference that many images are compared with. `METRICS` is the one table of
them, and `family`, `as_metric` and `prepare` choose from it: a new metric is a file in this folder and a
name in that table. A plain function ``(reference, image) -> float`` is taken wherever a metric is: see
`Metric.of`.

Examples
--------
>>> import numpy as np
>>> from hrtem_lab.metrics import family
>>> y, x = np.mgrid[:64, :64]
>>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
>>> for metric in family("paper", "electrons").values():
...     print(f"{metric.label:8}{metric(atoms, 1 - atoms):.2f}")
MSE     0.64
SSIM    0.78
cw-SSIM 0.00
SIFT    0.78
χ²      0.74
"""

from hrtem_lab.metrics._band import aperture_cutoff
from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._metric import FAMILIES, Metric
from hrtem_lab.metrics._prepared import Prepared
from hrtem_lab.metrics._table import METRICS, MetricLike, as_metric, as_metrics, family, prepare
from hrtem_lab.metrics._windows import disc
from hrtem_lab.metrics.chi_square import (
    PreparedChiSquare,
    chi_square,
    chi_square_map,
    reduced_chi_square,
)
from hrtem_lab.metrics.cw_ssim import PreparedCWSSIM, cw_ssim, cw_ssim_map
from hrtem_lab.metrics.mse import PreparedMSE, mse, squared_error_map
from hrtem_lab.metrics.outliers import OutlierWarning, outliers
from hrtem_lab.metrics.sift import PreparedSIFT, SIFTSpread, sift, sift_keypoints, sift_map, sift_spread
from hrtem_lab.metrics.ssim import PreparedSSIM, ssim, ssim_map

__all__ = [
    "FAMILIES",
    "METRICS",
    "Look",
    "Metric",
    "MetricLike",
    "OutlierWarning",
    "Prepared",
    "PreparedCWSSIM",
    "PreparedChiSquare",
    "PreparedMSE",
    "PreparedSIFT",
    "PreparedSSIM",
    "SIFTSpread",
    "aperture_cutoff",
    "as_metric",
    "as_metrics",
    "chi_square",
    "chi_square_map",
    "cw_ssim",
    "cw_ssim_map",
    "disc",
    "family",
    "mse",
    "outliers",
    "prepare",
    "reduced_chi_square",
    "sift",
    "sift_keypoints",
    "sift_map",
    "sift_spread",
    "squared_error_map",
    "ssim",
    "ssim_map",
]
