"""Chapter 4: its questions."""

from __future__ import annotations

from hrtem_lab.app.kit.questions import Check, Prediction, Questions
from hrtem_lab.app.pages.noise.page import PARAMETERS
from hrtem_lab.app.pages.noise.panels import PANELS, reference
from hrtem_lab.metrics import METRICS

LOOKS = {
    "Shot noise at 15 000 e⁻/nm² (panel b)": "b",
    "Shot noise at 5 000 e⁻/nm² (panel c)": "c",
    "Blur by 0.049 nm without any noise (panel e)": "e",
}
"""Option → letter of its panel."""


def _outcome() -> tuple[str, str]:
    """Compare three panels with the reference at the settings with which the page opens."""
    state = {parameter.key: parameter.default for parameter in PARAMETERS}
    clean = reference(state["pixels"])
    images = {option: PANELS[key].exposure(state).image for option, key in LOOKS.items()}
    found = {
        metric: {option: METRICS[metric].function(clean, image) for option, image in images.items()}
        for metric in ("cw_ssim", "mse")
    }
    numbers, others = (
        ", ".join(f"{LOOKS[option]} {value:.2f}" for option, value in found[metric].items())
        for metric in ("cw_ssim", "mse")
    )
    worst = max(found["cw_ssim"], key=lambda option: found["cw_ssim"][option])
    return worst, f"cw-SSIM gives {numbers}. MSE puts the same panels in another order: {others}."


PREDICTION = Prediction(
    question=(
        "cw-SSIM compares each disturbed image with the undisturbed one. Which of these will it call most "
        "different?"
    ),
    options=tuple(LOOKS),
    outcome=_outcome,
    reason=(
        "The fine wavelets of cw-SSIM measure waves of a few pixels. Shot noise is added to these waves; "
        "the blur removes them. MSE counts pixels, and blur changes each of them little."
    ),
)

CHECKS = {
    "four_times": Check(
        "The dose is made four times as large. How does the relative noise of a pixel change?",
        {
            "It stays the same": (False, "Then a long exposure would be of no use."),
            "It is halved": (True, "N electrons scatter by √N. Relative to N this is 1/√N, and √4 is 2."),
            "It is divided by four": (False, "The count is four times as large, and its scatter doubles."),
        },
    ),
    "small_pixels": Check(
        "Same dose, pixels of half the size. What happens to the noise of one pixel?",
        {
            "Nothing: the dose is the same": (
                False,
                "A pixel of a quarter of the area gets a quarter of it.",
            ),
            "It doubles, relative to the signal": (
                True,
                "A quarter of the electrons: twice the relative noise.",
            ),
            "It is halved": (False, "Smaller pixels count fewer electrons each. Try the slider."),
        },
    ),
}

QUESTIONS = Questions("noise", PREDICTION, CHECKS, settings=[parameter.key for parameter in PARAMETERS])
prediction, self_check = QUESTIONS.prediction, QUESTIONS.self_check
