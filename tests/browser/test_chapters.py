"""Every chapter as a reader opens it: no errors, every picture described, nothing cut off."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from hrtem_lab.app.chapters import CHAPTERS
from tests.browser.layout import HARD_TO_READ, IN_VIEW, LAPTOP, LOST_CELLS, PAPER, PHONE, window
from tests.browser.reader import CUT_OFF, FAILURE, Chapter
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


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_pictures_stay_in_view_with_every_slider_below_them(
    chapter: Chapter, size: dict[str, int]
) -> None:
    with window(chapter.page, size):
        handles = chapter.page.locator(".hl-stage .noUi-handle:visible")
        assert (handles.count() > 0) == (chapter.page.locator(".hl-stage").count() > 0)
        for handle in handles.all():
            for start in (0, 10**6):
                handle.blur()
                chapter.page.evaluate("(y) => scrollTo(0, y)", start)
                handle.focus()
                share, on_top = handle.evaluate(IN_VIEW)
                assert on_top
                assert share > (0.9 if start else 0.05)  # beside its pictures, a slider may be seen first


def test_paper_shows_what_was_chosen_and_every_bar_and_column(chapter: Chapter) -> None:
    page = chapter.page
    with window(page, PAPER):
        page.emulate_media(media="print")
        try:
            chosen = page.locator(".hl-dashboard .widget-toggle-button.mod-active")
            for button in chosen.all():
                expect(button).to_be_visible()
            expect(page.get_by_role("button", name="Numbers (CSV)").first).to_be_hidden()
            filled = page.locator(".hl-bar b, .hl-ramp, .hl-contributions b, .hl-dashboard .noUi-base")
            adjusted = "all => [...new Set(all.map((e) => getComputedStyle(e).printColorAdjust))]"
            assert filled.evaluate_all(adjusted) in (["exact"], [])
            assert page.evaluate(LOST_CELLS) == []
        finally:
            page.emulate_media(media="screen")


def test_every_text_is_legible_in_the_dark_theme_of_jupyterlab(chapter: Chapter) -> None:
    page = chapter.page
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    try:
        assert page.evaluate(HARD_TO_READ) == []
    finally:
        page.evaluate("document.body.dataset.jpThemeLight = 'true'")


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_code_beside_an_equation_is_shown_whole(four_metrics: Chapter, size: dict[str, int]) -> None:
    with window(four_metrics.page, size):
        widths = "all => all.map((e) => [e.scrollWidth, e.clientWidth])"
        blocks = four_metrics.page.locator(".hl-equation pre").evaluate_all(widths)
        assert blocks
        assert all(needed <= given + 1 for needed, given in blocks)


def test_a_white_picture_has_an_edge(opened: Callable[[str], Chapter]) -> None:
    edges = opened("02_edge_cases").page.locator('[data-case="white"] .hl-frame')
    assert edges.evaluate("(e) => getComputedStyle(e).boxShadow") != "none"


def test_a_curve_says_that_it_is_being_computed(opened: Callable[[str], Chapter]) -> None:
    edge_cases = opened("02_edge_cases")
    curve = edge_cases.page.locator(".hl-curve figure")
    edge_cases.press("rotation", "ArrowRight")
    expect(curve.locator(".hl-busy")).to_have_text("Computing the curve along rotation …")
    expect(curve).to_have_attribute("aria-busy", "true")
    expect(curve.locator(".hl-busy")).to_be_hidden(timeout=30_000)
    expect(curve).to_have_attribute("aria-busy", "false")
    edge_cases.page.get_by_role("button", name="Reset").first.click()


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
        verdicts = []
        for option in question.get_by_role("radio").all():
            before = question.inner_text()
            option.check()
            wait_until(lambda q=question, b=before: q.inner_text() != b, what="the answer is judged")
            verdicts.append(question.locator(".hl-right, .hl-wrong").inner_text())
        assert sorted(set(verdicts)) == ["Not quite.", "Right."]
        assert verdicts.count("Right.") == 1
