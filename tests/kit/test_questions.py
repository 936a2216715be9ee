"""A prediction and a self-check."""

import ipywidgets as widgets

from hrtem_lab.app.kit import questions
from tests.pages.reader import Reader, words


class TestQuestions:
    def test_a_prediction_is_asked_for_and_then_kept(self):
        block = questions.prediction("Is a < b?", ["yes", "a > b"])
        reader = Reader(block)
        choice, commit = reader.part(widgets.RadioButtons), reader.part(widgets.Button)
        assert choice.value is None
        assert commit.disabled
        choice.value = "a > b"
        assert not commit.disabled
        commit.click()
        assert choice.disabled
        assert commit.disabled
        said = [words(html) for html in reader.texts]
        assert said == ["Is a < b?", "You predict: a > b . Now see for yourself below."]

    def test_a_self_check_answers_at_once_and_may_be_tried_again(self):
        block = questions.self_check("2 + 2?", {"5": (False, "Count <again>."), "4": (True, "Indeed.")})
        choice = Reader(block).part(widgets.RadioButtons)
        *_, verdict = Reader(block).parts(widgets.HTML)
        assert verdict.value == ""
        for answer, said, style in (
            ("5", "Not quite. Count <again>.", "wrong"),
            ("4", "Right. Indeed.", "right"),
        ):
            choice.value = answer
            assert words(verdict.value) == said
            assert f"hl-{style}" in verdict.value
