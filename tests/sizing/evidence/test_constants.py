"""Each constant of the sphere explains specimens off the grid better than what it would be without it."""

import numpy as np
import pytest

from hrtem_lab.sizing import size_precipitate
from hrtem_lab.sizing._evidence import channels, chords, spheres
from hrtem_lab.sizing.mismatches import MISMATCHES
from hrtem_lab.waves import load_study_specimens
from tests.sizing.crystals import COARSE_SAMPLING

PIXELS = 256
NAMES = ("sphere-1", "sphere-3", "ellipsoid-1")
EXACT = MISMATCHES["none"]


def forget():
    """What is computed once for all images depends on the constants."""
    chords.profiles.cache_clear()
    spheres.sphere_grid.cache_clear()


@pytest.fixture(scope="module")
def evidence():
    """The logarithms of the evidence for the precipitates in a few exposures, added."""
    reference = EXACT.reference(pixels=PIXELS)
    specimens = load_study_specimens()
    images = [
        EXACT.record(EXACT.expected(specimens[name].waves, pixels=PIXELS), 50, rng=number)
        for number, name in enumerate(NAMES)
    ]

    def measure(images=images):
        options = {"cells": 16, "sampling": COARSE_SAMPLING, "dose_per_area": 50}
        return sum(size_precipitate(reference, image, **options).evidence for image in images)

    forget()
    return measure, measure()


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (spheres, "COARSE_TERMS", 1),  # one course for each sphere
        (chords, "CORRELATION", 60.0),  # a contrast that is the same at all depths
        (channels, "ASYMMETRIC", 0.5),  # any pattern is as likely as one with the crystal's symmetry
        (channels, "FLOORS", (0.2, 0.2)),
        (channels, "CHANNELS", 8),
    ],
)
def test_specimens_are_explained_better_than_by_another_value(evidence, monkeypatch, module, name, value):
    measure, shipped = evidence
    monkeypatch.setattr(module, name, value)
    forget()
    try:
        assert measure() < shipped - 10
    finally:
        monkeypatch.undo()
        forget()
    assert np.isfinite(shipped)
