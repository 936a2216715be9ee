"""Each metric against an independent way to compute it, and what it is known to do."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from hrtem_lab import metrics
from hrtem_lab.metrics import _wavelets
from hrtem_lab.simulation import form_image, load_exit_wave

quick = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def atoms():
    return form_image(load_exit_wave("nb3sn"), shape=128)


@pytest.fixture(scope="module")
def defocused():
    return form_image(load_exit_wave("nb3sn"), shape=128, defocus=-20)


def pair(seed, shape):
    rng = np.random.default_rng(seed)
    return rng.random(shape), rng.random(shape)


# --- MSE


@given(seed=seeds)
@quick
def test_mse_by_loops(seed):
    a, b = pair(seed, (5, 7))
    norm_a = sum(value**2 for value in a.flat) ** 0.5
    norm_b = sum(value**2 for value in b.flat) ** 0.5
    terms = [(x / norm_a - y / norm_b) ** 2 / 2 for x, y in zip(a.flat, b.flat, strict=True)]
    assert metrics.mse(a, b) == pytest.approx(sum(terms), rel=1e-12)
    np.testing.assert_allclose(metrics.squared_error_map(a, b).ravel() / a.size, terms, rtol=1e-9, atol=1e-15)


def test_mse_is_one_minus_the_cosine(atoms, defocused):
    a, b = atoms.astype(float).ravel(), defocused.astype(float).ravel()
    cosine = a @ b / np.sqrt((a @ a) * (b @ b))
    assert metrics.mse(atoms, defocused) == pytest.approx(1 - cosine, abs=1e-12)


def test_black_differs_from_anything_else_by_exactly_one(atoms):
    black = np.zeros_like(atoms)
    assert metrics.mse(atoms, black) == metrics.mse(black, atoms) == 1
    assert metrics.mse(black, black) == 0
    assert metrics.squared_error_map(black, black).max() == 0


def test_negative_pixels_count_as_black():
    a, b = np.array([[1.0, -5.0], [2.0, 0.0]]), np.array([[1.0, 0.0], [2.0, -1e30]])
    assert metrics.mse(a, b) == 0
    assert metrics.mse(a, -np.abs(b)) == 1


def test_white_against_a_point_of_light():
    point = np.zeros((4, 4))
    point[1, 2] = 3
    assert metrics.mse(point, np.ones((4, 4))) == pytest.approx(1 - 1 / 4)


# --- SSIM


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


# --- cw-SSIM


def cw_ssim_by_loops(a, b, levels, window, fraction):
    """Eq. 2 around every coefficient, averaged over the places and orientations of each level."""
    half = window // 2
    filters = {"levels": levels, "biort": "near_sym_b", "qshift": "qshift_b"}
    means = []
    transformed = (_wavelets.highpasses(image - image.mean(), **filters) for image in (a, b))
    for p, q in zip(*transformed, strict=True):
        out = np.zeros(p.shape)
        for band in range(6):
            cuts = [
                (slice(max(i - half, 0), i + half + 1), slice(max(j - half, 0), j + half + 1), band)
                for i, j in np.ndindex(p.shape[:2])
            ]
            constant = fraction * np.mean([(abs(p[cut]) ** 2).sum() for cut in cuts])
            for cut, place in zip(cuts, np.ndindex(p.shape[:2]), strict=True):
                common = abs((p[cut] * q[cut].conj()).sum())
                energy = (abs(p[cut]) ** 2).sum() + (abs(q[cut]) ** 2).sum()
                out[(*place, band)] = 1 - (2 * common + constant) / (energy + constant)
        means.append(out.mean())
    return np.mean(means)


@pytest.mark.parametrize(("window", "levels", "K"), [(3, 2, 0.01), (7, 1, 0.1), (5, 2, 1e-4)])
def test_cw_ssim_by_loops(window, levels, K):
    a, b = pair(3, (32, 40))
    expected = cw_ssim_by_loops(a, b, levels, window, K)
    assert metrics.cw_ssim(a, b, window=window, levels=levels, K=K) == pytest.approx(expected, abs=1e-9)


def test_cw_ssim_sees_neither_offset_nor_reversal(atoms):
    assert metrics.cw_ssim(atoms, atoms + 5) < 1e-6
    assert metrics.cw_ssim(atoms, -atoms) < 1e-6


def test_cw_ssim_of_constant_images(atoms):
    white, black = np.ones((32, 32)), np.zeros((32, 32))
    assert (
        metrics.cw_ssim(white, white) == metrics.cw_ssim(white, black) == metrics.cw_ssim(black, white) == 0
    )
    assert metrics.cw_ssim(atoms, 0 * atoms) == pytest.approx(
        metrics.cw_ssim(atoms, 0 * atoms + 3), abs=1e-12
    )
    assert metrics.cw_ssim(atoms, 0 * atoms, K=1e-6) > 0.999


def test_cw_ssim_counts_only_subbands_that_hold_something():
    """Level fringes fill a third of the orientations; the empty two thirds are no likeness."""
    fringes = np.tile(np.cos(np.arange(64.0)), (64, 1))
    assert metrics.cw_ssim(fringes, 0 * fringes) > 0.98
    assert metrics.cw_ssim(fringes, fringes.T) > 0.98


def test_rounding_does_not_fill_empty_bands():
    x = np.mgrid[:64, :64][1]
    smooth = 100 + np.cos(2 * np.pi * x / 64)
    ripple = np.random.default_rng(0).normal(scale=1e-9, size=smooth.shape)
    assert metrics.cw_ssim(smooth, smooth + ripple) < 1e-3


@pytest.mark.parametrize("shape", [(13, 13), (14, 200), (33, 47), (100, 27), (128, 128), (129, 64)])
def test_cw_ssim_of_any_size(shape):
    a, b = pair(1, shape)
    difference = metrics.cw_ssim_map(a, b)
    assert difference.shape == shape
    assert difference.mean() == pytest.approx(metrics.cw_ssim(a, b), abs=1e-12)


def test_subbands_average_to_the_value(atoms, defocused):
    prepared = metrics.METRICS["cw_ssim"].prepare(atoms)
    bands = prepared.subbands(defocused)
    assert [band.shape for band in bands] == [(64, 64, 6), (32, 32, 6), (16, 16, 6), (8, 8, 6)]
    assert np.mean([band.mean() for band in bands]) == pytest.approx(prepared(defocused), abs=1e-6)


def test_cw_ssim_sees_a_change_where_it_is(atoms):
    image = atoms.copy()
    image[:32, :32] = image[:32, :32].T[::-1] + np.random.default_rng(0).normal(size=(32, 32))
    difference = metrics.cw_ssim_map(atoms, image)
    assert difference[:32, :32].mean() > 10 * difference[96:, 96:].mean()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 6}, "window must be odd, got 6"),
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"window": 41}, r"at least 81 pixels high and wide for window=41, got shape \(64, 80\)"),
        ({"levels": 0}, "levels must be at least 1"),
        ({"levels": 4}, r"levels must be at most 3 for shape \(64, 80\) and window=7, got 4"),
        ({"K": 0}, "K must be positive"),
        ({"biort": "haar"}, "biort must be one of antonini, .*, got 'haar'"),
        ({"qshift": "near_sym_b"}, "qshift must be one of qshift_06"),
    ],
)
def test_cw_ssim_refuses_bad_options(options, message):
    a, b = pair(0, (64, 80))
    with pytest.raises(ValueError, match=message):
        metrics.cw_ssim(a, b, **options)


def test_cw_ssim_refuses_an_image_smaller_than_its_window():
    a, b = pair(0, (12, 40))
    with pytest.raises(
        ValueError, match=r"at least 13 pixels high and wide for window=7, got shape \(12, 40\)"
    ):
        metrics.cw_ssim(a, b)


# --- SIFT


def grey(image, reference):
    low, high = float(reference.min()), float(reference.max())
    return np.clip(np.rint((image.astype(float) - low) * 255 / (high - low)), 0, 255).astype(np.uint8)


def test_sift_is_the_distance_of_opencvs_descriptors(atoms, defocused):
    detector = cv2.SIFT_create(contrastThreshold=0.01)
    keypoints = detector.detect(grey(atoms, atoms), None)
    (_, first), (_, second) = (detector.compute(grey(i, atoms), keypoints) for i in (atoms, defocused))
    expected = [
        np.linalg.norm(d / np.linalg.norm(d) - e / np.linalg.norm(e)) / np.sqrt(2)
        for d, e in zip(first.astype(float), second.astype(float), strict=True)
    ]
    table = metrics.sift_keypoints(atoms, defocused)
    np.testing.assert_allclose(table["difference"], expected, atol=1e-12)
    assert metrics.sift(atoms, defocused) == pytest.approx(np.mean(expected), abs=1e-12)
    np.testing.assert_array_equal(table["x"], [k.pt[0] for k in keypoints])
    np.testing.assert_array_equal(table["y"], [k.pt[1] for k in keypoints])
    np.testing.assert_array_equal(table["size"], [k.size for k in keypoints])
    np.testing.assert_array_equal(table["angle"], [k.angle for k in keypoints])


def test_octaves_are_those_of_the_pyramid(atoms):
    table = metrics.sift_keypoints(atoms, atoms)
    assert table["octave"].min() >= -1
    assert table["octave"].max() <= np.log2(128)
    # Each octave holds the sizes from one to the next power of two, give or take a layer.
    relative = table["size"] / 2.0 ** table["octave"]
    assert relative.max() / relative.min() < 4


def test_keypoints_of_coarse_features_only_compare_equal_with_themselves():
    """OpenCV's detectAndCompute() and compute() describe these differently: one serves for both images."""
    y, x = np.mgrid[:128, :128]
    coarse = np.cos(x / 6) * np.cos(y / 6)
    assert metrics.sift_keypoints(coarse, coarse)["octave"].min() >= 0
    both = cv2.SIFT_create(contrastThreshold=0.01)
    keypoints, detected = both.detectAndCompute(grey(coarse, coarse), None)
    assert np.abs(detected - both.compute(grey(coarse, coarse), keypoints)[1]).max() > 1
    assert metrics.sift(coarse, coarse) == 0


@pytest.mark.parametrize("level", [0.0, 0.5, 1e9, -3.0])
def test_sift_of_an_image_without_gradients(atoms, level):
    flat = np.full_like(atoms, level)
    assert metrics.sift(atoms, flat) == pytest.approx(1 / np.sqrt(2), abs=1e-12)
    assert metrics.sift_keypoints(atoms, flat)["difference"] == pytest.approx(1 / np.sqrt(2))


def test_one_grey_scale_for_both_images(atoms):
    """An image beyond the reference's range is limited to it, not stretched."""
    limited = np.clip(3 * atoms, atoms.min(), atoms.max())
    assert metrics.sift(atoms, 3 * atoms) == metrics.sift(atoms, limited)


def test_sift_map_paints_each_keypoint_and_nothing_else(atoms, defocused):
    table = metrics.sift_keypoints(atoms, defocused)
    painted = metrics.sift_map(atoms, defocused)
    total, count = np.zeros(atoms.shape), np.zeros(atoms.shape)
    for row, column in np.ndindex(atoms.shape):
        distance = np.hypot(table["x"] - column, table["y"] - row)
        covering = table["difference"][distance <= np.maximum(table["size"] / 2, 1)]
        total[row, column], count[row, column] = covering.sum(), covering.size
    np.testing.assert_array_equal(np.isnan(painted), count == 0)
    covered = count > 0
    np.testing.assert_allclose(painted[covered], total[covered] / count[covered], atol=1e-12)


def test_prepared_descriptors_give_the_differences(atoms, defocused):
    prepared = metrics.METRICS["sift"].prepare(atoms)
    first, second = prepared.descriptors(atoms), prepared.descriptors(defocused)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1)
    angles = np.arccos(np.clip((first * second).sum(axis=1), -1, 1))
    expected = np.sqrt(2) * np.sin(angles / 2)  # the chord between two unit vectors, by √2
    np.testing.assert_allclose(prepared.keypoints(defocused)["difference"], expected, atol=1e-7)
    assert not prepared.descriptors(np.zeros_like(atoms)).any()


def test_prepared_keypoints_are_fresh_each_time(atoms, defocused):
    prepared = metrics.METRICS["sift"].prepare(atoms)
    first = prepared.keypoints(defocused)
    assert prepared.keypoints(atoms)["difference"].max() == 0
    np.testing.assert_array_equal(first, metrics.sift_keypoints(atoms, defocused))


def test_a_higher_contrast_threshold_keeps_fewer_keypoints(atoms):
    counts = [
        metrics.sift_keypoints(atoms, atoms, contrast_threshold=value).size
        for value in (0.005, 0.01, 0.04, 0.08)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < counts[0]


@pytest.mark.parametrize("reference", [np.zeros((32, 32)), np.ones((64, 20)), np.eye(4)])
def test_a_reference_without_features_is_refused(reference):
    with pytest.raises(
        ValueError, match=r"reference must have SIFT features, got none .*contrast_threshold=0.01"
    ):
        metrics.sift(reference, reference)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"contrast_threshold": -0.1}, ValueError),
        ({"edge_threshold": 0}, ValueError),
        ({"octave_layers": 2.5}, TypeError),
        ({"sigma": -1.6}, ValueError),
    ],
)
def test_sift_refuses_bad_options(atoms, options, error):
    with pytest.raises(error, match="must"):
        metrics.sift(atoms, atoms, **options)
