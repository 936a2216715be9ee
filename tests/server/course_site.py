"""A class server with a small course, as a client without a browser sees it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hrtem_lab.app.server import configuration

TOKEN = "electrons-and-metrics"
PACKAGE = Path(configuration.__file__).parents[2]
INDEX = "/voila/render/00_index.ipynb"
PATIENCE = 60
FORBIDDEN = [
    "/voila/render/solutions.py",
    "/voila/render/outside.ipynb",
    "/voila/render/../outside.ipynb",
    "/voila/render/..%2foutside.ipynb",
    "/voila/render/%2e%2e/outside.ipynb",
    "/voila/render/%252e%252e%252foutside.ipynb",
    "/voila/render/..%5coutside.ipynb",
    "/voila/render//etc/passwd",
    "/voila/render/inside/deeper.ipynb",
    "/voila/render/.hidden",
    "/voila/render/",
    "/voila/render/00_index.ipynb%00.py",
    "/voila/files/solutions.py",
    "/voila/files/picture.png",
    "/voila/files/00_index.ipynb",
    "/voila/files/../../../etc/passwd",
    "/voila/files/%2e%2e/%2e%2e/etc/passwd",
    "/voila/tree",
    "/voila/tree/inside",
    "/voila/api/contents",
    "/voila/api/contents/solutions.py",
    "/voila/static/../../../../../../etc/passwd",
    "/voila/static/%2e%2e%2f%2e%2e%2fetc/passwd",
    "/voila/templates/hrtem_lab/static/../../../../../etc/passwd",
    "/voila/templates/hrtem_lab/../index.html.j2",
    "/voila/templates/hrtem_lab/index.html.j2",
    "/voila/templates/hrtem_lab",
    "/voila/templates/no_such/static/shell.js",
    "/voila/labextensions/../../../../etc/passwd",
    "/voila/api/themes/../../etc/passwd",
    "/voila/query/00000000-0000-0000-0000-000000000000",
    "/voila/execution/00000000-0000-0000-0000-000000000000",
    "/api/contents",
    "/api/contents/solutions.py",
    "/api/kernels",
    "/api/kernelspecs",
    "/api/sessions",
    "/api/terminals",
    "/api/status",
    "/terminals/1",
    "/files/solutions.py",
    "/nbconvert/html/00_index.ipynb",
    "/lab",
    "/tree",
    "/metrics",
    "/logout",
]


@dataclass
class Answer:
    """A response, complete."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """Everything that the server said."""
        return f"{self.headers}\n{self.body.decode('utf-8', 'replace')}"


@dataclass
class Site:
    """A running class server and a reader's cookies."""

    port: int
    process: subprocess.Popen[str]
    folder: Path
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, *, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request, with the cookies that came before."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def stranger(self) -> Site:
        """Return the same site for somebody without the password."""
        return Site(self.port, self.process, self.folder)


def give_away(site: Site) -> list[str]:
    """Return the words that no answer may hold: paths of this machine, and what tracebacks look like."""
    paths = {
        str(site.folder),
        str(site.folder.parent),
        sys.prefix,
        str(PACKAGE),
        str(Path.home()),
        os.getcwd(),
    }
    return ["Traceback", "site-packages", 'File "', *(path for path in paths if len(path) > 1)]


def assert_says_nothing_of_the_inside(site: Site, answer: Answer, what: object) -> None:
    told = [word for word in give_away(site) if word in answer.text]
    assert told == [], f"{what} answered {answer.status} with {told}"


def write_notebook(path: Path, source: str) -> None:
    cell = {"cell_type": "code", "id": "a", "source": source, "metadata": {}, "outputs": []}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}}
    cells = [{**cell, "execution_count": None}]
    path.write_text(json.dumps({**content, "cells": cells}), encoding="utf-8")


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Iterator[Site]:
    """Serve a folder to a class of one; the site as somebody without the password sees it."""
    command = [sys.executable, "-m", "hrtem_lab.app", "serve", "--address", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(
        [*command, *options, "--students", "1", "--notebooks", str(folder)],
        env={**os.environ, "HRTEM_LAB_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r":(\d+)/", process.stdout.readline())
    assert found, "the server stopped before it printed its address"
    try:
        yield Site(int(found.group(1)), process, folder)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
