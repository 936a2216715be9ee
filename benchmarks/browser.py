"""A Chromium without a window, and pages in it with a clock."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.server import Server

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CLOCK = Path(__file__).with_name("clock.js")
PATIENCE = 60  # seconds until a page counts as stuck


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run the system's Chromium until the block ends.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise RuntimeError(f"pages need a browser on the PATH: install one of {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, server: Server, chapter: str) -> Iterator[Page]:
    """Open a page in a profile of its own; at the end close it so that its kernel ends, too."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(path=CLOCK)
    page = context.new_page()
    try:
        page.goto(server.url(chapter), wait_until="commit", timeout=PATIENCE * 1000)
        yield page
    finally:
        page.goto("about:blank")  # as it unloads, the page asks the server to end its kernel
        context.close()


def first_picture(page: Page) -> float | None:
    """Return the seconds from the start of the navigation to the first picture, or None if it never comes."""
    try:
        wait_for(page, "benchmarkClock.first !== null", seconds=PATIENCE)
    except TimeoutError:
        return None
    return float(page.evaluate("benchmarkClock.first")) / 1000


def wait_for(page: Page, condition: str, *, seconds: float) -> None:
    """Wait until an expression in JavaScript is true, or raise `TimeoutError`.

    Playwright's own wait evaluates text inside the page, which the page's security policy forbids.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s in vain for {condition}")
        page.wait_for_timeout(20)
