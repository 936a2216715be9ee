"""The contents page."""

import re

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.pages import contents
from tests.pages.reader import Reader, words


def test_the_contents_show_every_chapter_as_a_card():
    (html,) = Reader(contents.cards()).texts
    cards = re.findall(r'<a class="hl-card" href="([^"]+)">(.*?)</a>', html)
    assert [href for href, _ in cards] == [chapter.href for chapter in CHAPTERS[1:]]
    for (_, card), chapter in zip(cards, CHAPTERS[1:], strict=True):
        said = words(card)
        assert said.startswith(f"{chapter.number}. {chapter.title}")
        assert chapter.summary in said
        assert f"{chapter.minutes} minutes" in said
