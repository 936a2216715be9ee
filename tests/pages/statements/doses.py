"""What chapter 5 says in numbers: phrase, with `{}` for a link → what its numbers are on the page."""

import re

from tests.pages.library import LABELS
from tests.pages.reader import words
from tests.pages.statements import prose
from tests.pages.statements.opening import KEYS


def exposure(label):
    """The difference of the exposure of the same crystal."""
    return lambda page: page.tables[0][KEYS[label]]


def lowest(method, what):
    """A number of the table of doses: `dose`, the `from` and `to` of its interval, or `times` the ideal."""
    names = ("dose", "from", "to", "times", "times from", "times to")

    def of(page):
        table = page.text("hl-doses")
        (row,) = [row for row in re.findall(r"<tr.*?</tr>", table) if re.search(f"[ >]{method}</th>", row)]
        said = re.sub(r"(?<=\d) (?=\d{3}\b)", "", words(row).partition(method)[2])  # 1 800 is one number
        return dict(zip(names, map(prose.value, prose.numbers(said)), strict=False))[what]

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
SLOW = {phrase for phrase in STUDIES if "the same page says" not in phrase}
"""Studies of a whole field of view, or of many exposures, take ten seconds each."""
