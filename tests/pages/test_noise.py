"""Chapter 4 without a browser: the panels of Fig. 3, their numbers and files, the logarithmic slider."""

import asyncio
import csv
import math
import re
from html import unescape
from typing import ClassVar

import cv2
import ipywidgets as widgets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.app.kit.controls import Controls, LogSlider
from hrtem_lab.app.kit.log_slider import thousands
from hrtem_lab.app.kit.widgets import Address, Picture
from hrtem_lab.app.pages.noise.bars import bars
from hrtem_lab.app.pages.noise.page import PARAMETERS, PRESETS, NoiseLab
from hrtem_lab.app.pages.noise.panels import PANELS, contributions
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import readout_noise, shot_noise, source_blur
from hrtem_lab.simulation import form_image, load_exit_wave

VIEW = 4 * 5.275  # Å
PNG = b"\x89PNG\r\n\x1a\n"
LABELS = [metric.label for metric in METRICS.values()]
PAPER = {"panel": "f", "dose": 5000, "readout": 2, "blur": 0.049, "pixels": 128, "seed": 0}
ROUNDED = 5.1e-4  # numbers on the page have 3 decimals
DOSE = LogSlider(key="dose", label="Dose", unit="e⁻/nm²", minimum=100, maximum=10**6, default=5000)


def reference(pixels=128):
    return form_image(load_exit_wave("nb3sn"), shape=pixels, field_of_view=VIEW)


def parts(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def part(page, kind, **traits):
    (found,) = [
        p
        for p in parts(page.view)
        if isinstance(p, kind) and all(getattr(p, key) == value for key, value in traits.items())
    ]
    return found


def press(page, text):
    part(page, widgets.Button, description=text).click()


def picture(page, alt):
    (found,) = [p for p in parts(page.view) if isinstance(p, Picture) and p.alt.startswith(alt)]
    return found


def levels(shown):
    return cv2.imdecode(np.frombuffer(shown.data, np.uint8), cv2.IMREAD_UNCHANGED).astype(int)


def choose(page, **values):
    """Set controls as the reader does, one after the other."""
    for key, value in values.items():
        page.controls.widgets[key].value = value


def tables(page):
    """Return every table of numbers, by the letter of its panel ('' for the large picture's)."""
    found = {}
    for part in parts(page.view):
        if isinstance(part, widgets.HTML) and "hl-numbers" in part.value:
            letter = re.search(r"<strong>([a-f])</strong>", part.value)
            rows = re.findall(r'data-metric="(\w+)".*?class="hl-value">([\d.]+)<', part.value)
            found[letter[1] if letter else ""] = {key: float(text) for key, text in rows}
    return found


def rows(page):
    """Return the rows of the CSV file by the letter of their panel."""
    return {row["panel"]: row for row in csv.DictReader(page.csv().decode().splitlines())}


def written(page):
    """Return every panel's differences in the CSV file."""
    return {letter: [float(row[label]) for label in LABELS] for letter, row in rows(page).items()}


def alerts(page):
    found = [p.value for p in parts(page.view) if isinstance(p, widgets.HTML) and 'role="alert"' in p.value]
    return [unescape(re.sub(r"<[^>]+>", "", text)) for text in found]


@pytest.fixture
def page():
    made = NoiseLab()
    made.start()
    return made


@pytest.fixture(scope="module")
def untouched():
    """A page that its tests only look at."""
    made = NoiseLab()
    made.start()
    return made


class TestFirstSight:
    def test_the_sliders_stand_where_the_papers_do(self, untouched):
        assert untouched.controls.values == PAPER

    def test_every_panel_has_its_letter_and_every_metric(self, untouched):
        shown = tables(untouched)
        assert set(shown) == {"", *"abcdef"}
        assert all(list(numbers) == list(METRICS) for numbers in shown.values())
        assert shown[""] == shown["f"]
        assert set(shown["a"].values()) == {0.0}

    def test_the_file_and_the_page_say_the_same(self, untouched):
        shown = tables(untouched)
        for letter, values in written(untouched).items():
            assert list(shown[letter].values()) == pytest.approx(values, abs=ROUNDED)

    def test_blur_is_the_librarys(self, untouched):
        clean = reference()
        blurred = source_blur(clean, sigma=0.49, sampling=VIEW / 128)
        expected = [metric.function(clean, blurred) for metric in METRICS.values()]
        assert written(untouched)["e"] == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize(
        ("letter", "dose", "blur", "readout"),
        [("b", 150, 0, 0), ("c", 50, 0, 0), ("d", 50, 0, 2), ("f", 50, 0.49, 2)],
    )
    def test_noisy_panels_are_what_the_librarys_processes_give(self, untouched, letter, dose, blur, readout):
        """Other electrons, so the numbers agree only within a recording's scatter."""
        clean, sampling = reference(), VIEW / 128
        draws = []
        for seed in range(6):
            image = source_blur(clean, sigma=blur, sampling=sampling)
            image = shot_noise(image, dose_per_area=dose, sampling=sampling, rng=100 + seed)
            image = readout_noise(image, sigma=readout, dose_per_area=dose, sampling=sampling, rng=seed)
            draws.append([metric.function(clean, image) for metric in METRICS.values()])
        off = np.abs(np.array(written(untouched)[letter]) - np.mean(draws, axis=0))
        assert (off < 5 * np.std(draws, axis=0, ddof=1)).all()

    def test_d_is_the_recording_of_c_read_out_with_noise(self, untouched):
        images = {key: panel.exposure(PAPER).image for key, panel in PANELS.items()}
        electrons = (images["d"] - images["c"]) * 50 * (VIEW / 128) ** 2
        assert electrons.std() == pytest.approx(2, rel=0.03)
        assert abs(electrons.mean()) < 0.1
        assert not np.array_equal(images["b"], images["c"])

    def test_the_bars_say_how_the_parts_add(self, untouched):
        (shown,) = [
            p.value for p in parts(untouched.view) if "hl-contributions" in getattr(p, "_dom_classes", ())
        ]
        numbers = {letter: dict(zip(METRICS, row, strict=True)) for letter, row in written(untouched).items()}
        sums = {key: numbers["d"][key] + numbers["e"][key] for key in METRICS}
        for key, metric in METRICS.items():
            assert f"{metric.label} {100 * numbers['f'][key] / sums[key]:.0f} %" in shown
            figures = re.search(
                rf'data-metric="{key}".*?<strong>(.*?)</strong>.*?<strong>(.*?)</strong>', shown
            )
            expected = [sums[key], numbers["f"][key]]
            assert [float(text) for text in figures.groups()] == pytest.approx(expected, abs=5.1e-3)
        stacked = contributions(numbers)
        for key, total in sums.items():
            assert sum(part[key] for part in stacked.values()) == pytest.approx(total)

    def test_every_picture_has_words(self, untouched):
        pictures = [p for p in parts(untouched.view) if isinstance(p, Picture)]
        assert len(pictures) == 8
        assert all(p.alt and p.data.startswith(PNG) for p in pictures)

    def test_the_figures_are_pngs(self, untouched):
        assert untouched.png().startswith(PNG)
        assert untouched.bars_png().startswith(PNG)


class TestSettings:
    def test_the_same_settings_show_the_same_noise(self, page):
        before, numbers = picture(page, "Panel f").data, written(page)
        choose(page, dose=6000)
        assert picture(page, "Panel f").data != before
        choose(page, dose=5000)
        assert picture(page, "Panel f").data == before
        assert written(page) == numbers

    def test_new_noise_is_other_noise_of_the_same_kind(self, page):
        before = written(page)
        shown = {letter: picture(page, f"Small panel {letter}").data for letter in PANELS}
        press(page, "New noise")
        after = written(page)
        assert page.controls.values == PAPER | {"seed": 1}
        for letter in PANELS:
            random = letter in "bcdf"
            assert (after[letter] != before[letter]) == random
            assert (picture(page, f"Small panel {letter}").data != shown[letter]) == random
            assert after[letter] == pytest.approx(before[letter], abs=0.06)

    def test_new_noise_never_leaves_the_range_of_a_link(self, page):
        page.controls.set(seed=999)
        press(page, "New noise")
        assert page.controls.values["seed"] == 0

    @pytest.mark.parametrize(
        ("change", "moved"),
        [
            ({"dose": 20000}, "bcdf"),
            ({"readout": 0.5}, "df"),
            ({"blur": 0.02}, "ef"),
            ({"panel": "b"}, ""),
        ],
    )
    def test_a_slider_moves_the_panels_that_depend_on_it(self, page, change, moved):
        before = written(page)
        choose(page, **change)
        after = written(page)
        assert {letter for letter in PANELS if before[letter] != after[letter]} == set(moved)
        shown = tables(page)
        assert all(
            list(shown[letter].values()) == pytest.approx(after[letter], abs=ROUNDED) for letter in "abcdef"
        )

    def test_the_number_of_pixels_changes_every_picture_and_keeps_the_electrons(self, page):
        choose(page, pixels=64, panel="c")
        assert levels(picture(page, "Panel c")).shape == (64, 64)
        assert levels(picture(page, "Reference")).shape == (64, 64)
        counts = {n: PANELS["c"].exposure(PAPER | {"pixels": n}).image.mean() for n in (64, 128, 256)}
        assert max(counts.values()) == pytest.approx(min(counts.values()), rel=0.03)
        assert "5.43 e⁻ per pixel" in picture(page, "Panel c").alt

    @pytest.mark.parametrize("letter", PANELS)
    def test_the_large_picture_is_the_chosen_panel(self, page, letter):
        choose(page, panel=letter)
        large, small = picture(page, f"Panel {letter}"), picture(page, f"Small panel {letter}")
        assert large.data == small.data
        assert tables(page)[""] == tables(page)[letter]

    def test_no_noise_at_all_is_the_reference(self, page):
        choose(page, panel="e", blur=0.0)
        assert np.array_equal(levels(picture(page, "Panel e")), levels(picture(page, "Reference")))
        assert set(tables(page)["e"].values()) == {0.0}

    @pytest.mark.parametrize("preset", PRESETS)
    def test_a_preset_starts_from_the_papers_settings(self, page, preset):
        choose(page, dose=300, blur=0.1, readout=5)
        press(page, preset)
        assert page.controls.values == PAPER | PRESETS[preset]
        assert alerts(page) == []

    def test_the_papers_six_panels_are_presets(self):
        assert {f"Fig. 3{letter}" for letter in "abcdef"} <= set(PRESETS)

    def test_a_preset_keeps_the_draw_and_reset_does_not(self, page):
        press(page, "New noise")
        press(page, "Fig. 3d")
        assert page.controls.values["seed"] == 1
        press(page, "Reset")
        assert page.controls.values == PAPER


class TestLinks:
    def test_the_address_names_what_was_changed(self, page):
        choose(page, dose=15000, readout=0.5, blur=0.02, pixels=256, panel="c")
        press(page, "New noise")
        assert part(page, Address).query == "panel=c&dose=15000&readout=0.5&blur=0.02&pixels=256&seed=1"

    def test_a_link_opens_with_its_state(self, page):
        part(page, Address).asked = "dose=1000000&panel=b&seed=7"
        assert page.controls.values == PAPER | {"dose": 10**6, "panel": "b", "seed": 7}
        assert "3\u202f000\u202f000 e⁻/nm²" in picture(page, "Panel b").alt
        assert alerts(page) == []

    def test_nonsense_is_a_sentence_and_the_usual_value(self, page):
        part(page, Address).asked = "dose=0&readout=-1&blur=nan&pixels=1e9&seed=x&panel=g"
        assert page.controls.values == PAPER
        (said,) = alerts(page)
        assert "Dose must be a number from 100 to 1000000 e⁻/nm², got '0'." in said
        assert "Readout noise σ must be a number from 0 to 10 e⁻, got '-1'." in said
        assert "Pixels per side must be a number from 64 to 512, got '1e9'." in said
        assert "Large picture must be one of a, b, c, d, e, f, got 'g'." in said

    def test_an_error_is_a_sentence(self, page, monkeypatch):
        monkeypatch.setattr("hrtem_lab.app.pages.noise.page.encode_image", lambda *_, **__: 1 / 0)
        choose(page, dose=6000)
        assert alerts(page) == ["Something went wrong inside this page (ZeroDivisionError). Reset may help."]


def test_the_file_is_complete_even_while_the_page_is_not():
    made = NoiseLab()

    async def impatient():
        made.start()
        return written(made)

    early = asyncio.run(impatient())
    assert set(early) == set(PANELS)
    assert early == written(made)


class TestLogSlider:
    @given(st.text() | st.floats().map(str) | st.integers(-10, 10**7).map(str))
    def test_it_takes_a_number_in_range_and_names_the_rule_otherwise(self, text):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if 100 <= number <= 10**6:
            value = DOSE.parse(text)
            assert value in DOSE.grid
            assert abs(math.log(value / number)) < math.log(1.1)
        else:
            with pytest.raises(ValueError, match=r"^Dose must be a number from 100 to 1000000 e⁻/nm², got "):
                DOSE.parse(text)

    def test_its_steps_are_even_ratios_of_round_numbers(self):
        ratios = np.divide(DOSE.grid[1:], DOSE.grid[:-1])
        assert ratios.min() > 1.07
        assert ratios.max() <= 1.2
        assert {n * 10**k for n in range(1, 10) for k in (2, 3, 4, 5)} < set(DOSE.grid)
        assert (DOSE.grid[0], DOSE.grid[-1]) == (100, 10**6)

    def test_every_value_survives_a_link(self):
        for value in DOSE.grid:
            controls, restored = Controls([DOSE]), Controls([DOSE])
            controls.set(dose=value)
            assert restored.apply(controls.query) == []
            assert restored.values["dose"] == value

    def test_both_units_are_on_the_page(self):
        controls = Controls(PARAMETERS)
        controls.widgets["dose"].value = 15000
        assert "= 150 e⁻/Å²" in controls.row("dose").children[1].value
        assert controls.widgets["dose"].description == "Dose (e⁻/nm²)"
        assert controls.parameters["dose"].describe(15000) == "15\u202f000 e⁻/nm²"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0, "0"),
            (0.0272, "0.0272"),
            (1, "1"),
            (1.3588, "1.36"),
            (50, "50"),
            (10**6, "1\u202f000\u202f000"),
        ],
    )
    def test_numbers_are_short_and_thousands_stand_apart(self, value, text):
        assert thousands(value) == text


class TestBars:
    PARTS: ClassVar = {"blur": {"mse": 0.25}, "shot noise": {"mse": 1.0}, "readout noise": {"mse": 0.75}}

    def widths(self, html):
        return [float(text) for text in re.findall(r"<b [^>]*?width:([\d.]+)%", html)]

    def test_lengths_are_proportional_and_fit(self):
        *stacked, whole = self.widths(bars(self.PARTS, {"mse": 0.5}))
        assert np.divide(stacked, whole) == pytest.approx([0.5, 2, 1.5], rel=1e-3)
        assert sum(stacked) <= 100

    def test_what_a_draw_takes_away_has_no_length_but_counts(self):
        html = bars({"blur": {"mse": 0.5}, "shot noise": {"mse": -0.1}}, {"mse": 0.4})
        assert self.widths(html)[1] == 0
        assert html.count("<strong>0.40</strong>") == 2
