"""Chapter 5: its questions."""

from __future__ import annotations

from typing import Any

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.questions import Check, Prediction, Questions
from hrtem_lab.app.pages.low_dose.page import PARAMETERS
from hrtem_lab.app.pages.low_dose.study import TARGET, Setting
from hrtem_lab.dose import Sweep, area_under_curve

DOSE = 3.0
"""Electrons per Å²."""
EXPOSURES = 6
"""Of each crystal: enough to tell always from sometimes, and measured in half a second."""
NONE, SOME, ALL = "None of them", "Only some of them", "Every one of them"


def _outcome() -> tuple[str, str]:
    """Expose both crystals some times, and ask each metric which is which."""
    state: dict[str, Any] = {parameter.key: parameter.default for parameter in PARAMETERS}
    setting = Setting(
        other=state["other"],
        equal_brightness=state["brightness"] == "equal",
        cells=state["cells"],
        pixels=state["pixels"],
        readout_sigma=state["readout"],
        repeats=EXPOSURES,
        seed=state["seed"],
    )
    images = setting.images
    metrics = readings.shown()
    sweep = Sweep(
        list(metrics), images["same"], images, [DOSE], repeats=EXPOSURES, detector=setting.detector,
        rng=setting.seed,
    )  # fmt: skip
    for _ in sweep.run(workers=1):
        pass
    areas = {
        metric.label: float(area_under_curve(*sweep.differences[place])[0])
        for place, metric in enumerate(metrics.values())
    }
    able = sum(area >= TARGET for area in areas.values())
    right = {0: NONE, len(areas): ALL}.get(able, SOME)
    numbers = ", ".join(f"{label} {area:.2f}" for label, area in areas.items())
    return right, (
        f"With {EXPOSURES} exposures of each crystal, the exposure of ZrO₂ has the greater difference in "
        f"this share of all pairs: {numbers}."
    )


PREDICTION = Prediction(
    question=(
        "You have 300 e⁻/nm², and images of 4 × 4 cells. One is Nb₃Sn, one is ZrO₂. Which of the five "
        f"metrics will tell you which is which, in at least {100 * TARGET:.0f} of 100 pairs?"
    ),
    options=(NONE, SOME, ALL),
    outcome=_outcome,
    reason=(
        "At this dose noise makes every difference large, for both crystals. But each difference is an "
        "average over thousands of pixels, so it hardly scatters, and a small distance between the two is "
        "enough."
    ),
)

CHECKS = {
    "useless": Check(
        "At 30 e⁻/nm² MSE calls the same crystal 0.90 different and the other 0.97. Is it useless there?",
        {
            "Yes, 0.90 is far above its threshold of 0.07": (
                False,
                "The threshold holds for images without noise. Look at the right figure.",
            ),
            "No: what counts is the distance of the two in units of their spread": (
                True,
                "Both scatter by about 0.01, so one exposure suffices to tell which crystal it is.",
            ),
        },
    ),
    "brightness": Check(
        "Brightness ‘as simulated’ instead of ‘made equal’: why do all methods need less dose?",
        {
            "ZrO₂ lets more electrons through the aperture: counting them is enough": (
                True,
                (
                    "0.60 of the beam against 0.40. An experiment with a drifting beam current could not "
                    "use this."
                ),
            ),
            "The structures differ more": (False, "The structures are the same; only the mean differs."),
        },
    ),
}

QUESTIONS = Questions("low-dose", PREDICTION, CHECKS, settings=[parameter.key for parameter in PARAMETERS])
prediction, self_check = QUESTIONS.prediction, QUESTIONS.self_check
