"""The one table of mismatches."""

from __future__ import annotations

from hrtem_lab.sizing.mismatches._mismatch import HOT_ELECTRONS, Mismatch
from hrtem_lab.sizing.specimens import THICKNESS


def _cells(change: int) -> Mismatch:
    word = "thicker" if change > 0 else "thinner"
    cells = "one cell" if abs(change) == 1 else f"{abs(change)} cells"
    return Mismatch(
        key=f"thickness{change:+d}",
        label=f"reference {cells} {word}",
        description=f"the reference is {cells} {word} than the specimen",
        thickness_cells=THICKNESS + change,
    )


def _defocus(angstrom: int) -> Mismatch:
    side = "underfocus" if angstrom > 0 else "overfocus"
    return Mismatch(
        key=f"defocus{angstrom:+d}",
        label=f"{abs(angstrom)} Å {side}",
        description=f"the experiment is at {abs(angstrom)} Å of {side}, the reference in focus",
        optics={"defocus": float(angstrom)},
    )


def _shift(angstrom: float) -> Mismatch:
    return Mismatch(
        key=f"shift-{angstrom:g}",
        label=f"shifted by {angstrom:g} Å",
        description=f"the specimen lies {angstrom:g} Å to the right of the reference",
        optics={"shift": (0.0, angstrom)},
    )


def _factor(key: str, name: str, factor: float) -> Mismatch:
    return Mismatch(
        key=key,
        label=f"{name} {100 * (factor - 1):+.0f} %".replace("-", "−"),
        description=f"all intensities are {factor:g} times those that the reference expects",
        gain=factor,
    )


_ROWS = (
    Mismatch(key="none", label="none", description="the reference is exact"),
    *map(_cells, (-3, -1, 1, 3)),
    *map(_defocus, (-20, -5, 5, 20)),
    *map(_shift, (0.05, 0.3, 0.5)),
    Mismatch(
        key="rotation",
        label="turned by 0.3°",
        description="the specimen is turned by 0.3° about the middle of the image",
        optics={"rotation": 0.3},
    ),
    Mismatch(
        key="tilt",
        label="reference tilted by 1 mrad",
        description="the reference is tilted by 1 mrad, the specimen is not",
        tilt=1.0,
    ),
    _factor("gain-5", "gain", 0.95),
    _factor("gain+5", "gain", 1.05),
    Mismatch(
        key="ramp",
        label="ramp of 10 %",
        description="the brightness rises by 10 % from the left border to the right one",
        ramp=0.1,
    ),
    Mismatch(
        key="blur",
        label="blur of 0.3 Å",
        description="the experiment is blurred with a standard deviation of 0.3 Å",
        optics={"image_spread": 0.3},
    ),
    Mismatch(
        key="background",
        label="background of 10 %",
        description="a uniform background of 10 % of the mean lies under the experiment",
        background=0.1,
    ),
    Mismatch(
        key="phonons",
        label="vibrating atoms",
        description="the atoms of the specimen vibrate as at 293 K, those of the reference are at rest",
        vibrating=True,
    ),
    Mismatch(
        key="readout",
        label="readout noise of 0.5 e⁻",
        description="the electronics add a noise of 0.5 electrons per pixel",
        readout=0.5,
    ),
    Mismatch(
        key="dose-half",
        label="dose stated as half",
        description="half of the true dose is stated",
        stated_dose=0.5,
    ),
    Mismatch(
        key="dose-double",
        label="dose stated as double",
        description="twice the true dose is stated",
        stated_dose=2.0,
    ),
    Mismatch(
        key="dead", label="dead pixels, 1 %", description="one pixel of a hundred counts nothing", dead=0.01
    ),
    Mismatch(
        key="hot",
        label="hot pixels, 0.01 %",
        description=f"one pixel of ten thousand counts {HOT_ELECTRONS:g} electrons too many",
        hot=1e-4,
    ),
    Mismatch(
        key="several",
        label="several at once",
        description="the reference is a cell thicker and tilted by 1 mrad, the experiment is at 5 Å of "
        "underfocus and lies 0.3 Å to the right",
        thickness_cells=THICKNESS + 1,
        tilt=1.0,
        optics={"defocus": 5.0, "shift": (0.0, 0.3)},
    ),
)

MISMATCHES: dict[str, Mismatch] = {row.key: row for row in _ROWS}
"""All mismatches by their key, in the order in which tables show them; "none" is the first."""
