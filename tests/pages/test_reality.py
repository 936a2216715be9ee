"""Chapter 7 without a browser: the image with its effects, the gallery, the budget and the claims."""

import asyncio
import re

import numpy as np
import pytest
from ipywidgets import HTML, DOMWidget, HBox

from hrtem_lab.app.kit import curve_panel, readings
from hrtem_lab.app.pages import reality
from hrtem_lab.app.pages.reality import budget
from hrtem_lab.app.pages.reality.settings import EFFECTS, EVERYTHING, USUAL
from hrtem_lab.edge_cases import edge_cases
from hrtem_lab.metrics import METRICS, sift_spread
from hrtem_lab.noise import camera_preset
from hrtem_lab.simulation import form_image, through_layer, with_background
from hrtem_lab.waves import load_carbon_slabs, load_exit_waves
from tests.pages.reader import Reader, levels, opened, rest, shown_numbers, walk, words
from tests.pages.statements.opening import early

FOUR_CELLS = 4 * 5.275
CRYSTAL = load_exit_waves("nb3sn", temperature=None)[0]
REST = form_image(CRYSTAL)
VERDICT = re.compile(">(holds|does not hold|the pixels decide)<")


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(curve_panel, "POINTS", 2)
    monkeypatch.setattr(budget, "POINTS", 2)


def differences(image, reference=REST):
    return {key: METRICS[key](reference, image) for key in ("mse", "ssim", "cw_ssim", "sift", "chi_square")}


def tilted(angle):
    return load_exit_waves("nb3sn", temperature=None, tilt=angle)[0]


IMAGES = {
    "vibration=293": lambda: form_image(load_exit_waves("nb3sn")),
    "vibration=100": lambda: form_image(load_exit_waves("nb3sn", temperature=100)),
    "vibration=293&tilt=1.5": lambda: form_image(load_exit_waves("nb3sn", tilt=1.5)),
    "tilt=2&thickness=41": lambda: form_image(
        load_exit_waves("nb3sn", temperature=None, thickness_cells=41, tilt=2)[0]
    ),
    "layer=2": lambda: form_image(
        through_layer(CRYSTAL, load_carbon_slabs(), number=2),
        defocus=20,
        field_of_view=FOUR_CELLS,
    ),
    "defocus=-2.5": lambda: form_image(CRYSTAL, defocus=-25),
    "c12=3&azimuth=30": lambda: form_image(CRYSTAL, C12=30, phi12=np.pi / 6),
    "c21=80&azimuth=-60": lambda: form_image(CRYSTAL, C21=800, phi21=-np.pi / 3),
    "c23=90&azimuth=45": lambda: form_image(CRYSTAL, C23=900, phi23=np.pi / 4),
    "cs=-5": lambda: form_image(CRYSTAL, Cs=-5e4),
    "focal_spread=6": lambda: form_image(CRYSTAL, focal_spread=60),
    "image_spread=0.03&drift=0.1": lambda: form_image(CRYSTAL, image_spread=0.3, drift=(0, 1)),
    "background=27&stobbs=2": lambda: with_background(REST, background=0.27, contrast=0.5),
    "camera=stem&dose=5000&seed=4": lambda: camera_preset("STEM", sampling=FOUR_CELLS / 128).expose(
        REST, dose_per_area=50, rng=4
    ),
}


class TestImage:
    @pytest.mark.parametrize("link", IMAGES)
    def test_numbers_and_picture_are_those_of_the_library(self, link):
        page = early(reality.dashboard, link)
        assert page.alerts == []
        image = IMAGES[link]()
        assert page.numbers == pytest.approx(differences(image), abs=2e-3)
        grey = np.clip(255 * image / REST.max(), 0, 255)
        assert np.abs(levels(page.picture("Image of")) - grey).max() < 0.51

    def test_it_opens_with_the_simulation_itself(self):
        page = early(reality.dashboard)
        assert max(page.numbers.values()) < 1e-6
        assert "The paper's simulation" in page.chosen

    def test_a_vibrating_reference_is_the_image_of_a_vibrating_crystal(self):
        page = early(reality.dashboard, "reference=293&vibration=293")
        assert max(page.numbers.values()) < 1e-6
        page = early(reality.dashboard, "reference=293")
        expected = differences(REST, form_image(load_exit_waves("nb3sn")))
        assert page.numbers == pytest.approx(expected, abs=2e-3)

    def test_what_is_not_stored_is_one_sentence_and_the_page_goes_on(self):
        page = Reader(reality.dashboard())
        page.open("vibration=100&tilt=2")
        (said,) = page.alerts
        assert said.startswith("This cannot be shown: no crystal of 40 cells at 100 K with a tilt of 2 mrad")
        page.set("Specimen tilt", 0.0)
        assert page.alerts == []
        assert page.numbers["mse"] == pytest.approx(differences(IMAGES["vibration=100"]())["mse"], abs=2e-3)

    def test_what_is_not_stored_is_not_said_of_another_picture(self):
        page = Reader(reality.dashboard())
        page.open("vibration=293")
        before = page.picture("Image").data
        page.set("Specimen tilt", 1.5)
        page.set("Thickness", 39)
        shown = page.picture("Not stored. The image before: Atoms 293 K, Specimen tilt 1.5 mrad")
        stale = shown.data
        assert stale != before
        assert "Thickness" not in shown.caption
        assert page.download("Figure (PNG)") is None
        assert page.download("Numbers (CSV)") is None
        assert page.download("Budget (CSV)") is not None
        page.set("Specimen tilt", 0.0)
        assert page.picture("Image Atoms 293 K, Thickness 39 cells").data != stale
        assert float(page.rows[0]["MSE"]) == pytest.approx(page.numbers["mse"], abs=1e-3)

    def test_numbers_curve_and_budget_wait_for_the_prediction(self):
        page = Reader(reality.dashboard())
        covered = [part for part in page.parts(DOMWidget) if "hl-outcome" in part.get_state()["_dom_classes"]]
        shown = " ".join(one.value for part in covered for one in walk(part) if isinstance(one, HTML))
        assert any(page.curve in walk(part) for part in covered)
        assert "hl-numbers" in shown
        assert "hl-budget" in shown

    def test_there_are_dose_and_new_noise_only_where_a_camera_counts_electrons(self):
        page = Reader(reality.dashboard())
        (row,) = [box for box in page.parts(HBox) if page.button("New noise") in box.children]
        assert row.layout.visibility == "hidden"
        assert page.control("Dose").disabled
        page.set("Camera", "counting camera")
        assert row.layout.visibility == "visible"
        assert not page.control("Dose").disabled
        before = page.picture("Image").data
        page.press("New noise")
        assert page.picture("Image").data != before

    def test_the_budget_file_says_that_it_does_not_follow_the_settings(self):
        said, usual = (
            early(reality.dashboard, link).content("Budget (CSV)").decode()
            for link in ("vibration=293&tilt=2&seed=3&reference=293", "")
        )
        assert "# result: Budget = each effect alone beside the paper's simulation, whatever the" in said
        assert said.splitlines()[-len(EFFECTS) - 2 :] == usual.splitlines()[-len(EFFECTS) - 2 :]

    def test_sift_has_its_band_and_files_have_the_settings(self):
        page = opened(reality.dashboard, "c12=3")
        image = form_image(CRYSTAL, C12=30)
        spread = sift_spread(REST, image, phases=readings.PHASES)
        assert page.ranges["sift"] == pytest.approx((spread.lowest, spread.highest), abs=6e-3)
        header, first, *curve = page.csv
        assert first[header.index("Twofold C12 (nm)")] == "3"
        assert float(first[header.index("MSE")]) == pytest.approx(differences(image)["mse"], abs=1e-4)
        assert len(curve) == 2
        rows = page.content("Budget (CSV)").decode().splitlines()
        assert sum(line.lstrip('"').startswith(effect.label) for line in rows for effect in EFFECTS) == len(
            EFFECTS
        )


class TestGallery:
    def test_every_effect_has_its_picture_and_numbers(self):
        (shown,) = Reader(reality.gallery()).texts
        cards = {part[1 : part.index('"', 1)]: part for part in shown.split("data-case=")[1:]}
        assert list(cards) == [effect.key for effect in EFFECTS]
        expected = differences(form_image(load_exit_waves("nb3sn")))
        assert shown_numbers(cards["vibration"]) == pytest.approx(expected, abs=1e-3)

    def test_the_settings_are_within_the_controls(self):
        page = early(reality.dashboard)
        for effect in EFFECTS:
            assert set(effect.setting) <= set(page.keys)
            assert effect.setting.items() <= effect.state.items()
            assert effect.slider is None or effect.slider in effect.setting
        assert set(EVERYTHING) < set(USUAL)

    def test_on_a_good_day_no_effect_is_larger_than_in_the_gallery(self):
        largest = {key: value for effect in EFFECTS for key, value in effect.setting.items()}
        largest["vibration"] = "293"
        shares = {
            key: value / largest[key] for key, value in EVERYTHING.items() if not isinstance(value, str)
        }
        assert {EVERYTHING[key] == largest[key] for key in ("vibration", "camera")} == {True}
        assert max(shares.values()) <= 1
        assert (shares["tilt"], shares["c12"]) == (0.5, 0.5)
        assert shares["c21"] < 0.5


class TestBudget:
    def test_it_is_the_share_of_the_threshold_and_where_it_is_reached(self, monkeypatch):
        monkeypatch.setattr(budget, "POINTS", 9)
        monkeypatch.setattr(budget, "EFFECTS", [one for one in EFFECTS if one.key in ("tilt", "thickness")])
        made = budget.Budget()
        for _ in made.compute():
            pass
        header, rows = made.table()
        found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
        two = differences(form_image(tilted(2)))
        share = found["Tilt by 2 mrad"]["MSE as a share of 0.07"]
        assert share == pytest.approx(two["mse"] / 0.07, rel=1e-4)
        limit = float(found["Tilt by 2 mrad"]["MSE reaches it at"].removesuffix(" mrad"))
        below, above = (differences(form_image(tilted(angle)))["mse"] for angle in (1.5, 2))
        assert below < 0.07 < above
        reached = 1.5 + 0.5 * (0.07 - below) / (above - below)
        assert limit == pytest.approx(reached, abs=0.05)
        assert limit == round(reached, 1)
        assert found["One cell thicker"]["SIFT reaches it at"] == ""
        text = words(made.view.value)
        assert f"{100 * share:.0f} %" in text

    def test_a_metric_is_near_its_threshold_at_the_size_that_the_table_names(self, monkeypatch):
        monkeypatch.setattr(budget, "POINTS", 11)
        monkeypatch.setattr(budget, "EFFECTS", [one for one in EFFECTS if one.key in ("c21", "image_spread")])
        made = budget.Budget()
        list(made.compute())
        header, rows = made.table()
        coma, vibration, _ = (dict(zip(header, row, strict=True)) for row in rows)
        found = float(coma["cw-SSIM reaches it at"].removesuffix(" nm"))
        assert differences(form_image(CRYSTAL, C21=10 * found))["cw_ssim"] == pytest.approx(0.16, rel=0.06)
        found = float(vibration["MSE reaches it at"].removesuffix(" nm"))
        image = form_image(CRYSTAL, image_spread=10 * found)
        assert differences(image)["mse"] == pytest.approx(0.07, rel=0.06)

    def test_work_that_is_dropped_is_done_later(self, monkeypatch):
        monkeypatch.setattr(budget, "EFFECTS", [one for one in EFFECTS if one.key in ("tilt", "drift")])
        whole, dropped = budget.Budget(), budget.Budget()
        list(whole.compute())
        for steps in (1, 2, 3):
            pieces = dropped.compute()
            for _ in range(steps):
                next(pieces)
            pieces.close()
        list(dropped.compute())
        assert dropped.table() == whole.table()
        assert dropped.view.value == whole.view.value

    def test_it_comes_although_the_curve_is_stopped(self, monkeypatch):
        monkeypatch.setattr(curve_panel, "POINTS", 41)
        monkeypatch.setattr(budget, "EFFECTS", [one for one in EFFECTS if one.key == "tilt"])

        async def stop():
            page = Reader(reality.dashboard())
            page.set("Defocus", 1.0)
            while not page.curve.busy:
                await asyncio.sleep(0.01)
            page.press("Stop")
            assert "Computing the budget" in page.said
            await rest()
            return page

        page = asyncio.run(stop())
        assert page.curve.busy == ""
        assert "Tilt by 2 mrad" in words(page.text("hl-budget"))

    def test_all_at_once_is_the_last_row(self):
        page = opened(reality.dashboard)
        last = page.text("hl-budget").split("data-effect=")[-1]
        page.press(budget.TOGETHER)
        expected = page.numbers["mse"] / 0.07
        assert re.search(rf"{100 * expected:.0f}\s%|{100 * expected - 1:.0f}\s%", words(last))


class TestClaims:
    @pytest.fixture
    def shown(self):
        (shown,) = Reader(reality.claims()).texts
        return shown

    def test_numbers_and_verdicts_are_those_of_the_edge_cases(self, shown):
        assert "cw-SSIM more sensitive than SSIM" in words(shown)
        for temperature in (None, 293):
            cases = edge_cases(temperature=temperature)
            found = differences(cases["defocus"].image, cases["reference"].image)
            for label, key in (("MSE", "mse"), ("SSIM", "ssim"), ("cw-SSIM", "cw_ssim")):
                assert f"{label} {found[key]:.2f}" in words(shown)

    def test_sift_is_a_range_and_where_it_straddles_the_threshold_the_pixels_decide(self, shown):
        (row,) = [row for row in shown.split("<tr") if "below every threshold" in row]
        for temperature in (None, 293):
            cases = edge_cases(temperature=temperature)
            spread = sift_spread(cases["reference"].image, cases["defocus"].image, phases=readings.PHASES)
            assert spread.lowest < METRICS["sift"].threshold < spread.highest
            assert f"SIFT {spread.lowest:.2f}–{spread.highest:.2f}" in words(row)
        assert VERDICT.findall(row) == ["the pixels decide", "the pixels decide"]

    def test_noise_stands_beside_the_black_image_that_it_is_compared_with(self, shown):
        (row,) = [row for row in shown.split("<tr") if "lower for noise" in row]
        cases = edge_cases(temperature=None)
        noise, black = (
            differences(cases[name].image, cases["reference"].image) for name in ("noise", "black")
        )
        for label, key in (("MSE", "mse"), ("cw-SSIM", "cw_ssim")):
            assert f"{label} {noise[key]:.2f} / {black[key]:.2f}" in words(row)
        assert black["sift"] < noise["sift"]
        assert VERDICT.findall(row)[0] == "does not hold"

    def test_a_claim_that_changes_its_verdict_is_marked(self, shown):
        rows = shown.split("<tr")[2:]
        for row in rows:
            holds = VERDICT.findall(row)
            assert len(holds) == 2
            assert ("hl-changed" in row) == (holds[0] != holds[1])
        assert sum("hl-changed" in row for row in rows) == 1

    def test_in_a_kernel_they_come_after_the_page(self, shown):
        async def show():
            page = Reader(reality.claims())
            assert "Computing the claims" in page.said
            await rest()
            return page

        (filled,) = asyncio.run(show()).texts
        assert filled == shown

    def test_an_error_is_a_sentence(self, monkeypatch, caplog):
        def fails(**_):
            raise OSError("the file is gone")

        async def show():
            page = Reader(reality.claims())
            await rest()
            return page

        monkeypatch.setattr("hrtem_lab.app.pages.reality.verdicts.edge_cases", fails)
        assert asyncio.run(show()).alerts == ["The claims could not be computed."]
        assert "the file is gone" in caplog.text
