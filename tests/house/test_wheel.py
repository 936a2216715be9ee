"""What is published works elsewhere: wheel and sdist are built and tried in empty environments.

The packages come from the index, at the versions of `requirements.lock`: without a network these tests fail.
`HRTEM_LAB_DIST` names a folder with a wheel and an sdist to try instead of building them.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import hrtem_lab
from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.server.places import DOCUMENTS

ROOT = Path(__file__).parents[2]
NAME = f"hrtem_lab-{hrtem_lab.__version__}"
UV = [sys.executable, "-m", "uv"]
BESIDES = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")

pytestmark = pytest.mark.slow


def run(*command: str | Path, folder: Path, status: int = 0) -> str:
    """Run a command in a folder, with nothing of this environment, and return all that it printed."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "JUPYTER_PATH", "JUPYTER_CONFIG_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    """A folder with the sdist, and the wheel built from it."""
    if given := os.environ.get("HRTEM_LAB_DIST"):
        return Path(given).resolve()
    folder = tmp_path_factory.mktemp("built")
    source = shutil.copytree(ROOT, folder / "source", ignore=BESIDES)
    run(*UV, "build", "--out-dir", folder / "dist", source, folder=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(dist) -> Path:
    """The wheel."""
    (file,) = dist.glob("*.whl")
    assert file.name == f"{NAME}-py3-none-any.whl"
    return file


@pytest.fixture(scope="module")
def shipped(wheel) -> set[str]:
    """The wheel's files."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def install(wheel: Path, folder: Path, extras: str = "") -> Path:
    """Install the wheel into an empty environment and return the folder of its commands."""
    run(*UV, "venv", "--python", sys.executable, folder / "venv", folder=folder)
    bin_folder = folder / "venv" / "bin"
    lock = ["--constraint", ROOT / "requirements.lock"]
    what = f"hrtem_lab{extras} @ {wheel.as_uri()}"
    run(*UV, "pip", "install", "--python", bin_folder / "python", *lock, what, folder=folder)
    return bin_folder


@pytest.fixture(scope="module")
def base(wheel, tmp_path_factory) -> Path:
    """The commands of an environment without extras."""
    return install(wheel, tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def complete(wheel, tmp_path_factory) -> Path:
    """The commands of an environment with the extra `app`."""
    return install(wheel, tmp_path_factory.mktemp("complete"), "[app]")


def files(folder: str, *patterns: str) -> set[str]:
    """Return the repository's files that match any pattern, relative to the repository."""
    found = {path for pattern in patterns for path in (ROOT / folder).glob(pattern)}
    return {path.relative_to(ROOT).as_posix() for path in found}


class TestContents:
    def test_the_wheel_holds_every_module_and_what_modules_read(self, shipped):
        kinds = ("py", "npz", "js", "css", "html", "j2", "svg", "json")
        expected = {file for kind in kinds for file in files("hrtem_lab", f"**/*.{kind}")}
        assert {file for file in expected if file.endswith((".npz", ".js", ".j2", ".svg"))}
        assert expected <= shipped
        assert {"hrtem_lab/py.typed", "hrtem_lab/data/SOURCES.md"} <= shipped

    def test_the_wheel_holds_the_course(self, shipped):
        course = files("notebooks", "*.ipynb") | files("docs", *DOCUMENTS)
        assert course
        assert {f"hrtem_lab/course/{file}" for file in course} == {
            file for file in shipped if file.startswith("hrtem_lab/course/")
        }

    def test_the_wheel_holds_nothing_else(self, shipped):
        assert {file.partition("/")[0] for file in shipped} == {"hrtem_lab", f"{NAME}.dist-info"}

    def test_the_sdist_holds_what_a_wheel_is_made_of_and_what_tests_it(self, dist):
        with tarfile.open(dist / f"{NAME}.tar.gz") as archive:
            found = {name.removeprefix(f"{NAME}/") for name in archive.getnames()}
        wanted = files("notebooks", "*.*") | files("docs", "**/*.*") | files("tests", "**/*.py")
        assert {"setup.py", "requirements.lock", "LICENSE", "CITATION.cff", *wanted} <= found
        assert not [name for name in found if "__pycache__" in name or ".ipynb_checkpoints" in name]


class TestWithoutExtras:
    def test_the_command_tells_its_version(self, base, tmp_path):
        printed = run(base / "hrtem-lab", "--version", folder=tmp_path)
        assert printed == f"hrtem-lab {hrtem_lab.__version__}\n"
        assert "dashboard" in run(base / "hrtem-lab", "--help", folder=tmp_path)

    def test_waves_images_and_metrics_are_there(self, base, tmp_path):
        code = """
from hrtem_lab.metrics import METRICS
from hrtem_lab.simulation import form_image, load_exit_wave
wave = load_exit_wave("nb3sn", thickness_cells=40)
images = form_image(wave), form_image(wave, defocus=-20)
print(round(METRICS["ssim"].function(*images), 2))
"""
        assert run(base / "python", "-c", code, folder=tmp_path) == "0.12\n"

    @pytest.mark.parametrize(
        ("verb", "library", "extra"),
        [
            ("dashboard", "voila", "app"),
            ("serve", "voila", "app"),
            ("lab", "jupyterlab", "app"),
            ("data", "abtem", "simulate"),
        ],
    )
    def test_the_missing_extra_is_named(self, verb, library, extra, base, tmp_path):
        printed = run(base / "hrtem-lab", verb, folder=tmp_path, status=1)
        needs = f'{verb} needs {library}, which is not installed: pip install "hrtem_lab[{extra}]"'
        assert printed == f"hrtem-lab: {needs}\n"
        assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def course_url(complete, tmp_path_factory) -> Iterator[str]:
    """The address of a dashboard that was started in an empty folder."""
    folder = tmp_path_factory.mktemp("empty")
    command = [complete / "hrtem-lab", "dashboard", "--no-browser", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            first = server.stdout.readline()
            assert first.startswith("hrtem_lab is running at http://"), first
            yield first.split()[-1]
        finally:
            server.terminate()
    assert not list(folder.iterdir())


def installed(bin_folder: Path) -> set[Path]:
    """Return the files of the installed package, without what Python compiles."""
    (package,) = bin_folder.parent.glob("lib/python*/site-packages/hrtem_lab")
    return {path for path in package.rglob("*") if "__pycache__" not in path.parts}


class TestWithTheApp:
    @pytest.mark.parametrize("chapter", CHAPTERS[:2], ids=lambda chapter: chapter.file)
    def test_the_dashboard_shows_the_course_from_any_folder(self, chapter, course_url, complete):
        before = installed(complete)
        with urllib.request.urlopen(f"{course_url}voila/render/{chapter.href}", timeout=300) as answer:
            page = answer.read().decode()
        assert answer.status == 200
        assert "application/vnd.jupyter.widget-view+json" in page
        navigation, main, cells = page.partition("<main")
        assert all(other.title in navigation for other in CHAPTERS)
        assert main
        assert "Error" not in cells
        assert installed(complete) == before

    def test_lab_copies_the_course_and_keeps_what_is_there(self, complete, tmp_path):
        mine = tmp_path / "00_index.ipynb"
        mine.write_text("my answers", encoding="utf-8")
        code = """
from pathlib import Path
from hrtem_lab.app.server.lab import copy_course
print(len(copy_course(Path.cwd()).written))
"""
        course = files("notebooks", "*.ipynb") | files("docs", *DOCUMENTS)
        assert run(complete / "python", "-c", code, folder=tmp_path) == f"{len(course) - 1}\n"
        assert mine.read_text(encoding="utf-8") == "my answers"
        expected = {file.removeprefix("notebooks/") for file in course}
        assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")} == expected
        assert all("../docs/" not in path.read_text(encoding="utf-8") for path in tmp_path.glob("*.ipynb"))


def test_an_editable_install_reads_the_repository(tmp_path):
    source = shutil.copytree(ROOT, tmp_path / "source", ignore=BESIDES)
    run(*UV, "venv", "--python", sys.executable, tmp_path / "venv", folder=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(*UV, "pip", "install", "--python", python, "--no-deps", "--editable", source, folder=tmp_path)
    code = "from hrtem_lab.app.server import places; print(places.notebooks(), places.documents())"
    printed = run(python, "-c", code, folder=tmp_path)
    assert printed == f"{source / 'notebooks'} {source / 'docs'}\n"
    assert not (source / "hrtem_lab" / "course").exists()
    assert run(tmp_path / "venv" / "bin" / "hrtem-lab", "--version", folder=tmp_path)
