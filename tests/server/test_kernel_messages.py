"""What a page may say to its kernel: nothing but what its widgets need."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

pytest.importorskip("voila")
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)

from hrtem_lab.app.server.handlers import PROTOCOL
from tests.server.course_site import PATIENCE, Site


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


def test_strangers_reach_no_kernel(stranger: Site, kernel: str) -> None:
    for method in ("GET", "DELETE"):
        assert stranger.stranger().ask(method, f"/api/kernels/{kernel}").status == 403
    assert stranger.stranger().ask("POST", f"/voila/api/shutdown/{kernel}", body=b"").status == 403
    assert refusal(stranger.stranger(), kernel) == 403
