"""From atoms to an exit wave, with abTEM's multislice algorithm."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._atoms import full_sites, one_atom_per_place, orthogonal_structure
from hrtem_lab._validation import one_of, positive, positive_integer
from hrtem_lab.structures import supercell
from hrtem_lab.waves import ExitWave, wavelength

if TYPE_CHECKING:
    from ase import Atoms

_CACHE_BYTES = 4 * 2**30
# Without this offset, rounding would decide to which slice an atom on a boundary belongs.
_BOUNDARY_OFFSET = 1e-4


def exit_wave(
    atoms: Atoms,
    *,
    repetitions: int | tuple[int, int, int] = 1,
    energy: float = 80e3,
    sampling: float = 0.02,
    slice_thickness: float = 1.4,
    max_angle: float | None = 50.0,
    device: str = "cpu",
    progress: bool = True,
) -> ExitWave:
    """Return the exit wave of a plane electron wave behind a specimen, by the multislice algorithm.

    The potential is that of independent atoms (Lobato & Van Dyck 2014, doi:10.1107/S205327331401643X)
    at rest: no thermal vibration and no inelastic scattering. Slices that hold the same atoms share
    one transmission function, so a thick crystal takes little more time than one of its cells.

    Parameters
    ----------
    atoms : ase.Atoms
        Specimen in an orthogonal cell, periodic in x and y; the beam runs along z. Its edges may lean by a
        thousandth of a degree, by which it is sheared. Every site must be fully occupied. Constraints,
        velocities and magnetic moments change nothing.
    repetitions : int or (int, int, int)
        Cells along x, y and z, as `hrtem_lab.structures.supercell` repeats them before; or one number of
        cells along the beam, which are stacked as by `exit_wave_series`. This is faster: every cell is cut
        into the same slices.
    energy : float
        Electron energy in eV.
    sampling : float
        Largest pixel size in Å. Heavy atoms need a fine grid: at 0.02 Å the image of 40 cells of
        Nb₃Sn is within 1 % of its limit, at 0.08 Å it is 10 % off.
    slice_thickness : float
        Largest slice thickness in Å.
    max_angle : float or None
        Scattering angle in mrad up to which the wave is kept; None keeps the whole grid. It must not
        be smaller than the objective aperture of images made from the wave.
    device : str
        "cpu", or "gpu" where CuPy and a GPU are installed.
    progress : bool
        Show a progress bar.

    Returns
    -------
    ExitWave
        Rows run along y and columns along x; the provenance holds grid and versions.

    Raises
    ------
    TypeError, ValueError
        Before any work starts, if `atoms` are not ASE Atoms; their cell is flat or not orthogonal; an atom
        lies outside the cell, has no parametrised potential, or stands where another one does; a site is
        not fully occupied; a number is not positive; the sampling cannot hold `max_angle`; or the device
        is not there.

    Warns
    -----
    UserWarning
        If the atoms come from a crystal's file, but what it says about occupancies was lost on the way.

    Examples
    --------
    >>> from hrtem_lab.structures import nb3sn
    >>> wave = exit_wave(nb3sn(), sampling=0.1, progress=False)
    >>> round(wave.thickness, 3)
    5.275
    """
    if isinstance(repetitions, (tuple, list, np.ndarray)):
        atoms, repetitions = supercell(atoms, repetitions), 1
    *_, last = exit_wave_series(
        atoms,
        repetitions=repetitions,
        energy=energy,
        sampling=sampling,
        slice_thickness=slice_thickness,
        max_angle=max_angle,
        device=device,
        progress=progress,
    )
    return last


def exit_wave_series(
    atoms: Atoms,
    *,
    repetitions: int = 1,
    energy: float = 80e3,
    sampling: float = 0.02,
    slice_thickness: float = 1.4,
    max_angle: float | None = 50.0,
    device: str = "cpu",
    progress: bool = True,
) -> Iterator[ExitWave]:
    """Yield the exit wave behind 1, 2, … `repetitions` of a specimen stacked along the beam.

    Parameters
    ----------
    repetitions : int
        How often the atoms' cell is stacked along z.
    atoms, energy, sampling, slice_thickness, max_angle, device, progress
        As in `exit_wave`.

    Yields
    ------
    ExitWave
        One wave per repetition; its thickness is that of the stack so far.

    Raises
    ------
    TypeError, ValueError
        As `exit_wave`, before the first wave is computed.

    Examples
    --------
    >>> from hrtem_lab.structures import nb3sn
    >>> series = exit_wave_series(nb3sn(), repetitions=3, sampling=0.1, progress=False)
    >>> [round(wave.thickness, 3) for wave in series]
    [5.275, 10.55, 15.825]
    """
    atoms = _specimen(atoms)
    repetitions = positive_integer("repetitions", repetitions)
    device = _require_device(device)
    energy = positive("energy", energy)
    sampling = positive("sampling", sampling)
    slice_thickness = positive("slice_thickness", slice_thickness)
    lengths = atoms.cell.lengths()
    if slice_thickness > lengths[2] * (1 + 1e-9):
        raise ValueError(
            f"slice_thickness must not exceed the cell's height of {lengths[2]:.4g} Å, got {slice_thickness}"
        )
    gpts = tuple(math.ceil(length / sampling - 1e-6) for length in lengths[:2])
    if max_angle is not None:
        _require_band(positive("max_angle", max_angle), gpts, lengths, wavelength(energy))
    return _run(atoms, repetitions, energy, gpts, slice_thickness, max_angle, device, progress)


def _run(
    atoms: Atoms,
    repetitions: int,
    energy: float,
    gpts: tuple[int, ...],
    slice_thickness: float,
    max_angle: float | None,
    device: str,
    progress: bool,
) -> Iterator[ExitWave]:
    import abtem  # noqa: PLC0415
    from abtem.antialias import AntialiasAperture  # noqa: PLC0415
    from abtem.multislice import FresnelPropagator, conventional_multislice_step  # noqa: PLC0415
    from tqdm.auto import tqdm  # noqa: PLC0415

    slices = _slices(atoms, slice_thickness)
    lengths = atoms.cell.lengths()
    provenance = {
        "structure": atoms.get_chemical_formula(),
        "gpts": list(gpts),
        "slices": len(slices),
        "potential": "independent atoms, Lobato, infinite projection",
        "abtem": version("abtem"),
        "numpy": version("numpy"),
    }
    aperture, propagator = AntialiasAperture(), FresnelPropagator()
    transmission = _TransmissionCache(gpts, energy, aperture, device)
    waves = abtem.PlaneWave(energy=energy, extent=tuple(lengths[:2]), gpts=gpts, device=device)
    waves = waves.build(lazy=False)
    with tqdm(total=repetitions * len(slices), disable=not progress, unit="slice", desc="multislice") as bar:
        for repetition in range(1, repetitions + 1):
            for part in slices:
                waves = conventional_multislice_step(waves, transmission(part), propagator, aperture)
                bar.update()
            array = np.asarray(waves.copy_to_device("cpu").array).T  # abTEM's axes are (x, y)
            yield _keep(array, lengths, energy, repetition * lengths[2], max_angle, provenance)


class _TransmissionCache:
    """Transmission functions of slices; the most recently used ones are kept, up to a memory limit."""

    def __init__(self, gpts: tuple[int, ...], energy: float, aperture: Any, device: str) -> None:
        self._gpts, self._energy, self._aperture, self._device = gpts, energy, aperture, device
        self._kept: OrderedDict[bytes, Any] = OrderedDict()
        self._size = max(1, _CACHE_BYTES // (8 * math.prod(gpts)))

    def __call__(self, part: Atoms) -> Any:
        import abtem  # noqa: PLC0415

        key = part.numbers.tobytes() + np.round(part.positions, 6).tobytes()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        potential = abtem.Potential(
            part, gpts=self._gpts, slice_thickness=float(part.cell[2, 2]), device=self._device
        ).build(lazy=False)
        transmission = self._aperture.bandlimit(potential.transmission_function(self._energy), in_place=False)
        while len(self._kept) >= self._size:
            self._kept.popitem(last=False)
        self._kept[key] = transmission
        return transmission


def _slices(atoms: Atoms, slice_thickness: float) -> list[Atoms]:
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


def _keep(
    array: NDArray[np.complexfloating],
    lengths: NDArray[np.floating],
    energy: float,
    thickness: float,
    max_angle: float | None,
    provenance: dict[str, Any],
) -> ExitWave:
    """Return the wave cropped in Fourier space to the scattering angles up to `max_angle`."""
    extent = (float(lengths[1]), float(lengths[0]))
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


def _specimen(atoms: Any) -> Atoms:
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
