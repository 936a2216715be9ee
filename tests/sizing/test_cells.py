"""An image cut into unit cells, and the map of their differences."""

import itertools

import numpy as np
import pytest

from hrtem_lab.metrics import METRICS
from hrtem_lab.sizing import cell_map
from hrtem_lab.sizing._cells import split
from hrtem_lab.sizing._evidence.channels import POINT_OPERATIONS
from tests.sizing.crystals import PIXELS, crystal, every_metric, exposure, rng


def test_cells_are_cut_row_by_row():
    image = np.arange(6 * 8).reshape(6, 8)
    stack = split(image, (3, 2))
    assert stack.shape == (6, 2, 4)
    for row, column in itertools.product(range(3), range(2)):
        expected = image[2 * row : 2 * row + 2, 4 * column : 4 * column + 4]
        np.testing.assert_array_equal(stack[2 * row + column], expected)


def by_hand(reference, image, cells, metric):
    """The metric on every cell, with each cell's own reference."""
    rows, columns = (size // count for size, count in zip(reference.shape, cells, strict=True))
    found = np.empty(cells)
    for row, column in np.ndindex(cells):
        place = np.s_[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
        found[row, column] = METRICS[metric].function(reference[place], image[place])
    return found


@every_metric
def test_a_cell_map_is_the_metric_of_each_cell(metric):
    cells = (2, 3)
    reference = np.tile(crystal(1).astype(float), cells)  # exactly periodic
    image = exposure(reference, 300, 1)
    found = cell_map(reference, image, cells=cells, metric=metric)
    np.testing.assert_allclose(found, by_hand(reference, image, cells, metric), atol=1e-12)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, cell_map(reference, image, cells=cells, metric=METRICS[metric]))


@every_metric
def test_cells_of_a_reference_that_does_not_repeat_have_each_their_own(metric):
    cells = (2, 3)
    reference = crystal(cells) + 0.3 * rng(1).random((2 * PIXELS, 3 * PIXELS))
    image = exposure(reference, 300, 2)
    found = cell_map(reference, image, cells=cells, metric=metric)
    np.testing.assert_array_equal(found, by_hand(reference, image, cells, metric))
    assert not cell_map(reference, reference, cells=cells, metric=metric).any()


@every_metric
def test_cells_may_be_rectangles(metric):
    reference = np.tile(crystal((2, 1)).astype(float), (1, 3))  # cells of 2 × 1
    image = exposure(reference, 300, 3)
    found = cell_map(reference, image, cells=(1, 3), metric=metric)
    np.testing.assert_allclose(found, by_hand(reference, image, (1, 3), metric), atol=1e-12)


@pytest.mark.parametrize("metric", ["mse", "ssim", "chi_square"])
@pytest.mark.parametrize("turn", POINT_OPERATIONS)
def test_a_turned_image_has_a_turned_map(metric, turn):
    reference, image = crystal(3), exposure(crystal(3), 100, 4)
    found = cell_map(turn(reference), turn(image), cells=3, metric=metric)
    np.testing.assert_allclose(
        found, turn(cell_map(reference, image, cells=3, metric=metric)), atol=3e-4
    )  # the window of float32 sums, and the irfft, run along rows first


BAD_CELLS = {
    "not dividing": ({"cells": 5}, ValueError, r"cells must divide the image of \(64, 64\) pixels, got 5"),
    "one not dividing": ({"cells": (2, 3)}, ValueError, r"got \(2, 3\)"),
    "zero": ({"cells": 0}, ValueError, "cells must be at least 1, got 0"),
    "fraction": ({"cells": 2.0}, TypeError, "cells must be a whole number, got 2.0"),
    "three": ({"cells": (2, 2, 2)}, ValueError, r"one number or \(rows, columns\), got \(2, 2, 2\)"),
    "metric": ({"metric": "psnr"}, ValueError, "metric must be one of mse, .*got 'psnr'"),
    "shape": ({"image": np.ones((64, 32))}, ValueError, r"reference's shape \(64, 64\), got \(64, 32\)"),
    "NaN": ({"image": np.full((64, 64), np.nan)}, ValueError, "image must be finite"),
    "1-D": ({"reference": np.ones(64)}, ValueError, "reference must be 2-D"),
    "text": ({"reference": np.full((64, 64), "a")}, TypeError, "reference must hold real numbers"),
}


@pytest.mark.parametrize("case", BAD_CELLS)
def test_a_cell_map_refuses_with_value_and_rule(case):
    changed, error, message = BAD_CELLS[case]
    given_ = {"reference": crystal(2), "image": crystal(2), "cells": 2, "metric": "mse"} | changed
    with pytest.raises(error, match=message):
        cell_map(**given_)


@pytest.mark.parametrize("metric", ["mse", "ssim", "chi_square"])
def test_masked_cells_are_left_out(metric):
    rng = np.random.default_rng(2)
    reference, image = rng.random((64, 64)) + np.eye(64), rng.random((64, 64))
    mask = np.zeros((64, 64), bool)
    mask[:32, :32] = mask[40:42, 40:50] = True
    spoilt = np.where(mask, np.nan, image)
    found = cell_map(reference, spoilt, cells=2, metric=metric, mask=mask)
    assert np.isnan(found).tolist() == [[True, False], [False, False]]
    whole = cell_map(reference, image, cells=2, metric=metric)
    np.testing.assert_allclose(found[[0, 1], [1, 0]], whole[[0, 1], [1, 0]], rtol=1e-12)
    assert found[1, 1] != whole[1, 1]
    again = cell_map(reference, np.ma.array(spoilt, mask=mask), cells=2, metric=metric)
    np.testing.assert_array_equal(again, found)
    assert np.nanmax(cell_map(reference, reference, cells=2, metric=metric, mask=mask)) == 0
    with pytest.raises(ValueError, match="mask must have the image's shape"):
        cell_map(reference, image, cells=2, metric=metric, mask=mask[1:])
