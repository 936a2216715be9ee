"""Tests of pages open a page as the notebooks do: they name no class of a page."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from hrtem_lab.app import pages
from hrtem_lab.app.kit.dashboard import Dashboard

TESTS = Path(__file__).parents[1]
FILES = [path for room in ("pages", "browser", "kit") for path in sorted((TESTS / room).rglob("*.py"))]


def classes_of_pages() -> set[str]:
    """Return the names of all dashboards that pages define."""
    names = set()
    for found in pkgutil.walk_packages(pages.__path__, f"{pages.__name__}."):
        for name, one in inspect.getmembers(importlib.import_module(found.name), inspect.isclass):
            if issubclass(one, Dashboard) and one.__module__ == found.name:
                names.add(name)
    return names


def names(source: str) -> set[str]:
    """Return all names of a source: its own, imported ones, and attributes."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_class_of_a_page_is_named(path: Path) -> None:
    assert names(path.read_text(encoding="utf-8")) & classes_of_pages() == set()


def test_the_classes_are_found() -> None:
    assert {"NoiseLab", "Precipitates", "CountItYourself"} <= classes_of_pages()
    for source in ("from a.page import NoiseLab", "page.NoiseLab()", "NoiseLab()"):
        assert "NoiseLab" in names(source)
    assert names('"NoiseLab"') == set()
