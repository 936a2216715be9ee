"""What chapter 4 says in numbers: phrase, with `{}` for a link → what its numbers are on the page."""

import re

import numpy as np

from tests.pages.library import LABELS
from tests.pages.reader import words


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
