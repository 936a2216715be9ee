"""Images and prepared methods that several files of tests use; no test changes them."""

import numpy as np
import pytest

from hrtem_lab.sizing import PrecipitateSizer, load_study, study_table
from hrtem_lab.waves import load_study_specimens
from tests.sizing.crystals import COARSE, COARSE_SAMPLING, crystal, specimen


@pytest.fixture(scope="session")
def pristine():
    return crystal(16)


@pytest.fixture(scope="session")
def specimens():
    return {diameter: specimen(diameter) for diameter in range(3, 15)}


@pytest.fixture(scope="session")
def sizers(series):
    """Sphere sizers by dose."""
    options = {"cells": 16, "sampling": COARSE_SAMPLING}
    return {dose: PrecipitateSizer(series[0], dose_per_area=dose, **options) for dose in (np.inf, 50, 10)}


@pytest.fixture(scope="session")
def series():
    return COARSE()


@pytest.fixture(scope="session")
def stored():
    return load_study()


@pytest.fixture(scope="session")
def table(stored):
    return study_table(stored)


@pytest.fixture(scope="session")
def pair():
    """The wave of two spheres off the grid."""
    return load_study_specimens()["pair-2"].waves
