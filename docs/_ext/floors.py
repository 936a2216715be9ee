"""The floors of the package, drawn from the block of CONTRIBUTING.md that the tests read, too."""

from __future__ import annotations

import re
from html import escape
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
_BLOCK = re.compile(r"<!-- floors -->\s*```\w*\n(.*?)```\s*<!-- /floors -->", re.DOTALL)


def floors(text: str) -> list[list[str]]:
    """Return the rooms of each floor, top to bottom, as CONTRIBUTING.md tells them.

    Parameters
    ----------
    text : str
        The document, with the floors between two comments: one per line, rooms separated by commas.

    Raises
    ------
    ValueError
        If the document has no such block.
    """
    found = _BLOCK.search(text)
    if not found:
        raise ValueError(
            "CONTRIBUTING.md must hold a block of code between <!-- floors --> and <!-- /floors -->"
        )
    return [
        [room.strip() for room in line.split(",")] for line in found.group(1).splitlines() if line.strip()
    ]


class Floors(SphinxDirective):
    """`floors`: the house, a line per floor, each room with what it is for and a link to its reference."""

    def run(self) -> list[nodes.Node]:
        """Return the drawing."""
        self.env.note_dependency(str(CONTRIBUTING))
        rows = floors(CONTRIBUTING.read_text(encoding="utf-8"))
        drawn = "".join(f"<li>{''.join(map(self._room, row))}</li>" for row in rows)
        return [nodes.raw("", f'<ol class="floors">{drawn}</ol>', format="html")]

    def _room(self, name: str) -> str:
        has_reference = f"api/{name}" in self.env.found_docs
        title = f"<code>{escape(name)}</code>"
        if has_reference and self.env.app.builder.format == "html":
            address = self.env.app.builder.get_relative_uri(self.env.docname, f"api/{name}")
            title = f'<a href="{address}">{title}</a>'
        return f"<div>{title}<p>{escape(summary(name))}</p></div>"


def summary(room: str) -> str:
    """Return the first sentence of a room's docstring, or nothing where the room does not stand yet."""
    spec = find_spec(f"hrtem_lab.{room}")
    if spec is None or spec.origin is None:
        return ""
    source = Path(spec.origin).read_text(encoding="utf-8")
    found = re.match(r'\s*r?"""(.*?)(?:\n\n|""")', source, re.DOTALL)
    return " ".join(found.group(1).replace("`", "").split()) if found else ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("floors", Floors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
