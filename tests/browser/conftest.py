"""A real server and a real Chromium for the tests of pages."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.reader import Chapter, used
from tests.browser.serving import PATIENCE, Server, start_server
from tests.browser.watching import Watched, open_chapter, watch

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Serve the repository's notebooks, with short cull times."""
    running = start_server()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; its absence skips the test, but fails where CI promises one."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        missing = f"no browser on the PATH: install one of {', '.join(CHROMIUM)}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    # Per module, not per session: Playwright keeps an event loop running, and asyncio.run refuses to nest.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Open an empty tab of 1280 × 900 px in a profile of its own."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE * 1000)
    yield context.new_page()
    context.close()


@pytest.fixture
def watched(page: Page) -> Watched:
    """Watch the requests and errors of `page`."""
    return watch(page)


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
def fresh(page: Page, watched: Watched, server: Server) -> Callable[[str, str], Chapter]:
    """Open a chapter in a tab of its own, by a link with settings."""

    def link(file: str, query: str) -> Chapter:
        open_chapter(page, server.page_url(file, query))
        return Chapter(page, watched, server)

    return link
