"""A reader without a browser: opens a chapter over HTTP and websocket, moves its sliders, leaves."""

from __future__ import annotations

import asyncio
import html
import json
import random
import re
import time
import uuid
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urljoin

from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClientConnection, websocket_connect

from hrtem_lab.app.server.handlers import PROTOCOL

PATIENCE = 120  # seconds after which a page or an answer counts as lost
SLIDERS = {"IntSliderModel", "FloatSliderModel", "FloatLogSliderModel"}
_CONFIGURATION = re.compile(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', re.DOTALL)
_ASSET = re.compile(r'(?:src|href)="(/[^"]+\.(?:js|css|svg)[^"]*)"')


class ReaderError(Exception):
    """The page did not do what a reader expects; the message says what went wrong."""


@dataclass
class Reader:
    """One reader and the page in front of them.

    Attributes
    ----------
    address : str
        Where the server answers, with a slash at the end.
    token : str
        The course's password; empty for none.
    kernel : str or None
        Id of the page's kernel.
    models : dict
        State of every widget of the page by its id.
    """

    address: str
    token: str = ""
    kernel: str | None = None
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    _cookies: SimpleCookie = field(default_factory=SimpleCookie)
    _seen: set[str] = field(default_factory=set)
    _socket: WebSocketClientConnection | None = None
    _listener: asyncio.Task[None] | None = None
    _updates: asyncio.Queue[tuple[float, str, dict[str, Any]]] = field(default_factory=asyncio.Queue)

    async def open(self, chapter: str) -> float:
        """Open a chapter and return the seconds from the request until the states of all widgets have come.

        Scripts and styles that the page names are fetched once, because a browser caches them. Files that
        these scripts load are not fetched.

        Raises
        ------
        ReaderError
            If the page is not complete.
        """
        start = time.perf_counter()
        answer = await self._get(f"voila/render/{chapter}.ipynb", token=True)
        page = answer.body.decode()
        found = _CONFIGURATION.search(page)
        if answer.code != 200 or not found or "voila_finish();</script>" not in page:
            raise ReaderError(f"{chapter} came with status {answer.code}, incomplete")
        settings = json.loads(html.unescape(found.group(1)))
        self.kernel = settings["kernelId"]
        entries = settings["federated_extensions"]
        scripts = [f"/voila/labextensions/{entry['name']}/{entry['load']}" for entry in entries]
        await asyncio.gather(*(self._asset(path) for path in [*_ASSET.findall(page), *scripts]))
        await self._connect()
        self.models = await self._states()
        return time.perf_counter() - start

    async def move(self, rng: random.Random) -> float | None:
        """Move one of the page's sliders and return the ms until a picture answers.

        Returns
        -------
        float or None
            None if there is no slider, or if the slider changes only the address and no picture.

        Raises
        ------
        ReaderError
            If nothing answers.
        """
        sliders = {
            model: state
            for model, state in self.models.items()
            if state["_model_name"] in SLIDERS and any("hl-control" in name for name in state["_dom_classes"])
        }
        if not sliders:
            return None
        model, state = rng.choice(sorted(sliders.items()))
        steps = round((state["max"] - state["min"]) / state["step"])
        values = [state["min"] + step * state["step"] for step in range(steps + 1)]
        value = rng.choice([value for value in values if value != state["value"]])
        state["value"] = type(state["value"])(value)
        start = time.perf_counter()
        change = {"method": "update", "state": {"value": state["value"]}, "buffer_paths": []}
        await self._send("comm_msg", {"comm_id": model, "data": change})
        answered = False
        while True:
            when, source, data = await self._next_update()
            # Python confirms the slider first; pictures that come before answer an earlier change.
            answered |= when > start and source == model
            if answered and source != model and (data["buffer_paths"] or "overlay" in data["state"]):
                return 1000 * (when - start)
            if answered and "query" in data["state"]:
                return None

    async def leave(self, how: str) -> None:
        """Leave the page.

        Parameters
        ----------
        how : str
            ``"close"`` ends the kernel as a closed tab does; ``"crash"`` cuts the connection; ``"vanish"``
            leaves the connection open and silent, like a laptop that has lost its network.
        """
        if self._socket is None:
            return
        if how == "close":
            await self._fetch(f"voila/api/shutdown/{self.kernel}", method="POST", body="")
        stream = self._socket.protocol.stream  # type: ignore[union-attr]
        if self._listener is not None:
            self._listener.cancel()
        if how == "vanish":
            IOLoop.current().remove_handler(stream.fileno())
            _VANISHED.append(self._socket)  # a socket that is garbage-collected would close
        else:
            stream.close()
        self._socket, self.kernel = None, None

    async def _connect(self) -> None:
        address = f"{self.address}api/kernels/{self.kernel}/channels?session_id={uuid.uuid4()}"
        request = HTTPRequest(address.replace("http", "ws", 1), headers=self._headers())
        self._socket = await websocket_connect(request, subprotocols=[PROTOCOL])
        self._listener = asyncio.create_task(self._listen(self._socket))

    async def _listen(self, socket: WebSocketClientConnection) -> None:
        while isinstance(message := await socket.read_message(), bytes):
            _, parts = deserialize_msg_from_ws_v1(message)
            if json.loads(parts[0])["msg_type"] == "comm_msg":
                content = json.loads(parts[3])
                data = {"state": {}, "buffer_paths": [], **content["data"]}
                self._updates.put_nowait((time.perf_counter(), content["comm_id"], data))

    async def _states(self) -> dict[str, dict[str, Any]]:
        """Ask for the states of all widgets, as the page's own scripts do."""
        comm = uuid.uuid4().hex
        opening = {"comm_id": comm, "target_name": "jupyter.widget.control", "data": {}}
        await self._send("comm_open", opening, metadata={"version": "1.0.0"})
        await self._send("comm_msg", {"comm_id": comm, "data": {"method": "request_states"}})
        while True:
            _, _, data = await self._next_update()
            if data["method"] == "update_states":
                states = data["states"].items()
                return {
                    model: {**state["state"], "_model_name": state["model_name"]} for model, state in states
                }

    async def _next_update(self) -> tuple[float, str, dict[str, Any]]:
        try:
            return await asyncio.wait_for(self._updates.get(), PATIENCE)
        except TimeoutError:
            raise ReaderError(f"Python did not answer within {PATIENCE} s") from None

    async def _send(
        self, kind: str, content: dict[str, Any], *, metadata: dict[str, Any] | None = None
    ) -> None:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": "load",
            "username": "",
            "version": "5.4",
        }
        message = {"header": header, "parent_header": {}, "metadata": metadata or {}, "content": content}
        pack = serialize_msg_to_ws_v1(message, "shell", pack=lambda part: json.dumps(part).encode())
        assert self._socket is not None
        await self._socket.write_message(pack, binary=True)

    async def _asset(self, path: str) -> None:
        if path not in self._seen:
            self._seen.add(path)
            await self._get(path)

    async def _get(self, path: str, *, token: bool = False) -> HTTPResponse:
        if token and self.token and not self._cookies:
            await self._fetch(f"{path}?token={self.token}")  # answers with a cookie and a redirection
        return await self._fetch(path)

    async def _fetch(self, path: str, **options: Any) -> HTTPResponse:
        request = HTTPRequest(
            urljoin(self.address, path),
            headers=self._headers(),
            connect_timeout=PATIENCE,
            request_timeout=PATIENCE,
            follow_redirects=False,
            **options,
        )
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        for cookie in answer.headers.get_list("Set-Cookie"):
            self._cookies.load(cookie)
        return answer

    def _headers(self) -> dict[str, str]:
        headers = {"Cookie": "; ".join(f"{name}={cookie.value}" for name, cookie in self._cookies.items())}
        if "_xsrf" in self._cookies:
            headers["X-XSRFToken"] = self._cookies["_xsrf"].value
        return headers


_VANISHED: list[WebSocketClientConnection] = []
