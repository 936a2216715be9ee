"""What the chapters say in numbers is what their pages show at the settings of the number's link.

Every number is read from the prose. So a changed number, a changed link or a changed result turns a test red.
"""

import re

import pytest

from hrtem_lab.app.pages import edge_cases, four_metrics, low_dose, noise, precipitates, reality, worst_cases
from tests.pages.statements import prose
from tests.pages.statements.doses import LOW_DOSE, SLOW, STUDIES
from tests.pages.statements.exceptions import EXCEPTIONS
from tests.pages.statements.images import (
    BANDS,
    CURVES,
    EDGE_CASES,
    FOUR_BANDS,
    FOUR_METRICS,
    WORST_CASES,
)
from tests.pages.statements.noise import NOISE
from tests.pages.statements.opening import at, banded, complete, early, understood
from tests.pages.statements.reality import REALITY
from tests.pages.statements.sizes import LONG, PRECIPITATES

PLACEHOLDER = r"\[([^\]]*)\]\(([^)\s]+)\)"

PAGES = {
    "01_four_metrics": (four_metrics.dashboard,),
    "02_edge_cases": (edge_cases.explorer,),
    "03_worst_cases": (worst_cases.search, worst_cases.game),
    "04_noise": (noise.dashboard,),
    "05_low_dose": (low_dose.dashboard,),
    "06_precipitates": (precipitates.dashboard, precipitates.game, precipitates.believe),
    "07_reality": (reality.dashboard,),
}
STATEMENTS = {
    "01_four_metrics": FOUR_METRICS | FOUR_BANDS,
    "02_edge_cases": EDGE_CASES | BANDS | CURVES,
    "03_worst_cases": WORST_CASES,
    "04_noise": NOISE,
    "05_low_dose": LOW_DOSE | STUDIES,
    "06_precipitates": PRECIPITATES,
    "07_reality": REALITY,
}


def found(chapter, phrase):
    """Return the links of a phrase in a chapter, where `{}` stands for a link with a number."""
    pattern = PLACEHOLDER.join(re.escape(part) for part in phrase.split("{}"))
    text = prose.flowing(prose.chapter(chapter))
    matches = re.findall(pattern, text)
    assert len(matches) == 1, f"{chapter} has {phrase!r} {len(matches)} times"
    flat = matches[0]
    return [prose.Link(*flat[place : place + 2]) for place in range(0, len(flat), 2)]


def owner(chapter, settings):
    """Return what makes the dashboard of a chapter to which the settings of a link belong."""
    asked = {part.partition("=")[0] for part in settings.split("&")}
    (make,) = [make for make in PAGES[chapter] if asked <= set(early(make).keys)]
    return make


CASES = [
    pytest.param(
        *(chapter, phrase),
        id=f"{chapter[:2]}: {phrase}",
        marks=[pytest.mark.slow] if phrase in SLOW | LONG else [],
    )
    for chapter, statements in STATEMENTS.items()
    for phrase in statements
]


@pytest.fixture(autouse=True)
def few_phases():
    """Bands are those that a reader sees."""


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    # Figures of a study that is not yet complete would take longer than the study.
    monkeypatch.setattr("hrtem_lab.app.pages.low_dose.page.SECONDS_BETWEEN_FIGURES", float("inf"))


@pytest.mark.parametrize(("chapter", "phrase"), CASES)
def test_the_page_shows_the_number_of_a_statement(chapter, phrase):
    asserted = STATEMENTS[chapter][phrase]
    quantities = list(asserted) if isinstance(asserted, tuple) else [asserted]
    show = (
        complete if phrase in {**STUDIES, **CURVES} else banded if phrase in {**FOUR_BANDS, **BANDS} else at
    )
    for link in found(chapter, phrase):
        page = None
        if link.settings:
            page = understood(show(owner(chapter, link.settings), link.settings), link.settings)
        for number in link.numbers:
            exact = quantities.pop(0)(page)
            assert prose.says(number, exact), f"{phrase}: {number} at {link.target} is {exact:.4g}"
    assert quantities == []


@pytest.mark.parametrize("chapter", STATEMENTS)
def test_every_linked_number_is_compared(chapter):
    """But for the links at the head of a row: `test_tables` compares the numbers behind them."""
    text = prose.chapter(chapter)
    heads = [link for row in prose.rows(text) for link in prose.links(row[""])]
    compared = [link for phrase in STATEMENTS[chapter] for link in found(chapter, phrase)]
    linked = [link for link in prose.links(text) if link.settings or link.target.startswith("#")]
    assert sorted(compared + [link for link in heads if link.numbers]) == sorted(
        link for link in linked if link.numbers
    )


@pytest.mark.parametrize("chapter", STATEMENTS)
def test_a_link_without_a_number_opens_too(chapter):
    for link in set(prose.links(prose.chapter(chapter))):
        if link.settings and not link.numbers:
            understood(at(owner(chapter, link.settings), link.settings), link.settings)


@pytest.mark.parametrize("chapter", STATEMENTS)
def test_a_sentence_with_a_number_has_a_link_to_where_it_holds(chapter):
    text = prose.chapter(chapter)
    bare = [
        sentence
        for sentence in prose.statements(text)
        if prose.in_words(sentence)
        and not any(
            link.settings or link.target.startswith(("#", "../docs/")) for link in prose.links(sentence)
        )
        and not any(phrase in sentence for phrase in EXCEPTIONS[chapter])
    ]
    assert bare == []
    assert [phrase for phrase in EXCEPTIONS[chapter] if prose.flowing(text).count(phrase) != 1] == []


@pytest.mark.parametrize("chapter", STATEMENTS)
def test_a_link_to_a_place_finds_it(chapter):
    """A place is a heading, in a document under the name that a forge gives it."""
    for link in prose.links(prose.chapter(chapter)):
        path, _, place = link.target.partition("#")
        if not path and place:
            assert f"## {place.replace('-', ' ')}" in prose.chapter(chapter)
        elif path.startswith("../docs/"):
            text = (prose.NOTEBOOKS / path).read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            names = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert not place or place in names, f"{link.target} leads to no heading"
