"""No module and no folder grows beyond what a reader can hold in mind."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.house.sources import BENCHMARKS, MODULES, NOTEBOOKS, TESTS, relative

MAX_LINES = 350
MAX_MODULES = 15


def lines(path: Path) -> int:
    """Return how many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def crowded(modules: Iterable[Path]) -> dict[Path, int]:
    """Return the folders with too many modules; `__init__.py` does not count."""
    folders = [path.parent for path in modules if path.name != "__init__.py"]
    return {folder: folders.count(folder) for folder in set(folders) if folders.count(folder) > MAX_MODULES}


@pytest.mark.parametrize("path", [*MODULES, *NOTEBOOKS, *BENCHMARKS, *TESTS], ids=relative)
def test_a_module_is_short(path):
    assert lines(path) <= MAX_LINES


def test_a_long_module_is_seen(tmp_path):
    path = tmp_path / "long.py"
    path.write_text("1\n" * (MAX_LINES + 1))
    assert lines(path) > MAX_LINES


def test_a_folder_of_the_package_is_small():
    assert crowded(MODULES) == {}


def test_a_crowded_folder_is_seen():
    modules = [Path("folder", f"{number}.py") for number in range(MAX_MODULES)]
    assert crowded([*modules, Path("folder", "__init__.py")]) == {}
    assert crowded([*modules, Path("folder", "extra.py")]) == {Path("folder"): MAX_MODULES + 1}
