"""What has to hold before a multislice simulation starts: specimen, device, grid, tilt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._atoms import full_sites, one_atom_per_place, orthogonal_structure
from hrtem_lab._validation import one_of, positive, real_number, sequence, true_or_false
from hrtem_lab.waves import wavelength

if TYPE_CHECKING:
    from ase import Atoms

MOST_TILT = 50.0
"""mrad; a tilted beam is propagated in the approximation of small angles."""
_ENERGIES = 1e3, 1e7
"""eV; what lies outside is a number in keV, or no electron microscope."""
_MOST_PIXELS = 2**30
"""8 GiB for one wave."""
_MOST_SLICES = 10**6


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a simulation, checked."""

    energy: float
    gpts: tuple[int, ...]
    slice_thickness: float
    max_angle: float | None
    device: str
    tilts: tuple[tuple[float, float], ...]
    progress: bool

    @classmethod
    def of(
        cls,
        atoms: Atoms,
        *,
        energy: float,
        sampling: float,
        slice_thickness: float,
        max_angle: float | None,
        device: str,
        tilts: Any,
        progress: bool,
    ) -> Settings:
        """Check the settings for a specimen that `specimen` has returned."""
        device = _require_device(device)
        energy = positive("energy", energy)
        if not _ENERGIES[0] <= energy <= _ENERGIES[1]:
            raise ValueError(
                f"energy must lie between {_ENERGIES[0]:g} and {_ENERGIES[1]:g} eV, got {energy:g} "
                "(80 kV are 80e3)"
            )
        sampling = positive("sampling", sampling)
        slice_thickness = positive("slice_thickness", slice_thickness)
        lengths = atoms.cell.lengths()
        if slice_thickness > lengths[2] * (1 + 1e-9):
            raise ValueError(
                f"slice_thickness must not exceed the cell's height of {lengths[2]:.4g} Å, "
                f"got {slice_thickness}"
            )
        if lengths[2] / slice_thickness > _MOST_SLICES:
            raise ValueError(
                f"slice_thickness must be at least {lengths[2] / _MOST_SLICES:.2g} Å, which makes "
                f"{_MOST_SLICES} slices, got {slice_thickness:g}"
            )
        gpts = _grid(lengths, sampling)
        if max_angle is not None:
            _require_band(positive("max_angle", max_angle), gpts, lengths, wavelength(energy))
        return cls(
            energy=energy,
            gpts=gpts,
            slice_thickness=slice_thickness,
            max_angle=max_angle,
            device=device,
            tilts=tuple(dict.fromkeys(_tilt(tilt) for tilt in sequence("tilts", tilts))),
            progress=true_or_false("progress", progress),
        )


def _grid(lengths: NDArray[np.floating], sampling: float) -> tuple[int, ...]:
    """Return the pixels along x and y, which are at least one."""
    counts = [max(length / sampling, 1.0) for length in lengths[:2].tolist()]
    if math.prod(counts) > _MOST_PIXELS:
        least = math.sqrt(math.prod(lengths[:2].tolist()) / _MOST_PIXELS)
        raise ValueError(
            f"sampling must be at least {least:.2g} Å for a cell of {lengths[0]:.4g} × {lengths[1]:.4g} Å, "
            f"which makes 2³⁰ pixels, got {sampling:g}"
        )
    return tuple(math.ceil(count - 1e-6) for count in counts)


def _tilt(value: Any) -> tuple[float, float]:
    # One angle could be meant along x, as `load_exit_waves` has it, or along both.
    if np.shape(value) != (2,):
        raise ValueError(f"tilt must be two angles (x, y) in mrad, such as (2, 0), got {value!r}")
    x, y = (real_number("tilt", angle) for angle in value)
    if math.hypot(x, y) > MOST_TILT:
        raise ValueError(
            f"tilt must be at most {MOST_TILT:g} mrad, as it is propagated by a small-angle approximation, "
            f"got {value!r} (build the specimen along another zone axis instead)"
        )
    return x, y


def specimen(atoms: Any) -> Atoms:
    """Return the atoms in an exactly orthogonal cell, after checking that they can be simulated."""
    atoms = orthogonal_structure(atoms)
    _require_parametrization(atoms)
    full_sites(atoms)
    lengths = atoms.cell.lengths()
    positions = np.asarray(atoms.positions)
    low, high = positions.min(axis=0), positions.max(axis=0)
    if (low < -1e-3).any() or (high > lengths + 1e-3).any():
        raise ValueError(
            f"atoms must lie inside their cell of {np.round(lengths, 3).tolist()} Å (try atoms.wrap()), "
            f"got positions from {np.round(low, 3).tolist()} to {np.round(high, 3).tolist()}"
        )
    one_atom_per_place(atoms)
    return atoms


def _require_parametrization(atoms: Atoms) -> None:
    from abtem.parametrizations import LobatoParametrization  # noqa: PLC0415

    known = LobatoParametrization().parameters
    unknown = sorted(set(atoms.get_chemical_symbols()) - set(known))
    if unknown:
        first, *_, last = known
        raise ValueError(
            f"atoms must have a parametrised potential, as {first} to {last} have, got {', '.join(unknown)}"
        )


def _require_device(device: str) -> str:
    if one_of("device", device, ("cpu", "gpu")) == "gpu":
        from abtem.core.backend import cp  # noqa: PLC0415

        if cp is None or not cp.cuda.is_available():
            lacks = "CuPy, which is not installed" if cp is None else "a GPU, and CuPy finds none"
            raise ValueError(f"device must be cpu on this machine, got 'gpu', which needs {lacks}")
    return device


def _require_band(
    max_angle: float, gpts: tuple[int, ...], lengths: NDArray[np.floating], electron_wavelength: float
) -> None:
    """Raise unless the antialiased grid (two thirds of its Nyquist frequency) holds `max_angle`."""
    finest = max(length / count for length, count in zip(lengths[:2], gpts, strict=True))
    held = electron_wavelength / (3 * finest) * 1e3
    if held < max_angle:
        needed = electron_wavelength / (3 * max_angle / 1e3)
        raise ValueError(
            f"sampling must be at most {needed:.3g} Å to hold scattering up to {max_angle:g} mrad, "
            f"got {finest:.3g} Å"
        )
