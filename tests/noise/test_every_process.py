"""What holds for each process: it leaves its input alone, repeats with its seed, and refuses nonsense."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.noise import (
    Camera,
    Curve,
    Detector,
    Scan,
    Transfer,
    _electrons,
    counts_per_pixel,
    dark_current,
    readout_noise,
    shot_noise,
    source_blur,
    transferred_shot_noise,
)
from tests.noise.fields import ERRORS, SIDE, even, quick

SOFT = Transfer(signal=Curve(corner=0.3), noise=Curve(corner=0.4), dqe0=0.7)
PROCESSES = {
    "shot": shot_noise,
    "readout": lambda image, **options: readout_noise(image, sigma=2, **options),
    "dark": lambda image, **options: dark_current(image, counts=3, **options),
    "detector": lambda image, *, sampling, **options: Detector(
        sampling=sampling, blur_sigma=sampling, dark_counts=1, readout_sigma=2
    ).expose(image, **options),
    "transfer": lambda image, **options: transferred_shot_noise(image, transfer=SOFT, **options),
    "camera": lambda image, *, sampling, **options: Camera(
        sampling=sampling, transfer=SOFT, dark_counts=1, readout_sigma=2, scan=Scan(jitter=0.1, memory=0.1)
    ).expose(image, **options),
}
every_process = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)


class TestEveryProcess:
    IMAGE = 0.1 + np.random.default_rng(1).random((40, 50))

    @every_process
    def test_one_seed_is_one_draw_and_two_are_independent(self, process):
        options = {"dose_per_area": 10, "sampling": 1}
        image = even(1)
        one, again, other = (process(image, rng=seed, **options) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, again)
        correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < ERRORS / SIDE

    @every_process
    def test_a_generator_goes_on_and_draws_are_independent(self, process):
        rng = np.random.default_rng(1)
        first, second = (process(even(1), dose_per_area=10, sampling=1, rng=rng) for _ in range(2))
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < ERRORS / SIDE
        np.testing.assert_array_equal(first, process(even(1), dose_per_area=10, sampling=1, rng=1))

    @every_process
    def test_no_seed_is_another_draw_each_time(self, process):
        first, second = (process(self.IMAGE, dose_per_area=10, sampling=1) for _ in range(2))
        assert (first != second).any()

    @every_process
    @pytest.mark.parametrize("dose", [0, 0.0, np.float32(0)])
    def test_without_electrons_all_that_is_left_is_black(self, process, dose):
        """Detector noise alone has no scale at dose 0, and leaves the black image black."""
        black = shot_noise(self.IMAGE, dose_per_area=dose, sampling=0.3, rng=1)
        assert not black.any()
        after = process(black, dose_per_area=dose, sampling=0.3, rng=1)
        assert after.shape == self.IMAGE.shape
        assert not after.any()

    def test_a_detector_without_electrons_shows_black_and_counts_its_own_noise(self):
        detector = Detector(sampling=0.3, dark_counts=4, readout_sigma=2)
        assert not detector.expose(self.IMAGE, dose_per_area=0, rng=1).any()
        electrons = detector.expose(even(1), dose_per_area=0, rng=1, counts=True)
        assert electrons.mean() == pytest.approx(4, abs=ERRORS * math.sqrt(8) / SIDE)
        assert electrons.var() == pytest.approx(8, rel=0.05)

    @every_process
    @given(dose=st.floats(1e-12, 1e12), sampling=st.floats(1e-1, 10))
    @quick
    def test_every_dose_gives_a_finite_image(self, process, dose, sampling):
        noisy = process(self.IMAGE, dose_per_area=dose, sampling=sampling, rng=0)
        assert noisy.dtype == np.float64
        assert np.isfinite(noisy).all()

    @every_process
    @pytest.mark.parametrize("convert", [np.float32, np.int64, bool, np.ndarray.tolist], ids=str)
    def test_any_real_image_is_taken(self, process, convert):
        image = np.array([[0, 1, 1, 0], [1, 1, 0, 1]], float)
        given_as = convert(image) if convert is np.ndarray.tolist else image.astype(convert)
        options = {"dose_per_area": 20, "sampling": 1, "rng": 3}
        np.testing.assert_array_equal(process(given_as, **options), process(image, **options))

    @every_process
    def test_the_input_is_neither_changed_nor_handed_back(self, process):
        for dose in (0, 10):
            image = self.IMAGE.copy()
            image.flags.writeable = False
            noisy = process(image, dose_per_area=dose, sampling=1, rng=0)
            assert not np.shares_memory(noisy, image)
            assert noisy.flags.writeable

    def test_blur_neither_changes_its_input_nor_hands_it_back(self):
        image = self.IMAGE.copy()
        image.flags.writeable = False
        for sigma in (0, 1):
            blurred = source_blur(image, sigma=sigma, sampling=1)
            assert not np.shares_memory(blurred, image)

    @pytest.mark.parametrize("convert", [np.float32, np.int64, bool, np.ndarray.tolist], ids=str)
    def test_blur_takes_any_real_image(self, convert):
        image = np.eye(9)
        given_as = convert(image) if convert is np.ndarray.tolist else image.astype(convert)
        blurred = source_blur(given_as, sigma=1, sampling=1)
        assert blurred.dtype == np.float64
        np.testing.assert_array_equal(blurred, source_blur(image, sigma=1, sampling=1))


NUMBERS = {
    "NaN": (math.nan, ValueError, "must be finite, got nan"),
    "infinity": (math.inf, ValueError, "must be finite, got inf"),
    "negative": (-0.5, ValueError, r"must (not be negative|be positive), got -0\.5"),
    "text": ("5", TypeError, "must be a real number, got '5'"),
    "a truth value": (True, TypeError, "must be a real number, got True"),
    "nothing": (None, TypeError, "must be a real number, got None"),
    "a list": ([5], TypeError, r"must be a real number, got \[5\]"),
}
GOOD = np.ones((4, 5))
CALLS = {
    "shot_noise dose": ("dose_per_area", lambda v: shot_noise(GOOD, dose_per_area=v, sampling=1)),
    "shot_noise sampling": ("sampling", lambda v: shot_noise(GOOD, dose_per_area=1, sampling=v)),
    "readout sigma": ("sigma", lambda v: readout_noise(GOOD, sigma=v, dose_per_area=1, sampling=1)),
    "readout dose": ("dose_per_area", lambda v: readout_noise(GOOD, sigma=1, dose_per_area=v, sampling=1)),
    "readout sampling": ("sampling", lambda v: readout_noise(GOOD, sigma=1, dose_per_area=1, sampling=v)),
    "dark counts": ("counts", lambda v: dark_current(GOOD, counts=v, dose_per_area=1, sampling=1)),
    "dark dose": ("dose_per_area", lambda v: dark_current(GOOD, counts=1, dose_per_area=v, sampling=1)),
    "blur sigma": ("sigma", lambda v: source_blur(GOOD, sigma=v, sampling=1)),
    "blur sampling": ("sampling", lambda v: source_blur(GOOD, sigma=1, sampling=v)),
    "detector sampling": ("sampling", lambda v: Detector(sampling=v)),
    "detector blur": ("blur_sigma", lambda v: Detector(sampling=1, blur_sigma=v)),
    "detector dark": ("dark_counts", lambda v: Detector(sampling=1, dark_counts=v)),
    "detector readout": ("readout_sigma", lambda v: Detector(sampling=1, readout_sigma=v)),
    "counts_per_pixel": ("dose_per_area", lambda v: counts_per_pixel(v, sampling=1)),
}
every_call = pytest.mark.parametrize("call", CALLS)


class TestRefusals:
    @every_call
    @pytest.mark.parametrize("case", NUMBERS)
    def test_a_nonsensical_number_is_refused_with_value_and_rule(self, call, case):
        name, function = CALLS[call]
        value, error, rule = NUMBERS[case]
        with pytest.raises(error, match=f"^{name} {rule}"):
            function(value)

    @pytest.mark.parametrize("call", [call for call in CALLS if "sampling" in call])
    def test_pixels_have_a_size(self, call):
        with pytest.raises(ValueError, match=r"^sampling must be positive, got 0"):
            CALLS[call][1](0)

    @pytest.mark.parametrize(
        "call", [call for call in CALLS if "sampling" not in call and "blur" not in call]
    )
    def test_a_huge_number_is_refused(self, call):
        with pytest.raises(
            ValueError, match=r"must be (0 or between 1e-15 and|at most) 1e15 electrons.*1e\+16"
        ):
            CALLS[call][1](1e16)

    @pytest.mark.parametrize("value", [1e-16, 1e-200, 5e-324])
    @pytest.mark.parametrize("call", [call for call in CALLS if "dose" in call])
    def test_a_dose_that_no_scale_could_show_is_refused(self, call, value):
        with pytest.raises(ValueError, match=f"must be 0 or between 1e-15 and 1e15 .*, got {value!r}"):
            CALLS[call][1](value)

    def test_pixels_too_large_or_too_small_for_the_dose_are_refused(self):
        for size in (1e-170, 1e-9, 1e9, 1e200):
            with pytest.raises(ValueError, match="between 1e-15 and 1e15 electrons per pixel"):
                counts_per_pixel(1, sampling=size)

    def test_a_bright_pixel_counts_too(self):
        with pytest.raises(ValueError, match=r"image times dose must be at most 1e15 .*, got 2e\+15"):
            shot_noise(2e5 * GOOD, dose_per_area=1e10, sampling=1)

    @pytest.mark.parametrize("process", ["shot", "detector", "transfer", "camera"])
    @pytest.mark.parametrize("lowest", [-0.25, -1e-12])
    def test_negative_electrons_cannot_be_counted(self, process, lowest):
        image = GOOD.copy()
        image[1, 1] = lowest
        call = PROCESSES[process]
        if process == "detector":  # not blurred, which would spread a small negative number until it is none
            call = lambda image, **options: Detector(sampling=1).expose(image, dose_per_area=1)  # noqa: E731
        with pytest.raises(
            ValueError, match=f"^image must not be negative where electrons are counted, got {lowest:g}"
        ):
            call(image, dose_per_area=1, sampling=1)

    @pytest.mark.parametrize(
        ("image", "error", "rule"),
        [
            (np.ones(4), ValueError, "2-D"),
            (np.ones((0, 4)), ValueError, "not be empty"),
            ([[1.0, math.nan]], ValueError, "finite"),
            ([[1.0, math.inf]], ValueError, "finite"),
            ([[1j]], TypeError, "real numbers"),
            ([["1"]], TypeError, "real numbers"),
        ],
    )
    def test_what_is_no_image_is_refused(self, image, error, rule):
        for process in (*PROCESSES.values(), lambda image, **_: source_blur(image, sigma=1, sampling=1)):
            with pytest.raises(error, match=f"^image must .*{rule}"):
                process(image, dose_per_area=1, sampling=1, rng=0)

    def test_options_are_keyword_only(self):
        for function in (shot_noise, readout_noise, dark_current, source_blur, Detector, counts_per_pixel):
            with pytest.raises(TypeError):
                function(GOOD, 1, 1)


def test_the_limit_of_counting_is_where_whole_numbers_end():
    assert _electrons.MOST_COUNTS + 1 != _electrons.MOST_COUNTS
    assert _electrons.MOST_COUNTS < 2**53
