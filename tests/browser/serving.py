"""A real server for the tests of pages: started, asked for its kernels, stopped."""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PATIENCE = 60  # seconds: generous, for a loaded machine
# An orphaned kernel goes within 15 s; a page has 12 s to connect to its kernel before it counts as one.
CULL_OPTIONS = ("--cull-idle-timeout", "12", "--cull-interval", "3")


def wait_until(condition: Callable[[], Any], *, what: str, patience: float = PATIENCE) -> Any:
    """Return the first true value of `condition`, or fail saying `what` was waited for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    return pytest.fail(f"waited {patience} s in vain until {what}")


@dataclass
class Server:
    """A running dashboard: its address, its process and its kernels."""

    url: str
    process: subprocess.Popen[str]

    def page_url(self, stem: str, query: str = "") -> str:
        return f"{self.url}voila/render/{stem}.ipynb{query}"

    def kernels(self) -> dict[str, psutil.Process]:
        """Return the running kernels by their id, which is in the name of their connection file."""
        found = {}
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    for word in child.cmdline():
                        if (name := Path(word).name).startswith("kernel-") and name.endswith(".json"):
                            found[name.removeprefix("kernel-").removesuffix(".json")] = child
        return found

    def stop(self, how: signal.Signals = signal.SIGINT) -> str:
        """Interrupt the server as Ctrl-C does and return what it printed since its address."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise


def _first_address(process: subprocess.Popen[str]) -> str:
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in iter(process.stdout.readline, ""):
            lines.put(line)
            if "http://" in line:
                return
        lines.put("")

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    seen = ""
    while line := lines.get(timeout=PATIENCE):
        seen += line
        if "http://" in line:
            reader.join()
            return next(word for word in line.split() if word.startswith("http://"))
    return pytest.fail(f"the server stopped before it printed an address: {seen}")


def _accepts_connections(url: str) -> bool:
    parts = urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port), timeout=1):
        return True
    return False


def start_server(notebooks: Path = NOTEBOOKS, *options: str) -> Server:
    """Start the dashboard on a free port and wait for its address; the caller stops it."""
    where = ("--port", "0", "--no-browser", "--notebooks", str(notebooks))
    return start([sys.executable, "-m", "hrtem_lab.app", *where, *(options or CULL_OPTIONS)])


def start(command: Sequence[str], *, folder: Path | None = None, **environment: str) -> Server:
    """Run a command that prints the address at which it serves; the caller stops it."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        url = _first_address(process)
        wait_until(lambda: _accepts_connections(url), what=f"{url} answers")  # Jupyter prints it before that
        return Server(url, process)
    except BaseException:
        process.kill()
        process.communicate()
        raise
