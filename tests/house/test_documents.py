"""What the documents print is what the code prints."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_readme_s_example_prints_what_it_says():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 5
    assert result.failed == 0


def test_the_readme_names_every_chapter():
    from hrtem_lab.app.chapters import CHAPTERS

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(chapter.title in text for chapter in CHAPTERS)


def test_the_way_from_a_page_to_a_table_runs_as_pasted():
    page = (ROOT / "docs" / "howto" / "use_a_download.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    names = {}
    for block in blocks:
        exec(block, names)
    assert len(names["table"]) == 1


def test_the_way_from_electrons_to_a_figure_runs_as_pasted(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "howto" / "your_own_images.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for block in blocks:
            exec(block, names)
    assert "mean_absolute" in printed.getvalue()
    assert sorted(path.stem for path in tmp_path.iterdir()) == [
        "comparison",
        "differences",
        "discriminability",
    ]


def test_the_way_from_a_crystal_to_a_number_runs_as_pasted(tmp_path, monkeypatch):
    pytest.importorskip("abtem")
    page = (ROOT / "docs" / "howto" / "your_own_crystal.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(python|text)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (_, crystal), *steps = blocks
    (tmp_path / "SrTiO3.cif").write_text(crystal, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names, said = {}, ""
    for kind, text in steps:
        if kind == "text":
            assert said == text
            said = ""
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(text, names)
        said += printed.getvalue()
    assert [kind for kind, _ in steps].count("text") == 6
    assert said == ""
