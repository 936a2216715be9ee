"""Rules of a threshold, what chance would count, and the methods that count cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage, stats

from hrtem_lab.sizing import SIZERS, THRESHOLDS, Conditions, cell_map, compact, size_precipitate
from hrtem_lab.sizing._thresholds import most_by_chance
from tests.sizing.crystals import CELL, PIXELS, RATE, SAMPLING, crystal, exposure, rng, size

differences = arrays(float, st.integers(1, 60), elements=st.floats(0, 1))


@given(values=differences, noise=differences)
def test_the_papers_thresholds_start_from_the_mean_noise(values, noise):
    fixed = THRESHOLDS["fixed"].rule(values, noise, RATE)
    assert fixed == pytest.approx(0.18 + noise.mean())
    rule = THRESHOLDS["paper_optimised"].rule
    threshold = rule(values, noise, RATE)
    assert threshold >= noise.mean()
    # A shift of all differences by noise shifts the threshold along.
    assert rule(values + 0.3, noise + 0.3, RATE) == pytest.approx(threshold + 0.3)
    assert rule(values, noise, 0.5) == threshold


def test_a_map_that_stands_out_more_has_a_higher_optimised_threshold():
    values, noise = np.repeat([0.0, 1.0], [90, 10]), np.zeros(10)
    rule = THRESHOLDS["paper_optimised"].rule
    thresholds = [rule(contrast * values, noise, RATE) for contrast in (0, 0.25, 0.5, 1)]
    assert 0 < thresholds[0] <= thresholds[1] <= thresholds[2] < thresholds[3] < 1


@pytest.mark.parametrize("metric", ["chi_square", "sift"])
@pytest.mark.parametrize("rate", [0.3, 0.05])
def test_the_false_alarm_rate_is_what_fresh_pristine_cells_show(metric, rate):
    reference = crystal(16)
    learnt, fresh = (
        np.concatenate([cell_map(reference, exposure(reference, 50, seed), cells=16, metric=metric).ravel()])
        for seed in (1, 2)
    )
    threshold = THRESHOLDS["false_alarm"].rule(fresh, learnt, rate)
    # Both the threshold and the share are estimates from so many cells.
    deviation = np.sqrt(2 * rate * (1 - rate) / fresh.size)
    assert abs((fresh > threshold).mean() - rate) < 3.5 * deviation
    assert (learnt > threshold).mean() <= rate


def test_otsu_divides_two_classes_between_them():
    values = rng(1).permutation(np.r_[rng(2).normal(0.1, 0.02, 200), rng(3).normal(0.6, 0.05, 40)])
    threshold = THRESHOLDS["otsu"].rule(values, np.zeros(1), RATE)
    assert (values > threshold).sum() == 40
    assert THRESHOLDS["otsu"].rule(np.full(5, 0.25), np.zeros(1), RATE) == 0.25


@given(probability=st.floats(0, 1), cells=st.integers(1, 300), rate=st.floats(1e-4, 0.5))
def test_most_by_chance_is_the_binomial_quantile(probability, cells, rate):
    most = most_by_chance(probability, cells, rate)
    chance = stats.binom(cells, probability)
    assert chance.sf(most) <= rate + 1e-9
    assert most == 0 or chance.sf(most - 1) >= rate - 1e-9


masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(mask=masks)
def test_a_compact_mask_is_one_filled_connected_part_and_stays_so(mask):
    copy = mask.copy()
    found = compact(mask)
    np.testing.assert_array_equal(mask, copy)
    labels, count = ndimage.label(mask)
    largest = max((int((labels == one).sum()) for one in range(1, count + 1)), default=0)
    if largest < 2:
        assert not found.any()
        return
    assert ndimage.label(found)[1] == 1
    _, parts = ndimage.label(np.pad(~found, 1, constant_values=True))
    assert parts == 1  # no hole
    # What was added was enclosed; what is left of the mask is its largest part.
    kept = labels[found & mask]
    assert largest in np.bincount(kept)[1:]
    assert found.sum() >= largest
    np.testing.assert_array_equal(compact(found), found)


@given(mask=masks)
def test_a_turned_mask_is_as_compact(mask):
    assert compact(np.rot90(mask)).sum() == compact(mask).sum() or ndimage.label(mask)[1] > 1


@pytest.mark.parametrize("method", THRESHOLDS)
def test_methods_with_a_threshold_count_the_cells_above_it(pristine, specimens, method):
    image = exposure(specimens[8], 50, 25)
    found = size(pristine, image, 50, method=method, metric="chi_square" if method != "fixed" else None)
    if method == "fixed":
        np.testing.assert_array_equal(found.map, cell_map(pristine, image, cells=16, metric="sift"))
    if not found.detected:
        assert method == "otsu"
        return
    np.testing.assert_array_equal(found.mask, found.map > found.threshold)
    assert np.pi / 4 * found.diameter_in_cells**2 == pytest.approx(found.mask.sum())
    assert found.low < found.diameter < found.high
    assert np.isnan(found.evidence)
    assert found.misclassified(found.mask) == 0
    assert found.misclassified(~found.mask) == 256


def test_a_compact_count_leaves_single_cells_out(pristine, specimens):
    image = exposure(specimens[6], 50, 26)
    image[:PIXELS, :PIXELS] = 0  # one dark cell in the corner
    options = {"method": "false_alarm", "dose_per_area": 50, "cells": 16, "sampling": SAMPLING}
    plain = size_precipitate(pristine, image, **options)
    joined = size_precipitate(pristine, image, **options, compact=True)
    assert plain.mask[0, 0]
    assert not joined.mask[0, 0]
    np.testing.assert_array_equal(joined.mask, compact(plain.mask))
    assert joined.diameter == pytest.approx(2 * np.sqrt(joined.mask.sum() / np.pi) * CELL)


@pytest.mark.parametrize(("dark", "found"), [(1, False), (2, True)])
def test_what_no_pristine_cell_did_is_still_not_impossible(dark, found):
    """One in 257 is all that 256 pristine cells can tell: then 1 of 64 cells may be chance, 2 may not."""
    pristine = np.tile([[0.5, 1.5], [1.5, 0.5]], (8, 8))
    image = pristine.copy()
    image[:2, : 2 * dark] = 0
    options = {"method": "fixed", "metric": "mse", "cells": 8, "dose_per_area": 1e4, "sampling": 2.5}
    result = size_precipitate(pristine, image, **options)
    assert (result.map > result.threshold).sum() == dark
    assert result.detected == found


@pytest.mark.parametrize(("above", "seen", "cells"), [(0, 256, 8), (1, 256, 8), (5, 256, 8), (1, 4, 2)])
def test_the_cell_at_hand_may_be_the_next_that_is_above(above, seen, cells):
    """Of n cells and one more, all alike, each is as likely to be among the k + 1 that stand out."""
    exposed = Conditions(
        shape=(4 * cells, 4 * cells), cells=(cells, cells), dose_per_area=50.0, sampling=1, false_alarm=RATE
    )
    sizer = SIZERS["fixed"](rng(1).random((4 * cells, 4 * cells)), exposed, metric="mse")
    sizer._pristine = np.r_[np.zeros(seen - above), np.ones(above)]
    most = int(stats.binom(cells**2, (above + 1) / (seen + 1)).ppf(1 - RATE))
    for count in (most, most + 1):
        differences = np.zeros(cells**2)
        differences[:count] = 2
        if count <= cells**2:
            assert sizer.judge(differences.reshape(cells, cells)).detected == (count > most)
