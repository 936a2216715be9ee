"""Full well, converter, lines and lag against their formulae and statistics, within three standard errors."""

import math

import numpy as np
import pytest

from hrtem_lab.noise import digitization, fast_scan_blur, line_noise, saturation
from tests.noise.fields import autocorrelation

RAW = np.random.default_rng(0).normal(20, 30, (40, 50))


class TestSaturation:
    def test_what_is_above_the_full_well_is_lost(self):
        found = saturation(RAW, full_well=25)
        np.testing.assert_array_equal(found, np.where(RAW > 25, 25, RAW))

    @pytest.mark.parametrize("full_well", [0, -3])
    def test_nonsense_is_refused(self, full_well):
        with pytest.raises(ValueError, match=f"full_well must be positive, got {full_well}"):
            saturation(RAW, full_well=full_well)


class TestDigitization:
    @pytest.mark.parametrize("bits", [1, 4, 8, 32])
    def test_it_is_what_whole_numbers_say(self, bits):
        found = digitization(RAW, gain=3.7, bits=bits, offset=1)
        for electrons, counts in zip(RAW.ravel(), found.ravel(), strict=True):
            assert counts == min(max(round(3.7 * electrons + 1), 0), 2**bits - 1)

    def test_without_bits_it_is_a_straight_line(self):
        assert digitization(RAW, gain=0.3, bits=None, offset=7) == pytest.approx(0.3 * RAW + 7)

    def test_rounding_adds_a_twelfth_of_a_count(self):
        noise = np.random.default_rng(1).normal(100, 5, (1000, 1000))
        error = digitization(noise, gain=1, bits=10) - noise
        assert error.mean() == pytest.approx(0, abs=3 * math.sqrt(1 / 12 / 1e6))
        assert error.var() == pytest.approx(1 / 12, abs=3 * math.sqrt((1 / 80 - 1 / 144) / 1e6))
        assert abs(np.corrcoef(error.ravel(), noise.ravel())[0, 1]) < 3e-3

    @pytest.mark.parametrize(
        ("options", "error", "rule"),
        [
            ({"bits": 0}, ValueError, "bits must lie between 1 and 32, got 0"),
            ({"bits": 100}, ValueError, "bits must lie between 1 and 32, got 100"),
            ({"bits": 12.0}, TypeError, r"bits must be None or a whole number, got 12\.0"),
            ({"bits": True}, TypeError, "bits must be None or a whole number, got True"),
            ({"gain": 0}, ValueError, "gain must be positive, got 0"),
            ({"gain": 1e300}, ValueError, r"gain must lie between 1e-09 and 1e\+09, got 1e\+300"),
            ({"offset": -1}, ValueError, "offset must not be negative, got -1"),
            ({"offset": 4096}, ValueError, "offset must be at most 4095, the most of 12 bits, got 4096"),
        ],
    )
    def test_nonsense_is_refused(self, options, error, rule):
        with pytest.raises(error, match=rule):
            digitization(RAW, **{"gain": 1, "bits": 12, **options})


class TestLineNoise:
    def test_gain_and_offset_of_each_line(self):
        """Two levels in each line tell its gain from its offset."""
        record = np.tile([10.0, 50.0], (20_000, 1))
        low, high = line_noise(record, gain_sigma=0.05, offset_sigma=2, rng=1).T
        gain, offset = (high - low) / 40, low - 10 * (high - low) / 40
        for values, mean, sigma in ((gain, 1, 0.05), (offset, 0, 2)):
            assert values.mean() == pytest.approx(mean, abs=3 * sigma / math.sqrt(20_000))
            assert values.std() == pytest.approx(sigma, abs=3 * sigma / math.sqrt(40_000))
            assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 3 / math.sqrt(20_000)
        assert abs(np.corrcoef(gain, offset)[0, 1]) < 3 / math.sqrt(20_000)

    def test_without_it_the_record_stays(self):
        np.testing.assert_array_equal(line_noise(RAW, rng=1), RAW)

    def test_a_stack_has_lines_of_its_own(self):
        stack = np.ones((3, 40, 5))
        noisy = line_noise(stack, gain_sigma=0.1, rng=1)
        np.testing.assert_array_equal(noisy[0], line_noise(stack[0], gain_sigma=0.1, rng=1))
        assert (noisy[0] != noisy[1]).all()

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"gain_sigma": -0.1}, r"gain_sigma must be at least 0 and less than 1, got -0\.1"),
            ({"gain_sigma": 1}, "gain_sigma must be at least 0 and less than 1, got 1"),
            ({"offset_sigma": -2}, "offset_sigma must not be negative, got -2"),
        ],
    )
    def test_nonsense_is_refused(self, options, rule):
        with pytest.raises(ValueError, match=rule):
            line_noise(RAW, **options)


class TestLag:
    @pytest.mark.parametrize("memory", [0, 0.3, 0.8])
    def test_it_is_the_recursion(self, memory):
        found = fast_scan_blur(RAW, memory=memory)
        for line, lagged in zip(RAW, found, strict=True):
            state = line[0]
            for value, shown in zip(line[1:], lagged[1:], strict=True):
                state = (1 - memory) * value + memory * state
                assert shown == pytest.approx(state, abs=1e-11)
        np.testing.assert_array_equal(found[:, 0], RAW[:, 0])

    @pytest.mark.parametrize("memory", [0.3, 0.8])
    def test_white_noise_gets_the_variance_and_correlation_of_theory(self, memory):
        """(1 − a) / (1 + a), and a to the power of the distance along the line, none across."""
        white = np.random.default_rng(2).normal(0, 1, (512, 640))
        lagged = fast_scan_blur(white, memory=memory)[:, 128:]
        independent = 512**2 * (1 - memory**2) / (1 + memory**2)
        expected = (1 - memory) / (1 + memory)
        assert lagged.var() == pytest.approx(expected, rel=3 * math.sqrt(2 / independent))
        for lag, correlation in (((0, 1), memory), ((0, 2), memory**2), ((1, 0), 0), ((1, 1), 0)):
            assert autocorrelation(lagged, lag) == pytest.approx(
                correlation, abs=3 / math.sqrt(independent) + 0.004
            )

    def test_even_lines_stay_and_stacks_are_their_images(self):
        assert fast_scan_blur(np.full((3, 7), 0.3), memory=0.9) == pytest.approx(np.full((3, 7), 0.3))
        stack = RAW.reshape(4, 10, 50)
        found = fast_scan_blur(stack, memory=0.5)
        np.testing.assert_array_equal(found.reshape(40, 50), fast_scan_blur(RAW, memory=0.5))

    @pytest.mark.parametrize("memory", [1, 1.2, -0.1])
    def test_nonsense_is_refused(self, memory):
        with pytest.raises(ValueError, match=f"memory must be at least 0 and less than 1, got {memory}"):
            fast_scan_blur(RAW, memory=memory)


@pytest.mark.parametrize(
    "process",
    [
        lambda raw: saturation(raw, full_well=9),
        lambda raw: digitization(raw, gain=1, bits=8),
        lambda raw: line_noise(raw, gain_sigma=0.1, rng=1),
        lambda raw: fast_scan_blur(raw, memory=0.5),
    ],
)
class TestEveryRecord:
    def test_the_input_stays_and_any_real_record_is_taken(self, process):
        raw = np.rint(RAW)
        raw.flags.writeable = False
        found = process(raw)
        assert found.dtype == np.float64
        assert not np.shares_memory(found, raw)
        np.testing.assert_array_equal(process(raw.astype(int).tolist()), found)

    @pytest.mark.parametrize("raw", [np.full((2, 2), np.nan), np.zeros(3), np.zeros((0, 2))])
    def test_what_is_no_record_is_refused(self, process, raw):
        with pytest.raises(ValueError, match="electrons must"):
            process(raw)
