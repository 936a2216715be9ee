"""The navigation of a course with thirteen chapters: in one line, as a menu, by keyboard and on paper."""

import base64
from collections.abc import Callable, Iterator
from importlib.resources import files

import jinja2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from hrtem_lab.app.chapters import Chapter, navigation
from hrtem_lab.app.server.configuration import TEMPLATE_DIR

pytestmark = pytest.mark.browser

TITLES = {
    "Metrics": ["Ways to say “different”", "The edge cases", "What fools each metric"],
    "Electrons": ["Noise, one source at a time", "How few electrons are enough?"],
    "Precipitates": ["How large is the precipitate?"],
    "The microscope": ["Aberrations, one at a time", "Partial coherence and its envelope"],
    "Your own images": ["Read a micrograph", "Match it with a simulation", "Restore it & stay honest"],
    "Course": ["What your class has measured", "A metric of your own"],
}
NUMBERED = [(group, title) for group, titles in TITLES.items() for title in titles]
CHAPTERS = [
    Chapter(
        file=f"{number:02d}_x", number=number, group=group, title=title, summary="What it is.", minutes=20
    )
    for number, (group, title) in enumerate([("", "Contents"), *NUMBERED])
]
LAST = len(CHAPTERS) - 1
WIDE = [901, 1024, 1366, 1920]
NARROW = [320, 480, 700, 900]
PAGE = """\
{% from 'navigation.html.j2' import navigation_bar, next_chapter %}
<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width">
<style>{{ style }}</style><body>{{ navigation_bar(chapters, current) }}
<main><h1>A chapter</h1><p>{{ 'Some text. ' * 300 }}</p>{{ next_chapter(chapters, current) }}</main>
</body></html>
"""

# The ratio of luminances that WCAG defines, of an element's text and the nearest background that is painted.
CONTRAST = """element => {
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = rgb => rgb.slice(0, 3)
    .map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let painted = element;
  while (parse(getComputedStyle(painted).backgroundColor)[3] === 0) painted = painted.parentElement;
  const colours = [getComputedStyle(element).color, getComputedStyle(painted).backgroundColor];
  const [dark, light] = colours.map(c => luminance(parse(c))).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}"""


def source(current: int) -> str:
    """Return a page that shows the navigation as a chapter has it."""
    loader = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATE_DIR), autoescape=False)
    style = [(TEMPLATE_DIR / "static" / f"{name}.css").read_text() for name in ("shell", "navigation")]
    values = {"chapters": navigation(CHAPTERS), "current": CHAPTERS[current].file, "style": "".join(style)}
    return loader.from_string(PAGE).render(values)


@pytest.fixture
def show(page: Page) -> Callable[..., Page]:
    """Show the navigation in a window of some width."""

    def shown(width: int, current: int = 9, height: int = 800) -> Page:
        page.set_viewport_size({"width": width, "height": height})
        page.set_content(source(current))
        return page

    return shown


@pytest.fixture
def page_without_javascript(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 480, "height": 800})
    yield context.new_page()
    context.close()


def links(page: Page) -> Locator:
    """Return the links to all chapters."""
    return page.locator("nav[aria-label=Chapters] .shell-chapters a")


def lines(page: Page) -> int:
    """Return in how many lines the numbers stand."""
    return len({round(number.bounding_box()["y"]) for number in page.locator(".shell-number").all()})


def inside(element: Locator, width: int) -> bool:
    """Return whether an element lies in a window of that width."""
    box = element.bounding_box()
    return box["x"] >= 0 and box["x"] + box["width"] <= width


@pytest.mark.slow
@pytest.mark.parametrize("current", [0, 1, 9, LAST])
@pytest.mark.parametrize(("width", "at_most"), [(901, 2), (1024, 2), (1366, 1), (1920, 1)])
def test_thirteen_chapters_stand_in_a_line(
    show: Callable[..., Page], width: int, at_most: int, current: int
) -> None:
    page = show(width, current)
    assert lines(page) <= at_most
    assert all(inside(link, width) for link in page.locator("header a").all())
    expect(page.locator(".shell-open")).to_be_hidden()


@pytest.mark.parametrize("current", [0, 9, LAST])
@pytest.mark.parametrize("width", [*NARROW, *WIDE])
def test_nothing_scrolls_sideways(show: Callable[..., Page], width: int, current: int) -> None:
    page = show(width, current)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [480, 1366])
def test_every_chapter_is_a_link_with_its_number_and_title(show: Callable[..., Page], width: int) -> None:
    page = show(width)
    if width == 480:
        page.locator(".shell-open").click()
    assert [link.get_attribute("href") for link in links(page).all()] == [c.href for c in CHAPTERS]
    for chapter in CHAPTERS[1:]:
        name = f"{chapter.number} {chapter.title}"
        expect(page.get_by_role("list").get_by_role("link", name=name, exact=True)).to_have_count(1)
    for group, titles in TITLES.items():
        members = page.get_by_role("list", name=group, exact=True).get_by_role("listitem")
        expect(members).to_have_count(len(titles))
    current = page.locator("nav [aria-current=page]")
    expect(current).to_have_text("9 Read a micrograph")


@pytest.mark.parametrize("width", WIDE)
def test_a_number_shows_its_title_to_the_pointer_and_the_keyboard(
    show: Callable[..., Page], width: int
) -> None:
    page = show(width, current=LAST)
    for link in page.locator("header a:has(.shell-title)").all():
        title = link.locator(".shell-title")
        assert title.bounding_box()["width"] <= 1
        link.hover()
        assert title.bounding_box()["width"] > 50
        assert inside(title, width)
    page.mouse.move(0, 700)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    focused = page.locator("a:focus-visible")
    assert focused.get_attribute("href") == CHAPTERS[1].href
    assert focused.locator(".shell-title").bounding_box()["width"] > 50
    assert focused.evaluate("a => getComputedStyle(a).outlineWidth") == "3px"


@pytest.mark.parametrize("width", NARROW)
def test_a_narrow_window_has_a_menu_for_the_keyboard(show: Callable[..., Page], width: int) -> None:
    page = show(width)
    expect(page.locator(".shell-here")).to_have_text("9 Read a micrograph")
    expect(links(page).first).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for link in links(page).all():
        page.keyboard.press("Tab")
        expect(link).to_be_focused()
        expect(link).to_be_in_viewport(ratio=1)
        assert inside(link, width)
    page.keyboard.press("Escape")
    expect(links(page).first).to_be_hidden()
    expect(page.locator(".shell-open")).to_be_focused()


def test_the_menu_closes_beside_it(show: Callable[..., Page]) -> None:
    page = show(480)
    page.locator(".shell-open").click()
    expect(links(page).first).to_be_visible()
    page.mouse.click(240, 780)
    expect(links(page).first).to_be_hidden()


def test_the_last_chapter_is_reached_in_a_low_window(show: Callable[..., Page]) -> None:
    page = show(480, current=1, height=320)
    page.locator(".shell-open").click()
    links(page).last.scroll_into_view_if_needed()
    expect(links(page).last).to_be_in_viewport(ratio=1)


def test_the_menu_needs_no_javascript(page_without_javascript: Page) -> None:
    page = page_without_javascript
    page.set_content(source(current=9))
    expect(links(page).last).to_be_hidden()
    page.locator(".shell-open").click()
    expect(links(page).last).to_be_visible()


@pytest.mark.parametrize("width", [480, 1366])
@pytest.mark.parametrize(("current", "before", "after"), [(0, None, 1), (9, 8, 10), (LAST, LAST - 1, None)])
def test_the_chapters_before_and_after_are_a_click_away(
    show: Callable[..., Page], width: int, current: int, before: int | None, after: int | None
) -> None:
    page = show(width, current)
    for relation, word, number in (("prev", "Previous", before), ("next", "Next", after)):
        step = page.locator(f"header a[rel={relation}]")
        expect(step).to_have_count(int(number is not None))
        if number is not None:
            chapter = CHAPTERS[number]
            assert step.get_attribute("href") == chapter.href
            expect(step).to_have_accessible_name(f"{word} {chapter.title}")
            expect(step).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [320, 480, 1024, 1366])
def test_targets_are_large_enough_and_words_can_be_read(show: Callable[..., Page], width: int) -> None:
    page = show(width)
    if width in NARROW:
        page.locator(".shell-open").click()
    for target in page.locator("header :is(a, button) >> visible=true").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert target.evaluate(CONTRAST) >= 4.5
    for label in page.locator(".shell-group").all():
        assert label.evaluate(CONTRAST) >= 4.5


def test_a_title_below_a_number_can_be_read(show: Callable[..., Page]) -> None:
    page = show(1366)
    links(page).nth(2).hover()
    assert links(page).nth(2).evaluate(CONTRAST) >= 4.5
    assert links(page).nth(2).locator(".shell-title").evaluate(CONTRAST) >= 4.5


@pytest.mark.parametrize("width", [480, 1366])
def test_paper_has_no_navigation(show: Callable[..., Page], width: int) -> None:
    page = show(width)
    page.emulate_media(media="print")
    expect(page.locator("header nav")).to_be_hidden()
    expect(page.locator(".shell-next")).to_be_hidden()
    expect(page.locator(".shell-brand")).to_be_visible()


def test_a_page_outside_the_course_has_no_current_chapter(page: Page) -> None:
    loader = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATE_DIR))
    page.set_content(
        loader.from_string(PAGE).render(chapters=navigation(CHAPTERS), current="other", style="")
    )
    expect(page.locator("[aria-current], [rel=prev], [rel=next]")).to_have_count(0)
    expect(page.locator("nav li a")).to_have_count(len(CHAPTERS))


LAB = """
<div class="jp-Notebook"><div class="hl-dashboard" id="first"></div>
  <a id="set" href="http://lab/files/course/%3Ftilt%3D2%26C12%3D1?_xsrf=0">0.111</a>
  <a id="file" href="http://lab/files/docs/metrics.md">metrics</a></div>
<div class="jp-Notebook"><div class="hl-dashboard" id="second"></div></div>
"""
DRAW = """async ([script, all]) => {
  const { render } = (await import("data:text/javascript;base64," + script)).default;
  window.sent = [];
  window.gone = all.map(([place, names]) => render({
    model: { get: () => names, send: (message) => window.sent.push([place, message.follow]) },
    el: document.getElementById(place),
  }));
  document.addEventListener("click", (event) => {
    window.left = !event.defaultPrevented;
    event.preventDefault();
  });
}"""


def test_in_jupyterlab_a_link_with_settings_sets_the_dashboards_of_its_notebook(page: Page) -> None:
    page.set_content(LAB)
    script = base64.b64encode((files("hrtem_lab.app.kit") / "address.js").read_bytes()).decode()
    page.evaluate(DRAW, [script, [["first", ["tilt", "c12"]], ["first", ["dose"]], ["second", ["tilt"]]]])
    page.click("#set")
    assert page.evaluate("sent") == [["first", "tilt=2&C12=1"], ["first", ""]]
    page.click("#file")
    assert page.evaluate("[sent.length, left]") == [2, True]
    page.evaluate("gone.forEach((end) => end())")
    page.click("#set")
    assert page.evaluate("sent.length") == 2
