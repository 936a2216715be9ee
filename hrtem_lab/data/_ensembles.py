"""How the ensembles and the specimens off the grid are simulated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.data._study_shapes import across, study_shapes
from hrtem_lab.multislice import exit_wave, exit_waves_behind
from hrtem_lab.structures import (
    NB3SN_LATTICE_CONSTANT,
    Ellipsoid,
    Facetted,
    Shape,
    Sphere,
    amorphous_layer,
    depth_map,
    nb3sn,
    with_inclusions,
    zro2,
)
from hrtem_lab.waves import ExitWaves, wavelength

ENERGY = 80e3
SLICES_PER_CELL = 4
PIXELS_PER_CELL = 256
SPECIMEN_PIXELS_PER_CELL = 128
"""A snapshot of 16 × 16 cells at 256 pixels per cell would take four times as long."""
MAX_ANGLE = 32.0
"""mrad; a little more than the objective aperture of the course."""
STUDY_PIXELS_PER_CELL = 96
STUDY_MAX_ANGLE = 30.5
"""mrad; just the objective aperture of the course, for specimens that one study exposes."""
SLAB_MAX_ANGLE = 64.0
"""mrad; a layer scatters from one end of the aperture to the other."""
B_FACTORS = {293: {"Nb": 0.63, "Sn": 0.63, "Zr": 0.26, "O": 0.26}, 100: {"Nb": 0.24, "Sn": 0.24}}
"""Kelvin → Å² of each element: `hrtem_lab.structures.b_factors`, rounded."""
CRYSTALS = {"nb3sn": nb3sn, "zro2": zro2}
TILTS = [0.5 * step for step in range(9)]
DEPTH_PIXELS_PER_CELL = 8
DEPTH_PER_ANGSTROM = 100
"""Depths are stored as whole hundredths of an Å."""


@dataclass(frozen=True, kw_only=True)
class Crystal:
    """Snapshots of 4 × 4 cells of a crystal; at `temperature` None one cell at rest."""

    crystal: str
    temperature: int | None
    kinds: Sequence[tuple[int, float]]
    """Thickness in cells and tilt in mrad of each ensemble."""
    configurations: int = 16
    seed: int = 0

    def simulate(self, **options: Any) -> tuple[list[ExitWaves], dict[str, Any]]:
        """Return the ensembles, and what the header says of them."""
        cell = CRYSTALS[self.crystal]()
        edge = float(cell.cell.lengths()[0])
        across = 1 if self.temperature is None else 4
        B: Any = 0 if self.temperature is None else B_FACTORS[self.temperature]
        most = max(cells for cells, _ in self.kinds)
        found = exit_waves_behind(
            cell,
            B=B,
            thicknesses=sorted({cells * edge for cells, _ in self.kinds}),
            tilts=[(tilt, 0.0) for tilt in sorted({tilt for _, tilt in self.kinds})],
            configurations=1 if self.temperature is None else self.configurations,
            rng=self.seed,
            repetitions=(across, across, most),
            energy=ENERGY,
            sampling=edge / PIXELS_PER_CELL,
            slice_thickness=edge / SLICES_PER_CELL,
            max_angle=MAX_ANGLE,
            **options,
        )
        waves = [found[cells * edge, (tilt, 0.0)] for cells, tilt in self.kinds]
        kinds = [{"thickness_cells": cells, "tilt": tilt} for cells, tilt in self.kinds]
        return waves, {"cell_thickness": edge, "ensembles": kinds, "B": B}


@dataclass(frozen=True, kw_only=True)
class Inclusions:
    """Snapshots of a specimen with precipitates of any shape."""

    description: str
    shapes: Sequence[Shape]
    seed: int
    configurations: int = 6
    cells: tuple[int, int, int] = (16, 16, 40)

    def simulate(self, **options: Any) -> tuple[list[ExitWaves], dict[str, Any]]:
        """Return the ensemble, and what the header says of it."""
        edge = NB3SN_LATTICE_CONSTANT
        found = exit_waves_behind(
            with_inclusions(self.shapes, cells=self.cells),
            B=B_FACTORS[293],
            configurations=self.configurations,
            rng=self.seed,
            energy=ENERGY,
            sampling=edge / SPECIMEN_PIXELS_PER_CELL,
            slice_thickness=edge / SLICES_PER_CELL,
            max_angle=MAX_ANGLE,
            **options,
        )
        return list(found.values()), {
            "cell_thickness": edge,
            "ensembles": [{"thickness_cells": self.cells[2], "tilt": 0.0}],
            "B": B_FACTORS[293],
            "specimen_cells": self.cells,
            "description": self.description,
            "depth_per_angstrom": DEPTH_PER_ANGSTROM,
        }

    def depth(self) -> NDArray[np.uint16]:
        """Return the precipitates' depth in whole parts of an Å."""
        return _depth(self.shapes, self.cells)


@dataclass(frozen=True, kw_only=True)
class AtRest:
    """Many specimens with precipitates of any shape, one wave of each, the atoms at rest."""

    seed: int
    cells: tuple[int, int, int] = (16, 16, 40)

    @property
    def shapes(self) -> Mapping[str, Sequence[Shape]]:
        """The precipitates of each specimen."""
        return study_shapes(self.seed, cells=self.cells)

    def simulate(self, **options: Any) -> tuple[list[ExitWaves], dict[str, Any]]:
        """Return the waves, each as an ensemble of one, and what the header says of them."""
        waves = [self.wave(name, **options) for name in self.shapes]
        kinds = [
            {
                "thickness_cells": self.cells[2],
                "tilt": 0.0,
                "name": name,
                "description": " and ".join(map(_in_words, shapes)),
                "diameters": [round(across(shape), 4) for shape in shapes],
                "centers": [[shape.center[1], shape.center[0]] for shape in shapes],
            }
            for name, shapes in self.shapes.items()
        ]
        return waves, {
            "cell_thickness": NB3SN_LATTICE_CONSTANT,
            "ensembles": kinds,
            "B": 0,
            "seed": self.seed,
            "specimen_cells": self.cells,
            "depth_per_angstrom": DEPTH_PER_ANGSTROM,
        }

    def wave(self, name: str, **options: Any) -> ExitWaves:
        """Return the wave behind one of the specimens."""
        edge = NB3SN_LATTICE_CONSTANT
        found = exit_waves_behind(
            with_inclusions(self.shapes[name], cells=self.cells),
            B=0,
            configurations=1,
            energy=ENERGY,
            sampling=edge / STUDY_PIXELS_PER_CELL,
            slice_thickness=edge / SLICES_PER_CELL,
            max_angle=STUDY_MAX_ANGLE,
            **options,
        )
        (waves,) = found.values()
        return waves

    def depth(self) -> NDArray[np.uint16]:
        """Return the precipitates' depth in whole parts of an Å, shape (specimens, rows, columns)."""
        return np.array([_depth(shapes, self.cells) for shapes in self.shapes.values()])


def _depth(shapes: Sequence[Shape], cells: tuple[int, int, int]) -> NDArray[np.uint16]:
    depth = depth_map(shapes, cells=cells, pixels_per_cell=DEPTH_PIXELS_PER_CELL)
    return np.rint(depth * DEPTH_PER_ANGSTROM).astype(np.uint16)


def _in_words(shape: Shape) -> str:
    """Return what a shape is, in cells."""
    if isinstance(shape, Sphere):
        body = f"a sphere of {shape.diameter:g} cells"
    elif isinstance(shape, Ellipsoid):
        body = "an ellipsoid of {:g} × {:g} × {:g} cells".format(*shape.diameters)
    else:
        body = f"a body of {2 * shape.half_widths[0]:g} cells with facets"
    return body + " at ({:g}, {:g}, {:g})".format(*shape.center)


@dataclass(frozen=True, kw_only=True)
class Carbon:
    """Transmission functions of slabs of amorphous carbon."""

    slabs: int = 5
    thickness: float = 10.0
    seed: int = 0

    def simulate(self, **options: Any) -> tuple[list[ExitWaves], dict[str, Any]]:
        """Return the slabs as an ensemble, and what the header says of them."""
        width = 4 * NB3SN_LATTICE_CONSTANT
        members = []
        for generator in np.random.default_rng(self.seed).spawn(self.slabs):
            wave = exit_wave(
                amorphous_layer((width, width), self.thickness, rng=generator),
                energy=ENERGY,
                sampling=NB3SN_LATTICE_CONSTANT / PIXELS_PER_CELL,
                slice_thickness=self.thickness,
                max_angle=SLAB_MAX_ANGLE,
                **options,
            )
            members.append(wave)
        arrays = np.array([before_propagation(wave.array, wave.extent, self.thickness) for wave in members])
        provenance = {**members[0].provenance, "seed": self.seed}
        slabs = ExitWaves(arrays, members[0].sampling, ENERGY, self.thickness, provenance)
        kinds = [{"thickness_cells": 1, "tilt": 0.0}]
        return [slabs], {"cell_thickness": self.thickness, "ensembles": kinds}


def before_propagation(
    array: NDArray[np.complexfloating], extent: tuple[float, float], distance: float
) -> NDArray[np.complexfloating]:
    """Return the wave as it was before it ran on through vacuum by a distance in Å."""
    g_rows, g_columns = (
        np.fft.fftfreq(count, length / count) for count, length in zip(array.shape, extent, strict=True)
    )
    phase = np.pi * wavelength(ENERGY) * distance * (g_rows[:, None] ** 2 + g_columns**2)
    return np.asarray(np.fft.ifft2(np.fft.fft2(array) * np.exp(1j * phase)))


_UPRIGHT = [(20, 0.0), (39, 0.0), (40, 0.0), (41, 0.0)]
_TILTED = [(40, tilt) for tilt in TILTS[1:]]
ENSEMBLES: Mapping[str, Crystal | Inclusions | AtRest | Carbon] = {
    "ensembles/nb3sn-rest": Crystal(
        crystal="nb3sn",
        temperature=None,
        kinds=[(cells, tilt) for cells in (39, 40, 41) for tilt in TILTS],
    ),
    "ensembles/nb3sn-293K": Crystal(
        crystal="nb3sn", temperature=293, kinds=[*_UPRIGHT, *_TILTED], configurations=42
    ),
    "ensembles/nb3sn-100K": Crystal(crystal="nb3sn", temperature=100, kinds=[(40, 0.0)]),
    "ensembles/zro2-rest": Crystal(
        crystal="zro2", temperature=None, kinds=[(cells, 0.0) for cells in (20, 40)]
    ),
    "ensembles/zro2-293K": Crystal(
        crystal="zro2", temperature=293, kinds=[(cells, 0.0) for cells in (20, 40)]
    ),
    "ensembles/carbon": Carbon(),
    "ensembles/study-specimens": AtRest(seed=2014),
    "specimens/small-sphere": Inclusions(
        description="a sphere of 2.8 nm (5.3 cells) at mid-height, between the cells",
        shapes=[Sphere((7.37, 8.61, 20.4), 5.3)],
        seed=1,
    ),
    "specimens/high-sphere": Inclusions(
        description="a sphere of 4.6 nm (8.7 cells) a quarter below the entrance surface",
        shapes=[Sphere((8.2, 7.45, 9.3), 8.7)],
        seed=2,
    ),
    "specimens/ellipsoid": Inclusions(
        description="an ellipsoid of 5.0 × 3.0 × 3.8 nm (9.4 × 5.6 × 7.2 cells)",
        shapes=[Ellipsoid((8.63, 7.9, 22.1), (9.4, 5.6, 7.2))],
        seed=3,
    ),
    "specimens/facetted": Inclusions(
        description="a crystal of 4.0 nm (7.6 cells) with facets {100} and {111}",
        shapes=[Facetted((7.8, 8.35, 18.7), 7.6)],
        seed=4,
    ),
    "specimens/pair": Inclusions(
        description="two spheres of 2.3 and 3.2 nm (4.4 and 6.1 cells) at different heights",
        shapes=[Sphere((4.7, 5.2, 14.6), 4.4), Sphere((11.3, 10.4, 27.2), 6.1)],
        seed=5,
    ),
}


def simulate_ensemble(name: str, *, device: str = "cpu", progress: bool = True) -> dict[str, Any]:
    """Simulate one shipped ensemble and return the arrays of its file.

    Parameters
    ----------
    name : str
        A key of `ENSEMBLES`.
    device, progress
        As in `hrtem_lab.multislice.exit_waves`.

    Returns
    -------
    dict
        `coefficients` (ensembles, waves, beams): Fourier coefficients of the exit waves; `orders` (beams, 2):
        their orders along rows and columns; `header`, JSON; for a specimen `depth` (rows, columns), for
        several (specimens, rows, columns).
    """
    plan = ENSEMBLES[name]
    ensembles, told = plan.simulate(device=device, progress=progress)
    first = ensembles[0]
    rows, columns = (np.fft.fftfreq(count, 1 / count).astype(int) for count in first.array.shape[1:])
    g = np.hypot(rows[:, None] / first.extent[0], columns / first.extent[1])
    limit = first.provenance["max_angle"] / 1e3 / first.wavelength
    inside = np.argwhere(g <= limit)
    spectra = [np.fft.fft2(waves.array, norm="forward") for waves in ensembles]
    header = {
        **first.provenance,
        "name": name,
        "command": f"python -m hrtem_lab.data.regenerate {name}",
        "extent": first.extent,
        "energy": first.energy,
        "cells": first.cells,
        **told,
    }
    header.pop("tilts", None)
    arrays = {
        "coefficients": np.array([one[:, inside[:, 0], inside[:, 1]] for one in spectra], np.complex64),
        "orders": np.column_stack([rows[inside[:, 0]], columns[inside[:, 1]]]).astype(np.int16),
        "header": np.array(json.dumps(header)),
    }
    return {**arrays, "depth": plan.depth()} if isinstance(plan, (Inclusions, AtRest)) else arrays
