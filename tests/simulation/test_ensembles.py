"""The image of an ensemble is the mean of intensities, over its waves and over the cells of a crystal."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.simulation import ExitWave, ExitWaves, form_image
from tests.simulation.waves import (
    EXTENT,
    ROUNDING,
    difference,
    low_passed,
    random_wave,
    untimed,
    without_negatives,
)

OPTIONS = [
    {"shape": (48, 72), "field_of_view": (6.0, 9.0)},
    {"shape": (40, 50), "field_of_view": (7.7, 8.1), "defocus": 40},
    {"shape": 40, "field_of_view": 6.0, "rotation": 33, "C12": 30, "phi12": 1},
    {"shape": (61, 93), "sampling": 0.15, "shift": (0.4, -1.2), "image_spread": 0.2},
    {"shape": (48, 72), "field_of_view": (12.0, 18.0), "drift": (0.7, 0.2), "focal_spread": 30},
]


def ensemble(count=4, cells=(1, 1), pixels=(36, 40)):
    waves = [random_wave(seed, pixels) for seed in range(count)]
    return ExitWaves(np.stack([one.array for one in waves]), waves[0].sampling, 80e3, 100, cells=cells)


def translations(waves):
    """Return the shifts by every cell of the extent."""
    cell = [length / count for length, count in zip(waves.extent, waves.cells, strict=True)]
    for row, column in itertools.product(range(waves.cells[0]), range(waves.cells[1])):
        yield row * cell[0], column * cell[1]


@pytest.mark.parametrize("options", OPTIONS)
def test_it_is_the_mean_of_the_images_of_its_waves(options):
    waves = ensemble()
    images = [form_image(one, **options) for one in waves]
    image = form_image(waves, **options)
    assert image.dtype == np.float32
    assert difference(image, np.mean(images, axis=0)) < ROUNDING
    mean_wave = ExitWave(waves.array.mean(axis=0), waves.sampling, 80e3, 100)
    assert difference(form_image(mean_wave, **options), image) > 0.01


@pytest.mark.parametrize("cells", [(2, 3), (1, 2), (4, 1), (3, 3)])
@pytest.mark.parametrize("options", OPTIONS)
def test_it_is_the_mean_over_all_translations_by_a_cell(cells, options):
    """`cells` changes what an image shows by default, so these say it."""
    alone, waves = ensemble(), ensemble(cells=cells)
    shift = np.broadcast_to(options.get("shift", 0), 2)
    images = [
        form_image(alone, **(options | {"shift": tuple(shift + moved)})) for moved in translations(waves)
    ]
    assert difference(form_image(waves, **options), np.mean(images, axis=0)) < ROUNDING


@settings(untimed, max_examples=25)
@given(st.integers(1, 5), st.integers(1, 5), st.floats(-300, 300), st.integers(0, 3))
def test_it_repeats_with_the_cell(rows, columns, defocus, number):
    waves = ensemble(2, (rows, columns))
    moved = list(translations(waves))[number % (rows * columns)]
    lens = {"defocus": defocus, "shape": (30, 44), "angular_spread": 0.2, "focal_spread": 20}
    plain = form_image(waves, field_of_view=(5, 7), **lens)
    assert difference(form_image(waves, field_of_view=(5, 7), shift=moved, **lens), plain) < ROUNDING
    cell = [length / count for length, count in zip(waves.extent, waves.cells, strict=True)]
    tiles = form_image(waves, field_of_view=(2 * cell[0], 2 * cell[1]), **lens)
    assert difference(np.roll(tiles, (15, 22), (0, 1)), tiles) < ROUNDING


@pytest.mark.parametrize("lens", [{}, {"focal_spread": 40, "angular_spread": 0.2}, {"image_spread": 0.3}])
def test_waves_of_a_crystal_at_rest_are_the_crystal(lens):
    """Snapshots without motion, 2 × 3 equal cells each: the image is that of one cell."""
    cell = random_wave(pixels=(36, 40))
    block = np.stack([np.tile(cell.array, (2, 3))] * 3)
    waves = ExitWaves(block, cell.sampling, 80e3, 100, cells=(2, 3))
    assert waves.field_of_view == pytest.approx(cell.field_of_view)
    for options in ({}, {"shape": 90}, {"rotation": 12}, {"field_of_view": 13.3}):
        assert (
            difference(form_image(waves, **lens, **options), form_image(cell, **lens, **options)) < ROUNDING
        )


def test_an_ensemble_of_one_wave_is_that_wave(wave):
    one = ExitWaves(wave.array[None], wave.sampling, wave.energy, wave.thickness)
    for options in OPTIONS:
        assert np.array_equal(form_image(one, **options), form_image(wave, **options))


@pytest.mark.parametrize("pixels", [(1, 1), (1, 7), (8, 1), (2, 3), (5, 4)])
@pytest.mark.parametrize("cells", [(1, 1), (2, 1), (7, 5)])
def test_vacuum_is_one_on_any_pixels(pixels, cells):
    vacuum = ExitWaves(np.ones((3, *pixels), complex), 0.7, 80e3, 0, cells=cells)
    for lens in ({}, {"focal_spread": 30, "angular_spread": 0.3, "defocus": 80, "C21": 500.0}):
        for options in ({"image_spread": 1}, {"drift": (2, 3)}, {"rotation": 20, "shape": 9}, {}):
            assert difference(form_image(vacuum, **lens, **options), 1.0) < ROUNDING


@pytest.mark.parametrize("shape", [(17, 25), (18, 25), (17, 26), (18, 26)])
@pytest.mark.parametrize("lens", [{"image_spread": 0.05}, {"focal_spread": 20}])
def test_the_fewest_pixels_that_hold_the_image_hold_all_of_it(shape, lens):
    """Behind 30 mrad, beams reach the orders 4 of 6 Å and 6 of 9 Å: 17 × 25 pixels hold their differences."""
    coarse, fine = (
        form_image(
            random_wave(), shape=tuple(factor * count for count in shape), field_of_view=EXTENT, **lens
        )
        for factor in (1, 3)
    )
    assert coarse.min() > 0
    assert difference(fine[::3, ::3], coarse) < ROUNDING


@pytest.mark.parametrize("shape", [(16, 25), (17, 24), (16, 24)])
@pytest.mark.parametrize("lens", [{}, {"image_spread": 0.05}, {"focal_spread": 20}])
def test_one_pixel_fewer_leaves_out_but_does_not_alias(shape, lens):
    wave = random_wave()
    fine = form_image(wave, shape=(64, 96), field_of_view=EXTENT, **lens)
    coarse = form_image(wave, shape=shape, field_of_view=EXTENT, **lens)
    assert difference(coarse, without_negatives(low_passed(fine, shape))) < ROUNDING


@pytest.mark.parametrize("shape", [8, (13, 9), 16])
def test_coarse_pixels_are_not_negative_and_keep_the_mean(shape):
    waves = ensemble(3, (2, 3))
    fine = form_image(waves, shape=128, field_of_view=(3, 3), semiangle_cutoff=50)
    coarse = form_image(waves, shape=shape, field_of_view=(3, 3), semiangle_cutoff=50)
    assert coarse.min() >= 0
    assert coarse.mean() == pytest.approx(fine.mean(), rel=1e-5)


def test_the_image_is_the_callers_own():
    waves = ensemble(2, (2, 1))
    form_image(waves)[:] = 0
    assert form_image(waves).any()
