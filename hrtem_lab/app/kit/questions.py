"""Questions to the reader: a prediction, which is only recorded, and a self-check with a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from hrtem_lab.app.kit.widgets import Spoken


def prediction(question: str, options: Sequence[str]) -> Any:
    """Return a question that only records the answer; the figure below it shows who is right.

    Parameters
    ----------
    question : str
        Plain text.
    options : sequence of str
        Possible answers.
    """
    kept = _live()
    commit = widgets.Button(
        description="This is my prediction", layout={"width": "fit-content"}, disabled=True
    )
    choice = _options(options)

    def decide(_button: Any) -> None:
        choice.disabled = commit.disabled = True
        kept.value = f"You predict: <strong>{escape(choice.value)}</strong>. Now see for yourself below."

    choice.observe(lambda change: setattr(commit, "disabled", change.new is None), names="value")
    commit.on_click(decide)
    return _block(question, [choice, commit, kept])


def self_check(question: str, answers: Mapping[str, tuple[bool, str]]) -> Any:
    """Return a question that shows a verdict and its reason as soon as an option is picked.

    Parameters
    ----------
    question : str
        Plain text.
    answers : mapping of str to (bool, str)
        Option → whether it is right, and why.
    """
    verdict = _live()
    choice = _options(list(answers))

    def judge(change: Any) -> None:
        right, why = answers[change.new]
        word, style = ("Right.", "right") if right else ("Not quite.", "wrong")
        verdict.value = f'<span class="hl-{style}"><strong>{word}</strong></span> {escape(why)}'

    choice.observe(judge, names="value")
    return _block(question, [choice, verdict])


def _live() -> Any:
    """Return a place for words that are read aloud when they appear."""
    place = widgets.HTML()
    place.add_class("hl-live")
    return place


def _options(options: Sequence[str]) -> Any:
    return widgets.RadioButtons(options=options, value=None, layout={"width": "auto"})


def _block(question: str, children: Sequence[Any]) -> Any:
    block = widgets.VBox([widgets.HTML(f"<strong>{escape(question)}</strong>"), *children, Spoken()])
    block.add_class("hl-question")
    return block
