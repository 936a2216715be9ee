"""The crystal of the paper's figures, and the metrics that its statements are tried on."""

import numpy as np

from hrtem_lab.metrics import family
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å, Nb₃Sn
VIEW = 4 * CELL

CLAIMED = family("paper", "electrons")
DRAWS = 20


def micrograph(name="nb3sn", **options):
    return form_image(load_exit_wave(name), shape=128, field_of_view=VIEW, **options)


def mean_and_error(values):
    """Return the mean and four standard errors of it."""
    return values.mean(), 4 * values.std(ddof=1) / np.sqrt(len(values))
