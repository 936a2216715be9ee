"""How a page lies on a laptop, a phone and paper, measured in the browser."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

from tests.browser.serving import wait_until

LAPTOP, PHONE = {"width": 1366, "height": 640}, {"width": 480, "height": 800}
PAPER = {"width": 690, "height": 1000}  # A4 less its margins, at 96 dots per inch
# The least visible share of the pictures of a slider's stage, while the slider has the keyboard's focus.
IN_VIEW = """(handle) => {
  const seen = (e) => {
    const box = e.getBoundingClientRect();
    return (Math.min(box.bottom, innerHeight) - Math.max(box.top, 0)) / box.height;
  };
  const box = handle.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const frames = [...handle.closest(".hl-stage").querySelectorAll(".hl-stays .hl-frame")];
  return [Math.min(...frames.map(seen)), handle.contains(top) || handle.parentElement.contains(top)];
}"""
# Cells of tables that paper would lose: beyond its edge, or beyond a box that scrolls on the screen.
LOST_CELLS = """() => [...document.querySelectorAll("#rendered_cells :is(td, th)")].filter((cell) => {
  const box = cell.getBoundingClientRect();
  if (!box.width || !cell.checkVisibility()) return false;
  for (let e = cell.parentElement; e && e.id !== "rendered_cells"; e = e.parentElement) {
    const hides = getComputedStyle(e).overflowX !== "visible";
    if (hides && box.right > e.getBoundingClientRect().right + 1) return true;
  }
  return box.right > innerWidth + 1;
}).map((cell) => cell.textContent)"""
# Texts that are hardly lighter than the dark background of JupyterLab's dark theme: contrast below 4.5 to 1.
HARD_TO_READ = """() => {
  const linear = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const own = ".hl-note, .hl-second, .hl-picture figcaption, .hl-word, .hl-numbers th, .hl-value, "
    + ".hl-sees p, .hl-doses td";
  const shown = [...document.querySelectorAll(own)].filter((e) => e.checkVisibility());
  const dark = luminance("rgb(17, 17, 17)");
  const contrast = (e) => (luminance(getComputedStyle(e).color) + 0.05) / (dark + 0.05);
  return shown.filter((e) => contrast(e) < 4.5).map((e) => `${e.className}: ${e.textContent.slice(0, 40)}`);
}"""


@contextmanager
def window(page: Page, size: dict[str, int]) -> Iterator[None]:
    """Show a page in a window of this size, and in the usual one afterwards."""
    page.set_viewport_size(size)
    wait_until(lambda: page.evaluate("innerWidth") == size["width"], what="the window has its width")
    try:
        yield
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})
