"""Documents open in the course as pages: offline, behind the password, and nothing else beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from posixpath import join, normpath
from urllib.parse import urlencode, urljoin

import pytest

pytest.importorskip("voila")

from hrtem_lab.app.server import configuration, places
from hrtem_lab.app.server.documents import as_html, is_served
from tests.server.course_site import Site, served

ROOT = Path(__file__).parents[2]
DOCS = places.documents()
NAMES = sorted(
    str(path.relative_to(DOCS)) for folder in (DOCS, DOCS / "howto") for path in folder.glob("*.md")
)
TOKEN = "electrons-and-documents"
RENDER, HERE = "/course/voila/render/", "/course/voila/docs/"


class Parts(HTMLParser):
    """Anchors, links and pictures of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.anchors, self.links, self.pictures = set[str](), list[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors.add(values.get("id") or "")
        if tag == "a":
            self.links.append(values.get("href") or "")
        if tag == "img":
            self.pictures.append(values.get("src") or "")


def read(name: str) -> tuple[str, str]:
    return as_html((DOCS / name).read_text(encoding="utf-8"), name=name)


def test_tables_and_equations_are_readable_without_a_script() -> None:
    _, html = as_html("| a | b |\n| - | - |\n| 1 | $x^2$ |\n\n$$ \\frac{1}{2} $$\n", name="x.md")
    assert re.search(r"<td>1</td>\s*<td>.*<msup>", html)
    assert re.search(r'<div class="document-table"[^>]*><table>', html)
    assert "<mfrac>" in html
    assert 'display="block"' in html
    assert "$" not in html


def test_the_title_is_the_first_heading_in_plain_words() -> None:
    title, html = as_html("# Sizes by `sphere`\n\n# Another", name="x.md")
    assert title == "Sizes by sphere"
    assert 'id="sizes-by-sphere"' in html


def test_links_that_lead_to_nothing_here_are_words() -> None:
    text = "[a](dose.md#doses), [b](../README.md), [c](api/index.md), [d](https://doi.org/1), [e](#top)"
    _, html = as_html(text, name="sizing.md")
    assert Parts(html).links == ["dose.md#doses", "https://doi.org/1", "#top"]
    assert re.sub("<[^>]+>", "", html).strip() == "a, b, c, d, e"


def test_pictures_that_are_not_there_are_words() -> None:
    _, html = as_html("![gallery](images/gallery.png) ![lost](images/lost.png)", name="index.md")
    assert Parts(html).pictures == ["images/gallery.png"]
    assert "lost" in html


def test_what_only_the_site_can_build_is_left_out() -> None:
    _, html = as_html("# T\n\n```{toctree}\ndose\n```\n\n```python\n{1}\n```\n", name="x.md")
    assert "toctree" not in html
    assert "{1}" in html


@pytest.mark.parametrize("name", NAMES)
def test_a_document_has_a_title_and_its_links_lead_somewhere(name: str) -> None:
    title, html = read(name)
    assert title
    assert "$$" not in html
    lost = []
    for link in Parts(html).links:
        path, _, anchor = link.partition("#")
        if re.match(r"\w+:", link):
            continue
        target = normpath(join(Path(name).parent.as_posix(), path)) if path else name
        if not is_served(target) or (anchor and anchor not in Parts(read(target)[1]).anchors):
            lost.append(link)
    assert lost == []


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve an empty course to a class under a path of its own; the site without the password."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "00_index.ipynb").write_text("{}", encoding="utf-8")
    with served(folder, "--base-url", "/course/", "--token", TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def site(stranger: Site) -> Site:
    """Return the site for a reader with the password."""
    reader = stranger.stranger()
    reader.ask("GET", f"{HERE}dose.md?{urlencode({'token': TOKEN})}")
    return reader


def test_a_document_is_a_page_of_the_course(site: Site) -> None:
    answer = site.ask("GET", f"{HERE}sizing.md")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    text = answer.body.decode()
    assert "<title>Precipitate sizes" in text
    assert '<header class="shell-header">' in text
    assert f'href="{RENDER}00_index.ipynb"' in text  # the way back
    assert "<table>" in text
    assert "<math" in site.ask("GET", f"{HERE}howto/add_a_metric.md").body.decode()
    for name, value in configuration.security_headers().items():
        assert answer.headers[name] == value


def test_a_page_of_the_course_loads_nothing_from_elsewhere(site: Site) -> None:
    text = site.ask("GET", f"{HERE}index.md").body.decode()
    assert re.findall(r'(?:src|<link[^>]* href)="(?:https?:)?//[^"]*"', text) == []
    picture = site.ask("GET", f"{HERE}images/gallery.png")
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
    styles = re.findall(r'href="([^"]+document\.css[^"]*)"', text)
    assert [site.ask("GET", style).status for style in styles] == [200]


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda path: path.stem)
def test_every_link_of_a_chapter_opens_a_document(site: Site, notebook: Path) -> None:
    text = notebook.read_text(encoding="utf-8")
    assert not re.search(r"`docs/\w+\.md`", text)
    for link in re.findall(r"\]\((\.\./[^)#]+)", text):
        answer = site.ask("GET", urljoin(f"{RENDER}{notebook.stem}.ipynb", link))
        assert answer.status == 200, link


def test_an_unknown_document_is_a_sentence(site: Site) -> None:
    answer = site.ask("GET", f"{HERE}no_such.md")
    assert answer.status == 404
    assert "There is no document at this address." in answer.body.decode()


@pytest.mark.parametrize(
    "path",
    [
        "../README.md",
        "..%2fREADME.md",
        "%2e%2e/README.md",
        "..%5cREADME.md",
        "howto/../../README.md",
        "howto/..%2fconf.py",
        "//etc/passwd",
        "conf.py",
        "_ext/links.py",
        "site/architecture.md",
        "api/index.md",
        "images/",
        "dose.md%00.png",
        "dose.md%0a",
        "",
    ],
)
def test_nothing_but_documents_is_served(site: Site, path: str) -> None:
    answer = site.ask("GET", HERE + path)
    assert answer.status == 404
    assert "## Two commands" not in answer.text
    assert str(ROOT) not in answer.text


def test_strangers_are_asked_for_the_password(stranger: Site) -> None:
    answer = stranger.stranger().ask("GET", f"{HERE}dose.md")
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/course/login?next=")
    assert stranger.stranger().ask("GET", f"{HERE}images/gallery.png").status in {302, 403}


def test_a_password_does_not_stay_in_the_address(stranger: Site) -> None:
    answer = stranger.stranger().ask("GET", f"{HERE}dose.md?{urlencode({'token': TOKEN})}")
    assert answer.status == 302
    assert answer.headers["Location"] == f"{HERE}dose.md"
