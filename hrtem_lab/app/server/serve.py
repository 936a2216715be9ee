"""Serve the chapters: to one reader on this machine, or to a class."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from traitlets.config import Config

from hrtem_lab._parallel import ENVIRONMENT as WORKERS_VARIABLE
from hrtem_lab._validation import positive_integer
from hrtem_lab.app.server.classroom import GIGABYTE, RESERVE, Classroom, free_memory
from hrtem_lab.app.server.configuration import (
    CULL_IDLE_TIMEOUT,
    CULL_INTERVAL,
    TEMPLATE_DIR,
    TEMPLATE_ROOT,
    culling_settings,
    preheating_settings,
    voila_settings,
)
from hrtem_lab.app.server.course_server import (
    CannotServeError,
    CourseServer,
    bound_sockets,
    is_loopback,
    is_worth_reading,
)
from hrtem_lab.app.server.kernels import PageKernelManager

HOST = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
DEFAULT_PORT = 8866
#: Fewest characters of a password, so that it cannot be guessed over a network.
SHORTEST_TOKEN = 8
#: The repository's notebooks, next to the package.
NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
TOKEN_VARIABLE = "HRTEM_LAB_TOKEN"


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
    """Return whether a browser with a window can be opened here.

    On Linux without a display, Python would open a text browser, which takes over the terminal.
    """
    on_a_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return on_a_screen or not sys.platform.startswith("linux")


def open_browser(url: str) -> None:
    """Open `url` in the person's browser if there is one, without waiting for it.

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
    """Serve a folder of notebooks to this machine until interrupted; print the address when it answers.

    Parameters
    ----------
    notebooks : Path
        Folder with the chapters; only its notebooks can be opened, with their code hidden.
    port : int
        TCP port; 0 takes any free one.
    browser : bool
        Open the address in a browser where there is one.
    cull_idle_timeout, cull_interval : int
        Seconds, see :func:`hrtem_lab.app.server.configuration.culling_settings`.

    Raises
    ------
    CannotServeError
        If notebooks or template are missing, or the port is taken.
    """

    def announce(url: str) -> None:
        print(f"hrtem_lab is running at {url}\nPress Ctrl-C to stop it.", flush=True)
        if browser:
            open_browser(url)

    settings = _settings(find_notebooks(notebooks), HOST, port, cull_idle_timeout, cull_interval)
    _run(settings, announce)


def serve_class(
    *,
    notebooks: Path = NOTEBOOKS,
    address: str = EVERYWHERE,
    port: int = DEFAULT_PORT,
    base_url: str = "/",
    token: str | None = None,
    students: int = 30,
    memory: float | None = None,
    page_memory: float = 2,
    cull_idle_timeout: int = CULL_IDLE_TIMEOUT,
    cull_interval: int = CULL_INTERVAL,
) -> None:
    """Serve a folder of notebooks to a class until interrupted; print the link for the students.

    Parameters
    ----------
    notebooks, port, cull_idle_timeout, cull_interval
        As for `serve`.
    address : str
        Address of this machine to listen on; ``0.0.0.0`` means all of them.
    base_url : str
        Path under which a web server in front of this one forwards, with a slash at both ends.
    token : str or None
        The password, at least 8 characters. With None it is random; with an empty string none is asked for.
    students : int
        Number of students who read at the same time; it determines how many kernels wait for readers.
    memory, page_memory : float
        Limits in GB of all pages together and of one page, see `hrtem_lab.app.server.classroom.Classroom`.

    Raises
    ------
    CannotServeError
        If notebooks or template are missing, the port is taken, or the password is too short.
    ValueError
        If a number is out of range.
    """
    folder = find_notebooks(notebooks)
    password = _checked_token(token)
    count = len(list(folder.glob("*.ipynb")))
    room = Classroom(students=students, memory=memory, page_memory=page_memory, notebooks=count)
    if not (base_url.startswith("/") and base_url.endswith("/")):
        raise CannotServeError(f"base-url must begin and end with a slash, got {base_url!r}")
    settings = _settings(folder, address, port, cull_idle_timeout, cull_interval)
    settings["Voila"] |= {"base_url": base_url, "token": password}
    settings["VoilaConfiguration"] |= preheating_settings(pool_size=room.pool_size)
    os.environ.setdefault(WORKERS_VARIABLE, "1")  # the readers share the cores
    settings["PageKernelManager"] = {"memory_limit": int(room.page_memory * GIGABYTE)}

    def announce(url: str) -> None:
        print(f"hrtem_lab is running at {url}{f'?token={password}' if password else ''}")
        if not is_loopback(address):
            print("Students put this machine's name or address between http:// and the port.")
        print(
            f"Room for {room.most_pages} pages, {room.pool_size} kernels ready for each of {count} notebooks."
        )
        print("Press Ctrl-C to stop it.", flush=True)

    _run(
        settings,
        announce,
        has_room=lambda server: server.pages() < room.most_pages and free_memory() > RESERVE,
    )


def _checked_token(token: str | None) -> str:
    asked = os.environ.get(TOKEN_VARIABLE) if token is None else token
    if asked is None:
        return secrets.token_urlsafe(12)
    if asked and len(asked) < SHORTEST_TOKEN:
        raise CannotServeError(f"token must have at least {SHORTEST_TOKEN} characters, got {len(asked)}")
    return asked


def _settings(
    folder: Path, address: str, port: int, cull_idle_timeout: int, cull_interval: int
) -> dict[str, dict[str, Any]]:
    """Return the sections of the configuration that every server shares."""
    for name, seconds in (("cull-idle-timeout", cull_idle_timeout), ("cull-interval", cull_interval)):
        positive_integer(name, seconds)
    culling = culling_settings(idle_timeout=cull_idle_timeout, interval=cull_interval)
    return {
        "Voila": {"root_dir": str(folder), "ip": address, "port": port, "log_level": "WARN"},
        "VoilaConfiguration": {**voila_settings(), "multi_kernel_manager_class": PageKernelManager},
        # Without it any user of this machine could listen in, and every kernel start would warn of that.
        "KernelManager": {"transport_encryption": "auto"},
        "MappingKernelManager": culling,
        "PasswordIdentityProvider": {"allow_password_change": False},
    }


def _run(
    settings: dict[str, dict[str, Any]],
    announce: Callable[[str], None],
    *,
    has_room: Callable[[CourseServer], bool] = lambda server: True,
) -> None:
    """Serve until interrupted."""
    if not (TEMPLATE_DIR / "index.html.j2").is_file():
        raise CannotServeError(f"the page template must come with the package, not found in {TEMPLATE_DIR}")
    listening = bound_sockets(address=settings["Voila"]["ip"], port=settings["Voila"]["port"])
    search_path = [str(TEMPLATE_ROOT), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(search_path)
    # Kernels inherit this: their debugger would otherwise print a warning at every start.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    server = CourseServer(config=Config(**settings), config_file_paths=[])
    server.sockets, server.on_ready, server.has_room = listening, announce, has_room
    for logger in (server.log, logging.getLogger("tornado.general")):
        logger.addFilter(is_worth_reading)
    server.initialize([])
    server.start()
    print("Stopped.", flush=True)
