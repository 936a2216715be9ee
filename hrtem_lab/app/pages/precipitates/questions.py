"""Chapter 6: its questions."""

from __future__ import annotations

import numpy as np

from hrtem_lab.app.kit.questions import Check, Prediction, Questions
from hrtem_lab.app.pages.precipitates.settings import parameters
from hrtem_lab.app.pages.precipitates.stored_sizes import PAPER
from hrtem_lab.sizing import stored_study

DIAMETER, DOSE = 10, 50.0
"""In cells, and in electrons per Å²."""
SMALLER, EXACT, LARGER, NOTHING = (
    "About 2 cells too small",
    "10 cells",
    "About 2 cells too large",
    "Not detectable",
)


def _outcome() -> tuple[str, str]:
    """Ask the stored study what the paper's method finds on average."""
    study = stored_study()
    errors = study.errors(PAPER, study.nearest(DOSE), [DIAMETER])
    found = errors[np.isfinite(errors)]
    if found.size < errors.size / 2:
        return NOTHING, f"It finds a precipitate in {found.size} of {errors.size} exposures."
    mean = float(found.mean())
    right = EXACT if abs(mean) < 1 else SMALLER if mean < 0 else LARGER
    return right, (
        f"In the stored study it finds {DIAMETER + mean:.1f} cells on average over {errors.size} exposures, "
        f"{abs(mean):.1f} cells too {'small' if mean < 0 else 'large'}."
    )


PREDICTION = Prediction(
    question=(
        "A cell is counted if its SIFT difference is above 0.18 plus the mean difference by noise. Which "
        "diameter will this find for a precipitate of 10 cells at 5 000 e⁻/nm²?"
    ),
    options=(EXACT, SMALLER, LARGER, NOTHING),
    outcome=_outcome,
    reason=(
        "At the rim the beam crosses few cells of ZrO₂, so the difference is small. Noise raises the "
        "threshold above it, and the rim is lost in every exposure."
    ),
)

CHECKS = {
    "missing_rim": Check(
        (
            "At some dose 0.18 + noise counts only columns with at least 6 cells of ZrO₂. What diameter "
            "does it find for a sphere of 10 cells?"
        ),
        {
            "8 cells": (
                True,
                (
                    "√(10² − 6²) = 8. For a sphere of 14 cells it finds 12.6: less is missing, but not "
                    "much less."
                ),
            ),
            "4 cells": (
                False,
                (
                    "At the edge of the disc that is counted, the sphere is 6 cells thick. Use "
                    "Pythagoras' theorem."
                ),
            ),
            "10 cells, with a 95 % interval that is wider": (
                False,
                "The rim is lost in every exposure: this is a bias.",
            ),
        },
    ),
    "sphere": Check(
        "Why can the sphere see at 500 e⁻/nm² what no map of single cells shows?",
        {
            "It averages cells that must look alike before it compares, so that the noise averages out": (
                True,
                (
                    "The difference of a single noisy cell is mostly noise squared. Averaging afterwards "
                    "does not remove this."
                ),
            ),
            "It knows what ZrO₂ looks like": (
                False,
                "It does not: only the ideal observer has the images of the precipitate.",
            ),
            "It knows where the precipitate is": (
                False,
                "It considers every place. Move the precipitate and see.",
            ),
        },
    ),
}

QUESTIONS = Questions(
    "precipitates", PREDICTION, CHECKS, settings=[parameter.key for parameter in parameters()]
)
prediction, self_check = QUESTIONS.prediction, QUESTIONS.self_check
