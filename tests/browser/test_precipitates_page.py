"""Chapter 6 as a reader uses it: sliders, curves, and counting cells by mouse and keyboard, in a browser."""

import csv
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from hrtem_lab.app.pages.precipitates.rounds import round_of
from tests.browser.reader import CUT_OFF, pixels
from tests.browser.serving import Server, wait_until
from tests.browser.watching import Watched, open_chapter, watch

pytestmark = pytest.mark.browser

CHAPTER = "06_precipitates"
QUICK = "?pixels=512&method=false_alarm"
SENTENCE = re.compile(r"Diameter found: (\d+\.\d) nm \((\d+(?:\.\d)?) cells?\), 95 % interval")


@pytest.fixture(scope="module")
def chapter(chromium: Browser, server: Server) -> Iterator[Page]:
    """Open the chapter once."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    seen: Watched = watch(page)
    open_chapter(page, server.page_url(CHAPTER, QUICK))
    expect(image(page)).to_be_visible()
    expect(page.locator('img[alt^="Diameter found by true diameter"]')).to_be_visible()
    yield page
    assert not seen.errors
    assert not seen.foreign_requests()
    page.close()


def image(page: Page) -> Locator:
    return page.locator('img[alt^="Nb₃Sn, 16 × 16 cells"]')


def sentence(page: Page) -> Locator:
    return page.locator(".hl-verdict").first


def grid(page: Page) -> Locator:
    return page.get_by_role("application")


def click_cell(page: Page, row: int, column: int) -> None:
    box = grid(page).bounding_box()
    assert box is not None
    x, y = (column + 0.5) * box["width"] / 16, (row + 0.5) * box["height"] / 16
    grid(page).click(position={"x": x, "y": y}, force=True)  # also where a finished round refuses it


def test_image_map_mask_and_sentence_appear(chapter: Page) -> None:
    wait_until(lambda: pixels(image(chapter)).shape == (512, 512, 3), what="the image is shown")
    found = SENTENCE.search(sentence(chapter).inner_text())
    assert found is not None
    assert 9 < float(found[2]) < 11
    assert pixels(chapter.locator('img[alt*="above the threshold"]')).shape == (16, 16, 3)
    assert pixels(chapter.locator('img[alt$="cells counted as precipitate."]')).shape == (16, 16, 3)


def test_a_slider_changes_picture_and_sentence(chapter: Page) -> None:
    before, said = pixels(image(chapter)), sentence(chapter).inner_text()
    slider = chapter.locator(".hl-control-diameter").get_by_role("slider").first
    slider.press("ArrowLeft")
    wait_until(lambda: bool((pixels(image(chapter)) != before).any()), what="another image is shown")
    expect(sentence(chapter)).not_to_have_text(said)
    expect(sentence(chapter)).to_contain_text("true: 4.7 nm (9 cells)")
    wait_until(lambda: "diameter=9" in chapter.evaluate("location.search"), what="the address names it")
    slider.press("ArrowRight")
    expect(sentence(chapter)).to_contain_text("true: 5.3 nm (10 cells)")


def test_the_truth_can_be_hidden(chapter: Page) -> None:
    chapter.get_by_role("button", name="hidden", exact=True).click()
    expect(sentence(chapter)).not_to_contain_text("true:")
    chapter.get_by_role("button", name="shown", exact=True).click()
    expect(sentence(chapter)).to_contain_text("true:")


def test_a_wrong_reference_is_told_beside_the_map(chapter: Page) -> None:
    said = sentence(chapter).inner_text()
    slider = chapter.locator(".hl-control-thicker").get_by_role("slider").first
    slider.press("ArrowRight")
    expect(chapter.get_by_text("Reference: 1 cell thicker")).to_be_visible()
    expect(chapter.get_by_text("The stored study knows the exact reference only.")).to_be_visible()
    wait_until(lambda: "thicker=1" in chapter.evaluate("location.search"), what="the address names it")
    slider.press("ArrowLeft")
    expect(chapter.get_by_text("Reference: 1 cell thicker")).to_have_count(0)
    expect(sentence(chapter)).to_have_text(said)


def test_the_smallest_found_are_drawn_by_dose(chapter: Page) -> None:
    chapter.get_by_role("button", name="smallest found", exact=True).click()
    expect(chapter.locator('img[alt^="Smallest diameter by dose"]')).to_be_visible()
    wait_until(lambda: "curves=limit" in chapter.evaluate("location.search"), what="the address names it")
    chapter.get_by_role("button", name="at this dose", exact=True).click()
    expect(chapter.locator('img[alt^="Diameter found by true diameter"]')).to_be_visible()


def test_own_noise_is_measured_until_stopped(chapter: Page) -> None:
    chapter.get_by_role("button", name="Measure with my noise").click()
    progress = chapter.get_by_text(re.compile(r"[1-9]\d* of 280 exposures"))
    expect(progress).to_be_visible()
    chapter.get_by_role("button", name="Stop", exact=True).click()
    expect(chapter.get_by_role("button", name="Measure with my noise")).to_be_visible()


def test_a_round_by_mouse_and_keyboard(chapter: Page) -> None:
    marked = chapter.locator(".hl-grid .hl-marked")
    click_cell(chapter, 4, 4)
    expect(marked).to_have_count(1)
    expect(chapter.get_by_text("Marked: 1 cells")).to_have_count(0)
    expect(chapter.get_by_text("Marked: 1 cell,")).to_be_visible()
    click_cell(chapter, 4, 4)
    expect(marked).to_have_count(0)

    grid(chapter).focus()
    chapter.keyboard.press("ArrowRight")
    chapter.keyboard.press("Space")
    chapter.keyboard.press("Shift+ArrowRight")
    chapter.keyboard.press("Shift+ArrowDown")
    expect(marked).to_have_count(3)
    expect(chapter.locator(".hl-cursor")).to_have_css("visibility", "visible")
    expect(chapter.locator(".hl-spoken")).to_have_text("Row 6, column 7: marked")
    expect(chapter.get_by_text("Marked: 3 cells")).to_be_visible()

    chapter.get_by_role("button", name="Done", exact=True).click()
    diameter = round_of(1).specimen.diameter
    expect(chapter.get_by_text(re.compile(rf"True: .*\({diameter} cells\)"))).to_be_visible()
    expect(chapter.locator("table.hl-rounds tbody tr")).to_have_count(1)
    expect(chapter.locator('img[alt^="Your diameters"]')).to_be_visible()
    click_cell(chapter, 0, 0)
    expect(marked).to_have_count(3)

    chapter.get_by_role("button", name="Next round", exact=True).click()
    expect(chapter.locator('img[alt^="Round 2:"]')).to_be_visible()
    expect(marked).to_have_count(0)


def test_a_number_is_doubted_by_keyboard(chapter: Page) -> None:
    chapter.locator('img[alt^="Case 1:"]').scroll_into_view_if_needed()
    doubt = chapter.get_by_role("button", name="I do not believe it", exact=True)
    expect(chapter.get_by_text(re.compile("says the method"))).to_be_visible()
    expect(doubt).to_be_enabled()
    assert chapter.get_by_text("The reference was off").count() == 0
    doubt.focus()
    chapter.keyboard.press("Enter")
    expect(chapter.get_by_text("The reference was off: shifted by 0.3 Å.")).to_be_visible()
    expect(chapter.locator("table.hl-beliefs tbody tr")).to_have_text(re.compile("doubted: right"))
    expect(doubt).to_be_disabled()
    chapter.get_by_role("button", name="Next case", exact=True).click()
    expect(chapter.locator('img[alt^="Case 2:"]')).to_be_visible()
    expect(doubt).to_be_enabled()


def test_the_rounds_are_kept_and_saved(chapter: Page) -> None:
    with chapter.expect_download() as waiting:
        chapter.get_by_role("button", name="Numbers (CSV)").nth(1).click()
    lines = waiting.value.path().read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [row["round"] for row in rows] == ["1"]
    chapter.reload(wait_until="commit")
    expect(chapter.locator("table.hl-rounds tbody tr")).to_have_count(1)


@pytest.mark.parametrize("width", [1280, 480])
def test_nothing_is_cut_off(chapter: Page, width: int) -> None:
    expect(sentence(chapter)).to_contain_text("true:")
    chapter.set_viewport_size({"width": width, "height": 900})
    try:
        assert chapter.evaluate(CUT_OFF) == []
        root = chapter.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert root[0] <= root[1]
        ends = "all => all.map(note => note.getBoundingClientRect().right)"  # a wide table scrolls alone
        assert max(chapter.locator(".hl-note").evaluate_all(ends)) <= width
        images = chapter.locator("img")
        texts = "all => all.map(img => img.alt.trim())"
        wait_until(lambda: "" not in images.evaluate_all(texts), what="every picture is told in words")
    finally:
        chapter.set_viewport_size({"width": 1280, "height": 900})
