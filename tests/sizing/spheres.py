"""Exposures at 16 pixels per cell, and how tests of the sphere size them."""

import numpy as np

from hrtem_lab.sizing import size_precipitate
from hrtem_lab.sizing.mismatches import MISMATCHES
from tests.sizing.crystals import COARSE_SAMPLING, truth

PIXELS = 256
NONE = MISMATCHES["none"]
REFERENCE = NONE.reference(pixels=PIXELS)
OPTIONS = {"cells": 16, "sampling": COARSE_SAMPLING}


def exposed(precipitate, dose, seed, **place):
    """One exposure at 16 pixels per cell; the mismatch's own generator."""
    return NONE.record(NONE.expected(precipitate, pixels=PIXELS, **place), dose, rng=[seed, 14])


def sized(image, dose=50, reference=REFERENCE, **options):
    return size_precipitate(reference, image, dose_per_area=dose, **(OPTIONS | options))


def area_equivalent(diameter):
    """The diameter of a disc with the area of a precipitate on the grid, which is a staircase."""
    return 2 * np.sqrt(truth(diameter, (0, 0)).sum() / np.pi)
