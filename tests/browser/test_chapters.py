"""Every chapter as a reader opens it: no errors, every picture described, nothing cut off."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from hrtem_lab.app.chapters import CHAPTERS
from tests.browser.layout import HARD_TO_READ, IN_VIEW, LAPTOP, LOST_CELLS, PAPER, PHONE, window
from tests.browser.reader import CUT_OFF, FAILURE, Chapter, barriers
from tests.browser.serving import Server, wait_until
from tests.browser.watching import open_chapter, watch

pytestmark = pytest.mark.browser
# Of each part: whether keys and screen readers leave it out, if it looks covered, how opaque its content is.
COVERED = """parts => parts.map(part => [part.inert, part.classList.contains("hl-covered"),
  part.firstElementChild ? getComputedStyle(part.firstElementChild).opacity : part.inert ? "0" : "1"])"""


# Answers alone are refused: the front end of Voilà itself does not start without storage.
NO_STORAGE = """for (const name of ["getItem", "setItem"]) {
  const own = Storage.prototype[name];
  Storage.prototype[name] = function (key, ...rest) {
    if (key.startsWith("hrtem_lab:")) throw new Error("refused");
    return own.call(this, key, ...rest);
  };
}"""


@pytest.fixture(
    params=[
        pytest.param(listed.file, marks=() if listed in CHAPTERS[:2] else pytest.mark.slow)
        for listed in CHAPTERS
    ]
)
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


@pytest.mark.slow
def test_the_circle_of_an_answer_stands_before_its_first_line(opened: Callable[[str], Chapter]) -> None:
    page = opened("07_reality").page
    with window(page, PHONE):
        answer = page.locator(".hl-question label", has_text="different electrons do not interfere")
        height, circle_left, circle_bottom = answer.evaluate("""(label) => {
          const [text, circle] = [label, label.querySelector("input")].map((e) => e.getBoundingClientRect());
          return [text.height, circle.left - text.left, circle.bottom - text.top];
        }""")
        assert height > 35  # two lines
        assert circle_left < 20
        assert circle_bottom < 0.6 * height


def test_what_gives_the_answer_away_is_covered_but_printed(chapter: Chapter) -> None:
    page, question = chapter.page, chapter.page.locator(".hl-question").first
    if not question.count():  # the contents ask nothing
        return
    skip = question.get_by_role("button", name="Show me without predicting")
    parts = page.locator(".hl-outcome")
    expect(parts.first).to_be_attached()
    try:
        assert parts.evaluate_all(COVERED) == [[True, True, "0"]] * parts.count()
        page.emulate_media(media="print")
        assert {seen for _, _, seen in parts.evaluate_all(COVERED)} == {"1"}
        page.emulate_media(media="screen")
        skip.focus()
        page.keyboard.press("Enter")
        expect(question.locator(".hl-told")).to_contain_text("You skipped the prediction. It is:")
        assert parts.evaluate_all(COVERED) == [[False, False, "1"]] * parts.count()
    finally:
        page.emulate_media(media="screen")
        question.get_by_role("button", name="Predict again").click()
        expect(question.locator(".hl-told")).to_contain_text("stays covered")


def test_a_prediction_is_compared_kept_and_forgotten(four_metrics: Chapter) -> None:
    page, question = four_metrics.page, four_metrics.page.locator(".hl-question").first
    commit = question.get_by_role("button", name="This is my prediction")
    answer = question.get_by_label("cw-SSIM alone", exact=True)
    covered = page.locator(".hl-covered")
    expect(commit).to_be_disabled()
    expect(covered).to_have_count(1)
    answer.check()
    expect(covered).to_have_count(1)
    commit.click()
    for reload in (True, False):
        told = question.locator(".hl-told")
        expect(told).to_contain_text("You predicted: cw-SSIM alone. It is: MSE alone.")
        expect(commit).to_be_disabled()
        expect(answer).to_be_checked()
        expect(answer).to_be_disabled()
        expect(covered).to_have_count(0)
        if reload:
            open_chapter(page, page.url)
    question.get_by_role("button", name="Predict again").click()
    expect(covered).to_have_count(1)
    expect(answer).not_to_be_checked()
    expect(answer).to_be_enabled()
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('prediction'))") == []
    # In the same instant: a reader whose kernel is busy or gone is not kept from the page.
    at_once = "document.querySelector('.hl-skip').click(), document.querySelectorAll('.hl-covered').length"
    assert page.evaluate(at_once) == 0


@pytest.mark.slow
def test_without_storage_nothing_is_covered_and_predictions_work(page: Page, server: Server) -> None:
    page.add_init_script(NO_STORAGE)
    open_chapter(page, server.page_url("01_four_metrics"))
    question = page.locator(".hl-question").first
    expect(question.locator(".hl-told")).to_contain_text("does not keep answers")
    expect(page.locator(".hl-outcome .hl-numbers")).to_be_visible()
    expect(page.locator(".hl-covered")).to_have_count(0)
    question.get_by_label("MSE alone", exact=True).check()
    question.get_by_role("button", name="This is my prediction").click()
    expect(question.locator(".hl-told")).to_contain_text("It is: MSE alone. Well predicted.")


@pytest.mark.slow
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
