"""A web server that shows chapters and nothing else."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from socket import socket
from typing import Any

from jupyter_core.utils import run_sync
from jupyter_server.utils import url_path_join
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import RedirectHandler
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.static_file_handler import TemplateStaticFileHandler
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.tornado.treehandler import TornadoVoilaTreeHandler

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.server.configuration import MAX_BODY, tornado_settings
from hrtem_lab.app.server.handlers import Channel, ChapterHandler, Login, NotFound, TemplateFiles, shielded

LAST_PORT = 65535
#: Handlers of Voilà that are left out: the folder's tree, its files, and the requests of readers by kernel.
_CLOSED = (TornadoVoilaTreeHandler, VoilaContentsHandler, RequestInfoSocketHandler)


class CannotServeError(Exception):
    """The server cannot start; the message is one sentence for the person who starts it."""


class CourseServer(Voila):
    """Voilà with handlers that open only chapters.

    Attributes
    ----------
    sockets : list of socket.socket
        Sockets to listen on. They are bound first, so that no kernel starts if the server cannot listen.
    on_ready : callable
        Called with the address when the server listens.
    has_room : callable
        Returns whether another page may be opened.
    """

    name = "voila"
    port: int
    sockets: Sequence[socket] = ()
    on_ready: Callable[[str], None] = staticmethod(lambda url: None)
    has_room: Callable[[CourseServer], bool] = staticmethod(lambda server: True)

    def init_settings(self) -> dict[str, Any]:
        """Return the settings of the web server.

        A server for this machine that asks for no password answers only requests that name this machine.
        Otherwise a page of another server could reach it under that server's name (DNS rebinding). A password
        is enough protection, because the browser does not send it under another name.
        """
        settings: dict[str, Any] = {**super().init_settings(), **tornado_settings()}
        settings["has_room"] = lambda: self.has_room(self)
        settings |= {"default_handler_class": NotFound, "login_url": url_path_join(self.base_url, "login")}
        if is_loopback(self.ip) and not self.token:
            settings |= {"allow_remote_access": False, "local_hostnames": ["localhost"]}
        return settings

    def init_handlers(self) -> list[Any]:
        """Open the table of contents at ``/``; show neither the folder's tree nor its files."""
        contents = url_path_join(self.base_url, "voila/render", CHAPTERS[0].href)
        own = [
            (url_path_join(self.server_url, "/?"), RedirectHandler, {"url": contents, "permanent": False}),
            (url_path_join(self.server_url, "login"), Login),
        ]
        signing_in = [handler for _, handler, *_ in self.identity_provider.get_handlers()]
        replaced = {
            TemplateStaticFileHandler: TemplateFiles,
            TornadoVoilaHandler: ChapterHandler,
            VoilaKernelWebsocketHandler: Channel,
        }
        kept = [
            (pattern, replaced.get(handler, handler), *rest)
            for pattern, handler, *rest in super().init_handlers()
            if handler not in (*_CLOSED, *signing_in)
        ]
        return shielded([*own, *kept])

    def pages(self) -> int:
        """Return the number of kernels that belong to readers, without those of the pools."""
        waiting = sum(self.kernel_manager.get_pool_size(chapter.href) for chapter in CHAPTERS)
        return max(0, len(self.kernel_manager.list_kernel_ids()) - waiting)

    def listen(self) -> None:
        """Serve until interrupted, then end every kernel."""
        HTTPServer(self.app, max_body_size=MAX_BODY, xheaders=True).add_sockets(self.sockets)
        self.port = self.sockets[0].getsockname()[1]
        self.ioloop = IOLoop.current()
        self.ioloop.add_callback(self.on_ready, f"http://{_as_host(self.ip)}:{self.port}{self.base_url}")
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM acts like Ctrl-C
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def stop(self) -> None:
        """Kill every kernel at once: a kernel that is given time prints a traceback of the cell it runs."""
        shutil.rmtree(self.connection_dir, ignore_errors=True)
        run_sync(self.kernel_manager.shutdown_all)(now=True)


def bound_sockets(*, address: str, port: int) -> list[socket]:
    """Return sockets that listen on a port of this machine; 0 takes any free one.

    Raises
    ------
    CannotServeError
        If there is no such port or address, or another program has it.
    """
    if not 0 <= port <= LAST_PORT:
        raise CannotServeError(f"port must be 0 to {LAST_PORT}, got {port}")
    try:
        return bind_sockets(port, address)
    except OSError as error:
        raise CannotServeError(_why_not_bound(error, address=address, port=port)) from error


def is_loopback(address: str) -> bool:
    """Return whether an address is a loopback address of this machine, which no other machine can reach.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _as_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _why_not_bound(error: OSError, *, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is already in use: stop what runs there, or choose another port"
    if error.errno == errno.EADDRNOTAVAIL or error.errno not in errno.errorcode:
        return f"address must be one of this machine's own, got {address!r}"
    return f"port {port} cannot be used: {os.strerror(error.errno or 0).lower()}"


def is_worth_reading(record: logging.LogRecord) -> bool:
    """Return whether a line of the log is of use to the person who started the server.

    Three kinds are not. Trust concerns outputs stored in a notebook, and the chapters store none. Jupyter
    gives the ping timeout in milliseconds, which Tornado takes for seconds. Kernels of closed pages end every
    minute.
    """
    message = record.getMessage()
    silenced = message.endswith("is not trusted") or "websocket_ping_timeout" in message
    return not (silenced or message.startswith("Culling "))
