"""Searches for worst cases: their laws, their answers where these are known, and the stored runs."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from hrtem_lab import extremes
from hrtem_lab.extremes import __main__ as command
from hrtem_lab.extremes._greys import BRIGHTEST
from hrtem_lab.extremes._proposals import Patch, applied, kinds
from hrtem_lab.metrics import METRICS, disc
from hrtem_lab.simulation import form_image, load_exit_wave

ROOT = Path(__file__).parents[2]
CELL = 5.275  # Å, Nb₃Sn
REFERENCE = form_image(load_exit_wave("nb3sn"), shape=32, field_of_view=2 * CELL).astype(np.float64)
PERIOD = 16
LEVEL = (REFERENCE.max() - REFERENCE.min()) / BRIGHTEST

# The stored curves were computed by the metrics, in the reference's single precision.
ROUNDING = 1e-5

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=10)
metric_keys = pytest.mark.parametrize("key", METRICS)


def search(metric, reference=REFERENCE, **options):
    return list(extremes.maximise(metric, reference, **{"steps": 40, **options}))


def last(states):
    *_, state = states
    return state


def documented(page):
    """Return the table of stored runs in a page as {run: {column: text}}."""
    blocks = (ROOT / page).read_text(encoding="utf-8").split("\n\n")
    (lines,) = (block.splitlines() for block in blocks if block.startswith("| run |"))
    columns, _, *rows = ([cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines)
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def brightness(reference, image):
    return float(image.mean() - reference.mean())


def same(one, other):
    """Return whether two states are the same to the last bit, and would go on the same."""
    return (
        np.array_equal(one.image, other.image)
        and (one.value, one.held, one.step, one.accepted)
        == (other.value, other.held, other.step, other.accepted)
        and one.memory.random == other.memory.random
        and one.memory.again == other.memory.again
        and np.array_equal(one.memory.gains, other.memory.gains)
        and np.array_equal(one.memory.heights, other.memory.heights)
    )


class TestMaximise:
    @metric_keys
    @few
    @given(rng=seeds, start=st.sampled_from(extremes.STARTS))
    def test_the_value_never_falls_and_the_image_stays_in_range(self, key, rng, start):
        states = search(key, rng=rng, start=start, period=PERIOD)
        values = [state.value for state in states]
        assert values == sorted(values)
        for state in states:
            assert state.image.min() >= REFERENCE.min()
            assert state.image.max() <= REFERENCE.max()
        assert states[-1].accepted <= states[-1].step == 40

    @metric_keys
    def test_the_value_is_the_metric_of_the_image(self, key):
        for state in search(key, start="reversal", every=10):
            assert state.value == pytest.approx(METRICS[key].function(REFERENCE, state.image), abs=1e-6)

    @metric_keys
    def test_it_leaves_the_start_behind(self, key):
        start, *_, end = search(key, steps=200, every=200)
        assert start.value == pytest.approx(0, abs=1e-6)
        assert np.array_equal(start.image, REFERENCE) or np.abs(start.image - REFERENCE).max() <= LEVEL
        assert end.value > 0.4

    @metric_keys
    def test_a_seed_gives_one_search(self, key):
        one, again, other = (last(search(key, rng=rng)) for rng in (1, 1, 2))
        assert same(one, again)
        assert not np.array_equal(one.image, other.image)

    def test_a_generator_gives_the_search_of_its_seed(self):
        one, other = (last(search("mse", rng=rng)) for rng in (5, np.random.default_rng(5)))
        assert same(one, other)

    @pytest.mark.parametrize("metric", [*METRICS, brightness])
    @few
    @given(rng=seeds, before=st.integers(1, 39))
    def test_an_interruption_changes_nothing(self, metric, rng, before):
        options = {"rng": rng, "period": PERIOD}
        whole = last(search(metric, **options))
        half = last(search(metric, steps=before, **options))
        rest = search(metric, steps=40 - before, period=PERIOD, resume=half)
        assert same(rest[-1], whole)
        assert rest[0].step == before + 1

    def test_states_come_as_often_as_asked(self):
        steps = {
            every: [state.step for state in search("mse", steps=10, every=every)] for every in (1, 4, 100)
        }
        assert steps == {1: list(range(11)), 4: [0, 4, 8, 10], 100: [0, 10]}
        often, seldom = last(search("ssim", every=1)), last(search("ssim", every=17))
        assert same(often, seldom)

    def test_a_state_is_a_picture_that_stays(self):
        states = search("mse", steps=20)
        kept = [state.image.copy() for state in states]
        assert all(np.array_equal(state.image, image) for state, image in zip(states, kept, strict=True))
        assert not np.array_equal(kept[0], kept[-1])
        with pytest.raises(ValueError, match="read-only"):
            states[-1].image[0, 0] = 1

    def test_the_images_have_the_reference_s_precision(self):
        for dtype in (np.float32, np.float64):
            assert last(search("mse", REFERENCE.astype(dtype))).image.dtype == dtype
        assert last(search("mse", np.arange(400).reshape(20, 20))).image.dtype == np.float64

    def test_a_function_is_a_metric(self):
        """The brightest image in the range is known: white."""
        white = float(REFERENCE.max() - REFERENCE.mean())
        state = last(search(brightness, steps=1500, start="reversal"))
        assert 0.99 * white < state.value <= white + 1e-6

    def test_the_greatest_mse_is_known(self):
        """A reference that is dark somewhere can be missed completely."""
        assert last(search("mse", steps=1500)).value > 0.99

    def test_a_start_can_be_an_image(self):
        start = np.full_like(REFERENCE, REFERENCE.mean())
        assert np.abs(search("mse", start=start)[0].image - start).max() <= LEVEL

    def test_starts_are_what_they_are_called(self):
        first = {name: search("mse", steps=1, start=name)[0].image for name in extremes.STARTS}
        assert np.corrcoef(first["reversal"].ravel(), REFERENCE.ravel())[0, 1] == pytest.approx(-1)
        assert np.corrcoef(first["faint reversal"].ravel(), REFERENCE.ravel())[0, 1] == pytest.approx(-1)
        assert np.ptp(first["faint reversal"]) == pytest.approx(0.4 * np.ptp(REFERENCE), rel=1e-3)
        assert set(first["black"].ravel()) == {REFERENCE.min()}
        assert abs(np.corrcoef(first["noise"].ravel(), REFERENCE.ravel())[0, 1]) < 0.15


class TestIncrements:
    """What is followed change by change equals what is computed at once, also after many changes."""

    @pytest.mark.parametrize("key", ["mse", "ssim"])
    @pytest.mark.parametrize("period", [None, PERIOD])
    @pytest.mark.parametrize(("factor", "offset"), [(1, 0), (1, 5), (1, -0.3), (1e6, 0), (1e-6, 0)])
    def test_many_small_changes_do_not_drift(self, key, period, factor, offset):
        reference = factor * (REFERENCE.astype(np.float64) + offset)
        state = last(search(key, reference, steps=600, start="noise", period=period, every=600))
        assert state.accepted > 50
        assert state.value == pytest.approx(METRICS[key].function(reference, state.image), abs=1e-6)

    def test_images_need_not_be_square(self):
        reference = REFERENCE[:20]
        state = last(search("ssim", reference, steps=300))
        assert state.value == pytest.approx(METRICS["ssim"].function(reference, state.image), abs=1e-6)


class TestPatches:
    SHAPE = (24, 32)
    LEVELS = np.random.default_rng(0).integers(0, BRIGHTEST, SHAPE, endpoint=True)

    @given(
        number=st.integers(0, len(kinds(SHAPE, (8, 8))) - 1),
        row=st.floats(0, 24, exclude_max=True),
        column=st.floats(0, 32, exclude_max=True),
        height=st.floats(-1, 1),
    )
    def test_nothing_changes_outside_the_box(self, number, row, column, height):
        kind = kinds(self.SHAPE, (8, 8))[number]
        patch = Patch(number, row, column, abs(height) if kind.flat else height)
        changed, box = applied(patch, kind, self.LEVELS, (8, 8))
        assert changed.min() >= 0
        assert changed.max() <= BRIGHTEST
        changed[box] = self.LEVELS[box]
        assert np.array_equal(changed, self.LEVELS)

    @given(row=st.floats(0, 24, exclude_max=True), column=st.floats(0, 32, exclude_max=True))
    def test_repeated_patches_keep_the_period(self, row, column):
        grey = np.full(self.SHAPE, BRIGHTEST // 2)
        for number, kind in enumerate(kinds(self.SHAPE, (8, 16))):
            if kind.repeated:
                changed, _ = applied(Patch(number, row, column, 0.3), kind, grey, (8, 16))
                assert np.array_equal(np.roll(changed, 8, axis=0), changed)
                assert np.array_equal(np.roll(changed, 16, axis=1), changed)

    def test_a_bump_is_half_as_high_at_its_radius(self):
        grey = np.full((64, 64), 10_000)
        for number, kind in enumerate(kinds((64, 64), None)):
            changed, _ = applied(Patch(number, 32, 32, 0.1), kind, grey, None)
            profile = changed[32, 32:] - grey[32, 32:]
            half = np.interp(kind.radius, np.arange(32), profile)
            if not kind.flat and kind.radius > 3:
                assert half == pytest.approx(0.05 * BRIGHTEST, rel=0.05)

    def test_only_periodic_references_have_repeated_kinds(self):
        assert not any(kind.repeated for kind in kinds((128, 128), None))
        assert any(kind.repeated for kind in kinds((128, 128), (32, 32)))


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
            ({"metric": "psnr"}, "metric must be one of mse, ssim, cw_ssim, sift, chi_square, got 'psnr'"),
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
            ({"hold": "psnr"}, "hold must be one of mse, ssim, cw_ssim, sift, chi_square, got 'psnr'"),
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


class Gradient:
    """Eq. 1 with its derivative by every pixel, for images in units of the reference's contrast."""

    def __init__(self, reference):
        options = METRICS["ssim"].options
        self.window, self.C1, self.C2 = disc(options["radius"]), options["K1"] ** 2, options["K2"] ** 2
        self.a = reference.astype(np.float64) / np.ptp(reference).astype(np.float64)
        self.inside = self.sums(np.ones(self.a.shape))
        self.mean = self.sums(self.a) / self.inside
        self.variance = self.sums(self.a**2) / self.inside - self.mean**2

    def sums(self, values):
        return cv2.filter2D(values, -1, self.window, borderType=cv2.BORDER_CONSTANT)

    def __call__(self, pixels):
        """Return minus the sum of the map, and its derivatives."""
        b, a = pixels.reshape(self.a.shape), self.a
        mean = self.sums(b) / self.inside
        variance = self.sums(b * b) / self.inside - mean**2
        covariance = self.sums(a * b) / self.inside - self.mean * mean
        squares = self.mean**2 + mean**2 + self.C1
        luminance = (2 * self.mean * mean + self.C1) / squares
        spread = self.variance + variance + self.C2
        structure = (2 * covariance + self.C2) / spread
        by_mean = structure * (self.mean - luminance * mean) * 2 / squares / self.inside
        by_covariance = 2 * luminance / spread / self.inside
        by_variance = -luminance * structure / spread / self.inside
        slope = self.sums(by_mean) + a * self.sums(by_covariance) - self.sums(by_covariance * self.mean)
        slope += 2 * (b * self.sums(by_variance) - self.sums(by_variance * mean))
        return (luminance * structure).sum() / 2, slope.ravel() / 2


class TestBound:
    """Climbing along the gradient, another method than patches, finds how great SSIM can become."""

    HIGHEST = 0.66841

    @pytest.mark.slow
    @pytest.mark.parametrize("start", ["reference", "reversal", "faint reversal", "noise", "max-ssim"])
    def test_every_start_leads_to_one_value(self, start):
        """0.66841, which is 0.043 above the reversal. (Black, a corner of the range, is left by no slope.)"""
        reference = extremes.stored_reference()
        gradient = Gradient(reference)
        if start in extremes.STARTS:
            image = next(extremes.maximise("ssim", reference, steps=1, start=start)).image
        else:
            image = extremes.load_stored(start).image
        pixels = (image / np.ptp(reference)).astype(np.float64).ravel()
        if start == "reference":  # where the slope is zero
            pixels += np.random.default_rng(0).normal(scale=1e-3, size=pixels.size)
        limits = [(gradient.a.min(), gradient.a.max())] * pixels.size
        result = minimize(
            gradient,
            pixels,
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options={"maxiter": 300, "maxcor": 20},
        )
        highest = result.x.reshape(reference.shape) * float(np.ptp(reference))
        value = METRICS["ssim"].function(reference.astype(np.float64), highest)
        assert value == pytest.approx(self.HIGHEST, abs=2e-5)

    def test_the_search_comes_near(self):
        """Within one percent, and not beyond."""
        reached = extremes.load_stored("max-ssim").values["ssim"]
        assert 0.99 * self.HIGHEST < reached < self.HIGHEST + 1e-5


class TestStored:
    names = pytest.mark.parametrize("name", sorted(command.RUNS))

    def test_the_set_is_complete_and_small(self):
        assert extremes.list_stored() == sorted(command.RUNS)
        assert sum(path.stat().st_size for path in command.FOLDER.iterdir()) < 1.5e6

    @names
    def test_the_image_has_the_stored_values(self, name):
        """Within 1e-4, which leaves room for the rounding of other machines' SIFT and wavelets."""
        run, reference = extremes.load_stored(name), extremes.stored_reference()
        assert run.image.min() >= reference.min() - LEVEL
        assert run.image.max() <= reference.max() + LEVEL
        for key, metric in METRICS.items():
            assert run.values[key] == pytest.approx(metric.function(reference, run.image), abs=1e-4)
        for key in run.history.keys() - {"step"}:
            assert run.history[key][-1] == run.values[key]

    @names
    def test_the_history_improves_and_keeps_the_constraint(self, name):
        run = extremes.load_stored(name)
        steps = run.history["step"]
        assert steps[0] == 0
        assert steps[-1] == run.provenance["steps"]
        assert (np.diff(steps) > 0).all()
        sign = {"up": 1, "down": -1}[run.direction]
        assert (sign * np.diff(run.history[run.metric]) > -ROUNDING).all()
        if run.hold is not None:
            assert np.abs(run.history[run.hold] - run.hold_value).max() <= run.tolerance + ROUNDING

    @names
    def test_the_record_is_that_of_its_command(self, name):
        run, recipe = extremes.load_stored(name), command.RUNS[name]
        assert (run.name, run.title, run.reference) == (name, recipe["title"], "nb3sn")
        assert (run.metric, run.direction) == (recipe["metric"], recipe.get("direction", "up"))
        assert (run.hold, run.hold_value, run.tolerance) == tuple(
            recipe.get(field) for field in ("hold", "hold_value", "tolerance")
        )
        assert run.provenance["command"] == f"python -m hrtem_lab.extremes {name}"
        assert run.provenance["steps"] == recipe["steps"]
        assert run.provenance["start"] == recipe.get("start", "reference")
        assert set(run.provenance["versions"]) == set(command.LIBRARIES)

    @names
    @pytest.mark.parametrize("page", ["hrtem_lab/data/SOURCES.md", "docs/extremes.md"])
    def test_it_is_documented(self, name, page):
        run, row = extremes.load_stored(name), documented(page)[name]
        held = (
            "–" if run.hold is None else f"{METRICS[run.hold].label} {run.hold_value:g} ± {run.tolerance:g}"
        )
        assert row["searched"] == f"{METRICS[run.metric].label} {run.direction}"
        assert row["held"] == held
        assert row["start"] == run.provenance["start"]
        assert row["steps"] == f"{run.provenance['steps']:,}".replace(",", " ")
        for key, metric in METRICS.items():
            assert float(row[metric.label]) == pytest.approx(run.values[key], abs=5.1e-4)

    @pytest.mark.parametrize("page", ["hrtem_lab/data/SOURCES.md", "docs/extremes.md"])
    def test_nothing_else_is_documented(self, page):
        assert sorted(documented(page)) == sorted(command.RUNS)

    @pytest.mark.parametrize(
        ("name", "steps"),
        [("max-mse", 500), ("max-ssim", 500), ("worst-ssim-at-mse", 300), ("best-ssim-at-mse", 300)],
    )
    def test_its_first_steps_are_repeated(self, name, steps):
        """The sums behind MSE and SSIM are exact, so that every machine repeats the search step by step."""
        run = extremes.load_stored(name)
        values = {state.step: state.value for state in run.rerun(steps=steps)}
        kept = run.history["step"] <= steps
        assert kept.sum() > 20
        assert [values[step] for step in run.history["step"][kept]] == pytest.approx(
            run.history[run.metric][kept], abs=ROUNDING
        )

    @pytest.mark.parametrize("key", ["sift", "chi_square"])
    def test_the_first_steps_of_others_are_nearly_repeated(self, key):
        run = extremes.load_stored(f"max-{key}")
        values = {state.step: state.value for state in run.rerun(steps=30)}
        kept = run.history["step"] <= 30
        assert [values[step] for step in run.history["step"][kept]] == pytest.approx(
            run.history[key][kept], abs=1e-3
        )

    def test_values_of_every_metric_are_there_whatever_the_file_names(self):
        """A file without χ² in its header gets it from its image, and keeps what it names."""
        for name in extremes.list_stored():
            run = extremes.load_stored(name)
            assert list(run.values) == list(METRICS)
        assert "chi_square" not in extremes.load_stored("max-sift").history
        assert "chi_square" in extremes.load_stored("max-chi_square").history

    def test_the_command_writes_a_run(self, tmp_path, monkeypatch, capsys):
        arguments = ["extremes", "worst-sift-at-mse", "--folder", str(tmp_path), "--steps", "3"]
        monkeypatch.setattr(sys, "argv", arguments)
        command.main()
        assert capsys.readouterr().out == "worst-sift-at-mse\n"
        with np.load(tmp_path / "worst-sift-at-mse.npz") as archive:
            again = dict(archive)
        stored = extremes.load_stored("worst-sift-at-mse").history
        assert again["step"].tolist() == stored["step"][: len(again["step"])].tolist()
        assert again["sift"] == pytest.approx(stored["sift"][: len(again["step"])], abs=1e-3)

    def test_an_unknown_name_is_one_sentence(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "argv", ["extremes", "max-psnr"])
        with pytest.raises(SystemExit):
            command.main()
        assert "names must be among max-mse" in capsys.readouterr().err
        with pytest.raises(ValueError, match=r"name must be one of best-sift-at-mse, .*, got 'max-psnr'"):
            extremes.load_stored("max-psnr")
