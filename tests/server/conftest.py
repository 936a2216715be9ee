"""A running class server, seen by a stranger and by a reader who gave the password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.server.course_site import INDEX, TOKEN, Site, served, write_notebook


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = tmp_path_factory.mktemp("around") / "course"
    course.mkdir()
    write_notebook(course / "00_index.ipynb", "import ipywidgets; ipywidgets.HTML('shown')  # hidden")
    write_notebook(course / "broken.ipynb", f"open({str(course / 'no such file')!r})")
    write_notebook(course.parent / "outside.ipynb", "1")
    (course / "inside").mkdir()
    write_notebook(course / "inside" / "deeper.ipynb", "1")
    for name in ("solutions.py", "grades.csv", ".hidden", "picture.png", "notes.md"):
        (course / name).write_text("the secret of the teacher", encoding="utf-8")
    return course


@pytest.fixture(scope="module")
def stranger(folder: Path) -> Iterator[Site]:
    """Serve the folder to a class; the site as somebody without the password sees it."""
    with served(folder) as running:
        yield running


@pytest.fixture(scope="module")
def site(stranger: Site) -> Site:
    """Return the site for a reader who came by the link that holds the password."""
    reader = stranger.stranger()
    answer = reader.ask("GET", f"{INDEX}?{urlencode({'token': TOKEN, 'defocus': 2})}")
    assert answer.status == 302
    assert answer.headers["Location"] == f"{INDEX}?defocus=2"  # the address bar does not keep the password
    assert TOKEN not in answer.text
    return reader


@pytest.fixture(scope="module")
def kernel(site: Site) -> str:
    """Return the id of the kernel behind a page that the reader has opened."""
    page = site.ask("GET", INDEX)
    assert page.status == 200
    found = re.search(r'"kernelId": "([\w-]+)"', page.body.decode())
    assert found
    return found.group(1)
