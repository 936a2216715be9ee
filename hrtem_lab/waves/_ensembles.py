"""The ensembles that come with the package: vibrating and tilted crystals, and specimens off the grid."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import image, one_of, positive_integer, real_number, three_counts
from hrtem_lab.waves._stored import folder
from hrtem_lab.waves._waves import ExitWaves

_CRYSTALS = ("nb3sn", "zro2")
_STUDY = "ensembles/study-specimens"


@dataclass(frozen=True, eq=False)
class OffGridSpecimen:
    """A specimen with precipitates of any shape and place, its vibrating atoms, and what is true of it.

    Attributes
    ----------
    name : str
        Its name for `load_off_grid_specimen`.
    description : str
        Shapes, sizes in nm and places in cells, in words.
    waves : ExitWaves
        Snapshots of the whole specimen.
    depth : numpy.ndarray of float32, shape (rows, columns)
        The truth: Å of precipitate along the beam, averaged over each pixel of the map.
    cells : (int, int, int)
        Unit cells of the specimen along x, y and z.

    Raises
    ------
    TypeError, ValueError
        If the waves are no `ExitWaves`, the depth is not 2-D, negative or not finite, the cells are not three
        whole numbers of at least 1, or the map has no whole number of pixels per cell.
    """

    name: str
    description: str
    waves: ExitWaves
    depth: NDArray[np.float32]
    cells: tuple[int, int, int]

    def __post_init__(self) -> None:
        if not isinstance(self.waves, ExitWaves):
            raise TypeError(f"waves must be an ExitWaves, got {type(self.waves).__name__}")
        cells, depth = three_counts("cells", self.cells), image("depth", self.depth).astype(np.float32)
        if depth.min() < 0:
            raise ValueError(f"depth must not be negative, got {depth.min():.3g}")
        if depth.shape[0] % cells[1] or depth.shape[1] % cells[0]:
            raise ValueError(
                f"depth must have whole pixels per cell, of which there are {cells[1]} × {cells[0]}, "
                f"got shape {depth.shape}"
            )
        depth.flags.writeable = False
        object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "depth", depth)

    def __repr__(self) -> str:
        return f"<OffGridSpecimen {self.name!r}: {self.description}>"

    @property
    def sampling(self) -> tuple[float, float]:
        """Pixel size of the depth map in Å."""
        height, width = self.waves.extent
        return height / self.depth.shape[0], width / self.depth.shape[1]

    @property
    def cell_depth(self) -> NDArray[np.float32]:
        """Å of precipitate along the beam, averaged over each unit cell; shape (cells along y, along x)."""
        columns, rows = self.cells[:2]
        blocks = self.depth.reshape(rows, self.depth.shape[0] // rows, columns, -1)
        return np.asarray(blocks.mean(axis=(1, 3)))


def load_exit_waves(
    name: str,
    *,
    temperature: float | None = 293,
    thickness_cells: int = 40,
    tilt: float = 0.0,
) -> ExitWaves:
    """Load the snapshots of a pristine crystal whose atoms vibrate, or its one wave at rest.

    Parameters
    ----------
    name : str
        "nb3sn" or "zro2".
    temperature : float or None
        In K: 293; for Nb₃Sn 100, too; None is the crystal at rest, a single wave.
    thickness_cells : int
        Thickness in unit cells. Nb₃Sn: at 293 K 20, 39, 40 or 41; at 100 K 40; at rest 39, 40 or 41. ZrO₂: 20
        or 40.
    tilt : float
        Angle in mrad between the beam and the zone axis, towards x. From 0 to 4 in steps of 0.5 for 40
        cells of Nb₃Sn at rest and at 293 K; 0 for all others.

    Returns
    -------
    ExitWaves
        4 × 4 cells, up to 32 mrad, 80 kV; at rest one cell. The crystals have mirrors through the atom at
        the corner, so the mirror image of a snapshot is as likely as the snapshot itself. The ensemble
        holds both: 42 snapshots of Nb₃Sn, 16 at 100 K and of ZrO₂, each in four orientations; tilted ones
        in two.

    Raises
    ------
    TypeError, ValueError
        If this combination is not among those shipped; the error names those that are.

    Examples
    --------
    >>> waves = load_exit_waves("nb3sn", tilt=2)
    >>> waves.cells, round(waves.thickness, 1)
    ((4, 4), 211.0)
    """
    one_of("name", name, _CRYSTALS)
    wanted = "rest" if temperature is None else f"{real_number('temperature', temperature):g}K"
    kinds = {
        path.name.removesuffix(".npz").removeprefix(f"{name}-")
        for path in (folder() / "ensembles").iterdir()
        if path.name.startswith(f"{name}-")
    }
    if wanted not in kinds:
        words = ["None" if kind == "rest" else kind.removesuffix("K") for kind in sorted(kinds)]
        raise ValueError(f"temperature of {name} must be one of {', '.join(words)}, got {temperature!r}")
    positive_integer("thickness_cells", thickness_cells)
    tilt = real_number("tilt", tilt)
    _, header = _read(f"ensembles/{name}-{wanted}")
    asked = {"thickness_cells": thickness_cells, "tilt": tilt}
    if asked not in header["ensembles"]:
        thicknesses = sorted({one["thickness_cells"] for one in header["ensembles"]})
        if thickness_cells not in thicknesses:
            raise ValueError(
                f"thickness_cells of {name} at this temperature must be one of {thicknesses}, "
                f"got {thickness_cells}"
            )
        tilts = [one["tilt"] for one in header["ensembles"] if one["thickness_cells"] == thickness_cells]
        raise ValueError(
            f"tilt of {name} at this temperature and thickness must be one of {tilts}, got {tilt:g}"
        )
    mirrors = () if temperature is None else ("y",) if tilt else ("x", "y")
    return _ensemble(f"ensembles/{name}-{wanted}", header["ensembles"].index(asked), mirrors)


def list_off_grid_specimens() -> list[str]:
    """Return the names that `load_off_grid_specimen` knows.

    Examples
    --------
    >>> "pair" in list_off_grid_specimens()
    True
    """
    return sorted(path.name.removesuffix(".npz") for path in (folder() / "specimens").iterdir())


def load_off_grid_specimen(name: str) -> OffGridSpecimen:
    """Load a specimen of Nb₃Sn with precipitates of ZrO₂ that do not follow the grid of the unit cells.

    Their diameters are no whole numbers of cells, their centres lie anywhere, also along the beam, and
    one is an ellipsoid, one has facets, and two share a field. All atoms vibrate at 293 K.

    Parameters
    ----------
    name : str
        One of `list_off_grid_specimens()`.

    Returns
    -------
    OffGridSpecimen
        16 × 16 × 40 cells, up to 32 mrad, 80 kV.

    Raises
    ------
    ValueError
        If the name is not among those shipped.

    Notes
    -----
    It misleads if its image is taken for the limit of many snapshots: a handful leaves a scatter that the
    cells do not average out. `docs/reality.md` gives its size.

    Examples
    --------
    >>> pair = load_off_grid_specimen("pair")
    >>> pair.cell_depth.shape, bool(pair.cell_depth.max() > 20)
    ((16, 16), True)
    """
    one_of("name", name, tuple(list_off_grid_specimens()))
    _, header = _read(f"specimens/{name}")
    with (folder() / "specimens" / f"{name}.npz").open("rb") as stream, np.load(stream) as archive:
        depth = archive["depth"].astype(np.float32) / header["depth_per_angstrom"]
    x, y, z = header["specimen_cells"]
    return OffGridSpecimen(
        name=name,
        description=header["description"],
        waves=_ensemble(f"specimens/{name}", 0),
        depth=depth,
        cells=(x, y, z),
    )


def load_study_specimens() -> dict[str, OffGridSpecimen]:
    """Load the specimens of the study of mismatches: shapes and places drawn by chance, atoms at rest.

    Returns
    -------
    dict of str to OffGridSpecimen
        Name → specimen of 16 × 16 × 40 cells of Nb₃Sn with ZrO₂, up to 30.5 mrad, 80 kV: six spheres of 4 to
        13 cells, two of which touch a surface, two ellipsoids, two facetted bodies and two pairs of spheres.
        `waves` is a single one. Its provenance tells the precipitates' `diameters` in cells, of what is no
        sphere that of a disc of its projected area, and their `centers` in cells, (down, right).

    Notes
    -----
    No method of sizing was made or fitted with them. Whoever does so needs others to test it.

    Examples
    --------
    >>> specimens = load_study_specimens()
    >>> len(specimens), specimens["pair-1"].waves.provenance["diameters"]
    (12, [4.83, 4.64])
    """
    _, header = _read(_STUDY)
    with (folder() / f"{_STUDY}.npz").open("rb") as stream, np.load(stream) as archive:
        depths = archive["depth"].astype(np.float32) / header["depth_per_angstrom"]
    x, y, z = header["specimen_cells"]
    return {
        kind["name"]: OffGridSpecimen(
            name=kind["name"],
            description=kind["description"],
            waves=_ensemble(_STUDY, number),
            depth=depth,
            cells=(x, y, z),
        )
        for number, (kind, depth) in enumerate(zip(header["ensembles"], depths, strict=True))
    }


def load_carbon_slabs() -> ExitWaves:
    """Load the transmission functions of five slabs of amorphous carbon, each 10 Å thick.

    They follow one another along the beam: the first two are a layer of 2 nm.
    `hrtem_lab.simulation.through_layer` lets a wave pass them.

    Returns
    -------
    ExitWaves
        Shape (5, rows, columns), as wide as 4 × 4 cells of Nb₃Sn, up to 64 mrad, 80 kV; `thickness` is that
        of one slab.

    Examples
    --------
    >>> slabs = load_carbon_slabs()
    >>> len(slabs), slabs.thickness
    (5, 10.0)
    """
    return _ensemble("ensembles/carbon", 0)


@lru_cache(maxsize=32)
def _ensemble(name: str, number: int, mirrors: tuple[str, ...] = ()) -> ExitWaves:
    """Return the same object each time, so that it can be the key of a cache."""
    arrays, header = _read(name)
    rows, columns = arrays["orders"].T
    size = [2 * int(np.abs(axis).max()) + 1 for axis in (rows, columns)]
    coefficients = arrays["coefficients"][number]
    orders = [(rows, columns)]
    if "x" in mirrors:
        orders += [(up, -right) for up, right in orders]
    if "y" in mirrors:
        orders += [(-up, right) for up, right in orders]
    spectrum = np.zeros((len(orders), len(coefficients), *size), np.complex64)
    for mirrored, (up, right) in zip(spectrum, orders, strict=True):
        mirrored[:, up, right] = coefficients  # negative orders count from the end, as in an FFT
    spectrum = spectrum.reshape(-1, *size)
    kind = header["ensembles"][number]
    return ExitWaves(
        np.fft.ifft2(spectrum, norm="forward").astype(np.complex64),
        (header["extent"][0] / size[0], header["extent"][1] / size[1]),
        header["energy"],
        kind["thickness_cells"] * header["cell_thickness"],
        {**header, **kind},
        tuple(header["cells"]),
    )


@lru_cache(maxsize=8)
def _read(name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    path = folder() / f"{name}.npz"
    with path.open("rb") as stream, np.load(stream) as archive:
        arrays = {key: archive[key] for key in ("coefficients", "orders")}
        return arrays, json.loads(str(archive["header"]))
