"""The reference of a room: its summary, a table of its public names, and each name's docstring."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def public_names(module: ModuleType) -> list[str]:
    """Return what a room offers: its `__all__`, or what it defines under a name without an underscore."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return list(listed)
    own = (
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    )
    return [name for name in own if not name.startswith("_")]


class Room(SphinxDirective):
    """`room`: the reference of one module of the package, by name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the reference, written as autodoc's directives."""
        return self.parse_text_to_nodes("\n".join(reference(import_module(self.arguments[0]))))


def reference(module: ModuleType) -> list[str]:
    """Return the lines of a room's reference in reStructuredText."""
    names = public_names(module)
    summary = [f".. automodule:: {module.__name__}", "", f".. currentmodule:: {module.__name__}", ""]
    called = [name for name in names if callable(getattr(module, name))]
    table = [".. autosummary::", "   :nosignatures:", "", *(f"   {name}" for name in called), ""]
    entries = [line for name in names for line in entry(module, name)]
    return summary + (table if called else []) + entries


def entry(module: ModuleType, name: str) -> list[str]:
    """Return the lines of one name: a class comes with its own public names."""
    value = getattr(module, name)
    if inspect.isclass(value):
        # For its readers a class lives in its room: two rooms that offer it then refer to one and the same.
        value.__module__ = value.__module__.partition("._")[0]
        return [f".. autoclass:: {name}", "   :members:", ""]
    if callable(value):
        return [f".. autofunction:: {name}", ""]
    words = constant_words(module, name).splitlines()
    return [f".. py:data:: {name}", "", *(f"   {line.strip()}" for line in words), ""]


def constant_words(module: ModuleType, name: str) -> str:
    """Return the string under a constant's assignment, in the module where that stands."""
    body = ast.parse(inspect.getsource(module)).body
    for node, below in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return constant_words(import_module(str(node.module)), name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if name in [getattr(target, "id", None) for target in targets]:
            words = below.value if isinstance(below, ast.Expr) else None
            if isinstance(words, ast.Constant) and isinstance(words.value, str):
                return words.value
    raise ValueError(f"a public constant must have a string under it, got none for {module.__name__}.{name}")


def _without_headings(*event: Any) -> None:
    """Turn a module's headings ("Examples") into bold lines, as headings would repeat from page to page."""
    *_, lines = event
    if event[1] == "module":
        lines[:] = re.sub(r"(?m)^(.+)\n-{3,}$", r".. rubric:: \1\n", "\n".join(lines)).splitlines()


def _plain_word(_app: Sphinx, _env: object, node: nodes.Element, words: nodes.Node) -> nodes.Node | None:
    """Leave a word in single backticks as it is where it has no entry: a parameter or an attribute."""
    return words if node["reftype"] == "obj" and "." not in node["reftarget"] else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("room", Room)
    app.connect("autodoc-process-docstring", _without_headings)
    app.connect("missing-reference", _plain_word)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
