"""Laws of masked pixels, for every metric of the table: left out, whatever they hold."""

import numpy as np
import pytest

from hrtem_lab.metrics import METRICS, prepare, reduced_chi_square, sift_keypoints
from tests.laws.images import GOOD, every_metric, lattice, other

SHAPES = {
    "a pixel": (slice(12, 13), slice(20, 21)),
    "a column": (slice(None), slice(20, 21)),
    "an edge": (slice(0, 12), slice(None)),
    "a beam stop": (slice(15, 40), slice(18, 24)),
}
JUNK = (0.0, -1e3, 1e300, np.nan, np.inf)


def mask_at(where):
    mask = np.zeros(GOOD.shape, bool)
    mask[where] = True
    return mask


@every_metric
@pytest.mark.parametrize("where", SHAPES.values(), ids=SHAPES.keys())
def test_what_lies_under_a_mask_has_no_influence(metric, where):
    mask = mask_at(where)
    image = other(9, "shifted", GOOD)
    value, shown = metric(GOOD, image, mask=mask), metric.map(GOOD, image, mask=mask)
    assert 0 < value <= 1
    assert np.isnan(shown[mask]).all()
    assert np.nanmin(shown) >= 0
    if metric.map_averages:
        assert not np.isnan(shown[~mask]).any()
        assert np.nanmean(shown) == pytest.approx(value, abs=1e-12)
    for junk in JUNK:
        spoilt, bad = np.where(mask, junk, GOOD), np.where(mask, -junk, image)
        assert metric(spoilt, bad, mask=mask) == value
        np.testing.assert_array_equal(metric.map(spoilt, bad, mask=mask), shown)
        assert metric(spoilt, GOOD, mask=mask) == 0
        prepared = metric.prepare(spoilt, mask=mask)
        assert prepared(bad) == value
        np.testing.assert_array_equal(prepared.many([bad, spoilt, image]), [value, 0, value])


@every_metric
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_images_differ_by_zero_beside_a_mask(metric, dtype):
    image = lattice(4).astype(dtype)
    mask = np.random.default_rng(1).random(image.shape) < 0.2
    junk = np.where(mask, np.float32(1e30), image)
    assert metric(image, junk, mask=mask) == 0
    assert np.nanmax(metric.map(image, junk, mask=mask)) == 0


@every_metric
def test_masked_arrays_are_left_out_like_a_mask(metric):
    image = other(3, "lattice", GOOD)
    mine, yours, more = (mask_at(where) for where in list(SHAPES.values())[:3])
    value = metric(GOOD, image, mask=mine | yours | more)
    first = np.ma.array(np.where(mine, 1e6, GOOD), mask=mine)
    second = np.ma.array(np.where(yours, np.nan, image), mask=yours)
    assert metric(first, second, mask=more) == value
    assert np.isnan(metric.map(first, second, mask=more))[mine | yours | more].all()
    prepared = metric.prepare(first, mask=yours | more)
    assert prepared(second) == value
    assert prepared.many(np.ma.stack([second, second]))[1] == prepared.many([second, second])[0] == value
    assert prepare(first, [metric], mask=yours | more)[metric.key](second) == value


@every_metric
def test_nothing_masked_changes_nothing(metric):
    image = other(3, "lattice", GOOD)
    for mask in (None, np.ma.nomask, np.zeros(GOOD.shape, bool), np.zeros(GOOD.shape, bool).tolist()):
        assert metric(np.ma.array(GOOD), image, mask=mask) == metric(GOOD, image)
    assert not np.isnan(metric.map(GOOD, np.ma.array(image, mask=False))).all()


@every_metric
def test_a_mask_that_cannot_be_meant_is_refused(metric):
    for mask, error, rule in (
        (
            np.zeros((40, 44), bool),
            ValueError,
            r"mask must have the image's shape \(40, 45\), got \(40, 44\)",
        ),
        (np.zeros(GOOD.shape, int), TypeError, "mask must hold booleans, True where .* got dtype int64"),
        (np.ones(GOOD.shape, bool), ValueError, "mask must leave at least one pixel, got all 1800 masked"),
    ):
        for call in (metric.function, metric.map):
            with pytest.raises(error, match=rule):
                call(GOOD, GOOD, mask=mask)
        with pytest.raises(error, match=rule):
            metric.prepare(GOOD, mask=mask)


@every_metric
def test_an_image_with_more_masked_than_its_comparison_is_refused(metric):
    image = np.ma.array(GOOD, mask=mask_at(SHAPES["a column"]))
    rule = "no masked pixel that the reference was not prepared to leave out, got {}: prepare it with mask="
    with pytest.raises(ValueError, match="image must have " + rule.format(40)):
        metric.prepare(GOOD)(image)
    narrow = metric.prepare(GOOD, mask=mask_at(SHAPES["an edge"]))
    with pytest.raises(ValueError, match="image must have " + rule.format(28)):
        narrow.map(image)
    with pytest.raises(ValueError, match="images must have " + rule.format(28)):
        narrow.many([GOOD, image])
    with pytest.raises(ValueError, match="image must be finite"):
        narrow(np.where(mask_at(SHAPES["a beam stop"]), np.nan, GOOD))


def test_keypoints_and_reduced_chi_square_take_a_mask():
    mask = mask_at(SHAPES["a beam stop"])
    image, spoilt = lattice(8), np.where(mask, np.nan, lattice(8))
    found = sift_keypoints(GOOD, spoilt, mask=mask)
    assert found["difference"].mean() == METRICS["sift"](GOOD, image, mask=mask)
    assert 0 < len(found) < len(sift_keypoints(GOOD, image))
    counts = np.random.default_rng(0).poisson(25 * np.ones((128, 128))) / 25
    stop = np.zeros(counts.shape, bool)
    stop[40:, 50:70] = True
    counts[stop] = np.nan
    dose = {"dose_per_area": 25, "sampling": 1, "cutoff": 0.25, "mask": stop}
    assert reduced_chi_square(np.ones((128, 128)), counts, **dose) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("where", SHAPES.values(), ids=SHAPES.keys())
def test_at_most_a_quarter_of_a_keypoints_disc_is_left_out(where):
    mask = mask_at(where)
    y, x = np.indices(mask.shape)
    found = sift_keypoints(GOOD, GOOD, mask=mask)
    discs = [np.hypot(x - one["x"], y - one["y"]) <= max(one["size"] / 2, 1) for one in found]
    assert max(mask[disc].mean() for disc in discs) <= 0.25
    assert len(discs) > 0
