"""What figures hold: axes with units, the data, thresholds as lines and words, bands where they belong."""

import dataclasses
import itertools
import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgb

from hrtem_lab import plots, style
from hrtem_lab.edge_cases import acceptable_ranges, edge_cases
from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import UNSEEN_GREY

X = np.linspace(-2, 2, 9)
# MSE accepts −1.4 to 1.4, cw-SSIM −1.1 to 2, SIFT −1.7 to 0.7: the band's two ends are two metrics'.
PLACES = {
    "mse": (0.05, 0.0),
    "ssim": (0.2, 0.0),
    "cw_ssim": (0.1, 0.5),
    "sift": (0.15, -0.5),
    "chi_square": (0.3, 0),
}
CURVES = {key: slope * abs(X - middle) for key, (slope, middle) in PLACES.items()}
THRESHOLDS = {key: METRICS[key].threshold for key in CURVES if METRICS[key].threshold is not None}


def drawn_in(axes, key):
    """Return the lines of a metric's colour."""
    return [line for line in axes.lines if to_hex(line.get_color()) == style.metric_colour(key).lower()]


def spans(axes):
    """Return the horizontal extents of the bands in an axes."""
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]


def said_in(axes):
    return " ".join(text.get_text() for text in axes.texts)


class TestCurves:
    @pytest.fixture
    def axes(self):
        """The curves' axes, and the strip below them."""
        return plots.difference_curves(X, CURVES, label="Defocus (nm)", limits=(-3, 3)).axes

    def test_axes_say_what_and_in_which_unit(self, axes):
        curves, strip = axes
        assert curves.get_ylabel() == "difference"
        assert curves.get_ylim() == (0, 1)
        assert strip.get_xlabel() == "Defocus (nm)"
        assert curves.get_xlim() == strip.get_xlim() == (-3, 3)
        legend = [text.get_text() for text in curves.get_legend().get_texts()]
        assert legend == [METRICS[key].label for key in CURVES]

    def test_the_axes_are_where_the_page_draws_its_line(self, axes):
        assert axes[0].get_position().bounds == pytest.approx(plots.CURVE_BOX)

    @pytest.mark.parametrize("key", CURVES)
    def test_a_metrics_curve_has_its_colour_and_marker(self, axes, key):
        curve = drawn_in(axes[0], key)[0]
        assert np.array_equal(curve.get_xdata(), X)
        assert np.array_equal(curve.get_ydata(), CURVES[key])
        assert curve.get_marker() == style.metric_marker(key)

    @pytest.mark.parametrize("key", CURVES)
    def test_a_threshold_is_a_line_and_a_word(self, axes, key):
        level = [line for line in drawn_in(axes[0], key) if line.get_linestyle() == ":"]
        heights = [height for line in level for height in line.get_ydata()]
        if key in THRESHOLDS:
            assert heights == [THRESHOLDS[key]] * 2
            assert f"{METRICS[key].label} threshold {THRESHOLDS[key]:g}" in said_in(axes[0])
        else:
            assert heights == []

    def test_the_words_of_close_thresholds_do_not_collide(self, axes):
        heights = sorted(text.xy[1] for text in axes[0].texts)
        assert len(heights) == len(THRESHOLDS)
        assert np.diff(heights).min() > 0.07

    def test_the_band_is_where_all_metrics_accept(self, axes):
        expected = plots.common_ranges(X, CURVES)
        assert expected == [pytest.approx((-1.1, 0.7))]
        for each in axes:
            assert spans(each) == [pytest.approx(interval) for interval in expected]

    @pytest.mark.parametrize("key", THRESHOLDS)
    def test_a_bar_shows_what_one_metric_accepts(self, axes, key):
        bars = [tuple(line.get_xdata()) for line in drawn_in(axes[1], key)]
        assert bars == acceptable_ranges(X, CURVES[key], THRESHOLDS[key])

    def test_unknown_points_leave_gaps(self):
        gaps = {key: np.where(X > 1, math.nan, values) for key, values in CURVES.items()}
        curves, strip = plots.difference_curves(X, gaps, label="x").axes
        assert np.isnan(drawn_in(curves, "mse")[0].get_ydata()[-1])
        assert curves.get_xlim() == (-2, 2)
        assert spans(strip) == [pytest.approx(interval) for interval in plots.common_ranges(X, gaps)]

    def test_a_metric_without_a_threshold_is_drawn_alone_too(self, monkeypatch):
        monkeypatch.setitem(METRICS, "new", dataclasses.replace(METRICS["mse"], key="new", threshold=None))
        curves, strip = plots.difference_curves(X, {"new": CURVES["mse"]}, label="x").axes
        assert len(curves.lines) == 1
        assert spans(curves) == spans(strip) == []

    def test_the_picture_is_as_large_as_asked(self):
        figure = plots.difference_curves(X, CURVES, label="x", size=(6, 3))
        picture = cv2.imdecode(np.frombuffer(plots.to_png(figure, dpi=100), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (300, 600, 3)


heights = st.lists(st.floats(0, 0.4), min_size=5, max_size=5)


class TestCommonRanges:
    @given(st.fixed_dictionaries(dict.fromkeys(CURVES, heights)))
    def test_inside_all_accept_and_outside_one_does_not(self, curves):
        x = np.arange(5.0)
        ranges = plots.common_ranges(x, curves)
        assert ranges == sorted(ranges)
        for place in np.linspace(0, 4, 161):
            margin = min(limit - np.interp(place, x, curves[key]) for key, limit in THRESHOLDS.items())
            if margin > 1e-6:
                assert any(start - 1e-9 <= place <= end + 1e-9 for start, end in ranges)
            elif margin < -1e-6:
                assert not any(start + 1e-9 < place < end - 1e-9 for start, end in ranges)

    def test_a_metric_without_threshold_has_no_say(self):
        x = [0.0, 1.0]
        assert plots.common_ranges(x, {"mse": [0, 0.14], "ssim": [1, 1]}) == [(0, 0.5)]
        assert plots.common_ranges(x, {"ssim": [0, 0]}) == []

    def test_ranges_of_two_metrics_may_meet_in_pieces(self):
        x = [0, 1, 2, 3, 4]
        mse, sift = [0, 0.14, 0, 0.14, 0], [0.36, 0, 0, 0, 0.36]
        found = plots.common_ranges(x, {"mse": mse, "sift": sift})
        # MSE accepts up to 0.5, from 1.5 to 2.5 and from 3.5; SIFT from 0.5 to 3.5.
        assert found == [pytest.approx(interval) for interval in [(0.5, 0.5), (1.5, 2.5), (3.5, 3.5)]]


class TestComparison:
    REFERENCE = np.linspace(0, 2, 12).reshape(3, 4)
    MAPS = {"mse": np.full((3, 4), 0.5), "sift": np.full((3, 4), np.nan)}  # noqa: RUF012

    def figure(self, reference, maps):
        return plots.comparison(
            reference,
            1 - reference,
            maps,
            {"mse": 0.12345, "sift": 0.5},
            titles=("before", "after"),
            field_of_view=(30.0, 40.0),
        )

    def test_images_share_one_contrast_and_have_axes_in_nm(self):
        figure = self.figure(self.REFERENCE, self.MAPS)
        first, second, *_ = figure.axes
        assert (first.get_title(), second.get_title()) == ("before", "after")
        for axes, pixels in ((first, self.REFERENCE), (second, 1 - self.REFERENCE)):
            (image,) = axes.images
            assert image.get_clim() == (0, 2)
            assert np.array_equal(image.get_array(), pixels)
            assert image.get_extent() == [0, 4, 3, 0]  # 40 Å × 30 Å, the first row on top
            assert axes.get_xlabel() == "nm"
        assert "black 0, white 2.00 of the incident beam" in figure.get_suptitle()

    def test_maps_run_from_0_to_1_and_unseen_pixels_are_grey(self):
        figure = self.figure(self.REFERENCE, self.MAPS)
        _, _, *maps, bar = figure.axes
        assert [axes.get_title() for axes in maps] == ["MSE map", "SIFT map"]
        for axes in maps:
            (image,) = axes.images
            assert image.get_clim() == (0, 1)
            assert image.get_cmap().name == "cividis"
            assert to_rgb(axes.get_facecolor()) == pytest.approx((UNSEEN_GREY / 255,) * 3)
        assert bar.get_ylabel() == "difference"

    def test_the_numbers_are_in_the_title(self):
        assert figure_title(self.figure(self.REFERENCE, self.MAPS)) == "MSE 0.123   SIFT 0.500"

    def test_black_images_and_no_maps_are_fine(self):
        figure = self.figure(np.zeros((3, 4)), {})
        assert len(figure.axes) == 2
        assert plots.to_png(figure, dpi=30).startswith(b"\x89PNG\r\n\x1a\n")


def figure_title(figure):
    return figure.get_suptitle().splitlines()[0]


def test_the_gallery_shows_every_case_with_all_numbers_in_one_contrast():
    cases = edge_cases(shape=16)
    numbers = {
        key: {m: (place + 0.1 * n) / 10 for n, m in enumerate(METRICS)} for place, key in enumerate(cases)
    }
    figure = plots.gallery(cases, numbers)
    white = float(cases["reference"].image.max())
    assert len(figure.axes) == 8
    for axes, (key, case) in zip(figure.axes, cases.items(), strict=True):
        (image,) = axes.images
        assert np.array_equal(image.get_array(), case.image)
        assert image.get_clim() == pytest.approx((0, white))
        title = axes.get_title()
        assert title.startswith(case.label)
        for name, metric in METRICS.items():
            assert f"{metric.label} {numbers[key][name]:.3f}" in title
    assert f"white {white:.2f} of the incident beam" in figure.get_supxlabel()
    plots.to_png(figure, dpi=50)
    boxes = [axes.title.get_window_extent() for axes in figure.axes]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert not any(box.overlaps(axes.bbox) for box, axes in itertools.product(boxes, figure.axes))


PARTS = {"blur": {"mse": 0.1, "sift": 0.2}, "shot noise": {"mse": 0.3, "sift": 0.9}}
TOGETHER = {"mse": 0.45, "sift": 0.8}


class TestContributionBars:
    @pytest.fixture
    def figure(self):
        return plots.contribution_bars(PARTS, TOGETHER)

    def test_parts_stand_on_each_other_beside_the_whole(self, figure):
        (axes,) = figure.axes
        bars = [(bar.get_y(), bar.get_height()) for bar in axes.patches]
        assert np.array(bars) == pytest.approx(
            np.array([(0, 0.1), (0.1, 0.3), (0, 0.45), (0, 0.2), (0.2, 0.9), (0, 0.8)])
        )
        spans = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches)
        assert all(after[0] > before[1] for before, after in itertools.pairwise(sorted(set(spans))))

    def test_every_part_stands_on_the_sum_of_those_below(self):
        heights = [0.1, 0.2, 0.3]
        parts = {str(number): {"mse": height} for number, height in enumerate(heights)}
        *stack, _ = plots.contribution_bars(parts, {"mse": 0.6}).axes[0].patches
        assert [bar.get_y() for bar in stack] == pytest.approx([0, 0.1, 0.3])
        assert [bar.get_height() for bar in stack] == pytest.approx(heights)

    def test_sums_wholes_metrics_and_parts_are_named(self, figure):
        (axes,) = figure.axes
        assert [text.get_text() for text in axes.texts[:4]] == ["0.40", "0.45", "1.10", "0.80"]
        assert [label.get_text() for label in axes.get_xticklabels()] == ["MSE", "SIFT"]
        named = {text.get_text() for text in figure.legends[0].get_texts()}
        assert named == {"blur", "shot noise", "all at once"}

    def test_a_sum_beyond_the_maximum_is_drawn_whole(self, figure):
        assert figure.axes[0].get_ylim()[1] > 1.1

    def test_a_bar_has_its_metrics_colour(self, figure):
        colours = [to_hex(bar.get_edgecolor()) for bar in figure.axes[0].patches]
        assert colours == [style.metric_colour(key).lower() for key in ("mse",) * 3 + ("sift",) * 3]


def test_panels_share_their_contrast_and_name_every_number():
    images = {"(a) one": np.zeros((4, 4)), "(b) two": np.ones((8, 8))}
    numbers = [dict.fromkeys(METRICS, 0.0), dict.fromkeys(METRICS, 0.125)]
    figure = plots.panels(
        images, numbers, notes=["first", "second"], white=2.0, field_of_view=(10.0, 20.0), columns=3
    )
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in drawn] == ["(a) one\nfirst", "(b) two\nsecond"]
    for axes, values in zip(drawn, numbers, strict=True):
        assert axes.images[0].get_clim() == (0, 2)
        assert axes.images[0].get_extent() == [0, 2, 1, 0]  # nm
        for key, metric in METRICS.items():
            assert f"{metric.label} {values[key]:.3f}" in axes.get_xlabel()
