"""Chapter 1's cards: what each metric sees in the patch."""

import math
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hrtem_lab.app.pages.four_metrics import patch
from hrtem_lab.metrics import METRICS, sift_keypoints
from hrtem_lab.simulation import form_image, load_exit_wave
from tests.pages.library import VIEW
from tests.pages.reader import words


@pytest.fixture(scope="module")
def pair():
    """The images of the first chapter."""
    a = form_image(load_exit_wave("nb3sn", thickness_cells=20))
    b = form_image(load_exit_wave("zro2", thickness_cells=20), field_of_view=VIEW)
    return a, b


@pytest.fixture(scope="module")
def prepared(pair):
    return {key: metric.prepare(pair[0]) for key, metric in METRICS.items()}


class TestPatch:
    def cards(self, pair, place, prepared):
        html = patch.cards(pair, place, prepared)
        found = re.findall(r'<section class="hl-sees" data-metric="(\w+)">(.*?)</section>', html)
        return {key: words(text) for key, text in found}

    @given(place=st.tuples(st.integers(5, 122), st.integers(5, 122)))
    @settings(max_examples=10)
    @example(place=(5, 122))
    @example(place=(122, 5))
    def test_cards_say_what_each_metric_reads_there(self, pair, prepared, place):
        cards = self.cards(pair, place, prepared)
        assert list(cards) == list(METRICS)
        row, column = place
        inside = np.s_[row - 5 : row + 6, column - 5 : column + 6]
        squares = METRICS["mse"].map(*pair)
        share = 100 * squares[inside].sum() / squares.sum()
        assert f"holds {share:.1f} % of all squared differences" in cards["mse"]
        assert f"on {100 * 121 / 128**2:.1f} % of the area" in cards["mse"]
        assert f"Difference here: {METRICS['ssim'].map(*pair)[place]:.3f}" in cards["ssim"]
        keypoints = sift_keypoints(*pair)
        distance = np.hypot(keypoints["x"] - column, keypoints["y"] - row)
        said = re.search(r"keypoint, (\d+) px away.*Difference there: ([\d.]+)", cards["sift"])
        assert float(said[1]) == pytest.approx(distance.min(), abs=0.51)
        nearest = keypoints["difference"][distance <= distance.min() + 1e-9]
        assert np.abs(nearest - float(said[2])).min() < 5.01e-4

    def test_ssim_reads_moments_inside_a_disc(self, pair, prepared):
        card = self.cards(pair, (65, 49), prepared)["ssim"]
        y, x = np.mgrid[-5:6, -5:6]
        disc = x**2 + y**2 <= 25
        a, b = (image[60:71, 44:55].astype(float)[disc] for image in pair)
        assert f"mean μ {a.mean():.3f} {b.mean():.3f}" in card
        assert f"variance σ {np.mean(a**2) - a.mean() ** 2:.3f} {np.mean(b**2) - b.mean() ** 2:.3f}" in card
        assert f"covariance {np.mean(a * b) - a.mean() * b.mean():.3f}" in card

    def test_chi_square_says_which_waves_it_reads_and_the_share_of_the_patch(self, pair, prepared):
        card = self.cards(pair, (65, 49), prepared)["chi_square"]
        terms = METRICS["chi_square"].map(*pair)
        share = 100 * terms[60:71, 44:55].sum() / terms.sum()
        assert f"This patch holds {share:.1f} % of χ²" in card
        # The crystal's strong beams (h, k) end at (6, 3): a period of 32 px / √45.
        assert f"lets through: {32 / math.sqrt(45):.1f} px and more" in card

    def test_chi_square_of_an_even_reference_reads_the_mean_alone(self, pair, prepared):
        even = np.ones_like(pair[0])
        own = {**prepared, "chi_square": METRICS["chi_square"].prepare(even)}
        assert "lets through: the mean alone" in self.cards((even, pair[1]), (65, 49), own)["chi_square"]

    @pytest.mark.parametrize("place", [(5, 5), (64, 64)])
    def test_cw_ssim_shows_a_band_for_each_direction_and_size(self, pair, prepared, place):
        html = patch.cards(pair, place, prepared)
        cards = self.cards(pair, place, prepared)
        bands = prepared["cw_ssim"].subbands(pair[1])
        own = [level[place[0] >> n, place[1] >> n] for n, level in enumerate(bands, 1)]
        assert f"Mean: {np.mean(own):.3f}" in cards["cw_ssim"]
        rows = re.findall(r"(\d+)–(\d+) px", cards["cw_ssim"])
        assert rows == [(str(2**n), str(2 ** (n + 1))) for n in range(1, len(bands) + 1)]
        assert 'alt="Differences of the subbands"' in html

    def test_equal_and_black_images_are_fine(self, pair, prepared):
        same = self.cards((pair[0], pair[0]), (64, 64), prepared)
        assert "Difference here: 0.000" in same["ssim"]
        assert "Difference there: 0.000" in same["sift"]
        assert "holds 0.0 %" in same["mse"]
        assert "holds 0.0 %" in same["chi_square"]
        black = self.cards((pair[0], np.zeros_like(pair[0])), (64, 64), prepared)
        assert "Difference there: 0.707" in black["sift"]

    def test_every_picture_is_described(self, pair, prepared):
        html = patch.cards(pair, (64, 64), prepared)
        assert html.count("<img") == len(re.findall(r'<img [^>]*alt="\w[^"]*"', html)) == 7
        assert html.count("<svg") == html.count('role="img" aria-label="SIFT descriptor"') == 2
