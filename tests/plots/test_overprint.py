"""Words of a figure lie neither over each other nor over a picture, and none runs out of the figure."""

import itertools

import numpy as np
import pytest

from hrtem_lab import plots
from hrtem_lab.metrics import METRICS


def words_of(figure):
    """Return text and extent of all words in a figure but its ticks'."""
    figure.draw_without_rendering()
    found = list(figure.texts)
    for axes in figure.axes:
        legend = axes.get_legend()
        found += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        found += legend.get_texts() if legend else []
    return [(text.get_text(), text.get_window_extent()) for text in found if text.get_text()]


def overprinting(figure):
    """Return the texts that lie over each other, and those that leave the figure or lie on a picture."""
    words, edge = words_of(figure), figure.bbox.padded(1)
    pictures = [axes.bbox for axes in figure.axes if axes.images]
    pairs = [(a, b) for (a, one), (b, two) in itertools.combinations(words, 2) if one.overlaps(two)]
    outside = [text for text, box in words if not (edge.contains(*box.min) and edge.contains(*box.max))]
    return [*pairs, *outside, *(text for text, box in words if box.count_overlaps(pictures))]


class TestOverprint:
    NUMBERS = dict.fromkeys(METRICS, 0.123)
    IMAGE = np.ones((8, 8))
    LONG = "blur 0.049 nm\n123 456 789 e⁻/nm², 123 456.789 e⁻ per pixel of vacuum\nreadout 123 456.789 e⁻"

    @pytest.mark.parametrize(
        ("columns", "note"), [(3, "undisturbed"), (3, LONG), (1, LONG), (6, LONG.replace("\n", "; ") * 2)]
    )
    def test_panels(self, columns, note):
        titles = [f"({key}) Blur, shot and readout noise" for key in "abcdef"]
        notes = ["undisturbed", *[note] * 5]
        figure = plots.panels(
            dict.fromkeys(titles, self.IMAGE),
            [self.NUMBERS] * 6,
            notes=notes,
            white=2.31,
            field_of_view=(21.1, 21.1),
            columns=columns,
        )
        assert overprinting(figure) == []

    def test_one_picture_is_as_wide_as_one_column(self):
        widths = [
            plots.panels(
                {"one": self.IMAGE},
                [self.NUMBERS],
                notes=[""],
                white=1,
                field_of_view=(9, 9),
                columns=columns,
            ).get_figwidth()
            for columns in (1, 3)
        ]
        assert widths[0] == widths[1]

    @pytest.mark.parametrize(
        ("maps", "title"),
        [(0, "x" * 200), (1, "ZrO₂, shift 0.123456789 cells, " * 5), (5, "ZrO₂, 59 cells, defocus −19.9 nm")],
    )
    def test_comparison(self, maps, title):
        figure = plots.comparison(
            self.IMAGE,
            self.IMAGE,
            dict.fromkeys(list(METRICS)[:maps], self.IMAGE),
            self.NUMBERS,
            titles=("reference", title),
            field_of_view=(21.1, 42.2),
        )
        assert overprinting(figure) == []

    @pytest.mark.parametrize("name", ["sphere", "ideal observer, 50 000 e⁻/nm² and 123 456 789 cells"])
    def test_sizes(self, name):
        draws, title = np.ones((2, 3)), f"{name}, at every dose of the stored study, one connected group"
        for figure in (
            plots.size_curves([1, 2], {name: draws, "other": draws}, title=title),
            plots.limit_curves([1, 10], {name: np.ones(2), "other": np.ones(2)}, title=title),
        ):
            assert overprinting(figure) == []

    def test_bars_with_a_part_below_zero(self):
        parts = {"blur": {"mse": 0.3}, "shot noise": {"mse": 0.9}, "readout noise": {"mse": -0.25}}
        figure = plots.contribution_bars(parts, {"mse": 0.5})
        (number,) = [box for text, box in words_of(figure) if text == "0.95"]
        assert number.y0 > max(patch.get_window_extent().y1 for patch in figure.axes[0].patches) - 1

    def test_areas_below_guessing_stay_in_their_axes(self):
        area = np.array([0.05, 0.9])
        figure = plots.dose_curves(
            np.array([1.0, 10]), "mse", *[np.ones((2, 3))] * 2, {"mse": (area, area, area)}, area
        )
        assert figure.axes[1].get_ylim()[0] < 0.05
