"""Opening a chapter in a tab, and what the page asks for and complains about meanwhile."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from tests.browser.serving import PATIENCE


@dataclass
class Watched:
    """What a page asked for and complained about."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def foreign_requests(self) -> list[str]:
        """Return the addresses that are neither on this machine nor inside the page itself."""
        local = {"127.0.0.1", "localhost"}
        schemes = {"http", "https", "ws", "wss"}
        split = [(address, urlsplit(address)) for address in self.requests]
        return [
            address for address, parts in split if parts.scheme in schemes and parts.hostname not in local
        ]


def watch(page: Page) -> Watched:
    """Collect a page's requests, its console's errors and its uncaught exceptions from now on."""
    seen = Watched()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("websocket", lambda socket: seen.requests.append(socket.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)
    return seen


def open_chapter(page: Page, url: str) -> None:
    """Open a chapter and wait until its widgets are drawn."""
    page.goto(url, wait_until="commit")
    page.wait_for_selector("body.shell-ready", state="attached")


@contextlib.contextmanager
def opened_once(chromium: Browser, url: str) -> Iterator[tuple[Page, Watched]]:
    """Open a chapter for all tests of a file, and watch its requests and errors."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    seen = watch(page)
    open_chapter(page, url)
    yield page, seen
    context.close()
