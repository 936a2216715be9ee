"""Chapter 3's game without a browser: distortions, paint, the score and what the browser keeps of it."""

import numpy as np
import pytest

from hrtem_lab import extremes
from hrtem_lab.app.pages import worst_cases
from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import encode_image
from tests.pages import library
from tests.pages.library import LABELS
from tests.pages.reader import PNG, ROUNDED, Reader, levels, opened

REFERENCE = extremes.stored_reference()
WHITE = float(REFERENCE.max())
CLEAN = levels(encode_image(REFERENCE, limits=(0, WHITE)))
CONTROLS = {
    "raise": "Raise",
    "keep": "Keep acceptable",
    "shift": "Shift",
    "defocus": "Defocus",
    "contrast": "Contrast",
    "blur": "Blur σ",
    "noise": "Noise σ",
    "brush": "Brush",
    "size": "Brush width",
}
JUDGES = [key for key, metric in METRICS.items() if metric.threshold is not None]


@pytest.fixture
def game():
    return Reader(worst_cases.game())


@pytest.fixture
def seen(compared):
    """A game whose images are recorded, and the images."""
    return Reader(worst_cases.game()), compared


def choose(game, **values):
    """Set controls as the reader does, one after the other."""
    for key, value in values.items():
        game.set(CONTROLS[key], METRICS[value].label if key in ("raise", "keep") else value)


def paint(game, x, y):
    game.point("Your image", x, y)


def shown_levels(game):
    return levels(game.picture("Your image"))


def judged_levels(game, image):
    """Return the grey levels of an image, after checking that the numbers shown are its own."""
    assert game.numbers == pytest.approx(library.differences(REFERENCE, image), abs=ROUNDED)
    return np.rint(255 * image / WHITE).astype(int)


class TestGame:
    """The game of fooling a metric."""

    def test_the_clean_reference_scores_nothing(self, game):
        assert np.array_equal(shown_levels(game), CLEAN)
        assert game.numbers == pytest.approx(dict.fromkeys(METRICS, 0), abs=ROUNDED)
        assert "Score 0.000" in game.said
        assert game.alerts == []

    @pytest.mark.parametrize(
        "change",
        [{"shift": 0.25}, {"defocus": -3.0}, {"contrast": 0.5}, {"blur": 2.0}, {"noise": 10.0}],
        ids=lambda change: next(iter(change)),
    )
    def test_every_distortion_changes_picture_and_numbers(self, seen, change):
        game, images = seen
        choose(game, **change)
        assert not np.array_equal(shown_levels(game), CLEAN)
        assert any(game.numbers.values())
        assert np.abs(shown_levels(game) - judged_levels(game, images[-1])).max() <= 1

    def test_paint_lands_where_the_reader_points(self, game):
        choose(game, brush=100, size=6)
        paint(game, 0.26, 0.74)
        change = shown_levels(game) - CLEAN
        row, column = np.unravel_index(change.argmax(), change.shape)
        assert (row + 0.5, column + 0.5) == pytest.approx((0.74 * 128, 0.26 * 128), abs=6)
        assert change.max() > 50
        assert change.min() >= -1
        y, x = np.mgrid[:128, :128] + 0.5
        far = np.hypot(x - 0.26 * 128, y - 0.74 * 128) > 12
        assert np.abs(change[far]).max() <= 1
        assert game.numbers["sift"] > 0

    def test_paint_scores_only_while_the_other_metric_accepts_it(self, game):
        paint(game, 0.5, 0.5)
        score = game.numbers["sift"]
        assert score > 0
        assert game.numbers["mse"] <= METRICS["mse"].threshold
        assert f"Score {score:.3f}" in game.said
        assert game.storage.values["sift-mse"] == pytest.approx(score, abs=ROUNDED)

    def test_no_score_above_the_threshold(self, game):
        before = game.storage.values
        choose(game, contrast=-1)
        assert game.numbers["mse"] > METRICS["mse"].threshold
        assert game.numbers["sift"] > 0.5
        assert "No score: MSE is above its threshold of 0.07" in game.said
        assert game.storage.values == before

    def test_the_best_score_never_falls(self, game):
        for x in (0.2, 0.4, 0.6):
            paint(game, x, 0.5)
        best = game.storage.values["sift-mse"]
        assert best > 0
        game.press("Undo stroke")
        game.press("Clear paint")
        assert "Score 0.000" in game.said
        assert game.storage.values["sift-mse"] == best
        assert f"Your best so far: {best:.3f}" in game.said

    def test_a_best_score_of_an_earlier_visit_counts(self, game):
        game.storage.values = {"sift-mse": 0.75, "ssim-mse": 0.25}
        assert "Your best so far: 0.750" in game.said
        paint(game, 0.5, 0.5)
        assert game.storage.values == {"sift-mse": 0.75, "ssim-mse": 0.25}
        assert "Your best so far: 0.750" in game.said

    def test_each_pair_has_a_score_of_its_own(self, game):
        paint(game, 0.5, 0.5)
        best = game.storage.values["sift-mse"]
        choose(game, contrast=-1, keep="cw_ssim")
        assert game.storage.values["sift-cw_ssim"] > best
        assert game.storage.values["sift-mse"] == best

    @pytest.mark.parametrize("key", JUDGES)
    def test_a_metric_cannot_fool_itself(self, game, key):
        choose(game, **{"raise": key, "keep": key})
        assert "Choose two different metrics." in game.said
        paint(game, 0.5, 0.5)
        assert f"{key}-{key}" not in game.storage.values

    def test_strokes_are_undone_one_by_one_and_cleared_together(self, game):
        seen = [shown_levels(game)]
        for x in (0.2, 0.5, 0.8):
            paint(game, x, 0.5)
            seen.append(shown_levels(game))
        assert len({picture.tobytes() for picture in seen}) == 4
        game.press("Undo stroke")
        assert np.array_equal(shown_levels(game), seen[2])
        game.press("Clear paint")
        assert np.array_equal(shown_levels(game), CLEAN)
        game.press("Undo stroke")
        assert np.array_equal(shown_levels(game), CLEAN)
        assert game.alerts == []

    @pytest.mark.parametrize("last", [{"contrast": 0.4}, {"brush": 80}, {"size": 3}])
    def test_reset_restores_the_clean_reference(self, game, last):
        choose(game, noise=5.0)
        paint(game, 0.5, 0.5)
        choose(game, **last)
        game.press("Reset")
        assert np.array_equal(shown_levels(game), CLEAN)
        assert game.numbers == pytest.approx(dict.fromkeys(METRICS, 0), abs=ROUNDED)

    def test_choosing_a_brush_changes_nothing_yet(self, game):
        paint(game, 0.5, 0.5)
        before = game.picture("Your image").data
        choose(game, brush=-100, size=20)
        assert game.picture("Your image").data == before

    def test_a_link_with_a_brush_keeps_its_other_settings(self, game):
        linked = opened(worst_cases.game, "contrast=-1&brush=80&size=9")
        assert (linked.value("Brush"), linked.value("Brush width")) == (80, 9)
        choose(game, contrast=-1)
        assert np.array_equal(shown_levels(linked), shown_levels(game))
        assert linked.numbers == game.numbers

    @pytest.mark.parametrize("brush", [-100, 100])
    def test_intensities_stay_within_black_and_white(self, seen, brush):
        game, images = seen
        choose(game, noise=30.0, brush=brush, size=20)
        for x in (0.25, 0.5, 0.75):
            paint(game, x, 0.5)
        image = images[-1]
        assert image.shape == REFERENCE.shape
        assert image.min() >= 0
        assert image.max() <= np.float32(WHITE)
        assert np.abs(shown_levels(game) - judged_levels(game, images[-1])).max() <= 1

    def test_the_exercise_has_the_solution_that_the_page_gives(self, game):
        choose(game, **{"raise": "sift", "keep": "cw_ssim"})
        choose(game, contrast=-1)
        shown = game.numbers
        assert shown["sift"] > 0.8
        assert shown["cw_ssim"] <= METRICS["cw_ssim"].threshold
        assert f"Score {shown['sift']:.3f}" in game.said

    def test_the_map_is_of_the_metric_to_be_raised(self, game):
        for key, metric in METRICS.items():
            choose(game, **{"raise": key})
            assert metric.label in game.picture(f"{metric.label} difference map").caption

    def test_its_files_are_a_table_and_a_picture(self, game):
        choose(game, noise=5.0)
        paint(game, 0.5, 0.5)
        (row,) = game.rows
        assert row["Brush strokes"] == "1"
        assert row["Noise σ (% of white)"] == "5"
        shown = [float(row[label]) for label in LABELS]
        assert shown == pytest.approx(list(game.numbers.values()), abs=ROUNDED)
        assert game.figure.startswith(PNG)
