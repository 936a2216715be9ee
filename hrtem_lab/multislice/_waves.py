"""The exit wave of a specimen at rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from hrtem_lab._validation import positive_integer
from hrtem_lab.multislice._checks import Settings, specimen
from hrtem_lab.multislice._propagation import Beams, TransmissionFunctions, kept, provenance, slices
from hrtem_lab.structures import supercell
from hrtem_lab.waves import ExitWave

if TYPE_CHECKING:
    from ase import Atoms


def exit_wave(
    atoms: Atoms,
    *,
    repetitions: int | tuple[int, int, int] = 1,
    energy: float = 80e3,
    sampling: float = 0.02,
    slice_thickness: float = 1.4,
    max_angle: float | None = 50.0,
    tilt: tuple[float, float] = (0.0, 0.0),
    device: str = "cpu",
    progress: bool = True,
) -> ExitWave:
    """Return the exit wave of a plane electron wave behind a specimen, by the multislice algorithm.

    The potential is that of independent atoms (Lobato & Van Dyck 2014, doi:10.1107/S205327331401643X)
    at rest: no thermal vibration (see `exit_waves`) and no inelastic scattering. Slices that hold the same
    atoms share one transmission function, so a thick crystal takes little more time than one of its cells.

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
    tilt : (float, float)
        Angles in mrad about which the beam, and the microscope's axis with it, leans from the specimen's z
        axis towards x and y: a tilted specimen. By abTEM's tilted propagator, for small angles; at most 50.
        The atoms at the exit surface keep their place in the image.
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
        not fully occupied; a number is not positive, the energy not between 1 keV and 10 MeV, the grid of
        more than 2³⁰ pixels or a million slices, or the tilt too large; the sampling cannot hold
        `max_angle`; or the device is not there.

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
        tilt=tilt,
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
    tilt: tuple[float, float] = (0.0, 0.0),
    device: str = "cpu",
    progress: bool = True,
) -> Iterator[ExitWave]:
    """Yield the exit wave behind 1, 2, … `repetitions` of a specimen stacked along the beam.

    Parameters
    ----------
    repetitions : int
        How often the atoms' cell is stacked along z.
    atoms, energy, sampling, slice_thickness, max_angle, tilt, device, progress
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
    atoms = specimen(atoms)
    repetitions = positive_integer("repetitions", repetitions)
    settings = Settings.of(
        atoms,
        energy=energy,
        sampling=sampling,
        slice_thickness=slice_thickness,
        max_angle=max_angle,
        device=device,
        tilts=[tilt],
        progress=progress,
    )
    return _stacked(atoms, repetitions, settings)


def _stacked(atoms: Atoms, repetitions: int, settings: Settings) -> Iterator[ExitWave]:
    from tqdm.auto import tqdm  # noqa: PLC0415

    parts, lengths = slices(atoms, settings.slice_thickness), atoms.cell.lengths()
    origin = provenance(atoms, settings, len(parts))
    beams, transmission = Beams(settings, lengths[:2]), TransmissionFunctions(settings)
    total = repetitions * len(parts)
    with tqdm(total=total, disable=not settings.progress, unit="slice", desc="multislice") as bar:
        for repetition in range(1, repetitions + 1):
            for part in parts:
                beams.pass_through(transmission(part))
                bar.update()
            yield kept(beams.arrays[0], lengths, repetition * lengths[2], settings, origin)
