"""Simulate the exit waves that come with the package: `python -m hrtem_lab.data.regenerate`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_lab.data._ensembles import ENSEMBLES, simulate_ensemble
from hrtem_lab.multislice import exit_wave, exit_wave_series
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT, nb3sn, with_precipitate, zro2
from hrtem_lab.waves import ExitWave

PIXELS_PER_CELL = 256
SLICES_PER_CELL = 4
MAX_ANGLE = 50.0
PRISTINE = {"nb3sn": nb3sn, "zro2": zro2}
PRISTINE_CELLS = 60
PRECIPITATES = {f"precipitate-{diameter:02d}": diameter for diameter in range(1, 15)}
PRECIPITATE_CELLS = (16, 16, 40)
NAMES = (*PRISTINE, *PRECIPITATES, *ENSEMBLES)
FOLDER = Path(__file__).parent


def simulate(name: str, *, device: str = "cpu", progress: bool = True) -> dict[str, Any]:
    """Simulate one shipped wave and return the arrays of its file.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    device, progress
        As in `hrtem_lab.multislice.exit_wave`.

    Returns
    -------
    dict
        `coefficients` (thicknesses, rows, columns), the wave's Fourier coefficients with the zero
        frequency in the middle; `thickness_cells`; `header`, JSON. Ensembles hold other arrays, which
        `SOURCES.md` lists.
    """
    if name in ENSEMBLES:
        return simulate_ensemble(name, device=device, progress=progress)
    if name in PRISTINE:
        atoms = PRISTINE[name]()
        waves: Iterable[ExitWave] = _series(atoms, device=device, progress=progress)
        cells = list(range(1, PRISTINE_CELLS + 1))
        cell_thickness = float(atoms.cell.lengths()[2])
    else:
        atoms = with_precipitate(PRECIPITATES[name], cells=PRECIPITATE_CELLS)
        grid = _grid(NB3SN_LATTICE_CONSTANT)
        waves = [exit_wave(atoms, max_angle=MAX_ANGLE, device=device, progress=progress, **grid)]
        cells = [PRECIPITATE_CELLS[2]]
        cell_thickness = NB3SN_LATTICE_CONSTANT
    waves = list(waves)
    header = {
        "name": name,
        "extent": waves[0].extent,
        "energy": waves[0].energy,
        "cell_thickness": cell_thickness,
        "command": f"python -m hrtem_lab.data.regenerate {name}",
        **waves[0].provenance,
    }
    coefficients = [np.fft.fftshift(np.fft.fft2(wave.array, norm="forward")) for wave in waves]
    return {
        "coefficients": np.array(coefficients, np.complex64),
        "thickness_cells": np.array(cells),
        "header": np.array(json.dumps(header)),
    }


def _series(atoms: Any, **options: Any) -> Iterator[ExitWave]:
    grid = _grid(float(atoms.cell.lengths()[0]))
    return exit_wave_series(atoms, repetitions=PRISTINE_CELLS, max_angle=MAX_ANGLE, **grid, **options)


def _grid(lattice_constant: float) -> dict[str, Any]:
    return {
        "sampling": lattice_constant / PIXELS_PER_CELL,
        "slice_thickness": lattice_constant / SLICES_PER_CELL,
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser know the options of `write`."""
    names = f"any of {', '.join(NAMES)}; default: all"
    parser.add_argument("names", nargs="*", type=_known, metavar="NAME", help=names)
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="gpu needs CuPy")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")


def _known(name: str) -> str:
    if name not in NAMES:
        raise argparse.ArgumentTypeError(f"names must be among {', '.join(NAMES)}, got {name}")
    return name


def write(names: Sequence[str] = (), *, device: str = "cpu", folder: Path = FOLDER) -> None:
    """Simulate shipped waves again and write their files.

    Parameters
    ----------
    names : sequence of str
        Some of `NAMES`; none stands for all.
    device : str
        As in `hrtem_lab.multislice.exit_wave`.
    folder : Path
        Where to write.
    """
    for name in names or NAMES:
        print(name, flush=True)
        path = folder / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **simulate(name, device=device))


def main() -> None:
    """Write the waves named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    write(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
