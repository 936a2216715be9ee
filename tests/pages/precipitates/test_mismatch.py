"""Chapter 6's reference, which the reader makes a little wrong: words, controls, curves and files."""

import dataclasses
import functools

import numpy as np
import pytest

from hrtem_lab import plots
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages import precipitates
from hrtem_lab.app.pages.precipitates import settings
from hrtem_lab.app.pages.precipitates import specimen as told
from hrtem_lab.app.pages.precipitates.draws import size_one
from hrtem_lab.app.pages.precipitates.mismatch import EXACT, Mismatch
from hrtem_lab.app.pages.precipitates.specimen import Measurement, doubts, verdict
from hrtem_lab.app.pages.precipitates.stored_sizes import study_method
from hrtem_lab.sizing import SIZERS, Precipitate, PrecipitateSizer, size_precipitate
from hrtem_lab.sizing.specimens import CELL, CELLS, Specimen, pristine_image
from tests.pages.reader import levels, opened, words

QUICK = "pixels=512&method=false_alarm"
USUAL = (
    f"{QUICK}&diameter=10&dose=5000&noise=on&truth=on&curves=dose&seed=0"
    "&thicker=0&defocus=0&shift=0&tilt=0&reference=simulated&background=exposures"
)
SLIDERS = ("Thicker by", "Underfocus", "Shifted by", "Tilted by")
CHI_SQUARE = Measurement(method="false_alarm", dose=50.0, pixels=512)
SPECIMEN = Specimen(diameter=10, pixels=512)
EXPOSURE = SPECIMEN.expose(50, 0)


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
    shared.open(USUAL)
    return shared


def disabled(page):
    """Return which of the four sliders cannot be moved."""
    return [label for label in SLIDERS if page.control(label).disabled]


def caption(page):
    return words(page.picture("χ² difference").caption)


class TestMismatch:
    @pytest.mark.parametrize(
        ("mismatch", "said"),
        [
            (EXACT, ""),
            (Mismatch(thicker=1), "1 cell thicker"),
            (Mismatch(thicker=-3, tilt=0.5), "3 cells thinner, tilted by 0.5 mrad"),
            (Mismatch(defocus=-20, shift=0.05), "overfocus of 20 Å, shifted by 0.05 Å"),
        ],
    )
    def test_it_is_told_in_words(self, mismatch, said):
        assert mismatch.words == said

    def test_the_reference_is_that_crystal(self):
        off = Mismatch(thicker=-2, defocus=7, shift=0.2)
        expected = pristine_image(512, thickness=38, defocus=7, shift=0.2)
        np.testing.assert_array_equal(off.reference(512), expected)
        np.testing.assert_array_equal(Mismatch(tilt=1.5).reference(512), pristine_image(512, tilt=1.5))
        np.testing.assert_array_equal(EXACT.reference(512), Specimen(diameter=0, pixels=512).image)

    def test_only_what_is_stored_together_is(self):
        assert Mismatch(thicker=2).stored
        assert Mismatch(tilt=2).stored
        assert not Mismatch(thicker=2, tilt=2).stored


class TestMeasurement:
    def test_a_method_is_told_the_wrong_reference(self):
        off = dataclasses.replace(CHI_SQUARE, mismatch=Mismatch(shift=0.3))
        options = {"cells": CELLS, "sampling": CELLS * CELL / 512, "dose_per_area": 50}
        expected = size_precipitate(pristine_image(512, shift=0.3), EXPOSURE, method="false_alarm", **options)
        found = off(EXPOSURE)
        assert found.diameter == expected.diameter != CHI_SQUARE(EXPOSURE).diameter
        np.testing.assert_array_equal(off.differences(EXPOSURE), expected.map)
        np.testing.assert_array_equal(off.judge(expected.map).mask, expected.mask)

    def test_the_readers_own_study_is_of_the_wrong_reference(self):
        off = dataclasses.replace(CHI_SQUARE, mismatch=Mismatch(shift=0.3))
        found = size_one(off, 6, 3, 0), size_one(CHI_SQUARE, 6, 3, 0)
        assert found == pytest.approx((18, 6), abs=1)

    def test_without_a_reference_the_image_is_its_own(self, monkeypatch):
        asked = []

        def sizer(reference, **options):
            asked.append((reference, options))
            return PrecipitateSizer(EXACT.reference(512), **options)

        monkeypatch.setattr(told, "PrecipitateSizer", sizer)
        own = dataclasses.replace(CHI_SQUARE, own_cells=True)
        assert own(EXPOSURE).diameter == CHI_SQUARE(EXPOSURE).diameter
        ((reference, options),) = asked
        assert reference is None
        assert (options["cells"], options["dose_per_area"], options["method"]) == (16, 50.0, "false_alarm")
        assert options["sampling"] == pytest.approx(CELL / 32)
        assert not own.compares_cells
        with pytest.raises(
            ValueError, match="must compare cells with a simulated reference, got 'false_alarm'"
        ):
            own.differences(EXPOSURE)
        assert own.against == "the image’s own cells"

    def test_the_dose_of_an_image_without_noise(self):
        sizer = dataclasses.replace(CHI_SQUARE, dose=None).sizer()
        assert sizer.conditions.dose_per_area == told.NOISE_FREE

    def test_the_background_is_an_option(self):
        assert CHI_SQUARE.options == {}
        assert dataclasses.replace(CHI_SQUARE, background="image").options == {"background": "image"}

    def test_the_stored_study_has_the_exact_reference(self):
        assert study_method(CHI_SQUARE) == "false_alarm"
        assert study_method(dataclasses.replace(CHI_SQUARE, mismatch=Mismatch(tilt=1))) is None
        assert study_method(dataclasses.replace(CHI_SQUARE, own_cells=True)) is None


class TestDoubts:
    def test_what_is_wrong_is_told_in_sentences(self):
        size = CHI_SQUARE(EXPOSURE)
        assert doubts(size) == []
        place = {"low": CELL, "high": 9 * CELL, "center": (0.0, 0.0), "mask": size.mask, "evidence": 9.0}
        first, other = (Precipitate(diameter=cells * CELL, **place) for cells in (8, 4))
        wrong = dataclasses.replace(
            size,
            problems=("the reference does not fit (thickness or focus)", "It is cut by the edge."),
            fit_outside=1.0371,
            fit_inside=2.5,
            precipitates=(first, other),
        )
        assert doubts(wrong) == [
            "The reference does not fit (thickness or focus).",
            "It is cut by the edge.",
            "Reduced χ² of the fit (1 is perfect): 1.04 outside the precipitate, 2.50 inside.",
            "Further precipitate: 2.1 nm (4 cells).",
        ]
        everywhere = dataclasses.replace(size, fit_inside=1.204)
        assert doubts(everywhere) == ["Reduced χ² of the fit (1 is perfect): 1.20 inside."]
        two = dataclasses.replace(size, fit_outside=1.0, precipitates=(first, other, other))
        assert doubts(two) == [
            "Reduced χ² of the fit (1 is perfect): 1.00.",
            "Further precipitates: 2.1 nm (4 cells), 2.1 nm (4 cells).",
        ]

    def test_they_stand_beside_the_number_and_in_the_file(self, page, monkeypatch):
        problem, judge = "the reference <does not> fit", Measurement.judge

        def doubted(measurement, differences):
            return dataclasses.replace(judge(measurement, differences), problems=(problem,), fit_outside=3.0)

        assert "What is wrong" not in page.said
        monkeypatch.setattr(Measurement, "judge", doubted)
        page.press("New noise")
        said = page.text("What is wrong")
        assert "The reference &lt;does not&gt; fit. Reduced χ² of the fit (1 is perfect): 3.00." in said
        assert page.is_read_aloud("What is wrong")
        row = page.rows[0]
        assert (row["what is wrong"], row["fit outside (reduced χ²)"]) == (problem, "3")
        assert page.csv[0][-1] == "misclassified cells"


class TestControls:
    def test_a_file_says_all_that_it_depends_on(self):
        silent = {"truth", "curves"}  # what is shown
        assert {*settings.MADE_BY} == {one.key for one in settings.parameters()} - silent
        assert {*settings.MADE_BY} - {*settings.MEASURED_BY} == {"diameter", "right", "down"}

    def test_a_slider_changes_the_reference_and_not_the_image(self, page):
        before, exact = levels(page.picture("Nb₃Sn, 16")), page.status
        assert "Reference" not in caption(page)
        page.set("Shifted by", 0.3)
        np.testing.assert_array_equal(levels(page.picture("Nb₃Sn, 16")), before)
        off = dataclasses.replace(CHI_SQUARE, mismatch=Mismatch(shift=0.3))
        assert page.status == verdict(off(EXPOSURE), SPECIMEN) != exact
        assert caption(page).endswith("Reference: shifted by 0.3 Å")
        assert page.query.endswith("shift=0.3")
        row = page.rows[0]
        assert [row[name] for name in ("Shifted by (Å)", "Underfocus (Å)", "Reference", "Background")] == [
            *("0.3", "0", "simulated", "from exposures of the reference")
        ]

    def test_tilt_and_thickness_are_not_stored_together(self, page):
        assert disabled(page) == []
        page.set("Tilted by", 1)
        assert disabled(page) == ["Thicker by"]
        assert caption(page).endswith("Reference: tilted by 1 mrad")
        page.open("tilt=0&thicker=1")
        assert disabled(page) == ["Tilted by"]
        page.open("tilt=2")
        assert page.alerts == [
            "This cannot be shown: a tilted reference is stored with 40 cells only: "
            "set “Thicker by” or “Tilted by” to 0."
        ]
        assert page.status == "Not measured."
        assert {words(part.caption) for part in page.parts(Picture)[1:3]} == {
            "Not measured. As it was before."
        }
        assert disabled(page) == []
        assert {label: page.download(label) for label in page.files} == dict.fromkeys(page.files)
        page.set("Tilted by", 0)
        assert page.alerts == []
        assert "Diameter found" in page.status

    def test_the_images_own_cells_need_no_simulation(self, page, monkeypatch):
        exact = functools.partial(PrecipitateSizer, EXACT.reference(512))
        monkeypatch.setattr(told, "PrecipitateSizer", lambda _none, **options: exact(**options))
        page.open("shift=0.3&reference=own")
        assert disabled(page) == list(SLIDERS)
        assert page.status == verdict(CHI_SQUARE(EXPOSURE), SPECIMEN)
        assert caption(page).endswith("Reference: the image’s own cells")

    def test_the_background_can_be_chosen_where_a_method_has_it(self, page, monkeypatch):
        row, asked = SIZERS["false_alarm"], []

        def plain(known, conditions):
            return row.prepare(known, conditions)

        def prepare(known, conditions, *, background="exposures"):
            asked.append(background)
            return row.prepare(known, conditions)

        monkeypatch.setitem(SIZERS, "otsu", dataclasses.replace(row, prepare=plain))
        page.set("Method", "Otsu")
        assert page.control("Background").disabled
        monkeypatch.setitem(SIZERS, "otsu", dataclasses.replace(row, prepare=prepare))
        page.press("New noise")
        page.set("Background", "from the image’s own cells")
        assert asked[-1] == "image"
        assert "background=image" in page.query
        assert "not in the stored study" in page.said

    def test_the_figure_says_that_the_stored_study_is_exact(self, page, monkeypatch):
        drawn, draw = [], plots.size_curves

        def record(*arguments, **options):
            figure = draw(*arguments, **options)
            axes = figure.axes[0]
            drawn.append((axes.get_title(), [line.get_label() for line in axes.lines]))
            return figure

        monkeypatch.setattr(plots, "size_curves", record)
        page.set("Underfocus", -5)
        assert drawn[-1] == ("reference: overfocus of 5 Å", ["truth"])
        assert "The stored study knows the exact reference only." in page.said
        page.set("Underfocus", 0)
        assert "exact reference only" not in page.said

    def test_a_preset_is_marked(self, page):
        page.press("Shifted by 0.3 Å")
        assert page.chosen == ["Shifted by 0.3 Å"]
        assert "true: no precipitate; 252 cells misclassified" in page.status
