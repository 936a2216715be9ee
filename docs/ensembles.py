"""Tables of the shipped ensembles: what they are, and how near to the limit of many snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docs.markdown import table
from hrtem_lab.data.regenerate import ENSEMBLES, FOLDER
from hrtem_lab.simulation import ExitWaves, form_image
from hrtem_lab.waves import list_off_grid_specimens, load_exit_waves, load_off_grid_specimen

CRYSTALS: dict[str, tuple[str, dict[str, Any]]] = {
    "Nb₃Sn, 20 cells, 293 K": ("nb3sn", {"thickness_cells": 20}),
    "Nb₃Sn, 40 cells, 293 K": ("nb3sn", {}),
    "Nb₃Sn, 40 cells, 293 K, tilted by 2 mrad": ("nb3sn", {"tilt": 2}),
    "Nb₃Sn, 40 cells, 100 K": ("nb3sn", {"temperature": 100}),
    "ZrO₂, 40 cells, 293 K": ("zro2", {}),
}
CELL = 32
"""Pixels along a cell."""


def snapshots() -> str:
    """Return one row per crystal: the relative error of its mean image by the number of snapshots."""
    header = [
        "crystal",
        "snapshots",
        "one snapshot",
        "four",
        "all",
        "with their mirror images",
        "one cell of one",
    ]
    return table(header, [_crystal(words, *kind) for words, kind in CRYSTALS.items()])


def scatter() -> str:
    """Return one row per specimen off the grid: what its few snapshots leave."""
    rows = []
    for name in list_off_grid_specimens():
        waves = load_off_grid_specimen(name).waves
        images = np.array([form_image(wave, shape=16 * CELL) for wave in waves])
        error = _error(images) / np.sqrt(len(images))
        rows.append([f"`{name}`", str(len(images)), _percent(error)])
    return table(["specimen", "snapshots", "relative error of the image"], rows)


def sources() -> str:
    """Return one row per file: what was simulated, and with what."""
    header = [
        "ensemble",
        "size, Å",
        "grid",
        "waves",
        "B, Å²",
        "thickness, cells",
        "tilt, mrad",
        "up to, mrad",
        "seed",
        "versions",
    ]
    return table(header, [_file(name) for name in ENSEMBLES])


def _crystal(words: str, name: str, kind: dict[str, Any]) -> list[str]:
    waves = load_exit_waves(name, **kind)
    turned = 2 if kind.get("tilt") else 4
    count = len(waves) // turned
    alone = np.array([_image(waves, slice(draw, draw + 1)) for draw in range(count)])
    mirrored = np.array([_image(waves, slice(draw, None, count)) for draw in range(count)])
    view = {"shape": 4 * CELL, "field_of_view": waves.extent}
    blocks = np.array([form_image(waves[draw], **view) for draw in range(count)])
    cells = blocks.reshape(count, 4, CELL, 4, CELL).swapaxes(2, 3).reshape(-1, CELL, CELL)
    one = _error(alone)
    errors = [one, one / 2, one / np.sqrt(count), _error(mirrored) / np.sqrt(count), _error(cells)]
    return [words, str(count), *map(_percent, errors)]


def _image(waves: ExitWaves, part: slice) -> NDArray[np.floating]:
    chosen = ExitWaves(waves.array[part], waves.sampling, waves.energy, waves.thickness, cells=waves.cells)
    return form_image(chosen, shape=4 * CELL)


def _error(images: NDArray[np.floating]) -> float:
    """Return by how much one image differs from the limit of many, relative to it."""
    mean = images.mean(axis=0)
    squares = np.square(images - mean).sum() / (len(images) - 1)
    return float(np.sqrt(squares) / np.linalg.norm(mean))


def _percent(share: float) -> str:
    return f"{100 * share:.2g}\u202f%"


def _file(name: str) -> list[str]:
    with np.load(Path(FOLDER) / f"{name}.npz") as archive:
        header = json.loads(str(archive["header"]))
        waves = archive["coefficients"].shape[1]
    kinds = header["ensembles"]
    thicknesses = sorted({kind["thickness_cells"] for kind in kinds})
    tilts = sorted({kind["tilt"] for kind in kinds})
    is_layer = name.endswith("carbon")
    factors = header.get("B")
    return [
        f"`{name}.npz`",
        " × ".join(f"{length:.4g}" for length in header["extent"]),
        " × ".join(map(str, header["gpts"])),
        str(waves),
        ", ".join(f"{element} {factors[element]:g}" for element in header["sigmas"])
        if factors
        else "at rest",
        "slabs of 10 Å" if is_layer else ", ".join(map(str, thicknesses)),
        "0" if tilts == [0] else f"{tilts[0]:g} to {tilts[-1]:g}",
        f"{header['max_angle']:g}",
        str(header.get("seed", "–")),
        f"abTEM {header['abtem']}, NumPy {header['numpy']}",
    ]
