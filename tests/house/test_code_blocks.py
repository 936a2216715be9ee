"""Every block of Python that a reader can copy from a chapter or a document runs, as pasted."""

import contextlib
import io
import itertools
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import pytest
from traitlets.config import Config

from tests.house.sources import NOTEBOOKS, ROOT, relative

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
# What is between fences and is no Python. `pycon` stands in the README alone: its doctest runs it.
OTHER = {"", "text", "ini", "nginx", "markdown", "pycon"}
FENCED = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"Save this as `([^`]+)`[^`]*?\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the program that reads a block gives to it: JupyterHub gives its configuration to jupyterhub_config.py.
GIVEN: dict[str, dict[str, Any]] = {"docs/serving.md": {"c": Config()}}


def fenced(text: str) -> Iterator[tuple[str, str]]:
    """Yield language and content of every block between fences; Sphinx's directives are left out."""
    for _, language, content in FENCED.findall(text):
        if not language.startswith("{"):
            yield language.strip(), textwrap.dedent(content)


def python(text: str) -> list[str]:
    """Return the blocks of Python."""
    return [content for language, content in fenced(text) if language == "python"]


def steps(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield the blocks of Python, each with the output that the text shows below it, or None."""
    blocks = list(FENCED.finditer(text))
    for block, after in itertools.zip_longest(blocks, blocks[1:]):
        if block[2] == "python":
            below = after is not None and after[2] == "text" and not text[block.end() : after.start()].strip()
            yield textwrap.dedent(block[3]), after[3] if below and after else None


def markdown(source: Path) -> str:
    """Return all Markdown of a chapter."""
    return "\n\n".join(cell.source for cell in jupytext.read(source).cells if cell.cell_type == "markdown")


def run(code: str, names: dict[str, Any], path: Path) -> str:
    """Run a block, its last expression too, and return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(path), "exec"), names)
    return printed.getvalue()


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path, monkeypatch):
    """Blocks write files, and are quicker without further processes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")


def test_there_are_blocks():
    assert all(python(markdown(source)) for source in NOTEBOOKS)
    assert sum(len(python(path.read_text(encoding="utf-8"))) for path in DOCUMENTS) >= 10


@pytest.mark.parametrize("path", [*NOTEBOOKS, *DOCUMENTS], ids=relative)
def test_a_block_says_what_it_is(path):
    """A block under another name, such as `py`, would not be run."""
    text = markdown(path) if path in NOTEBOOKS else path.read_text(encoding="utf-8")
    assert {language for language, _ in fenced(text)} <= OTHER | {"python"}
    assert ("```pycon" in text) == (path.name == "README.md")
    assert text.count("```") == 2 * len(FENCED.findall(text))


ALONE = [
    pytest.param(path, marks=[pytest.mark.slow] if path.stem == "05_low_dose" else []) for path in NOTEBOOKS
]
"""Chapters whose blocks run alone; a study of doses takes seconds."""


@pytest.mark.parametrize("source", ALONE, ids=map(relative, NOTEBOOKS))
def test_a_block_of_a_chapter_runs_alone(source):
    """A reader pastes one block into a cell of its own."""
    for code in python(markdown(source)):
        run(code, {"__name__": "pasted"}, source)


@pytest.mark.slow
@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_the_blocks_of_a_document_run_one_after_the_other(path, tmp_path):
    """A later block may go on from an earlier one of the same document; it reads the files that it saves."""
    text = path.read_text(encoding="utf-8")
    if any("hrtem_lab.multislice" in code for code in python(text)):
        pytest.importorskip("abtem")
    for name, content in SAVED.findall(text):
        (tmp_path / name).write_text(content, encoding="utf-8")
    names: dict[str, Any] = {"__name__": "pasted", **GIVEN.get(relative(path), {})}
    for code, output in steps(text):
        printed = run(code, names, path)
        assert output is None or printed == output
    if "client" in names:
        names["client"].close()


def test_the_outputs_that_documents_show_are_compared():
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    assert sum(output is not None for text in texts for _, output in steps(text)) >= 5


def test_a_block_that_lacks_a_name_fails():
    with pytest.raises(NameError, match="reference"):
        run("metrics = reference", {}, ROOT)


def test_an_indented_block_is_a_block():
    assert python("1. A list:\n\n   ```python\n   x = 1\n   ```\n") == ["x = 1\n"]
