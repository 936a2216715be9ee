"""The machine and the versions with which a table was measured, and the memory of a program."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

PACKAGES = ("hrtem_lab", "numpy", "opencv-python-headless", "dtcwt", "scikit-image", "abtem", "voila")
MEGABYTE = 1e6


def describe() -> str:
    """Return processor, cores, memory, system, Python and packages in two lines."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    busy = psutil.getloadavg()[0]
    hardware = f"{_processor()}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
    versions = ", ".join(_versions(PACKAGES))
    return f"{hardware}; load {busy:.1f} at the start.\nPython {platform.python_version()}, {versions}."


def proportional_memory(process: psutil.Process) -> float:
    """Return the memory of a process and its children in MB; a shared page is divided among its processes.

    Raises
    ------
    psutil.NoSuchProcess
        If the process has ended.
    """
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += one.memory_full_info().pss / MEGABYTE
    return total


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions(packages: Iterable[str]) -> Iterable[str]:
    for package in packages:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} not installed"
