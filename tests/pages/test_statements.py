"""What the chapters say in numbers is what their pages show at the settings of the number's link.

Every number is read from the prose. So a changed number, a changed link or a changed result turns a test red.
"""

import asyncio
import re
import warnings
from functools import cache

import numpy as np
import pytest

from hrtem_lab.app.pages import edge_cases, four_metrics, low_dose, noise, precipitates, worst_cases
from hrtem_lab.metrics import METRICS
from hrtem_lab.sizing import stored_study
from tests.pages import prose
from tests.pages.library import LABELS
from tests.pages.reader import Reader, opened, shown_numbers, words

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
    """A number of the table of doses: `dose`, the `from` and `to` of its interval, or `times` the ideal."""
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

# --- chapters 1 to 3 ---


def number(label):
    """A metric's difference on a page that shows one table."""
    return lambda page: page.numbers[KEYS[label]]


def in_long_run(page):
    """The number of the stored long run."""
    return float(re.search(r"([\d.]+)$", words(page.picture("Long run").caption))[1])


def card(key, label):
    """A metric's difference under an image of chapter 2's gallery."""
    (shown,) = Reader(edge_cases.gallery()).texts
    (one,) = [part for part in shown.split("data-case=")[1:] if part.startswith(f'"{key}"')]
    return shown_numbers(one)[KEYS[label]]


def on_card(key, label):
    """The same as a number of the page to whose place the link leads."""
    return lambda _page: card(key, label)


def acceptable(place):
    """An end of the range in which every metric stays below its threshold."""

    def of(page):
        said = page.said.partition("All metrics are below their thresholds")[2]
        return prose.value(prose.numbers(said)[place])

    return of


FOUR_METRICS = {
    "At 0.5\u202fnm SIFT is already {}, MSE {}.": (number("SIFT"), number("MSE")),
    "SIFT goes from {} to {}.": (number("SIFT"), number("SIFT")),
    "SIFT exceeds its threshold at 1.2\u202fnm ({}) and cw-SSIM at 1.3\u202fnm ({})": (
        *(number("SIFT"), number("cw-SSIM")),
    ),
    "SIFT exceeds it at −1.4\u202fnm ({}) and cw-SSIM at −1.3\u202fnm ({})": (
        *(number("SIFT"), number("cw-SSIM")),
    ),
    "SSIM rises from {} to {}": (number("SSIM"), number("SSIM")),
    "SIFT rises, too, from {} to {}": (number("SIFT"), number("SIFT")),
    "cw-SSIM falls from {} to {}": (number("cw-SSIM"), number("cw-SSIM")),
}
EDGE_CASES = {
    "for SIFT, at {}, only just": number("SIFT"),
    "direction give SIFT {}": number("SIFT"),
    "cw-SSIM gives {}: it cannot": number("cw-SSIM"),
    "the greatest possible difference, {}.": on_card("black", "MSE"),
    "pure noise ({}) and pure black ({})": (on_card("noise", "SIFT"), on_card("black", "SIFT")),
    "gives {} for black, like MSE, but {} for white, where MSE gives {}": (
        *(on_card("black", "χ²"), on_card("white", "χ²"), on_card("white", "MSE")),
    ),
}
CURVES = {
    "gives the range, {}, and": (acceptable(0), acceptable(1)),
    "the metrics allow {}, which is 0.02\u202fnm": acceptable(1),
}
WORST_CASES = {
    "The plain contrast reversal gives {}, the long run {}": (number("SSIM"), in_long_run),
    "This gives {}, where the contrast reversal gives {}": (in_long_run, number("SIFT")),
    "does not help here ({})": number("cw-SSIM"),
    "which has no waves, gives {}": number("cw-SSIM"),
    "where the reference is dark ({})": in_long_run,
    "The darkest grey gives {}": number("χ²"),
    "only where the reference is black. This gives {}": in_long_run,
    "calls the reversed image the same ({}), while SIFT is at {}": (number("cw-SSIM"), number("SIFT")),
}

# --- chapter 6 ---


def diameter(page):
    """The diameter found, in cells."""
    return float(re.search(r"found: [\d.]+ nm \(([\d.]+) cells?\)", page.status)[1])


def wrong(page):
    """The cells that are misclassified."""
    return int(re.search(r"(\d+) cells? misclassified", page.status)[1])


def every(page):
    """All cells of the image."""
    return len(page.rows)


def counted(page):
    """The cells that the method counts."""
    return sum(int(row["counted"]) for row in page.rows)


def replaced(page):
    """The cells that the precipitate covers."""
    return sum(int(row["precipitate"]) for row in page.rows)


PRECIPITATES = {
    "the two kinds of cells nearly perfectly: {} are wrong": (wrong, every),
    "the page finds {}, {} and {}. This": (diameter, diameter, diameter),
    "for 10 cells it finds {} instead of {}": (diameter, diameter),
    "| {}, {}, {}, {} cells at diameters of 4, 6, 8 and 10": (counted, replaced) * 4,
    "The sphere finds {}, 2.1\u202fnm": diameter,
    "for 10 cells, 0.18 + noise finds {}": diameter,
}

# --- all chapters ---

PAGES = {
    "01_four_metrics": (four_metrics.dashboard,),
    "02_edge_cases": (edge_cases.explorer,),
    "03_worst_cases": (worst_cases.search, worst_cases.game),
    "04_noise": (noise.dashboard,),
    "05_low_dose": (low_dose.dashboard,),
    "06_precipitates": (precipitates.dashboard, precipitates.game),
}
AT_ONCE = {noise.dashboard, precipitates.dashboard}
"""Pages on which one change takes less than a second in all: one page for all links is quickest."""
STATEMENTS = {
    "01_four_metrics": FOUR_METRICS,
    "02_edge_cases": EDGE_CASES | CURVES,
    "03_worst_cases": WORST_CASES,
    "04_noise": NOISE,
    "05_low_dose": LOW_DOSE | STUDIES,
    "06_precipitates": PRECIPITATES,
}
EXCEPTIONS = {
    "01_four_metrics": {
        "Image **A** is Nb₃Sn, 10.55": "what the figure shows at first",
        "Both are viewed along [001]": "what the figure shows at first",
        "χ² is 1 only for black": "follows from the equation",
        "Set B to Nb₃Sn with 20 cells": "the setting of the next sentence",
        "The factor ½ makes 1": "follows from the equation",
        "A value of 0.5 means unrelated": "follows from the equation",
        "The distance of two histograms": "follows from the equation",
        "so 1 means black or a negative": "follows from the equation",
        "Set B to Nb₃Sn, 20 cells.": "what an exercise gives",
        "Find the smallest defocus": "what an exercise gives",
        "Do the same for cw-SSIM": "what an exercise gives",
        "Move the slider with the keyboard": "a step of a slider",
    },
    "02_edge_cases": {
        "what a difference of 0.1, 0.5 or 0.9": "examples",
        "its difference from the reference, 0 to 1": "the scale of all metrics",
        "practically the same below 0.18": "the paper's thresholds",
        "Two equally bright images": "follows from the equation",
    },
    "03_worst_cases": {},
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
    "06_precipitates": {
        "The specimen is 16 × 16": "what the figure shows",
        "At the rim of the sphere": "what the figure shows",
        "from a stored study of 20": "what the figure shows",
        "So the threshold is 0.18 plus": "the paper's rule",
        "For any metric, this rule sets": "the rule",
        "Set the diameter to 0": "what the reader does",
        "The paper's threshold, 0.18 + noise, does": "the rule's name",
        "Find the smallest precipitate": "what an exercise gives",
        "Ours combines the same three": "the rule",
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
    show = complete if phrase in {**STUDIES, **CURVES} else at
    for link in found(chapter, phrase):
        page = None
        if link.settings:
            page = understood(show(owner(chapter, link.settings), link.settings), link.settings)
        for number in link.numbers:
            exact = quantities.pop(0)(page)
            assert prose.says(number, exact), f"{phrase}: {number} at {link.target} is {exact:.4g}"
    assert quantities == []


@pytest.mark.parametrize("chapter", STATEMENTS)
def test_every_linked_number_is_compared(chapter):
    compared = [link for phrase in STATEMENTS[chapter] for link in found(chapter, phrase)]
    linked = [
        link
        for link in prose.links(prose.chapter(chapter))
        if (link.settings or link.target[0] == "#") and link.numbers
    ]
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

    def test_the_images_of_chapter_2(self):
        table = [row for row in prose.rows(prose.chapter("02_edge_cases")) if "MSE" in row]
        assert len(table) == 9
        for row in table:
            (link,) = prose.links(row[""])
            place = "black above noise" if "above" in link.text else link.text
            for label in ("MSE", "SSIM", "cw-SSIM", "SIFT"):
                if link.settings:
                    page = understood(at(edge_cases.explorer, link.settings), link.settings)
                    expected = [page.numbers[KEYS[label]]]
                else:
                    expected = [card(key, label) for key in place.split(" above ")]
                for found_there, exact in zip(prose.numbers(row[label]), expected, strict=False):
                    assert prose.says(found_there, exact), (row[""], label)


class TestStudies:
    """Numbers of the stored study, which the links to its document carry."""

    def bias(self, method, dose, *diameters):
        study = stored_study()
        errors = study.errors(method, study.nearest(dose / 100), diameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a diameter that is never found has no mean
            return np.nanmean(np.asarray(errors).reshape(len(diameters), -1), axis=1)

    def numbers(self, words_of_it):
        (link,) = [
            link
            for link in prose.links(prose.chapter("06_precipitates"))
            if link.text.startswith(words_of_it)
        ]
        assert link.target.startswith("../docs/sizing.md#")
        return link.numbers

    def test_the_loss_at_the_rim(self):
        said = self.numbers("10 at ")
        for lost, dose in zip(said[::2], map(prose.value, said[1::2]), strict=True):
            found = 14 + self.bias("fixed", dose, 14)[0]
            assert prose.says(lost, np.sqrt(14**2 - found**2))

    def test_the_paper_s_threshold(self):
        said = self.numbers("3.8 cells")
        for error, diameter in zip(said[::2], said[1::2], strict=True):
            assert prose.says(error, -self.bias("fixed", 5000, int(diameter))[0])

    def test_the_optimised_threshold(self):
        most, least_5000, most_5000, dose, least_1000, most_1000, other_dose = self.numbers("0.3 cell")
        assert (prose.value(dose), prose.value(other_dose)) == (5000, 1000)
        assert prose.says(most, np.abs(self.bias("paper_optimised", 15_000, *range(5, 15))).max())
        for at_dose, least_there, most_there in (
            (5000, least_5000, most_5000),
            (1000, least_1000, most_1000),
        ):
            errors = -self.bias("paper_optimised", at_dose, *range(5, 15))
            assert prose.says(least_there, np.nanmin(errors))
            assert prose.says(most_there, np.nanmax(errors))

    def test_the_solution(self):
        fixed, optimised = self.numbers("4.3 cells too small")
        assert prose.says(fixed, -self.bias("fixed", 1000, 14)[0])
        assert prose.says(optimised, -self.bias("paper_optimised", 1000, 14)[0])

    def test_the_sphere_beside_the_ideal_observer(self):
        said = self.numbers("5 to 9 times")
        study = stored_study()
        ideal, sphere = (study.doses_needed(method, 0.5) for method in ("ideal", "sphere"))
        chosen = (study.diameters >= 4) & (study.diameters <= 8)
        ratios = (sphere / ideal)[chosen]
        assert prose.says(said[0], ratios.min())
        assert prose.says(said[1], ratios.max())
        assert np.isnan(study.doses_needed("fixed", 0.5)[chosen]).all()

    def test_one_connected_group(self):
        study = stored_study()
        said = self.numbers("10 of 100 images")
        place = study.nearest(5)
        for number, method in zip(said[::2], ("paper_optimised", "paper_optimised_compact"), strict=True):
            assert prose.says(number, 100 * study.false_alarms(method)[place])
        said = self.numbers("7 cells and more")
        for number, method in zip(said, ("fixed", "fixed_compact"), strict=True):
            assert prose.says(number, study.limits(method, np.inf)[study.nearest(50)])
