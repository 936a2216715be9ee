"""What chapter 6 says in numbers: phrase, with `{}` for a link → what its numbers are on the page."""

import re


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
    "the *false-alarm rate* counts {}. If the reference is tilted": (counted, every),
    "by 1\u202fmrad, it counts {}": counted,
    "*optimised* finds a precipitate of {}": diameter,
    "0.18 + noise counts {} of the pristine": counted,
    "For 10 cells it finds {} instead of {} if": (diameter, diameter),
    "too thick, and {} if the reference is 20": diameter,
    "counts {} of the shifted": counted,
    "0.18 + noise finds {} of 10 cells, nearly": diameter,
    "So it counts {} of pristine crystal if": counted,
    "and still finds {} of 10": diameter,
    "The sphere finds {}, 2.1\u202fnm": diameter,
    "for 10 cells, 0.18 + noise finds {}": diameter,
}
LONG = set(PRECIPITATES)
"""Each measures whole specimens; the methods take a minute to prepare."""
