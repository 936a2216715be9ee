"""Chapter 4 as a reader uses it: sliders, presets and new noise, in a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

from hrtem_lab.app.pages.noise.panels import PANELS, reference
from hrtem_lab.metrics import METRICS
from tests.browser.reader import CUT_OFF, FAILURE, grey_levels, in_sight, pixels, read_numbers, same
from tests.browser.serving import Server, wait_until
from tests.browser.watching import Watched, open_chapter, opened_once

pytestmark = pytest.mark.browser

CHAPTER = "04_noise"
PAPER = {"dose": 5000, "readout": 2, "blur": 0.049, "pixels": 128, "seed": 0}
WHITE = float(reference(128).max())


def image(panel: str, **settings: float) -> NDArray[np.floating]:
    return PANELS[panel].exposure(PAPER | settings).image


def differences(panel: str, **settings: float) -> dict[str, float]:
    disturbed = image(panel, **settings)
    clean = reference(len(disturbed))
    return {key: metric.function(clean, disturbed) for key, metric in METRICS.items()}


@dataclass
class Noise:
    """The chapter's dashboard."""

    page: Page
    seen: Watched

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def card(self, panel: str) -> Locator:
        return self.page.locator(f".hl-panel-{panel}")

    def numbers(self) -> dict[str, float]:
        return read_numbers(self.page.locator(".hl-stage table.hl-numbers"))

    def large(self, panel: str) -> Locator:
        return self.page.locator(f'img[alt^="Panel {panel}"]')

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.page.evaluate("location.search.slice(1)")))

    def shows(self, panel: str, **settings: float) -> bool:
        """Whether the large picture is that panel, and all numbers of the page have followed."""
        if not self.large(panel).count():
            return False
        shown, expected = pixels(self.large(panel))[..., 0], grey_levels(image(panel, **settings), WHITE)
        return (
            shown.shape == expected.shape
            and np.abs(shown - expected).max() <= 1
            and same(self.numbers(), differences(panel, **settings))
            and all(
                same(read_numbers(self.card(each).locator("table")), differences(each, **settings))
                for each in PANELS
            )
        )

    def wait_for(self, panel: str, **settings: float) -> None:
        wait_until(lambda: self.shows(panel, **settings), what=f"panel {panel} shows {settings}", patience=20)

    def slide(self, key: str, presses: int) -> None:
        handle = self.page.locator(f".hl-control-{key} .noUi-handle")
        for _ in range(abs(presses)):
            handle.press("ArrowRight" if presses > 0 else "ArrowLeft")


@pytest.fixture(scope="module")
def chapter(chromium: Browser, server: Server) -> Iterator[tuple[Page, Watched]]:
    """Open the chapter once for all tests of this file."""
    with opened_once(chromium, server.page_url(CHAPTER)) as opened:
        yield opened


@pytest.fixture
def noise(chapter: tuple[Page, Watched]) -> Iterator[Noise]:
    """The page as at first; nothing may have failed at the end."""
    made = Noise(*chapter)
    made.press("Reset")
    made.wait_for("f")
    yield made
    assert FAILURE.findall(made.page.locator("#rendered_cells").inner_text()) == []
    expect(made.page.locator("[role=alert]:visible")).to_have_count(0)
    assert made.seen.errors == []


def test_at_first_it_is_the_papers_figure(noise: Noise) -> None:
    for panel in PANELS:
        shown = pixels(noise.card(panel).locator("img"))[..., 0]
        assert np.abs(shown - grey_levels(image(panel), WHITE)).max() <= 1
    expect(noise.page.locator(".hl-contributions [data-metric]")).to_have_count(len(METRICS))
    assert "" not in noise.page.locator("img").evaluate_all("all => all.map(img => img.alt.trim())")


@pytest.mark.parametrize(
    ("key", "presses", "value"),
    [("dose", 5, 10000), ("dose", -3, 3500), ("readout", -5, 1.5), ("blur", -9, 0.04), ("pixels", -1, 96)],
)
def test_sliders_answer_the_keyboard(noise: Noise, key: str, presses: int, value: float) -> None:
    noise.slide(key, presses)
    noise.wait_for("f", **{key: value})
    wait_until(
        lambda: {name: float(text) for name, text in noise.query().items()} == {key: value},
        what=f"the address names {key} {value} alone",
    )


def test_the_dose_is_in_both_units(noise: Noise) -> None:
    control = noise.page.locator(".hl-control-dose")
    expect(control.locator(".widget-readout")).to_have_text("5\u202f000")
    noise.slide("dose", 5)
    expect(control.locator(".widget-readout")).to_have_text("10\u202f000")
    expect(control.locator("xpath=..").locator(".hl-second")).to_have_text("= 100 e⁻/Å²")


def test_presets_show_their_panel_under_the_papers_settings(noise: Noise) -> None:
    noise.slide("dose", 3)
    noise.wait_for("f", dose=8000)
    noise.press("Fig. 3b")
    noise.wait_for("b")
    noise.press("A tenth of the dose")
    noise.wait_for("c", dose=500)
    wait_until(lambda: noise.query() == {"panel": "c", "dose": "500"}, what="the address names the preset")


def test_a_link_on_the_page_sets_it_without_a_new_python(noise: Noise) -> None:
    noise.slide("blur", 3)
    page, kernel = noise.page, "window.jupyterapp.widgetManager.kernel.id"
    before = page.evaluate(kernel)
    link = '<a href="04_noise.ipynb?panel=c&dose=500">weak</a> <a href="?panel=b#Exercise">strong</a>'
    page.locator("#rendered_cells h1").evaluate("(h1, link) => h1.insertAdjacentHTML('afterend', link)", link)
    page.get_by_role("link", name="weak", exact=True).click()
    noise.wait_for("c", dose=500)
    wait_until(lambda: in_sight(page, ".hl-dashboard"), what="the figure is in sight")
    expect(page.locator(".hl-dashboard")).to_be_focused()
    page.get_by_role("link", name="strong", exact=True).click()
    noise.wait_for("b")
    wait_until(lambda: in_sight(page, "#Exercise"), what="the heading is in sight")
    page.go_back()
    noise.wait_for("c", dose=500)
    assert noise.query() == {"panel": "c", "dose": "500"}
    assert page.evaluate(kernel) == before


def test_new_noise_changes_the_image_and_comes_back_with_reset(noise: Noise) -> None:
    noise.press("New noise")
    noise.wait_for("f", seed=1)
    wait_until(lambda: noise.query() == {"seed": "1"}, what="the address names the noise")
    noise.press("Reset")
    noise.wait_for("f")


def test_the_large_picture_is_chosen_by_a_button(noise: Noise) -> None:
    noise.press("e blur")
    noise.wait_for("e")
    noise.press("a reference")
    noise.wait_for("a")


@pytest.mark.parametrize("width", [1280, 480])
def test_nothing_is_cut_off(noise: Noise, width: int) -> None:
    page = noise.page
    page.set_viewport_size({"width": width, "height": 900})
    try:
        root = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert root[0] <= root[1]
        assert page.evaluate(CUT_OFF) == []
        tables = page.locator(".hl-dashboard table.hl-numbers")
        inside = "all => all.map(t => t.parentElement.scrollWidth <= t.parentElement.clientWidth + 1)"
        assert all(tables.evaluate_all(inside))
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.slow
def test_a_link_opens_with_its_state(page: Page, watched: Watched, server: Server) -> None:
    open_chapter(page, server.page_url(CHAPTER, "?panel=c&dose=20000&seed=3"))
    Noise(page, watched).wait_for("c", dose=20000, seed=3)
    assert watched.errors == []


@pytest.mark.slow
def test_nonsense_in_a_link_is_a_sentence(page: Page, watched: Watched, server: Server) -> None:
    open_chapter(page, server.page_url(CHAPTER, "?dose=many"))
    noise = Noise(page, watched)
    expect(page.locator("[role=alert]:visible")).to_contain_text("Dose must be a number from 100 to 1000000")
    noise.wait_for("f")


def test_files_arrive(noise: Noise) -> None:
    for button, name in (
        ("Figure (PNG)", "noise_dose-5000_readout-2_blur-0.049.png"),
        ("Numbers (CSV)", "noise_dose-5000_readout-2_blur-0.049.csv"),
        ("Bars (PNG)", "noise-bars_dose-5000_readout-2_blur-0.049.png"),
    ):
        with noise.page.expect_download() as download:
            noise.press(button)
        assert download.value.suggested_filename == name
