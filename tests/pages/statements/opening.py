"""A chapter's page at the settings of a link, opened as cheaply as its numbers allow."""

import asyncio
from functools import cache

from hrtem_lab.app.pages import noise, precipitates
from hrtem_lab.metrics import METRICS
from tests.pages.reader import Reader, opened

KEYS = {metric.label: key for key, metric in METRICS.items()}
"""The key of every metric by its label."""
AT_ONCE = {noise.dashboard, precipitates.dashboard}
"""Pages on which one change takes less than a second in all: one page for all links is quickest."""

LAST = {}
"""Dashboard → the settings at which its page is."""


@cache
def page_of(make):
    """Return a page that is opened once; its readers reset it."""
    return Reader(make())


def has_numbers(page):
    """Whether a page shows a table of numbers."""
    return bool(page.tables)


def has_ranges(page):
    """Whether a page shows ranges beside its numbers."""
    return bool(page.tables and page.ranges)


def banded(make, settings):
    """Return a new page at some settings as soon as it shows ranges beside its numbers."""
    return early(make, settings, until=has_ranges)


@cache
def early(make, settings="", *, until=has_numbers):
    """Return a new page at some settings as soon as it shows numbers; what takes longer is dropped."""

    async def draw():
        page = Reader(make())
        page.open(settings)
        for _ in range(2000):
            if until(page):
                break
            await asyncio.sleep(0.01)
        return page

    return asyncio.run(draw())


@cache
def complete(make, settings):
    """Return a new page at some settings after all its work."""
    return opened(make, settings)


def at(make, settings):
    """Return a page at some settings, as far as its numbers need it."""
    if make not in AT_ONCE:
        return early(make, settings)
    page = page_of(make)
    if LAST.get(make) != settings:
        page.press("Reset")
        page.open(settings)
        LAST[make] = settings
    return page


def understood(page, settings):
    """Return a page if it is at the settings of a link as they are."""
    assert page.alerts == []
    # What the page does not write to its address is the usual value.
    kept = dict(part.split("=") for part in filter(None, page.query.split("&")))
    assert kept.items() <= dict(part.split("=") for part in settings.split("&")).items()
    return page
