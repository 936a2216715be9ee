"""How pages are written and tested: pictures with their words; tests open a page and name no class of it."""

import ast
import functools
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from hrtem_lab.app import pages
from hrtem_lab.app.kit.dashboard import Dashboard
from tests.house.sources import MODULES, relative

TESTS = Path(__file__).parents[1]
FILES = [path for room in ("pages", "browser", "kit") for path in sorted((TESTS / room).rglob("*.py"))]


@functools.cache
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


def assigned(source: str) -> set[str]:
    """Return the names of all attributes to which a source assigns."""
    return {
        target.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
        for whole in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for target in ast.walk(whole)
        if isinstance(target, ast.Attribute) and isinstance(target.ctx, ast.Store)
    }


@pytest.mark.parametrize("path", [path for path in MODULES if "app" in path.parts], ids=relative)
def test_a_picture_is_shown_with_its_words_in_one_message(path: Path) -> None:
    assert assigned(path.read_text(encoding="utf-8")) & {"data", "alt", "caption"} == set()


def test_assignments_are_found() -> None:
    assert assigned("page.data = 1") == {"data"}
    assert assigned("a, self.part.alt = 1, 2") == {"alt"}
    assert assigned("page.show(data=1); data = page.data; page.data.other = 2") == {"other"}
