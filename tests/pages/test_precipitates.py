"""Chapter 6 without a browser: what the page says of an exposure, the curves, and counting by eye."""

import csv
import functools
import re
from html import unescape

import cv2
import ipywidgets as widgets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.app.kit import background
from hrtem_lab.app.pages.precipitates import draws as size_draws
from hrtem_lab.app.pages.precipitates import page as precipitates
from hrtem_lab.app.pages.precipitates import rounds as counting_rounds
from hrtem_lab.app.pages.precipitates.cell_marks import histogram, outline
from hrtem_lab.app.pages.precipitates.counting import ROUNDS, CountItYourself
from hrtem_lab.app.pages.precipitates.draws import SizeDraws, size_one
from hrtem_lab.app.pages.precipitates.page import PRESETS, Precipitates
from hrtem_lab.app.pages.precipitates.rounds import RIVALS, diameter_of, from_kept, judged, round_of, to_kept
from hrtem_lab.app.pages.precipitates.specimen import (
    CELL,
    CELLS,
    LARGEST,
    Measurement,
    Specimen,
    furthest,
    verdict,
)
from hrtem_lab.app.pages.precipitates.stored_sizes import stored_sizes, study_method, study_words
from hrtem_lab.app.pages.precipitates.tables import goals, limits, table
from hrtem_lab.noise import shot_noise
from hrtem_lab.plots import size_curves
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.sizing import (
    METHODS,
    STUDY_METHODS,
    detection_limit,
    dose_needed,
    load_study,
    size_precipitate,
    study_table,
)
from hrtem_lab.structures import replaced_cells

PNG = b"\x89PNG\r\n\x1a\n"
QUICK = "pixels=512&method=false_alarm"
RIVAL = functools.cache(counting_rounds.Round.rival)
"""What the methods say of a round, computed once for all tests."""
SAMPLING = CELLS * CELL / 512
CHI_SQUARE = Measurement(method="false_alarm", metric=None, compact=False, dose=50.0, pixels=512)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    monkeypatch.setattr(precipitates, "PAUSE", 0.0)


@pytest.fixture(scope="module")
def made():
    page = Precipitates()
    page._open(QUICK)
    return page


@pytest.fixture
def page(made):
    made.controls.reset()
    made._open(QUICK)
    return made


@pytest.fixture
def game(monkeypatch):
    monkeypatch.setattr(counting_rounds.Round, "rival", RIVAL)
    playing = CountItYourself()
    playing.start()
    return playing


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def pixels(picture):
    return cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_UNCHANGED).astype(int)


def press(view, name):
    """Press the button of that name as a reader does."""
    found = []

    def look(widget):
        if isinstance(widget, widgets.Button) and widget.description == name:
            found.append(widget)
        for child in getattr(widget, "children", ()):
            look(child)

    look(view)
    (button,) = found
    assert not button.disabled
    button.click()


class TestSpecimen:
    @pytest.mark.parametrize("diameter", [1, 6, 9, 14])
    def test_the_truth_lies_where_the_image_differs(self, diameter):
        right, down = furthest(diameter, 3), furthest(diameter, -2)
        specimen = Specimen(diameter=diameter, right=right, down=down, pixels=512)
        change = np.abs(specimen.image - Specimen(diameter=0, pixels=512).image)
        cells = change.reshape(CELLS, 32, CELLS, 32).mean(axis=(1, 3))
        centre = np.argwhere(specimen.truth).mean(axis=0)
        weights = cells.reshape(-1, 1) ** 2  # squared: a little change is spread over the whole image
        seen = (np.argwhere(np.ones_like(cells)) * weights).sum(axis=0) / weights.sum()
        assert np.abs(centre - seen).max() < 0.5
        assert cells[specimen.truth].mean() > 5 * cells[~specimen.truth].mean()

    def test_the_exposure_is_the_librarys(self):
        image = np.maximum(form_image(load_exit_wave("precipitate-07"), shape=512), 0)
        moved = np.roll(image, (-2 * 32, 3 * 32), axis=(0, 1))
        expected = shot_noise(moved, dose_per_area=20, sampling=SAMPLING, rng=5)
        shown = Specimen(diameter=7, right=3, down=-2, pixels=512).expose(20, 5)
        np.testing.assert_array_equal(shown, expected)

    @given(st.integers(0, LARGEST), st.integers(-20, 20), st.integers(-20, 20))
    def test_a_moved_precipitate_stays_whole(self, diameter, right, down):
        moved = Specimen(diameter=diameter, right=furthest(diameter, right), down=furthest(diameter, down))
        rows, columns = np.nonzero(moved.truth)
        assert moved.truth.sum() == replaced_cells(diameter).any(axis=2).sum()
        if diameter:
            assert np.ptp(rows) < diameter
            assert np.ptp(columns) < diameter

    def test_a_method_says_what_the_library_says(self):
        specimen = Specimen(diameter=6, right=2, pixels=512)
        image, pristine = specimen.expose(50, 3), Specimen(diameter=0, pixels=512).image
        for method in METHODS:
            measurement = Measurement(method=method, metric=None, compact=True, dose=50.0, pixels=512)
            found, options = measurement(image), {"method": method, "compact": True}
            expected = size_precipitate(
                pristine, image, cells=CELLS, dose_per_area=50, sampling=SAMPLING, **options
            )
            assert found.diameter == pytest.approx(expected.diameter, nan_ok=True)
            np.testing.assert_array_equal(found.mask, expected.mask)


class TestWords:
    def test_a_size_is_told_with_its_interval_and_the_truth(self):
        specimen = Specimen(diameter=10, pixels=512)
        size = CHI_SQUARE(specimen.expose(50, 0))
        told = verdict(size, specimen)
        assert told.startswith(
            f"Diameter found: {size.diameter / 10:.1f} nm ({size.diameter_in_cells:.1f} cells"
        )
        assert f"95 % interval {size.low / 10:.1f} to {size.high / 10:.1f} nm" in told
        assert told.endswith(
            f"true: 5.3 nm (10 cells); {size.misclassified(specimen.truth)} cells misclassified."
        )

    def test_the_truth_can_be_kept_back(self):
        specimen = Specimen(diameter=10, pixels=512)
        told = verdict(CHI_SQUARE(specimen.expose(50, 0)), specimen, reveal=False)
        assert "true" not in told
        assert "misclassified" not in told

    def test_not_detectable_is_an_answer(self):
        specimen = Specimen(diameter=1, pixels=512)
        fixed = Measurement(method="fixed", metric=None, compact=False, dose=1.0, pixels=512)
        told = verdict(fixed(specimen.expose(1, 0)), specimen)
        assert told == "Not detectable at this dose; true: 0.5 nm (1 cell); 1 cell misclassified."


class TestPage:
    def test_the_sentence_the_map_and_the_mask_are_one_measurement(self, page):
        specimen = Specimen(diameter=10, pixels=512)
        size = CHI_SQUARE(specimen.expose(50, 0))
        assert words(page._pictures.sentence.value) == verdict(size, specimen)
        np.testing.assert_array_equal(pixels(page._pictures.mask) > 128, size.mask)
        assert pixels(page._pictures.map).shape == (CELLS, CELLS, 3)
        assert f"{size.mask.sum()} of 256" in words(page._pictures.mask.caption)
        assert pixels(page._picture).shape == (512, 512)

    def test_hidden_truth_is_nowhere(self, page):
        shown = page._pictures.map.overlay, page._pictures.histogram.value
        assert "path" in shown[0]
        assert "precipitate" in words(shown[1])
        page.controls.widgets["truth"].value = "off"
        told = [page._pictures.sentence.value, page._pictures.mask.caption, page._pictures.histogram.value]
        assert "true" not in words(told[0])
        assert "Nb₃Sn" not in words(told[2])
        assert page._pictures.map.overlay == page._pictures.mask.overlay == ""
        page.controls.widgets["truth"].value = "on"
        assert (page._pictures.map.overlay, page._pictures.histogram.value) == shown

    def test_no_precipitate(self, page):
        page.controls.widgets["diameter"].value = 0
        assert "true: no precipitate" in words(page._pictures.sentence.value)
        assert page._pictures.map.overlay == ""

    def test_new_noise_is_another_exposure_of_the_same(self, page):
        before = pixels(page._picture)
        press(page.view, "New noise")
        assert (pixels(page._picture) != before).any()
        assert page.specimen == Specimen(diameter=10, pixels=512)
        assert "seed=1" in page.controls.query

    def test_the_metric_of_the_cells_can_be_chosen(self, page):
        page.controls.widgets["metric"].value = "mse"
        assert "MSE difference" in words(page._pictures.map.caption)
        assert study_method(page.measurement) is None
        assert "not in the stored study" in words(page.curves._note.value)

    def test_the_sphere_has_no_metric(self, page):
        page.controls.set(metric="mse", compact="on")
        page.controls.widgets["method"].value = "sphere"
        assert (page.measurement.metric, page.measurement.compact) == (None, False)
        assert "probability" in words(page._pictures.map.caption)

    def test_without_noise_the_image_is_the_expected_one(self, page):
        page.controls.widgets["noise"].value = "off"
        np.testing.assert_array_equal(page._image, Specimen(diameter=10, pixels=512).image)
        assert "without noise" in page._picture.caption
        assert "The stored study has no image without noise" in words(page.curves._note.value)

    @pytest.mark.parametrize("name", PRESETS)
    def test_a_preset_keeps_pixels_and_noise(self, page, name):
        page.controls.set(seed=4)
        press(page.view, name)
        state = page.controls.values
        assert (state["pixels"], state["seed"]) == ("512", 4)
        assert PRESETS[name].items() <= state.items()
        assert page.message.value == ""

    def test_a_link_that_makes_no_sense_is_complained_of(self, page):
        page._open("diameter=99&method=guess&dose=2000")
        told = words(page.message.value)
        assert "Diameter must be a number from 0 to 14 cells, got '99'" in told
        assert "Method must be one of sphere" in told
        assert page.controls.values["dose"] == 2000

    def test_an_error_is_a_sentence(self, page, monkeypatch):
        def fail(*_):
            raise ValueError("Cells must divide the image, got 7")

        monkeypatch.setattr(Measurement, "differences", fail)
        page.controls.widgets["seed"].value = 9
        assert "cells must divide the image, got 7" in words(page.message.value)

    def test_files(self, page):
        assert page.png().startswith(PNG)
        rows = list(csv.reader(page.csv().decode().splitlines()))
        assert rows[0] == ["row", "column", "χ² difference", "counted", "precipitate"]
        cells = np.array(rows[1:], float)
        np.testing.assert_array_equal(cells[:, 3].reshape(16, 16), page.size.mask)
        np.testing.assert_array_equal(cells[:, 4].reshape(16, 16), page.specimen.truth)
        np.testing.assert_allclose(cells[:, 2].reshape(16, 16), page.size.map)

    def test_the_map_of_cells_comes_before_the_sentence(self, page, monkeypatch):
        shown = []

        def judge(measurement, differences):
            shown.append((pixels(page._pictures.map).copy(), words(page._pictures.sentence.value)))
            return measurement.sizer().judge(differences)

        before = words(page._pictures.sentence.value)
        monkeypatch.setattr(Measurement, "judge", judge)
        page.controls.widgets["dose"].value = 20_000
        np.testing.assert_array_equal(shown[-1][0], pixels(page._pictures.map))
        assert shown[-1][1] == before != words(page._pictures.sentence.value)

    def test_long_work_is_announced(self, page):
        def slow():
            yield 0.3
            yield 0.3
            assert page._pictures.sentence.value.count("Measuring") == 1
            return page.size

        before = page.size
        assert [*page._patiently(slow())] == [0.3, 0.3]
        assert page.size is before


class TestChapter:
    """Numbers that the chapter's text gives."""

    @pytest.mark.parametrize(("diameter", "cells", "counted"), [(4, 12, 12), (6, 32, 33), (8, 52, 55)])
    def test_cells_counted_without_noise(self, diameter, cells, counted):
        specimen = Specimen(diameter=diameter)
        fixed = Measurement(method="fixed", metric=None, compact=False, dose=None, pixels=1024)
        size = fixed(specimen.image)
        assert (specimen.truth.sum(), size.mask.sum()) == (cells, counted)
        assert size.mask[specimen.truth].all()

    @pytest.mark.parametrize(("dose", "thickness"), [(10, 10), (50, 7), (150, 4)])
    def test_the_paper_counts_where_the_beam_crosses_enough_cells(self, dose, thickness):
        stored = stored_sizes()
        found = stored.at("fixed", stored.nearest(dose))
        always = np.isfinite(found).all(axis=1)
        left = np.sqrt(np.maximum(stored.diameters[always] ** 2 - found[always].mean(axis=1) ** 2, 0))
        assert np.median(left) == pytest.approx(thickness, abs=0.5)
        assert stored.diameters[always].min() >= thickness

    def test_errors_of_the_papers_thresholds(self):
        stored = stored_sizes()

        def bias(method, dose, *diameters):
            errors = stored.errors(method, stored.nearest(dose), diameters)
            return np.round(np.nanmean(errors, axis=1), 1)

        np.testing.assert_array_equal(bias("fixed", 50, 8, 10, 14), [-3.8, -2.4, -1.6])
        assert np.abs(bias("paper_optimised", 150, *range(5, 15))).max() == pytest.approx(0.3, abs=0.051)
        middle, low = (bias("paper_optimised", dose, *range(7, 15)) for dose in (50, 10))
        assert (low.min(), low.max()) == (-3.6, -1.3)
        assert middle.max() == -0.3


class TestBackground:
    def test_the_result_and_the_error_come_through(self):
        def drain(work):
            while True:
                try:
                    next(work)
                except StopIteration as done:
                    return done.value

        assert drain(background.beside(sum, [1, 2])) == 3
        with pytest.raises(ZeroDivisionError):
            drain(background.beside(divmod, 1, 0))


class TestCurves:
    def test_the_stored_study_is_the_librarys(self):
        study, stored = load_study(), stored_sizes()
        assert stored.methods == tuple(study.method.values)
        np.testing.assert_array_equal(stored.doses, study.dose_per_area)
        np.testing.assert_allclose(stored.found * CELL, study.diameter_found)
        for method in stored.methods:
            assert study_words(method)

    def test_every_stored_method_can_be_chosen(self):
        chosen = {
            study_method(Measurement(method=m, metric=metric, compact=compact, dose=1.0, pixels=512))
            for m in METHODS
            for metric in (None, "sift")
            for compact in (False, True)
        }
        assert chosen - {None} == set(STUDY_METHODS) - {"ideal"}

    def test_the_table_is_the_librarys_summary(self):
        study = load_study().sel(diameter=slice(4, 14))
        error = (study.diameter_found / CELL - study.diameter).sel({"method": "sphere", "dose_per_area": 50})
        row = next(
            row for row in re.findall(r"<tr>(.*?)</tr>", table().value) if re.search(r">5\D?000</th>", row)
        )
        bias, rms, found = re.findall(r"<td>(.*?)</td>", row)[:3]
        assert float(bias.replace("−", "-")) == pytest.approx(float(error.mean()), abs=0.0051)
        assert float(rms) == pytest.approx(float(np.sqrt((error**2).mean())), abs=0.0051)
        rate = study_table(study).detection_rate.sel({"method": "sphere", "dose_per_area": 50}).mean()
        assert float(found.removesuffix(" %")) == pytest.approx(100 * float(rate), abs=0.51)

    def test_own_exposures_are_reproducible_and_only_complete_ones_count(self):
        draws = SizeDraws(CHI_SQUARE, 3)
        steps = draws.run()
        for _ in range(LARGEST):
            next(steps)
        assert draws.complete == 1
        next(steps)
        steps.close()
        assert (draws.done, draws.complete) == (LARGEST + 1, 1)
        assert draws.found.shape == (LARGEST, 1)
        again = [size_one((CHI_SQUARE, diameter, 3, 0)) for diameter in (8, 12)]
        np.testing.assert_array_equal(draws.found[[7, 11], 0], again)

    def test_the_button_measures_and_the_figure_shows_it(self, page, monkeypatch):
        monkeypatch.setattr(size_draws, "REPEATS", 1)
        page.controls.widgets["seed"].value = 7
        press(page.curves.view, "Measure with my noise")
        assert page.curves.draws.complete == 1
        assert page.curves._button.disabled
        labels = [line.get_label() for line in page.curves.figure().axes[0].lines]
        assert "your exposures" in labels
        page.controls.widgets["dose"].value = 1000
        assert page.curves.draws.complete == 0
        assert not page.curves._button.disabled

    def test_every_dose_has_a_curve(self, page):
        page.controls.widgets["curves"].value = "doses"
        labels = [line.get_label() for line in page.curves.figure().axes[0].lines]
        assert sum(label.endswith("e⁻/nm²") for label in labels[2:]) == len(stored_sizes().doses)
        assert labels[:2] == ["truth", "ideal observer, 5\u202f000 e⁻/nm²"]

    def test_the_limits_are_the_librarys(self):
        study, stored = load_study(), stored_sizes()
        limit, needed = detection_limit(study, tolerance=1), dose_needed(study, tolerance=1)
        for method in stored.methods:
            chosen = {"method": method}
            np.testing.assert_array_equal(stored.limits(method, 1), limit.diameter.sel(chosen))
            np.testing.assert_allclose(stored.false_alarms(method), limit.false_alarm_rate.sel(chosen))
            np.testing.assert_allclose(stored.doses_needed(method, 1), needed.sel(chosen))

    def test_the_limit_is_drawn_by_dose(self, page):
        page.controls.widgets["curves"].value = "limit"
        lines = {line.get_label(): line for line in page.curves.figure().axes[0].lines}
        assert list(lines) == [study_words(key) for key in ("ideal", "sphere", "false_alarm", "fixed")]
        drawn, limit = lines["sphere by likelihood"].get_ydata(), stored_sizes().limits("sphere", 1)
        np.testing.assert_array_equal(drawn, np.where(np.isnan(limit), LARGEST + 1.5, limit))
        assert page.curves._picture.alt.startswith("Smallest diameter by dose")

    def test_limits_and_goals_are_told_in_full(self):
        rows = re.findall(r"<tr>(.*?)</tr>", limits().value)
        assert len(rows) == len(stored_sizes().doses) + 1
        cell = next(row for row in rows if re.search(r">5\D?000</th>", row))
        smallest = stored_sizes().limits("sphere", 1)[stored_sizes().nearest(50)]
        assert f"<td>{smallest:.0f} ({smallest * CELL / 10:.1f} nm) [" in cell
        told = re.findall(r"<td>(not met|met)</td>", goals().value)
        assert len(told) == 5
        assert "nan" not in goals().value

    def test_what_is_not_detectable_is_in_the_strip_alone(self):
        draws = np.array([[np.nan, np.nan], [np.nan, 3.0], [4.0, 6.0]])
        figure = size_curves([1, 3, 5], {"a": draws}, points={"b": [(3, np.nan), (5, 4.0)]})
        above, below = figure.axes
        lines = {line.get_label(): line for line in above.lines}
        np.testing.assert_array_equal(lines["a"].get_ydata(), [np.nan, 3, 5])
        np.testing.assert_array_equal(lines["b"].get_xdata(), [5])
        np.testing.assert_array_equal(below.lines[0].get_ydata(), [1, 0.5, 0])
        np.testing.assert_array_equal(below.lines[1].get_xdata(), [3])


class TestMarks:
    @given(st.lists(st.integers(0, 15), max_size=16))
    def test_an_outline_has_as_many_pieces_as_its_cells_have_foreign_neighbours(self, places):
        mask = np.zeros(16, bool)
        mask[places] = True
        mask = mask.reshape(4, 4)
        padded = np.pad(mask, 1)
        neighbours = [np.roll(padded, step, axis) for step in (1, -1) for axis in (0, 1)]
        edges = sum(int((padded & ~other).sum()) for other in neighbours)
        pieces = re.findall(r"M\d+ \d+[hv]1", outline(mask).partition("/>")[0])
        assert len(pieces) == edges

    def test_the_bars_hold_all_cells(self):
        values = np.linspace(0, 1, 256).reshape(16, 16)
        drawn = histogram(values, 0.5, values > 0.7, quantity="x")
        assert "128 of 256 cells above 0.50" in drawn
        assert "threshold 0.50" in drawn
        heights = [float(height) for height in re.findall(r'height="([\d.]+)" fill="#', drawn)]
        assert len(heights) >= 30


class TestCounting:
    def test_a_round_is_the_same_for_everybody(self):
        numbers = range(1, 41)
        np.testing.assert_array_equal(round_of(7).image, round_of(7).image)
        assert len({(one.dose, one.specimen) for one in map(round_of, numbers)}) > 30
        assert {one.dose for one in map(round_of, numbers)} == set(counting_rounds.DOSES)

    def test_marks_are_judged(self):
        one = round_of(2)
        truth = np.flatnonzero(one.specimen.truth)
        rivals = {method: one.rival(method) for method in RIVALS}
        perfect = judged(one, truth, rivals)
        assert (perfect.wrong, perfect.yours) == (0, diameter_of(len(truth)))
        outside = np.flatnonzero(~one.specimen.truth)[:3]
        assert judged(one, [*truth[1:], *outside], rivals).wrong == 4
        assert np.isnan(judged(one, [], rivals).yours)
        assert perfect.sphere_wrong == rivals["sphere"].misclassified(one.specimen.truth)

    def test_what_the_browser_keeps_comes_back(self):
        one = round_of(2)
        rivals = {method: one.rival(method) for method in RIVALS}
        results = [judged(one, [], rivals)]
        kept = to_kept(results)
        assert all(np.isfinite(value) for value in kept.values())
        back = from_kept({**kept, "3.true": 4.0, "nonsense": 1.0})
        assert len(back) == 1
        assert str(back) == str(results)

    def test_a_round_from_marks_to_truth(self, game):
        assert game._table.value.count("<tr") == 0
        game._grid.marked = [0, 1, 2]
        assert "Marked: 3 cells, 1.0 nm (2 cells)" in words(game._words.value)
        assert game._grid.overlay == ""
        press(game.view, "Done")
        truth = game.round.specimen.truth
        told = words(game._words.value)
        assert f"True: {game.round.specimen.diameter * CELL / 10:.1f} nm" in told
        assert f"{int(truth.sum()) + 3 - 2 * int(truth.ravel()[:3].sum())} cells wrong" in told
        assert game._grid.overlay == outline(truth)
        assert not game._grid.enabled
        assert game._picture.data.startswith(PNG)
        rows = list(csv.DictReader(game.csv().decode().splitlines()))
        assert [row["round"] for row in rows] == ["1"]
        assert float(rows[0]["your diameter (cells)"]) == pytest.approx(diameter_of(3), abs=1e-4)
        assert game.png().startswith(PNG)

    def test_only_the_first_try_of_a_round_counts(self, game):
        press(game.view, "Done")
        (first,) = game.results
        press(game.view, "Next round")
        assert game.round.number == 2
        assert (game._grid.enabled, game._grid.marked, game._grid.overlay) == (True, [], "")
        game.controls.widgets["round"].value = 1
        game._grid.marked = [5]
        press(game.view, "Done")
        assert [str(one) for one in game.results] == [str(first)]

    def test_next_leads_to_rounds_not_counted_yet(self, game):
        press(game.view, "Done")
        game.controls.widgets["round"].value = ROUNDS
        press(game.view, "Next round")
        assert game.round.number == 2

    def test_earlier_visits_are_listed_and_can_be_forgotten(self, game):
        other = CountItYourself()
        other.start()
        press(game.view, "Done")
        other._storage.values = game._storage.values
        assert words(other._table.value) == words(game._table.value)
        press(other.view, "Forget my rounds")
        assert (other.results, other._storage.values) == ([], {})
        assert "will be listed" in other._table.value

    def test_marks_can_be_cleared_until_done(self, game):
        game._grid.marked = [4]
        press(game.view, "Clear marks")
        assert game._grid.marked == []
        press(game.view, "Done")
        assert game._clear_button.disabled

    def test_a_link_opens_a_round(self, game):
        game._open("round=12")
        assert game.round == round_of(12)
        game._open("round=0")
        assert "Round must be a number from 1 to 200, got '0'" in words(game.message.value)
