"""What the class server gives away, and what it does not: without a browser, over plain requests."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

pytest.importorskip("voila")

from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)

from hrtem_lab.app.server import configuration
from hrtem_lab.app.server.handlers import PROTOCOL

TOKEN = "electrons-and-metrics"
PACKAGE = Path(configuration.__file__).parents[2]
INDEX = "/voila/render/00_index.ipynb"
PATIENCE = 60
FAST, MANY = 300, 10_000  # requests of the fuzz test


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
    command = [sys.executable, "-m", "hrtem_lab.app", "serve", "--address", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--students", "1", "--notebooks", str(folder)],
        env={**os.environ, "HRTEM_LAB_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r":(\d+)/", process.stdout.readline())
    assert found, "the server stopped before it printed its address"
    yield Site(int(found.group(1)), process, folder)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


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


@pytest.mark.parametrize("path", FORBIDDEN)
def test_nothing_but_the_folder_s_own_notebooks_is_served(site: Site, path: str) -> None:
    answer = site.ask("GET", path)
    assert answer.status in {400, 403, 404, 405}
    assert "secret" not in answer.text
    assert "root:" not in answer.text
    assert_says_nothing_of_the_inside(site, answer, path)


def test_a_chapter_comes_without_its_source(site: Site, kernel: str) -> None:
    page = site.ask("GET", INDEX)
    assert "# hidden" not in page.text
    assert_says_nothing_of_the_inside(site, page, INDEX)


def test_a_failing_chapter_names_no_file(site: Site) -> None:
    page = site.ask("GET", "/voila/render/broken.ipynb")
    assert "FileNotFoundError" in page.text
    assert "no such file" not in page.text
    assert_says_nothing_of_the_inside(site, page, "broken.ipynb")


@pytest.mark.parametrize("path", ["/", INDEX, "/voila/render/no_such.ipynb"])
def test_strangers_are_asked_for_the_password(stranger: Site, path: str) -> None:
    answer = stranger.stranger().ask("GET", path)
    while answer.status == 302 and "/login" not in answer.headers["Location"]:
        answer = stranger.stranger().ask("GET", answer.headers["Location"])
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/login?next=")


def test_strangers_reach_no_kernel(stranger: Site, kernel: str) -> None:
    for method in ("GET", "DELETE"):
        assert stranger.stranger().ask(method, f"/api/kernels/{kernel}").status == 403
    assert stranger.stranger().ask("POST", f"/voila/api/shutdown/{kernel}", body=b"").status == 403
    assert refusal(stranger.stranger(), kernel) == 403


def test_only_the_password_opens_the_course(stranger: Site) -> None:
    visitor = stranger.stranger()
    form = visitor.ask("GET", "/login?next=%2Fvoila%2Frender%2F00_index.ipynb")
    assert "Password of this course" in form.text
    for typed, status in [("guess", 401), ("", 401), (TOKEN, 302)]:
        sent = urlencode({"password": typed, "_xsrf": visitor.cookies["_xsrf"]}).encode()
        kind = "application/x-www-form-urlencoded"
        answer = visitor.ask("POST", f"/login?next={quote(INDEX)}", body=sent, Content_Type=kind)
        assert answer.status == status
        assert TOKEN not in answer.text
    assert answer.headers["Location"] == INDEX
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_log_in_leads_to_no_other_server(stranger: Site, target: str) -> None:
    visitor = stranger.stranger()
    visitor.ask("GET", "/login")
    sent = urlencode({"password": TOKEN, "_xsrf": visitor.cookies["_xsrf"]}).encode()
    kind = "application/x-www-form-urlencoded"
    answer = visitor.ask("POST", f"/login?{urlencode({'next': target})}", body=sent, Content_Type=kind)
    assert answer.status == 302
    assert answer.headers["Location"] in {"/", "/%5Cevil.example"}


@pytest.mark.parametrize(
    "path",
    [
        INDEX,
        "/voila/static/voila.js",
        "/nowhere",
        "/login",
        "/api/kernels/0-0-0-0-0",
        "/voila/files/x.py",
        "/",
    ],
)
def test_every_answer_carries_the_headers(site: Site, path: str) -> None:
    answer = site.ask("GET", path)
    for name, value in configuration.security_headers().items():
        assert answer.headers[name] == value
    assert "Server" not in answer.headers


def test_pages_may_run_no_text_as_code_and_reach_no_other_server() -> None:
    policy = configuration.security_headers()["Content-Security-Policy"]
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert "*" not in policy


def test_requests_without_the_page_s_token_change_nothing(site: Site, kernel: str) -> None:
    assert site.ask("DELETE", f"/api/kernels/{kernel}").status == 403
    assert site.ask("POST", f"/voila/api/shutdown/{kernel}", body=b"").status == 403
    made_up = {"X_XSRFToken": "0123456789abcdef"}
    assert site.ask("POST", f"/voila/api/shutdown/{kernel}", body=b"", **made_up).status == 403
    assert site.ask("GET", f"/api/kernels/{kernel}", Referer=f"http://127.0.0.1:{site.port}/").status == 200


def test_under_another_name_the_password_is_asked_for(site: Site) -> None:
    answer = site.stranger().ask("GET", INDEX, Host="rebound.example")
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/login?")


def test_a_large_upload_is_refused(site: Site) -> None:
    with contextlib.suppress(ConnectionError):  # refused before it is read to the end
        answer = site.ask("POST", "/login", body=bytes(20 * configuration.MAX_BODY))
        assert answer.status in {400, 413}
    assert site.ask("GET", "/login").status in {200, 302}


def connected(site: Site, kernel: str, **options: Any) -> connect:
    """Return the connection of a page to a kernel, to be opened by ``async with``."""
    cookies = "; ".join(f"{name}={value}" for name, value in site.cookies.items())
    address = f"ws://127.0.0.1:{site.port}/api/kernels/{kernel}/channels?session_id={uuid.uuid4()}"
    usual: dict[str, Any] = {"subprotocols": [PROTOCOL], "open_timeout": PATIENCE, "proxy": None}
    return connect(address, additional_headers={"Cookie": cookies}, **{**usual, **options})


def refusal(site: Site, kernel: str, **options: Any) -> int:
    """Return the status with which the server refuses a connection."""

    async def knock() -> int:
        try:
            async with connected(site, kernel, **options):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    return asyncio.run(knock())


def message(kind: str, content: dict[str, Any]) -> bytes:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "s", "username": "", "version": "5.4"}
    parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
    return bytes(serialize_msg_to_ws_v1(parts, "shell"))


async def _answers(socket: ClientConnection, kind: str) -> list[str]:
    """Return the kinds of messages that came until one of this kind."""
    seen: list[str] = []
    while not seen or seen[-1] != kind:
        data = await asyncio.wait_for(socket.recv(), PATIENCE)
        assert isinstance(data, bytes)
        seen.append(json.loads(deserialize_msg_from_ws_v1(data)[1][0])["msg_type"])
    return seen


@pytest.mark.parametrize("kind", ["execute_request", "complete_request", "inspect_request", "debug_request"])
def test_a_page_runs_no_code_but_its_widgets(site: Site, kernel: str, tmp_path: Path, kind: str) -> None:
    trace = tmp_path / "ran"

    async def attack() -> list[str]:
        code = f"open({str(trace)!r}, 'w').close()"
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        async with connected(site, kernel) as socket:
            await socket.send(message(kind, {**content, "cursor_pos": 0}))
            await socket.send(message("kernel_info_request", {}))
            return await _answers(socket, "kernel_info_reply")

    answers = asyncio.run(attack())
    assert kind.replace("request", "reply") not in answers
    assert not trace.exists()


def test_no_message_keeps_the_server_busy(site: Site, kernel: str) -> None:
    async def attack(data: bytes | str) -> int | None:
        async with connected(site, kernel) as socket:
            await socket.send(data)
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await asyncio.wait_for(socket.recv(), PATIENCE)
            return socket.close_code

    nonsense = [b"\xff" * 64, b"", b"\0" * 64, "{}", message("comm_msg", {})[:-1], b"\x07" + bytes(199)]
    for data in nonsense:
        assert asyncio.run(attack(data)) == 1007, data
    assert site.ask("GET", "/voila/static/voila.js").status == 200


def test_only_the_present_protocol_is_spoken(site: Site, kernel: str) -> None:
    assert refusal(site, kernel, subprotocols=None) == 400


def test_foreign_pages_reach_no_kernel(site: Site, kernel: str) -> None:
    assert refusal(site, kernel, origin="https://evil.example") == 403


PIECES = [
    *(part for path in FORBIDDEN for part in path.split("/") if part),
    *("..", ".", "%2e%2e", "..%2f", "%00", "%ff%fe", "~", "\\", "%5c", "{{7*7}}", "<script>", "'", '"', "é"),
    *("__class__", "etc", "passwd", "voila", "api", "render", "00_index.ipynb", "0" * 300),
]
METHODS = ["GET"] * 6 + ["POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]
BODIES = [b"", b"{", b"[]", b'{"name": "python3"}', b"\xff\xfe", b"a=b", b"x" * 5000]
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="../../%s.py"\r\n\r\n'
    b'__import__("os").abort()\r\n--b--\r\n'
)


def random_request(rng: random.Random) -> tuple[str, str, bytes | None, dict[str, str]]:
    """Return (method, path, body, headers): an address of the server, or nearly, with rubbish in it."""
    start = rng.choice(["", "/voila", "/voila/render", "/voila/templates", "/voila/static", "/api/kernels"])
    pieces = rng.choices(PIECES, k=rng.randrange(1, 5))
    path = start + "/" + "/".join(pieces)
    if rng.random() < 0.3:
        path += "?" + rng.choice(["token=x", "template=../..", "next=//evil", "a[]=%ff", "defocus=1e999"])
    headers = {}
    if rng.random() < 0.3:
        name = rng.choice(
            ["Referer", "Origin", "X_Forwarded_Proto", "If_None_Match", "Range", "Accept_Language"]
        )
        headers[name] = rng.choice(["null", "x" * 2000, "bytes=9-1", "https://evil.example", "\t;;,,=", "é"])
    body = None
    if rng.random() < 0.3:
        body = rng.choice([*BODIES, UPLOAD % quote(rng.choice(PIECES)).encode()])
        kinds = ["application/json", "multipart/form-data; boundary=b", "multipart/form-data", "text/plain"]
        headers["Content_Type"] = rng.choice(kinds)
    return rng.choice(METHODS), quote(path, safe="/%?&=[]<>{}'~\\:;,+"), body, headers


@pytest.mark.parametrize("count", [FAST, pytest.param(MANY, marks=pytest.mark.slow)])
def test_rubbish_is_refused_without_a_word_of_the_inside(site: Site, count: int) -> None:
    rng = random.Random(count)
    before = sorted(path.name for path in site.folder.iterdir())
    somebody = site.stranger()
    for _ in range(count):
        method, path, body, headers = random_request(rng)
        if path.partition("?")[0] in {INDEX, "/voila/render/broken.ipynb"}:
            continue  # not rubbish: a page, each with a kernel
        answer = rng.choice([site, somebody]).ask(method, path, body=body, **headers)
        assert answer.status < 500, (method, path, headers)
        assert "secret of the teacher" not in answer.text
        assert_says_nothing_of_the_inside(site, answer, (method, path, headers))
    assert site.process.poll() is None
    assert sorted(path.name for path in site.folder.iterdir()) == before


def test_the_server_still_works_after_all_that(site: Site) -> None:
    start = time.monotonic()
    assert site.ask("GET", INDEX).status == 200
    assert time.monotonic() - start < PATIENCE
