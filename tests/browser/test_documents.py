"""Links to documents in the browser: beside the chapter, readable in a narrow window, never dead."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Server, Watched, open_chapter, start_server
from tests.browser.reader import barriers
from tests.browser.test_shell import write_notebook

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve one chapter with links to documents, as in the course and as in a copy of it."""
    folder = tmp_path_factory.mktemp("course")
    links = "[sizes](../docs/sizing.md#counting-cells), [doses](docs/dose.md), [contents](00_index.ipynb)"
    write_notebook(folder / "00_index.ipynb", "%# Contents", f"%{links}")
    running = start_server(folder)
    yield running
    running.stop()


def test_a_document_opens_beside_the_chapter(page: Page, course: Server) -> None:
    open_chapter(page, course.page_url("00_index"))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="sizes").click()
    document = opened.value
    expect(document.get_by_role("heading", level=1)).to_contain_text("Precipitate sizes")
    assert document.url.endswith("/voila/docs/sizing.md#counting-cells")
    expect(page.locator("body.shell-ready")).to_have_count(1)
    assert page.get_by_role("link", name="doses").get_attribute("href") == "/voila/docs/dose.md"
    assert page.get_by_role("link", name="contents", exact=True).get_attribute("target") is None


def test_where_documents_are_no_pages_the_link_leads_to_their_file(page: Page, course: Server) -> None:
    def elsewhere(route: Route) -> None:
        answer = route.fetch()
        marked = '<meta name="hrtem-lab-documents" content="served">'
        assert marked in answer.text()
        route.fulfill(response=answer, body=answer.text().replace(marked, ""))

    page.route("**/00_index.ipynb", elsewhere)
    open_chapter(page, course.page_url("00_index"))
    link = page.get_by_role("link", name="sizes")
    assert link.get_attribute("href") == "/lab/tree/docs/sizing.md#counting-cells"


@pytest.mark.parametrize("width", [480, 1366])
@pytest.mark.parametrize("name", ["sizing.md", "howto/add_a_metric.md"])
def test_a_document_never_scrolls_sideways(
    page: Page, watched: Watched, course: Server, name: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{course.url}voila/docs/{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("table, math").first.bounding_box()
    assert width > 480 or barriers(page) == []
    assert watched.foreign_requests() == []
    assert watched.errors == []


def test_no_reader_is_kept_out_of_a_message(page: Page, course: Server) -> None:
    for name in ("docs/no_such.md", "render/no_such.ipynb"):
        page.goto(f"{course.url}voila/{name}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("No such")
        assert barriers(page) == []
