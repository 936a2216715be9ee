"""Chapter 1 without a browser: numbers, pictures, keypoints, the patch, and the equations."""

import asyncio
import dataclasses
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.app.kit.widgets import Address, Picture
from hrtem_lab.app.pages.four_metrics import page as four_metrics
from hrtem_lab.metrics import METRICS
from tests.pages.library import LABELS, differences, micrograph, rounded

from .tmp.pg.rest import (
    appearance,
    button,
    costly,
    levels,
    numbers_of,
    part,
    parts,
    picture,
    rest,
    same_as_new,
    table,
    texts,
    words,
)


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
