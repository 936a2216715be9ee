"""SSIM against an independent way to compute it, and what it is known to do."""

import numpy as np
import pytest
from hypothesis import given
from skimage.metrics import structural_similarity

from hrtem_lab import metrics
from tests.metrics.pairs import pair, quick, seeds


def ssim_by_loops(a, b, weights, data_range):
    """Eq. 1 at every point, the window cut at the border."""
    half = np.array(weights.shape) // 2
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    out = np.zeros(a.shape)
    for row, column in np.ndindex(a.shape):
        points = []
        for i, j in np.ndindex(weights.shape):
            y, x = row + i - half[0], column + j - half[1]
            if weights[i, j] > 0 and 0 <= y < a.shape[0] and 0 <= x < a.shape[1]:
                points.append((weights[i, j], a[y, x], b[y, x]))
        w, p, q = np.array(points).T
        w = w / w.sum()
        mean_p, mean_q = (w * p).sum(), (w * q).sum()
        variance_p, variance_q = (w * (p - mean_p) ** 2).sum(), (w * (q - mean_q) ** 2).sum()
        covariance = (w * (p - mean_p) * (q - mean_q)).sum()
        numerator = (2 * mean_p * mean_q + c1) * (2 * covariance + c2)
        denominator = (mean_p**2 + mean_q**2 + c1) * (variance_p + variance_q + c2)
        out[row, column] = 0.5 - numerator / (2 * denominator)
    return out


@pytest.mark.parametrize(("radius", "shape"), [(1, (13, 16)), (2.3, (13, 16)), (3, (7, 8)), (3, (140, 8))])
def test_ssim_by_loops_over_a_disc(radius, shape):
    a, b = pair(0, shape)
    y, x = np.mgrid[-3:4, -3:4]
    expected = ssim_by_loops(a, b, (np.hypot(x, y) <= radius).astype(float), np.ptp(a))
    np.testing.assert_allclose(metrics.ssim_map(a, b, radius=radius), expected, atol=1e-12)
    assert metrics.ssim(a, b, radius=radius) == pytest.approx(expected.mean(), abs=1e-12)


@given(seed=seeds)
@quick
def test_ssim_by_loops_over_any_weights(seed):
    a, b = pair(seed, (9, 11))
    weights = np.random.default_rng([seed, 1]).random((3, 5))
    expected = ssim_by_loops(a, b, weights, 0.7)
    np.testing.assert_allclose(metrics.ssim_map(a, b, window=weights, data_range=0.7), expected, atol=1e-12)


@pytest.mark.parametrize("size", [7, 9, 13])
def test_ssim_of_scikit_image(atoms, defocused, size):
    a, b = atoms.astype(float), defocused.astype(float)
    options = {"win_size": size, "data_range": np.ptp(a), "use_sample_covariance": False}
    value, index = structural_similarity(a, b, full=True, **options)
    difference = metrics.ssim_map(a, b, window=np.ones((size, size)))
    inside = (slice(size // 2, -(size // 2)),) * 2
    np.testing.assert_allclose(difference[inside], 0.5 - index[inside] / 2, atol=1e-10)
    assert difference[inside].mean() == pytest.approx(0.5 - value / 2, abs=1e-10)


def test_faint_structure_on_a_bright_background_keeps_its_digits(atoms, defocused):
    contrast = {"K1": 1e-9, "data_range": np.ptp(atoms.astype(float))}
    offset = 1e6
    dim = metrics.ssim_map(offset + atoms.astype(float), offset + defocused.astype(float), **contrast)
    y, x = np.mgrid[-5:6, -5:6]
    rows = slice(40, 60)
    a, b = (image.astype(float)[rows, rows] for image in (atoms, defocused))
    structure = ssim_by_loops(a + 1e3, b + 1e3, (np.hypot(x, y) <= 5).astype(float), contrast["data_range"])
    np.testing.assert_allclose(dim[45:55, 45:55], structure[5:15, 5:15], atol=1e-5)


@given(seed=seeds)
@quick
def test_ssim_is_symmetric_for_a_given_range(seed):
    a, b = pair(seed, (16, 16))
    assert metrics.ssim(a, 3 * b, data_range=1) == pytest.approx(
        metrics.ssim(3 * b, a, data_range=1), abs=1e-12
    )


def test_ssim_of_constant_images_compares_their_brightness():
    ones = np.ones((16, 16))
    assert metrics.ssim(ones, ones) == 0
    assert metrics.ssim(0 * ones, 0 * ones) == 0
    c1 = 0.01**2
    assert metrics.ssim(ones, 2 * ones) == pytest.approx(0.5 - (4 + c1) / (2 * (5 + c1)))
    assert metrics.ssim(0 * ones, ones) == pytest.approx(0.5 - c1 / (2 * (1 + c1)))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"radius": 0}, ValueError, "radius must be positive, got 0"),
        ({"radius": "5"}, TypeError, "radius must be a real number"),
        ({"radius": 8}, ValueError, r"as large as the window \(17, 17\), got shape \(16, 20\)"),
        ({"window": np.ones((3, 4))}, ValueError, r"odd sides, got shape \(3, 4\)"),
        ({"window": -np.eye(3)}, ValueError, "no negative weight, got -1"),
        ({"window": 1 - np.eye(3)}, ValueError, "central pixel"),
        ({"window": np.ones(3)}, ValueError, "window must be 2-D"),
        ({"window": np.ones((3, 21))}, ValueError, "as large as the window"),
        ({"data_range": 0}, ValueError, "data_range must be positive"),
        ({"K1": 0}, ValueError, "K1 must be positive"),
        ({"K2": np.nan}, ValueError, "K2 must be finite"),
    ],
)
def test_ssim_refuses_bad_options(options, error, message):
    a, b = pair(0, (16, 20))
    with pytest.raises(error, match=message):
        metrics.ssim(a, b, **options)


@pytest.mark.parametrize("unit", [1e-100, 3.0, 1e100])
def test_only_the_shape_of_a_window_counts(atoms, defocused, unit):
    window = np.array([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    expected = metrics.ssim(atoms, defocused, window=window)
    assert metrics.ssim(atoms, defocused, window=unit * window) == pytest.approx(expected, rel=1e-5)
