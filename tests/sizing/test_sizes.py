"""What the methods say about images: right, repeatable, independent of place and orientation."""

import itertools
from functools import partial

import numpy as np
import pytest

from hrtem_lab.sizing import PrecipitateSizer
from hrtem_lab.sizing._evidence.channels import POINT_OPERATIONS
from tests.sizing import crystals
from tests.sizing.crystals import CELL, RATE, by_chi_square, every_method, placed, rng, truth
from tests.sizing.crystals import COARSE_PIXELS as PIXELS
from tests.sizing.crystals import COARSE_SAMPLING as SAMPLING

exposure = partial(crystals.exposure, sampling=SAMPLING)
size = partial(crystals.size, sampling=SAMPLING)


@pytest.mark.parametrize("dose", [10, 50, np.inf])
@pytest.mark.parametrize("diameter", [5, 10])
def test_spheres_are_found_wherever_they_are(sizers, series, diameter, dose):
    generator = rng([diameter, 2])
    image, move = placed(series[diameter], diameter, generator)
    found = sizers[dose](image if np.isinf(dose) else exposure(image, dose, generator))
    assert found.detected
    # On the grid a sphere is a staircase of cells, larger than its name by a part of one.
    area = 2 * np.sqrt(truth(diameter, (0, 0)).sum() / np.pi)
    assert abs(found.diameter_in_cells - area) < 0.7
    assert found.low <= area * CELL <= found.high
    # Half a cell of the diameter is half the rim in cells.
    assert found.misclassified(truth(diameter, move)) <= np.pi * diameter / 2
    assert found.evidence > np.log(1 / RATE)


@every_method
@pytest.mark.parametrize("dose", [1, 50, np.inf])
def test_pristine_crystal_is_not_detectable(series, method, dose):
    for seed in (11, 12):
        image = series[0] if np.isinf(dose) else exposure(series[0], dose, seed)
        found = size(series[0], image, dose, method=method, **by_chi_square(method))
        assert not found.detected
        assert np.isnan([found.diameter, found.low, found.high, found.diameter_in_cells]).all()
        assert found.mask.shape == found.map.shape == (16, 16)
        assert not found.mask.any()


@pytest.mark.parametrize("dose", [50, np.inf])
@pytest.mark.parametrize("method", ["fixed", "paper_optimised", "otsu"])
def test_pristine_crystal_is_not_detectable_by_sift(series, method, dose):
    image = series[0] if np.isinf(dose) else exposure(series[0], dose, 3)
    assert not size(series[0], image, dose, method=method).detected


@pytest.mark.slow
def test_the_95_percent_interval_holds_the_truth_in_9_of_10_cases(series):
    sizer = PrecipitateSizer(series[0], cells=16, dose_per_area=2, sampling=SAMPLING)
    inside = []
    for diameter, seed in itertools.product((8, 10, 12), range(10)):
        generator = rng([diameter, seed, 7])
        image, _ = placed(series[diameter], diameter, generator)
        found = sizer(exposure(image, 2, generator))
        assert found.detected
        area = 2 * np.sqrt(truth(diameter, (0, 0)).sum() / np.pi)
        inside.append(found.low <= area * CELL <= found.high)
    assert np.mean(inside) >= 0.9  # 27 of 30: fewer are 1 in 30 by chance


@pytest.mark.parametrize("move", [(2, -3), (-4, 1)])
def test_a_move_by_whole_cells_moves_the_answer(series, move):
    """Exactly for methods that count; of the sphere, `test_sphere` tells."""
    image = exposure(series[6], 50, 21)
    sizer = PrecipitateSizer(series[0], cells=16, dose_per_area=50, sampling=SAMPLING, method="false_alarm")
    first, second = sizer(image), sizer(np.roll(image, PIXELS * np.array(move), axis=(0, 1)))
    assert second.diameter == first.diameter
    assert (second.low, second.high) == (first.low, first.high)
    np.testing.assert_array_equal(second.mask, np.roll(first.mask, move, axis=(0, 1)))
    np.testing.assert_allclose(second.map, np.roll(first.map, move, axis=(0, 1)), atol=1e-3)


@pytest.mark.parametrize("turn", POINT_OPERATIONS)
def test_turned_images_show_spheres_of_the_same_size(series, turn):
    found = size(turn(series[0]), turn(exposure(series[6], 50, 23)), 50)
    assert found.diameter_in_cells == pytest.approx(2 * np.sqrt(32 / np.pi), abs=0.3)
    assert found.misclassified(turn(truth(6, (0, 0)))) <= 2


def test_a_size_depends_on_the_image_alone_not_on_the_one_before(sizers, series):
    small, large = (exposure(series[diameter], 50, diameter) for diameter in (4, 9))
    sizer = sizers[50]
    first = sizer(small)
    assert sizer(large).diameter_in_cells == pytest.approx(9, abs=0.8)
    again = sizer(small)
    assert (again.diameter, again.evidence) == (first.diameter, first.evidence)
    np.testing.assert_array_equal(again.map, first.map)


@every_method
def test_the_same_call_gives_the_same_answer(series, method):
    image = exposure(series[7], 50, 24)
    options = {"method": method, **by_chi_square(method)}
    one, other = (size(series[0], image, 50, **options) for _ in range(2))
    np.testing.assert_equal(one.diameter, other.diameter)
    assert one.threshold == other.threshold
    np.testing.assert_array_equal(one.map, other.map)


def test_images_and_cells_may_be_rectangular(series):
    cut, image = series[0][2 * PIXELS :], exposure(series[4][2 * PIXELS :], 200, 27)
    expected = truth(4, (0, 0))[2:]
    for options in ({}, {"method": "false_alarm", "compact": True}):
        found = size(cut, image, 200, cells=(14, 16), **options)
        assert found.mask.shape == (14, 16)
        assert found.misclassified(expected) <= 6  # of 12
    doubled = size(cut, image, 200, cells=(7, 16), method="false_alarm")  # two cells are one
    assert doubled.cell == pytest.approx(np.sqrt(2) * CELL)
    assert doubled.mask.shape == (7, 16)


def test_a_truth_of_another_shape_is_refused(sizers, series):
    with pytest.raises(ValueError, match=r"shape of the cells \(16, 16\), got \(4, 4\)"):
        sizers[50](series[0]).misclassified(np.zeros((4, 4), bool))
    with pytest.raises(ValueError, match=r"reference's shape \(256, 256\), got \(64, 64\)"):
        sizers[50](np.ones((64, 64)))


@every_method
def test_inputs_are_not_changed(series, method):
    reference = series[0][: 4 * PIXELS, : 4 * PIXELS].copy()
    image = exposure(reference, 50, 28)
    copies = reference.copy(), image.copy()
    for array in (reference, image):
        array.flags.writeable = False
    size(reference, image, 50, cells=4, method=method, **by_chi_square(method))
    np.testing.assert_array_equal(reference, copies[0])
    np.testing.assert_array_equal(image, copies[1])


@pytest.mark.parametrize("factor", [0.0, 1e300])
def test_what_is_no_image_gives_an_answer_without_overflow(series, factor):
    reference = series[0][: 4 * PIXELS, : 4 * PIXELS]
    found = size(reference, factor * reference.astype(float), 50, cells=4)
    assert np.isfinite(found.evidence)
    assert np.isfinite(found.map).all()


def test_a_reference_without_contrast_shows_nothing():
    found = size(np.ones((64, 64)), exposure(np.ones((64, 64)), 50, 29), 50, cells=4)
    assert not found.detected
    assert found.evidence <= 0
