"""Many images shared out among the cores, where OpenCV does the work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV's number of threads belongs to the whole process: two calls that change it at the same time would
# not restore it.
_ALL_CORES = Lock()


def on_all_cores(function: Callable[[NDArray], NDArray], stack: NDArray) -> NDArray:
    """Return the results of `function` for parts of a stack, joined; the cores work on different parts."""
    with _ALL_CORES:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # some images to each core; OpenCV would split each image among all
        try:
            with ThreadPoolExecutor(threads) as pool:
                # More parts than cores, so that a core that is busy with other work gets fewer of them.
                parts = [part for part in np.array_split(stack, 4 * threads) if len(part)]
                return np.concatenate(list(pool.map(function, parts)))
        finally:
            cv2.setNumThreads(threads)
