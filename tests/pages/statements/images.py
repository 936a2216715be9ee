"""What chapters 1 to 3 say in numbers: phrase, with `{}` for a link → what its numbers are on the page."""

import re

from hrtem_lab.app.pages import edge_cases
from tests.pages.reader import Reader, shown_numbers, words
from tests.pages.statements import prose
from tests.pages.statements.opening import KEYS


def number(label):
    """A metric's difference on a page that shows one table."""
    return lambda page: page.numbers[KEYS[label]]


def lowest(label):
    """The lower end of a metric's range."""
    return lambda page: page.ranges[KEYS[label]][0]


def highest(label):
    """The upper end of a metric's range."""
    return lambda page: page.ranges[KEYS[label]][1]


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
    "direction give SIFT {}": number("SIFT"),
    "cw-SSIM gives {}: it cannot": number("cw-SSIM"),
    "the greatest possible difference, {}.": on_card("black", "MSE"),
    "pure noise ({}) and pure black ({})": (on_card("noise", "SIFT"), on_card("black", "SIFT")),
    "gives {} for black, like MSE, but {} for white, where MSE gives {}": (
        *(on_card("black", "χ²"), on_card("white", "χ²"), on_card("white", "MSE")),
    ),
}
FOUR_BANDS = {"on other pixels SIFT runs at −1.2\u202fnm from {}:": (lowest("SIFT"), highest("SIFT"))}
BANDS = {"SIFT gives {} on these pixels, but up to {} when": (number("SIFT"), highest("SIFT"))}
"""What chapters 1 and 2 say of SIFT's range, which a page shows a little later."""
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
