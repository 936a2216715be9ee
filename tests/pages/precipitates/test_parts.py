"""The parts of chapter 6 without its page: specimens, words, the stored study, marks and rounds."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.app.pages import precipitates
from hrtem_lab.app.pages.precipitates import rounds as counting_rounds
from hrtem_lab.app.pages.precipitates.cell_marks import histogram, outline
from hrtem_lab.app.pages.precipitates.draws import SizeDraws, size_one
from hrtem_lab.app.pages.precipitates.rounds import RIVALS, diameter_of, from_kept, round_of, score, to_kept
from hrtem_lab.app.pages.precipitates.specimen import Measurement, verdict
from hrtem_lab.app.pages.precipitates.stored_sizes import study_method, study_words
from hrtem_lab.sizing import (
    METHODS,
    SIZERS,
    STUDY_METHODS,
    detection_limit,
    dose_needed,
    load_study,
    size_precipitate,
    stored_study,
    study_table,
)
from hrtem_lab.sizing.specimens import CELL, CELLS, LARGEST, Specimen
from tests.pages.reader import Reader

SAMPLING = CELLS * CELL / 512
CHI_SQUARE = Measurement(method="false_alarm", metric=None, compact=False, dose=50.0, pixels=512)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")


def html(shown):
    """Return the HTML that the notebook shows."""
    (text,) = Reader(shown).texts
    return text


class TestMeasurement:
    @pytest.mark.slow
    def test_a_method_says_what_the_library_says(self):
        specimen = Specimen(diameter=6, right=2, pixels=512)
        image, pristine = specimen.expose(50, 3), Specimen(diameter=0, pixels=512).image
        for method in METHODS:
            options = {"compact": True} if "compact" in SIZERS[method].options else {}
            found = Measurement(method=method, dose=50.0, pixels=512, **options)(image)
            expected = size_precipitate(
                pristine, image, cells=CELLS, dose_per_area=50, sampling=SAMPLING, method=method, **options
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
        stored = stored_study()
        found = stored.at("fixed", stored.nearest(dose))
        always = np.isfinite(found).all(axis=1)
        left = np.sqrt(np.maximum(stored.diameters[always] ** 2 - found[always].mean(axis=1) ** 2, 0))
        assert np.median(left) == pytest.approx(thickness, abs=0.5)
        assert stored.diameters[always].min() >= thickness

    def test_errors_of_the_papers_thresholds(self):
        stored = stored_study()

        def bias(method, dose, *diameters):
            errors = stored.errors(method, stored.nearest(dose), diameters)
            return np.round(np.nanmean(errors, axis=1), 1)

        np.testing.assert_array_equal(bias("fixed", 50, 8, 10, 14), [-3.8, -2.4, -1.6])
        assert np.abs(bias("paper_optimised", 150, *range(5, 15))).max() == pytest.approx(0.3, abs=0.051)
        middle, low = (bias("paper_optimised", dose, *range(7, 15)) for dose in (50, 10))
        assert (low.min(), low.max()) == (-3.6, -1.3)
        assert middle.max() == -0.3


class TestStoredStudy:
    def test_the_stored_study_is_the_librarys(self):
        study, stored = load_study(), stored_study()
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
        reference = {name for name, options in STUDY_METHODS.items() if "background" not in options}
        assert chosen - {None} == reference - {"ideal"}

    def test_mse_is_not_in_the_study(self):
        measurement = Measurement(method="false_alarm", metric="mse", compact=False, dose=50.0, pixels=512)
        assert study_method(measurement) is None

    def test_the_table_is_the_librarys_summary(self):
        study = load_study().sel(diameter=slice(4, 14))
        error = (study.diameter_found / CELL - study.diameter).sel({"method": "sphere", "dose_per_area": 50})
        row = next(
            row
            for row in re.findall(r"<tr>(.*?)</tr>", html(precipitates.table()))
            if re.search(r">5\D?000</th>", row)
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
        again = [size_one(CHI_SQUARE, diameter, 3, 0) for diameter in (8, 12)]
        np.testing.assert_array_equal(draws.found[[7, 11], 0], again)

    def test_the_limits_are_the_librarys(self):
        study, stored = load_study(), stored_study()
        limit, needed = detection_limit(study, tolerance=1), dose_needed(study, tolerance=1)
        for method in stored.methods:
            chosen = {"method": method}
            np.testing.assert_array_equal(stored.limits(method, 1), limit.diameter.sel(chosen))
            np.testing.assert_allclose(stored.false_alarms(method), limit.false_alarm_rate.sel(chosen))
            np.testing.assert_allclose(stored.doses_needed(method, 1), needed.sel(chosen))

    def test_limits_are_told_in_full(self):
        rows = re.findall(r"<tr>(.*?)</tr>", html(precipitates.limits()))
        assert len(rows) == len(stored_study().doses) + 1
        cell = next(row for row in rows if re.search(r">5\D?000</th>", row))
        smallest = stored_study().limits("sphere", 1)[stored_study().nearest(50)]
        assert f"<td>{smallest:.0f} ({smallest * CELL / 10:.1f} nm) [" in cell


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


class TestRounds:
    def test_a_round_is_the_same_for_everybody(self):
        numbers = range(1, 41)
        np.testing.assert_array_equal(round_of(7).image, round_of(7).image)
        assert len({(one.dose, one.specimen) for one in map(round_of, numbers)}) > 30
        assert {one.dose for one in map(round_of, numbers)} == set(counting_rounds.DOSES)

    def test_marks_are_scored(self):
        one = round_of(2)
        truth = np.flatnonzero(one.specimen.truth)
        rivals = {method: one.rival(method) for method in RIVALS}
        perfect = score(one, truth, rivals)
        assert (perfect.wrong, perfect.yours) == (0, diameter_of(len(truth)))
        outside = np.flatnonzero(~one.specimen.truth)[:3]
        assert score(one, [*truth[1:], *outside], rivals).wrong == 4
        assert np.isnan(score(one, [], rivals).yours)
        assert perfect.misclassified["sphere"] == rivals["sphere"].misclassified(one.specimen.truth)

    def test_what_the_browser_keeps_comes_back(self):
        one = round_of(2)
        rivals = {method: one.rival(method) for method in RIVALS}
        results = [score(one, [], rivals)]
        kept = to_kept(results)
        assert all(np.isfinite(value) for value in kept.values())
        back = from_kept({**kept, "3.true": 4.0, "nonsense": 1.0})
        assert len(back) == 1
        assert str(back) == str(results)
