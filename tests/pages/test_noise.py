"""Chapter 4 without a browser: the panels of Fig. 3, their numbers and files."""

import asyncio
import re
from typing import ClassVar

import numpy as np
import pytest

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages import noise
from hrtem_lab.app.pages.noise.bars import bars
from hrtem_lab.app.pages.noise.page import PRESETS
from hrtem_lab.app.pages.noise.panels import PANELS, contributions
from hrtem_lab.metrics import METRICS, sift_spread
from hrtem_lab.noise import readout_noise, shot_noise, source_blur
from hrtem_lab.simulation import form_image, load_exit_wave
from tests.pages.library import LABELS
from tests.pages.reader import PNG, ROUNDED, Reader, levels, opened, rest, shown_numbers, shown_ranges

VIEW = 4 * 5.275  # Å
PAPER = {"panel": "f", "dose": 5000, "readout": 2, "blur": 0.049, "pixels": 128, "seed": 0}
CONTROLS = {
    "dose": "Dose",
    "readout": "Readout noise σ",
    "blur": "Blur σ",
    "pixels": "Pixels per side",
}


def reference(pixels=128):
    return form_image(load_exit_wave("nb3sn"), shape=pixels, field_of_view=VIEW)


def choose(page, **values):
    """Set controls as the reader does, one after the other."""
    for key, value in values.items():
        if key == "panel":
            page.set("Large picture", f"{value} {PANELS[value].short}")
        else:
            page.set(CONTROLS[key], value)


def state(page):
    """Return all settings, the noise among them."""
    values = {key: page.value(label) for key, label in CONTROLS.items()}
    seed = int(re.search(r"\bnoise (\d+)\b", page.said)[1])
    return {"panel": page.value("Large picture")[0], **values, "seed": seed}


def tables(page):
    """Return every table of numbers, by the letter of its panel ('' for the large picture's)."""
    found = {}
    for text in page.texts:
        if "hl-numbers" in text:
            letter = re.search(r"<strong>([a-f])</strong>", text)
            found[letter[1] if letter else ""] = shown_numbers(text)
    return found


def written(page):
    """Return every panel's differences in the CSV file."""
    return {row["panel"]: [float(row[label]) for label in LABELS] for row in page.rows}


@pytest.fixture
def page():
    return Reader(noise.dashboard())


@pytest.fixture(scope="module")
def untouched():
    """A page that its tests only look at."""
    return Reader(noise.dashboard())


class TestFirstSight:
    def test_the_sliders_stand_where_the_papers_do(self, untouched):
        assert state(untouched) == PAPER

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

    def test_sift_has_a_band_in_the_large_table_alone(self, page):
        """It is that of the panel chosen, also after the settings come back."""
        choose(page, panel="e", dose=10_000)
        choose(page, dose=5_000)
        spread = sift_spread(
            reference(), source_blur(reference(), sigma=0.49, sampling=VIEW / 128), phases=readings.PHASES
        )
        large, *small = [shown_ranges(text) for text in page.texts if "hl-numbers" in text]
        assert large == {"sift": pytest.approx((spread.lowest, spread.highest), abs=5.1e-3)}
        assert small == [{}] * 6

    def test_the_band_is_wider_than_what_another_recording_changes(self, page, monkeypatch):
        """And on the page's own pixels SIFT is at its lower end, as the text says."""
        monkeypatch.setattr(readings, "PHASES", 8)
        recorded = []
        for _ in range(4):
            page.press("New noise")
            recorded.append(tables(page)[""]["sift"])
        (band,) = [found["sift"] for text in page.texts if (found := shown_ranges(text))]
        assert max(recorded) - min(recorded) < (band[1] - band[0]) / 2
        assert recorded[-1] < band[0] + (band[1] - band[0]) / 5

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
        shown = untouched.text("as a share of the sum of the parts")
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
        pictures = untouched.parts(Picture)
        assert len(pictures) == 8
        assert all(p.alt and p.data.startswith(PNG) for p in pictures)

    def test_the_figures_are_pngs(self, untouched):
        assert untouched.figure.startswith(PNG)
        assert untouched.content("Bars (PNG)").startswith(PNG)


class TestSettings:
    def test_the_same_settings_show_the_same_noise(self, page):
        before, numbers = page.picture("Panel f").data, written(page)
        choose(page, dose=6000)
        assert page.picture("Panel f").data != before
        choose(page, dose=5000)
        assert page.picture("Panel f").data == before
        assert written(page) == numbers

    def test_new_noise_is_other_noise_of_the_same_kind(self, page):
        before = written(page)
        shown = {letter: page.picture(f"Small panel {letter}").data for letter in PANELS}
        page.press("New noise")
        after = written(page)
        assert state(page) == PAPER | {"seed": 1}
        for letter in PANELS:
            random = letter in "bcdf"
            assert (after[letter] != before[letter]) == random
            assert (page.picture(f"Small panel {letter}").data != shown[letter]) == random
            assert after[letter] == pytest.approx(before[letter], abs=0.06)

    def test_new_noise_never_leaves_the_range_of_a_link(self, page):
        page.open("seed=999")
        page.press("New noise")
        assert state(page)["seed"] == 0

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
        assert levels(page.picture("Panel c")).shape == (64, 64)
        assert levels(page.picture("Reference")).shape == (64, 64)
        counts = {n: PANELS["c"].exposure(PAPER | {"pixels": n}).image.mean() for n in (64, 128, 256)}
        assert max(counts.values()) == pytest.approx(min(counts.values()), rel=0.03)
        assert "5.43 e⁻ per pixel" in page.picture("Panel c").alt

    @pytest.mark.parametrize("letter", PANELS)
    def test_the_large_picture_is_the_chosen_panel(self, page, letter):
        choose(page, panel=letter)
        large, small = page.picture(f"Panel {letter}"), page.picture(f"Small panel {letter}")
        assert large.data == small.data
        assert tables(page)[""] == tables(page)[letter]

    def test_no_noise_at_all_is_the_reference(self, page):
        choose(page, panel="e", blur=0.0)
        assert np.array_equal(levels(page.picture("Panel e")), levels(page.picture("Reference")))
        assert set(tables(page)["e"].values()) == {0.0}

    @pytest.mark.parametrize("preset", PRESETS)
    def test_a_preset_starts_from_the_papers_settings(self, preset):
        page = opened(noise.dashboard, "dose=300&blur=0.1&readout=5")
        page.press(preset)
        assert state(page) == PAPER | PRESETS[preset]
        assert page.chosen == [preset]
        assert page.alerts == []

    def test_a_setting_that_comes_back_before_its_numbers_are_there_keeps_them(self):
        async def hurried():
            page = Reader(noise.dashboard())
            await rest()
            choose(page, blur=0.1)
            choose(page, blur=0.049, dose=500)
            await rest()
            return page

        page = asyncio.run(hurried())
        assert page.alerts == []
        assert set(tables(page)) == {"", *PANELS}

    def test_the_papers_six_panels_are_presets(self, untouched):
        assert {f"Fig. 3{letter}" for letter in "abcdef"} <= set(PRESETS)
        assert set(PRESETS) <= set(untouched.buttons)

    def test_the_dose_is_given_in_both_units(self, page):
        choose(page, dose=15000)
        assert page.second("Dose") == "= 150 e⁻/Å²"
        assert page.control("Dose").description == "Dose (e⁻/nm²)"

    def test_a_preset_keeps_the_draw_and_reset_does_not(self, page):
        page.press("New noise")
        page.press("Fig. 3d")
        assert state(page)["seed"] == 1
        page.press("Reset")
        assert state(page) == PAPER


class TestLinks:
    def test_the_address_names_what_was_changed(self, page):
        choose(page, dose=15000, readout=0.5, blur=0.02, pixels=256, panel="c")
        page.press("New noise")
        assert page.query == "panel=c&dose=15000&readout=0.5&blur=0.02&pixels=256&seed=1"

    def test_a_link_opens_with_its_state(self, page):
        page.open("dose=1000000&panel=b&seed=7")
        assert state(page) == PAPER | {"dose": 10**6, "panel": "b", "seed": 7}
        assert "3\u202f000\u202f000 e⁻/nm²" in page.picture("Panel b").alt
        assert page.alerts == []

    def test_nonsense_is_a_sentence_and_the_usual_value(self, page):
        page.open("dose=0&readout=-1&blur=nan&pixels=1e9&seed=x&panel=g")
        assert state(page) == PAPER
        (said,) = page.alerts
        assert "Dose must be a number from 100 to 1000000 e⁻/nm², got '0'." in said
        assert "Readout noise σ must be a number from 0 to 10 e⁻, got '-1'." in said
        assert "Pixels per side must be a number from 64 to 512, got '1e9'." in said
        assert "Large picture must be one of a, b, c, d, e, f, got 'g'." in said

    def test_an_error_is_a_sentence(self, page, monkeypatch):
        monkeypatch.setattr("cv2.imencode", lambda *_: 1 / 0)
        choose(page, dose=6000)
        assert page.alerts == ["Something went wrong inside this page (ZeroDivisionError). Reset may help."]


def test_the_file_is_complete_even_while_the_page_is_not():
    async def impatient():
        made = Reader(noise.dashboard())
        return made, written(made)

    made, early = asyncio.run(impatient())
    assert set(early) == set(PANELS)
    assert early == written(made)
    assert early == written(Reader(noise.dashboard()))


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
