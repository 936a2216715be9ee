"""Chapter 5 without a browser: the exposures, the study that fills up, its table and its files."""

import asyncio
import re

import numpy as np
import pytest

from hrtem_lab.app.pages import low_dose
from hrtem_lab.app.pages.low_dose.study import DOSES, OTHERS
from hrtem_lab.dose import area_under_curve, discriminability
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector
from tests.pages import library
from tests.pages.library import LABELS
from tests.pages.low_dose.settings import completed, setting
from tests.pages.reader import PNG, ROUNDED, WRITTEN, Reader, levels, opened, rest, words

QUICK = "cells=1&pixels=16&repeats=5"
"""A study of a few seconds."""
NAMES = {"same": "Nb₃Sn at", "other": f"{OTHERS['zro2']} at"}


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")


@pytest.fixture(scope="module")
def shared():
    """A page with a complete study, for tests that look and return."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRTEM_LAB_WORKERS", "1")
        return opened(low_dose.dashboard, QUICK)


@pytest.fixture
def page(shared):
    yield shared
    shared.open(f"{QUICK}&dose=300&metric=sift&other=zro2&brightness=equal&readout=0&seed=0")


@pytest.fixture(scope="module")
def study():
    """The study of the page, without a page."""
    return completed(setting())


def count(page):
    """Return how many exposures of how many are done, in the words of the page."""
    done, total = re.search(r"(\d+) of (\d+) exposures", page.said).groups()
    assert page.progress == (int(done), int(total))
    return int(done), int(total)


def draws(page):
    """Return the differences in the file, shape (metrics, images, doses, exposures)."""
    table = np.array([[float(row[label]) for label in LABELS] for row in page.rows])
    return np.moveaxis(table.reshape(len(DOSES), 2, -1, len(LABELS)), (3, 0, 1, 2), (0, 2, 1, 3))


def table(page):
    """Return the table of doses."""
    return page.text('class="hl-doses"')


async def wait_for(condition):
    while not condition():
        await asyncio.sleep(0.01)


def test_the_study_is_the_librarys(page):
    images = setting().images
    detector = Detector(sampling=library.CELL / 16)
    found = discriminability(
        list(METRICS), images["same"], images["other"], DOSES, repeats=5, detector=detector, rng=0, workers=1
    )
    expected = found["difference"].transpose("metric", "image", "dose_per_area", ...)
    np.testing.assert_allclose(draws(page), expected.values, rtol=WRITTEN)
    assert count(page) == (120, 120)


def test_the_numbers_are_those_of_the_pictures(compared):
    page = opened(low_dose.dashboard, QUICK)
    same = setting().images["same"]
    before = len(compared)
    page.set("Dose", 1000)
    exposures = compared[before:]
    assert len(exposures) == 2
    for name, exposure, numbers in zip(NAMES.values(), exposures, page.tables, strict=True):
        expected = np.rint(np.clip(exposure / float(same.max()), 0, 1) * 255)
        assert np.abs(levels(page.picture(name)) - expected).max() <= 1
        assert numbers == pytest.approx(library.differences(same, exposure), abs=ROUNDED)
    assert exposures[0].mean() == pytest.approx(same.mean(), rel=0.5)


def test_the_dose_moves_the_exposures_and_keeps_the_study(page):
    study, before = page.csv, page.picture(NAMES["same"]).data
    page.set("Dose", 1000)
    assert page.csv == study
    assert count(page) == (120, 120)
    assert page.picture(NAMES["same"]).data != before
    assert "1 000 e⁻/nm²" in words(page.picture(NAMES["other"]).caption)


def test_another_setting_is_another_study(page):
    before = draws(page)
    page.set("Seed", 1)
    assert count(page) == (120, 120)
    assert not np.array_equal(draws(page), before)
    page.open(f"{QUICK}&other=defocus&brightness=simulated&readout=0.5&seed=0")
    again = completed(setting(other="defocus", equal_brightness=False, readout_sigma=0.5))
    for place, key in enumerate(METRICS):
        np.testing.assert_allclose(draws(page)[place], again.draws(key), rtol=WRITTEN)


def test_another_metric_draws_the_same_study(page, real_curves):
    study, before = page.csv, page.curve.data
    page.set("Metric", "MSE")
    assert page.csv == study
    assert page.curve.data != before
    assert page.curve.data.startswith(PNG)
    assert page.curve.alt.startswith("Left: MSE difference by dose")


def test_the_table_gives_every_method_its_dose(page, study):
    text = words(table(page))
    assert text.startswith("Lowest dose above which the two are told apart with an AUC of 0.95")
    for name in ("ideal observer", *LABELS):
        assert name in text
    limit = study.ideal_dose
    for key in METRICS:
        row = re.search(rf'data-metric="{key}".*?</tr>', table(page))[0]
        dose, _, _ = study.told_apart(key)
        if DOSES[0] < dose < np.inf:
            assert f"{dose / limit:.1f} (" in row


def test_a_task_too_hard_says_so():
    """Five exposures of one cell at 16 pixels do not tell 36 from 40 cells by most metrics at any dose."""
    page = opened(low_dose.dashboard, f"{QUICK}&other=thinner&readout=5")
    study = completed(setting(other="thinner", readout_sigma=5.0))
    never = [key for key in METRICS if np.isinf(study.told_apart(key)[0])]
    assert never
    assert words(table(page)).count("more than 20 000") == len(never)


def test_first_exposures_are_shown_without_areas(real_curves):
    async def use():
        page = Reader(low_dose.dashboard())
        page.open(QUICK)
        await wait_for(lambda: "follow after 5 exposures" in page.said)
        page.press("Stop")
        return page

    page = asyncio.run(use())
    done, total = count(page)
    assert 24 <= done < total
    assert page.curve.data.startswith(PNG)


def test_the_study_fills_up_in_a_kernel_and_stops_when_asked(unhurried, study):
    async def use():
        page = Reader(low_dose.dashboard())
        page.open(QUICK)
        await wait_for(lambda: count(page)[0] >= 30)
        page.press("Stop")
        stopped, total = count(page)
        assert "Go on" in page.buttons
        await asyncio.sleep(0.1)
        assert count(page)[0] == stopped < total
        page.press("Go on")
        assert "Stop" in page.buttons
        await wait_for(lambda: count(page)[0] == total)
        await rest()
        return page

    page = asyncio.run(use())
    assert page.button("Go on").disabled
    assert count(page) == (120, 120)
    for place, key in enumerate(METRICS):
        np.testing.assert_allclose(draws(page)[place], study.draws(key), rtol=WRITTEN)


def test_the_csv_holds_every_draw(page, study):
    header, *rows = page.csv
    assert header[: 3 + len(LABELS)] == ["dose (e⁻/nm²)", "image", "exposure", *LABELS]
    settings = dict(zip(header[3 + len(LABELS) :], rows[0][3 + len(LABELS) :], strict=True))
    assert (settings["Tell Nb₃Sn from"], settings["Brightness"]) == ("ZrO₂", "made equal")
    assert (settings["Field of view (cells)"], settings["Exposures per dose"], settings["Seed"]) == (
        "1",
        "5",
        "0",
    )
    assert len(rows) == len(DOSES) * 2 * 5
    at = [row for row in rows if row[0] == rows[0][0]]
    same, other = ([float(row[3]) for row in at if row[1] == name] for name in ("Nb₃Sn", "ZrO₂"))
    assert area_under_curve(same, other) == study.area("mse")[0][0]


def test_the_png_is_a_figure(page):
    assert page.figure.startswith(PNG)


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
    page.open(f"{QUICK}&{query}")
    (alert,) = page.alerts
    assert complaint in alert
    assert "usual value is shown" in alert


def test_an_error_in_the_study_is_a_sentence_and_the_page_goes_on(page, monkeypatch):
    def fail(*_, **__):
        raise OSError("a worker is gone")

    with monkeypatch.context() as broken:
        broken.setattr("hrtem_lab.dose.Sweep.run", fail)
        page.set("Seed", 5)
    (alert,) = page.alerts
    assert "OSError" in alert
    page.set("Seed", 6)
    assert page.alerts == []
    assert count(page) == (120, 120)


def test_new_noise_is_the_next_seed(page):
    before = page.picture(NAMES["same"]).data
    page.press("New noise")
    assert page.value("Seed") == 1
    assert page.picture(NAMES["same"]).data != before
