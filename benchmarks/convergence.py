"""Measure how fine a multislice simulation must be: ``python -m benchmarks.convergence`` (a minute or two).

It prints the table of docs/simulation.md. The error is the relative L2 distance ‖I − I₀‖ / ‖I₀‖ between the
image (80 kV, 30 mrad, in focus) and that of the finest grid: at 40 cells, and the largest over 1 to 60 cells.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from ase import Atoms

from hrtem_lab.multislice import exit_wave_series
from hrtem_lab.simulation import ExitWave, form_image
from hrtem_lab.structures import nb3sn, zro2

CRYSTALS = {"Nb₃Sn": nb3sn(), "ZrO₂": zro2()}
CELLS = 60
SHOWN = 40
# Pixels and slices per cell.
FINEST = (512, 16)
SHIPPED = (256, 4)
GRIDS = [(pixels, 4) for pixels in (32, 48, 64, 96, 128, 192, 256)] + [
    (512, slices) for slices in (1, 2, 4, 8)
]
EXTENDED = (256, 32)


class Error(NamedTuple):
    """Relative L2 error at 40 cells, the largest over all thicknesses, and the cells at which this occurs."""

    shown: float
    largest: float
    at: int


def simulated(cell: Atoms, pixels: int, slices: int) -> list[ExitWave]:
    """Return the waves behind 1 to 60 cells."""
    length = float(cell.cell.lengths()[0])
    grid = {"sampling": length / pixels, "slice_thickness": length / slices}
    return list(exit_wave_series(cell, repetitions=CELLS, progress=False, **grid))


def simulated_with_extended_atoms(cell: Atoms, pixels: int, slices: int) -> list[ExitWave]:
    """Return the waves if a slice has only the part of an atom's potential that lies in it."""
    import abtem
    from abtem.antialias import AntialiasAperture
    from abtem.multislice import FresnelPropagator, conventional_multislice_step

    length = float(cell.cell.lengths()[0])
    potential = abtem.Potential(cell, gpts=pixels, slice_thickness=length / slices, projection="finite")
    parts = list(potential.build(lazy=False))
    aperture, propagator = AntialiasAperture(), FresnelPropagator()
    waves = abtem.PlaneWave(energy=80e3, extent=length, gpts=pixels).build(lazy=False)
    behind = []
    for repetition in range(1, CELLS + 1):
        for part in parts:
            waves = conventional_multislice_step(waves, part, propagator, aperture)
        behind.append(
            ExitWave(waves.array.T, sampling=length / pixels, energy=80e3, thickness=repetition * length)
        )
    return behind


def error(found: list[ExitWave], reference: list[ExitWave], semiangle_cutoff: float = 30) -> Error:
    """Compare the images of two series."""
    distances = []
    for pair in zip(found, reference, strict=True):
        image, expected = (form_image(wave, semiangle_cutoff=semiangle_cutoff) for wave in pair)
        distances.append(float(np.linalg.norm(image - expected) / np.linalg.norm(expected)))
    return Error(distances[SHOWN - 1], max(distances), 1 + int(np.argmax(distances)))


def rows(cell: Atoms) -> Iterator[tuple[str, Error]]:
    """Yield each change of the grid and its error."""
    finest, shipped = simulated(cell, *FINEST), simulated(cell, *SHIPPED)
    for pixels, slices in GRIDS:
        yield f"{pixels} × {slices}", error(simulated(cell, pixels, slices), finest)
    yield "{} × {}, aperture 50 mrad".format(*SHIPPED), error(shipped, finest, semiangle_cutoff=50)
    extended = simulated_with_extended_atoms(cell, *EXTENDED)
    yield "{} × {}, extended atoms".format(*EXTENDED), error(extended, shipped)


def percent(fraction: float) -> str:
    """Return a fraction in percent with two significant digits."""
    decimals = max(0, 1 - math.floor(math.log10(100 * fraction)))
    return f"{100 * fraction:.{decimals}f} %"


def main() -> None:
    """Print the table in Markdown."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    columns = [dict(rows(cell)) for cell in CRYSTALS.values()]
    head = " | ".join(f"{name}, 40 cells | largest (at cells)" for name in CRYSTALS)
    print(f"| pixels × slices per cell | {head} |")
    print("| --- |" + " --- | --- |" * len(columns))
    for grid in columns[0]:
        found = [column[grid] for column in columns]
        cells = [f"{percent(row.shown)} | {percent(row.largest)} ({row.at})" for row in found]
        print(f"| {grid} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
