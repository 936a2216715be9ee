"""Binder finds what it needs in its folder, and a session fits into what it gives."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"
# What repo2docker reads in a `binder` folder, of what concerns Python and the start.
KNOWN = {"environment.yml", "requirements.txt", "apt.txt", "postBuild", "start", "runtime.txt"}


def test_the_folder_holds_nothing_that_binder_would_pass_over():
    assert {path.name for path in BINDER.iterdir()} <= KNOWN


def test_the_environment_is_one_that_conda_reads():
    environment = yaml.safe_load((BINDER / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    *conda, pip = environment["dependencies"]
    assert re.fullmatch(r"python=3\.\d+", conda[0])
    assert "pip" in conda  # conda complains of packages for pip without it
    assert all("==" in line for line in pip["pip"])


def test_the_environment_has_what_the_pages_need():
    environment = yaml.safe_load((BINDER / "environment.yml").read_text(encoding="utf-8"))
    named = {line.partition("==")[0] for line in environment["dependencies"][-1]["pip"]}
    assert {"voila", "jupyterlab", "ipykernel", "anywidget", "ipywidgets", "opencv-python-headless"} <= named
    assert "opencv-python" not in named  # needs libGL, which Binder's machines lack


def test_what_runs_last_is_a_script_that_stops_at_the_first_error():
    script = (BINDER / "postBuild").read_bytes()
    assert b"\r" not in script
    first, *lines = script.decode().splitlines()
    assert first == "#!/usr/bin/env bash"
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands[0] == "set -e"
    assert any(line.startswith("pip install --no-deps") for line in commands)
    assert "python -m hrtem_lab.app install" in commands
    subprocess.run(["bash", "-n", str(BINDER / "postBuild")], check=True)


def test_links_to_binder_open_files_that_exist():
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for path in re.findall(r"%2F(notebooks%2F[\w%]+\.ipynb)", document.read_text(encoding="utf-8")):
            assert (ROOT / path.replace("%2F", "/")).is_file(), f"{document.name} links to {path}"


@pytest.mark.slow
def test_a_session_fits_into_what_binder_gives():
    pytest.importorskip("voila")
    command = [sys.executable, "-m", "benchmarks.binder_memory"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("Binder session") == 2
