"""Serve the chapters as dashboards on this machine."""

import errno
import logging
import os
import shutil
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_core.utils import run_sync
from jupyter_server.utils import url_path_join
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import RedirectHandler
from traitlets.config import Config
from voila.app import Voila
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.tornado.treehandler import TornadoVoilaTreeHandler

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.configuration import (
    CULL_IDLE_TIMEOUT,
    CULL_INTERVAL,
    TEMPLATE_DIR,
    TEMPLATE_ROOT,
    culling_settings,
    voila_settings,
)

HOST = "127.0.0.1"
DEFAULT_PORT = 8866
#: The repository's notebooks, next to the package.
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class CannotServeError(Exception):
    """The dashboard cannot start; the message is one sentence for the person who started it."""


class Dashboard(Voila):
    """Voilà that shows chapters and nothing else, on this machine alone."""

    name = "voila"
    port: int
    on_ready: Callable[[str], None] = staticmethod(lambda url: None)

    def init_settings(self) -> dict[str, Any]:
        """Answer only requests that name this machine, so that no foreign page reaches in by a DNS trick."""
        settings: dict[str, Any] = super().init_settings()
        return {**settings, "allow_remote_access": False, "local_hostnames": ["localhost"]}

    def init_handlers(self) -> list[Any]:
        """Open the table of contents at ``/``; show neither the folder's tree nor its files."""
        closed = (TornadoVoilaTreeHandler, VoilaContentsHandler)
        contents = url_path_join(self.base_url, "voila/render", CHAPTERS[0].href)
        home = (url_path_join(self.server_url, "/?"), RedirectHandler, {"url": contents, "permanent": False})
        return [home, *(handler for handler in super().init_handlers() if handler[1] not in closed)]

    def listen(self) -> None:
        """Listen on the port asked for, or fail; serve until interrupted, then end every kernel."""
        try:
            sockets = bind_sockets(self.port, self.ip)
        except OSError as error:
            self.stop()
            raise CannotServeError(_why_not_bound(error, port=self.port)) from error
        HTTPServer(self.app).add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        self.ioloop = IOLoop.current()
        self.ioloop.add_callback(self.on_ready, f"http://{self.ip}:{self.port}{self.base_url}")
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to stop is like Ctrl-C
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def stop(self) -> None:
        """End every kernel at once: given time, one in the middle of a cell would print a traceback first."""
        shutil.rmtree(self.connection_dir, ignore_errors=True)
        run_sync(self.kernel_manager.shutdown_all)(now=True)


def _why_not_bound(error: OSError, *, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is already in use: stop what runs there, or choose another port"
    return f"port {port} cannot be used: {os.strerror(error.errno or 0).lower()}"


def _is_worth_reading(record: logging.LogRecord) -> bool:
    # Trust concerns outputs stored in a notebook, and the chapters store none. The ping timeout is Jupyter's
    # own default in milliseconds, which Tornado takes for seconds.
    message = record.getMessage()
    return not (message.endswith("is not trusted") or "websocket_ping_timeout" in message)


def find_notebooks(folder: Path) -> Path:
    """Return the absolute path of a folder that holds notebooks.

    Parameters
    ----------
    folder : Path
        Folder to look into; its subfolders do not count.

    Raises
    ------
    CannotServeError
        If the folder does not exist or holds no ``.ipynb`` file.
    """
    if not folder.is_dir():
        raise CannotServeError(f"the folder of notebooks must exist, got {folder}")
    if not any(folder.glob("*.ipynb")):
        raise CannotServeError(f"the folder of notebooks must hold .ipynb files, found none in {folder}")
    return folder.resolve()


def has_browser() -> bool:
    """Tell whether a browser with a window can be opened here.

    On Linux without a display, Python would fall back to a text browser that takes the terminal over.
    """
    on_a_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return on_a_screen or not sys.platform.startswith("linux")


def open_browser(url: str) -> None:
    """Open `url` in the person's browser, where there is one, without ever waiting for it.

    Parameters
    ----------
    url : str
        Address to open.
    """
    if has_browser():
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def serve(
    *,
    notebooks: Path = NOTEBOOKS,
    port: int = DEFAULT_PORT,
    browser: bool = True,
    cull_idle_timeout: int = CULL_IDLE_TIMEOUT,
    cull_interval: int = CULL_INTERVAL,
) -> None:
    """Serve a folder of notebooks until interrupted, and print the address once it answers.

    Parameters
    ----------
    notebooks : Path
        Folder with the chapters; only its notebooks can be opened, with their code hidden.
    port : int
        TCP port; 0 takes any free one.
    browser : bool
        Open the address in a browser where there is one.
    cull_idle_timeout, cull_interval : int
        Seconds, see :func:`hrtem_lab.app.configuration.culling_settings`.

    Raises
    ------
    CannotServeError
        If notebooks or template are missing, or the port is taken.
    """
    folder = find_notebooks(notebooks)
    if not (TEMPLATE_DIR / "index.html.j2").is_file():
        raise CannotServeError(f"the page template must come with the package, not found in {TEMPLATE_DIR}")
    search_path = [str(TEMPLATE_ROOT), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(search_path)
    # Kernels inherit this: their debugger would otherwise print a warning at every start.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")

    def announce(url: str) -> None:
        print(f"hrtem_lab is running at {url}\nPress Ctrl-C to stop it.", flush=True)
        if browser:
            open_browser(url)

    app = Dashboard(
        config=Config(
            Voila={"root_dir": str(folder), "ip": HOST, "port": port, "log_level": "WARN"},
            VoilaConfiguration=voila_settings(),
            # Without it any user of this machine could listen in, and every kernel start would warn of that.
            KernelManager={"transport_encryption": "auto"},
            MappingKernelManager=culling_settings(idle_timeout=cull_idle_timeout, interval=cull_interval),
        ),
        config_file_paths=[],
    )
    app.on_ready = announce
    for logger in (app.log, logging.getLogger("tornado.general")):
        logger.addFilter(_is_worth_reading)
    app.initialize([])
    app.start()
    print("Stopped.", flush=True)
