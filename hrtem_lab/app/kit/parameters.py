"""Parameters that several chapters share: specimen, thickness and defocus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hrtem_lab.app.kit.controls import Choice, Slider
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT, ZRO2_LATTICE_CONSTANT

CELL = NB3SN_LATTICE_CONSTANT
"""Å; edge of a unit cell of the reference crystal."""
FOUR_CELLS = (4 * CELL, 4 * CELL)
"""Å; height and width of images that show 4 × 4 cells of the reference crystal."""
SHAPE = 128
"""Pixels along each side, as in the paper."""
LATTICE_CONSTANTS = {"nb3sn": NB3SN_LATTICE_CONSTANT, "zro2": ZRO2_LATTICE_CONSTANT}
NAMES = {"nb3sn": "Nb₃Sn", "zro2": "ZrO₂"}


def specimen(label: str, *, default: str) -> Choice:
    """Return the choice of the crystal."""
    options = {NAMES[key]: key for key in (default, *(key for key in NAMES if key != default))}
    return Choice(key="specimen", label=label, options=options, default=default, buttons=True)


def thickness(label: str, *, default: int) -> Slider:
    """Return the slider of the thickness in unit cells; its value in nm depends on the crystal."""

    def in_nm(cells: float, state: Mapping[str, Any]) -> str:
        return f"{cells * LATTICE_CONSTANTS[state['specimen']] / 10:.2f} nm"

    return Slider(
        key="thickness", label=label, unit="cells", minimum=1, maximum=60, step=1, default=default, also=in_nm
    )


def defocus(label: str) -> Slider:
    """Return the slider of the defocus in nm; positive is underfocus."""

    def in_angstrom(nm: float, _state: Mapping[str, Any]) -> str:
        return f"{nm * 10:.0f} Å"

    return Slider(
        key="defocus", label=label, unit="nm", minimum=-20, maximum=20, step=0.1, default=0, also=in_angstrom
    )
