"""The exit waves of a specimen whose atoms vibrate: frozen phonons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hrtem_lab._validation import generator, non_negative, positive, positive_integer, sequence
from hrtem_lab.multislice._checks import Settings, specimen
from hrtem_lab.multislice._propagation import Beams, TransmissionFunctions, kept, provenance, slices
from hrtem_lab.structures import supercell
from hrtem_lab.waves import ExitWave, ExitWaves

if TYPE_CHECKING:
    from ase import Atoms

Tilt: TypeAlias = tuple[float, float]
_UPRIGHT: Tilt = (0.0, 0.0)
_MOST_B = 100.0
"""Å², a displacement of 1.1 Å: atoms that move so far are no crystal."""


def exit_waves(
    atoms: Atoms,
    *,
    B: float | Mapping[str, float],
    configurations: int = 16,
    rng: int | np.random.Generator = 0,
    repetitions: int | tuple[int, int, int] = 1,
    tilt: Tilt = _UPRIGHT,
    energy: float = 80e3,
    sampling: float = 0.02,
    slice_thickness: float = 1.4,
    max_angle: float | None = 50.0,
    device: str = "cpu",
    progress: bool = True,
) -> ExitWaves:
    r"""Return the exit waves of snapshots of a specimen whose atoms vibrate (frozen phonons).

    An electron crosses a specimen far faster than an atom moves, and meets it as in a snapshot. In each
    snapshot every atom is displaced on its own along x and y, by a normal distribution of variance
    B / 8π². The image is the mean of the intensities of all snapshots, as
    `hrtem_lab.simulation.form_image` makes it. So electrons that were scattered by vibrations (thermal
    diffuse scattering) are in the image, where they belong. One wave through a potential smeared by
    the Debye–Waller factor lets them interfere with the others, which is wrong in a thick crystal.

    Parameters
    ----------
    atoms : ase.Atoms
        As in `exit_wave`. Atoms that lie in the same place of repeated cells move on their own.
    B : float or mapping
        Debye–Waller factor B = 8π²⟨u²⟩ in Å², with ⟨u²⟩ the mean square displacement along one direction:
        one for all atoms, or one for each element; 0 is an atom at rest. `hrtem_lab.structures.b_factors`
        gives those of the two built-in crystals.
    configurations : int
        Number of snapshots.
    rng : int or numpy.random.Generator
        Seed.
    repetitions : int or (int, int, int)
        Cells along x, y and z, or one number of cells along the beam. Where a crystal is repeated along x and
        y, its mean image repeats with the cell, and the result says so (`ExitWaves.cells`). Repeat it until
        it is about 15 Å wide, so that a vibrating column is not its own neighbour.
    tilt, energy, sampling, slice_thickness, max_angle, device, progress
        As in `exit_wave`.

    Returns
    -------
    ExitWaves
        One wave per snapshot.

    Raises
    ------
    TypeError, ValueError
        As `exit_wave`; or if a B is negative, more than 100 Å² or missing for an element, `configurations`
        is not a whole number of at least 1, or `rng` no seed.

    Notes
    -----
    Each snapshot is a new crystal: no slice comes twice, so a snapshot takes much longer than the crystal
    at rest. The error of the mean image falls as the square root of configurations × cells;
    `docs/reality.md` shows it. The atoms move independently (Einstein's model): neighbours that move
    together would blur less. Displacements along the beam are left out, because the potential of an atom is
    projected whole onto its slice.

    Source: Loane, Xu & Silcox, Acta Cryst. A47 (1991) 267, doi:10.1107/S0108767391000375; the
    displacements are those of abTEM's `FrozenPhonons`.

    Examples
    --------
    >>> from hrtem_lab.structures import nb3sn
    >>> waves = exit_waves(nb3sn(), B=0.6, configurations=3, sampling=0.1, progress=False)
    >>> len(waves), round(waves.thickness, 3)
    (3, 5.275)
    """
    results = exit_waves_behind(
        atoms,
        B=B,
        configurations=configurations,
        rng=rng,
        repetitions=repetitions,
        tilts=[tilt],
        energy=energy,
        sampling=sampling,
        slice_thickness=slice_thickness,
        max_angle=max_angle,
        device=device,
        progress=progress,
    )
    return next(iter(results.values()))


def exit_waves_behind(
    atoms: Atoms,
    *,
    B: float | Mapping[str, float],
    thicknesses: Sequence[float] | None = None,
    tilts: Sequence[Tilt] = (_UPRIGHT,),
    configurations: int = 16,
    rng: int | np.random.Generator = 0,
    repetitions: int | tuple[int, int, int] = 1,
    energy: float = 80e3,
    sampling: float = 0.02,
    slice_thickness: float = 1.4,
    max_angle: float | None = 50.0,
    device: str = "cpu",
    progress: bool = True,
) -> dict[tuple[float, Tilt], ExitWaves]:
    """Return the exit waves of the same snapshots behind several thicknesses and at several tilts.

    This takes little longer than the greatest thickness at one tilt, because what is slow is to make the
    slices of a snapshot. Ensembles of the same snapshots differ by thickness or tilt alone, not by chance.

    Parameters
    ----------
    thicknesses : sequence of float, optional
        In Å from the entrance surface, each at the end of a slice; by default the specimen's whole height.
    tilts : sequence of (float, float)
        Each as in `exit_wave`, in mrad; one that comes twice counts once.
    atoms, B, configurations, rng, repetitions
        As in `exit_waves`.
    energy, sampling, slice_thickness, max_angle, device, progress
        As in `exit_wave`.

    Returns
    -------
    dict
        (thickness, tilt) → `ExitWaves`, in the order asked for.

    Raises
    ------
    TypeError, ValueError
        As `exit_waves`; or if a thickness is not at the end of a slice.

    Examples
    --------
    >>> from hrtem_lab.structures import nb3sn
    >>> cell = nb3sn()
    >>> options = {"configurations": 2, "sampling": 0.1, "slice_thickness": 5.275 / 4, "progress": False}
    >>> found = exit_waves_behind(
    ...     cell, B=0.6, repetitions=2, thicknesses=[5.275, 10.55], tilts=[(0, 0), (2, 0)], **options
    ... )
    >>> list(found)
    [(5.275, (0.0, 0.0)), (5.275, (2.0, 0.0)), (10.55, (0.0, 0.0)), (10.55, (2.0, 0.0))]
    """
    atoms = specimen(atoms)
    counts = repetitions if isinstance(repetitions, (tuple, list, np.ndarray)) else (1, 1, repetitions)
    atoms = supercell(atoms, counts)
    cells = (int(counts[1]), int(counts[0]))
    sigmas = _displacements(atoms, B)
    settings = Settings.of(
        atoms,
        energy=energy,
        sampling=sampling,
        slice_thickness=slice_thickness,
        max_angle=max_angle,
        device=device,
        tilts=tilts,
        progress=progress,
    )
    if not settings.tilts:
        raise ValueError("tilts must be at least one, got none")
    height = float(atoms.cell.lengths()[2])
    ends = _ends(height, settings.slice_thickness, [height] if thicknesses is None else thicknesses)
    configurations = positive_integer("configurations", configurations)
    seeds = [int(child.integers(2**31)) for child in generator(rng).spawn(configurations)]
    origin = {
        "sigmas": sigmas,
        "configurations": configurations,
        "seed": int(rng) if isinstance(rng, Integral) else "a generator",
    }
    waves: dict[tuple[float, Tilt], list[ExitWave]] = {
        (thickness, tilt): [] for thickness in ends for tilt in settings.tilts
    }
    for thickness, tilt, wave in _snapshots(atoms, sigmas, seeds, settings, ends):
        waves[thickness, tilt].append(wave)
    return {
        key: ExitWaves(
            np.array([wave.array for wave in members]),
            members[0].sampling,
            members[0].energy,
            members[0].thickness,
            {**members[0].provenance, **origin, "tilts": [list(key[1])]},
            cells,
        )
        for key, members in waves.items()
    }


def _snapshots(
    atoms: Atoms,
    sigmas: Mapping[str, float],
    seeds: Sequence[int],
    settings: Settings,
    ends: Mapping[float, int],
) -> Iterator[tuple[float, Tilt, ExitWave]]:
    """Yield thickness, tilt and wave of each snapshot."""
    import abtem  # noqa: PLC0415
    from tqdm.auto import tqdm  # noqa: PLC0415

    lengths = atoms.cell.lengths()
    total = len(seeds) * max(ends.values())
    with tqdm(total=total, disable=not settings.progress, unit="slice", desc="multislice") as bar:
        for seed in seeds:
            phonons = abtem.FrozenPhonons(
                atoms, num_configs=1, sigmas=dict(sigmas), directions="xy", seed=seed
            )
            moved = phonons.randomize(atoms)
            moved.positions[:, :2] %= lengths[:2]
            parts = slices(moved, settings.slice_thickness)
            origin = provenance(atoms, settings, len(parts))
            beams, transmission = Beams(settings, lengths[:2]), TransmissionFunctions(settings, kept=False)
            for count, part in enumerate(parts[: max(ends.values())], start=1):
                beams.pass_through(transmission(part))
                bar.update()
                for thickness, end in ends.items():
                    if count == end:
                        for tilt, array in zip(settings.tilts, beams.arrays, strict=True):
                            yield thickness, tilt, kept(array, lengths, thickness, settings, origin)


def _displacements(atoms: Atoms, B: Any) -> dict[str, float]:
    """Return the standard deviation in Å along one direction for every element."""
    elements = list(dict.fromkeys(atoms.get_chemical_symbols()))
    if isinstance(B, Mapping):
        missing = [element for element in elements if element not in B]
        if missing:
            raise ValueError(
                f"B must have a value for every element of the specimen, got none for {', '.join(missing)}"
            )
        values = {element: non_negative("B", B[element]) for element in elements}
    else:
        values = dict.fromkeys(elements, non_negative("B", B))
    if max(values.values()) > _MOST_B:
        raise ValueError(f"B must be at most {_MOST_B:g} Å², got {max(values.values()):g}")
    return {element: math.sqrt(value / (8 * math.pi**2)) for element, value in values.items()}


def _ends(height: float, slice_thickness: float, thicknesses: Sequence[float]) -> dict[float, int]:
    """Return for each thickness the number of slices that make it."""
    count = math.ceil(height / slice_thickness - 1e-6)
    ends = {}
    for thickness in sequence("thicknesses", thicknesses):
        slices_passed = positive("thickness", thickness) / height * count
        end = round(slices_passed)
        if not (1 <= end <= count and abs(slices_passed - end) < 1e-3):
            raise ValueError(
                "thicknesses must be whole multiples of a slice of "
                f"{height / count:.4g} Å up to {height:.4g} Å, "
                f"got {thickness!r}"
            )
        ends[float(thickness)] = end
    if not ends:
        raise ValueError("thicknesses must be at least one, got none")
    return ends
