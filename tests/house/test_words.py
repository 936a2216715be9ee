"""Prose is plain English, and thin spaces that do not break hold its numbers together."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = [
    path
    for folder in ("hrtem_lab", "benchmarks", "notebooks")
    for kind in ("py", "js", "css", "html", "j2", "md")
    for path in sorted((ROOT / folder).rglob(f"*.{kind}"))
]

# Parts of Markdown whose numbers are not prose: code, comments, equations, targets of links, addresses.
NOT_PROSE = re.compile(
    r"^```.*?^```|<!--.*?-->|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|\]\([^)]*\)|https?:\S+|doi:\S+",
    re.MULTILINE | re.DOTALL,
)
# Groups of three digits with anything else between them than the narrow unbreakable space U+202F.
LOOSE = re.compile(r"(?<![\d.,\w])\d{1,3}(?:[ ,\u00a0\u2009]\d{3})+(?![\d\w])")
# Five digits or more without groups. Four digits may be a year or a port.
RUN = re.compile(r"(?<![\w.,/:#…-])\d{5,}(?!\w)")
# A dose whose unit could begin the next line.
DOSE = re.compile(r"\d[ \u00a0]e⁻")

# A line in the middle of a paragraph that Markdown takes for the beginning of a list.
LIST_BY_CHANCE = re.compile(r"(?<=\S\n)[ \t]*(?:1[.)]|\+)[ \t].*")

# Phrases that a second-language reader stumbles over; each has a plain counterpart.
PHRASES = (
    "from which on",  # the lowest dose above which
    "shall see",  # so that the reader also sees
    "never rests",  # while the slider is dragged
    "would else",  # would otherwise
    "so much before",  # this fraction before
    "bump still gains",  # a saturating bump soon gains less
)


def prose(text: str) -> str:
    """Return Markdown without the parts in which numbers are no prose."""
    return NOT_PROSE.sub(" · ", text)


def flowing(text: str) -> str:
    """Return a source in one line, so that a phrase is found across the ends of lines and of comments."""
    return re.sub(r"\s*\n\s*(?:#:?|//|\*)?\s*", " ", text)


def loose_numbers(text: str) -> list[str]:
    """Return the numbers of a text that could break at the end of a line, or have no groups."""
    return [match.group() for rule in (LOOSE, RUN, DOSE) for match in rule.finditer(prose(text))]


def cells(path: Path) -> Iterator[str]:
    """Yield the Markdown of a notebook."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            yield cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_numbers_of_a_chapter_hold_together(path):
    assert [number for cell in cells(path) for number in loose_numbers(cell)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_numbers_of_a_document_hold_together(path):
    """Tables are left out: programs print them, and other tests compare them."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert loose_numbers("\n".join(line for line in lines if not line.startswith("|"))) == []


def lists_by_chance(text: str) -> list[str]:
    """Return the lines of a text that begin a list in the middle of a paragraph."""
    return LIST_BY_CHANCE.findall(prose(text))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_number_of_a_chapter_begins_a_list(path):
    assert [line for cell in cells(path) for line in lists_by_chance(cell)] == []


@pytest.mark.parametrize(
    "path", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_no_number_of_a_document_begins_a_list(path):
    assert lists_by_chance(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("vacuum is\n1. A metric", ["1. A metric"]),
        ("by 0.18\n+ noise", ["+ noise"]),
        ("* by 0.18\n  + noise", ["  + noise"]),
        ("two steps:\n\n1. One\n2. Two", []),
        ("vacuum is 1. A metric\n1.5 times\n12. of May", []),
    ],
)
def test_a_list_by_chance_is_seen(text, found):
    assert lists_by_chance(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("at 5 000 pixels", ["5 000"]),
        ("at 500 e⁻/nm²", ["0 e⁻"]),
        ("at 15\u00a0000 and 1,000,000", ["15\u00a0000", "1,000,000"]),
        ("12345 patches", ["12345"]),
        ("at 5\u202f000\u202fe⁻/nm² in 2022", []),
        ("`seed=12 345`, [a link](12 345), $12 345$, doi:10.1016/j.ultramic.2022.113578", []),
        ("```\n12 345\n```", []),
        ("0.5, 250 and 4 × 100 pixels", []),
    ],
)
def test_a_loose_number_is_found(text, found):
    assert loose_numbers(text) == found


@pytest.mark.parametrize("phrase", PHRASES)
def test_odd_phrases_stay_away(phrase):
    texts = {path: flowing(path.read_text(encoding="utf-8")) for path in [*SOURCES, *DOCUMENTS]}
    assert [str(path.relative_to(ROOT)) for path, text in texts.items() if phrase in text] == []


def test_a_phrase_is_found_across_lines():
    assert "would else" in flowing("# a dark pixel would\n    # else be rare")
    assert "would else" in flowing("it would\nelse be rare")
