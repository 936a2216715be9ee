"""Chapter 7: its questions."""

from __future__ import annotations

from hrtem_lab.app.kit.questions import Check, Prediction, Questions
from hrtem_lab.app.pages.reality.microscope import recorded
from hrtem_lab.app.pages.reality.settings import EFFECTS, PARAMETERS, USUAL
from hrtem_lab.metrics import mse

ASKED = ("vibration", "tilt", "background", "c12")
LABELS = {effect.label: effect for effect in EFFECTS if effect.key in ASKED}


def _outcome() -> tuple[str, str]:
    """Compare four effects with the paper's simulation, as the gallery does."""
    reference = recorded(USUAL)
    found = {label: mse(reference, recorded(effect.state)) for label, effect in LABELS.items()}
    numbers = ", ".join(f"{label} {value:.2f}" for label, value in found.items())
    return max(found, key=lambda label: found[label]), f"MSE gives: {numbers}. The paper's threshold is 0.07."


PREDICTION = Prediction(
    question=(
        "The paper simulates a crystal at rest, exactly along its axis, behind a perfect camera. Which of "
        "these does MSE call the greatest change of the image?"
    ),
    options=tuple(LABELS),
    outcome=_outcome,
    reason=(
        "Forty cells scatter an electron many times. Whatever changes the way of the electrons in the "
        "crystal changes the whole pattern; whatever is only added to the image changes its pixels little."
    ),
)

CHECKS = {
    "snapshots": Check(
        "Why does the simulation average the intensities of many snapshots, and not their waves?",
        {
            "It is faster": (False, "Averaging waves would even be faster."),
            "Each electron meets one snapshot, and different electrons do not interfere": (
                True,
                "So the electrons of different snapshots add up on the camera one by one, as intensities.",
            ),
            "The waves would cancel to nothing": (
                False,
                "The part that all snapshots have in common would remain: the elastic wave. What is lost "
                "is what the vibrations scatter.",
            ),
        },
    ),
    "stobbs": Check(
        "The contrast of an image is divided by three, as Stobbs' factor does. MSE and cw-SSIM exceed their "
        "thresholds, SIFT stays near 0. Why?",
        {
            "SIFT looks at few places only": (False, "The contrast is lower at every place."),
            "Each descriptor of SIFT is divided by its norm": (
                True,
                "All gradients become weaker by the same factor, which the norm takes away again.",
            ),
            "SIFT compares each image with its own mean": (
                False,
                "It reads gradients: the mean of an image makes no difference to them.",
            ),
        },
    ),
}

QUESTIONS = Questions("reality", PREDICTION, CHECKS, settings=[parameter.key for parameter in PARAMETERS])
prediction, self_check = QUESTIONS.prediction, QUESTIONS.self_check
