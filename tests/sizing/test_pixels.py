"""Pixels that are not square: lengths are measured in Å along each axis."""

from functools import partial

import numpy as np
import pytest

from hrtem_lab.noise import shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.sizing import ideal_size, precipitate_series, size_precipitate, size_study
from tests.sizing.crystals import CELL

VIEW = (16 * CELL, 16 * CELL)
SHAPE = (256, 512)
PAIR = (VIEW[0] / SHAPE[0], VIEW[1] / SHAPE[1])


def picture(name):
    """An image whose coarser axis just holds the aperture's band."""
    return np.maximum(form_image(load_exit_wave(name), shape=SHAPE, field_of_view=VIEW), 0)


def oblong_series():
    """A series of images with 16 × 32 pixels per cell."""
    return {0: picture("nb3sn"), 6: picture("precipitate-06")}


@pytest.fixture(scope="module")
def oblong():
    return oblong_series()


@pytest.mark.parametrize("method", ["sphere", "false_alarm"])
def test_a_sphere_is_as_large_in_oblong_pixels(oblong, method):
    options = {"dose_per_area": 50, "sampling": PAIR}
    image = shot_noise(oblong[6], rng=1, **options)
    found = size_precipitate(oblong[0], image, cells=16, method=method, **options)
    assert found.cell == pytest.approx(CELL)
    assert found.diameter == pytest.approx(6 * CELL, abs=1.5 * CELL)


def test_the_ideal_observer_takes_oblong_pixels(oblong):
    options = {"dose_per_area": 50, "sampling": PAIR}
    found = ideal_size(oblong, shot_noise(oblong[6], rng=1, **options), cells=16, **options)
    assert found.diameter == pytest.approx(6 * CELL)


def test_a_study_measures_its_own_pixels():
    options = {"diameters": [6], "doses": [50], "draws": 1, "methods": ["ideal"], "workers": 1}
    study = size_study(oblong_series, **options)
    assert study.attrs["pixels_per_cell"] == [16, 32]
    assert study["diameter_found"].item() == pytest.approx(6 * CELL)
    square = size_study(partial(precipitate_series, pixels=16), **options)
    assert square.attrs["pixels_per_cell"] == 16


def test_a_pair_of_equals_is_a_number():
    pristine = np.tile(1 + np.outer(np.hanning(16), np.hanning(16)), (4, 4))
    image = pristine.copy()
    image[16:48, 16:48] = 1
    options = {"cells": 4, "dose_per_area": 50, "method": "fixed", "metric": "mse"}
    one = size_precipitate(pristine, image, sampling=0.3, **options)
    other = size_precipitate(pristine, image, sampling=[0.3, 0.3], **options)
    assert (one.diameter, one.low, one.high) == (other.diameter, other.low, other.high)
    np.testing.assert_array_equal(one.map, other.map)


def test_a_pixel_without_a_size_is_refused(oblong):
    with pytest.raises(ValueError, match=r"^sampling must be positive, got -1"):
        size_precipitate(oblong[0], oblong[6], cells=16, dose_per_area=50, sampling=(0.3, -1))
