"""Where a scanned beam stands: spectrum, size and independence, and the image that is sampled there."""

import math

import numpy as np
import pytest

from hrtem_lab.noise import Scan, distorted_sampling, flyback, line_jitter, scan_jitter

SHAPE = (48, 64)


def wave(down, right, period=8.0):
    return np.cos(2 * np.pi * (right + 0.3 * down) / period)


class TestJitter:
    @pytest.mark.parametrize("shape", [SHAPE, (3, 48, 64), (1, 1), (5, 1), (1, 7)])
    @pytest.mark.parametrize("rms", [0, 0.3, 2])
    def test_its_root_mean_square_is_the_one_given(self, shape, rms):
        for field in scan_jitter(shape, rms=rms, rng=1):
            assert field.shape == shape[-2:]
            assert math.sqrt(np.mean(field**2)) == pytest.approx(rms)

    def test_its_power_is_one_over_the_frequency(self):
        """Without waiting, a frame is one series in time; each octave then holds the same power."""
        options = {"rms": 1, "dwell": 200.0, "wait": 0.0, "highest": 1000.0}
        seconds = 64 * 64 * 200e-6
        power = 0
        for seed in range(150):
            series = scan_jitter((64, 64), rng=seed, **options)[1].ravel()
            power = power + np.abs(np.fft.rfft(series * np.hanning(series.size))) ** 2
        frequency = np.arange(power.size) / seconds
        octaves = [(1000 / 2 ** (k + 1), 1000 / 2**k) for k in range(1, 6)]
        found = np.array([power[(frequency >= low) & (frequency < high)].sum() for low, high in octaves])
        # 32 sines over 9.7 octaves: 3.3 in each, whose number is the same within one.
        assert found / found.mean() == pytest.approx(np.ones(5), abs=3 * 0.5 / 3.3 / math.sqrt(150) + 0.02)
        assert power[frequency > 1050].sum() < 1e-3 * power.sum()

    def test_lines_wait_for_the_beam_to_fly_back(self):
        """A slow sine moves on between the lines: far more with a long wait."""
        step = []
        for wait in (0.0, 5000.0):
            _, right = scan_jitter((64, 64), rms=1, dwell=1.0, wait=wait, highest=100.0, rng=3)
            within, between = np.diff(right, axis=1).std(), (right[1:, 0] - right[:-1, -1]).std()
            step.append(between / within)
        assert step[0] < 2
        assert step[1] > 100

    def test_both_axes_and_all_seeds_are_independent(self):
        fields = np.array(
            [np.ravel(scan_jitter(SHAPE, rms=1, rng=seed)).reshape(2, -1) for seed in range(300)]
        )
        between = np.mean(fields[:, 0] * fields[:, 1], axis=1)
        assert abs(between.mean()) < 3 * between.std() / math.sqrt(300)
        neighbours = np.mean(fields[1:, 0] * fields[:-1, 0], axis=1)
        assert abs(neighbours.mean()) < 3 * neighbours.std() / math.sqrt(299)
        assert not np.allclose(fields[:, 0], fields[:, 1])

    def test_its_streams_are_spawned(self):
        """The generator itself draws nothing, and goes on with new streams."""
        rng = np.random.default_rng(1)
        first, second = scan_jitter(SHAPE, rms=1, rng=rng), scan_jitter(SHAPE, rms=1, rng=rng)
        assert rng.random() == np.random.default_rng(1).random()
        assert not np.allclose(first, second)

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"rms": -1}, "rms must lie between 0 and 1000, got -1"),
            ({"dwell": 0}, "dwell must be positive, got 0"),
            ({"wait": -3}, r"wait must lie between 0 and 1e\+09, got -3"),
            ({"highest": 0}, "highest must be positive, got 0"),
        ],
    )
    def test_nonsense_is_refused(self, options, rule):
        with pytest.raises(ValueError, match=rule):
            scan_jitter(SHAPE, **{"rms": 1, **options})


class TestLineJitter:
    @pytest.mark.parametrize("correlation", [0, 0.6, 0.95])
    def test_every_line_has_the_deviation_and_its_neighbours_the_correlation(self, correlation):
        draws = np.array([line_jitter(40, rms=0.5, correlation=correlation, rng=k) for k in range(4000)])
        assert draws.mean(axis=0) == pytest.approx(0, abs=4 * 0.5 / math.sqrt(4000))
        for line in (0, 1, 20, 39):
            assert draws[:, line].std() == pytest.approx(0.5, rel=3 / math.sqrt(8000))
        for lag in (1, 2, 5):
            found = np.corrcoef(draws[:, 10], draws[:, 10 + lag])[0, 1]
            expected = correlation**lag
            assert found == pytest.approx(expected, abs=3 * (1 - expected**2) / math.sqrt(4000))

    @pytest.mark.parametrize("correlation", [1, 1.5, -0.2])
    def test_a_walk_without_bounds_is_refused(self, correlation):
        rule = f"correlation must be at least 0 and less than 1, got {correlation}"
        with pytest.raises(ValueError, match=rule):
            line_jitter(4, rms=1, correlation=correlation)

    def test_nonsense_is_refused(self):
        with pytest.raises(ValueError, match="rows must be at least 1, got 0"):
            line_jitter(0, rms=1)
        with pytest.raises(ValueError, match="rms must lie between 0 and 1000, got -1"):
            line_jitter(4, rms=-1)


class TestFlyback:
    def test_it_dies_away_along_the_line(self):
        found = flyback(60, amplitude=3, settling=70, dwell=10)
        assert found == pytest.approx([3 * math.exp(-10 * i / 70) for i in range(60)])

    def test_a_line_begins_stretched_without_what_the_beam_has_flown_over(self):
        """The image has peaks at 0, 10, 20 …; the record where i + 7 exp(−i/20) is 10 or 20."""
        image = wave(0.0, np.tile(np.arange(120.0), (3, 1)), period=10.0)
        moved = flyback(120, amplitude=7, settling=200)
        line = distorted_sampling(image, down=0, right=moved)[1]
        peaks = 1 + np.flatnonzero((line[1:-1] > line[:-2]) & (line[1:-1] >= line[2:]))
        assert peaks[:2].tolist() == [4, 17]
        assert np.diff(peaks)[-3:].tolist() == [10, 10, 10]
        assert (np.diff(np.arange(120) + moved) > 0).all()
        assert np.diff(np.arange(120) + flyback(120, amplitude=7, settling=60))[0] < 0

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"amplitude": -1}, "amplitude must lie between 0 and 1000, got -1"),
            ({"settling": 0}, "settling must be positive, got 0"),
            ({"dwell": 0}, "dwell must be positive, got 0"),
        ],
    )
    def test_nonsense_is_refused(self, options, rule):
        with pytest.raises(ValueError, match=rule):
            flyback(5, **{"amplitude": 1, "settling": 10, **options})


class TestSampling:
    @pytest.mark.parametrize(("period", "error"), [(5.0, 0.02), (8.0, 0.012), (20.0, 0.006)])
    def test_the_image_is_taken_where_the_beam_stands(self, period, error):
        down, right = np.random.default_rng(1).normal(0, 1, (2, 96, 100))
        y, x = np.indices((96, 100)).astype(float)
        found = distorted_sampling(wave(y, x, period), down=down, right=right)
        expected = wave(y + down, x + right, period)
        inside = (slice(10, -10),) * 2
        assert np.sqrt(np.mean((found - expected)[inside] ** 2)) < error / math.sqrt(2)

    @pytest.mark.parametrize(("period", "told"), [(5, 0.014), (8, 0.008)])
    @pytest.mark.parametrize("azimuth", [0, 0.4, np.pi / 4])
    def test_the_error_is_the_one_that_the_documents_tell(self, period, told, azimuth):
        down, right = np.random.default_rng(2).uniform(-2, 2, (2, 128, 128))
        y, x = np.indices((128, 128)).astype(float)

        def image(y, x):
            return np.sin(2 * np.pi * (x * np.cos(azimuth) + y * np.sin(azimuth)) / period)

        error = distorted_sampling(image(y, x), down=down, right=right) - image(y + down, x + right)
        contrast = math.sqrt(0.5)
        assert error[10:-10, 10:-10].std() / contrast == pytest.approx(told, rel=0.12)

    def test_whole_pixels_are_copied_and_edges_mirrored(self):
        image = np.random.default_rng(1).random((20, 30))
        found = distorted_sampling(image, down=2, right=-3)
        padded = np.pad(image, 3, mode="symmetric")
        assert found == pytest.approx(padded[5:25, 0:30], abs=1e-12)

    def test_displacements_broadcast_and_stacks_share_them(self):
        stack = np.random.default_rng(1).random((3, 20, 30))
        down, right = np.linspace(-1, 1, 20)[:, None], np.linspace(2, 0, 30)
        found = distorted_sampling(stack, down=down, right=right)
        one = distorted_sampling(
            stack[1], down=np.broadcast_to(down, (20, 30)), right=np.broadcast_to(right, (20, 30))
        )
        np.testing.assert_array_equal(found[1], one)

    @pytest.mark.parametrize(
        ("options", "error", "rule"),
        [
            ({"down": math.nan}, ValueError, "down must be finite"),
            (
                {"right": np.zeros(7)},
                ValueError,
                r"right must broadcast to the image's shape \(20, 30\), got \(7,\)",
            ),
            ({"down": np.zeros((2, 20, 30))}, ValueError, "down must broadcast"),
            (
                {"right": 1e6},
                ValueError,
                r"right must be at most the image's longer side, 30 pixels, got 1e\+06",
            ),
            ({"right": "1"}, TypeError, "right must hold real numbers"),
        ],
    )
    def test_nonsense_is_refused(self, options, error, rule):
        with pytest.raises(error, match=rule):
            distorted_sampling(np.ones((20, 30)), **{"down": 0, "right": 0, **options})

    def test_a_side_too_long_is_refused(self):
        with pytest.raises(ValueError, match="at most 32 766 rows and columns, got 1 × 32767"):
            distorted_sampling(np.ones((1, 32_767)), down=0, right=0)


class TestScan:
    def test_its_displacements_are_the_sum_of_the_processes(self):
        """Each process has streams of its own: one alone draws what it draws with the others."""
        parts = [
            Scan(jitter=0.4),
            Scan(line_jitter=0.5, line_correlation=0.5),
            Scan(flyback=3, settling=30),
        ]
        whole = Scan(jitter=0.4, line_jitter=0.5, line_correlation=0.5, flyback=3, settling=30)
        added = sum(np.array(part.displacements(SHAPE, rng=2)) for part in parts)
        assert np.array(whole.displacements(SHAPE, rng=2)) == pytest.approx(added)
        assert np.array(parts[2].displacements(SHAPE)[1]) == pytest.approx(
            np.tile(flyback(64, amplitude=3, settling=30), (48, 1))
        )
        assert not np.any(parts[2].displacements(SHAPE)[0])

    def test_lines_move_along_both_axes_independently(self):
        scan = Scan(line_jitter=1)
        pairs = np.array([scan.displacements((500, 3), rng=seed) for seed in range(20)])
        assert (pairs == pairs[..., :1]).all()
        _, *streams = np.random.default_rng(0).spawn(3)
        own = [line_jitter(500, rms=1, rng=stream) for stream in streams]
        np.testing.assert_array_equal(pairs[0, ..., 0], own)
        down, right = pairs[:, 0, :, 0].ravel(), pairs[:, 1, :, 0].ravel()
        assert abs(np.corrcoef(down, right)[0, 1]) < 3 / 100
        assert np.std([down, right], axis=1) == pytest.approx([1, 1], abs=3 / math.sqrt(2e4))

    def test_times_and_highest_frequency_reach_the_jitter(self):
        scan = Scan(jitter=1, dwell=3, wait=40, highest=300)
        stream = np.random.default_rng(5).spawn(3)[0]
        expected = scan_jitter(SHAPE, rms=1, dwell=3, wait=40, highest=300, rng=stream)
        np.testing.assert_array_equal(scan.displacements(SHAPE, rng=5), expected)

    def test_a_perfect_scan_moves_nothing(self):
        assert not np.any(Scan().displacements(SHAPE, rng=1))

    @pytest.mark.parametrize("name", ["line_correlation", "memory", "line_gain"])
    @pytest.mark.parametrize("value", [1, -0.1, math.nan])
    def test_shares_are_less_than_one(self, name, value):
        with pytest.raises(ValueError, match=f"^{name} must"):
            Scan(**{name: value})

    @pytest.mark.parametrize("name", ["jitter", "line_jitter", "flyback"])
    def test_a_beam_that_makes_no_image_is_refused(self, name):
        with pytest.raises(ValueError, match=rf"^{name} must lie between 0 and 1000, got 10*\.0"):
            Scan(**{name: 1e9})

    @pytest.mark.parametrize("name", ["dwell", "highest", "settling"])
    def test_times_are_positive(self, name):
        with pytest.raises(ValueError, match=f"^{name} must be positive, got 0"):
            Scan(**{name: 0})

    @pytest.mark.parametrize("name", ["wait", "jitter", "line_jitter", "flyback", "line_offset"])
    @pytest.mark.parametrize("value", [-1, 1e300])
    def test_sizes_have_bounds(self, name, value):
        with pytest.raises(ValueError, match=f"^{name} must (lie between 0 and|not be negative|be at most)"):
            Scan(**{name: value})

    @pytest.mark.parametrize("name", ["dwell", "settling", "highest"])
    @pytest.mark.parametrize("value", [1e-300, 1e300])
    def test_times_have_bounds(self, name, value):
        with pytest.raises(ValueError, match=f"^{name} must lie between (1e-06|0.001) and"):
            Scan(**{name: value})

    @pytest.mark.parametrize("extreme", [{"dwell": 1e-6, "highest": 1e9}, {"dwell": 1e9, "highest": 1e-3}])
    def test_at_its_bounds_it_is_finite(self, extreme):
        scan = Scan(jitter=1000, line_jitter=1000, flyback=1000, settling=1e-6, wait=1e9, **extreme)
        assert np.isfinite(scan.displacements(SHAPE, rng=1)).all()
