"""The chapter's controls, and the effects that a simulation leaves out, each with a usual size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hrtem_lab.app.kit.controls import Choice, Slider
from hrtem_lab.app.kit.log_slider import LogSlider, thousands
from hrtem_lab.app.kit.parameters import CELL
from hrtem_lab.app.kit.retakes import SEED
from hrtem_lab.app.pages.reality.microscope import AT_REST, NO_CAMERA

PARAMETERS = (
    Choice(
        key="vibration",
        label="Atoms",
        options={"at rest": AT_REST, "100 K": "100", "293 K": "293"},
        default=AT_REST,
        buttons=True,
    ),
    Slider(key="tilt", label="Specimen tilt", unit="mrad", minimum=0, maximum=4, step=0.5, default=0),
    Slider(key="thickness", label="Thickness", unit="cells", minimum=39, maximum=41, step=1, default=40,
           also=lambda cells, _state: f"{cells * CELL / 10:.2f} nm"),
    Slider(key="layer", label="Carbon layer", unit="nm", minimum=0, maximum=5, step=1, default=0),
    Slider(key="defocus", label="Defocus", unit="nm", minimum=-5, maximum=5, step=0.1, default=0,
           also=lambda nm, _state: f"{nm * 10:.0f} Å"),
    Slider(key="c12", label="Twofold C12", unit="nm", minimum=0, maximum=10, step=0.1, default=0),
    Slider(key="c21", label="Coma C21", unit="nm", minimum=0, maximum=200, step=2, default=0),
    Slider(key="c23", label="Threefold C23", unit="nm", minimum=0, maximum=200, step=2, default=0),
    Slider(key="azimuth", label="Azimuth", unit="°", minimum=-90, maximum=90, step=5, default=0),
    Slider(key="cs", label="Spherical Cs", unit="µm", minimum=-20, maximum=20, step=0.5, default=0),
    Slider(key="focal_spread", label="Focal spread", unit="nm", minimum=0, maximum=10, step=0.1, default=0),
    Slider(key="image_spread", label="Vibration σ", unit="nm", minimum=0, maximum=0.15, step=0.005,
           default=0),
    Slider(key="drift", label="Drift", unit="nm", minimum=0, maximum=0.3, step=0.01, default=0),
    Slider(key="background", label="Background", unit="%", minimum=0, maximum=100, step=1, default=0),
    Slider(key="stobbs", label="Contrast divided by", minimum=1, maximum=4, step=0.1, default=1),
    Choice(
        key="camera",
        label="Camera",
        options={
            "none: the expected image": NO_CAMERA,
            "counting camera": "counting",
            "scintillator CCD": "ccd",
            "STEM detector": "stem",
        },
        default=NO_CAMERA,
    ),
    LogSlider(key="dose", label="Dose", unit="e⁻/nm²", minimum=100, maximum=10**6, default=15000,
              also=lambda dose, _state: f"{thousands(dose / 100)} e⁻/Å²"),
    SEED,
    Choice(
        key="reference",
        label="Compare with",
        options={"the simulation": AT_REST, "vibrating atoms, 293 K": "293"},
        default=AT_REST,
        buttons=True,
    ),
)  # fmt: skip
GROUPS = {
    "Specimen": ("vibration", "tilt", "thickness", "layer"),
    "Lens": ("defocus", "c12", "c21", "c23", "azimuth", "cs"),
    "Exposure": ("focal_spread", "image_spread", "drift", "background", "stobbs"),
    "Camera": ("camera", "dose"),
}
USUAL: Mapping[str, Any] = {parameter.key: parameter.default for parameter in PARAMETERS}
"""The paper's simulation: atoms at rest, no tilt, a perfect lens and no camera."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One thing that the paper's simulation leaves out.

    Attributes
    ----------
    key : str
        Its name in the page.
    label : str
        What it is, with its size.
    setting : mapping
        The controls that differ from the paper's simulation.
    slider : str or None
        The control that makes it larger or smaller; None where there is no such thing.
    """

    key: str
    label: str
    setting: Mapping[str, Any]
    slider: str | None = None

    @property
    def state(self) -> dict[str, Any]:
        """The whole state of the page."""
        return {**USUAL, **self.setting}


EFFECTS = (
    Effect(key="vibration", label="Atoms vibrate at 293 K", setting={"vibration": "293"}),
    Effect(key="cooled", label="Cooled to 100 K", setting={"vibration": "100"}),
    Effect(key="tilt", label="Tilt by 2 mrad", setting={"tilt": 2.0}, slider="tilt"),
    Effect(key="thickness", label="One cell thicker", setting={"thickness": 41}),
    Effect(key="layer", label="2 nm of amorphous carbon", setting={"layer": 2}, slider="layer"),
    Effect(key="c12", label="Astigmatism of 2 nm", setting={"c12": 2.0}, slider="c12"),
    Effect(key="c21", label="Coma of 50 nm", setting={"c21": 50}, slider="c21"),
    Effect(key="c23", label="Threefold astigmatism of 50 nm", setting={"c23": 50}, slider="c23"),
    Effect(key="cs", label="Cs of 2 µm", setting={"cs": 2.0}, slider="cs"),
    Effect(key="focal_spread", label="Focal spread of 4 nm", setting={"focal_spread": 4.0},
           slider="focal_spread"),
    Effect(key="image_spread", label="Vibration of 0.05 nm", setting={"image_spread": 0.05},
           slider="image_spread"),
    Effect(key="drift", label="Drift of 0.1 nm", setting={"drift": 0.1}, slider="drift"),
    Effect(key="background", label="Background of 27 %", setting={"background": 27}, slider="background"),
    Effect(key="stobbs", label="Contrast divided by 3", setting={"stobbs": 3.0}, slider="stobbs"),
    Effect(key="camera", label="Counting camera, 15 000 e⁻/nm²", setting={"camera": "counting"}),
)  # fmt: skip
"""Their sizes are ours: of the order that is met on a corrected microscope, not of a certain one."""
TOGETHER = "A good day, all at once"
EVERYTHING: Mapping[str, Any] = {
    "vibration": "293",
    "tilt": 1.0,
    "c12": 1.0,
    "c21": 20,
    "focal_spread": 4.0,
    "image_spread": 0.03,
    "background": 20,
    "camera": "counting",
}
"""A good day: no effect is larger than in the gallery, tilt and aberrations half of that or less."""
