"""Questions to the reader: a prediction that is compared with its outcome, and self-checks with a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets as widgets

from hrtem_lab import __version__
from hrtem_lab.app.kit.widgets import Answer, Spoken

COMMIT, SKIP, AGAIN = "This is my prediction", "Show me without predicting", "Predict again"
_WAITING = {
    "": "What gives the answer away stays covered until you predict or skip.",
    "link": "This link has settings of its own, so nothing below is covered. You may predict all the same.",
    "storage": "Your browser does not keep answers, so nothing below is covered.",
}


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a chapter asks before it shows the outcome.

    Attributes
    ----------
    question : str
        Plain text. What it asks for is measured on the page: one metric on several images, or each metric
        against its own threshold; values of different metrics are not ranked.
    options : sequence of str
        Possible answers.
    outcome : callable
        ``() -> (option, words)``: the answer that is right, and the numbers that say so as a sentence. It is
        called when the reader has decided, so a page opens without waiting for it.
    reason : str
        Why it is so, and where the page shows it.
    """

    question: str
    options: Sequence[str]
    outcome: Callable[[], tuple[str, str]]
    reason: str


@dataclass(frozen=True)
class Check:
    """A question with a verdict.

    Attributes
    ----------
    question : str
        Plain text.
    answers : mapping of str to (bool, str)
        Option → whether it is right, and why.
    """

    question: str
    answers: Mapping[str, tuple[bool, str]]


class Questions:
    """The questions of a chapter; the cells of its notebook name them only, so no answer stands there.

    Parameters
    ----------
    chapter : str
        Name under which the browser keeps the answers.
    prediction : Prediction
        What is asked first. Widgets of the page with the class `hl-outcome` are covered until it is answered.
    checks : mapping of str to Check
        The self-checks by their names.
    settings : sequence of str
        Keys of the dashboard's settings; a link with one of them covers nothing.
    """

    def __init__(
        self, chapter: str, prediction: Prediction, checks: Mapping[str, Check], *, settings: Sequence[str]
    ) -> None:
        self._chapter, self._prediction, self._checks = chapter, prediction, checks
        self._settings = list(settings)

    def prediction(self) -> Any:
        """Return the prediction: a choice, its outcome, and buttons to commit, skip and start over."""
        asked = self._prediction
        kept = Answer(
            name=f"{self._chapter}:prediction",
            options=list(asked.options),
            settings=self._settings,
            covers=True,
        )
        choice, told = _options(asked.options), _live()
        commit, skip, again = (_button(text) for text in (COMMIT, SKIP, AGAIN))

        skip.add_class("hl-skip")

        def show(_change: Any = None) -> None:
            decided = bool(kept.answer) or kept.skipped
            if kept.answer in asked.options:
                choice.value = kept.answer
            choice.disabled = skip.disabled = decided
            commit.disabled = decided or choice.value is None
            again.disabled = not decided
            told.value = f'<div class="hl-told">{_told(asked, kept)}</div>'

        def forget(_button: Any) -> None:
            with kept.hold_sync():
                kept.answer, kept.skipped, kept.uncovered, kept.outcome = "", False, "", []
            choice.value = None

        choice.observe(show, names="value")
        commit.on_click(lambda _: setattr(kept, "answer", choice.value))
        skip.on_click(lambda _: setattr(kept, "skipped", True))
        again.on_click(forget)
        kept.observe(show, names=["answer", "skipped", "uncovered"])
        show()
        buttons = widgets.HBox([commit, skip, again], layout={"flex_flow": "row wrap"})
        return _block(asked.question, [choice, buttons, told, kept])

    def self_check(self, name: str) -> Any:
        """Return a question that shows a verdict and its reason as soon as an option is picked.

        Parameters
        ----------
        name : str
            One of the chapter's self-checks.

        Raises
        ------
        ValueError
            If the chapter has no self-check of this name.
        """
        if name not in self._checks:
            raise ValueError(f"the self-checks are {', '.join(self._checks)}, got {name!r}")
        check = self._checks[name]
        kept = Answer(name=f"{self._chapter}:{name}", options=list(check.answers))
        choice, verdict = _options(list(check.answers)), _live()

        def judge(change: Any) -> None:
            right, why = check.answers[change.new]
            word, style = ("Right.", "right") if right else ("Not quite.", "wrong")
            verdict.value = f'<span class="hl-{style}"><strong>{word}</strong></span> {escape(why)}'
            kept.answer = change.new

        def recall(change: Any) -> None:
            if change.new in check.answers:
                choice.value = change.new

        choice.observe(judge, names="value")
        kept.observe(recall, names="answer")
        return _block(check.question, [choice, verdict, kept])


def _told(asked: Prediction, kept: Answer) -> str:
    """Return what the page says below the question, as HTML."""
    if not kept.answer and not kept.skipped:
        return f'<p class="hl-waiting">{_WAITING.get(kept.uncovered, _WAITING[""])}</p>'
    right, measured = _outcome(asked, kept)
    words = f"{escape(measured)} {escape(asked.reason)}"
    it_is = f"It is: <strong>{escape(right)}</strong>."
    if not kept.answer:
        return f"<p>You skipped the prediction. {it_is}</p><p>{words}</p>"
    style, praise = (
        ("right", "Well predicted.")
        if kept.answer == right
        else ("wrong", "Not what you expected: a surprise is worth a closer look.")
    )
    return (
        f"<p>You predicted: <strong>{escape(kept.answer)}</strong>. {it_is} "
        f'<span class="hl-{style}"><strong>{praise}</strong></span></p><p>{words}</p>'
    )


def _outcome(asked: Prediction, kept: Answer) -> tuple[str, str]:
    """Return what came out; the browser's words are taken only if this version of the package wrote them."""
    version, *found = kept.outcome or [""]
    if version != __version__ or len(found) != 2 or found[0] not in asked.options:
        found = list(asked.outcome())
        kept.outcome = [__version__, *found]
    return found[0], found[1]


def _button(text: str) -> Any:
    return widgets.Button(description=text, layout={"width": "fit-content"})


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
