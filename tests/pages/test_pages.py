"""The dashboards without a browser: controls, updates and their cancellation, errors, numbers, files."""

import asyncio
import csv
import dataclasses
import inspect
import itertools
import logging
import math
import re
import time
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import cv2
import ipywidgets as widgets
import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.kit import curve_panel as sweep
from hrtem_lab.app.kit import dashboard as dashboard_module
from hrtem_lab.app.kit import questions, readings
from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.widgets import Address, Download, Picture
from hrtem_lab.app.pages import contents
from hrtem_lab.app.pages.edge_cases import page as edge_cases
from hrtem_lab.app.pages.four_metrics import page as four_metrics
from hrtem_lab.app.pages.four_metrics import patch
from hrtem_lab.edge_cases import edge_cases as edge_case_images
from hrtem_lab.metrics import METRICS, sift_keypoints
from hrtem_lab.plots import CURVE_BOX, common_ranges
from hrtem_lab.rendering import UNSEEN_GREY
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å
VIEW = (4 * CELL, 4 * CELL)
PAGES = {
    "four_metrics": four_metrics.PARAMETERS,
    "edge_cases": (*edge_cases.PARAMETERS, edge_cases.MAP),
}
SLIDERS = [p for parameters in PAGES.values() for p in parameters if isinstance(p, Slider)]
LABELS = [metric.label for metric in METRICS.values()]

# A dashboard takes seconds: few examples, and the first that fails is reported as it is.
costly = settings(max_examples=5, phases=(Phase.explicit, Phase.generate))
sliders = pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.key)


def parts(widget):
    """Yield a widget and all that it contains."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def part(widget, kind, **traits):
    """Return the one part of a kind with the given traits."""
    fits = [
        p for p in parts(widget) if isinstance(p, kind) and all(getattr(p, k) == v for k, v in traits.items())
    ]
    assert len(fits) == 1, f"{len(fits)} of {kind.__name__} with {traits}"
    return fits[0]


def picture(widget, alt):
    (found,) = [p for p in parts(widget) if isinstance(p, Picture) and p.alt.startswith(alt)]
    return found


def button(widget, text):
    return part(widget, widgets.Button, description=text)


def levels(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)


def words(html):
    """Return the text of a piece of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def shown_numbers(html):
    """Return every metric's number in a table of numbers."""
    rows = re.findall(r'data-metric="(\w+)".*?class="hl-value">([\d.]+)<', html)
    return {key: float(value) for key, value in rows}


def texts(widget):
    """Return the HTML pieces in a widget, in their order."""
    return [p.value for p in parts(widget) if isinstance(p, widgets.HTML)]


def numbers_of(dashboard):
    (html,) = [html for html in texts(dashboard.view) if "hl-numbers" in html]
    return shown_numbers(html)


def table(file):
    header, *rows = csv.reader(file.decode("utf-8").splitlines())
    return header, rows


def differences(reference, image):
    return {key: metric.function(reference, image) for key, metric in METRICS.items()}


def rounded(values):
    return pytest.approx(values, abs=5.01e-4)


def grid(slider):
    """Return a strategy of the values that a slider can take."""
    count = round((slider.maximum - slider.minimum) / slider.step)
    return st.integers(0, count).map(lambda n: slider.minimum + n * slider.step)


def state(parameters):
    """Return a strategy of all values of some parameters."""
    return st.fixed_dictionaries(
        {
            p.key: grid(p) if isinstance(p, Slider) else st.sampled_from(list(p.options.values()))
            for p in parameters
        }
    )


class TestControls:
    @given(data=st.data())
    @settings(max_examples=30)
    @pytest.mark.parametrize("page", PAGES)
    def test_a_query_restores_every_value(self, page, data):
        wanted = data.draw(state(PAGES[page]))
        controls = Controls(PAGES[page])
        controls.set(**wanted)
        link = controls.query
        restored = Controls(PAGES[page])
        assert restored.apply(link) == []
        assert restored.query == link
        for key, value in wanted.items():
            assert restored.values[key] == (value if isinstance(value, str) else pytest.approx(value))

    @pytest.mark.parametrize("page", PAGES)
    def test_defaults_need_no_query(self, page):
        controls = Controls(PAGES[page])
        assert controls.query == ""
        assert controls.apply("") == []
        assert controls.query == ""

    @given(text=st.text() | st.floats().map(str) | st.integers().map(str))
    @example("nan").via("no number")
    @example("inf").via("no number")
    @example("-inf").via("no number")
    @example("").via("nothing")
    @example("1e999").via("overflow")
    @example("0x10").via("other notation")
    @sliders
    def test_a_slider_takes_a_number_in_range_and_names_the_rule_otherwise(self, slider, text):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if slider.minimum <= number <= slider.maximum:
            value = slider.parse(text)
            assert slider.minimum <= value <= slider.maximum
            assert abs(value - number) <= slider.step / 2 + 1e-9
            steps = (value - slider.minimum) / slider.step
            assert steps == pytest.approx(round(steps), abs=1e-6)
        else:
            with pytest.raises(ValueError, match=r"must be a number from") as error:
                slider.parse(text)
            said = str(error.value)
            assert said.startswith(slider.label)
            assert said.endswith(f"got {text!r}")
            assert f"from {slider.minimum:g} to {slider.maximum:g} {slider.unit}".rstrip() in said

    @sliders
    def test_a_step_beyond_the_ends_is_refused(self, slider):
        assert slider.parse(str(slider.minimum)) == slider.minimum
        assert slider.parse(str(slider.maximum)) == slider.maximum
        for outside in (slider.minimum - slider.step, slider.maximum + slider.step):
            with pytest.raises(ValueError, match=re.escape(repr(str(outside)))):
                slider.parse(str(outside))

    def test_a_choice_takes_its_options_and_names_them_otherwise(self):
        choice = Choice(key="c", label="Crystal", options={"Tin": "sn", "Lead": "pb"}, default="pb")
        assert choice.parse("sn") == "sn"
        assert choice.describe("sn") == "Tin"
        with pytest.raises(ValueError, match=r"^Crystal must be one of sn, pb, got 'Tin'$"):
            choice.parse("Tin")

    def test_nonsense_keeps_the_usual_value_and_the_rest_is_taken(self):
        controls = Controls(PAGES["edge_cases"])
        complaints = controls.apply("defocus=abc&thickness=999&shift=0.25&specimen=lead&unknown=1&contrast=")
        assert controls.query == "shift=0.25"
        assert complaints == [
            "The link's Defocus must be a number from -20 to 20 nm, got 'abc'.",
            "The link's Thickness must be a number from 1 to 60 cells, got '999'.",
            "The link's Specimen must be one of nb3sn, zro2, got 'lead'.",
            "The link's Contrast must be a number from -1 to 1, got ''.",
        ]

    def test_only_the_reader_is_reported(self):
        controls, changed = Controls(PAGES["edge_cases"]), []
        controls.on_change(changed.append)
        controls.widgets["defocus"].value = 1.0
        controls.widgets["specimen"].value = "zro2"
        assert changed == ["defocus", "specimen"]
        controls.set(defocus=2.0, thickness=10)
        controls.apply("rotation=5")
        controls.reset()
        assert changed == ["defocus", "specimen"]
        assert controls.values == Controls(PAGES["edge_cases"]).values

    def test_lengths_are_given_in_both_units(self):
        controls = Controls(PAGES["edge_cases"])

        def second(key):
            return words(controls.row(key).children[1].value)

        assert [second(key) for key in ("shift", "defocus", "thickness")] == [
            "= 0.000 nm",
            "= 0 Å",
            "= 21.10 nm",
        ]
        controls.widgets["shift"].value = 0.5
        controls.widgets["defocus"].value = -2.0
        controls.widgets["specimen"].value = "zro2"  # its cells are smaller
        assert [second(key) for key in ("shift", "defocus", "thickness")] == [
            "= 0.264 nm",
            "= −20 Å",
            "= 20.36 nm",
        ]
        controls.apply("thickness=20&specimen=nb3sn")
        assert second("thickness") == "= 10.55 nm"

    @sliders
    def test_a_slider_shows_its_unit_and_all_its_decimals(self, slider):
        widget = slider.widget()
        assert widget.description == (f"{slider.label} ({slider.unit})" if slider.unit else slider.label)
        assert (widget.min, widget.max, widget.value) == (slider.minimum, slider.maximum, slider.default)
        shown = format(slider.step, "d" if slider.whole else widget.readout_format)
        assert float(shown) == slider.step
        assert slider.describe(-slider.step) == f"−{slider.step:g} {slider.unit}".rstrip()


@pytest.fixture
def unhurried(monkeypatch):
    """A clock on which every piece takes a second, so that the loop has its turn after each."""
    computed = itertools.count(step=10).__next__
    clock = SimpleNamespace(perf_counter=itertools.count().__next__, process_time=computed, sleep=time.sleep)
    monkeypatch.setattr(dashboard_module, "time", clock)


async def rest():
    """Wait until all that was begun is done or cancelled."""
    begun = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*begun, return_exceptions=True)


class Recorder(Dashboard):
    """A dashboard that writes down what it was asked to do."""

    pieces = 4

    def __init__(self):
        super().__init__(
            Controls([Slider(key="x", label="X", minimum=0, maximum=9, step=1, default=0, unit="nm")]),
            name="recorder",
        )
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
    def address(self):
        return part(self.actions, Address)

    def move(self, value):
        self.controls.widgets["x"].value = value


class TestDashboard:
    def test_outside_a_kernel_an_update_is_complete_at_once(self):
        dashboard = Recorder()
        dashboard.start()
        dashboard.move(3)
        assert dashboard.drawn == [0, 3]
        assert dashboard.refined == [(x, piece) for x in (0, 3) for piece in range(4)]
        assert dashboard.address.query == "x=3"

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
        button(dashboard.actions, "Reset").click()
        assert dashboard.controls.values == {"x": 0}
        assert dashboard.drawn == [7, 0]
        assert dashboard.address.query == ""

    def test_the_address_is_obeyed_and_its_nonsense_explained(self):
        dashboard = Recorder()
        dashboard.start()
        dashboard.address.asked = "x=4"
        assert dashboard.drawn == [0, 4]
        assert dashboard.message.value == ""
        dashboard.address.asked = "x=<img src=y onerror=alert(1)>"
        assert dashboard.controls.values == {"x": 4}
        assert words(dashboard.message.value).startswith("The link's X must be a number from 0 to 9 nm, got")
        assert "<img" not in dashboard.message.value

    def test_a_download_is_made_when_asked_for(self, monkeypatch):
        dashboard, sent = Recorder(), []
        monkeypatch.setattr(
            Download, "send", lambda self, content, buffers=None: sent.append((content, buffers))
        )
        figure = part(dashboard.actions, Download, label="Figure (PNG)")
        numbers_file = part(dashboard.actions, Download, label="Numbers (CSV)")
        figure._handle_custom_msg({"kind": "other"}, [])
        assert sent == []
        figure._handle_custom_msg({"kind": "request"}, [])
        assert sent == [({"kind": "file", "name": "recorder.png", "type": "image/png"}, [b"picture"])]
        numbers_file._handle_custom_msg({"kind": "request"}, [])
        assert sent[1:] == [({"kind": "failed"}, None)]
        assert words(dashboard.message.value) == "This cannot be shown: no numbers yet."


class TestNumbers:
    @given(value=st.floats(0, 1))
    @pytest.mark.parametrize("key", METRICS)
    def test_a_row_says_the_number_and_the_verdict(self, key, value):
        metric, row = METRICS[key], readings.table({key: value})
        assert shown_numbers(row) == {key: rounded(value)}
        width, *tick = map(float, re.findall(r"(?:width|left):([\d.]+)%", row))
        assert width == pytest.approx(100 * value, abs=0.051)
        assert tick == ([] if metric.threshold is None else [pytest.approx(100 * metric.threshold)])
        said = words(row)
        if metric.threshold is None:
            assert said.endswith("no threshold")
        else:
            side = "below" if value <= metric.threshold else "above"
            assert said.endswith(f"{side} {metric.threshold:g}")
        assert metric.label in said

    @given(
        st.lists(
            st.tuples(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.floats(allow_nan=False))
        )
    )
    def test_a_csv_file_reads_back_as_it_was(self, rows):
        header, read = table(readings.to_csv(["Name, quoted", "Length (Å)"], rows))
        assert header == ["Name, quoted", "Length (Å)"]
        assert [(text, float(value)) for text, value in read] == rows


class TestQuestions:
    def test_a_prediction_is_asked_for_and_then_kept(self):
        block = questions.prediction("Is a < b?", ["yes", "a > b"])
        choice, commit = part(block, widgets.RadioButtons), part(block, widgets.Button)
        assert choice.value is None
        assert commit.disabled
        choice.value = "a > b"
        assert not commit.disabled
        commit.click()
        assert choice.disabled
        assert commit.disabled
        said = [words(html) for html in texts(block)]
        assert said == ["Is a < b?", "You predict: a > b . Now see for yourself below."]

    def test_a_self_check_answers_at_once_and_may_be_tried_again(self):
        block = questions.self_check("2 + 2?", {"5": (False, "Count <again>."), "4": (True, "Indeed.")})
        choice = part(block, widgets.RadioButtons)
        verdict = [p for p in parts(block) if isinstance(p, widgets.HTML)][-1]
        assert verdict.value == ""
        for answer, said, style in (
            ("5", "Not quite. Count <again>.", "wrong"),
            ("4", "Right. Indeed.", "right"),
        ):
            choice.value = answer
            assert words(verdict.value) == said
            assert f"hl-{style}" in verdict.value


def test_the_contents_show_every_chapter_as_a_card():
    (html,) = texts(contents.cards())
    cards = re.findall(r'<a class="hl-card" href="([^"]+)">(.*?)</a>', html)
    assert [href for href, _ in cards] == [chapter.href for chapter in CHAPTERS[1:]]
    for (_, card), chapter in zip(cards, CHAPTERS[1:], strict=True):
        said = words(card)
        assert said.startswith(f"{chapter.number}. {chapter.title}")
        assert chapter.summary in said
        assert f"{chapter.minutes} minutes" in said


class TestEquations:
    @pytest.mark.parametrize("key", METRICS)
    def test_the_code_beside_an_equation_stands_in_the_source(self, key):
        metric = METRICS[key]
        source = Path(inspect.getsourcefile(metric.prepare)).read_text(encoding="utf-8")
        code = four_metrics.code_of(metric)
        assert 1 <= len(code.splitlines()) <= 12
        dedented = "\n".join(line.strip() for line in source.splitlines())
        assert "\n".join(line.strip() for line in code.splitlines()) in dedented
        compile(f"def function(self):\n{re.sub('^', ' ', code, flags=re.MULTILINE)}", key, "exec")

    @pytest.mark.parametrize("key", METRICS)
    def test_equation_code_and_source_are_shown(self, key):
        metric, shown = METRICS[key], four_metrics.equation(key).data
        assert f"$${metric.equation}$$" in shown
        assert f"```python\n{four_metrics.code_of(metric)}\n```" in shown
        assert metric.source in shown
        assert metric.misleads in shown


ACCEPTED = "All metrics are below their thresholds for shift "


class TestCurve:
    SHIFT = Slider(key="shift", label="Shift", unit="nm", minimum=-1, maximum=1, step=0.01, default=0)
    CELLS = Slider(key="cells", label="Cells", unit="", minimum=1, maximum=12, step=1, default=7)

    def panel(self, law=lambda state: abs(state["shift"]), stop=lambda: None):
        """Return a panel over a made-up law that every metric follows, and the states it asked for."""
        asked = []

        def compare(state):
            asked.append(dict(state))
            for key in METRICS:
                yield key, law(state)

        made = sweep.CurvePanel({"shift": self.SHIFT, "cells": self.CELLS}, compare, stop)
        return made, asked

    @sliders
    def test_every_slider_is_followed_from_end_to_end_through_its_default(self, slider):
        panel = sweep.CurvePanel(
            {slider.key: slider}, lambda _state: dict.fromkeys(METRICS, 0.5).items(), lambda: None
        )
        for _ in panel.update(slider.key, {slider.key: slider.default}):
            pass
        positions = [state[slider.key] for state, _ in panel.points()]
        assert positions == sorted(set(positions))
        assert (positions[0], positions[-1]) == (slider.minimum, slider.maximum)
        assert slider.default in positions
        assert 12 <= len(positions) <= sweep.POINTS + 1
        assert [slider.parse(repr(x)) for x in positions] == pytest.approx(positions)

    def test_a_choice_and_the_map_keep_the_curve(self):
        panel, asked = self.panel()
        state = {"shift": 0.0, "cells": 7, "specimen": "nb3sn", "map": "ssim"}
        list(panel.update("shift", state))
        count = len(asked)
        list(panel.update("shift", {**state, "shift": 0.5}))
        list(panel.update("map", {**state, "shift": 0.5, "map": "mse"}))
        assert len(asked) == count  # the same curve
        list(panel.update("specimen", {**state, "specimen": "zro2"}))
        assert len(asked) == 2 * count
        assert {point["specimen"] for point, _ in panel.points()} == {"zro2"}
        assert "Shift (nm)" in part(panel.view, Picture).alt
        list(panel.update("cells", {**state, "specimen": "zro2"}))
        assert [point["cells"] for point, _ in panel.points()] == list(range(1, 13))
        assert "along Cells" in part(panel.view, Picture).alt

    def test_the_line_stands_at_the_sliders_value(self):
        panel, _ = self.panel()
        for value in (-1.0, 0.0, 0.5, 1.0):
            list(panel.update("shift", {"shift": value, "cells": 7}))
            (x,) = re.findall(r'<line x1="([\d.]+)"', part(panel.view, Picture).overlay)
            assert float(x) == pytest.approx(CURVE_BOX[0] + CURVE_BOX[2] * (value + 1) / 2, abs=1e-4)

    @pytest.mark.parametrize(
        ("law", "sentence"),
        [
            (lambda s: abs(s["shift"]), ACCEPTED + "−0.07 to 0.07 nm."),
            (lambda s: 0.14 * abs(s["shift"]), ACCEPTED + "−0.5 to 0.5 nm."),
            (lambda s: 1 - abs(s["shift"]), ACCEPTED + "−1 to −0.93 nm and 0.93 to 1 nm."),
            (lambda s: 0.5, "Nowhere along shift are all metrics below their thresholds."),
            (lambda s: 0.0, ACCEPTED + "−1 to 1 nm."),
        ],
    )  # fmt: skip
    def test_the_acceptable_ranges_are_a_sentence(self, law, sentence):
        panel, _ = self.panel(law)
        list(panel.update("shift", {"shift": 0.0, "cells": 7}))
        said = [words(html) for html in texts(panel.view)]
        assert said == [sentence]
        assert part(panel.view, Picture).alt.endswith(said[0])

    def test_an_abandoned_curve_holds_whole_points_only_and_is_begun_again(self):
        panel, asked = self.panel()
        state = {"shift": 0.0, "cells": 7}
        work = panel.update("shift", state)
        for _ in range(2 * len(METRICS) + 1):  # stop between two metrics of the third point
            next(work)
        work.close()
        assert [set(values) for _, values in panel.points()] == [set(METRICS)] * 2
        begun = len(asked)
        list(panel.update("shift", state))
        assert len(asked) == begun + 41

    def test_stop_shows_what_there_is(self):
        stopped = []
        panel, _ = self.panel(stop=lambda: stopped.append(True))
        work = panel.update("shift", {"shift": 0.0, "cells": 7})
        for _ in range(12 * len(METRICS)):
            next(work)
        busy = part(panel.view, widgets.HBox)
        assert busy.layout.visibility == "visible"
        button(panel.view, "Stop").click()
        assert stopped == [True]
        assert busy.layout.visibility == "hidden"
        shown = part(panel.view, Picture)
        assert levels(shown.data).shape[1] > 500
        assert "Shift (nm)" in shown.alt


@pytest.fixture(scope="module")
def pair():
    """The images of the first chapter."""
    a = form_image(load_exit_wave("nb3sn", thickness_cells=20))
    b = form_image(load_exit_wave("zro2", thickness_cells=20), field_of_view=VIEW)
    return a, b


@pytest.fixture(scope="module")
def prepared(pair):
    return {key: metric.prepare(pair[0]) for key, metric in METRICS.items()}


class TestPatch:
    def cards(self, pair, place, prepared):
        html = patch.cards(pair, place, prepared)
        found = re.findall(r'<section class="hl-sees" data-metric="(\w+)">(.*?)</section>', html)
        return {key: words(text) for key, text in found}

    @given(place=st.tuples(st.integers(5, 122), st.integers(5, 122)))
    @settings(max_examples=10)
    @example(place=(5, 122))
    @example(place=(122, 5))
    def test_cards_say_what_each_metric_reads_there(self, pair, prepared, place):
        cards = self.cards(pair, place, prepared)
        assert list(cards) == list(METRICS)
        row, column = place
        inside = np.s_[row - 5 : row + 6, column - 5 : column + 6]
        squares = METRICS["mse"].map(*pair)
        share = 100 * squares[inside].sum() / squares.sum()
        assert f"holds {share:.1f} % of all squared differences" in cards["mse"]
        assert f"on {100 * 121 / 128**2:.1f} % of the area" in cards["mse"]
        assert f"Difference here: {METRICS['ssim'].map(*pair)[place]:.3f}" in cards["ssim"]
        keypoints = sift_keypoints(*pair)
        distance = np.hypot(keypoints["x"] - column, keypoints["y"] - row)
        said = re.search(r"keypoint, (\d+) px away.*Difference there: ([\d.]+)", cards["sift"])
        assert float(said[1]) == pytest.approx(distance.min(), abs=0.51)
        nearest = keypoints["difference"][distance <= distance.min() + 1e-9]
        assert np.abs(nearest - float(said[2])).min() < 5.01e-4

    def test_ssim_reads_moments_inside_a_disc(self, pair, prepared):
        card = self.cards(pair, (65, 49), prepared)["ssim"]
        y, x = np.mgrid[-5:6, -5:6]
        disc = x**2 + y**2 <= 25
        a, b = (image[60:71, 44:55].astype(float)[disc] for image in pair)
        assert f"mean μ {a.mean():.3f} {b.mean():.3f}" in card
        assert f"variance σ {np.mean(a**2) - a.mean() ** 2:.3f} {np.mean(b**2) - b.mean() ** 2:.3f}" in card
        assert f"covariance {np.mean(a * b) - a.mean() * b.mean():.3f}" in card

    def test_chi_square_says_which_waves_it_reads_and_the_share_of_the_patch(self, pair, prepared):
        card = self.cards(pair, (65, 49), prepared)["chi_square"]
        terms = METRICS["chi_square"].map(*pair)
        share = 100 * terms[60:71, 44:55].sum() / terms.sum()
        assert f"This patch holds {share:.1f} % of χ²" in card
        # The crystal's strong beams (h, k) end at (6, 3): a period of 32 px / √45.
        assert f"lets through: {32 / math.sqrt(45):.1f} px and more" in card

    def test_chi_square_of_an_even_reference_reads_the_mean_alone(self, pair, prepared):
        even = np.ones_like(pair[0])
        own = {**prepared, "chi_square": METRICS["chi_square"].prepare(even)}
        assert "lets through: the mean alone" in self.cards((even, pair[1]), (65, 49), own)["chi_square"]

    @pytest.mark.parametrize("place", [(5, 5), (64, 64)])
    def test_cw_ssim_shows_a_band_for_each_direction_and_size(self, pair, prepared, place):
        html = patch.cards(pair, place, prepared)
        cards = self.cards(pair, place, prepared)
        bands = prepared["cw_ssim"].subbands(pair[1])
        own = [level[place[0] >> n, place[1] >> n] for n, level in enumerate(bands, 1)]
        assert f"Mean: {np.mean(own):.3f}" in cards["cw_ssim"]
        rows = re.findall(r"(\d+)–(\d+) px", cards["cw_ssim"])
        assert rows == [(str(2**n), str(2 ** (n + 1))) for n in range(1, len(bands) + 1)]
        assert 'alt="Differences of the subbands"' in html

    def test_equal_and_black_images_are_fine(self, pair, prepared):
        same = self.cards((pair[0], pair[0]), (64, 64), prepared)
        assert "Difference here: 0.000" in same["ssim"]
        assert "Difference there: 0.000" in same["sift"]
        assert "holds 0.0 %" in same["mse"]
        assert "holds 0.0 %" in same["chi_square"]
        black = self.cards((pair[0], np.zeros_like(pair[0])), (64, 64), prepared)
        assert "Difference there: 0.707" in black["sift"]

    def test_every_picture_is_described(self, pair, prepared):
        html = patch.cards(pair, (64, 64), prepared)
        assert html.count("<img") == len(re.findall(r'<img [^>]*alt="\w[^"]*"', html)) == 7
        assert html.count("<svg") == html.count('role="img" aria-label="SIFT descriptor"') == 2


def micrograph(values, *, aperture=30):
    """Return the image of a state, by the library alone."""
    return form_image(
        load_exit_wave(values["specimen"], thickness_cells=int(values["thickness"])),
        defocus=10 * values["defocus"],
        semiangle_cutoff=values.get("aperture", aperture),
        shift=(0, values.get("shift", 0) * CELL),
        rotation=values.get("rotation", 0),
        field_of_view=VIEW,
        shape=128,
    )


def appearance(dashboard):
    """Return all that a dashboard shows, but for the curve, which depends on the slider moved last."""
    of_the_curve = {
        id(part_of_it)
        for panel in parts(dashboard.view)
        if any("hl-curve" in child._dom_classes for child in getattr(panel, "children", ()))
        for part_of_it in parts(panel)
    }
    shown = []
    for item in parts(dashboard.view):
        if id(item) in of_the_curve:
            continue
        if isinstance(item, Picture):
            shown.append((item.alt, item.caption, item.overlay, item.data))
        elif isinstance(item, widgets.HTML):
            shown.append(item.value)
    return shown


def same_as_new(dashboard):
    """Assert that a dashboard with a history shows what a new one in the same state does."""
    new = type(dashboard)()
    new.controls.set(**dashboard.controls.values)
    new.start()
    for used, fresh in zip(appearance(dashboard), appearance(new), strict=True):
        assert used == fresh
    assert table(dashboard.csv())[1][0] == table(new.csv())[1][0]


class TestFourMetrics:
    @pytest.fixture
    def dashboard(self):
        made = four_metrics.FourMetrics()
        made.start()
        return made

    def check(self, dashboard):
        """Compare what is shown with direct calls of the library."""
        values = dashboard.controls.values
        a, b = micrograph({"specimen": "nb3sn", "thickness": 20, "defocus": 0}), micrograph(values)
        reference, image = (b, a) if values["reference"] == "b" else (a, b)
        expected = differences(reference, image)
        assert numbers_of(dashboard) == rounded(expected)
        white = float(a.max())
        for name, pixels in (("Image A", a), ("Image B", b)):
            grey = np.clip(255 * pixels / white, 0, 255)
            assert np.abs(levels(picture(dashboard.view, name).data) - grey).max() < 0.51
        header, (row,) = table(dashboard.csv())
        assert header[-len(METRICS) :] == LABELS
        assert dict(zip(METRICS, map(float, row[-len(METRICS) :]), strict=True)) == pytest.approx(expected)
        return expected

    def test_it_opens_with_the_pair_of_the_paper(self, dashboard, pair):
        assert self.check(dashboard) == pytest.approx(differences(*pair))
        assert dashboard.message.value == ""

    @pytest.mark.parametrize(
        "changes",
        [
            {"specimen": "nb3sn"},
            {"thickness": 33, "defocus": -2.0},
            {"reference": "b", "specimen": "nb3sn", "defocus": 4.0},
        ],
        ids=str,
    )
    def test_numbers_and_pictures_are_those_of_the_library(self, dashboard, changes):
        for key, value in changes.items():
            dashboard.controls.widgets[key].value = value
        self.check(dashboard)

    def test_the_reference_carries_the_keypoints(self, dashboard):
        circles = {n: picture(dashboard.view, f"Image {n}").overlay.count("<circle") for n in "AB"}
        assert circles["A"] > 0 == circles["B"]
        dashboard.controls.widgets["reference"].value = "b"
        circles = {n: picture(dashboard.view, f"Image {n}").overlay.count("<circle") for n in "AB"}
        assert circles["B"] > 0 == circles["A"]

    @pytest.mark.parametrize(
        ("point", "place"),
        [([0.5, 0.25], (64, 32)), ([0, 0], (5, 5)), ([1, 1], (122, 122)), ([0.999, 0.5], (122, 64))],
    )
    def test_pointing_moves_the_patch(self, dashboard, point, place):
        picture(dashboard.view, "Image A").point = [float(x) for x in point]
        values = dashboard.controls.values
        assert (values["x"], values["y"]) == place
        box = f'<rect x="{place[0] - 5:.2f}" y="{place[1] - 5:.2f}" width="11.00" height="11.00"'
        for shown in (p for p in parts(dashboard.view) if isinstance(p, Picture)):
            assert box in shown.overlay

    @pytest.mark.parametrize("key", ["x", "y", "reference", "specimen"])
    def test_a_link_may_name_settings_in_any_order(self, dashboard, key):
        own = {"x": "80", "y": "30", "reference": "b", "specimen": "nb3sn"}[key]
        part(dashboard.actions, Address).asked = f"thickness=30&{key}={own}"
        self.check(dashboard)
        same_as_new(dashboard)

    def test_reset_after_moving_the_patch_restores_everything(self, dashboard):
        before = appearance(dashboard)
        dashboard.controls.widgets["thickness"].value = 30
        picture(dashboard.view, "Image B").point = [0.9, 0.9]
        button(dashboard.actions, "Reset").click()
        self.check(dashboard)
        assert appearance(dashboard) == before

    def test_moving_the_patch_while_maps_are_drawn_loses_none(self, unhurried):
        dashboard = four_metrics.FourMetrics()

        async def reader():
            dashboard.start()
            await rest()
            dashboard.controls.widgets["thickness"].value = 40
            await asyncio.sleep(0)
            dashboard.controls.widgets["x"].value = 90
            await rest()

        asyncio.run(reader())
        self.check(dashboard)
        same_as_new(dashboard)

    @given(
        st.lists(
            st.sampled_from(["specimen=nb3sn", "thickness=3", "defocus=5", "reference=b", "x=9", "y=99"])
            | st.just("reset")
            | st.just("point"),
            min_size=2,
            max_size=4,
        )
    )
    @costly
    def test_what_is_shown_depends_on_the_state_alone(self, events):
        dashboard = four_metrics.FourMetrics()
        dashboard.start()
        for number, event in enumerate(events):
            if event == "reset":
                button(dashboard.actions, "Reset").click()
            elif event == "point":
                picture(dashboard.view, "SSIM difference").point = [0.1 * number, 0.3]
            else:
                key, text = event.split("=")
                dashboard.controls.widgets[key].value = dashboard.controls.parameters[key].parse(text)
        same_as_new(dashboard)

    def test_the_figure_is_a_png(self, dashboard):
        rows, columns, _ = levels(dashboard.png()).shape
        assert columns > 2 * rows > 800

    def test_a_metric_without_a_view_of_its_own_is_shown_too(self, monkeypatch):
        other = dataclasses.replace(METRICS["mse"], key="other", label="Other", threshold=None)
        monkeypatch.setitem(METRICS, "other", other)
        dashboard = four_metrics.FourMetrics()
        dashboard.start()
        assert dashboard.message.value == ""
        expected = self.check_labels(dashboard)
        assert expected == [*LABELS, "Other"]
        assert picture(dashboard.view, "Other difference map").data
        a, b = (
            micrograph({"specimen": "nb3sn", "thickness": 20, "defocus": 0}),
            micrograph(dashboard.controls.values),
        )
        said = " ".join(words(html) for html in texts(dashboard.view))
        assert f"Map here: {other.map(a, b)[65, 49]:.3f}" in said

    @staticmethod
    def check_labels(dashboard):
        header, _ = table(dashboard.csv())
        return header[len(four_metrics.PARAMETERS) :]


REFERENCE = {"specimen": "nb3sn", "thickness": 40, "defocus": 0}
"""The second chapter's."""


@pytest.fixture
def explorer():
    made = edge_cases.Explorer()
    made.start()
    return made


class TestExplorer:
    @pytest.fixture(autouse=True)
    def _short_curve(self, monkeypatch):
        monkeypatch.setattr(sweep, "POINTS", 3)

    @pytest.fixture
    def dashboard(self, explorer):
        return explorer

    def check(self, dashboard):
        values, reference = dashboard.controls.values, micrograph(REFERENCE)
        image = micrograph(values)
        middle = float(image.max()) / 2
        image = middle + values["contrast"] * (image - middle)
        expected = differences(reference, image)
        assert numbers_of(dashboard) == pytest.approx(expected, abs=2e-3)
        grey = np.clip(255 * image / reference.max(), 0, 255)
        assert np.abs(levels(picture(dashboard.view, "Image with").data) - grey).max() < 0.51
        return expected

    def test_it_opens_with_the_reference_itself(self, dashboard):
        assert max(self.check(dashboard).values()) < 1e-6
        (_, rows) = table(dashboard.csv())
        assert [float(text) for text in rows[0][-len(METRICS) :]] == [0] * len(METRICS)

    @given(state(edge_cases.PARAMETERS))
    @costly
    def test_numbers_and_picture_are_those_of_the_library(self, values):
        dashboard = edge_cases.Explorer()
        dashboard.controls.set(**values)
        dashboard.start()
        assert dashboard.message.value == ""
        self.check(dashboard)

    @pytest.mark.parametrize("name", edge_cases.PRESETS)
    def test_a_preset_sets_its_own_values_and_nothing_else(self, dashboard, name):
        dashboard.controls.set(rotation=10.0, aperture=20.0)
        preset = part(dashboard.view, widgets.Dropdown, description="Start from")
        preset.value = name
        assert preset.value == ""
        defaults = {key: p.default for key, p in dashboard.controls.parameters.items()}
        assert dashboard.controls.values == {**defaults, **edge_cases.PRESETS[name]}
        self.check(dashboard)

    @pytest.mark.parametrize("key", METRICS)
    def test_the_map_is_the_one_chosen(self, dashboard, key):
        dashboard.controls.widgets["specimen"].value = "zro2"
        dashboard.controls.widgets["map"].value = key
        label = METRICS[key].label
        shown = picture(dashboard.view, f"{label} difference map")
        assert words(shown.caption).startswith(f"{label} map")
        image = micrograph({**REFERENCE, "specimen": "zro2"})
        unseen = np.isnan(METRICS[key].map(micrograph(REFERENCE), image))
        grey = (levels(shown.data) == UNSEEN_GREY).all(axis=2)
        assert np.array_equal(grey, unseen)
        assert unseen.any() == (key == "sift")

    def test_a_history_leaves_no_trace(self, dashboard):
        for key, value in (("defocus", -3.0), ("specimen", "zro2"), ("map", "mse"), ("contrast", -0.5)):
            dashboard.controls.widgets[key].value = value
        same_as_new(dashboard)

    def test_a_failure_names_the_rule_and_the_next_change_recovers(self, dashboard, monkeypatch):
        def refuse(*_arguments, **_options):
            raise ValueError("semiangle_cutoff must be positive, got -3")

        with monkeypatch.context() as broken:
            broken.setattr(edge_cases, "form_image", refuse)
            dashboard.controls.widgets["defocus"].value = 3.0
        said = words(dashboard.message.value)
        assert said == "This cannot be shown: semiangle_cutoff must be positive, got -3."
        dashboard.controls.widgets["defocus"].value = 4.0
        assert dashboard.message.value == ""
        self.check(dashboard)

    def test_the_figure_is_a_png(self, dashboard):
        rows, columns, _ = levels(dashboard.png()).shape
        assert columns > rows > 400


class TestExplorersCurve:
    def test_the_file_holds_the_state_and_then_the_curve(self, explorer):
        explorer.controls.widgets["aperture"].value = 20.0
        explorer.controls.widgets["specimen"].value = "zro2"
        header, (first, *curve) = table(explorer.csv())
        assert header == [
            "Specimen",
            "Shift (cells)",
            "Rotation (°)",
            "Defocus (nm)",
            "Thickness (cells)",
            "Aperture (mrad)",
            "Contrast",
            *LABELS,
        ]
        assert first[:7] == ["zro2", "0.0", "0.0", "0.0", "40", "20.0", "1.0"]
        apertures = [float(row[5]) for row in curve]
        assert apertures == sorted(set(apertures))
        assert (apertures[0], apertures[-1]) == (8, 50)
        assert {tuple(row[:5]) for row in curve} == {("zro2", "0.0", "0.0", "0.0", "40")}
        row = curve[len(curve) // 3]
        image = micrograph({"specimen": "zro2", "thickness": 40, "defocus": 0, "aperture": float(row[5])})
        expected = list(differences(micrograph(REFERENCE), image).values())
        assert [float(text) for text in row[7:]] == pytest.approx(expected, abs=1e-6)

    def test_the_curve_meets_the_numbers_at_the_sliders_value(self, explorer):
        explorer.controls.widgets["rotation"].value = 0.0
        explorer.controls.widgets["thickness"].value = 1
        _, (first, *curve) = table(explorer.csv())
        (same,) = [row for row in curve if row[4] == "1"]
        assert same == first

    def test_the_sentence_is_that_of_the_points(self, explorer):
        explorer.controls.widgets["shift"].value = 0.3
        _, (_, *curve) = table(explorer.csv())
        x = [float(row[1]) for row in curve]
        values = {key: [float(row[7 + n]) for row in curve] for n, key in enumerate(METRICS)}
        said = " ".join(words(html) for html in texts(explorer.view))
        for start, end in common_ranges(x, values):
            assert f"{start:.3g} to {end:.3g}" in said
        (start, end), (again, last) = common_ranges(x, values)  # a whole cell is no shift
        assert (start, last) == (0, 1)
        assert again == pytest.approx(1 - end, abs=3e-3)


def test_the_gallery_shows_each_case_with_the_numbers_of_the_library():
    html = edge_cases.gallery().value
    cards = re.findall(r'<figure class="hl-picture" data-case="(\w+)">(.*?)</figure>', html, re.DOTALL)
    cases = edge_case_images()
    assert [key for key, _ in cards] == list(cases)
    for key, card in cards:
        assert shown_numbers(card) == rounded(differences(cases["reference"].image, cases[key].image))
        assert cases[key].description in words(card)
        assert f'alt="{cases[key].label}' in card
    assert f"white {cases['reference'].image.max():.2f} of the incident beam" in words(html)
