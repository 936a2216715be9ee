"""Tests of pages open a page as the notebooks do: they name no class of a page."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from hrtem_lab.app import pages
from hrtem_lab.app.kit.dashboard import Dashboard

TESTS = Path(__file__).parents[1]
FILES = [path for room in ("pages", "browser", "kit") for path in sorted((TESTS / room).glob("*.py"))]


def classes_of_pages() -> set[str]:
    """Return the names of all dashboards that pages define."""
    names = set()
    for found in pkgutil.walk_packages(pages.__path__, f"{pages.__name__}."):
        for name, one in inspect.getmembers(importlib.import_module(found.name), inspect.isclass):
            if issubclass(one, Dashboard) and one.__module__ == found.name:
                names.add(name)
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_class_of_a_page_is_named(path: Path) -> None:
    named = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    assert named & classes_of_pages() == set()


def test_the_classes_are_found() -> None:
    assert {"NoiseLab", "Precipitates", "CountItYourself"} <= classes_of_pages()
