"""The documents that chapters link to, as pages of the course: read offline, behind the same password."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from posixpath import dirname, normpath
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from tornado.web import HTTPError, authenticated

from hrtem_lab.app.server.handlers import Page, rendered
from hrtem_lab.app.server.places import documents

#: What an address may ask for: a document or picture in the folder or one level below, by plain names.
_NAME = re.compile(r"(?:howto/)?\w+\.md|images/\w+\.png", re.ASCII)
_TABLE = '<div class="document-table" tabindex="0" role="group" aria-label="Table">'
_ELSEWHERE = re.compile(r"\w+:|#|//")


def is_served(name: str) -> bool:
    """Tell whether a path below the folder of documents is one that readers may open.

    Examples
    --------
    >>> is_served("dose.md"), is_served("howto/your_own_crystal.md")
    (True, True)
    >>> is_served("conf.py"), is_served("../README.md"), is_served("no_such.md")
    (False, False, False)
    """
    return bool(_NAME.fullmatch(name)) and (documents() / name).is_file()


def as_html(text: str, *, name: str) -> tuple[str, str]:
    r"""Return the title of a Markdown document and the document as HTML.

    Tables scroll by themselves, equations are MathML, headings carry the anchors that a forge gives them.
    A link to a file that is not served becomes plain words, and so does such a picture.

    Parameters
    ----------
    text : str
        The document, of this project: HTML in it is kept.
    name : str
        Its path below the folder of documents, to which its links are relative.

    Examples
    --------
    >>> title, html = as_html("# Dose\n\n$d'$ and [the code](../hrtem_lab/dose/)", name="dose.md")
    >>> title
    'Dose'
    >>> "<math" in html, "href" in html
    (True, False)
    """
    tokens = _parser().parse(text)
    title = ""
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open" and heading.tag == "h1" and not title:
            title = "".join(part.content for part in inline.children or [])
        if inline.type == "inline":
            inline.children = _reachable(inline.children or [], dirname(name))
    shown = [token for token in tokens if not (token.type == "fence" and token.info.startswith("{"))]
    html = str(_parser().renderer.render(shown, _parser().options, {}))
    for scrolls in ("<pre>", '<div class="math block">'):  # sideways, so the keyboard must reach it
        html = html.replace(scrolls, f'{scrolls[:-1]} tabindex="0">')
    return title, html.replace("<th></th>", "<td></td>")


class DocumentHandler(Page, JupyterHandler):  # type: ignore[misc]
    """A document as a page, or one of its pictures, for a reader who may open the chapters."""

    what = "document"

    @authenticated
    def get(self, name: str) -> None:
        """Send it; a browser that has it already gets it again only if it changed."""
        if not is_served(name):
            raise HTTPError(404)
        file = documents() / name
        self.set_header("Cache-Control", "private, no-cache")
        if file.suffix == ".png":
            self.set_header("Content-Type", "image/png")
            self.finish(file.read_bytes())
        else:
            title, html = _read(file, name, file.stat().st_mtime_ns)
            index = url_path_join(self.base_url, "voila/docs/index.md")
            self.finish(rendered(self, "document.html", title=title, document=html, index=index))


@lru_cache(maxsize=32)
def _read(file: Path, name: str, _changed: int) -> tuple[str, str]:
    return as_html(file.read_text(encoding="utf-8"), name=name)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    parser.use(dollarmath_plugin, renderer=_equation).use(anchors_plugin, max_level=4)
    parser.add_render_rule("table_open", lambda *_: f"{_TABLE}<table>")
    parser.add_render_rule("table_close", lambda *_: "</table></div>")
    return parser


def _equation(source: str, options: dict[str, Any]) -> str:
    return str(convert(source, display="block" if options["display_mode"] else "inline"))


def _reachable(parts: list[Token], folder: str) -> list[Token]:
    """Return the parts of a paragraph without links and pictures that lead to nothing here."""
    kept, opened = [], []
    for part in parts:
        if part.type == "link_open":
            opened.append(_leads_somewhere(str(part.attrGet("href")), folder))
        if part.type == "image" and not _leads_somewhere(str(part.attrGet("src")), folder):
            kept.append(Token("text", "", 0, content=part.content))
        elif part.type not in {"link_open", "link_close"} or opened[-1]:
            kept.append(part)
        if part.type == "link_close":
            opened.pop()
    return kept


def _leads_somewhere(address: str, folder: str) -> bool:
    path = address.partition("#")[0]
    return bool(_ELSEWHERE.match(address)) or is_served(normpath(f"{folder}/{path}" if folder else path))
