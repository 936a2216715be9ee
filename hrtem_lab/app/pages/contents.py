"""The contents page: the chapters as cards, group by group."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import ipywidgets as widgets

from hrtem_lab.app.chapters import CHAPTERS, Chapter, grouped
from hrtem_lab.app.kit.widgets import Address


def cards(chapters: Iterable[Chapter] = CHAPTERS) -> Any:
    """Return a card with title, summary and reading time for each chapter, linked to it, under its group."""
    groups = grouped(chapters)
    sections = "".join(_section(group, members) for group, members in groups.items())
    total = duration(chapter for members in groups.values() for chapter in members)
    shown = f'{sections}<p class="hl-note">The whole course takes about {total}.</p>'
    style = Address()  # brings the style sheet
    return widgets.VBox(
        [widgets.HTML(f'<nav class="hl-contents" aria-label="Contents">{shown}</nav>'), style]
    )


def duration(chapters: Iterable[Chapter]) -> str:
    """Return the reading time of chapters together, from two hours up in hours and minutes."""
    minutes = sum(chapter.minutes for chapter in chapters)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60}\u202fh {minutes % 60}\u202fmin"


def _section(group: str, chapters: list[Chapter]) -> str:
    shown = "".join(map(_card, chapters))
    time = "" if len(chapters) == 1 else f" <small>about {duration(chapters)}</small>"
    return f'<section><h2>{escape(group)}{time}</h2><div class="hl-cards">{shown}</div></section>'


def _card(chapter: Chapter) -> str:
    return (
        f'<a class="hl-card" href="{chapter.href}"><h3>{chapter.number}. {escape(chapter.title)}</h3>'
        f"{escape(chapter.summary)}<br><small>about {chapter.minutes} minutes</small></a>"
    )
