"""Chapter 6's game without a browser: marks, the truth afterwards, the list of rounds and what is kept."""

import functools

import numpy as np
import pytest

from hrtem_lab.app.pages import precipitates
from hrtem_lab.app.pages.precipitates import rounds
from hrtem_lab.app.pages.precipitates.cell_marks import outline
from hrtem_lab.app.pages.precipitates.rounds import diameter_of, round_of
from hrtem_lab.rendering import encode_image
from hrtem_lab.sizing.specimens import CELL, Specimen
from tests.pages.reader import PNG, Reader, words

RIVAL = functools.cache(rounds.Round.rival)
"""What the methods say of a round, computed once for all tests."""
LAST = 200


@pytest.fixture(autouse=True)
def _quick_rivals(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    monkeypatch.setattr(rounds.Round, "rival", RIVAL)


@pytest.fixture
def game():
    return Reader(precipitates.game())


def listed(game):
    """Return the list of rounds, in words."""
    return words(game.text("our rounds"))


def test_a_round_from_marks_to_truth(game, real_curves):
    assert "<tr" not in game.text("our rounds")
    game.mark(0, 1, 2)
    assert "Marked: 3 cells, 1.0 nm (2 cells)" in game.said
    assert game.grid.overlay == ""
    game.press("Done")
    specimen = round_of(1).specimen
    truth = specimen.truth
    assert f"True: {specimen.diameter * CELL / 10:.1f} nm" in game.status
    assert f"{int(truth.sum()) + 3 - 2 * int(truth.ravel()[:3].sum())} cells wrong" in game.status
    assert game.grid.overlay == outline(truth)
    assert not game.grid.enabled
    assert game.picture("Your diameters").data.startswith(PNG)
    (row,) = game.rows
    assert row["round"] == "1"
    assert float(row["your diameter (cells)"]) == pytest.approx(diameter_of(3), abs=1e-4)
    assert game.figure.startswith(PNG)


def test_only_the_first_try_of_a_round_counts(game):
    game.press("Done")
    first = game.csv
    assert len(first) == 2
    game.press("Next round")
    assert game.value("Round") == 2
    assert (game.grid.enabled, game.grid.marked, game.grid.overlay) == (True, [], "")
    game.set("Round", 1)
    game.mark(5)
    game.press("Done")
    assert game.csv == first


def test_next_leads_to_rounds_not_counted_yet(game):
    game.press("Done")
    game.set("Round", LAST)
    game.press("Next round")
    assert game.value("Round") == 2


def test_earlier_visits_are_listed_and_can_be_forgotten(game):
    other = Reader(precipitates.game())
    game.press("Done")
    other.storage.values = game.storage.values
    assert listed(other) == listed(game)
    assert other.csv == game.csv
    other.press("Forget my rounds")
    assert other.rows == []
    assert other.storage.values == {}
    assert "will be listed" in listed(other)


def test_marks_can_be_cleared_until_done(game):
    game.mark(4)
    game.press("Clear marks")
    assert game.grid.marked == []
    game.press("Done")
    assert game.button("Clear marks").disabled


def test_a_link_opens_a_round(game):
    game.open("round=12")
    assert game.value("Round") == 12
    white = float(Specimen(diameter=0, pixels=512).image.max())
    assert game.grid.data == encode_image(round_of(12).image, limits=(0, white))
    assert game.grid.alt.startswith("Round 12:")
    game.open("round=0")
    (told,) = game.alerts
    assert "Round must be a number from 1 to 200, got '0'" in told


def test_the_true_cells_are_not_wrong(game):
    game.mark(*np.flatnonzero(round_of(1).specimen.truth).tolist())
    game.press("Done")
    assert ", 0 cells wrong" in game.status
