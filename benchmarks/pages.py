"""The chapters in Chromium: how fast they open and answer, their memory, and whether they always open."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle

from playwright.sync_api import Browser, Page

from benchmarks.browser import first_picture, opened, running_browser, wait_for
from benchmarks.machine import MEGABYTE
from benchmarks.server import PEER, Server, running_server
from benchmarks.table import Row
from benchmarks.timing import percentile

CHAPTERS = {
    "01_four_metrics": "chapter 1",
    "02_edge_cases": "chapter 2",
    "03_worst_cases": "chapter 3",
    "04_noise": "chapter 4",
    "05_low_dose": "chapter 5",
    "06_precipitates": "chapter 6",
    "07_reality": "chapter 7",
}
PEER_NAME = "bare widgets.Image"
USES = {
    "chapter 1, slider": ("01_four_metrics", ("defocus",)),
    "chapter 2, slider": ("02_edge_cases", ("defocus",)),
    # The sliders alternate, so at each move the page is still busy with the curve along the other one.
    "chapter 2, two sliders in turn": ("02_edge_cases", ("defocus", "shift")),
    "chapter 3, slider of the game": ("03_worst_cases", ("defocus",)),
    "chapter 4, dose": ("04_noise", ("dose",)),
    "chapter 5, dose": ("05_low_dose", ("dose",)),
    # The picture is the SIFT map of 16 × 16 cells of a 1024² image; the noise must be measured for each dose.
    "chapter 6, dose": ("06_precipitates", ("dose",)),
    # Each change of the specimen takes other exit waves.
    "chapter 7, lens": ("07_reality", ("defocus", "c12")),
    "chapter 7, lens and specimen in turn": ("07_reality", ("defocus", "tilt")),
    PEER_NAME: (PEER, ("defocus",)),
}
"""The page of each use, and the sliders that are moved in turn."""
KEYS = ("ArrowUp", "ArrowDown")
"""They move a slider by a step, up in one turn and down in the next."""
LIMITS: dict[str, tuple[float | None, float]] = {
    "chapter 6, dose": (None, 500),
}
"""Limits in ms on the median and the 95th percentile, for uses whose picture takes longer."""
AT_ONCE = (60.0, 150.0)
WARM_UP = 5
BLOCK = 10
"""Presses before the next page has its turn, so that a busy moment of the machine affects all pages."""


@dataclass
class Answers:
    """How long one page took to answer presses of a key, in ms."""

    picture: list[float] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)

    def extend(self, more: Answers) -> None:
        """Add the answers to further presses."""
        self.picture += more.picture
        self.numbers += more.numbers


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the time of an answer, the memory, the time to the first picture, and the number of stuck pages.

    Parameters
    ----------
    quick : bool
        Whether fewer repetitions will do.
    """
    with running_server() as server, running_browser() as browser:
        yield from _used_pages(server, browser, presses=20 if quick else 60)
        server.wait_without_kernels()
        yield from _cold_pages(server, browser, loads=3 if quick else 5)
        yield from _loads_under_pressure(server, browser, loads=10 if quick else 100)


def _used_pages(server: Server, browser: Browser, *, presses: int) -> Iterator[Row]:
    """Press keys on all pages in turn, then measure the memory of their kernels."""
    with ExitStack() as stack:
        pages, kernels = {}, {}
        for chapter in (*CHAPTERS, PEER):
            before = set(server.kernels())
            pages[chapter] = stack.enter_context(opened(browser, server, chapter))
            if first_picture(pages[chapter]) is None:
                raise RuntimeError(f"{chapter} must show a picture, it showed none")
            kernels[chapter] = next(kernel for pid, kernel in server.kernels().items() if pid not in before)
        answers = _use_in_turns(pages, presses)
        for chapter, page in pages.items():
            _require_no_complaint(chapter, page)
        for label in (label for label in answers if label != PEER_NAME):
            yield from _answer_rows(label, answers[label], answers[PEER_NAME])
        memory = {chapter: kernel.memory_full_info() for chapter, kernel in kernels.items()}
        for chapter, label in CHAPTERS.items():
            for kind, limit in (("rss", 150.0), ("uss", None)):
                yield Row(
                    what=f"{label}, kernel memory ({kind.upper()}) after use",
                    ours=getattr(memory[chapter], kind) / MEGABYTE,
                    unit="MB",
                    peer=getattr(memory[PEER], kind) / MEGABYTE,
                    peer_name=PEER_NAME,
                    limit=limit,
                )


def _require_no_complaint(chapter: str, page: Page) -> None:
    said = page.locator(".hl-alert, .shell-failure, #shell-banner:not([hidden])").all_inner_texts()
    if said:
        raise RuntimeError(f"{chapter} must work to be timed, it says: {' '.join(said)}")


def _use_in_turns(pages: dict[str, Page], presses: int) -> dict[str, Answers]:
    for chapter, sliders in dict(USES.values()).items():
        pages[chapter].bring_to_front()
        _press(pages[chapter], sliders, [KEYS[0]] * WARM_UP)
    answers = {label: Answers() for label in USES}
    for turn in range(presses // BLOCK):
        for label, (chapter, sliders) in USES.items():
            key = KEYS[turn % 2]
            pages[chapter].bring_to_front()
            _press(pages[chapter], sliders, [key])
            answers[label].extend(_press(pages[chapter], sliders, [key] * BLOCK))
    return answers


def _press(page: Page, sliders: Sequence[str], keys: Sequence[str]) -> Answers:
    """Press keys at random intervals and return how long the page took to show picture and numbers."""
    answers = Answers()
    has_numbers = page.locator(".hl-dashboard .hl-numbers").count() > 0
    shown = "benchmarkClock.picture !== null" + (" && benchmarkClock.numbers !== null" if has_numbers else "")
    for slider, key in zip(cycle(sliders), keys, strict=False):
        page.focus(f".hl-control-{slider} .noUi-handle")
        page.keyboard.press(key)
        page.wait_for_timeout(random.uniform(300, 900))
        wait_for(page, shown, seconds=10)
        times = page.evaluate("benchmarkClock")
        answers.picture.append(times["picture"] - times["press"])
        if has_numbers:
            answers.numbers.append(times["numbers"] - times["press"])
    return answers


def _answer_rows(label: str, ours: Answers, peer: Answers) -> Iterator[Row]:
    """Yield medians and 95th percentiles of the picture, and of the numbers, which may come later."""
    median, late = LIMITS.get(label, AT_ONCE)
    judged = (
        ("picture", ours.picture, "median", 50, median),
        ("picture", ours.picture, "p95", 95, late),
        ("all numbers", ours.numbers, "median", 50, None),
        ("all numbers", ours.numbers, "p95", 95, late),
    )
    for what, values, statistic, percent, limit in judged:
        if not values:  # a page whose answer is pictures and a sentence
            continue
        yield Row(
            what=f"{label} → {what}, {statistic}",
            ours=percentile(values, percent),
            unit="ms",
            peer=percentile(peer.picture, percent),
            peer_name=PEER_NAME,
            limit=limit,
        )


def _cold_pages(server: Server, browser: Browser, *, loads: int) -> Iterator[Row]:
    """Open each page with an empty browser cache and a new kernel, in turns."""
    seconds: dict[str, list[float]] = {chapter: [] for chapter in (*CHAPTERS, PEER)}
    for _ in range(loads):
        for chapter, measured in seconds.items():
            measured.append(_load(server, browser, chapter) or float("inf"))
    for chapter, label in CHAPTERS.items():
        yield Row(
            what=f"{label}, cold page → first picture",
            ours=statistics.median(seconds[chapter]),
            unit="s",
            peer=statistics.median(seconds[PEER]),
            peer_name=PEER_NAME,
            limit=4,
        )


def _loads_under_pressure(server: Server, browser: Browser, *, loads: int) -> Iterator[Row]:
    """Open the chapters alternately while two loops keep the processor busy."""
    chapters = list(CHAPTERS)
    with _busy_loops(2):
        seconds = [_load(server, browser, chapters[number % len(chapters)]) for number in range(loads)]
    name = f"{loads} loads under two busy loops"
    yield Row(what=f"{name}, stuck", ours=seconds.count(None), unit="", limit=0)
    came = [value for value in seconds if value is not None]
    if came:
        yield Row(what=f"{name}, first picture, median", ours=statistics.median(came), unit="s")
        yield Row(what=f"{name}, first picture, slowest", ours=max(came), unit="s")


def _load(server: Server, browser: Browser, chapter: str) -> float | None:
    with opened(browser, server, chapter) as page:
        seconds = first_picture(page)
    server.wait_without_kernels()
    return seconds


@contextmanager
def _busy_loops(count: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
