"""What the library alone says of a page's state: the oracle of the tests of pages."""

import pytest

from hrtem_lab.metrics import METRICS
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å
VIEW = (4 * CELL, 4 * CELL)
NAMES = {"Nb₃Sn": "nb3sn", "ZrO₂": "zro2"}
"""What a page calls a crystal → its key in the library."""
LABELS = [metric.label for metric in METRICS.values()]


def differences(reference, image):
    return {key: metric.function(reference, image) for key, metric in METRICS.items()}


def rounded(values):
    return pytest.approx(values, abs=5.01e-4)


def micrograph(values, *, aperture=30):
    """Return the image of a state, by the library alone; lengths as on the page."""
    return form_image(
        load_exit_wave(values["specimen"], thickness_cells=int(values["thickness"])),
        defocus=10 * values["defocus"],
        semiangle_cutoff=values.get("aperture", aperture),
        shift=(0, values.get("shift", 0) * CELL),
        rotation=values.get("rotation", 0),
        field_of_view=VIEW,
        shape=128,
    )
