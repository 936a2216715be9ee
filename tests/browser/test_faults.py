"""What a lesson brings: killed kernels, lost networks, full servers, impatient readers. No page dead-ends."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.reader import barriers
from tests.browser.relay import Relay
from tests.browser.serving import NOTEBOOKS, Server, start, start_server, wait_until
from tests.browser.watching import open_chapter

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOKEN = "electrons-and-metrics"
SLIDER = """
import ipywidgets as widgets
slider = widgets.IntSlider(description="count", max=10)
label = widgets.Label("count is 0")
slider.observe(lambda change: setattr(label, "value", f"count is {change.new}"), "value")
widgets.VBox([slider, label])
"""
FULL_DISK = """
import errno
import ipywidgets as widgets
from hrtem_lab.app.kit.widgets import Download
message = widgets.Label("nothing yet")
space = widgets.Checkbox(description="space")
def numbers():
    if not space.value:
        raise OSError(errno.ENOSPC, "No space left on device")
    return b"1,2,3"
button = Download("Numbers", "numbers.csv", numbers, lambda error: setattr(message, "value", error.strerror))
widgets.VBox([space, button, message])
"""


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebooks")
    pause = "import time\ntime.sleep(2)"
    for name, cells in {
        "00_index": [SLIDER],
        "slow": [pause, pause, SLIDER],
        "download": [FULL_DISK],
    }.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def start_class(folder: Path, *options: str) -> Server:
    """Start a class server for this machine; the caller stops it."""
    where = ("--address", "127.0.0.1", "--port", "0", "--notebooks", str(folder))
    return start([sys.executable, "-m", "hrtem_lab.app", "serve", *where, *options])


@pytest.fixture
def relayed(notebooks: Path) -> Iterator[tuple[Server, Relay]]:
    """Serve to a class through a network that may fail; the address is the network's."""
    running = start_class(notebooks, "--open", "--students", "1")
    relay = Relay(int(urlsplit(running.url).port or 0))
    yield Server(f"http://127.0.0.1:{relay.port}/", running.process), relay
    relay.close()
    running.stop()


def kernel_of(page: Page) -> str:
    return str(page.evaluate("window.jupyterapp.widgetManager.kernel.id"))


def current_kernel(page: Page) -> str | None:
    """Return the id of the page's kernel, or None while the page has none."""
    with contextlib.suppress(Error):  # the page is being replaced
        return page.evaluate("window.jupyterapp?.widgetManager?.kernel?.id ?? null")
    return None


def press(page: Page, times: int = 1) -> None:
    for _ in range(times):
        page.locator(".noUi-handle").first.press("ArrowRight")


def reload_by_button(page: Page) -> None:
    with page.expect_navigation(wait_until="commit"):
        page.locator("#shell-banner").get_by_role("button").click()
    page.wait_for_selector("body.shell-ready", state="attached")


def test_a_kernel_killed_in_the_middle_of_a_drag_is_announced(page: Page, server: Server) -> None:
    open_chapter(page, server.page_url("01_four_metrics", "?thickness=30"))
    handle = page.locator(".hl-control-defocus .noUi-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(10):
        page.mouse.move(x + 4 * step, y)
        if step == 5:
            server.kernels()[kernel_of(page)].kill()
    banner = page.locator("#shell-banner")
    expect(banner).to_contain_text("Python behind this page has stopped")
    page.mouse.up()
    reload_by_button(page)
    expect(banner).to_be_hidden()
    assert parse_qs(urlsplit(page.url).query)["thickness"] == ["30"]


def test_a_server_that_was_started_again_serves_the_same_tab(page: Page, notebooks: Path) -> None:
    first = start_server(notebooks)
    port = str(urlsplit(first.url).port)
    open_chapter(page, first.page_url("00_index", "?defocus=2"))
    first.stop()
    expect(page.locator("#shell-banner")).to_be_visible()
    options = ("--no-browser", "--notebooks", str(notebooks), "--port", port)
    second = start([sys.executable, "-m", "hrtem_lab.app", *options])
    try:
        reload_by_button(page)
        assert urlsplit(page.url).query == "defocus=2"
        press(page)
        expect(page.get_by_text("count is 1")).to_be_visible()
    finally:
        page.close()
        second.stop()


def test_a_lost_network_is_announced_and_the_page_goes_on_when_it_is_back(
    page: Page, relayed: tuple[Server, Relay]
) -> None:
    server, network = relayed
    open_chapter(page, server.page_url("00_index"))
    press(page, 3)
    expect(page.get_by_text("count is 3")).to_be_visible()
    kernel = kernel_of(page)
    network.cut()
    banner = page.locator("#shell-banner")
    expect(banner).to_be_visible()
    network.mend()
    expect(banner).to_be_hidden()
    assert kernel_of(page) == kernel
    press(page)
    expect(page.get_by_text("count is 4")).to_be_visible()


def test_a_page_that_falls_silent_loses_its_kernel(page: Page, relayed: tuple[Server, Relay]) -> None:
    server, network = relayed
    open_chapter(page, server.page_url("00_index"))
    kernel = kernel_of(page)
    network.fall_silent()
    wait_until(lambda: kernel not in server.kernels(), what="the silent page's kernel is gone", patience=160)


def test_a_download_that_fails_says_so_and_the_next_one_works(page: Page, notebooks: Path) -> None:
    running = start_server(notebooks)
    try:
        open_chapter(page, running.page_url("download"))
        button = page.get_by_role("button", name="Numbers")
        button.click()
        expect(page.get_by_text("No space left on device")).to_be_visible()
        expect(button).to_be_enabled()
        page.get_by_text("space", exact=True).click()
        with page.expect_download() as download:
            button.click()
        assert download.value.path().read_bytes() == b"1,2,3"
    finally:
        page.close()
        running.stop()


def test_two_tabs_of_one_page_are_two_readers(page: Page, relayed: tuple[Server, Relay]) -> None:
    server, _ = relayed
    open_chapter(page, server.page_url("00_index"))
    other = page.context.new_page()
    open_chapter(other, server.page_url("00_index"))
    kernels = {kernel_of(page), kernel_of(other)}
    assert len(kernels) == 2
    press(other, 2)
    expect(other.get_by_text("count is 2")).to_be_visible()
    expect(page.get_by_text("count is 0")).to_be_visible()
    gone = kernel_of(other)
    other.close(run_before_unload=True)
    wait_until(lambda: gone not in server.kernels(), what="the closed tab's kernel is gone")
    press(page)
    expect(page.get_by_text("count is 1")).to_be_visible()
    expect(page.locator("#shell-banner")).to_be_hidden()


def test_back_and_forward_open_pages_that_work_with_their_settings(page: Page, server: Server) -> None:
    open_chapter(page, server.page_url("01_four_metrics", "?thickness=30"))
    first = kernel_of(page)
    page.locator("nav[aria-label=Chapters] a").first.click()
    page.wait_for_url("**/00_index.ipynb")
    page.wait_for_selector("body.shell-ready", state="attached")
    page.go_back(wait_until="commit")
    page.wait_for_url("**/01_four_metrics.ipynb?thickness=30")
    # A browser may bring the old page back from its memory for a moment, before it is loaded again.
    wait_until(lambda: current_kernel(page) not in {None, first}, what="the page has a new kernel")
    page.wait_for_selector("body.shell-ready", state="attached")
    wait_until(lambda: first not in server.kernels(), what="the kernel of the page that was left is gone")
    slider = page.locator(".hl-control-thickness .noUi-handle")
    expect(slider).to_have_attribute("aria-valuenow", re.compile(r"^30\b"))
    slider.press("ArrowRight")
    page.wait_for_url("**/01_four_metrics.ipynb?thickness=31")
    expect(page.locator("#shell-banner")).to_be_hidden()
    page.go_forward(wait_until="commit")
    page.wait_for_url("**/00_index.ipynb")
    page.wait_for_selector("body.shell-ready", state="attached")


def test_a_page_left_while_it_loads_frees_its_kernel(page: Page, notebooks: Path) -> None:
    running = start_server(notebooks, "--cull-idle-timeout", "3600")
    try:
        for _ in range(3):  # an impatient reader
            page.goto(running.page_url("slow"), wait_until="commit")
            page.wait_for_selector("#shell-stage")
        page.goto("about:blank")
        wait_until(lambda: not running.kernels(), what="no kernel is left")
    finally:
        page.close()
        running.stop()


def test_a_full_server_says_so_and_lets_the_reader_in_later(
    chromium: Browser, page: Page, notebooks: Path
) -> None:
    room_for_one = ("--open", "--students", "1", "--memory", "0.16")
    running = start_class(notebooks, *room_for_one)
    try:
        open_chapter(page, running.page_url("00_index"))
        late = chromium.new_page()
        answer = late.goto(running.page_url("00_index"))
        assert answer is not None
        assert answer.status == 503
        assert 20 <= int(answer.headers["refresh"]) < 40
        expect(late.get_by_role("alert")).to_contain_text("memory is taken by the pages that are open")
        page.close(run_before_unload=True)
        wait_until(lambda: not running.kernels(), what="the first reader's kernel is gone")
        late.get_by_role("button", name="Try again now").click()
        # If the server has not seen the kernel end yet, the page asks again by itself, after 40 s at most.
        late.wait_for_selector("body.shell-ready", state="attached", timeout=90_000)
        late.close()
    finally:
        running.stop()


def test_a_kernel_that_waited_long_is_not_taken_for_an_idle_one(page: Page, notebooks: Path) -> None:
    running = start_class(
        notebooks, "--open", "--students", "1", "--cull-idle-timeout", "4", "--cull-interval", "1"
    )
    try:
        waiting = wait_until(
            lambda: len(found := running.kernels()) == 3 and found, what="each notebook has a kernel waiting"
        )
        page.wait_for_timeout(8000)
        assert running.kernels().keys() == waiting.keys()
        open_chapter(page, running.page_url("00_index"))
        assert kernel_of(page) in waiting
        page.wait_for_timeout(8000)
        press(page)
        expect(page.get_by_text("count is 1")).to_be_visible()
    finally:
        page.close()
        running.stop()


def test_the_link_with_the_password_opens_the_course_and_so_does_the_password(
    chromium: Browser, page: Page, notebooks: Path
) -> None:
    running = start_class(notebooks, "--token", TOKEN, "--students", "1")
    try:
        open_chapter(page, running.url)
        assert TOKEN not in page.url
        press(page)
        expect(page.get_by_text("count is 1")).to_be_visible()
        visitor = chromium.new_page()
        visitor.goto(running.url.partition("?")[0])
        assert barriers(visitor) == []
        visitor.get_by_label("Password of this course").fill("not the password")
        visitor.get_by_role("button", name="Open the course").click()
        expect(visitor.get_by_role("alert")).to_contain_text("This is not the password")
        assert barriers(visitor) == []
        visitor.get_by_label("Password of this course").fill(TOKEN)
        visitor.get_by_role("button", name="Open the course").click()
        visitor.wait_for_selector("body.shell-ready", state="attached")
        visitor.close()
    finally:
        page.close()
        running.stop()


def test_no_page_load_is_stuck_beside_two_busy_programs(chromium: Browser, server: Server) -> None:
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    chapters = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
    try:
        for number in range(200):
            page = chromium.new_page()
            open_chapter(page, server.page_url(chapters[number % len(chapters)]))
            expect(page.locator(".shell-failure")).to_have_count(0)
            page.close(run_before_unload=True)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
