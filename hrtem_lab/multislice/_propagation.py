"""The multislice algorithm: slices, their transmission functions, and the waves that pass them."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.multislice._checks import Settings
from hrtem_lab.waves import ExitWave, wavelength

if TYPE_CHECKING:
    from ase import Atoms

_CACHE_BYTES = 4 * 2**30
# Without this offset, rounding would decide to which slice an atom on a boundary belongs.
_BOUNDARY_OFFSET = 1e-4


def provenance(atoms: Atoms, settings: Settings, slices: int) -> dict[str, Any]:
    """Return what a wave says about how it was made."""
    tilted = [list(tilt) for tilt in settings.tilts if any(tilt)]
    return {
        "structure": atoms.get_chemical_formula(),
        "gpts": list(settings.gpts),
        "slices": slices,
        "potential": "independent atoms, Lobato, infinite projection",
        "abtem": version("abtem"),
        "numpy": version("numpy"),
        **({"tilts": tilted} if tilted else {}),
    }


class Beams:
    """Plane waves on their way through a specimen, one for every tilt of the settings."""

    def __init__(self, settings: Settings, extent: Sequence[float]) -> None:
        import abtem  # noqa: PLC0415
        from abtem.antialias import AntialiasAperture  # noqa: PLC0415
        from abtem.multislice import FresnelPropagator  # noqa: PLC0415

        self._aperture = AntialiasAperture()
        self._waves = [
            abtem.PlaneWave(
                energy=settings.energy,
                extent=tuple(extent),
                gpts=settings.gpts,
                tilt=tilt,
                device=settings.device,
            ).build(lazy=False)
            for tilt in settings.tilts
        ]
        self._propagators = [FresnelPropagator() for _ in settings.tilts]

    def pass_through(self, transmission: Any) -> None:
        """Transmit every wave through a slice and propagate it to the next."""
        from abtem.multislice import conventional_multislice_step  # noqa: PLC0415

        self._waves = [
            conventional_multislice_step(wave, transmission, propagator, self._aperture)
            for wave, propagator in zip(self._waves, self._propagators, strict=True)
        ]

    @property
    def arrays(self) -> list[NDArray[np.complexfloating]]:
        """The waves, shape (rows, columns); abTEM's axes are (x, y)."""
        return [np.asarray(wave.copy_to_device("cpu").array).T for wave in self._waves]


class TransmissionFunctions:
    """Transmission functions of slices; the most recently used ones are kept, up to a memory limit.

    Parameters
    ----------
    settings : Settings
        Grid, energy and device.
    kept : bool
        False where no slice comes twice.
    """

    def __init__(self, settings: Settings, *, kept: bool = True) -> None:
        from abtem.antialias import AntialiasAperture  # noqa: PLC0415

        self._settings, self._aperture = settings, AntialiasAperture()
        self._kept: OrderedDict[bytes, Any] = OrderedDict()
        self._size = max(1, _CACHE_BYTES // (8 * math.prod(settings.gpts))) if kept else 1

    def __call__(self, part: Atoms) -> Any:
        import abtem  # noqa: PLC0415

        key = part.numbers.tobytes() + np.round(part.positions, 6).tobytes()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        potential = abtem.Potential(
            part,
            gpts=self._settings.gpts,
            slice_thickness=float(part.cell[2, 2]),
            device=self._settings.device,
        ).build(lazy=False)
        transmission = self._aperture.bandlimit(
            potential.transmission_function(self._settings.energy), in_place=False
        )
        while len(self._kept) >= self._size:
            self._kept.popitem(last=False)
        self._kept[key] = transmission
        return transmission


def slices(atoms: Atoms, slice_thickness: float) -> list[Atoms]:
    """Cut a specimen into slices of equal thickness, each in its own cell with its atoms in the middle."""
    lengths = atoms.cell.lengths()
    count = math.ceil(lengths[2] / slice_thickness - 1e-6)
    height = lengths[2] / count
    index = np.floor((atoms.positions[:, 2] + _BOUNDARY_OFFSET) / height).astype(int) % count
    parts = []
    for number in range(count):
        part = atoms[index == number]
        part.positions[:, 2] = height / 2
        part = part[np.lexsort((part.positions[:, 1], part.positions[:, 0], part.numbers))]
        part.set_cell([lengths[0], lengths[1], height])
        part.set_pbc(True)
        parts.append(part)
    return parts


def kept(
    array: NDArray[np.complexfloating],
    lengths: NDArray[np.floating],
    thickness: float,
    settings: Settings,
    provenance: dict[str, Any],
) -> ExitWave:
    """Return the wave cropped in Fourier space to the scattering angles up to `max_angle`."""
    extent, max_angle, energy = (float(lengths[1]), float(lengths[0])), settings.max_angle, settings.energy
    if max_angle is not None:
        limit = max_angle / 1e3 / wavelength(energy)
        orders = [math.floor(limit * length + 1e-9) for length in extent]
        index = [np.arange(-order, order + 1) for order in orders]
        kept = np.fft.fft2(array, norm="forward")[np.ix_(*index)]
        g = np.hypot(index[0][:, None] / extent[0], index[1] / extent[1])
        array = np.fft.ifft2(np.fft.ifftshift(np.where(g <= limit, kept, 0)), norm="forward")
    rows, columns = array.shape
    return ExitWave(
        array=array.astype(np.complex64),
        sampling=(extent[0] / rows, extent[1] / columns),
        energy=energy,
        thickness=float(thickness),
        provenance={**provenance, "max_angle": max_angle},
    )
