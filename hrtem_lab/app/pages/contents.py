"""The contents page: the chapters as cards."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.kit.widgets import Address


def cards() -> Any:
    """Return a card with title, summary and reading time for each chapter, linked to it."""
    shown = "".join(
        f'<a class="hl-card" href="{chapter.href}"><h3>{chapter.number}. {escape(chapter.title)}</h3>'
        f"{escape(chapter.summary)}<br><small>about {chapter.minutes} minutes</small></a>"
        for chapter in CHAPTERS
        if chapter.number
    )
    style = Address()  # brings the style sheet
    return widgets.VBox([widgets.HTML(f'<nav class="hl-cards" aria-label="Chapters">{shown}</nav>'), style])
