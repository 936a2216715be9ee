"""Files that say what made them: comments and cells of tables, captions and chunks of figures, names."""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.log_slider import LogSlider
from hrtem_lab.app.kit.provenance import ARTICLE, SOFTWARE, Provenance, figure_file, file_name, table_file

CITATION = yaml.safe_load((Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8"))
MADE = Provenance(
    title="A title, with a # and\na second line",
    link="https://host/page?x=1&y=%23",
    settings=(("Dose", "5000", "e⁻/nm²"), ("Specimen", "ZrO₂", "")),
    seed="7",
    results=(("diameter (nm)", 1 / 3), ("nothing", math.nan)),
    date="2022-01-01T00:00:00Z",
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="#\u2028\u2029"))


@given(st.lists(st.tuples(TEXTS, st.floats(allow_nan=False))))
def test_a_table_reads_back_to_six_digits(rows):
    lines = table_file(["Name, quoted", "Length (Å)"], rows, MADE).decode("utf-8").split("\n")
    header, *read = csv.reader(io.StringIO("\n".join(line for line in lines if not line.startswith("# "))))
    assert header == ["Name, quoted", "Length (Å)"]
    assert [(text, float(value)) for text, value in read] == [
        (text, pytest.approx(value, rel=5.1e-6)) for text, value in rows
    ]


def test_comments_say_everything_and_are_left_out_by_pandas():
    file = table_file(["x (nm)"], [[0.1], [np.float32(1 / 3)], [None], [np.int64(1234567)]], MADE)
    comments = [line for line in file.decode().splitlines() if line.startswith("#")]
    assert "# title: A title, with a # and a second line" in comments
    assert "# setting: Dose = 5000 e⁻/nm²" in comments
    assert "# setting: Specimen = ZrO₂" in comments
    assert "# result: diameter (nm) = 0.333333" in comments
    assert "# result: nothing = none" in comments
    assert f"# citation: {ARTICLE}" in comments
    table = pd.read_csv(io.BytesIO(file), comment="#", skip_blank_lines=False)
    assert table["x (nm)"].tolist()[:2] == [0.1, 0.333333]
    assert math.isnan(table["x (nm)"][2])
    assert table["x (nm)"][3] == 1234567


@pytest.mark.parametrize(("header", "rows"), [(["colour", "x"], [["#0072B2", 1]]), (["#", "x"], [])])
def test_a_cell_that_would_be_a_comment_is_refused(header, rows):
    with pytest.raises(ValueError, match="without '#', which begins a comment, got '#"):
        table_file(header, rows, MADE)


def test_the_citation_is_that_of_the_project():
    (article,) = CITATION["references"]
    for part in (article["title"], article["journal"], str(article["year"]), f"doi:{article['doi']}"):
        assert part in ARTICLE
    assert all(author["family-names"] in ARTICLE for author in article["authors"])
    (author,) = CITATION["authors"]
    assert SOFTWARE == f"{author['name']}, {CITATION['title']}, version {CITATION['version']}"


@pytest.mark.parametrize("width", [3, 9])
def test_a_figure_keeps_its_pixels_above_a_strip_that_holds_the_caption(width):
    figure = Figure(figsize=(width, 2))
    figure.add_axes((0.2, 0.3, 0.7, 0.6)).set(title="a title", xlabel="below")
    plain = io.BytesIO()
    figure.savefig(plain, format="png", dpi=150)
    before = np.asarray(Image.open(plain).convert("L"))
    long = Provenance(title="t", link=f"http://{'x' * 300}/", settings=MADE.settings * 20, seed="7", date="d")
    picture = Image.open(io.BytesIO(figure_file(figure, long)))
    pixels = np.asarray(picture.convert("L"))
    assert pixels.shape[1] == before.shape[1]
    assert np.array_equal(pixels[: before.shape[0]], before)
    strip = pixels[before.shape[0] :]
    assert strip.min() < 128
    assert (strip[:, -6:] == 255).all()
    assert (strip[-3:] == 255).all()
    assert figure.texts == []
    assert picture.text["Source"] == long.link
    assert picture.text["Settings"].count("Dose = 5000 e⁻/nm²") == 20


@pytest.mark.parametrize("settings", [(), MADE.settings, (*MADE.settings, ("Seed", "7", ""))])
def test_a_caption_tells_the_seed_once(settings):
    made = Provenance(title="t", link="?", settings=settings, seed="7", date="d")
    assert made.caption.count("Seed") == 1


def test_names_tell_settings_apart_however_many():
    one, other = ([("key", place), *((f"long{n}", 0.123456) for n in range(20))] for place in (1, -1))
    names = {file_name("page", settings, "csv") for settings in (one, other, other[:-1])}
    assert len(names) == 3
    assert all(len(name) <= 115 for name in names)
    assert file_name("a", [("name", 'Ü/\\:*?"<>| x')], "png") == "a_name-x.png"


def test_controls_give_their_settings_with_units():
    controls = Controls(
        [
            Slider(key="blur", label="Blur σ", unit="nm", minimum=0, maximum=1, step=0.001, default=0.049),
            LogSlider(key="dose", label="Dose", unit="e⁻/nm²", minimum=1, maximum=10**6, default=10**6),
            Choice(key="crystal", label="Crystal", options={"ZrO₂": "zro2"}, default="zro2"),
        ]
    )
    assert controls.settings == (
        ("Blur σ", "0.049", "nm"),
        ("Dose", "1000000", "e⁻/nm²"),
        ("Crystal", "ZrO₂", ""),
    )
    assert controls.titles() == ["Blur σ (nm)", "Dose (e⁻/nm²)", "Crystal"]
    assert controls.cells("crystal", state={"crystal": "zro2"}) == ["ZrO₂"]
