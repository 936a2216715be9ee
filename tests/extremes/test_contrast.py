"""Searches that hold a second metric, and what every search refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab import extremes
from hrtem_lab.metrics import METRICS
from tests.extremes.searches import PERIOD, REFERENCE, brightness, last, same, search

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=5)
metric_keys = pytest.mark.parametrize("key", METRICS)


class TestContrast:
    @pytest.mark.parametrize("direction", ["up", "down"])
    @pytest.mark.parametrize(
        ("metric", "hold", "value", "tolerance"),
        [
            ("ssim", "mse", 0.07, 0.002),
            ("sift", "mse", 0.07, 0.002),
            ("mse", "ssim", 0.2, 0.01),
            ("ssim", "sift", 0.3, 0.01),
            ("ssim", brightness, 0.1, 0.01),
        ],
    )
    def test_the_held_metric_stays_and_the_other_improves(self, metric, hold, value, tolerance, direction):
        function = hold if callable(hold) else METRICS[hold].function
        options = {"value": value, "tolerance": tolerance, "direction": direction, "start": "noise"}
        states = list(extremes.contrast(metric, hold, REFERENCE, steps=150, rng=1, **options))
        values = [state.value for state in states]
        assert values == sorted(values, reverse=direction == "down")
        assert states[-1].accepted > 0
        for state in states:
            assert abs(state.held - value) <= tolerance
            assert state.held == pytest.approx(function(REFERENCE, state.image), abs=1e-6)
            assert REFERENCE.min() <= state.image.min() <= state.image.max() <= REFERENCE.max()
        assert values[-1] == pytest.approx(METRICS[metric].function(REFERENCE, states[-1].image), abs=1e-6)

    def test_best_and_worst_lie_far_apart(self):
        options = {"value": 0.07, "tolerance": 0.002, "steps": 400, "period": PERIOD}
        down, up = (
            last(extremes.contrast("ssim", "mse", REFERENCE, direction=direction, **options))
            for direction in ("down", "up")
        )
        assert up.value > 3 * down.value

    def test_below_a_threshold_the_start_may_be_the_reference(self):
        options = {"value": 0.09, "tolerance": 0.09, "start": "reference", "steps": 60}
        first, *_, end = extremes.contrast("mse", "sift", REFERENCE, **options)
        assert first.value == pytest.approx(0, abs=1e-6)
        assert end.value > first.value
        assert end.held <= 0.18

    @few
    @given(rng=seeds, before=st.integers(1, 59))
    def test_an_interruption_changes_nothing(self, rng, before):
        options = {"value": 0.07, "tolerance": 0.002, "period": PERIOD}
        whole = last(extremes.contrast("ssim", "mse", REFERENCE, steps=60, rng=rng, **options))
        half = last(extremes.contrast("ssim", "mse", REFERENCE, steps=before, rng=rng, **options))
        rest = extremes.contrast("ssim", "mse", REFERENCE, steps=60 - before, resume=half, **options)
        assert same(last(rest), whole)


class TestErrors:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"metric": "psnr"}, f"metric must be one of {', '.join(METRICS)}, got 'psnr'"),
            ({"metric": 3}, "metric must be a function or one of mse, .*, got 3"),
            ({"steps": 0}, "steps must be at least 1, got 0"),
            ({"steps": 1.5}, "steps must be a whole number, got 1.5"),
            ({"every": 0}, "every must be at least 1, got 0"),
            ({"period": 0}, "period must be positive, got 0"),
            ({"start": "upside down"}, "start must be one of reference, .*, got 'upside down'"),
            ({"start": np.zeros((3, 3))}, r"start must have the .* shape \(32, 32\), got \(3, 3\)"),
            ({"start": REFERENCE + 9}, "start must lie within the reference's intensities, .*, got 9"),
            ({"start": REFERENCE - 9}, "start must lie within the reference's intensities, .*, got -8"),
            ({"reference": np.ones((32, 32))}, "must hold two different intensities .*, got 1 to 1"),
            ({"reference": -REFERENCE - 1}, "reference must hold .* one above zero, got -"),
            ({"reference": np.ones(9)}, r"reference must be 2-D .*, got shape \(9,\)"),
            ({"reference": REFERENCE[:8, :8]}, "reference must be at least as large as the window"),
        ],
    )
    def test_they_state_value_and_rule_before_the_search_begins(self, change, message):
        arguments = {"metric": "ssim", "reference": REFERENCE, "steps": 1, **change}
        with pytest.raises((TypeError, ValueError), match=message):
            extremes.maximise(**arguments)

    def test_a_function_must_return_a_number(self):
        with pytest.raises(ValueError, match=r"metric\(reference, image\) must be finite, got nan"):
            extremes.maximise(lambda reference, image: float("nan"), REFERENCE, steps=1)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"direction": "sideways"}, "direction must be one of up, down, got 'sideways'"),
            ({"value": -0.1}, "value must not be negative, got -0.1"),
            ({"tolerance": 0}, "tolerance must be positive, got 0"),
            ({"hold": "psnr"}, f"hold must be one of {', '.join(METRICS)}, got 'psnr'"),
            ({"metric_up": "psnr"}, "metric_up must be one of"),
            ({"value": 0.99}, "held metric must be 0.99 ± 0.002, but the start has only 0.7"),
            ({"start": "reference"}, "held metric must be 0.07 ± 0.002, but the start has only .*e-"),
            (
                {"hold": lambda reference, image: float((image != reference).any())},
                "held metric must be 0.07 ± 0.002, but .* it jumps to [01]",
            ),
        ],
    )
    def test_a_constraint_must_be_feasible(self, change, message):
        options = {"metric_up": "ssim", "hold": "mse", "value": 0.07, "tolerance": 0.002, "steps": 1}
        arguments = {**options, **change}
        with pytest.raises(ValueError, match=message):
            extremes.contrast(arguments.pop("metric_up"), arguments.pop("hold"), REFERENCE, **arguments)

    def test_a_state_belongs_to_its_search(self):
        state = last(search("mse", period=PERIOD))
        with pytest.raises(ValueError, match="resume must be a state of a search with the same period"):
            search("mse", resume=state)
        with pytest.raises(ValueError, match=r"shape \(20, 20\), got one of shape \(32, 32\)"):
            search("mse", REFERENCE[:20, :20], resume=state)
        options = {"value": 0.001, "tolerance": 0.0005, "period": PERIOD, "steps": 1}
        with pytest.raises(ValueError, match=r"held metric must be 0.001 ± 0.0005, but resume has 0\."):
            extremes.contrast("ssim", "mse", REFERENCE, resume=state, **options)
