"""Every file that a page offers says what made it, and reads back."""

import asyncio
import io
import re
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest
from PIL import Image

import hrtem_lab
from hrtem_lab.app import pages
from hrtem_lab.app.kit.widgets import Address
from hrtem_lab.app.pages import edge_cases, four_metrics, low_dose, noise, precipitates, reality, worst_cases
from tests.pages.reader import Reader, opened

DOI = "10.1016/j.ultramic.2022.113578"
HERE = "https://school.example/course/page.ipynb"
PAGES = {
    "four_metrics/page.py": (four_metrics.dashboard, "thickness=7&defocus=-2.3&reference=b"),
    "edge_cases/page.py": (edge_cases.explorer, "specimen=zro2&shift=0.37&rotation=-44.5&contrast=-0.98"),
    "worst_cases/page.py": (worst_cases.search, "metric=mse&start=noise&seed=7"),
    "worst_cases/fooling.py": (worst_cases.game, "raise=ssim&blur=1.2&noise=4.5&brush=-35"),
    "noise/page.py": (noise.dashboard, "panel=c&dose=1000000&readout=9.9&blur=0.101&seed=999"),
    "low_dose/page.py": (low_dose.dashboard, "other=defocus&cells=1&pixels=16&repeats=5&seed=3"),
    "precipitates/page.py": (
        precipitates.dashboard,
        "diameter=3&noise=off&pixels=512&right=-2&thicker=-1&curves=limit",
    ),
    "precipitates/counting.py": (precipitates.game, "round=200"),
    "precipitates/believing.py": (precipitates.believe, "case=100"),
    "reality/page.py": (reality.dashboard, "vibration=293&tilt=1.5&c12=2.3&camera=stem&dose=300&seed=9"),
}
"""The module of every dashboard → what shows it, and a link to settings that are not the usual ones."""
WHOLE = ("low_dose/page.py", "precipitates/page.py")
"""Their files need work that others leave for later."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name == "precipitates/page.py" else [])
        for name in PAGES  # to measure sizes takes seconds
    ],
)
def page(request):
    make, link = PAGES[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRTEM_LAB_WORKERS", "1")
        patch.setattr("hrtem_lab.app.pages.reality.budget.POINTS", 2)
        reader = opened(make, link) if request.param in WHOLE else asyncio.run(_drawn(make, link))
        if "Measure with my noise" in reader.buttons:
            reader.press("Measure with my noise")
        reader.part(Address).page = HERE
        yield reader


@pytest.fixture(scope="module")
def files(page):
    """All files of the page, by the texts of their buttons."""
    found = {label: page.download(label) for label in page.files}
    assert None not in found.values(), page.alerts
    return found


async def _drawn(make, link):
    """Return a page that has drawn what answers at once."""
    reader = Reader(make())
    reader.open(link)
    return reader


def comments(file):
    """Return the entries above a table, values by name."""
    lines = [line for line in file.content.decode().splitlines() if line.startswith("#")]
    entries = {}
    for line in lines:
        name, value = re.fullmatch(r"# (\w+): (\S.*)", line).groups()
        entries.setdefault(name, []).append(value)
    return entries


def chunks(file):
    """Return the text chunks of a picture."""
    return Image.open(io.BytesIO(file.content)).text


def of_kind(files, ending):
    return {label: file for label, file in files.items() if file.name.endswith(ending)}


def test_no_dashboard_is_missing_here():
    folder = Path(pages.__file__).parent
    sources = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    found = {
        path for path, text in sources.items() if re.search(r"^class \w+\((Dashboard|Retakes)\)", text, re.M)
    }
    assert {path.relative_to(folder).as_posix() for path in found} == set(PAGES)


def test_a_table_reads_with_its_comments_left_out(files):
    tables = of_kind(files, ".csv")
    assert tables
    for file in tables.values():
        table = pd.read_csv(io.BytesIO(file.content), comment="#")
        plain = b"".join(line for line in file.content.splitlines(True) if not line.startswith(b"#"))
        assert table.equals(pd.read_csv(io.BytesIO(plain)))
        assert b"#" not in plain
        header = next(iter(plain.decode().splitlines()))
        assert not re.search(r"\.\d+$|Unnamed", " ".join(table.columns)), "columns are named alike"
        assert "(" in header or "SSIM" in header


def test_numbers_have_six_significant_digits_at_most(files):
    for file in of_kind(files, ".csv").values():
        table = pd.read_csv(io.BytesIO(file.content), comment="#", dtype=str, keep_default_na=False)
        for text in table.to_numpy().ravel():
            if re.fullmatch(r"-?\d*\.?\d+(e[-+]\d+)?", text):
                digits = re.sub(r"e.*|[-.]", "", text).lstrip("0")
                assert len(digits.rstrip("0")) <= 6, text


def test_both_kinds_say_version_date_link_seed_and_citation(page, files):
    for file in files.values():
        if file.name.endswith(".png"):
            text = chunks(file)
            assert {"Title", "Software", "Creation Time", "Source", "Settings", "Seed", "Citation"} <= set(
                text
            )
            said = {"version": text["Software"], "date": text["Creation Time"], "link": text["Source"]}
            said |= {"seed": text["Seed"], "citation": text["Citation"], "title": text["Title"]}
        else:
            said = {name: "\n".join(values) for name, values in comments(file).items()}
        assert said["version"] == f"hrtem_lab {hrtem_lab.__version__}"
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", said["date"])
        assert said["link"] == f"{HERE}?{page.query}"
        assert DOI in said["citation"]
        assert f"hrtem_lab, version {hrtem_lab.__version__}" in said["citation"]
        assert said["seed"]
        assert said["title"]


def test_every_setting_is_there_with_its_unit(page, files):
    for file in files.values():
        lines = (
            chunks(file)["Settings"].splitlines() if file.name.endswith(".png") else comments(file)["setting"]
        )
        said = dict(line.split(" = ", 1) for line in lines)
        assert len(said) == len(lines)
        for label, value in page.settings.items():
            if label == "Start from" and label not in said:
                continue  # a choice that only sets others
            if isinstance(value, str):
                assert said[label] == value
                continue
            number, _, unit = said[label].partition(" ")
            assert float(number) == value
            assert page.control(f"{label} ({unit})" if unit else label).description.endswith(
                f"({unit})" if unit else label
            )


def test_the_link_opens_the_same_settings(request, page, files):
    make, _ = PAGES[request.node.callspec.params["page"]]
    file = next(iter(files.values()))
    again = asyncio.run(_drawn(make, urlsplit(chunks(file)["Source"]).query))
    assert again.settings == page.settings


def test_a_picture_has_a_strip_with_the_caption(files):
    for file in of_kind(files, ".png").values():
        picture = Image.open(io.BytesIO(file.content)).convert("L")
        strip = picture.crop((0, picture.height - 75, picture.width, picture.height))
        assert strip.getextrema()[0] < 128, "nothing is written at the foot"
        edge = picture.crop((picture.width - 8, picture.height - 75, picture.width, picture.height))
        assert edge.getextrema() == (255, 255), "the caption runs out of the picture"


def test_names_are_safe_and_say_the_settings(page, files):
    names = [file.name for file in files.values()]
    assert len(set(names)) == len(names)
    changed = dict(part.split("=") for part in page.query.split("&"))
    for name in names:
        assert re.fullmatch(r"[a-z][A-Za-z0-9._-]{0,119}\.(png|csv)", name)
        first = next(iter(changed.items()))
        assert f"_{first[0]}-{first[1].replace('-', 'minus')}" in name
