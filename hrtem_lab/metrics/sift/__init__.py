"""SIFT: how much the surroundings of the reference's keypoints differ, and how sure that number is."""

from __future__ import annotations

from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._metric import Metric
from hrtem_lab.metrics.sift.functions import sift, sift_keypoints, sift_map, sift_spread
from hrtem_lab.metrics.sift.prepared import PreparedSIFT, SIFTSpread

__all__ = ["SIFT", "PreparedSIFT", "SIFTSpread", "sift", "sift_keypoints", "sift_map", "sift_spread"]

SIFT = Metric(
    key="sift",
    label="SIFT",
    family="paper",
    look=Look.RED_DIAMOND,
    function=sift,
    map=sift_map,
    prepare=PreparedSIFT,
    symmetric=False,
    scale_invariant=False,  # a brighter image leaves the reference's grey scale
    map_averages=False,
    map_limit=1.0,
    threshold=0.18,
    misleads=(
        "It does not look between the reference's keypoints; noise and black both give about 0.7. Its second "
        "digit depends on where the pixels lie."
    ),
    equation=(
        r"D(\mathbf{a}, \mathbf{b}) = \frac{1}{n} \sum_{k=1}^{n} \frac{1}{\sqrt{2}}"
        r" \left\lVert \frac{\mathbf{d}_k}{\lVert"
        r"\mathbf{d}_k\rVert} - \frac{\mathbf{e}_k}{\lVert\mathbf{e}_k\rVert} \right\rVert"
    ),
    source="Ederer and Löffler, Ultramicroscopy 2022, section 2",
)
