"""A reader's own copies of the course, and what JupyterLab is started with."""

import json
import os
from pathlib import Path

import pytest

from hrtem_lab.app.server import lab, places

NAMES = sorted(path.name for path in places.notebooks().glob("*.ipynb"))
DOCUMENTS = places.document_files()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What JupyterLab is started with, instead of JupyterLab."""
    labapp = pytest.importorskip("jupyterlab.labapp")
    options: list[str] = []
    monkeypatch.setattr(labapp.LabApp, "launch_instance", options.extend)
    return options


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one notebook, which links to one document."""
    source = "See [metrics](../docs/metrics.md#mse) and `../docs/howto/more.md`."
    cells = [{"cell_type": "markdown", "metadata": {}, "source": [source]}]
    files = {
        "notebooks/00_index.ipynb": json.dumps({"cells": cells}),
        "notebooks/.ipynb_checkpoints/00_index-checkpoint.ipynb": "{}",
        "docs/metrics.md": "# MSE → 0",
        "docs/site/parts.md": "of the site alone",
        "docs/howto/more.md": "more",
    }
    for name, text in files.items():
        file = tmp_path / "course" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(places, "notebooks", lambda: tmp_path / "course" / "notebooks")
    monkeypatch.setattr(places, "documents", lambda: tmp_path / "course" / "docs")
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


def test_notebooks_are_copied_with_the_documents_that_they_link_to(course: Path) -> None:
    copies = lab.copy_course(course)
    expected = [Path("00_index.ipynb"), Path("docs/howto/more.md"), Path("docs/metrics.md")]
    assert copies == (expected, [])
    assert sorted(path.relative_to(course) for path in course.rglob("*.*")) == expected
    assert (course / "docs" / "metrics.md").read_text(encoding="utf-8") == "# MSE → 0"


def test_links_lead_to_the_copied_documents(course: Path) -> None:
    lab.copy_course(course)
    (cell,) = json.loads((course / "00_index.ipynb").read_text(encoding="utf-8"))["cells"]
    assert cell["source"] == ["See [metrics](docs/metrics.md#mse) and `docs/howto/more.md`."]


def test_links_of_documents_lead_to_copies_or_are_plain_words(course: Path) -> None:
    more = places.documents() / "howto" / "more.md"
    living = "[MSE](../metrics.md#mse), [above](#top), [a paper](https://doi.org/10/x) and ![a map](map.png)"
    living += " by `compare[key](image)`"
    more.write_text(f"{living}; [parts](../site/parts.md), [data](../../data/SOURCES.md)", encoding="utf-8")
    lab.copy_course(course)
    assert (course / "docs" / "howto" / "more.md").read_text("utf-8") == f"{living}; parts, data"


def test_a_file_that_exists_is_kept(course: Path) -> None:
    mine = {course / "00_index.ipynb": "my answers", course / "docs" / "metrics.md": "my notes"}
    for file, text in mine.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    written, kept = lab.copy_course(course)
    assert kept == [Path("00_index.ipynb"), Path("docs/metrics.md")]
    assert written == [Path("docs/howto/more.md")]
    assert {file: file.read_text(encoding="utf-8") for file in mine} == mine


def test_a_link_that_leads_nowhere_is_kept_too(course: Path) -> None:
    (course / "00_index.ipynb").symlink_to(course / "elsewhere.ipynb")
    assert Path("00_index.ipynb") in lab.copy_course(course).kept
    assert not (course / "elsewhere.ipynb").exists()


def test_what_was_copied_and_kept_is_said_in_a_line_each(
    course: Path, started: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (course / "00_index.ipynb").write_text("my answers", encoding="utf-8")
    monkeypatch.chdir(course)
    lab.open_lab()
    assert capsys.readouterr().out.splitlines() == [
        f"Copied 2 files of the course into {course}.",
        "Kept what is there already: 00_index.ipynb.",
    ]
    assert started[:2] == [f"--ServerApp.root_dir={course}", "--LabApp.default_url=/lab/tree/00_index.ipynb"]


def test_the_whole_course_is_copied(
    tmp_path: Path, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lab.open_lab()
    assert sorted(path.name for path in tmp_path.glob("*")) == sorted([*NAMES, "docs"])
    docs = tmp_path / "docs"
    assert sorted(path.relative_to(docs) for path in docs.rglob("*.*")) == DOCUMENTS
    assert started


@pytest.mark.parametrize("where", [".", "notebooks"])
def test_a_checkout_opens_its_own_notebooks(
    where: str, started: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = places.notebooks().parent
    monkeypatch.chdir(root / where)
    monkeypatch.setattr(lab, "copy_course", lambda folder: pytest.fail("copied"))
    lab.open_lab()
    assert capsys.readouterr().out == ""
    assert started[:2] == [
        f"--ServerApp.root_dir={root}",
        "--LabApp.default_url=/lab/tree/notebooks/00_index.ipynb",
    ]


@pytest.mark.parametrize(("user", "allowed"), [(0, ["--allow-root"]), (1000, [])])
def test_options_reach_jupyterlab(
    user: int, allowed: list[str], started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(places.notebooks())
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    lab.open_lab(port=8900, arguments=["--no-browser"])
    assert started[2:] == ["--port=8900", "--ServerApp.port_retries=0", *allowed, "--no-browser"]
