"""The site builds without a warning, its links lead somewhere, and nothing comes from other machines."""

import re
import subprocess
import sys
import zlib
from functools import cache
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("sphinx")

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: Attributes by which a page loads something as it opens.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
#: Rooms without a page in the reference: they offer commands, pages and files rather than functions.
NO_REFERENCE = {"cli", "app", "data"}


def floors() -> list[list[str]]:
    """Return the rooms of each floor, as CONTRIBUTING.md tells them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = text.partition("<!-- floors -->")[2].partition("<!-- /floors -->")[0]
    lines = [line for line in block.splitlines() if line and not line.startswith("```")]
    return [re.split(r",\s*", line) for line in lines]


class Page(HTMLParser):
    """A page's anchors, links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif values.get(LOADED.get(tag, "")) and values.get("rel") not in {"index", "search", "next", "prev"}:
            self.loaded.append(values[LOADED[tag]])


@cache
def page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def pages(site: Path) -> list[Path]:
    """Return the site's pages, without the theme's own parts of pages."""
    return [path for path in site.rglob("*.html") if "_static" not in path.parts]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site and return its folder."""
    out = tmp_path_factory.mktemp("site")
    options = ["--fail-on-warning", "--keep-going", "--quiet", "--builder", "html", "--doctree-dir"]
    command = [sys.executable, "-m", "sphinx", *options, str(out / "trees"), str(DOCS), str(out / "html")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    return out / "html"


@pytest.mark.slow
def test_every_link_within_the_site_leads_to_a_file_and_an_anchor(site: Path) -> None:
    lost = []
    for path in pages(site):
        for link in [*page(path).links, *page(path).loaded]:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            known = target.is_file() and (
                target.suffix != ".html" or unquote(address.fragment) in {"", *page(target).anchors}
            )
            if not known:
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []


@pytest.mark.slow
def test_nothing_is_loaded_from_other_machines(site: Path) -> None:
    foreign = [link for path in pages(site) for link in page(path).loaded if "//" in link]
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        foreign += [
            link for link in re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')]+)", text) if "//" in link
        ]
    assert foreign == []
    assert not list(site.rglob("*mathjax*"))


@pytest.mark.slow
def test_equations_need_no_script(site: Path) -> None:
    text = (site / "api" / "metrics.html").read_text(encoding="utf-8")
    assert "<math" in text
    assert "\\frac" not in text


@pytest.mark.slow
def test_the_architecture_page_draws_the_floors_of_contributing(site: Path) -> None:
    text = (site / "site" / "architecture.html").read_text(encoding="utf-8")
    drawn = text.partition('<ol class="floors">')[2].partition("</ol>")[0]
    rows = [re.findall(r"<code>(\w+)</code>", row) for row in drawn.split("<li>")[1:]]
    assert rows == floors()
    assert len(rows) > 5


@pytest.mark.slow
def test_every_public_name_is_in_the_reference(site: Path) -> None:
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        public_names = import_module("rooms").public_names
    finally:
        sys.path.remove(str(DOCS / "_ext"))
    rooms = {room for row in floors() for room in row if not room.startswith("_")} - NO_REFERENCE
    modules = [import_module(f"hrtem_lab.{room}") for room in sorted(rooms)]
    wanted = {f"{module.__name__}.{name}" for module in modules for name in public_names(module)}
    _, _, _, _, packed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    known = {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}
    assert len(wanted) > 80
    assert wanted - known == set()
    assert {path.stem for path in (DOCS / "api").glob("*.md")} == {*rooms, "index"}


@pytest.mark.slow
@pytest.mark.parametrize(("room", "words"), [("sizing", "All sizing methods"), ("metrics", "All metrics by")])
def test_constants_are_explained(site: Path, room: str, words: str) -> None:
    assert words in (site / "api" / f"{room}.html").read_text(encoding="utf-8")


def test_documents_that_are_read_elsewhere_need_no_sphinx() -> None:
    for path in [*DOCS.glob("*.md"), *(DOCS / "howto").glob("*.md")]:
        directives = re.findall(r"^(?:```|:::)\{([\w-]+)\}", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(directives) <= {"toctree"}, path.name


def test_links_hold_on_a_forge_too() -> None:
    lost = []
    for path in [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "notebooks").glob("*.py")]:
        text = re.sub(r"`[^`\n]*`|```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^()\s:#?]+)(?:[?#][^()\s]*)?\)", text):
            if not (path.parent / link).exists() and not (ROOT / "notebooks" / link).exists():
                lost.append(f"{path.relative_to(ROOT)}: {link}")
    assert lost == []
