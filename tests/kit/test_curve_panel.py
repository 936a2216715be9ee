"""The curve of every metric along a slider."""

import re
import time

import ipywidgets as widgets
import pytest

from hrtem_lab.app.kit import curve_panel as sweep
from hrtem_lab.app.kit.controls import Slider
from hrtem_lab.metrics import METRICS
from hrtem_lab.plots import CURVE_BOX
from tests.kit.parameters import sliders
from tests.pages.reader import Reader, levels, words

ACCEPTED = "All metrics are below their thresholds for shift "


def done(work):
    """Do all pieces with the pauses that they ask for: a loop without any would starve what it waits for."""
    for wait in work:
        time.sleep(wait or 0)


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
        done(panel.update(slider.key, {slider.key: slider.default}))
        positions = [state[slider.key] for state, _ in panel.points()]
        assert positions == sorted(set(positions))
        assert (positions[0], positions[-1]) == (slider.minimum, slider.maximum)
        assert slider.default in positions
        assert 12 <= len(positions) <= sweep.POINTS + 1
        assert [slider.parse(repr(x)) for x in positions] == pytest.approx(positions)

    def test_a_choice_and_the_map_keep_the_curve(self):
        panel, asked = self.panel()
        state = {"shift": 0.0, "cells": 7, "specimen": "nb3sn", "map": "ssim"}
        done(panel.update("shift", state))
        count = len(asked)
        done(panel.update("shift", {**state, "shift": 0.5}))
        done(panel.update("map", {**state, "shift": 0.5, "map": "mse"}))
        assert len(asked) == count  # the same curve
        done(panel.update("specimen", {**state, "specimen": "zro2"}))
        assert len(asked) == 2 * count
        assert {point["specimen"] for point, _ in panel.points()} == {"zro2"}
        assert "Shift (nm)" in Reader(panel.view).curve.alt
        done(panel.update("cells", {**state, "specimen": "zro2"}))
        assert [point["cells"] for point, _ in panel.points()] == list(range(1, 13))
        assert "along Cells" in Reader(panel.view).curve.alt

    def test_the_line_stands_at_the_sliders_value(self):
        panel, _ = self.panel()
        for value in (-1.0, 0.0, 0.5, 1.0):
            done(panel.update("shift", {"shift": value, "cells": 7}))
            (x,) = re.findall(r'<line x1="([\d.]+)"', Reader(panel.view).curve.overlay)
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
        done(panel.update("shift", {"shift": 0.0, "cells": 7}))
        said = [words(html) for html in Reader(panel.view).texts]
        assert said == [sentence]
        assert Reader(panel.view).curve.alt.endswith(said[0])

    def test_an_abandoned_curve_holds_whole_points_only_and_is_begun_again(self):
        panel, asked = self.panel()
        state = {"shift": 0.0, "cells": 7}
        work = panel.update("shift", state)
        for _ in range(2 * len(METRICS) + 1):  # stop between two metrics of the third point
            next(work)
        work.close()
        assert [set(values) for _, values in panel.points()] == [set(METRICS)] * 2
        begun = len(asked)
        done(panel.update("shift", state))
        assert len(asked) == begun + 41

    def test_stop_shows_what_there_is(self):
        stopped = []
        panel, _ = self.panel(stop=lambda: stopped.append(True))
        work = panel.update("shift", {"shift": 0.0, "cells": 7})
        for _ in range(12 * len(METRICS)):
            next(work)
        busy = Reader(panel.view).part(widgets.HBox)
        assert busy.layout.visibility == "visible"
        Reader(panel.view).press("Stop")
        assert stopped == [True]
        assert busy.layout.visibility == "hidden"
        shown = Reader(panel.view).curve
        assert levels(shown).shape[1] > 500
        assert "Shift (nm)" in shown.alt
