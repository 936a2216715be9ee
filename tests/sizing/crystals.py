"""Images of Nb₃Sn with precipitates, and how tests of sizing expose, move and measure them."""

from functools import partial

import numpy as np
import pytest

from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.sizing import METHODS, SIZERS, precipitate_series, size_precipitate
from hrtem_lab.structures import replaced_cells

CELL = 5.275
PIXELS = 32  # per cell
SAMPLING = CELL / PIXELS
COARSE_PIXELS = 16  # per cell
COARSE_SAMPLING = CELL / COARSE_PIXELS
COARSE = partial(precipitate_series, pixels=COARSE_PIXELS)
LIMIT = 1.437  # 1/Å: 2 · 30 mrad / λ at 80 kV
RATE = 0.05
every_metric = pytest.mark.parametrize("metric", METRICS)
every_method = pytest.mark.parametrize("method", METHODS)
rng = np.random.default_rng


def crystal(cells):
    """Pristine Nb₃Sn."""
    rows, columns = (cells, cells) if isinstance(cells, int) else cells
    shape, view = (rows * PIXELS, columns * PIXELS), (rows * CELL, columns * CELL)
    return form_image(load_exit_wave("nb3sn"), shape=shape, field_of_view=view)


def specimen(diameter):
    return form_image(load_exit_wave(f"precipitate-{diameter:02d}"), shape=16 * PIXELS)


def exposure(image, dose, seed, sampling=SAMPLING):
    return shot_noise(image, dose_per_area=dose, sampling=sampling, rng=seed)


def size(reference, image, dose, cells=16, sampling=SAMPLING, **options):
    return size_precipitate(reference, image, cells=cells, dose_per_area=dose, sampling=sampling, **options)


def by_chi_square(method):
    """The option that has a method compare cells by χ², which is quick, if it compares cells."""
    return {"metric": "chi_square"} if "metric" in SIZERS[method].options else {}


def placed(image, diameter, generator):
    """The precipitate moved to a random place inside, and the move in cells."""
    room = (16 - diameter) // 2
    move = generator.integers(-room, room + 1, 2)
    return np.roll(image, image.shape[0] // 16 * move, axis=(0, 1)), move


def truth(diameter, move):
    return np.roll(replaced_cells(diameter).any(axis=2).T, move, axis=(0, 1))
