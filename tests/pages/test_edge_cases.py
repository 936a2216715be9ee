"""Chapter 2 without a browser: the explorer, its curve and its files, and the gallery."""

import re

import ipywidgets as widgets
import numpy as np
import pytest
from hypothesis import given

from hrtem_lab.app.kit import curve_panel as sweep
from hrtem_lab.app.pages.edge_cases import page as edge_cases
from hrtem_lab.edge_cases import edge_cases as edge_case_images
from hrtem_lab.metrics import METRICS
from hrtem_lab.plots import common_ranges
from hrtem_lab.rendering import UNSEEN_GREY
from tests.kit.parameters import state
from tests.pages.library import LABELS, differences, micrograph, rounded

from .tmp.pg.rest import (
    costly,
    levels,
    numbers_of,
    part,
    picture,
    same_as_new,
    shown_numbers,
    table,
    texts,
    words,
)

REFERENCE = {"specimen": "nb3sn", "thickness": 40, "defocus": 0}
"""The second chapter's."""


@pytest.fixture
def explorer():
    made = edge_cases.Explorer()
    made.start()
    return made


class TestExplorer:
    @pytest.fixture(autouse=True)
    def _short_curve(self, monkeypatch):
        monkeypatch.setattr(sweep, "POINTS", 3)

    @pytest.fixture
    def dashboard(self, explorer):
        return explorer

    def check(self, dashboard):
        values, reference = dashboard.controls.values, micrograph(REFERENCE)
        image = micrograph(values)
        middle = float(image.max()) / 2
        image = middle + values["contrast"] * (image - middle)
        expected = differences(reference, image)
        assert numbers_of(dashboard) == pytest.approx(expected, abs=2e-3)
        grey = np.clip(255 * image / reference.max(), 0, 255)
        assert np.abs(levels(picture(dashboard.view, "Image with").data) - grey).max() < 0.51
        return expected

    def test_it_opens_with_the_reference_itself(self, dashboard):
        assert max(self.check(dashboard).values()) < 1e-6
        (_, rows) = table(dashboard.csv())
        assert [float(text) for text in rows[0][-len(METRICS) :]] == [0] * len(METRICS)

    @given(state(edge_cases.PARAMETERS))
    @costly
    def test_numbers_and_picture_are_those_of_the_library(self, values):
        dashboard = edge_cases.Explorer()
        dashboard.controls.set(**values)
        dashboard.start()
        assert dashboard.message.value == ""
        self.check(dashboard)

    @pytest.mark.parametrize("name", edge_cases.PRESETS)
    def test_a_preset_sets_its_own_values_and_nothing_else(self, dashboard, name):
        dashboard.controls.set(rotation=10.0, aperture=20.0)
        preset = part(dashboard.view, widgets.Dropdown, description="Start from")
        preset.value = name
        assert preset.value == ""
        defaults = {key: p.default for key, p in dashboard.controls.parameters.items()}
        assert dashboard.controls.values == {**defaults, **edge_cases.PRESETS[name]}
        self.check(dashboard)

    @pytest.mark.parametrize("key", METRICS)
    def test_the_map_is_the_one_chosen(self, dashboard, key):
        dashboard.controls.widgets["specimen"].value = "zro2"
        dashboard.controls.widgets["map"].value = key
        label = METRICS[key].label
        shown = picture(dashboard.view, f"{label} difference map")
        assert words(shown.caption).startswith(f"{label} map")
        image = micrograph({**REFERENCE, "specimen": "zro2"})
        unseen = np.isnan(METRICS[key].map(micrograph(REFERENCE), image))
        grey = (levels(shown.data) == UNSEEN_GREY).all(axis=2)
        assert np.array_equal(grey, unseen)
        assert unseen.any() == (key == "sift")

    def test_a_history_leaves_no_trace(self, dashboard):
        for key, value in (("defocus", -3.0), ("specimen", "zro2"), ("map", "mse"), ("contrast", -0.5)):
            dashboard.controls.widgets[key].value = value
        same_as_new(dashboard)

    def test_a_failure_names_the_rule_and_the_next_change_recovers(self, dashboard, monkeypatch):
        def refuse(*_arguments, **_options):
            raise ValueError("semiangle_cutoff must be positive, got -3")

        with monkeypatch.context() as broken:
            broken.setattr(edge_cases, "form_image", refuse)
            dashboard.controls.widgets["defocus"].value = 3.0
        said = words(dashboard.message.value)
        assert said == "This cannot be shown: semiangle_cutoff must be positive, got -3."
        dashboard.controls.widgets["defocus"].value = 4.0
        assert dashboard.message.value == ""
        self.check(dashboard)

    def test_the_figure_is_a_png(self, dashboard):
        rows, columns, _ = levels(dashboard.png()).shape
        assert columns > rows > 400


class TestExplorersCurve:
    def test_the_file_holds_the_state_and_then_the_curve(self, explorer):
        explorer.controls.widgets["aperture"].value = 20.0
        explorer.controls.widgets["specimen"].value = "zro2"
        header, (first, *curve) = table(explorer.csv())
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
        assert first[:7] == ["zro2", "0.0", "0.0", "0.0", "40", "20.0", "1.0"]
        apertures = [float(row[5]) for row in curve]
        assert apertures == sorted(set(apertures))
        assert (apertures[0], apertures[-1]) == (8, 50)
        assert {tuple(row[:5]) for row in curve} == {("zro2", "0.0", "0.0", "0.0", "40")}
        row = curve[len(curve) // 3]
        image = micrograph({"specimen": "zro2", "thickness": 40, "defocus": 0, "aperture": float(row[5])})
        expected = list(differences(micrograph(REFERENCE), image).values())
        assert [float(text) for text in row[7:]] == pytest.approx(expected, abs=1e-6)

    def test_the_curve_meets_the_numbers_at_the_sliders_value(self, explorer):
        explorer.controls.widgets["rotation"].value = 0.0
        explorer.controls.widgets["thickness"].value = 1
        _, (first, *curve) = table(explorer.csv())
        (same,) = [row for row in curve if row[4] == "1"]
        assert same == first

    def test_the_sentence_is_that_of_the_points(self, explorer):
        explorer.controls.widgets["shift"].value = 0.3
        _, (_, *curve) = table(explorer.csv())
        x = [float(row[1]) for row in curve]
        values = {key: [float(row[7 + n]) for row in curve] for n, key in enumerate(METRICS)}
        said = " ".join(words(html) for html in texts(explorer.view))
        for start, end in common_ranges(x, values):
            assert f"{start:.3g} to {end:.3g}" in said
        (start, end), (again, last) = common_ranges(x, values)  # a whole cell is no shift
        assert (start, last) == (0, 1)
        assert again == pytest.approx(1 - end, abs=3e-3)


def test_the_gallery_shows_each_case_with_the_numbers_of_the_library():
    html = edge_cases.gallery().value
    cards = re.findall(r'<figure class="hl-picture" data-case="(\w+)">(.*?)</figure>', html, re.DOTALL)
    cases = edge_case_images()
    assert [key for key, _ in cards] == list(cases)
    for key, card in cards:
        assert shown_numbers(card) == rounded(differences(cases["reference"].image, cases[key].image))
        assert cases[key].description in words(card)
        assert f'alt="{cases[key].label}' in card
    assert f"white {cases['reference'].image.max():.2f} of the incident beam" in words(html)
