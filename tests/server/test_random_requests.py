"""Random requests to the class server: each is refused, and no answer tells of the machine."""

from __future__ import annotations

import random
import time
from urllib.parse import quote

import pytest

pytest.importorskip("voila")
from tests.server.course_site import FORBIDDEN, INDEX, PATIENCE, Site, assert_says_nothing_of_the_inside

FAST, MANY = 300, 10_000  # requests of the fuzz test
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
