"""The chapters as a reader uses them: what a slider, a click, a link and a button do in a real browser."""

import base64
import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import cv2
import numpy as np
import pytest
from jupyter_client import BlockingKernelClient
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

import hrtem_lab
from hrtem_lab import edge_cases as library
from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import encode_map
from hrtem_lab.simulation import form_image, load_exit_wave
from tests.browser.conftest import PATIENCE, Server, Watched, open_chapter, wait_until, watch

pytestmark = pytest.mark.browser

CELL = 5.275  # Å
SETTINGS = ("shift", "rotation", "defocus", "thickness", "aperture", "contrast")
FAILURE = re.compile(r"Traceback|\w+Error\b|undefined|\bnan\b|went wrong|cannot be shown", re.IGNORECASE)

# What a reader cannot see whole: parts beyond the window's edge, and text cut off by its own box.
CUT_OFF = """() => {
  const scrollable = (e) => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX)
    || scrollable(e.parentElement));
  const cut = [];
  for (const e of document.querySelectorAll("#rendered_cells *")) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    const drawn = box.width && box.height && style.visibility !== "hidden";
    if (!drawn || e.closest("mjx-container, svg, .noUi-target") || scrollable(e)) continue;
    const hides = style.overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1;
    if (box.right > innerWidth + 1 || box.left < -1 || hides) {
      cut.push(`${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`);
    }
  }
  return cut;
}"""


@dataclass
class Chapter:
    """An open chapter, read as a reader reads it."""

    page: Page
    seen: Watched
    server: Server

    @property
    def alert(self) -> Locator:
        return self.page.locator(".hl-dashboard [role=alert]")

    def handle(self, key: str) -> Locator:
        return self.page.locator(f".hl-control-{key} .noUi-handle")

    def press(self, key: str, arrow: str, *, times: int = 1) -> None:
        for _ in range(times):
            self.handle(key).press(arrow)

    def value(self, key: str) -> float:
        return float(self.page.locator(f".hl-control-{key} .widget-readout").inner_text().replace("−", "-"))

    def chosen(self, key: str) -> str:
        return self.page.locator(f".hl-control-{key} button.mod-active").inner_text()

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.page.evaluate("location.search.slice(1)")))

    def frame(self, alt: str) -> Locator:
        return self.page.locator(f'.hl-dashboard .hl-frame:has(img[alt^="{alt}"])')

    def picture(self, alt: str) -> Locator:
        return self.frame(alt).locator("img")

    def numbers(self) -> dict[str, float]:
        return read_numbers(self.page.locator(".hl-dashboard table.hl-numbers"))

    def shows(self, expected: Mapping[str, float]) -> None:
        """Wait until the dashboard shows the expected differences, which are rounded to 3 decimals."""
        wait_until(
            lambda: same(self.numbers(), expected), what=f"the numbers are {dict(expected)}", patience=20
        )

    def shows_picture(self, alt: str, levels: NDArray[np.integer]) -> None:
        """Wait until a picture's pixels are these grey levels, but for rounding."""

        def equal() -> bool:
            shown = pixels(self.picture(alt))
            return (
                shown.shape[:2] == levels.shape and np.abs(shown - levels[..., None].astype(int)).max() <= 1
            )

        wait_until(equal, what=f"the picture «{alt}» is the expected one", patience=20)

    def curve_along(self, title: str) -> str:
        """Wait for the curve along a slider and return its description."""
        curve = self.picture(f"Difference of every metric along {title}")
        expect(curve).to_be_visible()
        return curve.get_attribute("alt") or ""

    def reset(self) -> None:
        self.page.get_by_role("button", name="Reset").click()
        wait_until(lambda: not self.query(), what="the address is as at first", patience=20)

    def download(self, button: str, folder: Path) -> Path:
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=button).click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path


def read_numbers(table: Locator) -> dict[str, float]:
    rows = table.locator("tr").evaluate_all(
        "rows => rows.map(row => [row.dataset.metric, row.querySelector('.hl-value').textContent])"
    )
    return {key: float(text) for key, text in rows}


def same(shown: Mapping[str, float], expected: Mapping[str, float]) -> bool:
    return shown.keys() == expected.keys() and all(abs(shown[k] - expected[k]) < 6e-4 for k in expected)


def pixels(picture: Locator) -> NDArray[np.int_]:
    """Return what the browser decoded, rows × columns × red, green, blue; empty while it still loads."""
    url = picture.evaluate(
        """img => {
          if (!img.complete || !img.naturalWidth) return null;
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
          canvas.getContext("2d").drawImage(img, 0, 0);
          return canvas.toDataURL("image/png");
        }"""
    )
    return decoded(base64.b64decode(url.split(",")[1])) if url else np.zeros((0, 0, 3), int)


def decoded(png: bytes) -> NDArray[np.int_]:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image)[..., ::-1].astype(int)


def micrograph(specimen: str = "nb3sn", *, cells: int, **options: Any) -> NDArray[np.floating]:
    return form_image(load_exit_wave(specimen, thickness_cells=cells), field_of_view=4 * CELL, **options)


def grey_levels(image: NDArray[np.floating], white: float) -> NDArray[np.int_]:
    return np.rint(255 * np.clip(image / white, 0, 1)).astype(int)


def differences(reference: NDArray[np.floating], image: NDArray[np.floating]) -> dict[str, float]:
    return {key: metric.function(reference, image) for key, metric in METRICS.items()}


def run_in_kernel(chapter: Chapter, code: str) -> None:
    """Run code in the kernel of the open page, as a bug in it would."""
    kernel = chapter.page.evaluate("window.jupyterapp.widgetManager.kernel.id")
    arguments = chapter.server.kernels()[kernel].cmdline()
    client = BlockingKernelClient(connection_file=next(a for a in arguments if a.endswith(".json")))
    client.load_connection_file()
    client.start_channels()
    try:
        reply = client.execute_interactive(code, timeout=PATIENCE)
    finally:
        client.stop_channels()
    assert reply["content"]["status"] == "ok", reply["content"]


@pytest.fixture(scope="module")
def opened(chromium: Browser, server: Server) -> Iterator[Callable[[str], Chapter]]:
    """Open a chapter once for all tests of this file."""
    chapters: dict[str, Chapter] = {}

    def once(file: str) -> Chapter:
        if file not in chapters:
            context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
            context.set_default_timeout(PATIENCE * 1000)
            page = context.new_page()
            chapters[file] = Chapter(page, watch(page), server)
            open_chapter(page, server.page_url(file))
        return chapters[file]

    yield once
    for chapter in chapters.values():
        chapter.page.context.close()


@pytest.fixture
def four_metrics(opened: Callable[[str], Chapter]) -> Iterator[Chapter]:
    """Chapter 1 as at first; nothing may have failed at the end."""
    yield from used(opened("01_four_metrics"))


@pytest.fixture
def edge_cases(opened: Callable[[str], Chapter]) -> Iterator[Chapter]:
    """Chapter 2 as at first; nothing may have failed at the end."""
    yield from used(opened("02_edge_cases"))


def used(chapter: Chapter) -> Iterator[Chapter]:
    chapter.reset()
    yield chapter
    expect(chapter.alert).to_have_count(0)
    assert chapter.seen.errors == []


@pytest.fixture(params=[listed.file for listed in CHAPTERS])
def chapter(request: pytest.FixtureRequest, opened: Callable[[str], Chapter]) -> Chapter:
    """Each chapter in turn, with all that it draws by itself."""
    shown = opened(request.param)
    shown_images = "[...document.images].filter(img => img.offsetParent)"
    loaded = f"{shown_images}.every(img => img.complete && img.naturalWidth)"
    wait_until(lambda: shown.page.evaluate(loaded), what="all images are loaded")
    return shown


@pytest.fixture
def fresh(page: Page, watched: Watched, server: Server) -> Callable[[str, str], Chapter]:
    """Open a chapter in a tab of its own, by a link with settings."""

    def link(file: str, query: str) -> Chapter:
        open_chapter(page, server.page_url(file, query))
        return Chapter(page, watched, server)

    return link


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
        chapter = fresh("01_four_metrics", "?thickness=30&x=80")
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
        assert figure.name == "four-metrics.png"
        assert decoded(figure.read_bytes()).shape[1] > 2000
        table = four_metrics.download("Numbers (CSV)", tmp_path)
        header, row = csv.reader(table.read_text(encoding="utf-8").splitlines())
        settings = ["Image B", "Thickness of B (cells)", "Defocus of B (nm)", "Reference"]
        assert header == [*settings, "Patch x (px)", "Patch y (px)", *(m.label for m in METRICS.values())]
        assert (row[0], float(row[1]), float(row[2])) == ("zro2", 20, pytest.approx(-0.3))
        assert row[3:6] == ["a", "49", "65"]
        assert same(four_metrics.numbers(), dict(zip(METRICS, map(float, row[6:]), strict=True)))

    def test_equations_stand_beside_the_lines_that_are_them(self, four_metrics: Chapter) -> None:
        folder = Path(hrtem_lab.__file__).parent / "metrics"
        equations = four_metrics.page.locator(".hl-equation")
        expect(equations).to_have_count(len(METRICS))
        for index, key in enumerate(METRICS):
            equation = equations.nth(index)
            expect(equation.locator("mjx-container")).to_be_visible()
            formula, code = equation.locator("mjx-container").bounding_box(), equation.locator("pre")
            place = code.bounding_box()
            assert formula is not None
            assert place is not None
            assert formula["x"] + formula["width"] <= place["x"]
            source = (folder / f"{key}.py").read_text(encoding="utf-8")
            lines = [line.strip() for line in code.inner_text().splitlines() if line.strip()]
            assert lines
            assert [line for line in lines if line not in source] == []


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


class TestEdgeCases:
    """Chapter 2."""

    REFERENCE = micrograph(cells=40)
    WHITE = float(REFERENCE.max())
    SAME = dict.fromkeys(METRICS, 0.0)

    def differences(self, **options: Any) -> dict[str, float]:
        return differences(self.REFERENCE, micrograph(cells=40, **options))

    def test_the_gallery_shows_all_cases_with_all_numbers(self, edge_cases: Chapter) -> None:
        cases = library.edge_cases()
        cards = edge_cases.page.locator(".hl-gallery figure")
        keys = cards.evaluate_all("all => all.map(card => card.dataset.case)")
        assert keys == list(cases)
        assert len(keys) == 8
        for index, case in enumerate(cases.values()):
            card = cards.nth(index)
            shown = pixels(card.locator("img"))
            assert np.abs(shown - grey_levels(case.image, self.WHITE)[..., None]).max() <= 1
            assert same(
                read_numbers(card.locator(".hl-numbers")), differences(cases["reference"].image, case.image)
            )
            ticks = card.locator("tr").evaluate_all(
                "rows => rows.map(row => row.querySelector('.hl-tick')?.style.left ?? null)"
            )
            marked = [None if m.threshold is None else f"{100 * m.threshold:g}%" for m in METRICS.values()]
            assert ticks == marked
            expect(card).to_contain_text("0.5 nm")

    def test_a_slider_moved_by_keyboard_changes_everything(self, edge_cases: Chapter) -> None:
        edge_cases.shows(self.SAME)
        edge_cases.shows_picture("Image with", grey_levels(self.REFERENCE, self.WHITE))
        edge_cases.press("defocus", "ArrowLeft", times=20)
        edge_cases.shows(self.differences(defocus=-20))
        edge_cases.shows_picture("Image with", grey_levels(micrograph(cells=40, defocus=-20), self.WHITE))
        expect(edge_cases.picture("Image with")).to_have_attribute("alt", re.compile("defocus −2 nm"))
        expect(edge_cases.page.get_by_text("= −20 Å")).to_be_visible()
        wait_until(lambda: edge_cases.query() == {"defocus": "-2"}, what="the address names the setting")

    def test_a_slider_moved_back_is_where_it_was(self, edge_cases: Chapter) -> None:
        edge_cases.press("defocus", "ArrowLeft", times=3)
        wait_until(lambda: edge_cases.query() == {"defocus": "-0.3"}, what="the address names the setting")
        edge_cases.press("defocus", "ArrowRight", times=3)
        edge_cases.shows(self.SAME)
        wait_until(lambda: edge_cases.query() == {}, what="the address is as at first", patience=10)

    def test_reset_restores_numbers_sliders_and_address(self, edge_cases: Chapter) -> None:
        for key in SETTINGS:
            edge_cases.press(key, "ArrowLeft" if key != "shift" else "ArrowRight")
        edge_cases.page.locator(".hl-control-specimen").get_by_role("button", name="ZrO₂").click()
        wait_until(lambda: set(edge_cases.query()) == {"specimen", *SETTINGS}, what="all settings changed")
        wait_until(lambda: min(edge_cases.numbers().values()) > 0.05, what="the numbers have changed")
        edge_cases.reset()
        edge_cases.shows(self.SAME)
        edge_cases.shows_picture("Image with", grey_levels(self.REFERENCE, self.WHITE))
        assert [edge_cases.value(key) for key in SETTINGS] == [0, 0, 0, 40, 30, 1]
        assert edge_cases.chosen("specimen") == "Nb₃Sn"

    def test_presets_start_from_the_cases_of_the_paper(self, edge_cases: Chapter) -> None:
        select = edge_cases.page.get_by_label("Start from")
        black_and_white = differences(self.REFERENCE, self.WHITE - self.REFERENCE)
        expected = {
            "half-cell shift": self.differences(shift=(0, CELL / 2)),
            "−2 nm defocus": self.differences(defocus=-20),
            "ZrO₂": differences(self.REFERENCE, micrograph("zro2", cells=40)),
            "contrast reversal": black_and_white,
            "no contrast": differences(self.REFERENCE, np.full_like(self.REFERENCE, self.WHITE / 2)),
        }
        names = select.locator("option").evaluate_all("all => all.map(option => option.value)")
        assert names[1:] == list(expected)
        for name, values in expected.items():
            select.select_option(name)
            edge_cases.shows(values)
            wait_until(lambda: select.input_value() == names[0], what="another preset can be chosen")
        assert black_and_white["cw_ssim"] < 5e-4
        assert min(black_and_white[key] for key in ("mse", "ssim", "sift")) > 0.6

    def test_the_map_is_the_one_chosen(self, edge_cases: Chapter) -> None:
        edge_cases.press("defocus", "ArrowRight", times=10)
        image = micrograph(cells=40, defocus=10)
        for metric in METRICS.values():
            edge_cases.page.get_by_label("Difference map").select_option(metric.label)
            expected = decoded(encode_map(metric.map(self.REFERENCE, image)))
            shown = edge_cases.picture(f"{metric.label} difference map")
            expect(shown).to_be_visible()
            wait_until(
                lambda p=shown, e=expected: np.abs(pixels(p) - e).max() <= 2 if pixels(p).size else False,
                what=f"the map of {metric.label} is shown",
                patience=20,
            )
        last = {"defocus": "1", "map": metric.key}
        wait_until(lambda: edge_cases.query() == last, what="the address names the map")

    def test_the_curve_follows_the_slider_moved_last(self, edge_cases: Chapter) -> None:
        edge_cases.press("rotation", "ArrowRight")
        edge_cases.curve_along("Rotation (°)")
        edge_cases.press("shift", "ArrowRight", times=2)
        edge_cases.curve_along("Shift (cells)")
        line = edge_cases.page.locator(".hl-curve svg line")
        place = float(line.get_attribute("x1") or "nan")
        edge_cases.press("shift", "ArrowRight", times=48)
        edge_cases.curve_along("Shift (cells)")
        wait_until(
            lambda: float(line.get_attribute("x1") or "nan") == pytest.approx(place + 0.48 * 0.745, abs=1e-4),
            what="the line moves with the slider",
        )

    def test_the_acceptable_range_is_where_all_metrics_accept(self, edge_cases: Chapter) -> None:
        edge_cases.press("defocus", "ArrowRight")
        words = edge_cases.curve_along("Defocus (nm)")
        found = re.search(r"below their thresholds for defocus (\S+) to (\S+) nm", words)
        assert found, words
        expect(edge_cases.page.locator(".hl-dashboard .hl-note").last).to_contain_text(found.group())
        low, high = (float(text.replace("−", "-")) for text in found.groups())
        assert low < 0 < high

        def accepted(defocus: float) -> bool:
            values = self.differences(defocus=10 * defocus)
            return all(values[key] <= m.threshold for key, m in METRICS.items() if m.threshold is not None)

        # The curve is straight between points 1 nm apart.
        assert [accepted(x) for x in (low - 1, 0.8 * low, 0, 0.8 * high, high + 1)] == [0, 1, 1, 1, 0]

    def test_downloads_hold_what_is_shown(self, edge_cases: Chapter, tmp_path: Path) -> None:
        edge_cases.press("defocus", "ArrowLeft", times=20)
        edge_cases.shows(self.differences(defocus=-20))
        edge_cases.curve_along("Defocus (nm)")
        figure = edge_cases.download("Figure (PNG)", tmp_path)
        assert figure.name == "edge-cases.png"
        rows, columns, _ = decoded(figure.read_bytes()).shape
        assert columns > rows > 400
        table = edge_cases.download("Numbers (CSV)", tmp_path)
        assert table.name == "edge-cases.csv"
        header, first, *curve = csv.reader(table.read_text(encoding="utf-8").splitlines())
        units = ["Shift (cells)", "Rotation (°)", "Defocus (nm)", "Thickness (cells)", "Aperture (mrad)"]
        assert header == ["Specimen", *units, "Contrast", *(metric.label for metric in METRICS.values())]
        assert first[0] == "nb3sn"
        assert [float(text) for text in first[1:7]] == [0, 0, -2, 40, 30, 1]
        assert same(edge_cases.numbers(), dict(zip(METRICS, map(float, first[7:]), strict=True)))
        points = np.array([[float(text) for text in row[1:]] for row in curve])
        assert points[:, 2].tolist() == list(range(-20, 21))
        minus_five = dict(zip(METRICS, points[points[:, 2] == -5][0, 6:], strict=True))
        assert minus_five == pytest.approx(self.differences(defocus=-50), abs=1e-6)

    def test_a_link_opens_a_setting_and_a_reload_keeps_it(self, fresh: Callable[[str, str], Chapter]) -> None:
        chapter = fresh("02_edge_cases", "?course=physics&defocus=-2&specimen=zro2")
        image = micrograph("zro2", cells=40, defocus=-20)
        chapter.shows(differences(self.REFERENCE, image))
        chapter.shows_picture("Image with", grey_levels(image, self.WHITE))
        assert chapter.value("defocus") == -2
        assert chapter.chosen("specimen") == "ZrO₂"
        chapter.curve_along("Defocus (nm)")
        chapter.press("aperture", "ArrowRight", times=2)
        wait_until(lambda: chapter.query().get("aperture") == "31", what="the address names the aperture")
        chapter.page.reload(wait_until="commit")
        chapter.page.wait_for_selector("body.shell-ready", state="attached")
        image = micrograph("zro2", cells=40, defocus=-20, semiangle_cutoff=31)
        chapter.shows(differences(self.REFERENCE, image))
        assert chapter.value("aperture") == 31
        expected = {"course": "physics", "defocus": "-2", "specimen": "zro2", "aperture": "31"}
        assert chapter.query() == expected
        expect(chapter.alert).to_have_count(0)

    def test_nonsense_in_a_link_is_named_and_the_page_works(
        self, fresh: Callable[[str, str], Chapter]
    ) -> None:
        chapter = fresh("02_edge_cases", "?defocus=abc&thickness=999&specimen=<b>lead</b>&shift=0.5")
        expect(chapter.alert).to_contain_text("Defocus must be a number from -20 to 20 nm, got 'abc'.")
        expect(chapter.alert).to_contain_text("Thickness must be a number from 1 to 60 cells, got '999'.")
        expect(chapter.alert).to_contain_text("Specimen must be one of nb3sn, zro2, got '<b>lead</b>'.")
        chapter.shows(self.differences(shift=(0, CELL / 2)))
        assert [chapter.value(key) for key in ("defocus", "thickness", "shift")] == [0, 40, 0.5]
        chapter.press("defocus", "ArrowLeft", times=2)
        chapter.shows(self.differences(shift=(0, CELL / 2), defocus=-2))
        expect(chapter.alert).to_have_count(0)
        wait_until(
            lambda: chapter.query() == {"shift": "0.5", "defocus": "-0.2"}, what="the address makes sense"
        )
        assert chapter.seen.errors == []

    def test_a_failing_callback_becomes_a_sentence(self, edge_cases: Chapter) -> None:
        run_in_kernel(edge_cases, "from hrtem_lab.app import edge_cases; edge_cases.form_image = None")
        edge_cases.press("defocus", "ArrowRight")
        said = re.compile(r"^Something went wrong inside this page \(TypeError\)")
        expect(edge_cases.alert).to_have_text(said)
        run_in_kernel(edge_cases, "from hrtem_lab import simulation")
        run_in_kernel(edge_cases, "edge_cases.form_image = simulation.form_image")
        edge_cases.press("defocus", "ArrowRight")
        edge_cases.shows(self.differences(defocus=2))
        expect(edge_cases.alert).to_have_count(0)
