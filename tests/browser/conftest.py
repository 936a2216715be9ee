"""A real server and a real Chromium for the tests of pages."""

import contextlib
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
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
PATIENCE = 60  # seconds: generous, for a loaded machine
expect.set_options(timeout=PATIENCE * 1000)

# An orphaned kernel goes within 15 s; a page has 12 s to connect to its kernel before it counts as one.
CULL_OPTIONS = ("--cull-idle-timeout", "12", "--cull-interval", "3")


def wait_until(condition: Callable[[], Any], *, what: str, patience: float = PATIENCE) -> Any:
    """Return the first true value of `condition`, or fail saying `what` was waited for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    return pytest.fail(f"waited {patience} s in vain until {what}")


@dataclass
class Server:
    """A running dashboard: its address, its process and its kernels."""

    url: str
    process: subprocess.Popen[str]

    def page_url(self, stem: str, query: str = "") -> str:
        return f"{self.url}voila/render/{stem}.ipynb{query}"

    def kernels(self) -> dict[str, psutil.Process]:
        """Return the running kernels by their id, which is in the name of their connection file."""
        found = {}
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    for word in child.cmdline():
                        if (name := Path(word).name).startswith("kernel-") and name.endswith(".json"):
                            found[name.removeprefix("kernel-").removesuffix(".json")] = child
        return found

    def stop(self, how: signal.Signals = signal.SIGINT) -> str:
        """Interrupt the server as Ctrl-C does and return what it printed since its address."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise


def _first_address(process: subprocess.Popen[str]) -> str:
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in iter(process.stdout.readline, ""):
            lines.put(line)
            if "http://" in line:
                return
        lines.put("")

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    seen = ""
    while line := lines.get(timeout=PATIENCE):
        seen += line
        if "http://" in line:
            reader.join()
            return next(word for word in line.split() if word.startswith("http://"))
    return pytest.fail(f"the server stopped before it printed an address: {seen}")


def _accepts_connections(url: str) -> bool:
    parts = urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port), timeout=1):
        return True
    return False


def start_server(notebooks: Path = NOTEBOOKS, *options: str) -> Server:
    """Start the dashboard on a free port and wait for its address; the caller stops it."""
    where = ("--port", "0", "--no-browser", "--notebooks", str(notebooks))
    return start([sys.executable, "-m", "hrtem_lab.app", *where, *(options or CULL_OPTIONS)])


def start(command: Sequence[str], *, folder: Path | None = None, **environment: str) -> Server:
    """Run a command that prints the address at which it serves; the caller stops it."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        url = _first_address(process)
        wait_until(lambda: _accepts_connections(url), what=f"{url} answers")  # Jupyter prints it before that
        return Server(url, process)
    except BaseException:
        process.kill()
        process.communicate()
        raise


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
