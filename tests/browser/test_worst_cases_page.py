"""Chapter 3 as a reader uses it: the live search and the game, in a real browser."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from hrtem_lab import extremes
from tests.browser.reader import CUT_OFF, FAILURE, grey_levels, pixels, read_numbers, same
from tests.browser.serving import Server, wait_until
from tests.browser.watching import Watched, open_chapter, opened_once

pytestmark = pytest.mark.browser

CHAPTER = "03_worst_cases"
REFERENCE = extremes.stored_reference()
WHITE = float(REFERENCE.max())
BEST = re.compile(r"Your best so far: (\d\.\d{3})")


def shows(picture: Locator, image: NDArray[np.floating]) -> bool:
    """Whether a picture's pixels are the grey levels of an image, but for rounding."""
    shown = pixels(picture)
    return shown.shape[:2] == image.shape and np.abs(shown[..., 0] - grey_levels(image, WHITE)).max() <= 1


@dataclass
class Part:
    """One of the chapter's dashboards."""

    page: Page
    seen: Watched
    picture_name: str

    @property
    def view(self) -> Locator:
        return self.page.locator(f'.hl-dashboard:has(img[alt^="{self.picture_name}"])')

    @property
    def frame(self) -> Locator:
        return self.view.locator(f'.hl-frame:has(img[alt^="{self.picture_name}"])')

    def image(self) -> NDArray[np.int_]:
        return pixels(self.frame.locator("img"))

    def numbers(self) -> dict[str, float]:
        return read_numbers(self.view.locator("table.hl-numbers"))

    def press(self, button: str) -> None:
        self.view.get_by_role("button", name=button, exact=True).click()

    def button(self, text: str) -> Locator:
        return self.view.get_by_role("button", name=text, exact=True)

    def step(self) -> int:
        found = re.search(r"step (\d+)", self.view.locator("figcaption", has_text="Search").inner_text())
        return int(found[1]) if found else -1

    def best(self) -> float:
        found = BEST.search(self.view.locator(".hl-score").inner_text())
        return float(found[1]) if found else -1

    def box(self) -> FloatRect:
        """Return where the picture is in the window."""
        self.frame.scroll_into_view_if_needed()
        box = self.frame.bounding_box()
        assert box is not None
        return box

    def changes(self, act: Callable[[], Any]) -> NDArray[np.int_]:
        """Do something, wait until the picture differs, and return by how much."""
        before = self.image()
        act()

        def different() -> bool:
            after = self.image()
            return after.shape == before.shape and not np.array_equal(after, before)

        wait_until(different, what="the picture changes", patience=10)
        return (self.image() - before)[..., 0]

    def is_clean(self) -> bool:
        return shows(self.frame.locator("img"), REFERENCE)


@pytest.fixture(scope="module")
def chapter(chromium: Browser, server: Server) -> Iterator[tuple[Page, Watched]]:
    """Open the chapter once for all tests of this file."""
    with opened_once(chromium, server.page_url(CHAPTER)) as opened:
        yield opened


def used(part: Part) -> Iterator[Part]:
    part.press("Reset")
    wait_until(part.is_clean, what="the picture is the reference", patience=20)
    yield part
    assert FAILURE.findall(part.page.locator("#rendered_cells").inner_text()) == []
    expect(part.page.locator("[role=alert]:visible")).to_have_count(0)
    assert part.seen.errors == []


@pytest.fixture
def search(chapter: tuple[Page, Watched]) -> Iterator[Part]:
    """The search as at first; nothing may have failed at the end."""
    yield from used(Part(*chapter, "Image of the search"))


@pytest.fixture
def game(chapter: tuple[Page, Watched]) -> Iterator[Part]:
    """The game as at first; nothing may have failed at the end."""
    yield from used(Part(*chapter, "Your image"))


def test_a_search_moves_stops_and_goes_on(search: Part) -> None:
    assert set(search.numbers().values()) == {0.0}
    search.changes(lambda: search.press("Start"))
    expect(search.button("Stop")).to_be_visible()
    wait_until(lambda: search.numbers()["ssim"] > 0.2, what="the numbers follow the search")
    search.press("Stop")
    expect(search.button("Go on")).to_be_visible()
    step, value = search.step(), search.numbers()["ssim"]
    expect(search.view.locator(f'img[alt^="Differences of all metrics along {step} steps"]')).to_be_visible()
    search.page.wait_for_timeout(700)  # a search that has not stopped would show two more pictures
    assert (search.step(), search.numbers()["ssim"]) == (step, value)
    search.press("Go on")
    wait_until(lambda: search.step() > step, what="the search goes on")
    assert search.numbers()["ssim"] >= value
    search.press("Stop")
    expect(search.button("Go on")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 600])
def test_nothing_is_cut_off_while_the_search_runs(search: Part, width: int) -> None:
    page = search.page
    page.set_viewport_size({"width": width, "height": 900})
    try:
        search.changes(lambda: search.press("Start"))
        root = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert root[0] <= root[1]
        assert page.evaluate(CUT_OFF) == []
        assert "" not in page.locator("img").evaluate_all("all => all.map(img => img.alt.trim())")
        search.press("Stop")
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})


def test_another_metric_ends_the_search_and_shows_its_long_run(search: Part) -> None:
    search.changes(lambda: search.press("Start"))
    search.page.locator(".hl-control-metric select").select_option(label="MSE")
    expect(search.button("Start")).to_be_visible()
    wait_until(search.is_clean, what="the picture is the reference again", patience=20)
    stored = extremes.load_stored("max-mse")
    expect(search.view.locator("figcaption", has_text="Long run")).to_contain_text(
        f"{stored.values['mse']:.3f}"
    )
    shown = search.view.locator('img[alt^="Worst image"]')
    wait_until(lambda: shows(shown, stored.image), what="the long run's image is shown", patience=20)


def test_every_stored_pair_is_on_the_page(chapter: tuple[Page, Watched]) -> None:
    page, _ = chapter
    runs = [extremes.load_stored(name) for name in extremes.list_stored()]
    held = {run.name: run for run in runs if run.hold is not None}
    cards = page.locator(".hl-gallery figure[data-case]")
    assert set(cards.evaluate_all("all => all.map(card => card.dataset.case)")) == set(held)
    for name, run in held.items():
        card = page.locator(f'figure[data-case="{name}"]')
        assert same(read_numbers(card.locator("table")), run.values)
        expect(card.get_by_alt_text(run.title)).to_be_visible()
        assert shows(card.locator("img"), run.image)


@pytest.mark.parametrize(
    ("key", "arrow"),
    [("shift", "ArrowRight"), ("contrast", "ArrowLeft"), ("blur", "ArrowRight"), ("noise", "ArrowRight")],
)
def test_sliders_of_the_game_answer_the_keyboard(game: Part, key: str, arrow: str) -> None:
    before = game.numbers()
    slider = game.page.locator(f".hl-control-{key}")
    game.changes(lambda: [slider.locator(".noUi-handle").press(arrow) for _ in range(10)])
    wait_until(lambda: game.numbers() != before, what="the numbers follow")

    def settled() -> bool:
        """Whether the address, which Python writes, names what the slider says."""
        shown = float(slider.locator(".widget-readout").inner_text().replace("−", "-"))
        asked = dict(parse_qsl(game.page.evaluate("location.search.slice(1)")))
        return key in asked and abs(float(asked[key]) - shown) < 1e-6

    wait_until(settled, what="the address names the setting", patience=20)


def test_a_click_paints_where_it_lands(game: Part) -> None:
    box = game.box()
    place = {"x": 0.25 * box["width"], "y": 0.75 * box["height"]}
    change = game.changes(lambda: game.frame.click(position=place))
    rows, columns = np.nonzero(change > 2)
    assert abs(np.mean(columns) + 0.5 - 0.25 * 128) < 3
    assert abs(np.mean(rows) + 0.5 - 0.75 * 128) < 3
    wait_until(lambda: game.numbers()["sift"] > 0, what="the numbers follow")
    game.press("Undo stroke")
    wait_until(game.is_clean, what="the stroke is undone", patience=20)


def test_a_second_click_on_the_same_place_paints_again(game: Part) -> None:
    box = game.box()
    place = {"x": box["width"] / 2 + 9, "y": box["height"] / 2 + 9}
    first = game.changes(lambda: game.frame.click(position=place))
    second = game.changes(lambda: game.frame.click(position=place))
    assert second.sum() > 0.3 * first.sum()


def test_a_drag_paints_a_line(game: Part) -> None:
    box, mouse = game.box(), game.page.mouse
    y = box["y"] + box["height"] / 2

    def drag() -> None:
        mouse.move(box["x"] + 0.2 * box["width"], y)
        mouse.down()
        for share in (0.35, 0.5, 0.65, 0.8):
            mouse.move(box["x"] + share * box["width"], y)
        mouse.up()

    before = game.image()
    drag()

    def painted_along_the_line() -> bool:
        now = game.image()
        if now.shape != before.shape:  # the browser is still loading it
            return False
        change = (now - before)[..., 0]
        columns = np.nonzero((change > 2).any(axis=0))[0]
        return columns.size > 0 and columns.min() < 0.3 * 128 and columns.max() > 0.7 * 128

    wait_until(painted_along_the_line, what="the whole line is painted", patience=20)
    mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)  # the button is up: this paints nothing
    game.press("Clear paint")
    wait_until(game.is_clean, what="the paint is gone", patience=20)


@pytest.mark.slow
def test_links_and_scores_survive_a_reload(page: Page, watched: Watched, server: Server) -> None:
    open_chapter(page, server.page_url(CHAPTER, "?metric=mse&start=noise"))
    search, game = Part(page, watched, "Image of the search"), Part(page, watched, "Your image")
    state = next(extremes.maximise("mse", REFERENCE, steps=1, start="noise", rng=0, period=32))
    start = search.frame.locator("img")
    wait_until(lambda: shows(start, state.image), what="the search starts from noise", patience=20)
    assert abs(search.numbers()["mse"] - state.value) < 6e-4
    expect(page.locator(".hl-control-metric select")).to_have_value("MSE")
    box = game.box()
    centre = {"x": box["width"] / 2, "y": box["height"] / 2}
    game.changes(lambda: game.frame.click(position=centre))
    wait_until(lambda: game.best() > 0, what="there is a score", patience=20)
    game.press("Clear paint")
    wait_until(game.is_clean, what="the paint is gone")
    best = game.best()
    assert best > 0
    page.reload(wait_until="commit")
    page.wait_for_selector("body.shell-ready", state="attached")
    wait_until(lambda: game.best() == best, what=f"the best score is {best} again", patience=10)
    assert set(game.numbers().values()) == {0.0}
    expect(page.locator(".hl-dashboard [role=alert]")).to_have_count(0)
    assert watched.errors == []
