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

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages import four_metrics
from hrtem_lab.app.pages.four_metrics.page import code_of
from hrtem_lab.metrics import METRICS, sift_spread
from tests.pages.history import appearance, costly, same_as_new
from tests.pages.library import LABELS, NAMES, differences, micrograph, rounded
from tests.pages.reader import WRITTEN, Reader, levels, rest

SETTINGS = ["Image B", "Thickness of B", "Defocus of B", "Reference", "Patch x", "Patch y"]
A = {"specimen": "nb3sn", "thickness": 20, "defocus": 0}


class TestEquations:
    @pytest.mark.parametrize("key", METRICS)
    def test_the_code_beside_an_equation_stands_in_the_source(self, key):
        metric = METRICS[key]
        source = Path(inspect.getsourcefile(metric.prepare)).read_text(encoding="utf-8")
        code = code_of(metric)
        assert 1 <= len(code.splitlines()) <= 12
        dedented = "\n".join(line.strip() for line in source.splitlines())
        assert "\n".join(line.strip() for line in code.splitlines()) in dedented
        compile(f"def function(self):\n{re.sub('^', ' ', code, flags=re.MULTILINE)}", key, "exec")

    @pytest.mark.parametrize("key", METRICS)
    def test_equation_code_and_source_are_shown(self, key):
        metric, shown = METRICS[key], four_metrics.equation(key).data
        assert f"$${metric.equation}$$" in shown
        assert f"```python\n{code_of(metric)}\n```" in shown
        assert metric.source in shown
        assert metric.misleads in shown


def image_b(page):
    """Return image B of the page's settings, by the library alone."""
    return micrograph(
        {
            "specimen": NAMES[page.value("Image B")],
            "thickness": page.value("Thickness of B"),
            "defocus": page.value("Defocus of B"),
        }
    )


@pytest.fixture
def page():
    return Reader(four_metrics.dashboard())


class TestFourMetrics:
    def check(self, page):
        """Compare what is shown with direct calls of the library."""
        a, b = micrograph(A), image_b(page)
        reference, image = (b, a) if page.value("Reference") == "B" else (a, b)
        expected = differences(reference, image)
        assert page.numbers == rounded(expected)
        white = float(a.max())
        for name, pixels in (("Image A", a), ("Image B", b)):
            grey = np.clip(255 * pixels / white, 0, 255)
            assert np.abs(levels(page.picture(name)) - grey).max() < 0.51
        header, row = page.csv
        assert header[-len(METRICS) :] == LABELS
        written = dict(zip(METRICS, map(float, row[-len(METRICS) :]), strict=True))
        assert written == pytest.approx(expected, rel=WRITTEN)
        return expected

    def test_it_opens_with_the_pair_of_the_paper(self, page):
        b = micrograph({"specimen": "zro2", "thickness": 20, "defocus": 0})
        assert self.check(page) == pytest.approx(differences(micrograph(A), b))
        assert list(page.settings) == SETTINGS
        assert page.alerts == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"Image B": "Nb₃Sn"},
            {"Thickness of B": 33, "Defocus of B": -2.0},
            {"Reference": "B", "Image B": "Nb₃Sn", "Defocus of B": 4.0},
        ],
        ids=str,
    )
    def test_numbers_and_pictures_are_those_of_the_library(self, page, changes):
        for label, value in changes.items():
            page.set(label, value)
        self.check(page)

    def test_sift_has_a_band_which_moving_the_patch_keeps(self, page):
        page.set("Image B", "Nb₃Sn")
        page.set("Defocus of B", -2.0)
        spread = sift_spread(micrograph(A), image_b(page), phases=readings.PHASES)
        expected = {"sift": pytest.approx((spread.lowest, spread.highest), abs=5.1e-3)}
        assert page.ranges == expected
        page.point("Image A", 0.5, 0.25)
        assert page.ranges == expected
        page.set("Reference", "B")
        assert page.ranges != expected

    def test_the_reference_carries_the_keypoints(self, page):
        circles = {name: page.picture(f"Image {name}").overlay.count("<circle") for name in "AB"}
        assert circles["A"] > 0 == circles["B"]
        page.set("Reference", "B")
        circles = {name: page.picture(f"Image {name}").overlay.count("<circle") for name in "AB"}
        assert circles["B"] > 0 == circles["A"]

    @pytest.mark.parametrize(
        ("point", "place"),
        [([0.5, 0.25], (64, 32)), ([0, 0], (5, 5)), ([1, 1], (122, 122)), ([0.999, 0.5], (122, 64))],
    )
    def test_pointing_moves_the_patch(self, page, point, place):
        page.point("Image A", *point)
        assert (page.value("Patch x"), page.value("Patch y")) == place
        box = f'<rect x="{place[0] - 5:.2f}" y="{place[1] - 5:.2f}" width="11.00" height="11.00"'
        for shown in page.parts(Picture):
            assert box in shown.overlay

    @pytest.mark.parametrize("key", ["y", "reference"])
    def test_a_link_may_name_settings_in_any_order(self, page, key):
        own = {"y": "30", "reference": "b"}[key]
        page.open(f"thickness=30&{key}={own}")
        assert page.value("Thickness of B") == 30
        self.check(page)
        same_as_new(four_metrics.dashboard, page)

    def test_reset_after_moving_the_patch_restores_everything(self, page):
        before = appearance(page)
        page.set("Thickness of B", 30)
        page.point("Image B", 0.9, 0.9)
        page.press("Reset")
        self.check(page)
        assert appearance(page) == before

    def test_moving_the_patch_while_maps_are_drawn_loses_none(self, unhurried):
        async def use():
            page = Reader(four_metrics.dashboard())
            await rest()
            page.set("Thickness of B", 40)
            await asyncio.sleep(0)
            page.set("Patch x", 90)
            await rest()
            return page

        page = asyncio.run(use())
        self.check(page)
        same_as_new(four_metrics.dashboard, page)

    @given(
        st.lists(
            st.sampled_from(
                [
                    ("Image B", "Nb₃Sn"),
                    ("Thickness of B", 3),
                    ("Defocus of B", 5.0),
                    ("Reference", "B"),
                    ("Patch x", 9),
                    ("Patch y", 99),
                ]
            )
            | st.just("reset")
            | st.just("point"),
            min_size=2,
            max_size=4,
        )
    )
    @costly
    def test_what_is_shown_depends_on_the_state_alone(self, events):
        page = Reader(four_metrics.dashboard())
        for number, event in enumerate(events):
            if event == "reset":
                page.press("Reset")
            elif event == "point":
                page.point("SSIM difference", 0.1 * number, 0.3)
            else:
                page.set(*event)
        same_as_new(four_metrics.dashboard, page)

    def test_the_figure_is_a_png(self, page):
        rows, columns, _ = levels(page.figure).shape
        assert columns > rows > 800

    def test_a_metric_without_a_view_of_its_own_is_shown_too(self, monkeypatch):
        other = dataclasses.replace(METRICS["mse"], key="other", label="Other", threshold=None)
        monkeypatch.setitem(METRICS, "other", other)
        page = Reader(four_metrics.dashboard())
        assert page.alerts == []
        header, _ = page.csv
        assert header[len(SETTINGS) :] == [*LABELS, "Other"]
        assert page.picture("Other difference map").data
        assert f"Map here: {other.map(micrograph(A), image_b(page))[65, 49]:.3f}" in page.said
