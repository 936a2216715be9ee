"""Chapter 3: its questions."""

from __future__ import annotations

from hrtem_lab import edge_cases, extremes
from hrtem_lab.app.kit.questions import Check, Prediction, Questions
from hrtem_lab.app.pages.worst_cases import fooling, page
from hrtem_lab.metrics import METRICS

LOOKS = {
    "Black": "black",
    "Pure noise": "noise",
    "Something like the contrast reversal": "reversal",
    "The reference, shifted by half a cell": "shift",
}
"""Option → the edge case that it names."""


def _outcome() -> tuple[str, str]:
    """Compare the worst image found with each of the images that the options name."""
    worst = extremes.load_stored("max-ssim")
    cases = edge_cases.edge_cases(shape=worst.image.shape[0])
    ssim = METRICS["ssim"].prepare(worst.image)
    found = {option: ssim(cases[key].image) for option, key in LOOKS.items()}
    numbers = ", ".join(
        f"{cases[LOOKS[option]].label.lower()} {value:.2f}" for option, value in found.items()
    )
    words = (
        f"SSIM itself compares the worst image found with the four: {numbers}. The least different is the "
        f"one that it looks like. From the reference it differs by {worst.values['ssim']:.3f}."
    )
    return min(found, key=lambda option: found[option]), words


PREDICTION = Prediction(
    question=(
        "A search looks for the image that SSIM calls most different from the reference. What will it "
        "look like?"
    ),
    options=tuple(LOOKS),
    outcome=_outcome,
    reason=(
        "Black and noise have nothing in common with the reference; SSIM calls this about 0.5. More than "
        "that needs the opposite: dark where the reference is bright, so that the covariance is negative."
    ),
)

CHECKS = {
    "same_mse": Check(
        "An image has an MSE of 0.07, at the paper's threshold. What do you know of its SSIM difference?",
        {
            "It is small, too": (False, "Look at the pair above: at the same MSE it can be small or large."),
            "Almost nothing": (True, "The pair above spans the range that a search could find."),
            "It is exactly 0.07": (False, "The two measure different things, on different scales."),
        },
    ),
    "black": Check(
        "Is black the image that SIFT calls most different?",
        {
            "Yes: nothing is left": (False, "For MSE it is. For SIFT, black only lacks gradients: 0.71."),
            "No: opposing gradients differ more": (True, "Opposing gradients reach 0.96, black only 0.71."),
        },
    ),
}

QUESTIONS = Questions(
    "worst-cases",
    PREDICTION,
    CHECKS,
    settings=[parameter.key for parameter in (*page.PARAMETERS, *fooling.PARAMETERS)],
)
prediction, self_check = QUESTIONS.prediction, QUESTIONS.self_check
