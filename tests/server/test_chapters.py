"""The groups of chapters, as the navigation and the contents page show them."""

import re

import pytest

from hrtem_lab.app.chapters import CHAPTERS, GROUPS, Chapter, grouped, navigation
from hrtem_lab.app.pages import contents


def chapter(number: int, group: str, minutes: int = 20) -> Chapter:
    """Return a made-up chapter."""
    return Chapter(
        file=f"{number:02d}_x",
        number=number,
        group=group,
        title=f"<{number}>",
        summary="It is.",
        minutes=minutes,
    )


def test_every_chapter_stands_in_its_group_and_groups_in_their_order():
    assert tuple(grouped()) == GROUPS
    assert [chapter for members in grouped().values() for chapter in members] == list(CHAPTERS[1:])
    assert CHAPTERS[0].group == ""


def test_a_chapter_outside_its_group_would_be_seen():
    mixed = [chapter(1, "a"), chapter(2, "b"), chapter(3, "a")]
    assert [c.number for members in grouped(mixed).values() for c in members] == [1, 3, 2]


def test_the_template_gets_group_and_link_of_each_chapter():
    (entry,) = navigation([chapter(7, "a")])
    assert entry["group"] == "a"
    assert entry["href"] == "07_x.ipynb"


def test_the_contents_show_each_group_with_its_cards_and_reading_time():
    course = [chapter(0, ""), chapter(1, "a & b", 45), chapter(2, "a & b", 30), chapter(3, "c", 60)]
    html = contents.cards(course).children[0].value
    sections = re.findall(r"<section><h2>(.*?)</h2>(.*?)</section>", html)
    assert [heading for heading, _ in sections] == ["a &amp; b <small>about 75 minutes</small>", "c"]
    assert [re.findall(r'href="(.*?)"', cards) for _, cards in sections] == [
        ["01_x.ipynb", "02_x.ipynb"],
        ["03_x.ipynb"],
    ]
    assert "The whole course takes about 2\u202fh 15\u202fmin." in html


@pytest.mark.parametrize(
    ("minutes", "words"), [(25, "25 minutes"), (119, "119 minutes"), (120, "2\u202fh 0\u202fmin")]
)
def test_reading_time_in_words(minutes, words):
    assert contents.duration([chapter(1, "a", minutes)]) == words
