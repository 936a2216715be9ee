"""Work in a thread beside the page: the kernel answers the reader while NumPy and OpenCV compute."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")

INTERVAL = 0.02
"""Seconds between two looks whether the work is done."""
# Above so many bytes an array has pages of its own, which go back to the system with it. Unless told, glibc
# raises the limit to the largest array freed so far, and keeps twice that per thread where no trimming helps.
_LARGE = 1 << 20
_M_MMAP_THRESHOLD = -3
# One thread each: work that nobody waits for any more is dropped before it begins, not done at the same time.
# What has begun cannot be dropped, so what the reader waits for first does not queue behind what takes long.
_quick, _slow = (
    ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"hrtem_lab-{name}") for name in ("quick", "slow")
)


def beside(
    function: Callable[..., Result], *arguments: Any, quick: bool = False
) -> Generator[float, None, Result]:
    """Return what a function returns, yielding the seconds to wait until it is done.

    For ``result = yield from beside(function, ...)`` in a dashboard's `refine`. Abandoning the generator
    drops the work if it has not begun. Quick work does not wait for other work to end.
    """
    pool = _quick if quick else _slow
    future: Future[Result] = pool.submit(_tidily, function, *arguments)
    try:
        while not future.done():
            yield INTERVAL
        return future.result()
    finally:
        future.cancel()


def _tidily(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function, and return what it freed to the system: glibc keeps tens of megabytes of images."""
    library = _glibc()
    if library is None:
        return function(*arguments)
    library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
    try:
        return function(*arguments)
    finally:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None
