"""Work in a thread of its own: the kernel answers the reader while NumPy and OpenCV compute."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")

INTERVAL = 0.02
"""Seconds between two checks whether the work is done."""
# An array of more bytes than this has memory pages of its own, which go back to the system with it. By
# default glibc raises the limit to the largest array freed so far, and each thread keeps twice that.
_LARGE = 1 << 20
_M_MMAP_THRESHOLD = -3
# One thread each: queued work that nobody wants any more is dropped before it begins. Work that has begun
# cannot be dropped, so quick work, which the reader waits for, has a queue of its own.
_quick, _slow = (
    ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"hrtem_lab-{name}") for name in ("quick", "slow")
)


def beside(
    function: Callable[..., Result], *arguments: Any, quick: bool = False
) -> Generator[float, None, Result]:
    """Run a function in a thread and return its result; until it is done, yield the seconds to wait.

    Use it as ``result = yield from beside(function, ...)`` in a dashboard's `refine`. Closing the generator
    drops the work if it has not begun. Quick work does not wait for slow work.
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
    """Call a function, and give its freed memory back to the system: glibc keeps tens of megabytes."""
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
