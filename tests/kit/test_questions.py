"""A prediction that is compared with its outcome, and a self-check; both are kept by the browser."""

import dataclasses

import ipywidgets as widgets
import pytest

from hrtem_lab.app.kit import questions
from hrtem_lab.app.kit.widgets import Answer
from tests.pages.reader import Reader, words


@dataclasses.dataclass
class Asked:
    """A chapter with one prediction and one self-check, and how often its outcome was measured."""

    measured: int = 0

    def outcome(self) -> tuple[str, str]:
        self.measured += 1
        return "a > b", "a is 2 & b is 1."

    def questions(self) -> questions.Questions:
        prediction = questions.Prediction(
            question="Is a < b?", options=("yes", "a > b"), outcome=self.outcome, reason="Count <them>."
        )
        answers = {"5": (False, "Count <again>."), "4": (True, "Indeed.")}
        checks = {"sum": questions.Check("2 + 2?", answers)}
        return questions.Questions("counting", prediction, checks, settings=["dose"])


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def reader(asked: Asked) -> Reader:
    return Reader(asked.questions().prediction())


def told(reader: Reader) -> str:
    return words(reader.text("hl-told"))


class TestPrediction:
    def test_it_waits_for_a_choice_and_measures_nothing(self, asked: Asked, reader: Reader) -> None:
        assert reader.part(widgets.RadioButtons).value is None
        assert reader.button(questions.COMMIT).disabled
        assert reader.button(questions.AGAIN).disabled
        assert not reader.button(questions.SKIP).disabled
        assert "covered until" in told(reader)
        assert asked.measured == 0
        reader.part(widgets.RadioButtons).value = "yes"
        assert "a > b" not in told(reader)
        assert asked.measured == 0

    @pytest.mark.parametrize(
        ("answer", "style", "praise"),
        [("a > b", "right", "Well predicted."), ("yes", "wrong", "Not what you expected: a surprise")],
    )
    def test_a_committed_one_is_compared_with_the_outcome(
        self, reader: Reader, answer: str, style: str, praise: str
    ) -> None:
        reader.part(widgets.RadioButtons).value = answer
        reader.press(questions.COMMIT)
        assert told(reader).startswith(f"You predicted: {answer} . It is: a > b . {praise}")
        assert told(reader).endswith("a is 2 & b is 1. Count <them>.")
        assert f"hl-{style}" in reader.text("hl-told")
        assert reader.is_read_aloud("hl-told")
        assert reader.part(widgets.RadioButtons).disabled
        assert reader.button(questions.COMMIT).disabled
        assert reader.button(questions.SKIP).disabled

    def test_skipping_tells_the_outcome(self, reader: Reader) -> None:
        reader.press(questions.SKIP)
        assert told(reader) == "You skipped the prediction. It is: a > b . a is 2 & b is 1. Count <them>."
        assert reader.part(Answer).skipped
        assert not reader.part(Answer).answer

    def test_predict_again_forgets_everything(self, asked: Asked, reader: Reader) -> None:
        before = reader.part(Answer).get_state()
        for decide in (questions.COMMIT, questions.SKIP):
            reader.part(widgets.RadioButtons).value = "yes"
            reader.press(decide)
            reader.press(questions.AGAIN)
            assert "covered until" in told(reader)
            assert reader.part(widgets.RadioButtons).value is None
            assert reader.part(Answer).get_state() == before

    def test_what_the_browser_kept_is_shown_without_measuring(self, asked: Asked, reader: Reader) -> None:
        reader.part(widgets.RadioButtons).value = "yes"
        reader.press(questions.COMMIT)
        kept = reader.part(Answer)
        later = Reader(asked.questions().prediction())
        assert later.part(Answer).name == kept.name == "counting:prediction"
        later.part(Answer).set_state({"answer": kept.answer, "outcome": kept.outcome})
        assert told(later) == told(reader)
        assert later.part(widgets.RadioButtons).value == "yes"
        assert asked.measured == 1

    @pytest.mark.parametrize("outcome", [[], ["0.0.0", "yes", "a is 1."], ["x"], ["", "<b>", "<script>"]])
    def test_words_that_another_version_kept_are_measured_again(
        self, asked: Asked, reader: Reader, outcome: list[str]
    ) -> None:
        reader.part(Answer).set_state({"answer": "yes", "outcome": outcome})
        assert asked.measured == 1
        assert "It is: a > b . Not what you expected" in told(reader)

    @pytest.mark.parametrize(
        ("why", "said"), [("link", "This link has settings"), ("storage", "does not keep")]
    )
    def test_where_nothing_is_covered_the_page_says_why(self, reader: Reader, why: str, said: str) -> None:
        reader.part(Answer).set_state({"uncovered": why})
        assert said in told(reader)
        reader.press(questions.SKIP)
        assert told(reader).startswith("You skipped")

    def test_the_browser_knows_which_links_ask_for_settings(self, reader: Reader) -> None:
        assert reader.part(Answer).settings == ["dose"]
        assert reader.part(Answer).covers


class TestSelfCheck:
    def test_it_answers_at_once_and_may_be_tried_again(self, asked: Asked) -> None:
        reader = Reader(asked.questions().self_check("sum"))
        *_, verdict = reader.parts(widgets.HTML)
        assert verdict.value == ""
        for answer, said, style in (
            ("5", "Not quite. Count <again>.", "wrong"),
            ("4", "Right. Indeed.", "right"),
        ):
            reader.part(widgets.RadioButtons).value = answer
            assert words(verdict.value) == said
            assert f"hl-{style}" in verdict.value
            assert reader.part(Answer).answer == answer
        assert not reader.part(Answer).covers

    def test_the_answer_that_the_browser_kept_is_judged(self, asked: Asked) -> None:
        reader = Reader(asked.questions().self_check("sum"))
        reader.part(Answer).set_state({"answer": "4"})
        assert reader.part(widgets.RadioButtons).value == "4"
        assert "Right. Indeed." in reader.said

    def test_another_name_is_told_the_known_ones(self, asked: Asked) -> None:
        with pytest.raises(ValueError, match="the self-checks are sum, got 'product'"):
            asked.questions().self_check("product")
