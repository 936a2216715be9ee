"""A class on one machine: readers who arrive, move sliders, reload, lose their network and leave.

``python -m benchmarks.class_load --students 30 --minutes 3`` starts a class server for this machine alone,
lets the readers use it, and prints one table. Readers and server share the processor.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import random
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psutil

from benchmarks import machine
from benchmarks.reader import Reader, ReaderError
from benchmarks.server import NOTEBOOKS, Server, started
from benchmarks.table import Row, as_text
from benchmarks.timing import percentile

TOKEN = "class-load"
PAUSE = 5  # seconds between two moves of a reader
RELOAD, VANISH = 0.02, 0.01  # chances, at each move
GOODBYES = {"close": 0.7, "crash": 0.15, "vanish": 0.15}
LONGEST = 150  # seconds that a kernel may outlive its page
LIGHT = {"00_index", "01_four_metrics", "02_edge_cases", "03_worst_cases", "04_noise"}


@dataclass
class Lesson:
    """The measurements of a lesson.

    Attributes
    ----------
    first_ready, ready : list of float
        Seconds until a reader's first page, and a later one, was complete.
    moves : list of tuple
        For each move of a slider: the time, the chapter, and the ms until a picture answered.
    all_ready : float
        The time at which every reader's first page was complete.
    errors : Counter
        Each error and how often it occurred.
    memory : dict
        Memory of the pages' kernels in MB, by chapter.
    """

    ready: list[float] = field(default_factory=list)
    first_ready: list[float] = field(default_factory=list)
    moves: list[tuple[float, str, float]] = field(default_factory=list)
    all_ready: float = math.inf
    errors: Counter[str] = field(default_factory=Counter)
    memory: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.class_load", description=__doc__)
    parser.add_argument("--students", type=int, default=30, help="readers (default: 30)")
    parser.add_argument("--within", type=float, default=60, help="seconds in which they arrive (default: 60)")
    parser.add_argument("--minutes", type=float, default=3, help="minutes that each stays (default: 3)")
    parser.add_argument("--seed", type=int, default=0, help="of chapters, times and accidents (default: 0)")
    options = parser.parse_args(arguments)
    if not (1 <= options.students <= 200 and 0 < options.minutes <= 60 and 0 <= options.within <= 600):
        parser.error("students must be 1 to 200, minutes up to 60, and within up to 600 seconds")
    return options


async def attend(
    lesson: Lesson, server: Server, *, students: int, arrival: float, minutes: float, seed: int
) -> None:
    """Act as one student: arrive, use random chapters, and leave in one of several ways."""
    rng = random.Random(seed)
    reader = Reader(server.address, token=TOKEN)
    await asyncio.sleep(arrival)
    end = time.monotonic() + 60 * minutes
    chapter = await _open(lesson, reader, rng, lesson.first_ready)
    if len(lesson.first_ready) == students:
        lesson.all_ready = time.monotonic()
    while chapter and time.monotonic() < end:
        await asyncio.sleep(PAUSE * rng.uniform(0.8, 1.2))
        accident = rng.random()
        if accident < RELOAD + VANISH:
            await reader.leave("close" if accident < RELOAD else "vanish")
            chapter = await _open(lesson, reader, rng, lesson.ready)
            continue
        with _noted(lesson, f"{chapter}, slider"):
            took = await reader.move(rng)
            if took is not None:
                lesson.moves.append((time.monotonic(), chapter, took))
    _weigh(lesson, server, reader, chapter)
    with _noted(lesson, "leaving"):
        await reader.leave(rng.choices(list(GOODBYES), list(GOODBYES.values()))[0])


async def _open(lesson: Lesson, reader: Reader, rng: random.Random, times: list[float]) -> str | None:
    """Open a random chapter; return its name, or None if it did not come."""
    chapter = rng.choice(sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
    with _noted(lesson, f"{chapter}, opening"):
        times.append(await reader.open(chapter))
        return chapter
    return None


@contextlib.contextmanager
def _noted(lesson: Lesson, what: str) -> Iterator[None]:
    """Count an error instead of ending the lesson."""
    try:
        yield
    except (ReaderError, OSError, AssertionError, KeyError) as error:
        lesson.errors[f"{what}: {error or type(error).__name__}"] += 1


def _weigh(lesson: Lesson, server: Server, reader: Reader, chapter: str | None) -> None:
    kernel = server.kernels_by_id().get(reader.kernel or "")
    if chapter and kernel:
        with contextlib.suppress(psutil.NoSuchProcess):
            lesson.memory[chapter].append(machine.proportional_memory(kernel))


def _whole(server: Server) -> float:
    return machine.proportional_memory(psutil.Process(server.process.pid))


def _settled(server: Server, *, patience: float) -> int:
    """Wait until the number of kernels has not changed for 15 s and return it."""
    count, since, end = -1, time.monotonic(), time.monotonic() + patience
    while time.monotonic() < min(since + 15, end):
        now = len(server.kernels())
        if now != count:
            count, since = now, time.monotonic()
        time.sleep(0.5)
    return count


def rows(*, students: int, within: float, minutes: float, seed: int) -> Iterator[Row]:
    """Run a lesson and yield the measurements.

    Parameters
    ----------
    students : int
        Readers, each with one page.
    within : float
        Seconds over which their arrivals are spread evenly.
    minutes : float
        Minutes that each reader stays.
    seed : int
        Of chapters, times and accidents.
    """
    options = ("serve", "--address", "127.0.0.1", "--token", TOKEN, "--students", str(students))
    with started(*options) as server:
        # Reading the memory of many processes takes time, so it is done before the class arrives.
        pool = _settled(server, patience=120)
        before = _whole(server)
        lesson = Lesson()
        asyncio.run(_hold(lesson, server, students=students, within=within, minutes=minutes, seed=seed))
        during = _whole(server)
        left = time.monotonic()
        while len(server.kernels()) > pool and time.monotonic() < left + 2 * LONGEST:
            time.sleep(0.2)
        gone = time.monotonic() - left
        after = _whole(server)
    for error, count in lesson.errors.items():
        print(f"{count} × {error}", file=sys.stderr)
    yield from _times(lesson, students=students, within=within)
    yield from _weights(lesson)
    yield Row(what="everything, in use", ours=during, unit="MB")
    yield Row(what="last page left → its kernel gone", ours=gone, unit="s", limit=LONGEST)
    yield Row(
        what="everything after / before the class",
        ours=after,
        unit="MB",
        peer=before,
        peer_name="before",
        ratio_limit=1.1,
    )


async def _hold(
    lesson: Lesson, server: Server, *, students: int, within: float, minutes: float, seed: int
) -> None:
    arrivals = [within * number / students for number in range(students)]
    await asyncio.gather(
        *(
            attend(
                lesson, server, students=students, arrival=arrival, minutes=minutes, seed=1000 * seed + number
            )
            for number, arrival in enumerate(arrivals)
        )
    )


def _times(lesson: Lesson, *, students: int, within: float) -> Iterator[Row]:
    name = f"{students} readers within {within:g} s"
    yield Row(what=f"{name}, not ready", ours=students - len(lesson.first_ready), unit="", limit=0)
    if lesson.first_ready:
        yield Row(
            what=f"{name}, request → ready, median", ours=statistics.median(lesson.first_ready), unit="s"
        )
        yield Row(what=f"{name}, slowest", ours=max(lesson.first_ready), unit="s", limit=25)
    if lesson.ready:
        yield Row(
            what=f"{len(lesson.ready)} reloads → ready, slowest", ours=max(lesson.ready), unit="s", limit=25
        )
    early = [move for move in lesson.moves if move[0] < lesson.all_ready]
    late = [move for move in lesson.moves if move[0] >= lesson.all_ready]
    yield from _answers("while others arrive", early, limit=None)
    yield from _answers("once all are there", late, limit=400)
    yield Row(what="errors", ours=lesson.errors.total(), unit="", limit=0)


def _answers(when: str, moves: Sequence[tuple[float, str, float]], *, limit: float | None) -> Iterator[Row]:
    """Yield the time from a slider to a picture, over all chapters and for each."""
    if not moves:
        return
    values = [took for _, _, took in moves]
    name = f"{len(values)} moves {when}, slider → picture"
    yield Row(what=f"{name}, median", ours=statistics.median(values), unit="ms")
    yield Row(what=f"{name}, p95", ours=percentile(values, 95), unit="ms", limit=limit)
    for chapter in sorted({chapter for _, chapter, _ in moves}):
        own = [took for _, name, took in moves if name == chapter]
        yield Row(what=f"… {chapter} {when}, p95 of {len(own)}", ours=percentile(own, 95), unit="ms")


def _weights(lesson: Lesson) -> Iterator[Row]:
    for chapter, weights in sorted(lesson.memory.items()):
        yield Row(
            what=f"{chapter}, kernel and workers (PSS), median",
            ours=statistics.median(weights),
            unit="MB",
            limit=110 if chapter in LIGHT else None,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a lesson, print the table, and return the exit status."""
    options = parse(arguments)
    described = machine.describe()
    try:
        measured = list(rows(**vars(options)))
    except RuntimeError as error:
        print(f"class_load: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        return 130
    print(f"{described}\n\n{as_text(measured)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
