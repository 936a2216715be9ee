"""Chapter 1 in a browser: what a slider, a click, a link and a button do."""

import csv
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import encode_map
from tests.browser.reader import (
    Chapter,
    decoded,
    differences,
    grey_levels,
    in_sight,
    micrograph,
    pixels,
    same,
)
from tests.browser.serving import wait_until

pytestmark = pytest.mark.browser


@dataclass
class Pointer:
    """The mouse at a pixel of a picture."""

    page: Page
    place: tuple[float, float]
    pixel: float

    def moved(self, right: float, down: float) -> "Pointer":
        return Pointer(
            self.page, (self.place[0] + right * self.pixel, self.place[1] + down * self.pixel), self.pixel
        )

    def hover(self) -> None:
        self.page.mouse.move(*self.place)

    def press(self) -> None:
        self.hover()
        self.page.mouse.down()

    def release(self) -> None:
        self.hover()
        self.page.mouse.up()

    def click(self) -> None:
        self.page.mouse.click(*self.place)


def point(chapter: Chapter, alt: str, pixel: tuple[int, int]) -> Pointer:
    """Return the mouse over the middle of a pixel (x, y) of a picture of 128 pixels."""
    frame = chapter.frame(alt)
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    assert box is not None
    size = box["width"] / 128
    place = (box["x"] + (pixel[0] + 0.5) * size, box["y"] + (pixel[1] + 0.5) * size)
    return Pointer(chapter.page, place, size)


def patch_is(chapter: Chapter, pixel: tuple[int, int]) -> None:
    """Wait until the two sliders and the frames on all pictures are at a pixel (x, y)."""

    def at() -> bool:
        frames = chapter.page.locator(".hl-dashboard .hl-frame rect[fill=none]").evaluate_all(
            "all => all.map(box => ['x', 'y', 'width'].map(name => Number(box.getAttribute(name))).join())"
        )
        corner = f"{pixel[0] - 5},{pixel[1] - 5},11"
        return (chapter.value("x"), chapter.value("y")) == pixel and set(frames) == {corner}

    wait_until(at, what=f"the patch is at {pixel}", patience=20)


class TestFourMetrics:
    """Chapter 1."""

    A = micrograph(cells=20)

    def test_the_first_picture_shows_the_pair_of_the_paper(self, four_metrics: Chapter) -> None:
        b = micrograph("zro2", cells=20)
        four_metrics.shows(differences(self.A, b))
        four_metrics.shows_picture("Image A", grey_levels(self.A, self.A.max()))
        four_metrics.shows_picture("Image B", grey_levels(b, self.A.max()))

    def test_a_slider_moved_by_keyboard_changes_everything(self, four_metrics: Chapter) -> None:
        four_metrics.press("thickness", "ArrowRight", times=5)
        b = micrograph("zro2", cells=25)
        four_metrics.shows(differences(self.A, b))
        four_metrics.shows_picture("Image B", grey_levels(b, self.A.max()))
        for metric in METRICS.values():
            expected = decoded(encode_map(metric.map(self.A, b)))
            wait_until(
                lambda m=metric, e=expected: np.array_equal(
                    pixels(four_metrics.picture(f"{m.label} diff")), e
                ),
                what=f"the map of {metric.label} is the new one",
                patience=20,
            )
        wait_until(lambda: four_metrics.query() == {"thickness": "25"}, what="the address names the setting")
        expect(four_metrics.page.get_by_text("25 cells").first).to_be_visible()
        expect(four_metrics.page.get_by_text("= 12.72 nm")).to_be_visible()

    def test_exchanging_the_reference_changes_sift_but_not_mse(self, four_metrics: Chapter) -> None:
        b = micrograph("zro2", cells=20)
        marks = four_metrics.frame("Image B").locator("circle")
        expect(marks).to_have_count(0)
        before = differences(self.A, b)
        four_metrics.shows(before)
        four_metrics.page.locator(".hl-control-reference").get_by_role("button", name="B").click()
        after = differences(b, self.A)
        four_metrics.shows(after)
        assert after["mse"] == pytest.approx(before["mse"])
        assert abs(after["sift"] - before["sift"]) > 0.01
        wait_until(lambda: marks.count() > 0, what="the keypoints are those of B")

    def test_a_click_on_a_picture_moves_the_patch(self, four_metrics: Chapter) -> None:
        seen = four_metrics.page.locator(".hl-sees-row")
        before = seen.inner_text()
        point(four_metrics, "MSE difference map", (90, 30)).click()
        patch_is(four_metrics, (90, 30))
        wait_until(lambda: seen.inner_text() != before, what="the metrics see the new patch")
        titles = seen.locator(".hl-sees").evaluate_all("all => all.map(card => card.dataset.metric)")
        assert titles == list(METRICS)
        wait_until(lambda: four_metrics.query() == {"x": "90", "y": "30"}, what="the address names the patch")

    def test_the_patch_follows_the_pointer_and_stays_inside(self, four_metrics: Chapter) -> None:
        target = point(four_metrics, "Image A", (60, 60))
        target.press()
        patch_is(four_metrics, (60, 60))
        target.moved(20, -10).hover()
        patch_is(four_metrics, (80, 50))
        target.moved(200, -200).release()
        patch_is(four_metrics, (122, 5))
        target.moved(0, 0).hover()
        patch_is(four_metrics, (122, 5))

    def test_reset_after_a_click_restores_the_images_too(self, four_metrics: Chapter) -> None:
        four_metrics.press("thickness", "ArrowRight", times=10)
        four_metrics.shows(differences(self.A, micrograph("zro2", cells=30)))
        point(four_metrics, "Image A", (90, 30)).click()
        patch_is(four_metrics, (90, 30))
        four_metrics.reset()
        patch_is(four_metrics, (49, 65))
        assert four_metrics.value("thickness") == 20
        b = micrograph("zro2", cells=20)
        four_metrics.shows(differences(self.A, b))
        four_metrics.shows_picture("Image B", grey_levels(b, self.A.max()))

    def test_a_link_opens_a_setting(self, fresh: Callable[[str, str], Chapter]) -> None:
        chapter = fresh("01_four_metrics", "?thickness=30&x=80#Check-yourself")
        wait_until(lambda: in_sight(chapter.page, "#Check-yourself"), what="the heading is in sight")
        expect(chapter.page.locator(".hl-told")).to_contain_text("This link has settings of its own")
        expect(chapter.page.locator(".hl-covered")).to_have_count(0)
        patch_is(chapter, (80, 65))
        assert chapter.value("thickness") == 30
        b = micrograph("zro2", cells=30)
        chapter.shows(differences(self.A, b))
        chapter.shows_picture("Image B", grey_levels(b, self.A.max()))
        expect(chapter.alert).to_have_count(0)
        assert chapter.seen.errors == []

    def test_downloads_hold_what_is_shown(self, four_metrics: Chapter, tmp_path: Path) -> None:
        four_metrics.press("defocus", "ArrowLeft", times=3)
        b = micrograph("zro2", cells=20, defocus=-3)
        four_metrics.shows(differences(self.A, b))
        figure = four_metrics.download("Figure (PNG)", tmp_path)
        assert figure.name == "four-metrics_specimen-zro2_thickness-20_defocus-minus0.3.png"
        assert decoded(figure.read_bytes()).shape[1] > 2000
        table = four_metrics.download("Numbers (CSV)", tmp_path)
        *comments, header, row = table.read_text(encoding="utf-8").splitlines()
        (link,) = [line.removeprefix("# link: ") for line in comments if line.startswith("# link: ")]
        expect(four_metrics.page).to_have_url(link)
        assert link.startswith("http://")
        assert link.endswith("?defocus=-0.3")
        header, row = csv.reader([header, row])
        settings = ["Image B", "Thickness of B (cells)", "Defocus of B (nm)", "Reference"]
        assert header == [*settings, "Patch x (px)", "Patch y (px)", *(m.label for m in METRICS.values())]
        assert (row[0], float(row[1]), float(row[2])) == ("ZrO₂", 20, pytest.approx(-0.3))
        assert row[3:6] == ["A", "49", "65"]
        assert same(four_metrics.numbers(), dict(zip(METRICS, map(float, row[6:]), strict=True)))

    def test_equations_stand_above_the_lines_that_are_them(self, four_metrics: Chapter) -> None:
        equations = four_metrics.page.locator(".hl-equation")
        expect(equations).to_have_count(len(METRICS))
        for index, metric in enumerate(METRICS.values()):
            equation = equations.nth(index)
            expect(equation.locator("mjx-container")).to_be_visible()
            formula, code = equation.locator("mjx-container").bounding_box(), equation.locator("pre")
            place = code.bounding_box()
            assert formula is not None
            assert place is not None
            assert formula["y"] + formula["height"] <= place["y"]
            source = inspect.getsource(inspect.getmodule(metric.prepare))
            lines = [line.strip() for line in code.inner_text().splitlines() if line.strip()]
            assert lines
            assert [line for line in lines if line not in source] == []
