"""Chapter 6: what the reader can set, and what a result depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.controls import Choice, Slider
from hrtem_lab.app.kit.log_slider import LogSlider, thousands
from hrtem_lab.app.kit.retakes import SEED
from hrtem_lab.app.pages.precipitates.curves import EVERY_DOSE, LIMIT, THIS_DOSE
from hrtem_lab.app.pages.precipitates.specimen import EXPOSURES, IMAGE
from hrtem_lab.app.pages.precipitates.stored_sizes import BEST, PAPER
from hrtem_lab.sizing import SIZERS, methods
from hrtem_lab.sizing.specimens import CELL, LARGEST, furthest

ON, OFF = "on", "off"
SIMULATED, OWN = "simulated", "own"
"""The reference: of a simulation, or the cells of the image itself."""


def _as_far_as_it_fits(cells: float, state: Mapping[str, Any]) -> str:
    return f"{furthest(state['diameter'], int(cells)) * CELL / 10:.1f} nm"


def parameters() -> tuple[Any, ...]:
    """Return what the reader can set; the methods are those of the table."""
    return (
        Slider(key="diameter", label="Diameter", unit="cells", minimum=0, maximum=LARGEST, step=1, default=10,
               also=lambda cells, _state: f"{cells * CELL / 10:.1f} nm"),
        LogSlider(key="dose", label="Dose", unit="e⁻/nm²", minimum=10, maximum=100_000, default=5000,
                  also=lambda dose, _state: f"{thousands(dose / 100)} e⁻/Å²"),
        Choice(key="noise", label="Noise", options={"counted electrons": ON, "none": OFF}, default=ON,
               buttons=True),
        Slider(key="right", label="To the right", unit="cells", minimum=-7, maximum=7, step=1, default=0,
               also=_as_far_as_it_fits),
        Slider(key="down", label="Downwards", unit="cells", minimum=-7, maximum=7, step=1, default=0,
               also=_as_far_as_it_fits),
        Choice(key="method", label="Method", options={SIZERS[key].label: key for key in methods()},
               default=PAPER),
        Choice(key="metric", label="Metric of the cells",
               options={"the method’s own": "own", **readings.by_label()},
               default="own"),
        Choice(key="compact", label="Count", options={"every cell": OFF, "one connected group": ON},
               default=OFF, buttons=True),
        Choice(key="pixels", label="Pixels per cell", options={"64": "1024", "32": "512"}, default="1024",
               buttons=True),
        Choice(key="truth", label="The truth", options={"shown": ON, "hidden": OFF}, default=ON,
               buttons=True),
        Slider(key="thicker", label="Thicker by", unit="cells", minimum=-3, maximum=3, step=1, default=0),
        Slider(key="defocus", label="Underfocus", unit="Å", minimum=-20, maximum=20, step=1, default=0),
        Slider(key="shift", label="Shifted by", unit="Å", minimum=0, maximum=0.5, step=0.01, default=0),
        Slider(key="tilt", label="Tilted by", unit="mrad", minimum=0, maximum=4, step=0.5, default=0),
        Choice(key="reference", label="Reference",
               options={"simulated": SIMULATED, "the image’s own cells": OWN}, default=SIMULATED,
               buttons=True),
        Choice(key="background", label="Background",
               options={"from exposures of the reference": EXPOSURES, "from the image’s own cells": IMAGE},
               default=EXPOSURES),
        Choice(key="curves", label="Curves",
               options={"at this dose": THIS_DOSE, "at every dose": EVERY_DOSE, "smallest found": LIMIT},
               default=THIS_DOSE, buttons=True),
        SEED,
    )  # fmt: skip


SPECIMEN = ("diameter", "right", "down", "dose", "noise", "pixels")
METHOD = ("method", "metric", "compact", "background", "reference", "truth")
MISMATCH = ("thicker", "defocus", "shift", "tilt")
"""How the reference differs from the experiment: the fields of a `Mismatch`."""
_TOLD = ("method", "metric", "compact", "background", "reference", *MISMATCH)
MADE_BY = ("diameter", "right", "down", "dose", "noise", "pixels", *_TOLD, "seed")
MEASURED_BY = ("dose", "noise", "pixels", *_TOLD, "seed")
"""What an exposure's result depends on, and what that of an exposure of any diameter at any place does."""
PRESETS: dict[str, dict[str, Any]] = {
    "Fig. 4a, d": {"noise": OFF},
    "Fig. 4b, e": {"dose": 15_000},
    "Fig. 4c, f": {"dose": 5000},
    "Fig. 5": {"dose": 5000, "method": "paper_optimised"},
    "Our best": {"dose": 1000, "method": BEST},
    "Shifted by 0.3 Å": {"diameter": 0, "method": "false_alarm", "shift": 0.3},
    "Focus off by 5 Å": {"diameter": 0, "dose": 1000, "method": BEST, "defocus": 5},
}
