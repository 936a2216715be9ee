"""Tests of pages see what a reader sees: they name no class of a page and nothing private."""

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
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")


def private_names(source: str) -> list[str]:
    """Return the private attributes that a source reads or writes."""
    return re.findall(r"\._[a-z]\w*", source)


def classes_of_pages() -> set[str]:
    """Return the names of all dashboards that pages define."""
    names = set()
    for found in pkgutil.walk_packages(pages.__path__, f"{pages.__name__}."):
        for name, one in inspect.getmembers(importlib.import_module(found.name), inspect.isclass):
            if issubclass(one, Dashboard) and one.__module__ == found.name:
                names.add(name)
    return names


@every_file
def test_nothing_private_is_touched(path: Path) -> None:
    assert private_names(path.read_text(encoding="utf-8")) == []


@every_file
def test_pages_are_opened_as_the_notebooks_do(path: Path) -> None:
    named = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    assert named & classes_of_pages() == set()


def test_what_is_forbidden_is_found() -> None:
    assert private_names("page._image = shown.data") == ["._image"]
    assert {"NoiseLab", "Precipitates", "CountItYourself"} <= classes_of_pages()
