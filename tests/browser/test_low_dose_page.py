"""Chapter 5 as a reader uses it: the study fills up while sliders answer, in a real browser."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.reader import CUT_OFF, pixels, read_numbers
from tests.browser.serving import Server, wait_until
from tests.browser.watching import Watched, open_chapter, watch

pytestmark = pytest.mark.browser

CHAPTER = "05_low_dose"
QUICK = "?cells=1&pixels=16&repeats=5"
DONE = re.compile(r"(\d+) of (\d+) exposures")


@pytest.fixture(scope="module")
def chapter(chromium: Browser, server: Server) -> Iterator[tuple[Page, Watched]]:
    """Open the chapter once, with a study of a few seconds."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    seen = watch(page)
    open_chapter(page, server.page_url(CHAPTER, QUICK))
    yield page, seen
    assert not seen.errors
    assert not seen.foreign_requests()
    page.close()


def done(page: Page) -> tuple[int, int]:
    found = DONE.search(page.locator(".hl-dashboard").inner_text())
    return (int(found[1]), int(found[2])) if found else (0, 1)


def finished(page: Page) -> bool:
    now, total = done(page)
    return now == total


def curve(page: Page) -> Locator:
    return page.locator('img[alt^="Left: "]')


def test_the_study_fills_up_to_its_table(chapter: tuple[Page, Watched]) -> None:
    page, _ = chapter
    wait_until(lambda: finished(page), what="the study is complete")
    expect(page.locator("table.hl-doses tbody tr")).to_have_count(6)
    expect(curve(page)).to_be_visible()
    assert page.get_by_role("button", name="Go on", exact=True).is_disabled()


def test_the_dose_slider_changes_exposures_and_numbers_alone(chapter: tuple[Page, Watched]) -> None:
    page, _ = chapter
    wait_until(lambda: finished(page), what="the study is complete")
    shown = page.locator('img[alt^="ZrO₂ at"]')
    before, study = pixels(shown), page.locator("table.hl-doses").inner_text()
    numbers = read_numbers(page.locator("table.hl-numbers").nth(1))
    page.locator(".hl-control-dose").get_by_role("slider").first.press("ArrowRight")
    wait_until(lambda: not np.array_equal(pixels(shown), before), what="another exposure is shown")
    wait_until(
        lambda: read_numbers(page.locator("table.hl-numbers").nth(1)) != numbers, what="its numbers are shown"
    )
    assert page.locator("table.hl-doses").inner_text() == study
    wait_until(lambda: "dose=" in page.evaluate("location.search"), what="the address names the dose")


@pytest.mark.slow
def test_a_long_study_can_be_stopped_and_continued(chapter: tuple[Page, Watched]) -> None:
    page, _ = chapter
    wait_until(lambda: finished(page), what="the study is complete")
    page.locator(".hl-control-repeats").get_by_role("slider").first.press("End")
    wait_until(lambda: done(page)[1] == 2400 and done(page)[0] > 24, what="a longer study runs")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Go on", exact=True)).to_be_visible()
    stopped = done(page)[0]
    assert 0 < stopped < 2400
    page.get_by_role("button", name="Go on", exact=True).click()
    wait_until(lambda: done(page)[0] > stopped, what="it goes on where it was")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Reset", exact=True).click()
    wait_until(lambda: done(page)[1] == 480, what="reset brings the first study back")
    page.get_by_role("button", name="Stop", exact=True).click()


@pytest.mark.parametrize("width", [1280, 600])
def test_nothing_is_cut_off(chapter: tuple[Page, Watched], width: int) -> None:
    page, _ = chapter
    page.set_viewport_size({"width": width, "height": 900})
    try:
        assert page.evaluate(CUT_OFF) == []
        root = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert root[0] <= root[1]
        assert "" not in page.locator("img").evaluate_all("all => all.map(img => img.alt.trim())")
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})
