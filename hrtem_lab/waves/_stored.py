"""The exit waves that come with the package: of crystals and precipitates at rest."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import one_of, positive_integer
from hrtem_lab.waves._waves import ExitWave


def list_exit_waves() -> list[str]:
    """Return the names that `load_exit_wave` knows.

    Examples
    --------
    >>> list_exit_waves()[:3]
    ['nb3sn', 'zro2', 'precipitate-01']
    """
    names = [path.name.removesuffix(".npz") for path in folder().iterdir() if path.name.endswith(".npz")]
    return sorted(names, key=lambda name: (name.startswith("precipitate"), name))


def load_exit_wave(name: str, *, thickness_cells: int = 40) -> ExitWave:
    """Load one of the exit waves that come with the package, converged and band-limited to 50 mrad.

    Parameters
    ----------
    name : str
        One of `list_exit_waves()`: "nb3sn" and "zro2" are pristine unit cells, "precipitate-07" is
        Nb₃Sn, 16 × 16 × 40 cells, with a ZrO₂ sphere of 7 cells diameter.
    thickness_cells : int
        Thickness in unit cells: 1 to 60 for the pristine crystals, 40 for the precipitates.

    Returns
    -------
    ExitWave
        At 80 kV, [001] along the beam.

    Raises
    ------
    TypeError, ValueError
        If the name or the thickness is not among those shipped.

    Examples
    --------
    >>> wave = load_exit_wave("nb3sn", thickness_cells=20)
    >>> round(wave.thickness, 1), wave.energy
    (105.5, 80000.0)
    """
    one_of("name", name, tuple(list_exit_waves()))
    thickness_cells = positive_integer("thickness_cells", thickness_cells)
    waves, cells, header = _read(name)
    if thickness_cells not in cells:
        allowed = f"{cells[0]}" if len(cells) == 1 else f"between {cells[0]} and {cells[-1]}"
        raise ValueError(f"thickness_cells of {name} must be {allowed}, got {thickness_cells}")
    coefficients = waves[cells.index(thickness_cells)]
    rows, columns = coefficients.shape
    return ExitWave(
        array=np.fft.ifft2(np.fft.ifftshift(coefficients) * coefficients.size),
        sampling=(header["extent"][0] / rows, header["extent"][1] / columns),
        energy=header["energy"],
        thickness=thickness_cells * header["cell_thickness"],
        provenance=header,
    )


def folder() -> Any:
    """Return where the shipped files are."""
    return resources.files("hrtem_lab") / "data"


@lru_cache(maxsize=4)
def _read(name: str) -> tuple[NDArray[np.complex64], list[int], dict[str, Any]]:
    with (folder() / f"{name}.npz").open("rb") as stream, np.load(stream) as archive:
        return (
            archive["coefficients"],
            [int(count) for count in archive["thickness_cells"]],
            json.loads(str(archive["header"])),
        )
