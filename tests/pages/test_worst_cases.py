"""Chapter 3 without a browser: the live search, the stored pairs and the game of fooling a metric."""

import asyncio
import csv
import re
from html import unescape

import cv2
import ipywidgets as widgets
import numpy as np
import pytest

from hrtem_lab import extremes
from hrtem_lab.app.kit.widgets import Download, Picture, Storage
from hrtem_lab.app.pages.worst_cases import fooling
from hrtem_lab.app.pages.worst_cases import page as worst_cases
from hrtem_lab.app.pages.worst_cases.fooling import FoolTheMetric
from hrtem_lab.app.pages.worst_cases.page import PERIOD, WorstCase
from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import encode_image

REFERENCE = extremes.stored_reference()
WHITE = float(REFERENCE.max())
LABELS = [metric.label for metric in METRICS.values()]
PNG = b"\x89PNG\r\n\x1a\n"
ROUNDED = 5.1e-4  # numbers on the page have 3 decimals
SEARCHED = [key for key in METRICS if f"max-{key}" in extremes.list_stored()]
STEPS = 12


def parts(widget):
    """Yield a widget and all that it contains."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def buttons(dashboard):
    return {p.description: p for p in parts(dashboard.view) if isinstance(p, widgets.Button)}


def press(dashboard, text):
    buttons(dashboard)[text].click()


def picture(dashboard, alt):
    (found,) = [p for p in parts(dashboard.view) if isinstance(p, Picture) and p.alt.startswith(alt)]
    return found


def levels(picture):
    return cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_UNCHANGED).astype(int)


def said(dashboard):
    """Return all text outside the pictures."""
    html = " ".join(p.value for p in parts(dashboard.view) if isinstance(p, widgets.HTML))
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def complaints(dashboard):
    return [
        p.value for p in parts(dashboard.view) if isinstance(p, widgets.HTML) and 'role="alert"' in p.value
    ]


def numbers(dashboard):
    """Return the shown differences."""
    (table,) = [
        p.value for p in parts(dashboard.view) if isinstance(p, widgets.HTML) and "hl-numbers" in p.value
    ]
    found = re.findall(r'data-metric="(\w+)".*?class="hl-value">([\d.]+)<', table, re.DOTALL)
    return {key: float(text) for key, text in found}


def differences(image):
    return {key: metric.function(REFERENCE, image) for key, metric in METRICS.items()}


def rows(dashboard):
    """Return the numbers of the CSV file by their column names."""
    return list(csv.DictReader(dashboard.csv().decode().splitlines()))


def choose(dashboard, **values):
    """Set controls as the reader does, one after the other."""
    for key, value in values.items():
        dashboard.controls.widgets[key].value = value


async def rest():
    """Wait until all that was begun is done or cancelled."""
    begun = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*begun, return_exceptions=True)


@pytest.fixture
def brief(monkeypatch):
    """Let a search end after some steps, show every one of them, and leave the curves undrawn."""
    monkeypatch.setattr(worst_cases, "STEPS", STEPS)
    monkeypatch.setattr(worst_cases, "SECONDS_BETWEEN_PICTURES", -1)
    monkeypatch.setattr(worst_cases, "encode_figure", lambda _figure: b"")


@pytest.fixture
def search(brief):
    made = WorstCase()
    made.start()
    return made


def uninterrupted(metric, *, steps, start="reference", seed=0):
    """Return the last state of one search without a page."""
    states = extremes.maximise(
        metric, REFERENCE, steps=steps, rng=seed, start=start, period=PERIOD, every=steps
    )
    *_, last = states
    return last


def shows(dashboard, metric, state):
    """Check picture, numbers, words and file against a state of a search."""
    shown = picture(dashboard, f"Image of the search after {state.step} steps")
    assert shown.data == encode_image(state.image, limits=(0, WHITE))
    label = METRICS[metric].label
    assert f"step {state.step}, {label} {state.value:.3f}" in shown.caption
    expected = differences(state.image)
    assert numbers(dashboard) == pytest.approx(expected, abs=ROUNDED)
    last = rows(dashboard)[-1]
    assert int(last["step"]) == state.step
    assert [float(last[label]) for label in LABELS] == pytest.approx(list(expected.values()), abs=1e-6)


class TestSearch:
    """The live search."""

    def test_at_first_it_shows_the_reference_and_waits(self, search):
        assert numbers(search) == pytest.approx(dict.fromkeys(METRICS, 0), abs=ROUNDED)
        assert np.array_equal(
            levels(picture(search, "Image of the search")), levels(picture(search, "Reference"))
        )
        assert [int(row["step"]) for row in rows(search)] == [0]
        assert "Start" in buttons(search)

    @pytest.mark.parametrize("metric", SEARCHED)
    def test_it_only_gets_worse_and_ends_where_the_library_does(self, search, metric):
        choose(search, metric=metric)
        press(search, "Start")
        shows(search, metric, uninterrupted(metric, steps=STEPS))
        assert complaints(search) == []
        steps = [int(row["step"]) for row in rows(search)]
        assert set(steps) == set(range(STEPS + 1))
        assert steps == sorted(steps)
        values = [float(row[METRICS[metric].label]) for row in rows(search)]
        assert min(np.diff(values)) > -1e-6  # the image is rounded to single precision
        assert values[-1] > values[0]

    @pytest.mark.parametrize("metric", SEARCHED)
    def test_the_long_run_stands_beside_it_and_is_worse(self, search, metric):
        choose(search, metric=metric)
        stored = extremes.load_stored(f"max-{metric}")
        shown = picture(search, "Worst image found")
        assert shown.data == encode_image(stored.image, limits=(0, WHITE))
        assert f"{stored.values[metric]:.3f}" in shown.caption
        press(search, "Start")
        assert numbers(search)[metric] < stored.values[metric]

    def test_going_on_is_as_if_there_had_been_no_stop(self, search):
        press(search, "Start")
        before = numbers(search)["ssim"]
        press(search, "Go on")
        assert numbers(search)["ssim"] >= before
        shows(search, "ssim", uninterrupted("ssim", steps=2 * STEPS))

    @pytest.mark.parametrize(("seed", "start"), [*enumerate(extremes.STARTS, start=1)])
    def test_start_and_seed_are_obeyed(self, search, start, seed):
        choose(search, metric="mse", start=start, seed=seed)
        press(search, "Start")
        shows(search, "mse", uninterrupted("mse", steps=STEPS, start=start, seed=seed))

    @pytest.mark.parametrize("change", [{"metric": "mse"}, {"start": "noise"}, {"seed": 5}])
    def test_another_setting_starts_anew(self, search, change):
        press(search, "Start")
        choose(search, **change)
        assert "Start" in buttons(search)
        assert [int(row["step"]) for row in rows(search)] == [0]
        settings = {"metric": "ssim", "start": "reference", "seed": 0} | change
        press(search, "Start")
        expected = uninterrupted(
            settings["metric"], steps=STEPS, start=settings["start"], seed=settings["seed"]
        )
        shows(search, settings["metric"], expected)

    def test_reset_starts_anew(self, search):
        choose(search, metric="mse", seed=7)
        press(search, "Start")
        press(search, "Reset")
        assert search.controls.values == {"metric": "ssim", "start": "reference", "seed": 0}
        assert [int(row["step"]) for row in rows(search)] == [0]
        assert "Start" in buttons(search)

    def test_the_curves_are_drawn_to_the_last_step(self, monkeypatch):
        monkeypatch.setattr(worst_cases, "STEPS", STEPS)
        made = WorstCase()
        made.start()
        first = picture(made, "Differences of all metrics along 0 steps").data
        assert first.startswith(PNG)
        press(made, "Start")
        last = picture(made, f"Differences of all metrics along {STEPS} steps").data
        assert last.startswith(PNG)
        assert last != first

    def test_its_files_are_a_table_and_a_picture(self, search):
        press(search, "Start")
        header, *body = list(csv.reader(search.csv().decode().splitlines()))
        assert header == ["step", *LABELS]
        assert all(len(row) == len(header) for row in body)
        assert search.png().startswith(PNG)
        names = [p.label for p in parts(search.view) if isinstance(p, Download)]
        assert names == ["Figure (PNG)", "Numbers (CSV)"]

    def test_stopping_keeps_what_was_found(self, monkeypatch):
        monkeypatch.setattr(worst_cases, "SECONDS_BETWEEN_PICTURES", -1)
        made = WorstCase()
        steps = []

        async def reader():
            made.start()
            await rest()
            press(made, "Start")
            assert "Stop" in buttons(made)
            while len(rows(made)) < 8:
                await asyncio.sleep(0)
            press(made, "Stop")
            assert "Go on" in buttons(made)
            steps.append(int(rows(made)[-1]["step"]))
            await rest()

        asyncio.run(reader())
        assert steps[0] < worst_cases.STEPS
        assert "Go on" in buttons(made)
        shows(made, "ssim", uninterrupted("ssim", steps=steps[0]))
        assert complaints(made) == []

    def test_a_stopped_search_goes_on_in_the_page(self, monkeypatch):
        monkeypatch.setattr(worst_cases, "SECONDS_BETWEEN_PICTURES", -1)
        made = WorstCase()

        async def reader():
            made.start()
            press(made, "Start")
            while len(rows(made)) < 4:
                await asyncio.sleep(0)
            press(made, "Stop")
            await rest()
            monkeypatch.setattr(worst_cases, "STEPS", STEPS)
            press(made, "Go on")
            assert "Stop" in buttons(made)
            await rest()

        asyncio.run(reader())
        assert "Go on" in buttons(made)
        total = int(rows(made)[-1]["step"])
        assert total > STEPS
        shows(made, "ssim", uninterrupted("ssim", steps=total))

    @pytest.mark.parametrize("end", [lambda d: choose(d, metric="mse"), lambda d: press(d, "Reset")])
    def test_another_setting_or_reset_ends_a_running_search(self, end):
        made = WorstCase()

        async def reader():
            made.start()
            press(made, "Start")
            await asyncio.sleep(0.05)
            end(made)
            assert "Start" in buttons(made)
            await rest()

        asyncio.run(reader())
        assert [int(row["step"]) for row in rows(made)] == [0]
        assert "Start" in buttons(made)

    @pytest.mark.parametrize("in_a_loop", [False, True])
    def test_a_search_that_fails_says_so_and_can_be_started_again(self, search, monkeypatch, in_a_loop):
        def fail(*_arguments, **_options):
            raise ValueError("Metric must return a finite number, got nan")
            yield

        with monkeypatch.context() as broken:
            broken.setattr(extremes, "maximise", fail)

            async def reader():
                press(search, "Start")
                await rest()

            asyncio.run(reader()) if in_a_loop else press(search, "Start")
        assert len(complaints(search)) == 1
        assert "finite number, got nan" in said(search)
        assert "Stop" not in buttons(search)
        press(search, "Start")
        shows(search, "ssim", uninterrupted("ssim", steps=STEPS))


def test_a_metric_without_a_long_run_is_searched_all_the_same(brief, monkeypatch):
    monkeypatch.setattr(extremes, "list_stored", list)
    search = WorstCase()
    search.start()
    assert complaints(search) == []
    hidden = [p for p in parts(search.view) if isinstance(p, Picture) and p.layout.display == "none"]
    assert [p.data for p in hidden] == [b""]
    monkeypatch.undo()
    choose(search, metric="mse")
    assert hidden[0].layout.display is None
    assert hidden[0].data.startswith(PNG)


class TestPairs:
    """The stored images with one metric held."""

    def test_every_stored_run_with_a_held_metric_is_shown_with_its_numbers(self):
        html = worst_cases.pairs().value
        runs = {name: extremes.load_stored(name) for name in extremes.list_stored()}
        held = {name: run for name, run in runs.items() if run.hold is not None}
        shown = dict(re.findall(r'<figure[^>]*data-case="([^"]+)">(.*?)</figure>', html, re.DOTALL))
        assert shown.keys() == held.keys()
        assert len(held) >= 2
        for name, run in held.items():
            found = re.findall(r'data-metric="(\w+)".*?class="hl-value">([\d.]+)<', shown[name], re.DOTALL)
            expected = differences(run.image)
            assert {key: float(text) for key, text in found} == pytest.approx(expected, abs=ROUNDED)
            (alt,) = re.findall(r'<img alt="([^"]+)"', shown[name])
            assert unescape(alt) == run.title


@pytest.fixture
def game():
    made = FoolTheMetric()
    made.start()
    return made


def storage(game):
    (found,) = [p for p in parts(game.view) if isinstance(p, Storage)]
    return found


def yours(game):
    return picture(game, "Your image")


def paint(game, x, y):
    yours(game).point = [x, y]


def shown_levels(game):
    return levels(yours(game))


def levels_of(game):
    """Return the grey levels of the image whose numbers are shown, after checking these numbers."""
    image = game._image
    assert numbers(game) == pytest.approx(differences(image), abs=ROUNDED)
    return np.rint(255 * image / WHITE).astype(int)


CLEAN = levels(Picture(data=encode_image(REFERENCE, limits=(0, WHITE))))


class TestGame:
    """The game of fooling a metric."""

    def test_the_clean_reference_scores_nothing(self, game):
        assert np.array_equal(shown_levels(game), CLEAN)
        assert numbers(game) == pytest.approx(dict.fromkeys(METRICS, 0), abs=ROUNDED)
        assert "Score 0.000" in said(game)
        assert complaints(game) == []

    @pytest.mark.parametrize(
        "change",
        [{"shift": 0.25}, {"defocus": -3.0}, {"contrast": 0.5}, {"blur": 2.0}, {"noise": 10.0}],
        ids=lambda change: next(iter(change)),
    )
    def test_every_distortion_changes_picture_and_numbers(self, game, change):
        choose(game, **change)
        assert not np.array_equal(shown_levels(game), CLEAN)
        assert any(numbers(game).values())
        assert np.abs(shown_levels(game) - levels_of(game)).max() <= 1

    def test_paint_lands_where_the_reader_points(self, game):
        choose(game, brush=100, size=6)
        paint(game, 0.26, 0.74)
        change = shown_levels(game) - CLEAN
        row, column = np.unravel_index(change.argmax(), change.shape)
        assert (row + 0.5, column + 0.5) == pytest.approx((0.74 * 128, 0.26 * 128), abs=6)
        assert change.max() > 50
        assert change.min() >= -1
        y, x = np.mgrid[:128, :128] + 0.5
        far = np.hypot(x - 0.26 * 128, y - 0.74 * 128) > 12
        assert np.abs(change[far]).max() <= 1
        assert numbers(game)["sift"] > 0

    def test_paint_scores_only_while_the_other_metric_accepts_it(self, game):
        paint(game, 0.5, 0.5)
        score = numbers(game)["sift"]
        assert score > 0
        assert numbers(game)["mse"] <= METRICS["mse"].threshold
        assert f"Score {score:.3f}" in said(game)
        assert storage(game).values["sift-mse"] == pytest.approx(score, abs=ROUNDED)

    def test_no_score_above_the_threshold(self, game):
        before = storage(game).values
        choose(game, contrast=-1)
        assert numbers(game)["mse"] > METRICS["mse"].threshold
        assert numbers(game)["sift"] > 0.5
        assert "No score: MSE is above its threshold of 0.07" in said(game)
        assert storage(game).values == before

    def test_the_best_score_never_falls(self, game):
        for x in (0.2, 0.4, 0.6):
            paint(game, x, 0.5)
        best = storage(game).values["sift-mse"]
        assert best > 0
        press(game, "Undo stroke")
        press(game, "Clear paint")
        assert "Score 0.000" in said(game)
        assert storage(game).values["sift-mse"] == best
        assert f"Your best so far: {best:.3f}" in said(game)

    def test_a_best_score_of_an_earlier_visit_counts(self, game):
        storage(game).values = {"sift-mse": 0.75, "ssim-mse": 0.25}
        assert "Your best so far: 0.750" in said(game)
        paint(game, 0.5, 0.5)
        assert storage(game).values == {"sift-mse": 0.75, "ssim-mse": 0.25}
        assert "Your best so far: 0.750" in said(game)

    def test_each_pair_has_a_score_of_its_own(self, game):
        paint(game, 0.5, 0.5)
        best = storage(game).values["sift-mse"]
        choose(game, contrast=-1, keep="cw_ssim")
        assert storage(game).values["sift-cw_ssim"] > best
        assert storage(game).values["sift-mse"] == best

    @pytest.mark.parametrize("key", sorted(fooling.JUDGES.values()))
    def test_a_metric_cannot_fool_itself(self, game, key):
        choose(game, **{"raise": key, "keep": key})
        assert "Choose two different metrics." in said(game)
        paint(game, 0.5, 0.5)
        assert f"{key}-{key}" not in storage(game).values

    def test_strokes_are_undone_one_by_one_and_cleared_together(self, game):
        seen = [shown_levels(game)]
        for x in (0.2, 0.5, 0.8):
            paint(game, x, 0.5)
            seen.append(shown_levels(game))
        assert len({picture.tobytes() for picture in seen}) == 4
        press(game, "Undo stroke")
        assert np.array_equal(shown_levels(game), seen[2])
        press(game, "Clear paint")
        assert np.array_equal(shown_levels(game), CLEAN)
        press(game, "Undo stroke")
        assert np.array_equal(shown_levels(game), CLEAN)
        assert complaints(game) == []

    @pytest.mark.parametrize("last", [{"contrast": 0.4}, {"brush": 80}, {"size": 3}])
    def test_reset_restores_the_clean_reference(self, game, last):
        choose(game, noise=5.0)
        paint(game, 0.5, 0.5)
        choose(game, **last)
        press(game, "Reset")
        assert np.array_equal(shown_levels(game), CLEAN)
        assert numbers(game) == pytest.approx(dict.fromkeys(METRICS, 0), abs=ROUNDED)

    def test_choosing_a_brush_changes_nothing_yet(self, game):
        paint(game, 0.5, 0.5)
        before = yours(game).data
        choose(game, brush=-100, size=20)
        assert yours(game).data == before

    def test_a_link_with_a_brush_keeps_its_other_settings(self, game):
        linked = FoolTheMetric()
        linked.start()
        linked._address.asked = "contrast=-1&brush=80&size=9"
        choose(game, contrast=-1)
        assert np.array_equal(shown_levels(linked), shown_levels(game))
        assert numbers(linked) == numbers(game)

    @pytest.mark.parametrize("brush", [-100, 100])
    def test_intensities_stay_within_black_and_white(self, game, brush):
        choose(game, noise=30.0, brush=brush, size=20)
        for x in (0.25, 0.5, 0.75):
            paint(game, x, 0.5)
        image = game._image
        assert image.shape == REFERENCE.shape
        assert image.min() >= 0
        assert image.max() <= np.float32(WHITE)
        assert np.abs(shown_levels(game) - levels_of(game)).max() <= 1

    def test_the_exercise_has_the_solution_that_the_page_gives(self, game):
        choose(game, **{"raise": "sift", "keep": "cw_ssim"})
        choose(game, contrast=-1)
        shown = numbers(game)
        assert shown["sift"] > 0.8
        assert shown["cw_ssim"] <= METRICS["cw_ssim"].threshold
        assert f"Score {shown['sift']:.3f}" in said(game)

    def test_the_map_is_of_the_metric_to_be_raised(self, game):
        for key, metric in METRICS.items():
            choose(game, **{"raise": key})
            assert metric.label in picture(game, f"{metric.label} difference map").caption

    def test_its_files_are_a_table_and_a_picture(self, game):
        choose(game, noise=5.0)
        paint(game, 0.5, 0.5)
        (row,) = rows(game)
        assert row["Brush strokes"] == "1"
        assert row["Noise σ (% of white)"] == "5.0"
        shown = [float(row[label]) for label in LABELS]
        assert shown == pytest.approx(list(numbers(game).values()), abs=ROUNDED)
        assert game.png().startswith(PNG)
