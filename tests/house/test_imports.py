"""Imports point one way, and heavy libraries stay behind the one door that names them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hrtem_lab"
MODULES = sorted(PACKAGE.rglob("*.py"))
USERS = [*MODULES, *sorted((ROOT / "notebooks").glob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]

# Each part of the package imports only from rows further down; parts of one row do not know each other.
ROWS = [
    {"cli"},
    {"app"},
    {"plots"},
    {"rendering", "style"},
    {"edge_cases", "extremes", "dose", "sizing"},
    {"data"},
    {"multislice"},
    {"metrics", "noise", "simulation", "structures"},
    {"waves"},
    {"_studies"},
    {"_parallel"},
    {"_validation"},
]
LEVEL = {part: len(ROWS) - row for row, parts in enumerate(ROWS) for part in parts}


def part_of(path: Path) -> str:
    """Return the name in ROWS of the part that a module belongs to ('' is the package's own __init__)."""
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if name == "__init__" else name


def imported_names(path: Path) -> Iterator[str]:
    """Yield every name that a file imports, absolute and down to the member: `a.b.c`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{absolute_module(path, node)}.{alias.name}" for alias in node.names)


def absolute_module(path: Path, node: ast.ImportFrom) -> str:
    """Return the absolute name of the module that a `from` statement in `path` names."""
    if node.level == 0:
        return str(node.module)
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *(node.module or "").split(".")]).rstrip(".")


def imported_parts(path: Path) -> set[str]:
    """Return the parts of hrtem_lab that a module imports from, without its own."""
    dotted = (name.split(".") for name in imported_names(path))
    names = {part for package, *parts in dotted if package == "hrtem_lab" for part in parts[:1]}
    return (names & LEVEL.keys()) - {part_of(path)}


def users_of(library: str) -> set[str]:
    """Return the files, relative to the repository, that import a library or something of it."""
    names = {path: list(imported_names(path)) for path in USERS}
    return {
        str(path.relative_to(ROOT))
        for path, imported in names.items()
        if any(f"{name}.".startswith(f"{library}.") for name in imported)
    }


def test_importing_the_package_loads_no_heavy_library():
    heavy = {"abtem", "anywidget", "ase", "cv2", "dtcwt", "ipywidgets", "matplotlib", "scipy", "skimage"}
    code = "import sys, hrtem_lab; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "hrtem_lab" in loaded
    assert not loaded & heavy


def test_the_server_does_not_wait_for_a_grammar_of_addresses(tmp_path):
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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    part = part_of(path)
    assert part in LEVEL or not part, f"{part} needs a row in ROWS"
    upwards = {other for other in imported_parts(path) if part and LEVEL[other] >= LEVEL[part]}
    assert not upwards, f"{part} imports {upwards}"


def test_relative_imports_are_seen(tmp_path, monkeypatch):
    module = tmp_path / "hrtem_lab" / "metrics" / "new.py"
    module.parent.mkdir(parents=True)
    module.write_text("from . import ssim\nfrom ..plots import gallery\nfrom .. import noise\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "hrtem_lab")
    assert imported_parts(module) == {"plots", "noise"}


def test_nothing_imports_the_notebooks_or_tests():
    assert not users_of("notebooks") | users_of("tests")


def test_only_multislice_names_abtem():
    library_and_notebooks = {name for name in users_of("abtem") if not name.startswith("benchmarks/")}
    assert library_and_notebooks == {"hrtem_lab/multislice.py"}


@pytest.mark.parametrize("library", ["ipywidgets", "anywidget"])
def test_only_the_app_names_widgets(library):
    assert {name for name in users_of(library) if not name.startswith("hrtem_lab/app/")} == set()


@pytest.mark.parametrize("library", ["matplotlib.pyplot", "pylab"])
def test_figures_are_drawn_without_global_state(library):
    assert not users_of(library)
