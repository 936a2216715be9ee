"""What the documents print is what the code prints."""

import doctest
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_readme_s_example_prints_what_it_says():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 5
    assert result.failed == 0


def test_the_readme_names_every_chapter():
    from hrtem_lab.app.chapters import CHAPTERS

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(chapter.title in text for chapter in CHAPTERS)
