"""Imports point one way, and heavy libraries stay behind the one door that names them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import (
    BENCHMARKS,
    MODULES,
    NOTEBOOKS,
    ROOT,
    dotted,
    floors,
    imports,
    is_private,
    relative,
    room,
    wings,
)

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FLOORS = floors(CONTRIBUTING)
FLOOR = {name: number for number, rooms in enumerate(reversed(FLOORS)) for name in rooms}
WINGS = wings(CONTRIBUTING)
APP = [path for path in MODULES if dotted(path)[1:2] == ("app",)]

modules = pytest.mark.parametrize("path", MODULES, ids=relative)
app_modules = pytest.mark.parametrize("path", APP, ids=relative)


def rooms_imported(path: Path, root: Path = ROOT) -> set[str]:
    """Return the rooms of hrtem_lab that a module imports from, without its own."""
    names = {room(name) for name in imports(path, root) if name[0] == "hrtem_lab"}
    return (names & FLOOR.keys()) - {room(dotted(path, root))}


def imported_upwards(path: Path, root: Path = ROOT) -> set[str]:
    """Return the rooms that a module imports although they are not below its own."""
    own = FLOOR.get(room(dotted(path, root)), len(FLOORS))
    return {other for other in rooms_imported(path, root) if FLOOR[other] >= own}


def imported_across(path: Path, root: Path = ROOT) -> set[str]:
    """Return what a module of `app` imports from parts of `app`, or from chapters, that it must not know."""
    own = dotted(path, root)
    part, chapter = own[2:3], own[3:4]  # both empty in app/__init__.py
    known = {*part, *(WINGS.get(part[0], ()) if part else ())}
    inside = [name for name in imports(path, root) if name[:2] == ("hrtem_lab", "app")]
    strangers = {name for name in inside if not known.issuperset(name[2:3])}
    chapters = {name for name in inside if name[2:3] == part == ("pages",) and name[3:4] != chapter}
    return {".".join(name) for name in strangers | chapters}


def package_of(name: tuple[str, ...]) -> tuple[str, ...]:
    """Return what shares its private names: a room; in `app` a wing; in `pages` a chapter."""
    if name[1:3] == ("app", "pages"):
        return name[:4]
    return name[:3] if name[1:2] == ("app",) else name[:2]


def private_imports(path: Path, root: Path = ROOT) -> set[str]:
    """Return the private names that a module imports from another package."""
    own = package_of(dotted(path, root))
    names = (name for name in imports(path, root) if name[0] == "hrtem_lab" and package_of(name) != own)
    return {".".join(name) for name in names if any(map(is_private, name[2:]))}


def users_of(library: str) -> set[str]:
    """Return the files that import a library or something of it."""
    wanted = tuple(library.split("."))
    users = [*MODULES, *NOTEBOOKS, *BENCHMARKS]
    return {relative(path) for path in users if any(name[: len(wanted)] == wanted for name in imports(path))}


def made_up(root: Path, module: str, source: str) -> Path:
    """Write a module that does not exist in the package, to see whether a law notices what it imports."""
    path = root / module
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
    return path


class TestFloors:
    def test_no_room_stands_twice(self):
        assert sum(map(len, FLOORS)) == len(FLOOR)

    def test_every_room_has_its_place_and_every_place_its_room(self):
        found = {room(dotted(path)) for path in MODULES} - {""}
        assert found == set(FLOOR)

    @modules
    def test_imports_point_down(self, path):
        assert imported_upwards(path) == set()

    def test_an_import_upwards_is_seen(self, tmp_path):
        source = "from hrtem_lab.dose import reach\ndef later():\n    import hrtem_lab.plots\n"
        path = made_up(tmp_path, "hrtem_lab/multislice.py", source)
        assert imported_upwards(path, tmp_path) == {"dose", "plots"}

    def test_an_import_from_the_same_floor_is_seen(self, tmp_path):
        path = made_up(tmp_path, "hrtem_lab/noise/extra.py", "from hrtem_lab import metrics, waves\n")
        assert imported_upwards(path, tmp_path) == {"metrics"}

    def test_relative_imports_are_seen(self, tmp_path):
        source = "from . import ssim\nfrom ..plots import gallery\nfrom .. import noise\n"
        path = made_up(tmp_path, "hrtem_lab/metrics/extra.py", source)
        assert rooms_imported(path, tmp_path) == {"plots", "noise"}

    def test_nothing_imports_the_notebooks_or_tests(self):
        assert not users_of("notebooks") | users_of("tests")


class TestWings:
    def test_every_part_of_the_app_has_a_line_and_every_line_its_part(self):
        found = {dotted(path)[2] for path in APP if len(dotted(path)) > 2}
        assert found == set(WINGS)

    def test_lines_name_parts_of_the_app(self):
        assert set().union(*WINGS.values()) <= set(WINGS)

    def test_the_kit_and_the_server_know_no_page(self):
        assert "pages" not in WINGS["kit"]
        assert not {"kit", "pages"} & WINGS["server"]

    @app_modules
    def test_parts_import_only_what_their_line_names(self, path):
        assert imported_across(path) == set()

    @pytest.mark.parametrize(
        ("module", "source", "seen"),
        [
            ("kit/extra.py", "from hrtem_lab.app.pages.noise import page", "hrtem_lab.app.pages.noise.page"),
            ("kit/extra.py", "from ..pages import contents", "hrtem_lab.app.pages.contents"),
            ("server/extra.py", "from hrtem_lab.app.kit import readings", "hrtem_lab.app.kit.readings"),
            ("server/extra.py", "import hrtem_lab.app.pages.contents", "hrtem_lab.app.pages.contents"),
            (
                "pages/noise/extra.py",
                "from hrtem_lab.app.pages import low_dose",
                "hrtem_lab.app.pages.low_dose",
            ),
            (
                "pages/noise/extra.py",
                "from ..low_dose.page import Page",
                "hrtem_lab.app.pages.low_dose.page.Page",
            ),
            ("pages/noise/extra.py", "from hrtem_lab.app.server import serve", "hrtem_lab.app.server.serve"),
            (
                "pages/extra.py",
                "from hrtem_lab.app.pages.noise import bars",
                "hrtem_lab.app.pages.noise.bars",
            ),
            ("extra.py", "from hrtem_lab.app.kit import cards", "hrtem_lab.app.kit.cards"),
        ],
    )
    def test_an_import_that_no_line_names_is_seen(self, tmp_path, module, source, seen):
        path = made_up(tmp_path, f"hrtem_lab/app/{module}", source)
        assert imported_across(path, tmp_path) == {seen}

    @pytest.mark.parametrize(
        ("module", "source"),
        [
            ("kit/extra.py", "from hrtem_lab.app.kit import readings\nfrom . import cards"),
            ("pages/noise/extra.py", "from hrtem_lab.app.pages.noise import bars\nfrom .page import Page"),
            (
                "pages/noise/__init__.py",
                "from hrtem_lab.app.kit.questions import prediction\nfrom . import page",
            ),
            ("server/extra.py", "from hrtem_lab.app.chapters import CHAPTERS"),
        ],
    )
    def test_what_the_lines_allow_is_allowed(self, tmp_path, module, source):
        path = made_up(tmp_path, f"hrtem_lab/app/{module}", source)
        assert imported_across(path, tmp_path) == set()


class TestPrivateNames:
    @pytest.mark.parametrize("path", [*MODULES, *NOTEBOOKS], ids=relative)
    def test_private_names_stay_in_their_package(self, path):
        assert private_imports(path) == set()

    @pytest.mark.parametrize(
        ("module", "source", "seen"),
        [
            (
                "app/kit/a.py",
                "from hrtem_lab.dose._sweep import generator",
                "hrtem_lab.dose._sweep.generator",
            ),
            ("sizing/a.py", "import hrtem_lab.metrics._metric", "hrtem_lab.metrics._metric"),
            ("sizing/a.py", "from ..metrics.ssim import _window", "hrtem_lab.metrics.ssim._window"),
            ("dose/a.py", "from hrtem_lab._parallel import _pool", "hrtem_lab._parallel._pool"),
            ("app/pages/noise/a.py", "from hrtem_lab.app.kit.cards import _a", "hrtem_lab.app.kit.cards._a"),
        ],
    )
    def test_a_private_name_of_another_package_is_seen(self, tmp_path, module, source, seen):
        path = made_up(tmp_path, f"hrtem_lab/{module}", source)
        assert private_imports(path, tmp_path) == {seen}

    @pytest.mark.parametrize(
        ("module", "source"),
        [
            ("dose/a.py", "from hrtem_lab.dose._sweep import generator\nfrom ._tables import _row"),
            (
                "dose/a.py",
                "from hrtem_lab._parallel import Plan\nfrom hrtem_lab import _validation, __version__",
            ),
            ("app/kit/a.py", "from hrtem_lab.app.kit.cards import _card"),
        ],
    )
    def test_private_names_of_the_same_package_are_allowed(self, tmp_path, module, source):
        path = made_up(tmp_path, f"hrtem_lab/{module}", source)
        assert private_imports(path, tmp_path) == set()


class TestHeavyLibraries:
    def test_importing_the_package_loads_none(self):
        heavy = {"abtem", "anywidget", "ase", "cv2", "dtcwt", "ipywidgets", "matplotlib", "scipy", "skimage"}
        code = "import sys, hrtem_lab; print(*sys.modules)"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        loaded = set(run.stdout.split())
        assert "hrtem_lab" in loaded
        assert not loaded & heavy

    def test_the_server_does_not_wait_for_a_grammar_of_addresses(self, tmp_path):
        code = f"""
import sys
from hrtem_lab.app.__main__ import main
main(["--no-browser", "--notebooks", {str(tmp_path)!r}])
print(*sys.modules)
"""
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        loaded = set(run.stdout.split())
        assert {"jsonschema", "voila"} <= loaded
        assert "lark" not in loaded

    def test_only_multislice_names_abtem(self):
        library_and_notebooks = {name for name in users_of("abtem") if not name.startswith("benchmarks/")}
        assert {name.rpartition("/")[0] for name in library_and_notebooks} == {"hrtem_lab/multislice"}

    @pytest.mark.parametrize("library", ["ipywidgets", "anywidget"])
    def test_only_the_app_names_widgets(self, library):
        assert {name for name in users_of(library) if not name.startswith("hrtem_lab/app/")} == set()

    @pytest.mark.parametrize("library", ["matplotlib.pyplot", "pylab"])
    def test_figures_are_drawn_without_global_state(self, library):
        assert not users_of(library)
