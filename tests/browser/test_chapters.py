"""Every chapter as a reader opens it: no errors, every picture described, nothing cut off."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from hrtem_lab.app.chapters import CHAPTERS
from tests.browser.reader import CUT_OFF, FAILURE, Chapter, barriers
from tests.browser.serving import wait_until
from tests.browser.watching import watch

pytestmark = pytest.mark.browser


@pytest.fixture(params=[listed.file for listed in CHAPTERS])
def chapter(request: pytest.FixtureRequest, opened: Callable[[str], Chapter]) -> Chapter:
    """Each chapter in turn, with all that it draws by itself."""
    shown = opened(request.param)
    shown_images = "[...document.images].filter(img => img.offsetParent)"
    loaded = f"{shown_images}.every(img => img.complete && img.naturalWidth)"
    wait_until(lambda: shown.page.evaluate(loaded), what="all images are loaded")
    return shown


@pytest.mark.slow
def test_every_card_of_the_contents_opens_its_chapter(opened: Callable[[str], Chapter]) -> None:
    contents = opened("00_index").page
    expect(contents.locator(".hl-card")).to_have_count(len(CHAPTERS) - 1)
    for chapter in CHAPTERS[1:]:
        card = contents.locator(f'.hl-card[href="{chapter.href}"]')
        expect(card).to_contain_text(chapter.title)
        expect(card).to_contain_text(chapter.summary)
        expect(card).to_contain_text(f"{chapter.minutes} minutes")
        with contents.context.expect_page() as tab:
            card.click(modifiers=["ControlOrMeta"])
        seen = watch(tab.value)
        expect(tab.value.locator("body.shell-ready #rendered_cells h1")).to_be_visible()
        assert urlsplit(tab.value.url).path.endswith(chapter.href)
        assert seen.errors == []
        tab.value.close(run_before_unload=True)


def test_chapters_link_to_chapters_that_exist(chapter: Chapter) -> None:
    links = chapter.page.locator('#rendered_cells a[href*=".ipynb"]')
    targets = set(links.evaluate_all("all => all.map(a => a.getAttribute('href').split('?')[0])"))
    assert targets
    assert targets <= {listed.href for listed in CHAPTERS}


def test_no_page_shows_an_error(chapter: Chapter) -> None:
    assert FAILURE.findall(chapter.page.locator("#rendered_cells").inner_text()) == []
    expect(chapter.page.locator("[role=alert]:visible")).to_have_count(0)
    assert chapter.seen.errors == []


def test_every_picture_is_described(chapter: Chapter) -> None:
    texts = chapter.page.locator("img").evaluate_all("all => all.map(img => img.alt.trim())")
    assert "" not in texts
    drawings = chapter.page.locator("svg[role=img]").evaluate_all("all => all.map(svg => svg.ariaLabel)")
    assert all(drawings)


def test_no_reader_is_kept_out(chapter: Chapter) -> None:
    chapter.page.set_viewport_size({"width": 480, "height": 900})  # where most scrolls in boxes of its own
    try:
        assert barriers(chapter.page) == []
    finally:
        chapter.page.set_viewport_size({"width": 1280, "height": 900})


def test_every_slider_says_its_label_and_its_value_with_unit(chapter: Chapter) -> None:
    sliders = chapter.page.locator(".widget-slider")
    for label, handle, number in zip(
        sliders.locator("> .widget-label").all_inner_texts(),
        sliders.locator("[role=slider]").all(),
        sliders.locator(".widget-readout").all_inner_texts(),
        strict=True,
    ):
        name, _, unit = label.removesuffix(")").partition(" (")
        expect(handle).to_have_accessible_name(name)
        gap = "" if unit in {"", "°"} else " "
        expect(handle).to_have_attribute("aria-valuetext", f"{number}{gap}{unit}")


@pytest.mark.parametrize("width", [1280, 600])
def test_nothing_is_cut_off_and_no_page_scrolls_sideways(chapter: Chapter, width: int) -> None:
    page = chapter.page
    page.set_viewport_size({"width": width, "height": 900})
    try:
        wait_until(lambda: page.evaluate("innerWidth") == width, what=f"the window is {width} px wide")
        root = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert root[0] <= root[1]
        assert page.evaluate(CUT_OFF) == []
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})


def test_a_prediction_is_kept_once_committed(four_metrics: Chapter) -> None:
    question = four_metrics.page.locator(".hl-question").filter(has_text="Which metric will call them most")
    commit = question.get_by_role("button", name="This is my prediction")
    expect(commit).to_be_disabled()
    answer = question.get_by_label("SSIM, which compares patches", exact=True)
    answer.check()
    commit.click()
    expect(question).to_contain_text("You predict: SSIM, which compares patches.")
    expect(commit).to_be_disabled()
    expect(answer).to_be_disabled()


def test_self_checks_answer_every_option(chapter: Chapter) -> None:
    questions = chapter.page.locator(".hl-question").filter(has_not=chapter.page.get_by_role("button"))
    for index in range(questions.count()):
        question = questions.nth(index)
        asked = question.locator("strong").first.inner_text()
        expect(question.get_by_role("radiogroup", name=asked)).to_have_count(1)
        verdicts = []
        for option in question.get_by_role("radio").all():
            before = question.inner_text()
            option.check()
            wait_until(lambda q=question, b=before: q.inner_text() != b, what="the answer is judged")
            verdicts.append(question.locator(".hl-right, .hl-wrong").inner_text())
        assert sorted(set(verdicts)) == ["Not quite.", "Right."]
        assert verdicts.count("Right.") == 1
        expect(question.get_by_role("status")).to_contain_text(verdicts[-1])
        assert barriers(chapter.page, ".hl-question") == []
