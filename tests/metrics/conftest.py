"""Images that several metrics are tried on."""

import pytest

from hrtem_lab.simulation import form_image, load_exit_wave


@pytest.fixture(scope="module")
def atoms():
    return form_image(load_exit_wave("nb3sn"), shape=128)


@pytest.fixture(scope="module")
def defocused():
    return form_image(load_exit_wave("nb3sn"), shape=128, defocus=-20)
