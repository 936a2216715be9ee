"""Dead, hot and X-ray pixels: found where they are, nowhere else, and no metric is blinded by one."""

import warnings

import numpy as np
import pytest

from hrtem_lab import metrics
from hrtem_lab.metrics import METRICS, OutlierWarning, outliers
from hrtem_lab.noise import shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave

ROBUST = ("ssim", "cw_ssim", "sift")
SAMPLING = 4 * 5.275 / 128


@pytest.fixture(scope="module")
def zirconia():
    return form_image(load_exit_wave("zro2"), shape=128)


@pytest.fixture(scope="module", params=ROBUST)
def robust(request, atoms, zirconia):
    metric = METRICS[request.param]
    return metric, metric(zirconia, atoms)


@pytest.mark.parametrize("wave", ["nb3sn", "zro2", "precipitate-06"])
@pytest.mark.parametrize("sampling", [0.05, 0.165, 0.35])
def test_clean_and_low_dose_images_have_none(wave, sampling):
    period = {} if wave == "precipitate-06" else {"field_of_view": 256 * sampling}
    image = np.maximum(form_image(load_exit_wave(wave), shape=256, **period), 0)
    assert not outliers(image).any()
    rng = np.random.default_rng(7)
    for dose in (1, 10, 100, 1e4):
        exposure = shot_noise(image, dose_per_area=dose, sampling=sampling, rng=rng)
        noisy = exposure + rng.normal(0, 0.3 / (dose * sampling**2), exposure.shape)
        counts = np.rint(exposure * dose * sampling**2).astype(np.int32)
        assert sum(outliers(one).sum() for one in (exposure, noisy, counts)) <= 1


@pytest.mark.parametrize("mean", [0.0016, 0.01, 0.03, 0.3, 3])
def test_an_empty_field_has_none(mean):
    assert outliers(np.random.default_rng(3).poisson(mean, (512, 512))).sum() <= 1


def test_legal_structure_is_none():
    y, x = np.mgrid[:64, :64]
    radius = (y - 30.3) ** 2 + (x - 31) ** 2
    for image in (
        np.eye(64),
        (y + x) % 2,
        x % 2,
        (y % 7 == 0) & (x % 7 == 0),
        1 + ((y % 16 == 0) & (x % 16 == 0)),
        radius == radius.min(),
        np.ones((64, 64)),
        *(
            1 + height * np.exp(-radius / (0.36 * width**2))
            for width in (1.6, 2, 2.4, 4)
            for height in (1, -0.7)
        ),
        1 + np.exp(-((y - 30) ** 2) / (2 * 0.7**2) - (x - 31) ** 2 / (2 * 1.5**2)),
        np.rint(20 * np.cos(x / 20) * np.cos(y / 20)),
        [[1.0, 1e6]],
        np.eye(4),
    ):
        assert not outliers(image).any()


@pytest.mark.parametrize("turned", range(4))
def test_they_are_found_in_any_unit_and_orientation(zirconia, turned):
    places = [(0, 0), (0, 5), (1, 1), (64, 64), (127, 127), (90, 20), (90, 21)]
    image, truth = zirconia.copy(), np.zeros(zirconia.shape, bool)
    for place, value in zip(places, (0, 30, 1e6, -1e3, 9, 50, 60), strict=True):
        image[place], truth[place] = value, True
    for unit in (1, 1e-30, 1e30):
        np.testing.assert_array_equal(
            outliers(np.rot90(image * np.float64(unit), turned)), np.rot90(truth, turned)
        )
    assert outliers(np.where(truth, 65535, 1e4 * zirconia).astype(np.uint16)).sum() == len(places)


def test_groups_are_found_from_their_rim(zirconia):
    for group in ([(0, 0), (0, 1)], [(0, 0), (0, 1), (0, 2)], [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]):
        image, truth = zirconia.copy(), np.zeros(zirconia.shape, bool)
        for down, right in group:
            truth[40 + down, 70 + right] = True
        image[truth] = 1e3
        np.testing.assert_array_equal(outliers(image), truth)


@pytest.mark.parametrize("place", [(64, 64), (0, 1)])
def test_one_pixel_does_not_blind(robust, atoms, zirconia, place):
    metric, clean = robust
    for change in (1e1, 1e6, 1e300, -1e3, -zirconia[place]):
        reference, image = zirconia.astype(float), atoms.astype(float)
        reference[place] += change
        image[place] += change
        assert metric(reference, atoms) == pytest.approx(clean, abs=0.05)
        assert metric(zirconia, image) == pytest.approx(clean, abs=0.05)
        assert metric(reference, reference) == 0
    prepared, atoms = metric.prepare(reference), atoms.astype(float)
    np.testing.assert_array_equal(prepared.many([image, atoms]), [prepared(image), prepared(atoms)])


@pytest.mark.parametrize("key", METRICS)
@pytest.mark.parametrize("dose", [None, 100])
def test_a_hundred_bad_pixels_are_left_out(key, dose, atoms, zirconia):
    metric, rng = METRICS[key], np.random.default_rng(5)
    reference, image = zirconia.astype(float), atoms.astype(float)
    if dose:
        image = shot_noise(image, dose_per_area=dose, sampling=SAMPLING, rng=rng)
    clean = metric(reference, image)
    for value in (0.0, 1e3, 10.0 * image.max()):
        bad = image.copy()
        bad.flat[rng.choice(bad.size, 100, replace=False)] = value
        assert metric(reference, bad, mask=outliers(bad)) == pytest.approx(clean, abs=0.05)
    worse = reference.copy()
    worse.flat[rng.choice(worse.size, 50, replace=False)] = 1e3
    assert metric(worse, bad, mask=outliers(worse) | outliers(bad)) == pytest.approx(clean, abs=0.05)


@pytest.mark.parametrize("key", ["mse", "chi_square"])
def test_sums_of_squares_warn_and_name_the_way_out(key, atoms, zirconia):
    metric, bad = METRICS[key], zirconia.copy()
    bad[3, 5] = bad[60, 60] = 1e3
    rule = (
        r"{0} has 2 dead or hot pixels with 100% .* \(row, column\) \(3, 5\), \(60, 60\): .*outliers\({0}\)"
    )
    with pytest.warns(OutlierWarning, match=rule.format("reference")):
        metric(bad, atoms)
    with pytest.warns(OutlierWarning, match=rule.format("image")):
        metric.map(atoms, bad)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metric(bad, atoms, mask=outliers(bad))
        metric(atoms, shot_noise(atoms, dose_per_area=1, sampling=SAMPLING, rng=1))


@pytest.mark.parametrize("key", ["mse", "chi_square"])
def test_a_hundredth_of_the_sum_of_squares_is_worth_a_warning(key, zirconia):
    for share, told in ((0.007, 0), (0.013, 1), (0.2, 1)):
        bad = zirconia.astype(float)
        bad[60, 60] = 0
        bad[60, 60] = np.sqrt(share / (1 - share) * np.square(np.maximum(bad, 0)).sum())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            METRICS[key](zirconia, bad)
        assert [one.category for one in caught] == [OutlierWarning] * told


def test_reduced_chi_square_warns_too(zirconia):
    bad = zirconia.copy()
    bad[3, 5] = 1e3
    with pytest.warns(OutlierWarning, match=r"image has 1 dead or hot pixel .* \(3, 5\): leave"):
        metrics.reduced_chi_square(zirconia, bad, dose_per_area=100, sampling=SAMPLING)


def test_masked_arrays_are_refused():
    with pytest.raises(ValueError, match="image must have no masked pixels, got 1 of 25"):
        outliers(np.ma.array(np.ones((5, 5)), mask=np.eye(5) * np.eye(5)[0] > 0))
