"""Stacks are exposed image by image with independent noise; pixels need not be square."""

import math
from functools import partial

import numpy as np
import pytest

from hrtem_lab.noise import (
    Camera,
    Curve,
    Detector,
    Scan,
    Transfer,
    counts_per_pixel,
    dark_current,
    readout_noise,
    shot_noise,
    source_blur,
    transferred_shot_noise,
)
from tests.noise.fields import ERRORS, even

PAIR = (0.5, 2.0)
SOFT = Transfer(signal=Curve(corner=0.3), noise=Curve(corner=2.0), dqe0=0.7)
PROCESSES = {
    "shot": shot_noise,
    "readout": partial(readout_noise, sigma=2),
    "dark": partial(dark_current, counts=3),
    "detector": lambda image, *, sampling, **options: Detector(
        sampling=sampling, blur_sigma=1, dark_counts=1, readout_sigma=2
    ).expose(image, **options),
    "transfer": partial(transferred_shot_noise, transfer=SOFT),
    "camera": lambda image, *, sampling, **options: Camera(
        sampling=sampling,
        transfer=SOFT,
        scan=Scan(jitter=0.1, line_jitter=0.1, memory=0.1, line_gain=0.01),
        dark_counts=1,
        readout_sigma=2,
        hit_rate=0.01,
        hit_energy=2,
    ).expose(image, **options),
    "counts": lambda image, *, sampling, **options: Detector(sampling=sampling, readout_sigma=2).expose(
        image, counts=True, **options
    ),
}
every_process = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
OPTIONS = {"dose_per_area": 10, "sampling": 1}


class TestStacks:
    STACK = 0.1 + np.random.default_rng(1).random((2, 3, 40, 50))

    @every_process
    def test_a_stack_is_its_images_one_after_another(self, process):
        """One generator goes on from image to image, so that the first is what it is alone."""
        rng = np.random.default_rng(7)
        one_by_one = [process(image, rng=rng, **OPTIONS) for image in self.STACK.reshape(-1, 40, 50)]
        stack = process(self.STACK, rng=7, **OPTIONS)
        np.testing.assert_array_equal(stack, np.reshape(one_by_one, self.STACK.shape))
        np.testing.assert_array_equal(stack[0, 0], process(self.STACK[0, 0], rng=7, **OPTIONS))
        for few in (self.STACK[0], self.STACK[0, :1]):
            np.testing.assert_array_equal(process(few, rng=7, **OPTIONS)[0], stack[0, 0])

    @every_process
    def test_noise_of_equal_images_is_independent(self, process):
        stack = process(np.broadcast_to(even(1, 128), (4, 128, 128)), rng=1, **OPTIONS)
        between = np.corrcoef(stack.reshape(4, -1))[np.triu_indices(4, 1)]
        assert np.abs(between).max() < ERRORS / 128

    def test_the_mean_and_variance_over_a_stack_are_those_of_counting(self):
        """I and I / n in every pixel."""
        image = np.linspace(0.2, 2, 64).reshape(8, 8)
        stack = shot_noise(np.broadcast_to(image, (4000, 8, 8)), dose_per_area=5, sampling=PAIR, rng=2)
        scores = (stack.mean(axis=0) - image) / np.sqrt(image / 5 / 4000)
        assert np.abs(scores).max() < ERRORS
        assert stack.var(axis=0) == pytest.approx(image / 5, rel=0.2)

    def test_blur_and_expectation_act_on_each_image(self):
        blurred = source_blur(self.STACK, sigma=2, sampling=1)
        each = [source_blur(image, sigma=2, sampling=1) for image in self.STACK.reshape(-1, 40, 50)]
        np.testing.assert_array_equal(blurred, np.reshape(each, self.STACK.shape))
        detector = Detector(sampling=1, blur_sigma=2)
        np.testing.assert_array_equal(detector.expected(self.STACK), blurred)
        np.testing.assert_array_equal(detector.expose(self.STACK, dose_per_area=None), blurred)

    @every_process
    @pytest.mark.parametrize(
        ("stack", "rule"), [(np.ones((0, 4, 4)), "empty"), (np.full((2, 4, 4), math.nan), "finite")]
    )
    def test_what_is_no_stack_is_refused(self, process, stack, rule):
        with pytest.raises(ValueError, match=f"^image must .*{rule}"):
            process(stack, rng=0, **OPTIONS)

    @pytest.mark.parametrize("process", ["shot", "detector", "counts"])
    def test_one_negative_image_is_refused_before_any_is_drawn(self, process):
        stack = np.full((2, 40, 50), -1.0)
        stack[0] = 1
        rng = np.random.default_rng(1)
        with pytest.raises(ValueError, match="image must not be negative"):
            PROCESSES[process](stack, rng=rng, **OPTIONS)
        assert rng.random() == np.random.default_rng(1).random()


class TestPixels:
    def test_electrons_are_the_dose_times_the_area(self):
        assert counts_per_pixel(3, sampling=PAIR) == counts_per_pixel(3, sampling=PAIR[::-1]) == 3
        assert counts_per_pixel(7, sampling=(0.3, 0.3)) == counts_per_pixel(7, sampling=0.3)

    @every_process
    @pytest.mark.parametrize("pair", [(0.3, 0.3), [0.3, 0.3], np.array([0.3, 0.3])], ids=str)
    def test_a_pair_of_equals_is_a_number(self, process, pair):
        image = 0.1 + np.random.default_rng(1).random((20, 30))
        options = {"dose_per_area": 50, "rng": 1}
        np.testing.assert_array_equal(
            process(image, sampling=pair, **options), process(image, sampling=0.3, **options)
        )

    @pytest.mark.parametrize("process", ["shot", "readout", "dark"])
    def test_only_the_area_counts_for_noise(self, process):
        image, options = np.ones((20, 30)), {"dose_per_area": 50, "rng": 1}
        np.testing.assert_array_equal(
            PROCESSES[process](image, sampling=PAIR, **options),
            PROCESSES[process](image, sampling=1, **options),
        )

    def test_a_source_is_round_in_angstroms(self):
        """Its variance along an axis is σ² over that axis's pixel size squared."""
        point = np.zeros((101, 61))
        point[50, 30] = 1
        blurred = source_blur(point, sigma=4, sampling=(1, 2))
        y, x = np.mgrid[-50:51, -30:31]
        assert (blurred * y**2).sum() == pytest.approx(16, rel=3e-3)
        assert (blurred * x**2).sum() == pytest.approx(4, rel=3e-3)
        np.testing.assert_array_equal(source_blur(point.T, sigma=4, sampling=(2, 1)), blurred.T)

    def test_the_shorter_side_is_measured_in_angstroms(self):
        assert source_blur(np.ones((3, 50)), sigma=6, sampling=(2, 0.2)).shape == (3, 50)
        with pytest.raises(ValueError, match=r"shorter side, 6 Å, got 6\.1"):
            source_blur(np.ones((3, 50)), sigma=6.1, sampling=(2, 0.2))

    def test_a_detector_keeps_its_pixel(self):
        assert Detector(sampling=np.array([0.5, 2])).sampling == PAIR
        assert Detector(sampling=0.5).sampling == 0.5
        assert hash(Detector(sampling=[0.5, 2])) == hash(Detector(sampling=PAIR))

    @pytest.mark.parametrize(
        ("value", "error", "rule"),
        [
            ((1, 0), ValueError, "must be positive, got 0"),
            ((1, math.nan), ValueError, "must be finite, got nan"),
            ((1, "2"), TypeError, "must be a real number, got '2'"),
            ((1, 2, 3), ValueError, r"must be one number or \(rows, columns\), got \(1, 2, 3\)"),
        ],
    )
    def test_what_is_no_pixel_is_refused(self, value, error, rule):
        for call in (
            lambda: counts_per_pixel(1, sampling=value),
            lambda: source_blur(even(1, 4), sigma=1, sampling=value),
            lambda: Detector(sampling=value),
        ):
            with pytest.raises(error, match=f"^sampling {rule}"):
                call()
