"""A camera composes its processes in their physical order, each with a stream of its own."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from hrtem_lab.metrics import mse
from hrtem_lab.noise import (
    Camera,
    Curve,
    Detector,
    Scan,
    Transfer,
    bad_pixels,
    digitization,
    distorted_sampling,
    fast_scan_blur,
    signal_transfer,
    uneven_gain,
)
from tests.noise.fields import COUNT, SIDE, autocorrelation, even

IMAGE = 1 + 0.4 * np.sin(np.arange(60) / 2)[:, None] * np.cos(np.arange(70) / 3)
SOFT = Transfer(signal=Curve(corner=0.2, aperture=True), noise=Curve(corner=0.4), dqe0=0.8)
FULL = Camera(
    sampling=0.5,
    transfer=SOFT,
    scan=Scan(jitter=0.3, line_jitter=0.2, flyback=2, memory=0.3, line_gain=0.02, line_offset=0.5),
    dark_counts=2,
    dead=0.01,
    hot=0.02,
    hot_counts=30,
    hit_rate=1e-3,
    hit_energy=50,
    full_well=300,
    readout_sigma=2,
    gain=3,
    bits=12,
    offset=60,
    uneven_gain=0.05,
    seed=5,
)


class TestStatistics:
    def test_an_ideal_camera_counts_electrons_as_a_detector_does(self):
        """Mean λ and variance λ, whole electrons, white."""
        electrons = Camera(sampling=0.5).expose(even(1), dose_per_area=40, rng=1, counts=True)
        assert (electrons == np.rint(electrons)).all()
        assert electrons.mean() == pytest.approx(10, abs=3 * math.sqrt(10 / COUNT))
        assert electrons.var() == pytest.approx(10, abs=3 * math.sqrt((3 * 100 + 10 - 100) / COUNT))
        assert abs(autocorrelation(electrons, (0, 1))) < 3 / SIDE

    @pytest.mark.parametrize("dark", [0.05, 0.29, 0.31, 4.0])
    def test_mean_and_variance_add_up(self, dark):
        """λ / η of lost electrons, dark counts, readout, and a twelfth of a count by rounding."""
        camera = Camera(
            sampling=1,
            transfer=Transfer(signal=Curve(), dqe0=0.5),
            dark_counts=dark,
            readout_sigma=1.5,
            gain=0.5,
            bits=16,
            offset=100,
        )
        image = camera.expose(even(1), dose_per_area=20, rng=2)
        variance = 20 / 0.5 + dark + 1.5**2 + 4 / 12
        assert image.mean() == pytest.approx(1, abs=3 * math.sqrt(variance / COUNT) / 20)
        assert 400 * image.var() == pytest.approx(variance, rel=3 * math.sqrt(2.1 / COUNT))
        assert abs(autocorrelation(image, (1, 0))) < 3 / SIDE

    @pytest.mark.parametrize("dark", [0.2, 3.0])
    def test_dark_counts_follow_poisson(self, dark):
        black = Camera(sampling=1, dark_counts=dark).expose(even(0), dose_per_area=1, rng=1, counts=True)
        for count in range(4):
            share = math.exp(-dark) * dark**count / math.factorial(count)
            error = 3 * math.sqrt(share * (1 - share) / COUNT)
            assert np.mean(black == count) == pytest.approx(share, abs=error + 1e-9)

    def test_all_dark_counts_of_a_frame_follow_poisson_too(self):
        camera = Camera(sampling=1, dark_counts=0.1)
        frames = camera.expose(np.zeros((2000, 8, 8)), dose_per_area=1, rng=1, counts=True)
        totals = frames.sum(axis=(1, 2))
        assert totals.mean() == pytest.approx(6.4, abs=3 * math.sqrt(6.4 / 2000))
        assert totals.var() == pytest.approx(6.4, rel=3 * math.sqrt(2.2 / 2000))

    def test_a_scanned_image_keeps_white_noise(self):
        """The expected image is sampled before electrons are counted: their noise is not smoothed."""
        camera = Camera(sampling=1, scan=Scan(jitter=1, line_jitter=1, flyback=3))
        record = camera.expose(even(1), dose_per_area=9, rng=1)
        for lag in ((0, 1), (1, 0), (1, 1)):
            assert abs(autocorrelation(record, lag)) < 3 / SIDE
        assert 9 * record.var() == pytest.approx(1, abs=3 * math.sqrt(2.2 / COUNT))

    def test_lag_acts_after_counting(self):
        record = Camera(sampling=1, scan=Scan(memory=0.5)).expose(even(1), dose_per_area=9, rng=1)
        assert 9 * record.var() == pytest.approx(1 / 3, rel=0.03)
        assert autocorrelation(record, (0, 1)) == pytest.approx(0.5, abs=0.02)

    def test_hot_pixels_are_hot_and_dead_ones_black_in_every_exposure(self):
        camera = Camera(sampling=1, dead=0.05, hot=0.05, hot_counts=40, dark_counts=3, seed=2)
        dead, hot = bad_pixels((SIDE, SIDE), dead=0.05, hot=0.05, seed=2)
        np.testing.assert_array_equal(camera.bad_pixels((4, SIDE, SIDE)), dead | hot)
        for seed in range(2):
            electrons = camera.expose(even(1), dose_per_area=10, rng=seed, counts=True)
            assert not electrons[dead].any()
            for pixels, mean in ((electrons[hot], 53), (electrons[~(dead | hot)], 13)):
                assert pixels.mean() == pytest.approx(mean, abs=3 * math.sqrt(mean / pixels.size))
                assert pixels.var() == pytest.approx(mean, rel=3 * math.sqrt(2.1 / pixels.size))

    def test_the_uneven_gain_stays_when_exposures_are_averaged(self):
        camera = Camera(sampling=1, uneven_gain=0.1, seed=3)
        pattern = uneven_gain((64, 64), sigma=0.1, seed=3)
        mean = camera.expose(np.ones((400, 64, 64)), dose_per_area=50, rng=1).mean(axis=0)
        scores = (mean - pattern) / (pattern * math.sqrt(1 / 50 / 400))
        assert scores.std() == pytest.approx(1, abs=3 / math.sqrt(2 * 64**2))
        assert scores.mean() == pytest.approx(0, abs=3 / 64)

    def test_hits_fill_no_pixel_above_its_full_well(self):
        camera = Camera(sampling=1, hit_rate=0.01, hit_energy=500, full_well=80)
        electrons = camera.expose(even(1), dose_per_area=5, rng=1, counts=True)
        assert electrons.max() == 80
        touched = np.mean(electrons > 40)
        assert 0.01 < touched < 0.05


class TestOrder:
    def test_every_process_acts_in_its_place(self):
        """What is left without noise is what the functions say one after another."""
        limit = FULL.expose(IMAGE, dose_per_area=None, rng=4)
        of_scan, *_, of_lines, _ = np.random.default_rng(4).spawn(6)
        down, right = FULL.scan.displacements(IMAGE.shape, rng=of_scan)
        shown = signal_transfer(distorted_sampling(IMAGE, down=down, right=right), transfer=SOFT)
        dead, _ = bad_pixels(IMAGE.shape, dead=0.01, hot=0.02, seed=5)
        shown = fast_scan_blur(np.where(dead, 0, shown), memory=0.3)
        gain = of_lines.spawn(2)[0].normal(1, 0.02, (60, 1))
        expected = shown * gain * uneven_gain(IMAGE.shape, sigma=0.05, seed=5)
        assert limit == pytest.approx(expected, abs=1e-12)

    def test_a_high_dose_comes_close_to_the_limit(self):
        camera = replace(FULL, full_well=None, bits=None)
        high = camera.expose(IMAGE, dose_per_area=1e12, rng=4)
        assert high == pytest.approx(camera.expose(IMAGE, dose_per_area=None, rng=4), abs=1e-4)

    def test_counts_are_what_the_converter_writes(self):
        camera = replace(FULL, uneven_gain=0)
        written = camera.expose(IMAGE, dose_per_area=100, rng=1, counts=True)
        assert (written == np.rint(written)).all()
        assert written.min() >= 0
        assert written.max() <= 4095
        relative = camera.expose(IMAGE, dose_per_area=100, rng=1)
        assert ((written - 60) / 3 - 2) / 25 == pytest.approx(relative, abs=1e-12)

    def test_the_converter_comes_after_the_readout(self):
        plain = Camera(sampling=1, readout_sigma=3, dark_counts=1)
        analogue = plain.expose(IMAGE, dose_per_area=20, rng=1, counts=True)
        camera = replace(plain, gain=2, bits=6, offset=10)
        np.testing.assert_array_equal(
            camera.expose(IMAGE, dose_per_area=20, rng=1, counts=True),
            digitization(analogue, gain=2, bits=6, offset=10),
        )

    def test_the_expected_image_has_mtf_and_lag_and_no_faults(self):
        expected = fast_scan_blur(signal_transfer(IMAGE, transfer=SOFT), memory=0.3)
        np.testing.assert_array_equal(FULL.expected(IMAGE), expected)
        stack = np.array([IMAGE, 2 * IMAGE])
        np.testing.assert_array_equal(FULL.expected(stack)[0], expected)
        np.testing.assert_array_equal(Camera(sampling=1).expected(IMAGE), IMAGE)

    def test_the_mean_of_many_exposures_is_the_expected_image(self):
        camera = Camera(sampling=0.5, transfer=SOFT, scan=Scan(memory=0.3), dark_counts=1, readout_sigma=1)
        small = IMAGE[:16, :16]
        stack = camera.expose(np.broadcast_to(small, (600, 16, 16)), dose_per_area=40, rng=1)
        scores = (stack.mean(axis=0) - camera.expected(small)) / (stack.std(axis=0) / math.sqrt(600))
        assert np.abs(scores).max() < 4
        assert scores.std() == pytest.approx(1, abs=0.2)


class TestStreams:
    @pytest.mark.parametrize(
        ("off", "sigma"),
        [({"readout_sigma": 0}, 2), ({"dark_counts": 0}, math.sqrt(3)), ({"transfer": None}, None)],
    )
    def test_switching_one_process_off_leaves_the_draws_of_the_others(self, off, sigma):
        camera = Camera(
            sampling=1, transfer=Transfer(signal=Curve(), dqe0=0.6), dark_counts=3, readout_sigma=2
        )
        with_it = camera.expose(even(1), dose_per_area=30, rng=1, counts=True)
        without = replace(camera, **off).expose(even(1), dose_per_area=30, rng=1, counts=True)
        if sigma is None:
            own = replace(camera, dark_counts=0, readout_sigma=0).expose(
                even(1), dose_per_area=30, rng=1, counts=True
            )
            assert without - (with_it - own) == pytest.approx(np.rint(without - (with_it - own)), abs=1e-9)
        else:
            assert (with_it - without).std() == pytest.approx(sigma, rel=0.02)
            assert abs(np.corrcoef((with_it - without).ravel(), without.ravel())[0, 1]) < 3 / SIDE

    def test_hot_pixels_draw_what_they_draw_without_dark_current(self):
        camera = Camera(sampling=1, hot=0.1, hot_counts=50, dark_counts=3)
        cold = replace(camera, hot=0).expose(IMAGE, dose_per_area=10, rng=1, counts=True)
        dark = camera.expose(IMAGE, dose_per_area=10, rng=1, counts=True) - cold
        bare = replace(camera, dark_counts=0)
        without = bare.expose(IMAGE, dose_per_area=10, rng=1, counts=True)
        light = replace(bare, hot=0).expose(IMAGE, dose_per_area=10, rng=1, counts=True)
        np.testing.assert_array_equal(dark, without - light)

    def test_exposures_of_one_generator_are_independent(self):
        rng = np.random.default_rng(1)
        camera = replace(FULL, scan=None, dead=0, hot=0, hit_rate=0, uneven_gain=0)
        first, second = (camera.expose(even(1), dose_per_area=100, rng=rng) for _ in range(2))
        np.testing.assert_array_equal(first, camera.expose(even(1), dose_per_area=100, rng=1))
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 3 / SIDE * 1.5

    def test_the_number_of_threads_and_the_size_do_not_matter(self):
        """A frame large enough for threads repeats with its seed."""
        one, same = (FULL.expose(even(1), dose_per_area=100, rng=9) for _ in range(2))
        np.testing.assert_array_equal(one, same)


class TestUse:
    def test_its_bad_pixels_are_a_mask_for_the_metrics(self):
        camera = Camera(sampling=1, dead=0.02, hot=0.02, hot_counts=1e6, seed=1)
        record = camera.expose(IMAGE, dose_per_area=1e6, rng=1)
        assert mse(IMAGE, record, mask=camera.bad_pixels(IMAGE.shape)) < 1e-3
        assert mse(IMAGE, record) > 0.01

    def test_a_camera_without_bad_pixels_has_an_empty_mask(self):
        assert not Camera(sampling=1).bad_pixels((3, 4)).any()

    def test_at_dose_zero_it_is_black_and_counts_its_own_noise(self):
        camera = Camera(sampling=1, dark_counts=4, readout_sigma=2, offset=50)
        assert not camera.expose(IMAGE, dose_per_area=0, rng=1).any()
        written = camera.expose(even(1), dose_per_area=0, rng=1, counts=True)
        assert written.mean() == pytest.approx(54, abs=3 * math.sqrt(8) / SIDE)

    @pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (2, 3, 5, 4), (33, 50)])
    def test_any_shape(self, shape):
        record = FULL.expose(np.ones(shape), dose_per_area=10, rng=1)
        assert record.shape == shape
        assert np.isfinite(record).all()

    def test_a_beam_far_outside_a_small_frame_comes_back(self):
        camera = Camera(sampling=1, scan=Scan(flyback=900, jitter=900))
        assert np.isfinite(camera.expose(np.ones((3, 4)), dose_per_area=1, rng=1)).all()

    def test_the_input_is_neither_changed_nor_handed_back(self):
        for camera in (FULL, Camera(sampling=1)):
            for dose in (None, 0, 10):
                image = IMAGE.copy()
                image.flags.writeable = False
                record = camera.expose(image, dose_per_area=dose, rng=1)
                assert not np.shares_memory(record, image)
                assert record.flags.writeable

    def test_it_keeps_its_pixel_and_cannot_be_changed(self):
        assert Camera(sampling=np.array([0.5, 2])).sampling == (0.5, 2)
        assert hash(Camera(sampling=[0.5, 2])) == hash(Camera(sampling=(0.5, 2)))
        assert hash(FULL) == hash(replace(FULL))
        with pytest.raises(AttributeError):
            FULL.gain = 2  # type: ignore[misc]

    def test_pixels_that_are_not_square_count_by_their_area(self):
        one, other = (
            Camera(sampling=size).expose(IMAGE, dose_per_area=9, rng=1, counts=True) for size in (1, (0.5, 2))
        )
        np.testing.assert_array_equal(one, other)

    def test_importing_it_loads_no_heavy_library(self):
        code = "import sys, hrtem_lab.noise; print(*sys.modules)"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert not {"scipy", "matplotlib", "cv2", "skimage"} & set(run.stdout.split())


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "error", "rule"),
        [
            ({"sampling": 0}, ValueError, "sampling must be positive, got 0"),
            ({"transfer": 0.5}, TypeError, r"transfer must be a Transfer, got 0\.5"),
            ({"scan": "STEM"}, TypeError, "scan must be a Scan or None, got 'STEM'"),
            ({"dark_counts": -1}, ValueError, "dark_counts must not be negative, got -1"),
            ({"hot_counts": -1}, ValueError, "hot_counts must not be negative, got -1"),
            ({"readout_sigma": -1}, ValueError, "readout_sigma must not be negative, got -1"),
            ({"dark_counts": 2e15}, ValueError, "dark_counts must be at most 1e15 electrons"),
            ({"dead": 1.5}, ValueError, r"dead must lie between 0 and 1, got 1\.5"),
            ({"hot": -0.5}, ValueError, r"hot must lie between 0 and 1, got -0\.5"),
            ({"dead": 0.7, "hot": 0.7}, ValueError, "dead and hot must together be at most 1"),
            ({"hit_rate": 2}, ValueError, "hit_rate must lie between 0 and 1, got 2"),
            ({"hit_energy": -2}, ValueError, "hit_energy must not be negative, got -2"),
            ({"full_well": 0}, ValueError, "full_well must be positive, got 0"),
            ({"gain": 0}, ValueError, "gain must be positive, got 0"),
            ({"bits": 0}, ValueError, "bits must lie between 1 and 32, got 0"),
            ({"bits": 100}, ValueError, "bits must lie between 1 and 32, got 100"),
            (
                {"bits": 8, "offset": 256},
                ValueError,
                "offset must be at most 255, the most of 8 bits, got 256",
            ),
            ({"uneven_gain": 0.6}, ValueError, r"uneven_gain must lie between 0 and 0\.5, got 0\.6"),
            ({"seed": -1}, ValueError, "seed must not be negative, got -1"),
            ({"seed": 0.5}, TypeError, r"seed must be a whole number, got 0\.5"),
        ],
    )
    def test_nonsense_is_refused_before_any_work(self, options, error, rule):
        with pytest.raises(error, match=f"^{rule}"):
            Camera(**{"sampling": 1, **options})

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"dose_per_area": -1}, "dose_per_area must not be negative"),
            ({"dose_per_area": None, "counts": True}, "counts need a dose_per_area, got None"),
            ({"dose_per_area": 1e16}, "between 1e-15 and 1e15 electrons per pixel"),
        ],
    )
    def test_an_exposure_that_cannot_be(self, options, rule):
        with pytest.raises(ValueError, match=rule):
            Camera(sampling=1).expose(IMAGE, **options)

    def test_options_are_keyword_only(self):
        with pytest.raises(TypeError):
            Camera(1)
        with pytest.raises(TypeError):
            FULL.expose(IMAGE, 10)


def test_a_detector_is_what_it_was():
    """The numbers that documents quote, drawn from the generator itself and not from streams of it."""
    detector = Detector(sampling=0.5, dark_counts=1, readout_sigma=2)
    rng = np.random.default_rng(7)
    electrons = rng.poisson(IMAGE * 25 + 1) + rng.normal(0, 2, IMAGE.shape)
    np.testing.assert_array_equal(detector.expose(IMAGE, dose_per_area=100, rng=7, counts=True), electrons)
