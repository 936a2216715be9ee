"""Compute the table of `docs/dose.md` again: `python -m hrtem_lab.dose`, about 6 minutes on one core.

Another seed (``--seed 1``) shows how much of it is chance: each of its doses should lie in the interval that
the table states.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from hrtem_lab.dose._limit import ideal_dose
from hrtem_lab.dose._needed import COARSE_DRAWS, NeededDose, materials, needed_dose
from hrtem_lab.metrics import METRICS, family

SEED = 2022
DRAWS = 500
SLOW_DRAWS = 200
"""For the slow metrics on the largest images, which would take most of the time."""
SLOW = ("cw_ssim", "sift")
SETTINGS = ((4, 32), (2, 32), (1, 32), (1, 64))
"""Cells along each side of the image, and pixels per cell."""
BRIGHTNESS = {"equal": True, "as simulated": False}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, line by line as it is computed."""
    parser = argparse.ArgumentParser(
        prog="python -m hrtem_lab.dose", description="Compute the table of docs/dose.md again."
    )
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=list(family("paper", "electrons")))
    parser.add_argument("--cells", type=int, nargs="+", choices=(1, 2, 4), default=[1, 2, 4])
    words = f"exposures of each material per dose, at least {COARSE_DRAWS}"
    parser.add_argument("--draws", type=lambda text: _at_least(COARSE_DRAWS, text), help=words)
    parser.add_argument("--seed", type=lambda text: _at_least(0, text), default=SEED)
    options = parser.parse_args(arguments)
    labels = [METRICS[key].label for key in options.metrics]
    header = ["cells, px per cell", "brightness", "ideal", *labels]
    for line in (header, ["---"] * len(header)):
        print(_line(line), flush=True)
    for place, (cells, pixels) in enumerate(SETTINGS):
        for name, equal in BRIGHTNESS.items():
            if cells in options.cells:
                same, other, detector = materials(cells, pixels, equal=equal)
                limit = ideal_dose(same, other, detector=detector)
                row = [f"{cells} × {cells}, {pixels}", name, number(100 * limit)]
                for key in options.metrics:
                    # A seed for each entry: it is the same, whichever others are computed.
                    rng = np.random.default_rng([options.seed, place, equal, list(METRICS).index(key)])
                    draws = _draws(key, cells) if options.draws is None else options.draws
                    needed = needed_dose(key, same, other, detector=detector, draws=draws, rng=rng)
                    row.append(entry(needed, limit))
                print(_line(row), flush=True)


def _at_least(least: int, text: str) -> int:
    """Return the whole number that an option gives."""
    if not text.removeprefix("-").isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}, got {text}")
    return int(text)


def _draws(key: str, cells: int) -> int:
    return SLOW_DRAWS if key in SLOW and cells == max(SETTINGS)[0] else DRAWS


def entry(needed: NeededDose, limit: float) -> str:
    """Return a dose in e⁻/nm² and, in units of the ideal observer's, its ratio and the ratio's interval."""
    low, high = needed.interval()
    ratio = f"**{needed.dose / limit:.2f}** [{low / limit:.2f}, {high / limit:.2f}]"
    return f"{number(100 * needed.dose)}, {ratio}"


def number(value: float) -> str:
    """Return a number with three digits, or two below 10."""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
