"""Chapter 6's question whether a number can be believed: what is hidden, told, counted and kept."""

import csv
import dataclasses
import functools
import io
import re

import numpy as np
import pytest

from hrtem_lab.app.pages import precipitates
from hrtem_lab.app.pages.precipitates import believing
from hrtem_lab.app.pages.precipitates.cell_marks import outline
from hrtem_lab.app.pages.precipitates.mismatch import EXACT, Mismatch
from hrtem_lab.app.pages.precipitates.rounds import (
    ASKED,
    FLAWS,
    Belief,
    Case,
    beliefs_from_kept,
    beliefs_to_kept,
    case_of,
)
from hrtem_lab.app.pages.precipitates.specimen import diameter_words, verdict
from hrtem_lab.rendering import encode_image
from hrtem_lab.sizing.specimens import CELL, CELLS, Specimen, anywhere
from tests.pages.reader import PNG, Reader, words

BELIEVE, DOUBT = "I believe it", "I do not believe it"
PROBLEM = "the reference does not fit"
LAST = 100


@functools.cache
def quick_size(case, method=None):
    """Size every case by the quickest method; it doubts its number as the sphere may."""
    size = dataclasses.replace(case, method="false_alarm").measurement().sizer()(case.image)
    problems = (PROBLEM,) if method else ("this must be hidden",)
    return dataclasses.replace(size, problems=problems, diameter=size.diameter + (CELL if method else 0))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    monkeypatch.setattr(Case, "size", quick_size)
    monkeypatch.setattr(believing, "AFTER", 0)


@pytest.fixture
def question():
    return Reader(precipitates.believe())


def judged(question):
    """Return the rows of the list: the case, and what the reader said."""
    rows = re.findall(r'<th scope="row">(\d+)</th><td>([^<]+)</td>', " ".join(question.texts))
    return [(int(number), said) for number, said in rows]


def file(question):
    lines = question.content("Numbers (CSV)").decode().splitlines()
    return list(csv.DictReader(io.StringIO("\n".join(line for line in lines if not line.startswith("#")))))


class TestPage:
    def test_from_the_number_to_the_truth(self, question, real_curves):
        case = case_of(1)
        size, fit = quick_size(case), quick_size(case, "sphere")
        assert f"“{verdict(size, case.specimen, reveal=False)}”" in question.status
        assert "false-alarm rate" in question.status
        hidden = "shifted by", "True", "What is wrong", PROBLEM, "this must be hidden"
        assert not [word for word in hidden if word in question.said]
        assert {
            part.overlay
            for part in (question.picture("Map of the case"), question.picture("Cells counted in the case"))
        } == {""}
        white = float(Specimen(diameter=0, pixels=512).image.max())
        assert question.picture("Case 1").data == encode_image(case.image, limits=(0, white))

        question.press(DOUBT)
        told = words(question.text("The reference was")).partition(" Sphere by likelihood, ")
        assert told[0] == "Right. True: no precipitate. The reference was off: shifted by 0.3 Å."
        said = f"{verdict(fit, case.specimen, reveal=False)} The reference does not fit."
        assert told[2] == f"with the same reference: {said}"
        assert question.is_read_aloud("The reference was")
        assert "You judged 1 of 1 rightly" in question.said
        assert judged(question) == [(1, "doubted: right")]
        assert question.button(BELIEVE).disabled
        assert question.button(DOUBT).disabled
        (row,) = file(question)
        assert float(row.pop("diameter found (cells)")) == pytest.approx(size.diameter_in_cells, rel=1e-4)
        assert row == {
            "case": "1",
            "dose (e⁻/nm²)": "5000",
            "method": "false-alarm rate",
            "true diameter (cells)": "0",
            "reference": "shifted by 0.3 Å",
            "believed": "0",
            "judged rightly": "1",
        }
        assert question.figure.startswith(PNG)

    def test_a_wrong_judgement_is_told(self, question):
        question.open("case=2")
        case = case_of(2)
        assert (case.mismatch, case.specimen.diameter) == (EXACT, 11)
        right = case.holds(quick_size(case).diameter_in_cells)
        question.press(DOUBT if right else BELIEVE)
        told = words(question.text("The reference was"))
        assert told.startswith(f"Not quite. True: {diameter_words(11 * CELL)}. The reference was exact.")
        assert "You judged 0 of 1 rightly" in question.said
        assert question.picture("Map of the case").overlay == outline(case.specimen.truth)

    def test_the_spheres_own_number_is_not_measured_again(self, question, monkeypatch):
        asked = []

        def look(case, method=None):
            asked.append((case.number, method))
            return quick_size(case, method)

        monkeypatch.setattr(Case, "size", look)
        assert [case_of(number).method for number in (4, 5)] == ["sphere", "false_alarm"]
        for number in (4, 5):
            question.set("Case", number)
            question.press(BELIEVE)
        assert asked == [(4, None), (5, None), (5, "sphere")]

    def test_only_the_first_answer_counts(self, question):
        question.press(DOUBT)
        question.press("Next case")
        assert question.value("Case") == 2
        assert "The reference was" not in question.said
        assert not question.button(BELIEVE).disabled
        question.set("Case", 1)
        question.press(BELIEVE)
        assert "Not quite." in question.said
        assert judged(question) == [(1, "doubted: right")]

    def test_next_leads_to_a_case_not_judged_yet(self, question):
        question.press(DOUBT)
        question.set("Case", LAST)
        question.press("Next case")
        assert question.value("Case") == 2

    def test_earlier_answers_are_listed_and_can_be_forgotten(self, question):
        other = Reader(precipitates.believe())
        question.press(BELIEVE)
        other.storage.values = question.storage.values
        assert judged(other) == judged(question) == [(1, "believed: wrong")]
        assert file(other) == file(question)
        other.press("Forget my answers")
        assert (judged(other), other.storage.values, file(other)) == ([], {}, [])

    def test_a_link_that_makes_no_sense_is_complained_of(self, question):
        question.open("case=101")
        (told,) = question.alerts
        assert "Case must be a number from 1 to 100, got '101'" in told

    def test_nothing_of_the_case_before_stands_beside_the_next_image(self, question, monkeypatch):
        names = ("Map of the case", "Cells counted in the case")
        question.press(DOUBT)
        told = [question.picture(name) for name in names]
        before = [part.data for part in told]
        assert ["not measured yet" in part.alt for part in told] == [False, False]
        assert "truth" in told[1].caption
        seen = []

        def look(case, method=None):
            parts = [question.picture(name) for name in names]
            seen.extend((part.alt, words(part.caption), part.overlay) for part in parts)
            assert not {part.data for part in parts} & {*before}
            return quick_size(case, method)

        monkeypatch.setattr(Case, "size", look)
        question.press("Next case")
        assert seen == [
            ("Map of the case, not measured yet.", "Map of cells not measured yet", ""),
            ("Cells counted in the case, not measured yet.", "Cells counted not measured yet", ""),
        ]
        assert "not measured yet" not in "".join(question.picture(name).alt for name in names)

    def test_the_buttons_wait_for_the_number(self, monkeypatch):
        seen = []

        def look(case, method=None):
            seen.append([button.disabled for button in map(question.button, (BELIEVE, DOUBT))])
            return quick_size(case, method)

        question = Reader(precipitates.believe())
        monkeypatch.setattr(Case, "size", look)
        question.press("Next case")
        assert seen == [[True, True]]


class TestCases:
    def test_a_case_is_the_same_for_everybody(self):
        cases = [case_of(number) for number in range(1, LAST + 1)]
        assert cases == [case_of(number) for number in range(1, LAST + 1)]
        np.testing.assert_array_equal(cases[6].image, case_of(7).image)
        assert {case.method for case in cases} == set(ASKED)
        assert {case.mismatch for case in cases} == {EXACT, *FLAWS}
        assert 0.3 < np.mean([case.mismatch == EXACT for case in cases]) < 0.6
        assert 0.1 < np.mean([case.specimen.diameter == 0 for case in cases]) < 0.3

    def test_every_flaw_is_stored_and_off(self):
        assert all(flaw.stored and flaw.words for flaw in FLAWS)

    def test_a_method_is_told_the_wrong_reference(self):
        case = case_of(1)
        assert case.measurement().mismatch == case.measurement("sphere").mismatch == Mismatch(shift=0.3)
        assert (case.measurement().method, case.measurement("sphere").method) == ("false_alarm", "sphere")

    @pytest.mark.parametrize(
        ("diameter", "found", "holds"),
        [
            (8, 8.9, True),
            (8, 7.1, True),
            (8, 9.1, False),
            (8, np.nan, False),
            (0, np.nan, True),
            (0, 0.5, False),
        ],
    )
    def test_a_number_holds_within_one_cell(self, diameter, found, holds):
        specimen = anywhere(diameter, 16 * CELLS, np.random.default_rng(0))
        assert dataclasses.replace(case_of(1), specimen=specimen).holds(found) == holds

    def test_what_the_browser_keeps_comes_back(self):
        beliefs = [
            Belief(number=1, believed=True, found=np.nan),
            Belief(number=12, believed=False, found=7.25),
        ]
        kept = beliefs_to_kept(beliefs)
        assert all(np.isfinite(value) for value in kept.values())
        back = beliefs_from_kept({**kept, "3.believed": 1.0, "4.found": 2.0, "x.believed": 1.0})
        assert str(back) == str(beliefs)
        assert [one.right for one in back] == [
            one.believed == case_of(one.number).holds(one.found) for one in beliefs
        ]


def test_the_size_is_that_of_the_case(monkeypatch):
    monkeypatch.undo()
    case = dataclasses.replace(case_of(1), method="false_alarm")
    assert case.size().diameter == case.size("false_alarm").diameter == quick_size(case).diameter
