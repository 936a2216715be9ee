"""What every dashboard does alike: updates and their cancellation, errors, reset, links and downloads."""

import asyncio
import itertools
import logging
import time
from types import SimpleNamespace

import pytest

from hrtem_lab.app.kit import dashboard as dashboard_module
from hrtem_lab.app.kit.controls import Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from tests.pages.reader import File, Reader, rest, words


@pytest.fixture
def unhurried(monkeypatch):
    """A clock on which every piece takes a second, so that the loop has its turn after each."""
    computed = itertools.count(step=10).__next__
    clock = SimpleNamespace(perf_counter=itertools.count().__next__, process_time=computed, sleep=time.sleep)
    monkeypatch.setattr(dashboard_module, "time", clock)


class Recorder(Dashboard):
    """A dashboard that writes down what it was asked to do."""

    pieces = 4

    def __init__(self, *sliders):
        usual = Slider(key="x", label="X", minimum=0, maximum=9, step=1, default=0, unit="nm")
        super().__init__(Controls(sliders or [usual]), name="recorder")
        self.drawn, self.refined, self.fail = [], [], None

    def draw(self):
        if self.fail == "draw":
            raise ValueError("Radius must be <b>positive</b>, got -3")
        if self.fail == "bug":
            raise KeyError("secret")
        self.drawn.append(self.controls.values["x"])

    def refine(self):
        for piece in range(self.pieces):
            if self.fail == "refine" and piece == 2:
                raise ValueError("Nothing to refine")
            self.refined.append((self.controls.values["x"], piece))
            yield

    def png(self):
        return b"picture"

    def csv(self):
        raise ValueError("No numbers yet")

    @property
    def reader(self):
        return Reader(self.actions)

    def move(self, value):
        self.controls.widgets["x"].value = value


class TestDashboard:
    def test_outside_a_kernel_an_update_is_complete_at_once(self):
        dashboard = Recorder()
        dashboard.start()
        dashboard.move(3)
        assert dashboard.drawn == [0, 3]
        assert dashboard.refined == [(x, piece) for x in (0, 3) for piece in range(4)]
        assert dashboard.reader.query == "x=3"

    def test_a_newer_change_abandons_the_older_refinement(self, unhurried):
        dashboard = Recorder()

        async def reader():
            dashboard.move(1)
            assert dashboard.refined == []  # the picture is there, the rest comes when the loop is free
            while not dashboard.refined:
                await asyncio.sleep(0)
            dashboard.move(2)
            await rest()

        asyncio.run(reader())
        assert dashboard.drawn == [1, 2]
        assert dashboard.refined == [(1, 0), *((2, piece) for piece in range(4))]

    def test_pieces_shorter_than_a_frame_are_taken_together(self, monkeypatch):
        clock = SimpleNamespace(perf_counter=lambda: 0.0, process_time=lambda: 0.0, sleep=time.sleep)
        monkeypatch.setattr(dashboard_module, "time", clock)
        dashboard = Recorder()

        async def reader():
            dashboard.move(1)
            await asyncio.sleep(0)
            return len(dashboard.refined)

        assert asyncio.run(reader()) == 4

    @pytest.mark.parametrize(
        ("computed", "rest"), [(0.02, 0.005), (0.03, 0.005), (0.016, 0.005), (0.01, 0.15), (0, 0.45)]
    )
    def test_work_rests_thirty_times_longer_than_others_held_it_up(self, monkeypatch, computed, rest):
        monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
        now = SimpleNamespace(perf_counter=lambda: 7.0, process_time=lambda: 3.0)
        monkeypatch.setattr(dashboard_module, "time", now)
        pace = dashboard_module.Pace()
        now.perf_counter, now.process_time = lambda: 7.02, lambda: 3 + computed
        assert pace.worked == pytest.approx(0.02)
        assert pace.rest == pytest.approx(rest)
        now.perf_counter = lambda: 70.0
        assert pace.rest == 1
        monkeypatch.delenv("HRTEM_LAB_WORKERS")
        assert pace.rest == 0.005

    def test_cancelling_leaves_the_rest_undone(self):
        dashboard = Recorder()

        async def reader():
            dashboard.move(1)
            dashboard.cancel()
            await rest()

        asyncio.run(reader())
        assert dashboard.drawn == [1]
        assert dashboard.refined == []

    def test_a_broken_rule_becomes_a_sentence_until_the_next_change(self):
        dashboard = Recorder()
        dashboard.start()
        dashboard.fail = "draw"
        dashboard.move(1)
        said = words(dashboard.message.value)
        assert said == "This cannot be shown: radius must be <b>positive</b>, got -3."
        assert "<b>" not in dashboard.message.value
        assert 'role="alert"' in dashboard.message.value
        dashboard.fail = None
        dashboard.move(2)
        assert dashboard.message.value == ""
        assert dashboard.drawn == [0, 2]

    def test_a_bug_becomes_a_sentence_and_is_logged(self, caplog):
        dashboard = Recorder()
        dashboard.fail = "bug"
        with caplog.at_level(logging.ERROR):
            dashboard.start()
        said = words(dashboard.message.value)
        assert said == "Something went wrong inside this page (KeyError). Reset may help."
        (record,) = caplog.records
        assert isinstance(record.exc_info[1], KeyError)

    @pytest.mark.parametrize("in_a_loop", [False, True])
    def test_a_failure_while_refining_is_reported_too(self, in_a_loop):
        dashboard = Recorder()
        dashboard.fail = "refine"

        async def reader():
            dashboard.move(1)
            await rest()

        asyncio.run(reader()) if in_a_loop else dashboard.move(1)
        assert words(dashboard.message.value) == "This cannot be shown: nothing to refine."
        assert dashboard.refined == [(1, 0), (1, 1)]

    def test_reset_restores_values_and_address(self):
        dashboard = Recorder()
        dashboard.move(7)
        dashboard.reader.press("Reset")
        assert dashboard.controls.values == {"x": 0}
        assert dashboard.drawn == [7, 0]
        assert dashboard.reader.query == ""

    def test_the_address_is_obeyed_and_its_nonsense_explained(self):
        dashboard = Recorder()
        dashboard.start()
        dashboard.reader.open("x=4")
        assert dashboard.drawn == [0, 4]
        assert dashboard.message.value == ""
        dashboard.reader.open("x=<img src=y onerror=alert(1)>")
        assert dashboard.controls.values == {"x": 4}
        assert words(dashboard.message.value).startswith("The link's X must be a number from 0 to 9 nm, got")
        assert "<img" not in dashboard.message.value

    def test_a_link_on_the_page_starts_from_the_first_values(self):
        dashboard = Recorder()
        dashboard.start()
        dashboard.move(7)
        for query, value in {"": 0, "x=4": 4, "y=4": 0}.items():
            dashboard.reader.follow(query)
            assert dashboard.controls.values == {"x": value}
        assert "“y” is no setting of this page" in words(dashboard.message.value)
        dashboard.reader.follow("x=4")
        assert dashboard.message.value == ""

    @pytest.mark.parametrize("query", ["x=4&y=2", "y=2&x=4"])
    def test_the_setting_that_a_link_names_last_is_the_one_that_changed_last(self, query):
        sliders = (
            Slider(key=key, label=key, minimum=0, maximum=9, step=1, default=0) for key in ("w", "x", "y")
        )
        dashboard = Recorder(*sliders)
        dashboard.start()
        dashboard.reader.open(query)
        assert dashboard.last_changed == query.rpartition("&")[2][0]

    def test_without_an_address_a_caption_says_whether_the_settings_are_the_usual_ones(self):
        dashboard = Recorder()
        dashboard.start()
        for value, told in ((0, "usual settings"), (4, "?x=4"), (0, "usual settings")):
            dashboard.move(value)
            assert dashboard.provenance().caption.splitlines()[1].endswith(f", {told}")

    def test_a_download_is_made_when_asked_for(self):
        dashboard = Recorder()
        dashboard.move(3)
        assert dashboard.reader.files == ["Figure (PNG)", "Numbers (CSV)"]
        file = dashboard.reader.download("Figure (PNG)")
        assert file == File("recorder_x-3.png", "image/png", b"picture")
        assert dashboard.message.value == ""
        assert dashboard.reader.download("Numbers (CSV)") is None
        assert words(dashboard.message.value) == "This cannot be shown: no numbers yet."
