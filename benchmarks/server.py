"""A dashboard server for measurements: the chapters, and the simplest possible page with a slider."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import nbformat
import psutil

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PEER = "bare_image"

# The least work that ipywidgets can do: the pictures are encoded before the reader opens the page.
PEER_SOURCE = """\
import ipywidgets as widgets
from hrtem_lab.rendering import encode_image
from hrtem_lab.simulation import form_image, load_exit_wave

wave = load_exit_wave("nb3sn", thickness_cells=20)
images = [form_image(wave, defocus=2 * step) for step in range(-100, 101)]
white = float(images[100].max())
pictures = [encode_image(image, limits=(0, white)) for image in images]

slider = widgets.IntSlider(min=0, max=200, value=100)
slider.add_class("hl-control-defocus")
picture = widgets.Image(value=pictures[100])
picture.add_class("hl-picture")
slider.observe(lambda change: setattr(picture, "value", pictures[change.new]), names="value")
view = widgets.VBox([slider, picture])
view.add_class("hl-dashboard")
view
"""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes
    ----------
    address : str
        Where it answers, with a slash at the end.
    process : subprocess.Popen
        The server; its kernels are its children.
    """

    address: str
    process: subprocess.Popen[str]

    def url(self, chapter: str) -> str:
        """Return the address of a page."""
        return f"{self.address}voila/render/{chapter}.ipynb"

    def kernels(self) -> dict[int, psutil.Process]:
        """Return the running kernels by their process id."""
        return {kernel.pid: kernel for kernel in self.kernels_by_id().values()}

    def kernels_by_id(self) -> dict[str, psutil.Process]:
        """Return the running kernels by their Jupyter id, which is in their command line."""
        found = {}
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    for word in child.cmdline():
                        if (name := Path(word).name).startswith("kernel-"):
                            found[name.removeprefix("kernel-").removesuffix(".json")] = child
        return found

    def wait_without_kernels(self, seconds: float = 20) -> None:
        """Wait until the kernels of closed pages have ended, for at most this number of seconds."""
        end = time.monotonic() + seconds
        while self.kernels() and time.monotonic() < end:
            time.sleep(0.2)


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """Serve copies of the chapters and the simple page until the block ends.

    Raises
    ------
    RuntimeError
        If the server stops before it answers.
    """
    with TemporaryDirectory() as folder:
        for notebook in NOTEBOOKS.glob("*.ipynb"):
            (Path(folder) / notebook.name).write_bytes(notebook.read_bytes())
        peer = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PEER_SOURCE)])
        nbformat.write(peer, Path(folder) / f"{PEER}.ipynb")
        with started("dashboard", "--no-browser", "--notebooks", folder) as server:
            yield server


@contextlib.contextmanager
def started(*options: str) -> Iterator[Server]:
    """Run ``python -m hrtem_lab.app`` with these options on a free port until the block ends.

    Raises
    ------
    RuntimeError
        If the server stops before it answers.
    """
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hrtem_lab.app", *options, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        try:
            yield Server(_address(process), process)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word.partition("?")[0]
    raise RuntimeError("the dashboard's server stopped before it answered: see `make dashboard`")
