"""Chapter 5 without a browser: the exposures, the study that fills up, its table and its files."""

import asyncio
import csv
import re
from html import unescape

import cv2
import ipywidgets as widgets
import numpy as np
import pytest

from hrtem_lab.app.pages.low_dose import study as dose_study
from hrtem_lab.app.pages.low_dose.page import LowDose
from hrtem_lab.app.pages.low_dose.study import DOSES, OTHERS, DoseStudy, Setting
from hrtem_lab.dose import area_under_curve, discriminability, ideal_dose, predicted_auc
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector
from hrtem_lab.plots import dose_curves
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275
PNG = b"\x89PNG\r\n\x1a\n"
QUICK = "cells=1&pixels=16&repeats=5"
"""A study of a few seconds."""


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")


@pytest.fixture(scope="module")
def page():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRTEM_LAB_WORKERS", "1")
        made = LowDose()
        made._open(QUICK)
    return made


@pytest.fixture(autouse=True)
def _back_to_the_start(request):
    yield
    if "page" in request.fixturenames:
        request.getfixturevalue("page")._open(f"{QUICK}&dose=300&metric=sift&seed=0")


def parts(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def shown(page, name):
    found = re.findall(
        r'data-metric="(\w+)".*?class="hl-value">([\d.]+)<', page._numbers[name].value, re.DOTALL
    )
    return {key: float(text) for key, text in found}


def alerts(page):
    return [words(p.value) for p in parts(page.view) if isinstance(p, widgets.HTML) and "alert" in p.value]


def setting(**changed):
    usual = {
        "other": "zro2",
        "equal_brightness": True,
        "cells": 1,
        "pixels": 16,
        "readout_sigma": 0.0,
        "repeats": 5,
        "seed": 0,
    }
    return Setting(**{**usual, **changed})


def test_the_study_is_the_librarys(page):
    same = form_image(load_exit_wave("nb3sn"), shape=16, field_of_view=CELL)
    other = form_image(load_exit_wave("zro2"), shape=16, field_of_view=CELL)
    other = other * (same.mean(dtype=float) / other.mean(dtype=float))
    detector = Detector(sampling=CELL / 16)
    found = discriminability(
        list(METRICS), same, other, DOSES, repeats=5, detector=detector, rng=0, workers=1
    )
    np.testing.assert_array_equal(page.study.sweep.differences, found["difference"].values)
    for place, key in enumerate(METRICS):
        np.testing.assert_array_equal(page.study.area(key)[0], found["auc"].values[place])
        np.testing.assert_array_equal(page.study.area(key)[1], found["auc_low"].values[place])
    np.testing.assert_allclose(page.study.ideal, predicted_auc(same, other, DOSES, detector=detector))
    assert page.study.ideal_dose == pytest.approx(ideal_dose(same, other, detector=detector))


def test_the_numbers_are_those_of_the_pictures(page):
    white = float(page.study.images["same"].max())
    for name in ("same", "other"):
        exposure = page._exposures[name]
        levels = cv2.imdecode(np.frombuffer(page._pictures[name].data, np.uint8), cv2.IMREAD_UNCHANGED)
        expected = np.rint(np.clip(exposure / white, 0, 1) * 255)
        assert np.abs(levels.astype(int) - expected).max() <= 1
        values = {key: m.function(page.study.images["same"], exposure) for key, m in METRICS.items()}
        assert shown(page, name) == pytest.approx(values, abs=5.1e-4)


def test_the_dose_moves_the_exposures_and_keeps_the_study(page):
    study, before = page.study, page._pictures["same"].data
    page.controls.widgets["dose"].value = 1000
    assert page.study is study
    assert page._pictures["same"].data != before
    assert "1 000 e⁻/nm²" in words(page._pictures["other"].caption)
    mean = page._exposures["same"].mean()
    assert mean == pytest.approx(page.study.images["same"].mean(), rel=0.5)


def test_another_setting_is_another_study(page):
    study = page.study
    page.controls.widgets["seed"].value = 1
    assert page.study is not study
    assert page.study.sweep.complete == 5
    assert not np.array_equal(page.study.sweep.differences, study.sweep.differences)
    page._open(f"{QUICK}&other=defocus&brightness=simulated&readout=0.5&seed=0")
    assert page.study.setting == setting(other="defocus", equal_brightness=False, readout_sigma=0.5)


def test_another_metric_draws_the_same_study(page):
    study, before = page.study, page._curve.data
    page.controls.widgets["metric"].value = "mse"
    assert page.study is study
    assert page._curve.data != before
    assert page._curve.data.startswith(PNG)
    assert page._curve.alt.startswith("Left: MSE difference by dose")


def test_the_table_gives_every_method_its_dose(page):
    text = words(page._table.value)
    assert text.startswith("Dose from which on the two are told apart with an AUC of 0.95")
    for name in ("ideal observer", *(metric.label for metric in METRICS.values())):
        assert name in text
    limit = page.study.ideal_dose
    for key in METRICS:
        row = re.search(rf'data-metric="{key}".*?</tr>', page._table.value)[0]
        dose, _, _ = page.study.told_apart(key)
        if DOSES[0] < dose < np.inf:
            assert f"{dose / limit:.1f} (" in row


def test_a_task_too_hard_says_so():
    """Five exposures of one cell at 16 pixels do not tell 36 from 40 cells by most metrics at any dose."""
    page = LowDose()
    page._open(f"{QUICK}&other=thinner&readout=5")
    never = [key for key in METRICS if np.isinf(page.study.told_apart(key)[0])]
    assert never
    assert words(page._table.value).count("more than 20 000") == len(never)


def test_first_exposures_are_shown_without_areas():
    study = DoseStudy(setting())
    run = study.sweep.run(workers=1)
    while study.sweep.complete < 1:
        next(run)
    same, other = study.draws("sift")
    assert same.shape == other.shape == (len(DOSES), 1)
    page = LowDose()
    page._running = False
    page._study = study
    page.controls.apply(QUICK)
    page._draw_study()
    assert "follow after 5 exposures" in page._table.value
    assert page._curve.data.startswith(PNG)


def test_the_study_fills_up_in_a_kernel_and_stops_when_asked():
    async def use():
        page = LowDose()
        page._open(f"{QUICK}&repeats=10")
        while page.study.sweep.done < 30:
            await asyncio.sleep(0.01)
        page._button.click()
        stopped = page.study.sweep.done
        assert page._button.description == "Go on"
        await asyncio.sleep(0.1)
        assert page.study.sweep.done == stopped < page.study.sweep.total
        page._button.click()
        assert page._button.description == "Stop"
        while page.study.sweep.done < page.study.sweep.total:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        assert page._button.disabled
        return page

    page = asyncio.run(use())
    assert page._progress.value == page._progress.max == 240
    assert "240 of 240 exposures" in page._progress_words.value
    again = DoseStudy(setting(repeats=10))
    for _ in again.sweep.run(workers=1):
        pass
    np.testing.assert_array_equal(page.study.sweep.differences, again.sweep.differences)


def test_the_csv_holds_every_draw(page):
    rows = list(csv.reader(page.csv().decode().splitlines()))
    assert rows[0] == ["dose (e⁻/nm²)", "image", "exposure", *(m.label for m in METRICS.values())]
    assert len(rows) == 1 + len(DOSES) * 2 * 5
    at = [row for row in rows[1:] if row[0] == rows[1][0]]
    same, other = ([float(row[3]) for row in at if row[1] == name] for name in ("same", "other"))
    assert area_under_curve(same, other) == page.study.area("mse")[0][0]


def test_the_png_is_a_figure(page):
    assert page.png().startswith(PNG)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("dose=-3", "Dose must be a number from 1 to 10000"),
        ("dose=nan", "Dose must be a number"),
        ("metric=psnr", "Metric must be one of mse"),
        ("other=gold", "Tell Nb₃Sn from must be one of"),
        ("cells=9", "Field of view must be a number from 1 to 4 cells"),
    ],
)
def test_nonsense_in_a_link_is_refused_in_a_sentence(page, query, complaint):
    page._open(f"{QUICK}&{query}")
    (alert,) = alerts(page)
    assert complaint in alert
    assert "usual value is shown" in alert


def test_an_error_in_the_study_is_a_sentence_and_the_page_goes_on(page, monkeypatch):
    def fail(*_, **__):
        raise OSError("a worker is gone")

    monkeypatch.setattr(dose_study.Sweep, "run", fail)
    page.controls.widgets["seed"].value = 5
    (alert,) = alerts(page)
    assert "OSError" in alert
    monkeypatch.undo()
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    page.controls.widgets["seed"].value = 6
    assert not alerts(page)
    assert page.study.sweep.complete == 5


def test_new_noise_is_the_next_seed(page):
    before = page._pictures["same"].data
    page._reseed(None)
    assert page.controls.values["seed"] == 1
    assert page._pictures["same"].data != before


@pytest.mark.parametrize("other", OTHERS)
def test_equal_brightness_is_equal(other):
    equal = setting(other=other, cells=2, pixels=32).images
    assert equal["other"].mean(dtype=float) == pytest.approx(equal["same"].mean(dtype=float))
    simulated = setting(other=other, cells=2, pixels=32, equal_brightness=False).images
    np.testing.assert_allclose(simulated["other"] * (equal["other"][0, 0] / simulated["other"][0, 0]),
                               equal["other"], rtol=1e-5)  # fmt: skip


def test_the_figure_shows_both_units_and_the_ideal_observer_in_both_axes():
    same = np.linspace(0.9, 0.1, 12)[:, None] + np.zeros(3)
    other = np.full((12, 3), 0.9)
    areas = {"sift": (np.linspace(0.5, 1, 12),) * 3}
    ideal = np.linspace(0.6, 1, 12)
    figure = dose_curves(DOSES, "sift", same, other, areas, ideal)
    left, right, beside = figure.axes
    assert left.get_xlim() == right.get_xlim() == (1, 20_000)
    assert [axes.get_xlabel() for axes in (left, right)] == ["dose (e⁻/nm²)"] * 2
    for axes in (beside, right):
        assert any(np.array_equal(line.get_ydata(), ideal) for line in axes.lines)
    np.testing.assert_array_equal(left.lines[0].get_ydata(), same.mean(axis=1))
    figure.draw_without_rendering()
