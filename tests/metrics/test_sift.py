"""SIFT against an independent way to compute it, and what it is known to do."""

import cv2
import numpy as np
import pytest

from hrtem_lab import metrics


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
