"""The tests of pages see what a reader sees: nothing private of a page, neither names nor modules."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, TESTS, dotted, imports, is_private, relative

PAGE_TESTS = [path for path in TESTS if dotted(path)[1:2] in {("pages",), ("browser",)}]
BY_NAME = {"getattr", "setattr", "delattr", "hasattr", "attrgetter"}


def private_attributes(tree: ast.AST) -> Iterator[str]:
    """Yield the private attributes that a source touches, also those that it names in a string.

    A class of the tests may keep private attributes of its own: those of `self` are left out.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                yield node.attr
        elif isinstance(node, ast.Call) and called(node) in BY_NAME:
            texts = (argument.value for argument in node.args if isinstance(argument, ast.Constant))
            words = (word for text in texts if isinstance(text, str) for word in text.split("."))
            yield from filter(is_private, words)


def called(call: ast.Call) -> str:
    """Return the last name of what is called: `setattr` for `monkeypatch.setattr(…)`."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def private_things(path: Path, root: Path = ROOT) -> set[str]:
    """Return what a test touches or imports although it is private."""
    imported = {word for name in imports(path, root) for word in name if is_private(word)}
    return imported | set(private_attributes(ast.parse(path.read_text(encoding="utf-8"))))


def test_there_are_tests_of_pages():
    assert PAGE_TESTS


@pytest.mark.parametrize("path", PAGE_TESTS, ids=relative)
def test_nothing_private_is_touched(path):
    assert private_things(path) == set()


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("page._curve.value = 3", {"_curve"}),
        ("page.panel()._study._doses", {"_study", "_doses"}),
        ("getattr(page, '_curve')", {"_curve"}),
        ("monkeypatch.setattr('hrtem_lab.app.kit.live._wait', None)", {"_wait"}),
        ("from hrtem_lab.app.pages.noise._panels import Panel", {"_panels"}),
        ("from hrtem_lab.app.pages.noise.page import _words", {"_words"}),
        ("import hrtem_lab._parallel", {"_parallel"}),
        ("def press(self): self._page._button.click()", {"_button"}),
        ("def press(self): self._page.click()", set()),
        ("page.__class__.__name__\nfrom hrtem_lab import __version__\npage.dose = 3", set()),
    ],
)
def test_private_things_are_seen(tmp_path, source, seen):
    path = tmp_path / "test_page.py"
    path.write_text(source, encoding="utf-8")
    assert private_things(path, tmp_path) == seen
