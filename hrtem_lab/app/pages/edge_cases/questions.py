"""Chapter 2: its questions."""

from __future__ import annotations

from hrtem_lab import edge_cases
from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.parameters import SHAPE
from hrtem_lab.app.kit.questions import Check, Prediction, Questions
from hrtem_lab.app.pages.edge_cases.page import MAP, PARAMETERS

ALL = "All of them will notice"
UNNOTICED = 0.005
"""A difference below this is shown as 0.00."""


def _outcome() -> tuple[str, str]:
    """Compare the reference with its contrast reversal, as the gallery does."""
    cases = edge_cases.edge_cases(shape=SHAPE)
    reference, image = (cases[key].image for key in ("reference", "reversal"))
    metrics = readings.shown().values()
    found = {metric.label: metric.function(reference, image) for metric in metrics}
    blind = [label for label, value in found.items() if value < UNNOTICED]
    numbers = ", ".join(f"{label} {value:.2f}" for label, value in found.items())
    return " and ".join(blind) or ALL, f"The gallery measures {numbers}; 0 means identical."


PREDICTION = Prediction(
    question=(
        "Black and white are exchanged in an image. Which metric will not notice, and call image and "
        "reference identical (difference 0)?"
    ),
    options=(*(metric.label for metric in readings.shown().values()), ALL),
    outcome=_outcome,
    reason=(
        "Exchanging black and white shifts every wave by half a period. A phase shift that is common to "
        "all waves of a window does not count for cw-SSIM. See the contrast reversal in the gallery."
    ),
)

CHECKS = {
    "whole_cell": Check(
        "The crystal is shifted by exactly one unit cell. What do the metrics say?",
        {
            "More than for half a cell": (False, "Move the shift slider to its end."),
            "Nothing: 0": (True, "A whole period brings every column onto the next: the image is the same."),
            "It depends on the metric": (False, "An identical image has difference 0 for every metric."),
        },
    ),
    "grey": Check(
        "Contrast 0 leaves even grey. Why does SIFT say about 0.71 and not 1?",
        {
            "Grey is half like the reference": (False, "SIFT does not read grey levels, only gradients."),
            "Without gradients the descriptor is zero, and a unit vector is 1 away from zero": (
                True,
                "Divided by √2, the distance of two vectors with nothing in common, this is 0.707.",
            ),
        },
    ),
}

QUESTIONS = Questions(
    "edge-cases", PREDICTION, CHECKS, settings=[parameter.key for parameter in (*PARAMETERS, MAP)]
)
prediction, self_check = QUESTIONS.prediction, QUESTIONS.self_check
