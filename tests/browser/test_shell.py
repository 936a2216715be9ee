"""The page around every chapter: what it says while it loads, when something dies, what it leaves behind."""

import http.client
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.server.configuration import install
from tests.browser.serving import PATIENCE, Server, start, start_server, wait_until
from tests.browser.watching import Watched, open_chapter, opened_once
from tests.quick import first

pytestmark = pytest.mark.browser

SLIDER = """
import ipywidgets as widgets
slider = widgets.IntSlider(description="count", max=10)
label = widgets.Label("count is 0")
slider.observe(lambda change: setattr(label, "value", f"count is {change.new}"), "value")
widgets.VBox([slider, label])
"""
EQUATION = "The value is $a^2 + \\frac{x}{y}$.\n\n$$\\sqrt{b}$$"


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook; a cell that starts with % is prose."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    new = {True: nbformat.v4.new_markdown_cell, False: nbformat.v4.new_code_cell}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [new[cell.startswith("%")](cell.removeprefix("%")) for cell in cells]
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebooks")
    write_notebook(folder / "00_index.ipynb", "%# All the *chapters*", SLIDER, f"%{EQUATION}")
    write_notebook(folder / "01_four_metrics.ipynb", "%# Metrics", SLIDER)
    pause = "import time\ntime.sleep(1.5)"
    write_notebook(folder / "slow.ipynb", "%# Slow", pause, pause, SLIDER)
    broken = "raise ValueError('radius must be positive, got -3')"
    write_notebook(folder / "broken.ipynb", "%# Broken", "print('before')", broken, "print('after')")
    return folder


@pytest.fixture(scope="module")
def shell(notebooks: Path) -> Iterator[Server]:
    running = start_server(notebooks)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def contents(chromium: Browser, shell: Server) -> Iterator[tuple[Page, Watched]]:
    """Open the contents by the root's address, for tests that look and leave the page as it was."""
    with opened_once(chromium, shell.url) as opened:
        yield opened


def kernel_of(page: Page) -> str:
    return str(page.evaluate("window.jupyterapp.widgetManager.kernel.id"))


def gone(server: Server, kernel: str) -> bool:
    return kernel not in server.kernels()


def request(server: Server, method: str, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_root_opens_the_contents(contents: tuple[Page, Watched]) -> None:
    page, _ = contents
    assert urlsplit(page.url).path == "/voila/render/00_index.ipynb"
    assert page.title().startswith("All the chapters")


def test_loading_is_told_in_words(page: Page, shell: Server) -> None:
    page.add_init_script(
        """window.stages = [];
        new MutationObserver(() => {
          const text = document.getElementById("shell-stage")?.textContent;
          if (text && window.stages.at(-1) !== text) window.stages.push(text);
        }).observe(document, {childList: true, subtree: true, characterData: true});"""
    )
    open_chapter(page, shell.page_url("slow"))
    stages = page.evaluate("window.stages")
    assert stages[0] == "Starting Python…"
    assert "Running cell 3 of 4…" in stages
    assert stages[-1] == "Drawing…"
    expect(page.locator("#loading")).to_have_count(0)


def test_the_words_come_before_python_has_finished(page: Page, shell: Server) -> None:
    page.goto(shell.page_url("slow"), wait_until="commit")
    page.wait_for_selector("#shell-stage")
    assert page.evaluate("window.cellLoaded") is None


def test_navigation_lists_the_chapters_and_marks_the_current_one(page: Page, shell: Server) -> None:
    open_chapter(page, shell.page_url("01_four_metrics"))
    links = page.locator("nav[aria-label=Chapters] .shell-chapters a")
    assert links.evaluate_all("all => all.map(a => a.getAttribute('href'))") == [c.href for c in CHAPTERS]
    for text, chapter in zip(links.all_inner_texts(), CHAPTERS, strict=True):
        assert chapter.title in text
    current = page.locator("nav [aria-current=page]")
    assert current.get_attribute("href") == "01_four_metrics.ipynb"
    links.first.click()
    page.wait_for_selector("body.shell-ready", state="attached")
    assert urlsplit(page.url).path.endswith("/00_index.ipynb")


def test_nothing_is_asked_of_other_machines(contents: tuple[Page, Watched]) -> None:
    page, watched = contents
    page.wait_for_selector("mjx-container svg, mjx-container mjx-math")
    page.evaluate("document.fonts.ready")
    page.wait_for_load_state("networkidle")
    assert watched.requests
    assert watched.foreign_requests() == []
    assert watched.errors == []


def test_equations_are_typeset(contents: tuple[Page, Watched]) -> None:
    page, _ = contents
    expect(page.locator("#rendered_cells mjx-container")).to_have_count(2)
    assert "$" not in page.locator("#rendered_cells").inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1920, 1280, 1024, 600, 480])
def test_a_page_never_scrolls_sideways(page: Page, shell: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    open_chapter(page, shell.page_url("00_index"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_scrolls_as_a_whole_and_hides_nothing(contents: tuple[Page, Watched]) -> None:
    page, _ = contents
    page.set_viewport_size({"width": 1280, "height": 300})
    bottom = page.evaluate("document.querySelector('.shell-next').getBoundingClientRect().bottom")
    assert bottom > 300
    assert page.evaluate("document.documentElement.scrollHeight") >= bottom
    page.keyboard.press("End")
    expect(page.locator(".shell-next")).to_be_in_viewport()


def test_code_is_hidden_and_widgets_answer_the_keyboard(contents: tuple[Page, Watched]) -> None:
    page, _ = contents
    assert "IntSlider" not in page.content()
    page.locator(".widget-slider [role=slider], .widget-slider .noUi-handle").first.press("ArrowRight")
    expect(page.get_by_text("count is 1")).to_be_visible()


def test_a_failing_cell_ends_in_a_sentence(page: Page, shell: Server) -> None:
    open_chapter(page, shell.page_url("broken"))
    failure = page.locator(".shell-failure")
    expect(failure).to_contain_text("one of its steps failed")
    expect(failure).to_contain_text("radius must be positive, got -3")
    expect(failure.get_by_role("button", name="Reload the page")).to_be_visible()
    expect(page.get_by_text("before")).to_be_visible()
    assert "Traceback" not in page.content()
    assert "raise ValueError" not in page.content()


def test_a_killed_kernel_is_announced_and_reload_keeps_the_query(page: Page, shell: Server) -> None:
    open_chapter(page, shell.page_url("00_index", "?aperture=20"))
    expect(page.get_by_role("alert")).to_have_count(0)
    killed = kernel_of(page)
    shell.kernels()[killed].kill()
    banner = page.locator("#shell-banner")
    expect(banner).to_be_visible()
    assert banner.get_attribute("role") == "alert"
    expect(banner).to_contain_text("Python behind this page has stopped")
    with page.expect_navigation(wait_until="commit"):
        banner.get_by_role("button").click()
    page.wait_for_selector("body.shell-ready", state="attached")
    assert urlsplit(page.url).query == "aperture=20"
    assert kernel_of(page) != killed
    expect(banner).to_be_hidden()


@pytest.mark.slow
def test_a_kernel_ended_by_the_server_is_announced(page: Page, shell: Server) -> None:
    open_chapter(page, shell.page_url("00_index"))
    status = page.evaluate(
        """async () => {
          const token = document.cookie.match(/_xsrf=([^;]+)/)[1];
          const path = `/api/kernels/${window.jupyterapp.widgetManager.kernel.id}`;
          return (await fetch(path, {method: "DELETE", headers: {"X-XSRFToken": token}})).status;
        }"""
    )
    assert status == 204
    expect(page.locator("#shell-banner")).to_contain_text("Python behind this page has stopped")


@pytest.mark.slow
def test_a_stopped_server_is_announced(page: Page, notebooks: Path) -> None:
    doomed = start_server(notebooks)
    try:
        open_chapter(page, doomed.page_url("00_index"))
    finally:
        printed = doomed.stop()
    expect(page.locator("#shell-banner")).to_be_visible()
    assert page.locator("#shell-banner").get_attribute("data-reason") in {"server", "python"}
    assert printed.strip().endswith("Stopped.")
    assert doomed.process.returncode == 0


def test_interrupting_a_server_at_work_prints_no_traceback(page: Page, notebooks: Path) -> None:
    busy = start_server(notebooks)
    try:
        page.goto(busy.page_url("slow"), wait_until="commit")
        stage = "document.getElementById('shell-stage')?.textContent.startsWith('Running')"
        wait_until(lambda: page.evaluate(stage), what="the page runs")
        kernels = busy.kernels()
    finally:
        printed = busy.stop()
    assert "Traceback" not in printed
    assert printed.strip().endswith("Stopped.")
    assert kernels
    wait_until(lambda: not any(kernel.is_running() for kernel in kernels.values()), what="no kernel is left")


@pytest.mark.slow
def test_a_server_that_stops_while_the_page_loads_is_announced(page: Page, notebooks: Path) -> None:
    doomed = start_server(notebooks)
    try:
        page.goto(doomed.page_url("slow"), wait_until="commit")
        page.wait_for_selector("#shell-stage")
    finally:
        kernels = doomed.kernels()
        doomed.process.kill()
        for kernel in kernels.values():
            kernel.kill()
        doomed.process.communicate()
    expect(page.locator("#shell-banner")).to_contain_text("stopped before this page was complete")


@pytest.mark.slow
def test_a_crashed_tab_frees_its_kernel_and_an_open_one_keeps_it(
    chromium: Browser, page: Page, shell: Server
) -> None:
    open_chapter(page, shell.page_url("00_index"))
    kept = kernel_of(page)
    crashing = chromium.new_page()
    open_chapter(crashing, shell.page_url("00_index"))
    orphan = kernel_of(crashing)
    crashing.close()  # without the page's goodbye, as when a browser crashes: only culling is left
    wait_until(lambda: gone(shell, orphan), what="the kernel of a crashed tab is culled")
    page.locator(".noUi-handle").first.press("ArrowRight")
    expect(page.get_by_text("count is 1")).to_be_visible()
    assert kept in shell.kernels()


@pytest.mark.parametrize("leave", first(["close", "reload"]))
def test_leaving_a_page_frees_its_kernel(page: Page, notebooks: Path, leave: str) -> None:
    patient = start_server(notebooks, "--cull-idle-timeout", "3600")
    try:
        open_chapter(page, patient.page_url("00_index"))
        left = kernel_of(page)
        page.close(run_before_unload=True) if leave == "close" else page.reload(wait_until="commit")
        wait_until(lambda: gone(patient, left), what="the kernel of the page that was left is gone")
    finally:
        patient.stop()


def test_foreign_pages_cannot_end_a_kernel(contents: tuple[Page, Watched], shell: Server) -> None:
    kernel = kernel_of(contents[0])
    assert request(shell, "DELETE", f"/api/kernels/{kernel}") == 403
    assert request(shell, "POST", f"/voila/api/shutdown/{kernel}") == 403
    made_up = {"Cookie": "_xsrf=0123456789abcdef", "X-XSRFToken": "fedcba9876543210"}
    assert request(shell, "DELETE", f"/api/kernels/{kernel}", **made_up) == 403
    assert kernel in shell.kernels()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/voila/render/no_such.ipynb", 404),
        ("/voila/tree", 404),
        ("/voila/files/00_index.ipynb", 403),
        ("/voila/files/../../../etc/passwd", 403),
        ("/voila/api/contents/00_index.ipynb", 404),
        ("/voila/templates/no_such/static/shell.js", 404),
    ],
)
def test_nothing_but_chapters_is_served(shell: Server, path: str, status: int) -> None:
    assert request(shell, "GET", path) == status


def test_requests_by_another_name_are_refused(shell: Server) -> None:
    assert request(shell, "GET", "/voila/render/00_index.ipynb", Host="evil.example") == 403


def test_a_reader_cannot_choose_an_unknown_template(page: Page, shell: Server) -> None:
    open_chapter(page, shell.page_url("00_index", "?template=no_such&theme=no_such"))
    expect(page.locator("nav[aria-label=Chapters]")).to_be_visible()


def test_an_unknown_chapter_is_said_so(page: Page, shell: Server) -> None:
    page.goto(shell.page_url("no_such"))
    expect(page.get_by_role("alert")).to_contain_text("no chapter at this address")
    assert json.loads(page.evaluate("JSON.stringify(document.title)")).startswith("No such chapter")


@pytest.mark.slow
def test_a_jupyter_server_renders_chapters_alike(
    page: Page, watched: Watched, notebooks: Path, tmp_path: Path
) -> None:
    install(tmp_path)
    shutil.copytree(notebooks, tmp_path / "home" / "notebooks")
    options = ("--no-browser", "--allow-root", "--ServerApp.port=0", "--IdentityProvider.token=")
    jupyter = start(
        [sys.executable, "-m", "jupyter_server", *options],
        folder=tmp_path / "home",
        JUPYTER_PATH=str(tmp_path / "share" / "jupyter"),
        JUPYTER_CONFIG_DIR=str(tmp_path / "etc" / "jupyter"),
    )
    origin = "http://" + urlsplit(jupyter.url).netloc
    try:
        open_chapter(page, f"{origin}/voila/render/notebooks/00_index.ipynb")
        expect(page.locator("#rendered_cells mjx-container")).to_have_count(2)
        left = kernel_of(page)
        page.locator("nav a").nth(1).click()
        page.wait_for_selector("body.shell-ready", state="attached")
        assert urlsplit(page.url).path == "/voila/render/notebooks/01_four_metrics.ipynb"
        wait_until(lambda: gone(jupyter, left), what="the kernel of the page that was left is gone")
        assert watched.foreign_requests() == []
    finally:
        page.close()
        jupyter.stop(signal.SIGTERM)
