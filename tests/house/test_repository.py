"""The lists of packages agree, the set-up explains itself, and Binder can build the repository."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import hrtem_lab

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if re.match(r"\w", line)]
LOCKED = [Requirement(line) for line in LOCK]
HERE = {canonicalize_name(pin.name): pin for pin in LOCKED if not pin.marker or pin.marker.evaluate()}


def declared_requirements() -> list[Requirement]:
    """Return every requirement of pyproject.toml, extras included, but the package itself."""
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    requirements = [Requirement(line) for group in groups for line in group]
    return [requirement for requirement in requirements if requirement.name != PROJECT["name"]]


def pinned_version(pin: Requirement) -> str:
    """Return the one version that a line of the lock allows."""
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    return specifier.version


def test_the_lock_holds_names_and_versions_only():
    pin = re.compile(r"[\w.-]+==[\w.!+]+( ; [\w.'<>=!() ]+)?")
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lines if not pin.fullmatch(line) and not line.startswith("    # ")] == []


@pytest.mark.parametrize("requirement", declared_requirements(), ids=str)
def test_the_lock_satisfies_the_dependency(requirement):
    pins = [pin for pin in LOCKED if canonicalize_name(pin.name) == canonicalize_name(requirement.name)]
    assert pins
    assert all(requirement.specifier.contains(pinned_version(pin)) for pin in pins)


def test_what_is_installed_is_what_the_lock_says():
    differing = {name: version(name) for name, pin in HERE.items() if version(name) != pinned_version(pin)}
    assert not differing, "type `make environment`"


def test_the_conda_environment_is_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, by_pip = environment["dependencies"]
    assert pip == "pip"
    assert by_pip == {"pip": LOCK}, "type `make lock`"
    assert Requirement(python.replace("=", "==")).name == "python"
    assert PROJECT["requires-python"] == ">=3.11"
    assert tuple(map(int, python.removeprefix("python=").split("."))) >= (3, 11)


def test_binder_has_a_copy_of_the_conda_environment():
    copy = ROOT / "binder" / "environment.yml"
    assert not copy.is_symlink()
    assert copy.read_bytes() == (ROOT / "environment.yml").read_bytes()


def test_binder_can_run_what_it_runs_last():
    script = ROOT / "binder" / "postBuild"
    assert os.access(script, os.X_OK)
    assert "\nset -e\n" in script.read_text()


@pytest.mark.slow
def test_binder_builds_the_environment_before_it_copies_the_repository(tmp_path):
    command = [
        "-m",
        "repo2docker",
        "--no-build",
        "--no-run",
        "--debug",
        "--user-id=1000",
        "--user-name=jovyan",
    ]
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, *command, str(ROOT)],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    recipe = run.stdout
    installs = recipe.index('env update -p ${NB_PYTHON_PREFIX} --file "binder/environment.yml"')
    copies = recipe.index("src/ ${REPO_DIR}/\n")
    finishes = recipe.index("RUN ./binder/postBuild")
    assert installs < copies < finishes


def test_the_citation_names_this_version_and_the_article():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["title"] == PROJECT["name"]
    assert citation["license"] == PROJECT["license"]
    assert citation["version"] == PROJECT["version"] == hrtem_lab.__version__
    assert [reference["doi"] for reference in citation["references"]] == ["10.1016/j.ultramic.2022.113578"]


def copy_of_the_setup(parent: Path) -> Path:
    """Return a folder with what setting up needs, its path with a space as on many a laptop."""
    folder = parent / "a clone"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def clone(tmp_path):
    """Return a folder with what setting up needs, where nothing is set up."""
    return copy_of_the_setup(tmp_path)


def make(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder as a newcomer would: nothing of this environment, no package index in reach."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    return subprocess.run(
        ["make", *words], cwd=folder, env=environment | variables, capture_output=True, text=True, check=False
    )


needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


@needs_make
def test_make_alone_lists_the_verbs(clone):
    listed = make(clone).stdout
    for verb in ("dashboard", "lab", "test", "lint", "bench", "data", "lock", "clean"):
        assert f"make {verb} " in listed


@needs_make
@pytest.mark.parametrize("python", ["false", "no-such-python"])
def test_a_wrong_python_is_one_sentence(clone, python):
    run = make(clone, "dashboard", f"PYTHON={python}")
    assert run.returncode != 0
    (sentence,) = run.stdout.splitlines()
    assert sentence.startswith("hrtem_lab needs Python 3.11 or newer, but")


@needs_make
def test_without_the_venv_module_the_package_to_install_is_named(clone):
    python = clone / "python-without-venv"
    python.write_text(f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    run = make(clone, "test", f"PYTHON={python}")
    assert run.returncode != 0
    (sentence,) = run.stdout.splitlines()
    assert "apt install python3-venv" in sentence


@pytest.fixture(scope="module")
def half_set_up(tmp_path_factory):
    """Return a folder where setting up found no packages, and what that attempt said."""
    folder = copy_of_the_setup(tmp_path_factory.mktemp("half set up"))
    return folder, make(folder, "test", f"PYTHON={sys.executable}")


@pytest.mark.slow
@needs_make
def test_without_a_network_the_setup_says_so(half_set_up):
    folder, run = half_set_up
    assert run.returncode != 0
    assert run.stdout.splitlines()[-1].startswith("pip could not install the packages")
    assert not list(folder.glob(".venv/ready-*"))


@pytest.mark.slow
@needs_make
def test_an_interrupted_setup_is_resumed(half_set_up):
    folder, _ = half_set_up
    resumed = make(folder, "environment", "PYTHON=false").stdout
    assert resumed.startswith("Installing")


@pytest.mark.slow
@needs_make
def test_a_finished_environment_is_left_alone_until_the_lock_changes(half_set_up):
    folder, _ = half_set_up
    (folder / "finish.mk").write_text("include Makefile\nfinish:\n\t@touch $(READY)\n")
    make(folder, "-f", "finish.mk", "finish")
    run = make(folder, "environment", "PYTHON=false")
    assert (run.returncode, run.stdout) == (0, "")
    with (folder / "requirements.lock").open("a") as lock:
        lock.write("another-package==1.0\n")
    assert make(folder, "environment").stdout.startswith("Installing")


@pytest.mark.slow
@needs_make
def test_an_environment_moved_to_another_folder_is_made_anew(half_set_up, tmp_path):
    folder, _ = half_set_up
    moved = shutil.copytree(folder, tmp_path / "moved", symlinks=True)
    assert "needs Python" in make(moved, "environment", "PYTHON=false").stdout
