"""SIFT against an independent way to compute it, and what it is known to do."""

import cv2
import numpy as np
import pytest

from hrtem_lab import metrics
from hrtem_lab.metrics.sift import _keypoints
from hrtem_lab.simulation import form_image, load_exit_wave


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
    keypoints = cv2.SIFT_create(contrastThreshold=0.01).detect(grey(atoms, atoms), None)
    signed = np.array([k.octave & 255 for k in keypoints], np.uint8).view(np.int8)
    np.testing.assert_array_equal(table["octave"], signed)
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


@pytest.fixture
def tiles(monkeypatch):
    """Images of more than 256 × 256 px are large: they get tiles of 128 × 128 px."""
    monkeypatch.setattr(_keypoints, "WHOLE", 256**2)
    monkeypatch.setattr(_keypoints, "MAGNIFIED", 4 * 256**2)
    monkeypatch.setattr(_keypoints, "TILE", 128)


def frame(rows, columns, *, cell=27.3, **options):
    """Nb₃Sn with `cell` pixels to the unit cell, on a camera of any shape."""
    wave = load_exit_wave("nb3sn")
    pixel = wave.field_of_view[0] / 4 / cell
    return form_image(wave, shape=(rows, columns), field_of_view=(rows * pixel, columns * pixel), **options)


def heterogeneous(rows, columns, **options):
    """Half vacuum, a grain boundary, a broad shadow and noise, at no multiple of a unit cell."""
    image = frame(rows, columns, **options)
    image[:, columns // 2 :] = frame(rows, columns, rotation=17, **options)[:, columns // 2 :]
    image[:, 4 * columns // 5 :] = 1
    y, x = np.mgrid[:rows, :columns]
    image *= 1 - 0.7 * np.exp(-((x - columns / 3) ** 2 + (y - rows / 2) ** 2) / (2 * (rows / 12) ** 2))
    return image + np.random.default_rng(1).normal(0, 0.15, image.shape)


def bare_opencv(reference, image):
    """All keypoints of the whole image, and their differences."""
    detector = cv2.SIFT_create(contrastThreshold=0.01)
    keypoints = detector.detect(grey(reference, reference), None)
    first, second = (
        detector.compute(grey(each, reference), keypoints)[1].astype(float) for each in (reference, image)
    )
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second /= np.maximum(np.linalg.norm(second, axis=1, keepdims=True), 1e-9)
    return keypoints, np.linalg.norm(first - second, axis=1) / np.sqrt(2)


class TestALargeImage:
    @pytest.mark.parametrize("shape", [(260, 290)])
    @pytest.mark.parametrize("specimen", [frame, heterogeneous])
    def test_tiles_find_what_the_whole_image_holds(self, tiles, specimen, shape):
        reference, image = specimen(*shape), specimen(*shape, defocus=-20, shift=0.3)
        keypoints, differences = bare_opencv(reference, image)
        table = metrics.sift_keypoints(reference, image)
        expected = np.array([(*k.pt, k.size, k.angle) for k in keypoints])
        found = np.array(table[["x", "y", "size", "angle"]].tolist())
        apart = np.abs(found[:, None] - expected).max(axis=-1)[found[:, 2] < 24]
        # Rounding decides about the odd one.
        assert (apart.min(axis=1) < 0.1).mean() > 0.995
        assert abs(len(table) - len(keypoints)) <= 0.01 * len(keypoints)
        assert metrics.sift(reference, image) == pytest.approx(differences.mean(), abs=2e-3)

    def test_a_magnified_crystal_is_seen_whole(self, tiles):
        reference, image = frame(270, 270, cell=128), frame(270, 270, cell=128, defocus=20)
        keypoints, differences = bare_opencv(reference, image)
        np.testing.assert_array_equal(
            metrics.sift_keypoints(reference, image)["size"], [k.size for k in keypoints]
        )
        assert metrics.sift(reference, image) == pytest.approx(differences.mean(), abs=1e-12)

    @pytest.mark.parametrize("options", [{"shift": 0.5}, {"rotation": 3}])
    def test_coarse_keypoints_are_those_of_the_reduced_image(self, tiles, monkeypatch, options):
        monkeypatch.setattr(_keypoints, "MAGNIFIED", 0)
        reference, image = frame(300, 300, cell=64), frame(300, 300, cell=64, **options)
        keypoints, differences = bare_opencv(reference, image)
        table = metrics.sift_keypoints(reference, image)
        coarse, all_sizes = table[table["size"] > 24], np.array([k.size for k in keypoints])
        places = np.array([k.pt for k in keypoints])[all_sizes > 24]
        assert abs(len(coarse) - len(places)) <= 0.05 * len(places)
        distances = np.hypot(*(np.array([coarse["x"], coarse["y"]])[:, :, None] - places.T[:, None]))
        assert np.median(distances.min(axis=1)) < 0.1
        assert table["difference"].mean() == pytest.approx(differences.mean(), abs=0.01)

    def test_the_sample_is_even_and_always_the_same(self, tiles, monkeypatch):
        reference, image = frame(300, 420), frame(300, 420, defocus=-20)
        image[:, :100] = 0  # one region differs much more
        everywhere = metrics.sift_keypoints(reference, image)
        monkeypatch.setattr(_keypoints, "MOST_KEYPOINTS", len(everywhere) // 5)
        table = metrics.sift_keypoints(reference, image)
        assert len(table) == pytest.approx(len(everywhere) / 5, rel=0.01)
        assert set(table.tolist()) < set(everywhere.tolist())
        np.testing.assert_array_equal(table, metrics.sift_keypoints(reference, image))
        for which in (lambda t: t["x"] < 100, lambda t: t["y"] > 150, lambda t: t["octave"] == -1):
            assert which(table).mean() == pytest.approx(which(everywhere).mean(), abs=0.02)
        assert table["difference"].mean() == pytest.approx(everywhere["difference"].mean(), abs=0.01)

    def test_every_way_to_ask_gives_the_same(self, tiles, monkeypatch):
        monkeypatch.setattr(_keypoints, "MOST_KEYPOINTS", 400)
        reference = frame(300, 300)
        reference[:, 200:] = 1
        images = [reference, frame(300, 300, defocus=-20)]
        prepared = metrics.METRICS["sift"].prepare(reference)
        assert prepared.many(images).tolist() == [prepared(image) for image in images]
        assert prepared(images[0]) == 0
        table = prepared.keypoints(images[1])
        assert table["difference"].mean() == pytest.approx(metrics.sift(reference, images[1]))
        assert prepared.descriptors(images[1]).shape == (len(table), 128)
        painted = prepared.map(images[1])
        assert np.isnan(painted[:, 260:]).all()
        row, column = np.rint([table["y"][0], table["x"][0]]).astype(int)
        assert not np.isnan(painted[row, column])

    @pytest.mark.parametrize("reference", [np.ones((300, 300)), np.zeros((3, 30000))])
    def test_without_features_it_is_refused(self, tiles, reference):
        with pytest.raises(ValueError, match="must have SIFT features"):
            metrics.sift(reference, reference)

    @pytest.mark.slow
    def test_a_camera_frame_is_within_two_hundredths_of_all_its_keypoints(self):
        reference, image = heterogeneous(1500, 1400), heterogeneous(1500, 1400, defocus=-20)
        _, differences = bare_opencv(reference, image)
        table = metrics.sift_keypoints(reference, image)
        assert len(table) <= 66_000
        assert table["difference"].mean() == pytest.approx(differences.mean(), abs=0.002)

    @pytest.mark.parametrize("shape", [(1025, 1024), (4096, 4096), (700, 9000), (3, 10**6), (5000, 513)])
    def test_each_pixel_has_one_tile_and_no_view_is_large(self, shape):
        views = _keypoints._views(shape, 1.6)
        tiles = [view for view in views if view.zoom == 1]
        sizes = [
            np.clip(np.subtract(t.high, 0)[:2], 0, shape[::-1]) - np.clip(t.low[:2], 0, None) for t in tiles
        ]
        assert sum(width * height for width, height in sizes) == shape[0] * shape[1]
        for view in views:
            rows, columns = ((side.stop - side.start) / view.zoom for side in view.seen)
            assert rows * columns <= 1024**2
