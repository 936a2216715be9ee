"""The course's files are found in a checkout and in an installed package."""

from pathlib import Path

import pytest

from hrtem_lab.app.server import places

ROOT = Path(places.__file__).parents[3]


def test_a_checkout_s_own_folders_are_the_course() -> None:
    assert places.notebooks() == ROOT / "notebooks"
    assert places.documents() == ROOT / "docs"


def test_an_installed_package_s_copies_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "hrtem_lab"
    monkeypatch.setattr(places, "PACKAGE", package)
    for name in ("notebooks", "docs"):  # other packages' folders, beside this one
        (tmp_path / name).mkdir()
        (package / "course" / name).mkdir(parents=True)
    assert places.notebooks() == package / "course" / "notebooks"
    assert places.documents() == package / "course" / "docs"
