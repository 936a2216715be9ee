"""Many independent computations on all cores, or on a Dask cluster that the user has connected to."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from threading import Lock
from typing import Any, TypeVar

from hrtem_lab._validation import positive_integer

Task = TypeVar("Task")
Result = TypeVar("Result")

# A worker process that has been idle for so many seconds ends and gives its memory back.
IDLE_SECONDS = 20
ENVIRONMENT = "HRTEM_LAB_WORKERS"


def worker_count(workers: int | None = None) -> int:
    """Return how many processes to use.

    Parameters
    ----------
    workers : int or None
        At least 1; None means the number in the environment variable ``HRTEM_LAB_WORKERS``, or else every
        core that this process may use.

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        If it is not a whole number of at least 1.
    """
    if workers is not None:
        return positive_integer("workers", workers)
    asked = os.environ.get(ENVIRONMENT, "")
    if asked:
        if not asked.isdecimal():
            raise ValueError(f"{ENVIRONMENT} must be a whole number, got {asked!r}")
        return positive_integer(ENVIRONMENT, int(asked))
    from loky import cpu_count  # noqa: PLC0415

    return int(cpu_count())


def cores_are_shared() -> bool:
    """Tell whether this process is to compute alone, because other readers' pages need the cores, too."""
    return os.environ.get(ENVIRONMENT) == "1"


def as_computed(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int | None = None,
    here: int = 0,
    interval: float | None = None,
) -> Iterator[tuple[int, Result] | None]:
    """Yield (index of the task, result) in the order in which results arrive.

    Closing the iterator drops the tasks that have not begun. If the user has connected a Dask client
    (``dask.distributed.Client(...)``), it gets the tasks, unless `workers` is given.

    Parameters
    ----------
    function : callable
        ``task -> result``, without side effects.
    tasks : sequence
        What to compute.
    workers : int or None
        Processes, as in `worker_count`; 1 computes here, one task after the other.
    here : int
        How many of the first tasks are computed in this process, while the workers start.
    interval : float or None
        Yield None after so many seconds without a result.
    """
    executor = _executor(workers)
    if executor is None:
        for index, task in enumerate(tasks):
            yield index, _alone(function, task)
        return
    futures: dict[Future[Any], int] = {
        executor.submit(_alone, function, task): index for index, task in enumerate(tasks) if index >= here
    }
    try:
        for index in range(min(here, len(tasks))):
            yield index, _alone(function, tasks[index])
        pending = set(futures)
        while pending:
            done, pending = wait(pending, timeout=interval, return_when=FIRST_COMPLETED)
            for future in done:
                yield futures[future], future.result()
            if not done:
                yield None
    finally:
        for future in futures:
            future.cancel()


def computes_here(workers: int | None = None) -> bool:
    """Tell whether `as_computed` computes in this process, one task after the other."""
    return (workers is not None or _connected_client() is None) and worker_count(workers) == 1


def _executor(workers: int | None) -> Executor | None:
    """Return who computes: a connected Dask cluster, a pool of processes, or nobody else."""
    if computes_here(workers):
        return None
    client = _connected_client() if workers is None else None
    if client is not None:
        return client.get_executor(pure=False)
    from loky import get_reusable_executor  # noqa: PLC0415

    limits = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    return get_reusable_executor(max_workers=worker_count(workers), timeout=IDLE_SECONDS, env=limits)


def _connected_client() -> Any:
    """Return the client of ``dask.distributed`` that is connected, if that library is in use at all."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_client  # noqa: PLC0415

    try:
        return get_client()
    except ValueError:
        return None


class _OneThread:
    """OpenCV on one thread while tasks run: the cores are divided among the tasks.

    The setting belongs to the whole process, in which several tasks may run at a time: the first one sets
    it, the last one sets it back.
    """

    _lock = Lock()
    _running = 0
    _threads = 1

    def __enter__(self) -> None:
        import cv2  # noqa: PLC0415

        with _OneThread._lock:
            if not _OneThread._running:
                _OneThread._threads = cv2.getNumThreads()
                cv2.setNumThreads(1)
            _OneThread._running += 1

    def __exit__(self, *_: object) -> None:
        import cv2  # noqa: PLC0415

        with _OneThread._lock:
            _OneThread._running -= 1
            if not _OneThread._running:
                cv2.setNumThreads(_OneThread._threads)


def _alone(function: Callable[[Task], Result], task: Task) -> Result:
    """Compute one task on one core."""
    with _OneThread():
        return function(task)
