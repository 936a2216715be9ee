"""Chapter 6 without a browser: what the page says of an exposure, and the curves."""

import asyncio
import re
import threading

import ipywidgets as widgets
import numpy as np
import pytest

from hrtem_lab import plots
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages import precipitates
from hrtem_lab.app.pages.precipitates.specimen import Measurement, verdict
from hrtem_lab.app.pages.precipitates.stored_sizes import study_words
from hrtem_lab.rendering import encode_image
from hrtem_lab.sizing import stored_study
from hrtem_lab.sizing.specimens import CELLS, LARGEST, Specimen
from tests.pages.reader import PNG, WRITTEN, Reader, levels, opened, words
from tests.quick import first

QUICK = "pixels=512&method=false_alarm"
START = (
    f"{QUICK}&diameter=10&dose=5000&noise=on&right=0&down=0"
    "&metric=own&compact=off&truth=on&curves=dose&seed=0"
    "&thicker=0&defocus=0&shift=0&tilt=0&reference=simulated&background=exposures"
)
AT_FIRST = {
    "Diameter": 10,
    "Dose": 5000,
    "Noise": "counted electrons",
    "To the right": 0,
    "Downwards": 0,
    "Method": "0.18 + noise",
    "Metric of the cells": "the method’s own",
    "Count": "every cell",
    "Pixels per cell": "64",
    "The truth": "shown",
    "Background": "from exposures of the reference",
    "Reference": "simulated",
    "Thicker by": 0,
    "Underfocus": 0,
    "Shifted by": 0.0,
    "Tilted by": 0.0,
    "Curves": "at this dose",
}
PRESETS = {
    "Fig. 4a, d": {"Noise": "none"},
    "Fig. 4b, e": {"Dose": 15_000},
    "Fig. 4c, f": {"Dose": 5000},
    "Fig. 5": {"Dose": 5000, "Method": "optimised"},
    "Our best": {"Dose": 1000, "Method": "sphere by likelihood"},
    "Shifted by 0.3 Å": {"Diameter": 0, "Method": "false-alarm rate", "Shifted by": 0.3},
    "Focus off by 5 Å": {"Diameter": 0, "Dose": 1000, "Method": "sphere by likelihood", "Underfocus": 5},
}
SPECIMEN = Specimen(diameter=10, pixels=512)
CHI_SQUARE = Measurement(method="false_alarm", metric=None, compact=False, dose=50.0, pixels=512)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")


@pytest.fixture(scope="module")
def shared():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRTEM_LAB_WORKERS", "1")
        return opened(precipitates.dashboard, QUICK)


@pytest.fixture
def page(shared):
    """A page as at first, but for a quick method and few pixels."""
    shared.open(START)
    return shared


@pytest.fixture
def drawn(monkeypatch):
    """The curves of every figure that is drawn: label → values."""
    figures = []

    def recorded(draw):
        def record(*arguments, **options):
            figure = draw(*arguments, **options)
            figures.append({line.get_label(): np.array(line.get_ydata()) for line in figure.axes[0].lines})
            return figure

        return record

    for name in ("size_curves", "limit_curves"):
        monkeypatch.setattr(plots, name, recorded(getattr(plots, name)))
    return figures


def image(page):
    return page.picture("Nb₃Sn, 16 × 16 cells")


def map_of_cells(page):
    return page.picture("Map of cells")


def mask(page):
    return page.picture("Cells counted")


def histogram(page):
    return page.text("hl-histogram")


def columns(page):
    """Return the numbers of the file: map, counted cells and precipitate, each 16 × 16."""
    table = np.array([row[:5] for row in page.csv[1:]], float)
    return [table[:, place].reshape(CELLS, CELLS) for place in (2, 3, 4)]


def count(page):
    """Return how many exposures of how many the reader's own study has."""
    done, total = re.search(r"(\d+) of (\d+) exposures", page.said).groups()
    assert page.progress == (int(done), int(total))
    return int(done), int(total)


class TestPage:
    def test_the_sentence_the_map_and_the_mask_are_one_measurement(self, page):
        size = CHI_SQUARE(SPECIMEN.expose(50, 0))
        assert page.status == verdict(size, SPECIMEN)
        np.testing.assert_array_equal(levels(mask(page)) > 128, size.mask)
        assert levels(map_of_cells(page)).shape == (CELLS, CELLS, 3)
        assert f"{size.mask.sum()} of 256" in words(mask(page).caption)
        assert levels(image(page)).shape == (512, 512)

    def test_hidden_truth_is_nowhere(self, page):
        shown = map_of_cells(page).overlay, histogram(page), page.text("■")
        assert "path" in shown[0]
        assert "precipitate" in words(shown[2])
        page.set("The truth", "hidden")
        assert "true" not in page.status
        assert "Nb₃Sn" not in words(histogram(page))
        assert "the truth is hidden" in words(mask(page).caption)
        assert map_of_cells(page).overlay == mask(page).overlay == ""
        assert not [text for text in page.texts if "■" in text]
        page.set("The truth", "shown")
        assert (map_of_cells(page).overlay, histogram(page), page.text("■")) == shown

    def test_no_precipitate(self, page):
        page.set("Diameter", 0)
        assert "true: no precipitate" in page.status
        assert map_of_cells(page).overlay == ""

    def test_new_noise_is_another_exposure_of_the_same(self, page):
        before, settings = levels(image(page)), page.settings
        page.press("New noise")
        assert (levels(image(page)) != before).any()
        assert page.settings == settings
        np.testing.assert_array_equal(columns(page)[2], SPECIMEN.truth)
        assert "seed=1" in page.query

    def test_the_metric_of_the_cells_can_be_chosen(self, page):
        page.set("Metric of the cells", "MSE")
        assert "MSE difference" in words(map_of_cells(page).caption)
        assert "not in the stored study" in page.said

    def test_the_sphere_has_no_metric(self, page):
        page.open(f"{QUICK}&metric=mse&compact=on")
        page.set("Method", "sphere by likelihood")
        assert page.control("Metric of the cells").disabled
        assert page.control("Count").disabled
        assert "probability" in words(map_of_cells(page).caption)
        sphere = Measurement(method="sphere", metric=None, compact=False, dose=50.0, pixels=512)
        np.testing.assert_allclose(columns(page)[0], sphere(SPECIMEN.expose(50, 0)).map, rtol=5.1e-6)

    def test_without_noise_the_image_is_the_expected_one(self, page):
        page.set("Noise", "none")
        white = float(Specimen(diameter=0, pixels=512).image.max())
        assert image(page).data == encode_image(SPECIMEN.image, limits=(0, white))
        assert "without noise" in image(page).caption
        assert "The stored study has no image without noise" in page.said

    @pytest.mark.parametrize("name", first(PRESETS))
    def test_a_preset_keeps_pixels_and_noise(self, page, name):
        page.open(f"{QUICK}&seed=4&right=2")
        page.press(name)
        assert page.settings == AT_FIRST | {"Pixels per cell": "32"} | PRESETS[name]
        assert page.chosen == [name]
        assert "seed=4" in page.query
        assert page.alerts == []

    def test_a_link_that_makes_no_sense_is_complained_of(self, page):
        page.open("diameter=99&method=guess&dose=2000")
        (told,) = page.alerts
        assert "Diameter must be a number from 0 to 14 cells, got '99'" in told
        assert "Method must be one of sphere" in told
        assert page.value("Dose") == 2000

    def test_an_error_is_a_sentence(self, page, monkeypatch):
        def fail(*_):
            raise ValueError("Cells must divide the image, got 7")

        monkeypatch.setattr(Measurement, "differences", fail)
        page.press("New noise")
        (told,) = page.alerts
        assert "cells must divide the image, got 7" in told

    def test_files(self, page):
        size = CHI_SQUARE(SPECIMEN.expose(50, 0))
        assert page.figure.startswith(PNG)
        header, row, *_ = page.csv
        assert header[:5] == ["row", "column", "χ² difference", "counted", "precipitate"]
        beside = dict(zip(header[5:], row[5:], strict=True))
        assert (beside["Diameter (cells)"], beside["Dose (e⁻/nm²)"]) == ("10", "5000")
        assert float(beside["diameter found (cells)"]) == pytest.approx(size.diameter_in_cells, rel=WRITTEN)
        assert float(beside["misclassified cells"]) == size.misclassified(SPECIMEN.truth)
        for column, expected in zip(columns(page), (size.map, size.mask, SPECIMEN.truth), strict=True):
            np.testing.assert_allclose(column, expected, rtol=WRITTEN)

    def test_the_map_of_cells_comes_before_the_sentence(self, page, monkeypatch):
        shown, judge = [], Measurement.judge

        def watched(measurement, differences):
            shown.append((levels(map_of_cells(page)), page.status))
            return judge(measurement, differences)

        before = page.status
        monkeypatch.setattr(Measurement, "judge", watched)
        page.set("Dose", 20_000)
        np.testing.assert_array_equal(shown[-1][0], levels(map_of_cells(page)))
        assert shown[-1][1] == before != page.status

    def test_long_work_is_announced(self, page, monkeypatch):
        seen, announced, judge = [], threading.Event(), Measurement.judge
        (status,) = [part for part in page.parts(widgets.HTML) if 'role="status"' in part.value]

        def look(change):
            seen.append(words(change.new))
            announced.set()

        def slowly(measurement, differences):
            assert announced.wait(60)
            return judge(measurement, differences)

        status.observe(look, names="value")
        monkeypatch.setattr(Measurement, "judge", slowly)
        page.press("New noise")
        waiting, found = seen
        assert waiting == "Measuring …"
        assert found == verdict(CHI_SQUARE(SPECIMEN.expose(50, 1)), SPECIMEN)


class TestCurves:
    def test_the_button_measures_and_the_figure_shows_it(self, page, drawn):
        page.set("Noise", "none")  # one exposure of each diameter: all would be alike
        assert count(page) == (0, LARGEST)
        page.press("Measure with my noise")
        assert count(page) == (LARGEST, LARGEST)
        assert page.button("Measure with my noise").disabled
        assert "your exposures" in drawn[-1]
        page.set("Noise", "counted electrons")
        assert count(page)[0] == 0
        assert not page.button("Measure with my noise").disabled
        assert "your exposures" not in drawn[-1]

    def test_measuring_can_be_stopped_and_goes_on(self, drawn, unhurried):
        async def until(condition):
            while not condition():
                await asyncio.sleep(0.01)

        async def use():
            page = Reader(precipitates.dashboard())
            page.open(f"{QUICK}&seed=7")
            page.press("Measure with my noise")
            assert "Stop" in page.buttons
            await until(lambda: count(page)[0] >= LARGEST)
            page.press("Stop")
            stopped, total = count(page)
            assert stopped < total
            await until(lambda: "your exposures" in (drawn or [{}])[-1])
            assert count(page)[0] == stopped
            page.press("Measure with my noise")
            await until(lambda: count(page)[0] > stopped)
            page.press("Stop")
            page.set("Dose", 1000)
            assert count(page) == (0, total)
            assert not page.button("Measure with my noise").disabled

        asyncio.run(use())

    def test_every_dose_has_a_curve(self, page, drawn):
        page.set("Curves", "at every dose")
        labels = list(drawn[-1])
        assert sum(label.endswith("e⁻/nm²") for label in labels[2:]) == len(stored_study().doses)
        assert labels[:2] == ["truth", "ideal observer, 5\u202f000 e⁻/nm²"]

    def test_the_limit_is_drawn_by_dose(self, page, drawn):
        page.set("Curves", "smallest found")
        lines = drawn[-1]
        assert list(lines) == [study_words(key) for key in ("ideal", "sphere", "false_alarm", "fixed")]
        limit = stored_study().limits("sphere", 1)
        expected = np.where(np.isnan(limit), LARGEST + 1.5, limit)
        np.testing.assert_array_equal(lines["sphere by likelihood"], expected)
        assert page.curve.alt.startswith("Smallest diameter by dose")

    def test_every_picture_has_words(self, page, real_curves):
        assert all(part.alt and part.data.startswith(PNG) for part in page.parts(Picture))
