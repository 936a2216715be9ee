"""The largest memory of a Binder session, in an environment of its own, with every chapter opened.

``python -m benchmarks.binder_memory`` copies the repository and makes a virtual environment that sees the
installed packages. It runs ``binder/postBuild`` there as Binder does (this needs a network), and starts
Jupyter with 2 GB for each process. Then it opens the contents and every chapter: first one by one, then all
at once.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks import machine
from benchmarks.machine import MEGABYTE
from benchmarks.reader import Reader
from benchmarks.table import Row, as_text
from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.server.kernels import limit_memory

ROOT = Path(__file__).parents[1]
PARTS = ("binder", "hrtem_lab", "notebooks", "pyproject.toml", "README.md", "LICENSE")
LIMIT = 2_000_000_000  # bytes that Binder's containers have
GOAL = 1000  # MB
MOVES = 4


def build(folder: Path) -> dict[str, str]:
    """Do in a folder what Binder does after installing the packages; return the environment variables.

    Raises
    ------
    RuntimeError
        If ``postBuild`` fails.
    """
    for name in PARTS:
        source, target = ROOT / name, folder / "repository" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    (site / "installed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    shared = Path(sys.prefix) / "share" / "jupyter", Path(sys.prefix) / "etc" / "jupyter"
    environment = {
        **os.environ,
        "PATH": f"{folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_PATH": str(shared[0]),
        "JUPYTER_CONFIG_PATH": str(shared[1]),
        "JUPYTER_CONFIG_DIR": str(folder / "settings"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    built = subprocess.run(
        ["./binder/postBuild"],
        cwd=folder / "repository",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise RuntimeError(f"binder/postBuild must succeed, it said: {built.stdout}{built.stderr}")
    return environment


@contextmanager
def session(folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, psutil.Process]]:
    """Run Jupyter as in one of Binder's containers, and yield its address and process."""
    command = ["python", "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--ServerApp.port=0"]
    options = ["--IdentityProvider.token=", *(["--allow-root"] if os.getuid() == 0 else [])]
    executable = folder / "venv" / "bin" / "python"
    process = subprocess.Popen(
        [*command, *options],
        executable=executable,
        cwd=folder / "repository",
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    limit_memory(process.pid, limit=LIMIT)
    try:
        assert process.stderr is not None
        addresses = (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in process.stderr)
        found = next(filter(None, addresses), None)
        if found is None:
            raise RuntimeError("Jupyter stopped before it answered")
        # If nobody reads the log, it fills its pipe, and the server stops.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield found.group(), psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        process.kill()
        process.wait()


class Peak:
    """The largest memory that a process and its children have had together, in MB."""

    def __init__(self, process: psutil.Process) -> None:
        self.value = 0.0
        self._process, self._going = process, True
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def restart(self) -> float:
        """Return the peak until now, and start again from 0."""
        value, self.value = self.value, 0.0
        return value

    def stop(self) -> None:
        """Stop measuring."""
        self._going = False
        self._thread.join()

    def _look(self) -> None:
        while self._going:
            with suppress(psutil.NoSuchProcess):
                self.value = max(self.value, machine.proportional_memory(self._process))
            time.sleep(0.2)


async def _read(address: str, peak: Peak) -> tuple[float, float]:
    """Read chapter by chapter, then open all chapters in tabs; return both peaks."""
    rng = random.Random(0)
    await asyncio.sleep(1)
    for chapter in CHAPTERS:
        reader = await _opened(address, chapter.file, rng)
        await reader.leave("close")
    one = peak.restart()
    readers = [await _opened(address, chapter.file, rng) for chapter in CHAPTERS]
    every = peak.restart()
    for reader in readers:
        await reader.leave("close")
    return one, every


async def _opened(address: str, chapter: str, rng: random.Random) -> Reader:
    reader = Reader(address)
    await reader.open(f"notebooks/{chapter}")
    for _ in range(MOVES):
        await reader.move(rng)
        await asyncio.sleep(0.5)
    return reader


def rows() -> Iterator[Row]:
    """Yield the peaks of a session."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with session(folder, build(folder)) as (address, process):
            peak = Peak(process)
            one, every = asyncio.run(_read(address, peak))
            peak.stop()
    yield Row(what="Binder session, chapter after chapter, peak (PSS)", ours=one, unit="MB", limit=GOAL)
    every_name = f"Binder session, {len(CHAPTERS)} pages open at once, peak (PSS)"
    yield Row(what=every_name, ours=every, unit="MB", limit=LIMIT / MEGABYTE)


def main() -> int:
    """Measure, print the table, and return 1 if a session needs more than it may."""
    described = machine.describe()
    try:
        measured = list(rows())
    except RuntimeError as error:
        print(f"binder_memory: {error}", file=sys.stderr)
        return 1
    print(f"{described}\n\n{as_text(measured)}")
    return 0 if all(row.met for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
