"""Chapter 1: its questions."""

from __future__ import annotations

from hrtem_lab.app.kit.parameters import FOUR_CELLS, SHAPE
from hrtem_lab.app.kit.questions import Check, Prediction, Questions
from hrtem_lab.app.pages.four_metrics.page import PARAMETERS
from hrtem_lab.metrics import METRICS
from hrtem_lab.simulation import form_image, load_exit_wave

JUDGES = ("mse", "cw_ssim", "sift")
"""The metrics for which the paper gives a threshold."""
NONE, ALL = "None of the three", "All three"


def _outcome() -> tuple[str, str]:
    """Compare A with the same crystal 2 nm out of focus."""
    wave = load_exit_wave("nb3sn", thickness_cells=20)
    a, b = (form_image(wave, defocus=defocus, shape=SHAPE, field_of_view=FOUR_CELLS) for defocus in (0, 20))
    found = {key: METRICS[key].function(a, b) for key in JUDGES}
    below = [METRICS[key].label for key in JUDGES if found[key] <= (METRICS[key].threshold or 0)]
    right = {0: NONE, len(JUDGES): ALL}.get(len(below), f"{' and '.join(below)} alone")
    numbers = ", ".join(
        f"{METRICS[key].label} {value:.2f} (threshold {METRICS[key].threshold:g})"
        for key, value in found.items()
    )
    return right, f"The page measures {numbers}."


PREDICTION = Prediction(
    question=(
        "Suppose that B is the same crystal as A, 2 nm out of focus. The paper calls two images "
        "practically the same below a threshold: 0.07 for MSE, 0.16 for cw-SSIM, 0.18 for SIFT. Which of "
        "these three metrics will call A and B practically the same?"
    ),
    options=(NONE, "MSE alone", "cw-SSIM alone", "SIFT alone", ALL),
    outcome=_outcome,
    reason=(
        "MSE squares the changes of single pixels, and the square of a small change is very small. "
        "cw-SSIM and SIFT read local structure, which changes before the grey levels do. Each metric is "
        "judged by its own threshold. To see it below, set B to Nb₃Sn and its defocus to 2 nm."
    ),
)

CHECKS = {
    "exchange": Check(
        "You exchange reference and image. Which metric cannot change?",
        {
            "MSE": (True, "Exchanging a and b leaves its equation unchanged."),
            "SIFT": (False, "Only the reference's keypoints count, and the other image has different ones."),
            "χ²": (False, "It uses the band and the counting noise of the reference. Try it above."),
        },
    ),
    "brightness": Check(
        "B is A, three times as bright. What does MSE say?",
        {
            "A large difference": (False, "Both images are divided by their norm first."),
            "No difference": (
                True,
                "Dividing by the norm removes the brightness, and so the dose of an exposure.",
            ),
        },
    ),
}

QUESTIONS = Questions(
    "four-metrics", PREDICTION, CHECKS, settings=[parameter.key for parameter in PARAMETERS]
)
prediction, self_check = QUESTIONS.prediction, QUESTIONS.self_check
