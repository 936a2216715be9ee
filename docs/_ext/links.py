"""Links that hold on a forge hold on the site: files outside `docs` lead to their page, or become words."""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import normpath

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
#: Documents outside `docs`, and the pages of the site that include them.
PAGES = {
    "README.md": "site/tutorial.md",
    "CONTRIBUTING.md": "site/contributing.md",
    "CHANGELOG.md": "site/changelog.md",
    "hrtem_lab/data/SOURCES.md": "site/sources.md",
}
#: A link or picture whose address is a path: no scheme, no mere anchor.
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^()\s:#]+)(#[^()\s]*)?\)")


def resolved(text: str, *, folder: str) -> str:
    """Return Markdown with its links written for a page of the site.

    Parameters
    ----------
    text : str
        What the file holds.
    folder : str
        Where the file lies in the repository: its links are relative to it.
    """

    def rewritten(found: re.Match[str]) -> str:
        mark, words, address, anchor = found.groups()
        target = normpath(f"{folder}/{address}")
        page = PAGES.get(target, target.removeprefix("docs/") if target.startswith("docs/") else None)
        if page:
            return f"{mark}[{words}](/{page}{anchor or ''})"
        return words if (ROOT / target).exists() else found.group()

    return _LINK.sub(rewritten, text)


def _read_page(_app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = resolved(source[0], folder=normpath(f"docs/{page}/.."))


def _read_included(app: Sphinx, path: Path, _parent: str, source: list[str]) -> None:
    file = (Path(app.srcdir) / path).resolve().relative_to(ROOT)
    source[0] = resolved(source[0], folder=file.parent.as_posix())


def setup(app: Sphinx) -> dict[str, bool]:
    """Rewrite the links of every page and of what it includes."""
    app.connect("source-read", _read_page)
    app.connect("include-read", _read_included)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
