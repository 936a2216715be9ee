"""Chapter 3 without a browser: the live search and the stored pairs."""

import asyncio
import re
from html import unescape

import numpy as np
import pytest

from hrtem_lab import extremes
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages import worst_cases
from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import encode_image
from tests.pages import library
from tests.pages.library import LABELS
from tests.pages.reader import PNG, ROUNDED, Reader, levels, rest, shown_numbers
from tests.quick import first

REFERENCE = extremes.stored_reference()
WHITE = float(REFERENCE.max())
SEARCHED = [key for key in METRICS if f"max-{key}" in extremes.list_stored()]
STEPS = 5
PERIOD = 32  # pixels of one unit cell of the reference
AT_FIRST = {"Make worst for": "SSIM", "Start from": "reference", "Seed": 0}


def differences(image):
    return library.differences(REFERENCE, image)


def stop_after(steps, monkeypatch):
    """Let every search of the library end after some steps."""
    search = extremes.maximise

    def short(*arguments, steps, **options):
        return search(*arguments, steps=min(steps, most), **options)

    most = steps
    monkeypatch.setattr(extremes, "maximise", short)


@pytest.fixture
def brief(monkeypatch, unhurried):
    """Let a search end after some steps, show every one of them, and leave the curves undrawn."""
    stop_after(STEPS, monkeypatch)
    monkeypatch.setattr("hrtem_lab.plots.to_png", lambda _figure, **_options: b"")


@pytest.fixture
def search(brief):
    return Reader(worst_cases.search())


def uninterrupted(metric, *, steps, start="reference", seed=0):
    """Return the last state of one search without a page."""
    states = extremes.maximise(
        metric, REFERENCE, steps=steps, rng=seed, start=start, period=PERIOD, every=steps
    )
    *_, last = states
    return last


def steps_of(page):
    """Return the steps of which the file holds numbers."""
    return [int(row["step"]) for row in page.rows]


def shows(page, metric, state):
    """Check picture, numbers, words and file against a state of a search."""
    shown = page.picture(f"Image of the search after {state.step} steps")
    assert shown.data == encode_image(state.image, limits=(0, WHITE))
    label = METRICS[metric].label
    assert f"step {state.step}, {label} {state.value:.3f}" in shown.caption
    expected = differences(state.image)
    assert page.numbers == pytest.approx(expected, abs=ROUNDED)
    last = page.rows[-1]
    assert int(last["step"]) == state.step
    assert [float(last[label]) for label in LABELS] == pytest.approx(list(expected.values()), abs=1e-6)


class TestSearch:
    """The live search."""

    def test_at_first_it_shows_the_reference_and_waits(self, search):
        assert search.settings == AT_FIRST
        assert search.numbers == pytest.approx(dict.fromkeys(METRICS, 0), abs=ROUNDED)
        shown = levels(search.picture("Image of the search"))
        assert np.array_equal(shown, levels(search.picture("Reference")))
        assert steps_of(search) == [0]
        assert "Start" in search.buttons

    @pytest.mark.parametrize("metric", first(SEARCHED))
    def test_it_only_gets_worse_and_ends_where_the_library_does(self, search, metric):
        search.set("Make worst for", METRICS[metric].label)
        search.press("Start")
        shows(search, metric, uninterrupted(metric, steps=STEPS))
        assert search.alerts == []
        steps = steps_of(search)
        assert set(steps) == set(range(STEPS + 1))
        assert steps == sorted(steps)
        values = [float(row[METRICS[metric].label]) for row in search.rows]
        assert min(np.diff(values)) > -1e-6  # the image is rounded to single precision
        assert values[-1] > values[0]

    @pytest.mark.parametrize("metric", first(SEARCHED))
    def test_the_long_run_stands_beside_it_and_is_worse(self, search, metric):
        search.set("Make worst for", METRICS[metric].label)
        stored = extremes.load_stored(f"max-{metric}")
        shown = search.picture("Worst image found")
        assert shown.data == encode_image(stored.image, limits=(0, WHITE))
        assert f"{stored.values[metric]:.3f}" in shown.caption
        search.press("Start")
        assert search.numbers[metric] < stored.values[metric]

    def test_going_on_is_as_if_there_had_been_no_stop(self, search, monkeypatch):
        search.press("Start")
        before = search.numbers["ssim"]
        search.press("Go on")
        assert search.numbers["ssim"] >= before
        monkeypatch.undo()
        shows(search, "ssim", uninterrupted("ssim", steps=2 * STEPS))

    @pytest.mark.parametrize(("seed", "start"), first(enumerate(extremes.STARTS, start=1), quick=2))
    def test_start_and_seed_are_obeyed(self, search, start, seed):
        search.set("Make worst for", "MSE")
        search.set("Start from", start)
        search.set("Seed", seed)
        search.press("Start")
        shows(search, "mse", uninterrupted("mse", steps=STEPS, start=start, seed=seed))

    @pytest.mark.parametrize(
        "change", [("Make worst for", "MSE"), ("Start from", "noise"), ("Seed", 5)], ids=str
    )
    def test_another_setting_starts_anew(self, search, change):
        search.press("Start")
        search.set(*change)
        assert "Start" in search.buttons
        assert steps_of(search) == [0]
        assert search.settings == AT_FIRST | dict([change])
        search.press("Start")
        metric = "mse" if change[0] == "Make worst for" else "ssim"
        expected = uninterrupted(
            metric, steps=STEPS, start=search.value("Start from"), seed=search.value("Seed")
        )
        shows(search, metric, expected)

    def test_reset_starts_anew(self, search):
        search.set("Make worst for", "MSE")
        search.set("Seed", 7)
        search.press("Start")
        search.press("Reset")
        assert search.settings == AT_FIRST
        assert steps_of(search) == [0]
        assert "Start" in search.buttons

    def test_the_curves_are_drawn_to_the_last_step(self, monkeypatch, real_curves):
        stop_after(STEPS, monkeypatch)
        page = Reader(worst_cases.search())
        first = page.picture("Differences of all metrics along 0 steps").data
        assert first.startswith(PNG)
        page.press("Start")
        last = page.picture(f"Differences of all metrics along {STEPS} steps").data
        assert last.startswith(PNG)
        assert last != first

    def test_its_files_are_a_table_and_a_picture(self, monkeypatch):
        stop_after(STEPS, monkeypatch)
        page = Reader(worst_cases.search())
        page.press("Start")
        header, *body = page.csv
        assert header == ["step", *LABELS, "Make worst for", "Start from", "Seed"]
        assert {tuple(row[-3:]) for row in body} == {("SSIM", "reference", "0")}
        assert all(len(row) == len(header) for row in body)
        assert page.figure.startswith(PNG)
        assert page.files == ["Figure (PNG)", "Numbers (CSV)"]

    def test_stopping_keeps_what_was_found(self, unhurried):
        async def use():
            page = Reader(worst_cases.search())
            await rest()
            page.press("Start")
            assert "Stop" in page.buttons
            while len(page.rows) < 8:
                await asyncio.sleep(0.01)
            page.press("Stop")
            assert "Go on" in page.buttons
            steps = steps_of(page)[-1]
            await rest()
            return page, steps

        page, steps = asyncio.run(use())
        value, end = page.progress
        assert value == steps < end
        assert "Go on" in page.buttons
        shows(page, "ssim", uninterrupted("ssim", steps=steps))
        assert page.alerts == []

    def test_a_stopped_search_goes_on_in_the_page(self, monkeypatch, unhurried):
        async def use():
            page = Reader(worst_cases.search())
            page.press("Start")
            while len(page.rows) < 4:
                await asyncio.sleep(0.01)
            page.press("Stop")
            await rest()
            with monkeypatch.context() as short:
                stop_after(STEPS, short)
                page.press("Go on")
                assert "Stop" in page.buttons
                await rest()
            return page

        page = asyncio.run(use())
        assert "Go on" in page.buttons
        total = steps_of(page)[-1]
        assert total > STEPS
        shows(page, "ssim", uninterrupted("ssim", steps=total))

    @pytest.mark.parametrize(
        "end", [lambda page: page.set("Make worst for", "MSE"), lambda page: page.press("Reset")]
    )
    def test_another_setting_or_reset_ends_a_running_search(self, end):
        async def use():
            page = Reader(worst_cases.search())
            page.press("Start")
            await asyncio.sleep(0.05)
            end(page)
            assert "Start" in page.buttons
            await rest()
            return page

        page = asyncio.run(use())
        assert steps_of(page) == [0]
        assert "Start" in page.buttons

    @pytest.mark.parametrize("in_a_loop", [False, True])
    def test_a_search_that_fails_says_so_and_can_be_started_again(self, search, monkeypatch, in_a_loop):
        def fail(*_arguments, **_options):
            raise ValueError("Metric must return a finite number, got nan")
            yield

        with monkeypatch.context() as broken:
            broken.setattr(extremes, "maximise", fail)

            async def use():
                search.press("Start")
                await rest()

            asyncio.run(use()) if in_a_loop else search.press("Start")
        (alert,) = search.alerts
        assert "finite number, got nan" in alert
        assert "Stop" not in search.buttons
        search.press("Start")
        shows(search, "ssim", uninterrupted("ssim", steps=STEPS))


def test_a_metric_without_a_long_run_is_searched_all_the_same(brief, monkeypatch):
    monkeypatch.setattr(extremes, "list_stored", list)
    page = Reader(worst_cases.search())
    assert page.alerts == []
    hidden = [part for part in page.parts(Picture) if part.layout.display == "none"]
    assert [part.data for part in hidden] == [b""]
    monkeypatch.undo()
    page.set("Make worst for", "MSE")
    assert hidden[0].layout.display is None
    assert hidden[0].data.startswith(PNG)


class TestPairs:
    """The stored images with one metric held."""

    def test_every_stored_run_with_a_held_metric_is_shown_with_its_numbers(self):
        (html,) = Reader(worst_cases.pairs()).texts
        runs = {name: extremes.load_stored(name) for name in extremes.list_stored()}
        held = {name: run for name, run in runs.items() if run.hold is not None}
        shown = dict(re.findall(r'<figure[^>]*data-case="([^"]+)">(.*?)</figure>', html, re.DOTALL))
        assert shown.keys() == held.keys()
        assert len(held) >= 2
        for name, run in held.items():
            expected = differences(run.image)
            assert shown_numbers(shown[name]) == pytest.approx(expected, abs=ROUNDED)
            (alt,) = re.findall(r'<img alt="([^"]+)"', shown[name])
            assert unescape(alt) == run.title
