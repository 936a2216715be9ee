"""A page in a real browser, read as a reader reads it: its numbers, its pictures, its words."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from hrtem_lab.metrics import METRICS
from hrtem_lab.simulation import form_image, load_exit_wave
from tests.browser.serving import Server, wait_until
from tests.browser.watching import Watched

CELL = 5.275  # Å
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


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def barriers(page: Page, within: str = "html") -> list[str]:
    """Return what axe-core finds that keeps readers out: its rules of serious and moderate impact."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found = page.evaluate("within => axe.run(within, {resultTypes: ['violations']})", within)
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] != "minor"
        for node in rule["nodes"]
    ]


def in_sight(page: Page, place: str) -> bool:
    """Return whether the window's top shows where a place begins."""
    top = page.locator(place).evaluate("place => place.getBoundingClientRect().top")
    return bool(0 <= top < 60)


def read_numbers(table: Locator) -> dict[str, float]:
    rows = table.locator("tr").evaluate_all(
        "rows => rows.map(row => [row.dataset.metric, row.querySelector('.hl-value').textContent])"
    )
    return {key: float(text) for key, text in rows}


def same(shown: Mapping[str, float], expected: Mapping[str, float]) -> bool:
    return shown.keys() == expected.keys() and all(abs(shown[k] - expected[k]) < 6e-4 for k in expected)


def pixels(picture: Locator) -> NDArray[np.int_]:
    """Return what the browser decoded, rows × columns × red, green, blue; empty if not loaded in 2 s."""
    url = picture.evaluate(
        """async img => {
          const loaded = () => img.complete && img.naturalWidth;
          for (let look = 0; look < 40 && !loaded(); look++) await new Promise(go => setTimeout(go, 50));
          if (!loaded()) return null;
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


def used(chapter: Chapter) -> Iterator[Chapter]:
    chapter.reset()
    yield chapter
    expect(chapter.alert).to_have_count(0)
    assert chapter.seen.errors == []
