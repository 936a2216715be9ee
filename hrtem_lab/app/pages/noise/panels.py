"""The panels of Fig. 3: which disturbances each has, and its image for the reader's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit.log_slider import thousands
from hrtem_lab.app.kit.parameters import FOUR_CELLS
from hrtem_lab.noise import Detector, counts_per_pixel
from hrtem_lab.simulation import form_image, load_exit_wave


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """All settings on which one image depends; equal exposures give equal images.

    Attributes
    ----------
    pixels : int
        Number of pixels along each side of the field of view.
    blur_sigma : float
        Standard deviation of the blur in Å.
    dose_per_area : float or None
        Electrons per Å²; with None no electrons are counted.
    readout_sigma : float
        Standard deviation of the readout noise in electrons.
    seed : (int, int)
        The number of the noise, and the number of the panel's electrons (`Panel.electrons`).
    """

    pixels: int
    blur_sigma: float = 0.0
    dose_per_area: float | None = None
    readout_sigma: float = 0.0
    seed: tuple[int, int] = (0, 0)

    @property
    def sampling(self) -> float:
        """Pixel size in Å."""
        return sampling(self.pixels)

    @property
    def image(self) -> NDArray[np.floating]:
        """The image, relative to the incident beam."""
        detector = Detector(
            sampling=self.sampling, blur_sigma=self.blur_sigma, readout_sigma=self.readout_sigma
        )
        generator = np.random.default_rng(self.seed)
        return detector.expose(reference(self.pixels), dose_per_area=self.dose_per_area, rng=generator)

    @property
    def words(self) -> str:
        """What was done to the image, with numbers."""
        words = []
        if self.blur_sigma:
            words.append(f"blur {self.blur_sigma / 10:.3f} nm")
        if self.dose_per_area is not None:
            counts = counts_per_pixel(self.dose_per_area, sampling=self.sampling)
            dose = thousands(100 * self.dose_per_area)
            words.append(f"{dose} e⁻/nm², {thousands(counts)} e⁻ per pixel of vacuum")
        if self.readout_sigma:
            words.append(f"readout {self.readout_sigma:g} e⁻")
        return "; ".join(words) or "undisturbed"


def sampling(pixels: int) -> float:
    """Return the pixel size in Å."""
    return FOUR_CELLS[1] / pixels


@lru_cache(maxsize=2)
def reference(pixels: int) -> NDArray[np.floating]:
    """Return the undisturbed image of Fig. 3a: Nb₃Sn, 40 cells thick, in focus."""
    return form_image(load_exit_wave("nb3sn"), shape=pixels, field_of_view=FOUR_CELLS)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One of the six images, and the disturbances that act on it.

    Attributes
    ----------
    key, short, label : str
        The paper's letter, a word for a button, and the words of a caption.
    blur, readout : bool
        Whether the settings' blur and readout noise act.
    dose : int
        The dose of the panel as a multiple of the dose in the settings; with 0 no electrons are counted.
    electrons : int
        Panels with the same number record the same electrons.
    """

    key: str
    short: str
    label: str
    blur: bool = False
    readout: bool = False
    dose: int = 0
    electrons: int = 0

    def exposure(self, state: Mapping[str, Any]) -> Exposure:
        """Return what the reader's settings mean for this panel."""
        return Exposure(
            pixels=state["pixels"],
            blur_sigma=state["blur"] * 10 if self.blur else 0.0,
            dose_per_area=self.dose * state["dose"] / 100 if self.dose else None,
            readout_sigma=state["readout"] if self.readout else 0.0,
            seed=(state["seed"], self.electrons) if self.dose else (0, 0),
        )


_PANELS = (
    Panel(key="a", short="reference", label="Reference"),
    Panel(key="b", short="3 × dose", label="Shot noise, three times the dose", dose=3, electrons=1),
    Panel(key="c", short="dose", label="Shot noise", dose=1, electrons=2),
    # The same electrons as in c: only the readout noise is added in d.
    Panel(key="d", short="+ readout", label="Shot and readout noise", dose=1, electrons=2, readout=True),
    Panel(key="e", short="blur", label="Blur alone", blur=True),
    Panel(key="f", short="all", label="Blur, shot and readout noise", dose=1, electrons=3, readout=True,
          blur=True),
)  # fmt: skip
PANELS = {panel.key: panel for panel in _PANELS}
"""The panels by their letter in Fig. 3."""


def contributions(differences: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return what blur alone, counting alone, and readout noise in addition to counting add to every metric.

    Parameters
    ----------
    differences : mapping of str to mapping of str to float
        Letter of the panel → key of the metric → difference; panels c, d and e are used.
    """
    shot, both, blur = (differences[key] for key in "cde")
    return {
        "blur": dict(blur),
        "shot noise": dict(shot),
        "readout noise": {key: both[key] - shot[key] for key in shot},
    }
