"""Chapter 2 in a browser: the gallery, the sliders, the presets, the curve and the links."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jupyter_client import BlockingKernelClient
from playwright.sync_api import expect

from hrtem_lab import edge_cases as library
from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import encode_map
from tests.browser.reader import (
    CELL,
    Chapter,
    barriers,
    decoded,
    differences,
    grey_levels,
    in_sight,
    micrograph,
    pixels,
    read_numbers,
    same,
    used,
)
from tests.browser.serving import PATIENCE, wait_until

pytestmark = pytest.mark.browser
SETTINGS = ("shift", "rotation", "defocus", "thickness", "aperture", "contrast")


def run_in_kernel(chapter: Chapter, code: str) -> None:
    """Run code in the kernel of the open page, as a bug in it would."""
    kernel = chapter.page.evaluate("window.jupyterapp.widgetManager.kernel.id")
    arguments = chapter.server.kernels()[kernel].cmdline()
    client = BlockingKernelClient(connection_file=next(a for a in arguments if a.endswith(".json")))
    client.load_connection_file()
    client.start_channels()
    try:
        reply = client.execute_interactive(code, timeout=PATIENCE)
    finally:
        client.stop_channels()
    assert reply["content"]["status"] == "ok", reply["content"]


@pytest.fixture
def edge_cases(opened: Callable[[str], Chapter]) -> Iterator[Chapter]:
    """Chapter 2 as at first; nothing may have failed at the end."""
    yield from used(opened("02_edge_cases"))


class TestEdgeCases:
    """Chapter 2."""

    REFERENCE = micrograph(cells=40)
    WHITE = float(REFERENCE.max())
    SAME = dict.fromkeys(METRICS, 0.0)

    def differences(self, **options: Any) -> dict[str, float]:
        return differences(self.REFERENCE, micrograph(cells=40, **options))

    def test_the_gallery_shows_all_cases_with_all_numbers(self, edge_cases: Chapter) -> None:
        cases = library.edge_cases()
        cards = edge_cases.page.locator(".hl-gallery figure")
        keys = cards.evaluate_all("all => all.map(card => card.dataset.case)")
        assert keys == list(cases)
        assert len(keys) == 8
        for index, case in enumerate(cases.values()):
            card = cards.nth(index)
            shown = pixels(card.locator("img"))
            assert np.abs(shown - grey_levels(case.image, self.WHITE)[..., None]).max() <= 1
            assert same(
                read_numbers(card.locator(".hl-numbers")), differences(cases["reference"].image, case.image)
            )
            ticks = card.locator("tr").evaluate_all(
                "rows => rows.map(row => row.querySelector('.hl-tick')?.style.left ?? null)"
            )
            marked = [None if m.threshold is None else f"{100 * m.threshold:g}%" for m in METRICS.values()]
            assert ticks == marked
            expect(card).to_contain_text("0.5 nm")

    def test_a_slider_moved_by_keyboard_changes_everything(self, edge_cases: Chapter) -> None:
        edge_cases.shows(self.SAME)
        edge_cases.shows_picture("Image with", grey_levels(self.REFERENCE, self.WHITE))
        edge_cases.press("defocus", "ArrowLeft", times=20)
        edge_cases.shows(self.differences(defocus=-20))
        edge_cases.shows_picture("Image with", grey_levels(micrograph(cells=40, defocus=-20), self.WHITE))
        expect(edge_cases.picture("Image with")).to_have_attribute("alt", re.compile("defocus −2 nm"))
        expect(edge_cases.page.get_by_text("= −20 Å")).to_be_visible()
        wait_until(lambda: edge_cases.query() == {"defocus": "-2"}, what="the address names the setting")

    def test_a_slider_moved_back_is_where_it_was(self, edge_cases: Chapter) -> None:
        edge_cases.press("defocus", "ArrowLeft", times=3)
        wait_until(lambda: edge_cases.query() == {"defocus": "-0.3"}, what="the address names the setting")
        edge_cases.press("defocus", "ArrowRight", times=3)
        edge_cases.shows(self.SAME)
        wait_until(lambda: edge_cases.query() == {}, what="the address is as at first", patience=10)

    def test_reset_restores_numbers_sliders_and_address(self, edge_cases: Chapter) -> None:
        for key in SETTINGS:
            edge_cases.press(key, "ArrowLeft" if key != "shift" else "ArrowRight")
        edge_cases.page.locator(".hl-control-specimen").get_by_role("button", name="ZrO₂").click()
        wait_until(lambda: set(edge_cases.query()) == {"specimen", *SETTINGS}, what="all settings changed")
        wait_until(lambda: min(edge_cases.numbers().values()) > 0.05, what="the numbers have changed")
        edge_cases.reset()
        edge_cases.shows(self.SAME)
        edge_cases.shows_picture("Image with", grey_levels(self.REFERENCE, self.WHITE))
        assert [edge_cases.value(key) for key in SETTINGS] == [0, 0, 0, 40, 30, 1]
        assert edge_cases.chosen("specimen") == "Nb₃Sn"

    def test_presets_start_from_the_cases_of_the_paper(self, edge_cases: Chapter) -> None:
        presets = edge_cases.page.get_by_role("group", name="Start from").get_by_role("button")
        black_and_white = differences(self.REFERENCE, self.WHITE - self.REFERENCE)
        expected = {
            "half-cell shift": self.differences(shift=(0, CELL / 2)),
            "−2 nm defocus": self.differences(defocus=-20),
            "ZrO₂": differences(self.REFERENCE, micrograph("zro2", cells=40)),
            "contrast reversal": black_and_white,
            "no contrast": differences(self.REFERENCE, np.full_like(self.REFERENCE, self.WHITE / 2)),
        }
        assert presets.all_inner_texts() == list(expected)
        chosen = presets.and_(edge_cases.page.locator("[aria-pressed=true]"))
        presets.first.focus()
        for name, values in expected.items():
            edge_cases.page.keyboard.press("Enter")
            expect(chosen).to_have_text(name)
            edge_cases.shows(values)
            edge_cases.page.keyboard.press("Tab")
        edge_cases.press("rotation", "ArrowRight")
        expect(chosen).to_have_count(0)
        assert black_and_white["cw_ssim"] < 5e-4
        assert min(black_and_white[key] for key in ("mse", "ssim", "sift")) > 0.6

    def test_the_map_is_the_one_chosen(self, edge_cases: Chapter) -> None:
        edge_cases.press("defocus", "ArrowRight", times=10)
        image = micrograph(cells=40, defocus=10)
        for metric in METRICS.values():
            edge_cases.page.get_by_label("Difference map").select_option(metric.label)
            expected = decoded(encode_map(metric.map(self.REFERENCE, image)))
            shown = edge_cases.picture(f"{metric.label} difference map")
            expect(shown).to_be_visible()
            wait_until(
                lambda p=shown, e=expected: np.abs(pixels(p) - e).max() <= 2 if pixels(p).size else False,
                what=f"the map of {metric.label} is shown",
                patience=20,
            )
        last = {"defocus": "1", "map": metric.key}
        wait_until(lambda: edge_cases.query() == last, what="the address names the map")

    @pytest.mark.slow
    def test_the_curve_follows_the_slider_moved_last(self, edge_cases: Chapter) -> None:
        edge_cases.press("rotation", "ArrowRight")
        edge_cases.curve_along("Rotation (°)")
        edge_cases.press("shift", "ArrowRight", times=2)
        edge_cases.curve_along("Shift (cells)")
        line = edge_cases.page.locator(".hl-curve svg line")
        place = float(line.get_attribute("x1") or "nan")
        edge_cases.press("shift", "ArrowRight", times=48)
        edge_cases.curve_along("Shift (cells)")
        wait_until(
            lambda: float(line.get_attribute("x1") or "nan") == pytest.approx(place + 0.48 * 0.745, abs=1e-4),
            what="the line moves with the slider",
        )

    def test_the_acceptable_range_is_where_all_metrics_accept(self, edge_cases: Chapter) -> None:
        edge_cases.press("defocus", "ArrowRight")
        words = edge_cases.curve_along("Defocus (nm)")
        found = re.search(r"below their thresholds for defocus (\S+) to (\S+) nm", words)
        assert found, words
        expect(edge_cases.page.locator(".hl-dashboard .hl-note").last).to_contain_text(found.group())
        low, high = (float(text.replace("−", "-")) for text in found.groups())
        assert low < 0 < high

        def accepted(defocus: float) -> bool:
            values = self.differences(defocus=10 * defocus)
            return all(values[key] <= m.threshold for key, m in METRICS.items() if m.threshold is not None)

        # The curve is straight between points 1 nm apart.
        assert [accepted(x) for x in (low - 1, 0.8 * low, 0, 0.8 * high, high + 1)] == [0, 1, 1, 1, 0]

    def test_downloads_hold_what_is_shown(self, edge_cases: Chapter, tmp_path: Path) -> None:
        edge_cases.press("defocus", "ArrowLeft", times=20)
        edge_cases.shows(self.differences(defocus=-20))
        edge_cases.curve_along("Defocus (nm)")
        name = "edge-cases_specimen-nb3sn_shift-0_rotation-0_defocus-minus2"
        figure = edge_cases.download("Figure (PNG)", tmp_path)
        assert figure.name == f"{name}.png"
        rows, columns, _ = decoded(figure.read_bytes()).shape
        assert columns > rows > 400
        table = edge_cases.download("Numbers (CSV)", tmp_path)
        assert table.name == f"{name}.csv"
        lines = table.read_text(encoding="utf-8").splitlines()
        header, first, *curve = csv.reader(line for line in lines if not line.startswith("#"))
        units = ["Shift (cells)", "Rotation (°)", "Defocus (nm)", "Thickness (cells)", "Aperture (mrad)"]
        assert header == ["Specimen", *units, "Contrast", *(metric.label for metric in METRICS.values())]
        assert first[0] == "Nb₃Sn"
        assert [float(text) for text in first[1:7]] == [0, 0, -2, 40, 30, 1]
        assert same(edge_cases.numbers(), dict(zip(METRICS, map(float, first[7:]), strict=True)))
        points = np.array([[float(text) for text in row[1:]] for row in curve])
        assert points[:, 2].tolist() == list(range(-20, 21))
        minus_five = dict(zip(METRICS, points[points[:, 2] == -5][0, 6:], strict=True))
        assert minus_five == pytest.approx(self.differences(defocus=-50), abs=1e-6)

    @pytest.mark.slow
    def test_a_link_opens_a_setting_and_a_reload_keeps_it(self, fresh: Callable[[str, str], Chapter]) -> None:
        chapter = fresh("02_edge_cases", "?course=physics&Defocus=%E2%88%922&specimen=zro2")
        image = micrograph("zro2", cells=40, defocus=-20)
        chapter.shows(differences(self.REFERENCE, image))
        chapter.shows_picture("Image with", grey_levels(image, self.WHITE))
        wait_until(lambda: in_sight(chapter.page, ".hl-dashboard"), what="the figure is in sight")
        expect(chapter.page.locator(".hl-dashboard")).to_be_focused()
        expect(chapter.alert).to_contain_text("“course” is no setting of this page")
        assert chapter.value("defocus") == -2
        assert chapter.chosen("specimen") == "ZrO₂"
        chapter.curve_along("Defocus (nm)")
        chapter.press("aperture", "ArrowRight", times=2)
        wait_until(lambda: chapter.query().get("aperture") == "31", what="the address names the aperture")
        chapter.page.reload(wait_until="commit")
        chapter.page.wait_for_selector("body.shell-ready", state="attached")
        image = micrograph("zro2", cells=40, defocus=-20, semiangle_cutoff=31)
        chapter.shows(differences(self.REFERENCE, image))
        assert chapter.value("aperture") == 31
        expected = {"course": "physics", "defocus": "-2", "specimen": "zro2", "aperture": "31"}
        assert chapter.query() == expected

    @pytest.mark.slow
    def test_nonsense_in_a_link_is_named_and_the_page_works(
        self, fresh: Callable[[str, str], Chapter]
    ) -> None:
        chapter = fresh("02_edge_cases", "?defocus=abc&thickness=999&specimen=<b>lead</b>&shift=0.5")
        expect(chapter.alert).to_contain_text("Defocus must be a number from -20 to 20 nm, got 'abc'.")
        expect(chapter.alert).to_contain_text("Thickness must be a number from 1 to 60 cells, got '999'.")
        expect(chapter.alert).to_contain_text("Specimen must be one of nb3sn, zro2, got '<b>lead</b>'.")
        assert barriers(chapter.page, ".hl-dashboard") == []
        chapter.shows(self.differences(shift=(0, CELL / 2)))
        assert [chapter.value(key) for key in ("defocus", "thickness", "shift")] == [0, 40, 0.5]
        chapter.press("defocus", "ArrowLeft", times=2)
        chapter.shows(self.differences(shift=(0, CELL / 2), defocus=-2))
        expect(chapter.alert).to_have_count(0)
        wait_until(
            lambda: chapter.query() == {"shift": "0.5", "defocus": "-0.2"}, what="the address makes sense"
        )
        assert chapter.seen.errors == []

    def test_a_failing_callback_becomes_a_sentence(self, edge_cases: Chapter) -> None:
        run_in_kernel(
            edge_cases, "from hrtem_lab.app.pages.edge_cases import page as its; its.form_image = None"
        )
        edge_cases.press("defocus", "ArrowRight")
        said = re.compile(r"^Something went wrong inside this page \(TypeError\)")
        expect(edge_cases.alert).to_have_text(said)
        run_in_kernel(edge_cases, "from hrtem_lab import simulation")
        run_in_kernel(edge_cases, "its.form_image = simulation.form_image")
        edge_cases.press("defocus", "ArrowRight")
        edge_cases.shows(self.differences(defocus=2))
        expect(edge_cases.alert).to_have_count(0)

    def test_a_white_picture_has_an_edge(self, edge_cases: Chapter) -> None:
        edges = edge_cases.page.locator('[data-case="white"] .hl-frame')
        assert edges.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"

    def test_a_curve_says_that_it_is_being_computed(self, edge_cases: Chapter) -> None:
        curve = edge_cases.page.locator(".hl-curve figure")
        edge_cases.press("rotation", "ArrowRight")
        expect(curve.locator(".hl-busy")).to_have_text("Computing the curve along rotation …")
        expect(curve).to_have_attribute("aria-busy", "true")
        expect(curve.locator(".hl-busy")).to_be_hidden(timeout=30_000)
        expect(curve).to_have_attribute("aria-busy", "false")
