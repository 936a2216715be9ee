"""Chapter 2 without a browser: the explorer, its curve and its files, and the gallery."""

import re

import numpy as np
import pytest
from hypothesis import given

from hrtem_lab.app.kit import curve_panel, readings
from hrtem_lab.app.kit.controls import Controls
from hrtem_lab.app.pages import edge_cases
from hrtem_lab.app.pages.edge_cases.page import PARAMETERS, PRESETS
from hrtem_lab.edge_cases import edge_cases as edge_case_images
from hrtem_lab.metrics import METRICS, sift_spread
from hrtem_lab.plots import common_ranges
from hrtem_lab.rendering import UNSEEN_GREY
from tests.kit.parameters import state
from tests.pages.history import costly, same_as_new
from tests.pages.library import LABELS, NAMES, differences, micrograph, rounded
from tests.pages.reader import Reader, levels, opened, shown_numbers, words
from tests.pages.statements.opening import early

REFERENCE = {"specimen": "nb3sn", "thickness": 40, "defocus": 0}
AT_FIRST = {
    "Specimen": "Nb₃Sn",
    "Shift": 0.0,
    "Rotation": 0.0,
    "Defocus": 0.0,
    "Thickness": 40,
    "Aperture": 30.0,
    "Contrast": 1.0,
    "Difference map": "SSIM",
}


@pytest.fixture
def page():
    return Reader(edge_cases.explorer())


class TestExplorer:
    @pytest.fixture(autouse=True)
    def _short_curve(self, monkeypatch):
        monkeypatch.setattr(curve_panel, "POINTS", 3)

    def check(self, page):
        settings = {label.lower(): value for label, value in page.settings.items()}
        reference = micrograph(REFERENCE)
        image = micrograph({**settings, "specimen": NAMES[settings["specimen"]]})
        middle = float(image.max()) / 2
        image = middle + settings["contrast"] * (image - middle)
        expected = differences(reference, image)
        assert page.numbers == pytest.approx(expected, abs=2e-3)
        grey = np.clip(255 * image / reference.max(), 0, 255)
        assert np.abs(levels(page.picture("Image with")) - grey).max() < 0.51
        return expected

    def test_it_opens_with_the_reference_itself(self, page):
        assert page.settings == AT_FIRST
        assert max(self.check(page).values()) < 1e-6
        _, first, *_ = page.csv
        assert [float(text) for text in first[-len(METRICS) :]] == [0] * len(METRICS)

    @given(state(PARAMETERS))
    @costly
    def test_numbers_and_picture_are_those_of_the_library(self, values):
        controls = Controls(PARAMETERS)
        controls.set(**values)
        page = opened(edge_cases.explorer, controls.query)
        assert page.query == controls.query
        assert page.alerts == []
        self.check(page)

    @pytest.mark.parametrize("name", PRESETS)
    def test_a_preset_sets_its_own_values_and_nothing_else(self, name):
        page = opened(edge_cases.explorer, "rotation=10&aperture=20")
        page.press(name)
        assert page.chosen == [name]
        controls = Controls(PARAMETERS)
        controls.set(**PRESETS[name])
        assert page.query == controls.query
        changed = {label: value for label, value in page.settings.items() if AT_FIRST[label] != value}
        (value,) = PRESETS[name].values()
        assert [NAMES.get(shown, shown) for shown in changed.values()] == [value]
        self.check(page)

    def test_a_preset_is_marked_while_its_settings_hold(self, page):
        assert page.chosen == []
        page.set("Shift", 0.5)
        page.set("Difference map", "MSE")
        assert page.chosen == ["half-cell shift"]
        page.set("Rotation", 10.0)
        assert page.chosen == []
        page.open("shift=0&rotation=0&specimen=zro2")
        assert page.chosen == ["ZrO₂"]
        page.press("Reset")
        assert page.chosen == []

    @pytest.mark.parametrize("key", METRICS)
    def test_the_map_is_the_one_chosen(self, key):
        label = METRICS[key].label
        page = opened(edge_cases.explorer, "specimen=zro2")
        page.set("Difference map", label)
        shown = page.picture(f"{label} difference map")
        assert words(shown.caption).startswith(f"{label} map")
        image = micrograph({**REFERENCE, "specimen": "zro2"})
        unseen = np.isnan(METRICS[key].map(micrograph(REFERENCE), image))
        grey = (levels(shown) == UNSEEN_GREY).all(axis=2)
        assert np.array_equal(grey, unseen)
        assert unseen.any() == (key == "sift")

    def test_sift_has_a_band_after_the_picture(self, page, monkeypatch):
        """Whose positions of the pixel grid are those of the library."""
        monkeypatch.setattr(readings, "PHASES", 3)
        page.set("Defocus", -2.0)
        reference, image = (micrograph({**REFERENCE, "defocus": defocus}) for defocus in (0, -2))
        expected = sift_spread(reference, image, phases=3)
        assert page.ranges == {"sift": pytest.approx((expected.lowest, expected.highest), abs=5.1e-3)}
        assert "around 0.18" in page.said
        # A page whose work goes on in the background has the numbers first; no test asked for so many before.
        monkeypatch.setattr(readings, "PHASES", 16)
        at_once = early(edge_cases.explorer, "defocus=-2")
        assert at_once.numbers == page.numbers
        assert at_once.ranges == {}
        assert "below 0.18" in at_once.said

    def test_a_history_leaves_no_trace(self, page):
        page.set("Defocus", -3.0)
        page.set("Specimen", "ZrO₂")
        page.set("Difference map", "MSE")
        page.set("Contrast", -0.5)
        same_as_new(edge_cases.explorer, page)

    def test_a_failure_names_the_rule_and_the_next_change_recovers(self, page, monkeypatch):
        def refuse(*_arguments, **_options):
            raise ValueError("semiangle_cutoff must be positive, got -3")

        with monkeypatch.context() as broken:
            broken.setattr("hrtem_lab.app.pages.edge_cases.page.form_image", refuse)
            page.set("Defocus", 3.0)
        assert page.alerts == ["This cannot be shown: semiangle_cutoff must be positive, got -3."]
        page.set("Defocus", 4.0)
        assert page.alerts == []
        self.check(page)

    def test_the_figure_is_a_png(self, page):
        rows, columns, _ = levels(page.figure).shape
        assert columns > rows > 400


class TestExplorersCurve:
    def test_the_file_holds_the_state_and_then_the_curve(self, page, real_curves, monkeypatch):
        monkeypatch.setattr(curve_panel, "POINTS", 9)
        page.set("Aperture", 20.0)
        page.set("Specimen", "ZrO₂")
        header, first, *curve = page.csv
        assert header == [
            "Specimen",
            "Shift (cells)",
            "Rotation (°)",
            "Defocus (nm)",
            "Thickness (cells)",
            "Aperture (mrad)",
            "Contrast",
            *LABELS,
        ]
        assert first[:7] == ["ZrO₂", "0", "0", "0", "40", "20", "1"]
        apertures = [float(row[5]) for row in curve]
        assert apertures == sorted(set(apertures))
        assert (apertures[0], apertures[-1]) == (8, 50)
        assert {tuple(row[:5]) for row in curve} == {("ZrO₂", "0", "0", "0", "40")}
        row = curve[len(curve) // 3]
        image = micrograph({"specimen": "zro2", "thickness": 40, "defocus": 0, "aperture": float(row[5])})
        expected = list(differences(micrograph(REFERENCE), image).values())
        assert [float(text) for text in row[7:]] == pytest.approx(expected, abs=1e-6)

    def test_the_curve_meets_the_numbers_at_the_sliders_value(self, page, monkeypatch):
        monkeypatch.setattr(curve_panel, "POINTS", 9)
        page.set("Rotation", 0.0)
        page.set("Thickness", 1)
        _, first, *curve = page.csv
        (same,) = [row for row in curve if row[4] == "1"]
        assert same == first

    def test_the_sentence_is_that_of_the_points(self, page):
        page.set("Shift", 0.3)
        _, _, *curve = page.csv
        x = [float(row[1]) for row in curve]
        values = {key: [float(row[7 + n]) for row in curve] for n, key in enumerate(METRICS)}
        for start, end in common_ranges(x, values):
            assert f"{start:.3g} to {end:.3g}" in page.said
        (start, end), (again, last) = common_ranges(x, values)  # a whole cell is no shift
        assert (start, last) == (0, 1)
        assert again == pytest.approx(1 - end, abs=3e-3)


def test_the_gallery_shows_each_case_with_the_numbers_of_the_library():
    (html,) = Reader(edge_cases.gallery()).texts
    cards = re.findall(r'<figure class="hl-picture" data-case="(\w+)">(.*?)</figure>', html, re.DOTALL)
    cases = edge_case_images()
    assert [key for key, _ in cards] == list(cases)
    for key, card in cards:
        assert shown_numbers(card) == rounded(differences(cases["reference"].image, cases[key].image))
        assert cases[key].description in words(card)
        assert f'alt="{cases[key].label}' in card
    assert f"white {cases['reference'].image.max():.2f} of the incident beam" in words(html)
