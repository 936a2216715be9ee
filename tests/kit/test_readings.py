"""The metrics' numbers as HTML."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.app.kit import readings
from hrtem_lab.metrics import METRICS, PreparedSIFT, prepare
from tests.pages.library import rounded
from tests.pages.reader import shown_numbers, shown_ranges, words


class TestNumbers:
    @given(value=st.floats(0, 1))
    @pytest.mark.parametrize("key", METRICS)
    def test_a_row_says_the_number_and_the_verdict(self, key, value):
        metric, row = METRICS[key], readings.table({key: value})
        assert shown_numbers(row) == {key: rounded(value)}
        width, *tick = map(float, re.findall(r"(?:width|left):([\d.]+)%", row))
        assert width == pytest.approx(100 * value, abs=0.051)
        assert tick == ([] if metric.threshold is None else [pytest.approx(100 * metric.threshold)])
        said = words(row)
        if metric.threshold is None:
            assert said.endswith("no threshold")
        else:
            side = "below" if value <= metric.threshold else "above"
            assert said.endswith(f"{side} {metric.threshold:g}")
        assert metric.label in said


def outcome(work):
    """Return how many pieces work has, and what it returns."""
    pieces = 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            return pieces, end.value
        pieces += 1


class TestBands:
    @given(value=st.floats(0, 1), ends=st.tuples(st.floats(0, 1), st.floats(0, 1)))
    @pytest.mark.parametrize("key", METRICS)
    def test_a_band_is_drawn_said_and_judged(self, key, value, ends):
        """It holds the value, too, whatever was found elsewhere."""
        threshold, band = METRICS[key].threshold, (min(ends), max(ends))
        lowest, highest = min(value, *band), max(value, *band)
        row = readings.table({key: value}, {key: band})
        assert shown_numbers(row) == {key: rounded(value)}
        assert shown_ranges(row) == {key: pytest.approx((lowest, highest), abs=5.01e-3)}
        (drawn,) = re.findall(r'class="hl-band" style="left:([\d.]+)%;right:([\d.]+)%"', row)
        assert tuple(map(float, drawn)) == pytest.approx((100 * lowest, 100 - 100 * highest), abs=0.051)
        if threshold is None:
            word = "no threshold"
        elif lowest <= threshold < highest:
            word = f"around {threshold:g}"
        else:
            word = f"{'below' if highest <= threshold else 'above'} {threshold:g}"
        assert words(row).endswith(word)
        assert f'class="hl-word hl-{word.split()[0]}"' in row

    def test_metrics_without_a_band_stay_as_they_are(self):
        differences = dict.fromkeys(METRICS, 0.15)
        plain, banded = readings.table(differences), readings.table(differences, {"sift": (0.1, 0.2)})
        assert "hl-range" not in plain
        assert "hl-band" not in plain
        assert readings.table(differences, None) == plain
        # While bands are computed, their place is kept: nothing moves when they come.
        waiting = readings.table(differences, {})
        assert shown_ranges(waiting) == {}
        assert waiting.count("<td") == banded.count("<td")
        assert words(waiting) == words(plain)
        assert shown_ranges(banded) == {"sift": (0.10, 0.20)}
        # Every row has as many cells, so that bars and words stay in their columns.
        cells = {row.count("<td") for row in banded.split("</tr>")[:-1]}
        assert cells == {plain.split("</tr>")[0].count("<td") + 1}
        assert banded.count("hl-band") == 1

    def test_a_value_beyond_the_scale_stays_on_the_bar(self):
        row = readings.table({"mse": 1.5}, {"mse": (0.5, 2.0)})
        assert 'style="left:50.0%;right:0.0%"' in row
        assert "(0.50–2.00)" in row

    def test_they_are_those_of_sift_alone_a_piece_for_each_position(self):
        y, x = np.mgrid[:64, :64]
        reference = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
        image = np.roll(reference, 1)
        pieces, found = outcome(readings.bands(prepare(reference), image))
        values = list(PreparedSIFT(reference).at_phases(image, phases=readings.PHASES))
        assert pieces == readings.PHASES == len(values) == 8
        assert found == {"sift": (min(values), max(values))}
        assert outcome(readings.bands(prepare(reference, ["mse", "ssim"]), image)) == (0, {})
