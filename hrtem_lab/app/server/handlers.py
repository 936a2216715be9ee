"""The answers of the course's server: headers, error pages, log-in, chapters, and a limit on open pages."""

from __future__ import annotations

import json
import posixpath
import re
import secrets
import time
from collections.abc import Iterable
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, RequestHandler, authenticated
from tornado.websocket import WebSocketHandler
from voila.static_file_handler import TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.utils import create_include_assets_functions

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.server.configuration import TEMPLATE_NAME, security_headers

PROTOCOL = "v1.kernel.websocket.jupyter.org"
#: Most parts of a message: the channel's name, four of the message itself, and the buffers of a widget.
MOST_PARTS = 100
#: Seconds without a new piece of a page after which the server stops, so that the page can show a message.
PATIENCE = 120
_HEARTBEAT = "window.voila_heartbeat()"
_KERNEL = re.compile(r'"kernelId": "([\w-]+)"')


class Shielded(RequestHandler):
    """The base of all handlers: answers with `security_headers`; an error contains only its usual name."""

    def set_default_headers(self) -> None:
        """Set the same headers on pages, files and errors."""
        super().set_default_headers()
        self.clear_header("Server")
        if not isinstance(self, WebSocketHandler):
            for name, value in security_headers().items():
                self.set_header(name, value)

    def set_cors_headers(self) -> None:
        """Set no such header: no page of another server may read an answer, even if it knows the password."""

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answer only with the status; details of the error are for the log."""
        said = responses.get(status_code, "Error")
        if isinstance(self, APIHandler):
            self.set_header("Content-Type", "application/json")
            self.finish(json.dumps({"message": said}))
        elif isinstance(self, (ChapterHandler, NotFound)):
            name = "404.html" if status_code == 404 else "error.html"
            self.finish(rendered(self, name, status_code=status_code, status_message=said))
        else:
            self.set_header("Content-Type", "text/plain; charset=UTF-8")
            self.finish(f"{status_code} {said}\n")


def shielded(handlers: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return a server's list of (pattern, handler, …) in which every handler is a `Shielded` one."""
    return [(pattern, _shield(handler), *rest) for pattern, handler, *rest in handlers]


def _shield(handler: type[RequestHandler]) -> type[RequestHandler]:
    if issubclass(handler, Shielded):
        return handler
    return type(handler.__name__, (Shielded, handler), {})


def rendered(handler: RequestHandler, name: str, **values: Any) -> str:
    """Return one of the template's pages other than a chapter."""
    settings = handler.settings
    assets = create_include_assets_functions(TEMPLATE_NAME, settings["base_url"])
    values["home"] = url_path_join(settings["base_url"], "voila/render", CHAPTERS[0].href)
    handler.set_header("Content-Type", "text/html; charset=UTF-8")
    return str(settings["voila_jinja2_env"].get_template(name).render(**assets, **values))


class NotFound(Shielded):
    """The answer to every address that the server does not know."""

    def prepare(self) -> None:
        """Refuse."""
        raise HTTPError(404)


class TemplateFiles(Shielded, TemplateStaticFileHandler):
    """The template's styles and scripts; the address must name the template and its static folder."""

    def parse_url_path(self, path: str) -> str:
        """Return the path of the requested file."""
        named, *rest = posixpath.normpath(path).split("/")
        if named != TEMPLATE_NAME or rest[:1] != ["static"] or len(rest) < 2 or "\0" in path:
            raise HTTPError(404)
        return str(super().parse_url_path(path))


class Login(Shielded, LoginFormHandler):
    """The page that asks for the course's password."""

    def _render(self, message: dict[str, str] | None = None) -> None:
        target = self.get_argument("next", default=self.base_url)
        action = f"{self.settings['login_url']}?{urlencode({'next': target})}"
        self.finish(rendered(self, "login.html", action=action, xsrf=self.xsrf_form_html(), refused=message))


class Channel(Shielded, VoilaKernelWebsocketHandler):
    """A page's connection to its kernel; only Jupyter's present protocol is accepted.

    A message begins with the number of its parts. Jupyter does not check this number. Voilà reads one even in
    a message of the older protocol, which it expects after a connection has closed. In both cases a wrong
    number would keep the server counting for ever.
    """

    async def get(self, kernel_id: str) -> None:
        """Connect a page that speaks the present protocol to a kernel that exists."""
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        if PROTOCOL not in (name.strip() for name in offered.split(",")):
            raise HTTPError(400)
        await super().get(kernel_id=kernel_id)  # type: ignore[misc]

    def on_message(self, message: str | bytes) -> None:
        """Pass a message on to the kernel; close the connection if it is not a valid message."""
        try:
            if not is_message(message):
                raise ValueError("not a message")
            super().on_message(message)
        except (AssertionError, KeyError, TypeError, ValueError):
            self.close(1007)  # invalid data

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Pass a message on to the page; messages to a page that has gone are dropped."""
        if self.ws_connection is None or self.ws_connection.is_closing():
            return None
        return super().write_message(message, binary)


def is_message(data: str | bytes) -> bool:
    r"""Return whether a page's message has as many parts as it states, one after the other.

    Examples
    --------
    >>> is_message(b"\xff" * 8 + b"no such number of parts")
    False
    """
    if not isinstance(data, bytes):
        return False
    count = int.from_bytes(data[:8], "little")
    if not 6 <= count <= MOST_PARTS or len(data) < 8 * (count + 1):
        return False
    offsets = [int.from_bytes(data[8 * i : 8 * i + 8], "little") for i in range(1, count + 1)]
    return offsets == sorted(offsets) and offsets[0] >= 8 * (count + 1) and offsets[-1] <= len(data)


class ChapterHandler(Shielded, TornadoVoilaHandler):
    """A chapter, for a reader who may have it, as long as there is room for another."""

    _left = False

    async def prepare(self) -> None:
        """Remove the password from the address after it has been used."""
        await super().prepare()  # type: ignore[misc]
        if not self._finished and "token" in self.request.query_arguments:
            kept = [(name, value) for name, value in parse_qsl(self.request.query) if name != "token"]
            self.redirect(self.request.path + ("?" + urlencode(kept) if kept else ""))

    @authenticated
    async def get(self, path: str = "") -> None:
        """Stream the chapter; if the page is left before it is complete, end its kernel."""
        if path not in self._chapters():
            raise HTTPError(404)
        if not self.settings["has_room"]():
            self._refuse()
            return
        _ = self.xsrf_token  # sets the cookie with which the page may end its own kernel
        kernel = await self._stream(path)
        if self._left and kernel in self.kernel_manager:
            await self.kernel_manager.shutdown_kernel(kernel, now=True)

    def on_connection_close(self) -> None:
        """Note that nobody waits for the page any more."""
        self._left = True
        super().on_connection_close()

    async def _stream(self, path: str) -> str | None:
        """Send the page piece by piece and return its kernel's id."""
        kernel, last = None, time.monotonic()
        async for html in self.get_generator(path=path):
            if _HEARTBEAT not in html:
                last = time.monotonic()
            elif time.monotonic() - last > PATIENCE:
                break
            kernel = kernel or next(iter(_KERNEL.findall(html)), None)
            if not self._left:
                self.write(html)
                self.flush()
        return kernel

    def _chapters(self) -> set[str]:
        """Return the names that may be opened: the notebooks in the folder itself."""
        return {notebook.name for notebook in Path(self.contents_manager.root_dir).glob("*.ipynb")}

    def _refuse(self) -> None:
        self.set_status(503)
        wait = 20 + secrets.randbelow(20)  # so that the class does not try again all at once
        self.set_header("Retry-After", str(wait))
        self.set_header("Refresh", str(wait))  # lets a browser try again
        self.finish(rendered(self, "full.html", wait=wait))
