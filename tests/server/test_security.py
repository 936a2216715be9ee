"""What the class server gives away, and what it does not: without a browser, over plain requests."""

from __future__ import annotations

import contextlib
from urllib.parse import quote, urlencode

import pytest

pytest.importorskip("voila")
from hrtem_lab.app.server import configuration
from tests.server.course_site import FORBIDDEN, INDEX, TOKEN, Site, assert_says_nothing_of_the_inside


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
