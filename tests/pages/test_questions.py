"""The questions of every chapter: what is said to come out is what the page and the library measure."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from hrtem_lab import edge_cases, extremes
from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.kit import questions
from hrtem_lab.app.kit.widgets import Answer
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.sizing import load_study
from tests.pages.library import CELL, VIEW
from tests.pages.reader import Reader, opened, shown_numbers, walk, words

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FILES = [chapter.file for chapter in CHAPTERS[1:]]
ROUNDED = 0.0056
"""Two decimals of the one, three of the other."""
chapters = pytest.mark.parametrize("file", FILES)


def page(file):
    return importlib.import_module(f"hrtem_lab.app.pages.{file.partition('_')[2]}")


def skipped(file):
    """Return a chapter's prediction, told without an answer: the option that is right, and all words."""
    reader = Reader(page(file).prediction())
    reader.press(questions.SKIP)
    return reader.part(Answer).outcome[1], words(reader.text("hl-told"))


def number(said, name):
    """Return the first number of two decimals that follows a name."""
    return float(re.search(rf"(?<!\S){re.escape(name)} (\d\.\d\d)\b", said)[1])


def code(file):
    cells = (NOTEBOOKS / f"{file}.py").read_text(encoding="utf-8").split("# %%")
    return "\n".join(cell for cell in cells if not cell.startswith(" [markdown]"))


@chapters
def test_the_outcome_is_one_of_the_options(file):
    right, _ = skipped(file)
    reader = Reader(page(file).prediction())
    assert right in reader.part(Answer).options
    assert len(set(reader.part(Answer).options)) == len(reader.part(Answer).options)


@chapters
def test_the_words_are_plain_text_without_markdown(file):
    _, said = skipped(file)
    assert not set("*`$") & set(said)


@chapters
def test_no_answer_stands_in_the_cell_above_the_question(file):
    shown = code(file)
    names = re.findall(r'self_check\("(\w+)"\)', shown)
    assert shown.count("page.prediction()") == 1
    assert len(names) == shown.count("self_check") == 2
    parts = [page(file).prediction(), *(page(file).self_check(name) for name in names)]
    options = [
        option
        for part in parts
        for found in walk(part)
        if isinstance(found, Answer)
        for option in found.options
    ]
    assert len(options) > 6
    assert [option for option in options if f'"{option}"' in shown] == []


@chapters
def test_answers_of_all_questions_are_kept_apart(file):
    names = re.findall(r'self_check\("(\w+)"\)', code(file))
    kept = [Reader(part).part(Answer).name for part in map(page(file).self_check, names)]
    kept.append(Reader(page(file).prediction()).part(Answer).name)
    assert len(set(kept)) == 3
    assert {name.split(":")[0] for name in kept} == {file.partition("_")[2].replace("_", "-")}


def test_four_metrics_says_what_the_dashboard_says():
    shown = opened(page("01_four_metrics").dashboard, "specimen=nb3sn&thickness=20&defocus=2")
    below = [key for key in ("mse", "cw_ssim", "sift") if shown.numbers[key] <= METRICS[key].threshold]
    right, said = skipped("01_four_metrics")
    assert right == " and ".join(METRICS[key].label for key in below) + " alone"
    for key in ("mse", "cw_ssim", "sift"):
        assert number(said, METRICS[key].label) == pytest.approx(shown.numbers[key], abs=ROUNDED)


def test_edge_cases_says_what_the_gallery_says():
    gallery = page("02_edge_cases").gallery().value
    numbers = shown_numbers(gallery.split('data-case="reversal"')[1].split("</figure>")[0])
    right, said = skipped("02_edge_cases")
    assert [METRICS[key].label for key, value in numbers.items() if value < 0.005] == [right]
    for key, value in numbers.items():
        assert number(said, METRICS[key].label) == pytest.approx(value, abs=ROUNDED)


def test_the_worst_image_for_ssim_is_most_like_the_reversal():
    worst, cases = extremes.load_stored("max-ssim"), edge_cases.edge_cases(shape=128)
    alike = {
        key: np.corrcoef(worst.image.ravel(), cases[key].image.ravel())[0, 1]
        for key in ("noise", "reversal", "shift")
    }
    assert max(alike, key=alike.get) == "reversal"
    right, said = skipped("03_worst_cases")
    assert right == "Something like the contrast reversal"
    assert f"differs by {worst.values['ssim']:.3f}." in said
    assert METRICS["ssim"].function(cases["reference"].image, cases["black"].image) == pytest.approx(
        0.5, abs=0.01
    )


def test_noise_says_what_the_panels_say():
    shown = opened(page("04_noise").dashboard)
    tables = {letter: shown_numbers(shown.text(f"<strong>{letter}</strong>")) for letter in "bce"}
    right, said = skipped("04_noise")
    worst = {key: max(tables, key=lambda letter, key=key: tables[letter][key]) for key in ("cw_ssim", "mse")}
    assert f"(panel {worst['cw_ssim']})" in right
    assert worst["mse"] != worst["cw_ssim"], "MSE has the same order"
    for label, key in (("cw-SSIM gives", "cw_ssim"), ("another order:", "mse")):
        for at in "bce":
            found = number(said.split(label)[1], at)
            assert found == pytest.approx(tables[at][key], abs=ROUNDED)


def test_every_metric_tells_the_crystals_apart_at_300_electrons():
    same, other = (
        form_image(load_exit_wave(key), shape=128, field_of_view=VIEW) for key in ("nb3sn", "zro2")
    )
    other = other * (same.mean() / other.mean())
    detector = Detector(sampling=CELL / 32)
    draws = [
        [detector.expose(np.maximum(image, 0), dose_per_area=3, rng=100 + draw) for draw in range(4)]
        for image in (same, other)
    ]
    right, said = skipped("05_low_dose")
    for key in ("mse", "ssim", "cw_ssim", "sift", "chi_square"):
        compare = METRICS[key].prepare(same)
        alike, unlike = ([compare(image) for image in images] for images in draws)
        assert max(alike) < min(unlike)
        assert f"{METRICS[key].label} 1.00" in said
    assert right == "Every one of them"


def test_the_paper_s_threshold_makes_the_precipitate_two_cells_too_small():
    study = load_study()
    right, said = skipped("06_precipitates")
    found = (
        float(study.diameter_found.sel({"method": "fixed", "diameter": 10, "dose_per_area": 50}).mean())
        / CELL
    )
    assert right == "About 2 cells too small"
    assert f"it finds {found:.1f} cells" in said
    assert 7 < found < 9


def test_reality_says_what_the_gallery_says():
    gallery = page("07_reality").gallery().value
    asked = {"vibration": "Atoms vibrate at 293 K", "tilt": "Tilt by 2 mrad",
             "background": "Background of 27 %", "c12": "Astigmatism of 2 nm"}  # fmt: skip
    found = {
        label: shown_numbers(gallery.split(f'data-case="{key}"')[1].split("</figure>")[0])["mse"]
        for key, label in asked.items()
    }
    right, said = skipped("07_reality")
    assert right == max(found, key=found.get)
    for label, value in found.items():
        assert number(said, label) == pytest.approx(value, abs=ROUNDED)
