"""Metrics are told apart in figures: by colour with any colour vision, without colour by their markers."""

import dataclasses
import itertools
import unicodedata

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from skimage.color import deltaE_ciede2000, rgb2lab

from hrtem_lab import plots, style
from hrtem_lab.metrics import METRICS, Look
from tests.laws.ten import register_ten

# What a reader without red, green or blue receptors sees, of linear RGB: Machado, Oliveira and Fernandes,
# IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291, doi:10.1109/TVCG.2009.113, severity 1.
VISIONS = {
    "normal": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
pairs = list(itertools.combinations(Look, 2))


def linear(rgb):
    rgb = np.asarray(rgb)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def encoded(rgb):
    rgb = np.clip(rgb, 0, 1)
    return np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)


def seen(colour, vision):
    """Return a colour in CIELAB as a reader with that vision sees it."""
    return rgb2lab(encoded(np.array(VISIONS[vision]) @ linear(to_rgb(colour))))


def contrast(colour):
    """Return the contrast with white, as the Web Content Accessibility Guidelines define it."""
    return 1.05 / (float(linear(to_rgb(colour)) @ LUMINANCE) + 0.05)


def test_there_are_enough_and_no_two_share_anything():
    assert len(Look) >= 12
    for attribute in ("colour", "marker", "symbol"):
        assert len({getattr(look, attribute) for look in Look}) == len(Look)


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_differ_with_any_colour_vision(vision):
    """A difference of 2 is just visible side by side; 10 is seen at a glance."""
    for one, other in pairs:
        assert deltaE_ciede2000(seen(one.colour, vision), seen(other.colour, vision)) > 10, (one, other)


def test_lines_stand_out_from_white():
    faint = {look for look in Look if contrast(look.colour) < 3}
    assert faint == {Look.ORANGE_TRIANGLE_DOWN}


def test_a_darker_orange_would_be_taken_for_red():
    """Why orange stays faint: at a contrast of 3 it is red to a reader without green receptors."""
    darker = to_hex(np.array(to_rgb(Look.ORANGE_TRIANGLE_DOWN.colour)) * 0.85)
    assert contrast(darker) == pytest.approx(3, abs=0.15)
    red = seen(Look.RED_DIAMOND.colour, "no green")
    assert deltaE_ciede2000(seen(darker, "no green"), red) < 8


def ink(marker):
    """Return a black marker on white as an array of greys from 0 to 1, at the size that curves have."""
    figure = Figure(figsize=(0.12, 0.12), dpi=800)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-1, 1), ylim=(-1, 1))
    axes.axis("off")
    axes.plot([0], [0], marker=marker, color="black", markersize=4)
    canvas.draw()
    return 1 - np.asarray(canvas.buffer_rgba())[..., 0] / 255


def test_markers_differ_without_colour():
    """Of the larger of two markers at least a fifth is not shared."""
    drawn = {look: ink(look.marker) for look in Look}
    for one, other in pairs:
        apart = np.abs(drawn[one] - drawn[other]).sum() / max(drawn[one].sum(), drawn[other].sum())
        assert apart > 0.2, (one, other)


@pytest.mark.parametrize("look", Look)
def test_a_symbol_is_one_plain_character(look):
    assert len(look.symbol) == 1
    assert unicodedata.category(look.symbol) in ("So", "Sm")


class TestStyle:
    def test_it_is_that_of_the_row(self):
        for key, metric in METRICS.items():
            found = style.metric_colour(key), style.metric_marker(key), style.metric_symbol(key)
            assert found == (metric.colour, metric.marker, metric.symbol) == metric.look.value

    def test_no_two_metrics_look_alike(self):
        for look in (style.metric_colour, style.metric_marker, style.metric_symbol):
            assert len({look(key) for key in METRICS}) == len(METRICS)

    def test_an_unknown_metric_is_refused(self):
        with pytest.raises(ValueError, match=r"key must be one of mse, .*, got 'psnr'"):
            style.metric_colour("psnr")


def looks_of(axes):
    """Return colour and marker of every line with a marker."""
    return [
        (to_hex(line.get_color()), line.get_marker()) for line in axes.lines if line.get_marker() != "None"
    ]


class TestTenMetrics:
    def test_dose_curves_draw_ten_lines_that_differ(self, monkeypatch):
        register_ten(monkeypatch)
        doses = np.geomspace(0.1, 10, 4)
        draws = np.full((4, 3), 0.5)
        areas = dict.fromkeys(METRICS, (draws[:, 0], draws[:, 1], draws[:, 2]))
        figure = plots.dose_curves(doses, "mse", draws, draws, areas, draws[:, 0])
        right = next(axes for axes in figure.axes if axes.get_ylabel().startswith("AUC: "))
        looks = looks_of(right)
        assert len(looks) == len(METRICS) == 10
        assert len({colour for colour, _ in looks}) == len({marker for _, marker in looks}) == 10
        legend = [text.get_text() for text in right.get_legend().get_texts()]
        assert legend == [*(metric.label for metric in METRICS.values()), "ideal observer"]

    def test_difference_curves_do_too(self, monkeypatch):
        register_ten(monkeypatch)
        curves = {key: [0.1, 0.2] for key in METRICS}
        looks = looks_of(plots.difference_curves([0.0, 1.0], curves, label="x").axes[0])
        assert len(looks) == 10
        assert len({colour for colour, _ in looks}) == len({marker for _, marker in looks}) == 10


def test_a_look_cannot_be_made_up():
    with pytest.raises(TypeError, match="look must be a member of Look, got 'red'"):
        dataclasses.replace(METRICS["mse"], look="red")
