"""A small reference, and searches from it."""

import numpy as np

from hrtem_lab import extremes
from hrtem_lab.extremes._greys import BRIGHTEST
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å, Nb₃Sn
REFERENCE = form_image(load_exit_wave("nb3sn"), shape=32, field_of_view=2 * CELL).astype(np.float64)
PERIOD = 16
LEVEL = (REFERENCE.max() - REFERENCE.min()) / BRIGHTEST


def search(metric, reference=REFERENCE, **options):
    return list(extremes.maximise(metric, reference, **{"steps": 40, **options}))


def last(states):
    *_, state = states
    return state


def brightness(reference, image):
    return float(image.mean() - reference.mean())


def same(one, other):
    """Return whether two states are the same to the last bit, and would go on the same."""
    return (
        np.array_equal(one.image, other.image)
        and (one.value, one.held, one.step, one.accepted)
        == (other.value, other.held, other.step, other.accepted)
        and one.memory.random == other.memory.random
        and one.memory.again == other.memory.again
        and np.array_equal(one.memory.gains, other.memory.gains)
        and np.array_equal(one.memory.heights, other.memory.heights)
    )
