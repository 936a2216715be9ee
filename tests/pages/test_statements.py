"""What the chapters say in numbers is what their pages show at the settings of the number's link.

Every number is read from the prose. So a changed number, a changed link or a changed result turns a test red.
"""

import asyncio
import re
from functools import cache

import numpy as np
import pytest

from hrtem_lab.app.pages import low_dose, noise
from hrtem_lab.metrics import METRICS
from tests.pages import prose
from tests.pages.library import LABELS
from tests.pages.reader import Reader, opened, words

KEYS = {metric.label: key for key, metric in METRICS.items()}
PLACEHOLDER = r"\[([^\]]*)\]\(([^)\s]+)\)"


# --- pages ---


LAST = {}
"""Dashboard → the settings at which its page is."""


@cache
def page_of(make):
    """Return a page that is opened once; its readers reset it."""
    return Reader(make())


@cache
def early(make, settings=""):
    """Return a new page at some settings as soon as it shows numbers; what takes longer is dropped."""

    async def draw():
        page = Reader(make())
        page.open(settings)
        for _ in range(2000):
            if page.tables:
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


# --- chapter 4 ---


def panel(page, letter):
    """Return a panel's differences by the metrics' labels."""
    (row,) = [row for row in page.rows if row["panel"] == letter]
    return {label: float(row[label]) for label in LABELS}


def large(label):
    """The number of a metric for the large picture."""
    return lambda page: panel(page, page.value("Large picture")[0])[label]


def share(label):
    """A metric's difference of panel f in % of the sum of its parts."""

    def of(page):
        parts = panel(page, "d")[label] + panel(page, "e")[label]
        said = re.search(rf"{label} (\d+) %", words(page.text("as a share of the sum of the parts")))
        assert said[1] == f"{100 * panel(page, 'f')[label] / parts:.0f}"
        return 100 * panel(page, "f")[label] / parts

    return of


def parts(label):
    """The sum of a metric's differences of panels d and e."""
    return lambda page: panel(page, "d")[label] + panel(page, "e")[label]


def rise(label):
    """How much greater a metric's difference is with readout noise."""
    return lambda page: panel(page, "d")[label] - panel(page, "c")[label]


def electrons(page):
    """The electrons per pixel of vacuum in the large picture."""
    caption = words(page.picture(f"Panel {page.value('Large picture')[0]}").caption)
    return float(re.search(r"([\d.]+) e⁻ per pixel of vacuum", caption)[1])


def least_factor(page):
    """How many times MSE's difference the paper's other metrics have at least, in whole times."""
    numbers = panel(page, "e")
    return np.floor(min(numbers[label] for label in ("SSIM", "cw-SSIM", "SIFT")) / numbers["MSE"])


def least(*quantities):
    return lambda page: min(quantity(page) for quantity in quantities)


def most(*quantities):
    return lambda page: max(quantity(page) for quantity in quantities)


WITHOUT_SIFT = [share(label) for label in LABELS if label != "SIFT"]
ADD_BADLY = [share(label) for label in ("SSIM", "cw-SSIM", "SIFT")]
NOISE = {
    "yet cw-SSIM gives {}": large("cw-SSIM"),
    "500\u202f000\u202fe⁻/nm² cw-SSIM gives {}": large("cw-SSIM"),
    "aperture transmits, and gives {}": large("χ²"),
    "of this image just {}": electrons,
    "MSE hardly reacts ({})": large("MSE"),
    "cw-SSIM reacts more strongly ({})": large("cw-SSIM"),
    "than to the shot noise of panel c ({})": large("cw-SSIM"),
    "the shot noise is stronger ({})": large("cw-SSIM"),
    "MSE gives {} for shot noise alone, and {} for everything": (large("MSE"), large("MSE")),
    "the sum of the parts is {}, and MSE gives {}": (parts("MSE"), large("MSE")),
    "and SIFT gives {}": large("SIFT"),
    "their sum would be {}": parts("cw-SSIM"),
    "MSE is {} of the sum of its parts here": share("MSE"),
    "with a counting camera, it is {}": share("MSE"),
    "it lies between about {} and {}.": (share("MSE"), share("MSE")),
    "every metric but SIFT is at {}": (least(*WITHOUT_SIFT), most(*WITHOUT_SIFT)),
    "So does MSE: it rises from {} to {}": (large("MSE"), large("MSE")),
    "χ² stays at {}": large("χ²"),
    "holds, {} > 0.16": large("cw-SSIM"),
    "MSE is above its own, too ({} > 0.07)": large("MSE"),
    "SIFT is at its own ({}, threshold 0.18)": large("SIFT"),
    "holds: + {} (SSIM) to + {} (χ²)": (rise("SSIM"), rise("χ²")),
    "by a factor of {} and more": least_factor,
    "With three times the blur MSE is {}, close to SSIM with {}": (large("MSE"), large("SSIM")),
    "holds for small ones, but for SIFT: {} of the sum": share("SIFT"),
    "At the paper's settings MSE has {}, χ² {}, the others {} |": (
        *(share("MSE"), share("χ²")),
        *(least(*ADD_BADLY), most(*ADD_BADLY)),
    ),
    "MSE from {} to {}, SIFT from {} to {}, χ² from {} to {}. Without": (
        *(large("MSE"), large("MSE"), large("SIFT"), large("SIFT"), large("χ²"), large("χ²")),
    ),
    "(panel c) MSE falls from {} to {}": (large("MSE"), large("MSE")),
    "But χ² does not ({} and {})": (large("χ²"), large("χ²")),
}

# --- chapter 5 ---


def exposure(label):
    """The difference of the exposure of the same crystal."""
    return lambda page: page.tables[0][KEYS[label]]


def lowest(method, what):
    """A number of the table of doses: `dose`, its interval `from` and `to`, and the same as `times` the ideal."""
    names = ("dose", "from", "to", "times", "times from", "times to")

    def of(page):
        table = page.text("hl-doses")
        (row,) = [row for row in re.findall(r"<tr.*?</tr>", table) if f"{method}</th>" in row]
        return dict(
            zip(names, map(prose.value, prose.numbers(words(row).partition(method)[2])), strict=False)
        )[what]

    return of


def of_all(choose, what, *, but=()):
    """The least or greatest of a number in the table of doses."""
    return lambda page: choose(lowest(label, what)(page) for label in LABELS if label not in but)


LOW_DOSE = {
    "MSE now *falls*, to {} instead of {}": (exposure("MSE"), exposure("MSE")),
    "at 100: SIFT {}, cw-SSIM {}, MSE {} |": (exposure("SIFT"), exposure("cw-SSIM"), exposure("MSE")),
    "MSE {} at 10\u202fe⁻/nm², {} at 1; cw-SSIM {}, {} |": (
        *(exposure("MSE"), exposure("MSE")),
        *(exposure("cw-SSIM"), exposure("cw-SSIM")),
    ),
    "MSE {}, SIFT {}, **cw-SSIM** {} (σ": (exposure("MSE"), exposure("SIFT"), exposure("cw-SSIM")),
}
STUDIES = {
    "At {} it reaches an AUC of 0.95": lowest("ideal observer", "dose"),
    "all five at {} the ideal dose": (of_all(min, "times"), of_all(max, "times")),
    "tells the crystals apart above {}": (of_all(min, "dose"), of_all(max, "dose")),
    "SIFT needs between {} the dose": (lowest("SIFT", "times from"), lowest("SIFT", "times to")),
    "SIFT needs {} the ideal dose, MSE {}.": (lowest("SIFT", "times"), lowest("MSE", "times")),
    "cw-SSIM needs {} there, with an interval from {}; the others need {}.": (
        *(lowest("cw-SSIM", what) for what in ("dose", "from", "to")),
        *(of_all(choose, "dose", but=["cw-SSIM"]) for choose in (min, max)),
    ),
    "the same page says {}, with an interval from {}": (
        *(lowest("cw-SSIM", what) for what in ("dose", "from", "to")),
    ),
    "the ideal observer needs {}, cw-SSIM {} as much, χ² {}, SIFT and MSE {}.": (
        lowest("ideal observer", "dose"),
        *(lowest(label, "times") for label in ("cw-SSIM", "χ²", "SIFT", "MSE")),
    ),
    "SSIM needs the lowest dose, {}, and somewhere between {}.": (
        *(lowest("SSIM", what) for what in ("dose", "from", "to")),
    ),
    "This is {} the {} of the ideal observer. MSE needs {}": (
        *(lowest("SSIM", "times"), lowest("ideal observer", "dose")),
        lowest("MSE", "dose"),
    ),
    "it then needs {}, 28 times as much. SSIM needs {}, 7 times as much, and is now within a factor of {}": (
        *(lowest("ideal observer", "dose"), lowest("SSIM", "dose"), lowest("SSIM", "times")),
    ),
    "the ideal observer needs {}. MSE, SSIM, cw-SSIM and χ² gain as well: SSIM needs {}": (
        *(lowest("ideal observer", "dose"), lowest("SSIM", "dose")),
    ),
    "SIFT does not: it needs {} with small pixels and {} with large ones": (
        *(lowest("SIFT", "dose"), lowest("SIFT", "dose")),
    ),
}
SLOW = set(STUDIES) - {
    phrase for phrase in STUDIES if "page says" in phrase or "cw-SSIM needs {} there" in phrase
}
"""Studies of a whole field of view take ten seconds each."""

# --- all chapters ---

PAGES = {"04_noise": (noise.dashboard,), "05_low_dose": (low_dose.dashboard,)}
AT_ONCE = {noise.dashboard}
"""Pages on which one change takes less than a second in all: one page for all links is quickest."""
STATEMENTS = {"04_noise": NOISE, "05_low_dose": LOW_DOSE | STUDIES}
EXCEPTIONS = {
    "04_noise": {
        "a pixel counts 4 ± 2": "an example",
        "$\\sigma$ = 2\u202fe⁻ seems small": "the setting of the next sentence",
        "Press *512 pixels, same dose*": "the setting of the sentences after it",
        "Mean ± standard deviation of 24 recordings": "what the table below shows",
        "A camera has a readout noise": "what an exercise gives",
        "You have 5\u202f000\u202fe⁻/nm²": "what an exercise gives",
        "The readout adds its error once": "the exercise's two settings",
    },
    "05_low_dose": {
        "Beam-sensitive specimens allow": "the paper's",
        "It is ½ for guessing and 1 for certainty": "what an AUC is",
        "The table gives the lowest dose": "the page's rule, and what an interval is",
        "Set a readout noise of": "the setting of the next sentence",
        "With other seeds or a smaller field": "the ideal observer itself",
        "Tell Nb₃Sn of 40 cells": "what an exercise gives",
        "Then give the camera a readout noise": "what an exercise gives",
        "Choose *Nb₃Sn, 36 cells thick*": "a setting's name",
    },
}


def found(chapter, phrase):
    """Return the links of a phrase in a chapter, where `{}` stands for a link with a number."""
    pattern = PLACEHOLDER.join(re.escape(part) for part in phrase.split("{}"))
    text = prose.flowing(prose.chapter(chapter))
    matches = re.findall(pattern, text)
    assert len(matches) == 1, f"{chapter} has {phrase!r} {len(matches)} times"
    flat = matches[0]
    return [prose.Link(*flat[place : place + 2]) for place in range(0, len(flat), 2)]


def owner(chapter, settings):
    """Return what makes the dashboard of a chapter to which the settings of a link belong."""
    asked = {part.partition("=")[0] for part in settings.split("&")}
    (make,) = [make for make in PAGES[chapter] if asked <= set(early(make).keys)]
    return make


CASES = [
    pytest.param(
        *(chapter, phrase), id=f"{chapter[:2]}: {phrase}", marks=[pytest.mark.slow] if phrase in SLOW else []
    )
    for chapter, statements in STATEMENTS.items()
    for phrase in statements
]


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")


@pytest.mark.parametrize(("chapter", "phrase"), CASES)
def test_the_page_shows_the_number_of_a_statement(chapter, phrase):
    asserted = STATEMENTS[chapter][phrase]
    quantities = list(asserted) if isinstance(asserted, tuple) else [asserted]
    show = complete if phrase in STUDIES else at
    for link in found(chapter, phrase):
        assert link.settings, f"{link} has no settings"
        page = understood(show(owner(chapter, link.settings), link.settings), link.settings)
        for number in link.numbers:
            exact = quantities.pop(0)(page)
            assert prose.says(number, exact), f"{phrase}: {number} at {link.target} is {exact:.4g}"
    assert quantities == []


@pytest.mark.parametrize("chapter", STATEMENTS)
def test_every_linked_number_is_compared(chapter):
    compared = [link for phrase in STATEMENTS[chapter] for link in found(chapter, phrase)]
    linked = [link for link in prose.links(prose.chapter(chapter)) if link.settings and link.numbers]
    assert sorted(compared) == sorted(linked)


@pytest.mark.parametrize("chapter", STATEMENTS)
def test_a_link_without_a_number_opens_too(chapter):
    for link in set(prose.links(prose.chapter(chapter))):
        if link.settings and not link.numbers:
            understood(at(owner(chapter, link.settings), link.settings), link.settings)


@pytest.mark.parametrize("chapter", STATEMENTS)
def test_a_sentence_with_a_number_has_a_link_to_where_it_holds(chapter):
    text = prose.chapter(chapter)
    bare = [
        sentence
        for sentence in prose.statements(text)
        if prose.in_words(sentence)
        and not any(
            link.settings or link.target.startswith(("#", "../docs/")) for link in prose.links(sentence)
        )
        and not any(phrase in sentence for phrase in EXCEPTIONS[chapter])
    ]
    assert bare == []
    assert [phrase for phrase in EXCEPTIONS[chapter] if prose.flowing(text).count(phrase) != 1] == []


class TestTables:
    """Tables whose first column has a link: the numbers under the metrics."""

    def test_the_recordings_of_chapter_4(self):
        taken = []
        for seed in range(24):
            page = at(noise.dashboard, f"seed={seed}")
            taken.append({letter: list(panel(page, letter).values()) for letter in "bcdef"})
        recordings = {letter: np.array([each[letter] for each in taken]) for letter in "bcdef"}
        shares = 100 * recordings["f"].mean(axis=0) / (recordings["d"] + recordings["e"]).mean(axis=0)
        table = [row for row in prose.rows(prose.chapter("04_noise")) if "MSE" in row]
        assert len(table) == 6
        for row in table:
            (link,) = prose.links(row[""])
            assert link.settings == f"panel={link.text}"
            means, scatters = recordings[link.text].mean(axis=0), recordings[link.text].std(axis=0, ddof=1)
            for place, label in enumerate(LABELS):
                expected = [shares[place]] if "share" in row[""] else [means[place], scatters[place]]
                for number, exact in zip(prose.numbers(row[label]), expected, strict=False):
                    assert prose.says(number, exact), (row[""], label)
