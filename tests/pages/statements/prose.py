"""The prose of a chapter as a reader sees it: its sentences and table rows, their numbers and links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jupytext

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
NUMBER = re.compile(r"−?\d[\d\u202f]*(?:\.\d+)?")
# Numbers that only name a thing: figures, sections, equations, years, a zone axis.
NAMES = re.compile(
    r"Figs?\. \w+(?:, \w\b|,? and \w\b)*(?:, row \d)?|sections? \d(?:\.\d)?|eq\. \d|\[001\]|[Cc]hapter \d"
    r"|\(20\d\d\)|\b20\d\d,|doi:\S+|`[^`]*`"
)
ENDS = re.compile(r"(?<=[.!?])[*”’)]*\s+(?=[*“(\[]*[A-Z“$χ])")


class Link(NamedTuple):
    """A link's text and where it leads."""

    text: str
    target: str

    @property
    def settings(self) -> str:
        """The query string of a link to a page with settings, '' for any other link."""
        return self.target.partition("?")[2].partition("#")[0]

    @property
    def numbers(self) -> list[str]:
        """The numbers in its text."""
        return numbers(self.text)


def chapter(name: str) -> str:
    """Return all Markdown of a chapter without its blocks of code."""
    cells = jupytext.read(NOTEBOOKS / f"{name}.py").cells
    return FENCED.sub("", "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown"))


def flowing(text: str) -> str:
    """Return a text in one line."""
    return re.sub(r"[ \t\n]+", " ", text).strip()


def links(text: str) -> list[Link]:
    """Return all links, in their order."""
    return [Link(*found) for found in LINK.findall(flowing(text))]


def numbers(text: str) -> list[str]:
    """Return the numbers of a piece of text that say something."""
    return NUMBER.findall(NAMES.sub("", text))


def value(number: str) -> float:
    """Return what a number in prose means.

    Examples
    --------
    >>> value("−1\u202f000.5")
    -1000.5
    """
    return float(number.replace("\u202f", "").replace("−", "-"))


def says(number: str, exact: float) -> bool:
    """Return whether a number in prose is an exact one, rounded to as many digits.

    A number of three digits that ends in 0 is rounded to two.

    Examples
    --------
    >>> says("0.39", 0.386), says("470", 467), says("14", 14.6)
    (True, True, False)
    """
    digits = len(number.partition(".")[2]) or -(value(number) >= 100 and number.endswith("0"))
    return abs(value(number) - exact) <= 0.5 * 10.0**-digits + 1e-9


def statements(text: str) -> Iterator[str]:
    """Yield every sentence, and every row of a table below its head."""
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip().splitlines()
        if lines and lines[0].startswith("|"):
            yield from lines[2:]
            continue
        if lines and lines[0].startswith("#"):
            continue
        for item in re.split(r"^(?:\* |> |\d\. )", block, flags=re.MULTILINE):
            yield from filter(None, ENDS.split(flowing(item)))


def rows(text: str) -> Iterator[dict[str, str]]:
    """Yield the rows of all tables: head of the column → cell; the first column is named ''."""
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip().splitlines()
        if len(lines) > 2 and lines[0].startswith("|"):
            _, *heads = cells(lines[0])
            for line in lines[2:]:
                yield dict(zip(["", *heads], cells(line), strict=True))


def cells(line: str) -> list[str]:
    """Return the cells of a line of a table."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def in_words(sentence: str) -> list[str]:
    """Return the numbers of a sentence outside its equations and the targets of its links."""
    return numbers(MATHS.sub("", LINK.sub(r"\1", sentence)))
