"""The wave that most tests of image formation use."""

import pytest

from tests.simulation.waves import random_wave


@pytest.fixture(scope="module")
def wave():
    return random_wave()
