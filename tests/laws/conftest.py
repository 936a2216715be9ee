"""The reference of the paper's figures, and its differences from other images."""

import pytest

from hrtem_lab.metrics import prepare
from hrtem_lab.simulation import form_image, load_exit_wave
from tests.laws.crystal import CLAIMED, VIEW


@pytest.fixture(scope="module")
def reference():
    return form_image(load_exit_wave("nb3sn"), shape=128, field_of_view=VIEW)


@pytest.fixture(scope="module")
def differences(reference):
    """All metrics' values for an image, by key."""
    prepared = prepare(reference, CLAIMED)
    return lambda image: {key: difference(image) for key, difference in prepared.items()}
