"""Many images, or parts of a large one, shared out among the cores, where OpenCV does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")
Result = TypeVar("Result")

# OpenCV's number of threads belongs to the whole process: two calls that change it at the same time would
# not restore it.
_ALL_CORES = Lock()


def on_all_cores(function: Callable[[NDArray], NDArray], stack: NDArray) -> NDArray:
    """Return the results of `function` for parts of a stack, joined; the cores work on different parts."""
    with _one_part_per_core() as (pool, cores):
        # More parts than cores, so that a core that is busy with other work gets fewer of them.
        parts = [part for part in np.array_split(stack, 4 * cores) if len(part)]
        return np.concatenate(list(pool.map(function, parts)))


def each_on_one_core(function: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """Return the result of `function` for each part; the cores work on different parts."""
    with _one_part_per_core() as (pool, _):
        return list(pool.map(function, parts))


@contextmanager
def _one_part_per_core() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """Yield as many threads as OpenCV may use, and their number; OpenCV would split each part among all."""
    with _ALL_CORES:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            with ThreadPoolExecutor(threads) as pool:
                yield pool, threads
        finally:
            cv2.setNumThreads(threads)
