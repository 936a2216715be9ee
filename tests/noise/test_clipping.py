"""Negative pixels of a camera that clips."""

from dataclasses import replace

import numpy as np
import pytest

from hrtem_lab.noise import Camera, Scan, Transfer

EDGE = np.repeat([[0.0, 1.0]], 20, axis=1) * np.ones((40, 1))
CAMERAS = {
    "mtf": Camera(sampling=1, transfer=Transfer()),
    "scan": Camera(sampling=1, scan=Scan(jitter=0.5)),
    "readout": Camera(sampling=1, readout_sigma=5),
}


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)
@pytest.mark.parametrize(
    "options",
    [{"dose_per_area": 1}, {"dose_per_area": 1, "counts": True}, {"dose_per_area": None}],
    ids=["image", "counts", "limit"],
)
def test_clipping(camera, options):
    """Also in the limit of a high dose, where a sharp edge rings below 0."""
    free, clipped = (replace(camera, clip=clip).expose(EDGE, rng=1, **options) for clip in (False, True))
    if options["dose_per_area"] or not camera.readout_sigma:
        assert free.min() < -0.01
    np.testing.assert_array_equal(clipped, np.maximum(free, 0))
