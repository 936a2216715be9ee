"""Image formation compared with abTEM's, and the time of an import."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.table import Row
from benchmarks.timing import milliseconds
from hrtem_lab.simulation import ExitWave, ExitWaves, form_image, load_exit_wave

PIXELS = 512
LENS = {"semiangle_cutoff": 30.0, "defocus": 50.0}
SPECIMENS = {"crystal, 4 × 4 cells": "nb3sn", "precipitate, 16 × 16 cells": "precipitate-06"}
ENSEMBLES = {
    "16 snapshots": {},
    "16 snapshots, spread of focus": {"focal_spread": 60.0},
    "16 snapshots, spreads of focus and angle": {"focal_spread": 60.0, "angular_spread": 0.3},
}
IMPORTS = {
    "import hrtem_lab": "import hrtem_lab",
    "the same with metrics and simulation": "import hrtem_lab.metrics, hrtem_lab.simulation",
}


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the time of an image of each specimen, and of the import.

    Parameters
    ----------
    quick : bool
        Whether fewer repetitions will do.
    """
    for label, name in SPECIMENS.items():
        yield _image_row(label, load_exit_wave(name), seconds=1 if quick else 6)
    for label, lens in ENSEMBLES.items():
        yield _ensemble_row(label, lens, seconds=1 if quick else 6)
    for what, statement in IMPORTS.items():
        yield _import_row(what, statement, repetitions=5 if quick else 15)


def _image_row(label: str, wave: ExitWave, *, seconds: float) -> Row:
    ours: Callable[[], Any] = partial(form_image, wave, shape=PIXELS, **LENS)
    peer = _abtem(wave)
    difference = np.linalg.norm(ours() - peer()) / np.linalg.norm(peer())
    if difference > 1e-4:
        raise RuntimeError(f"the two images of {label} must be the same, they differ by {difference:.2g}")
    times = milliseconds({"ours": ours, "peer": peer}, seconds=seconds)
    return Row(
        what=f"form_image 512², {label}",
        ours=times["ours"],
        unit="ms",
        peer=times["peer"],
        peer_name="abTEM apply_ctf + intensity",
        limit=30,
    )


def _ensemble_row(label: str, lens: dict[str, float], *, seconds: float) -> Row:
    """Return the time of a crystal's mean image; its snapshots stand for thermal ones of 4 × 4 cells."""
    cell = load_exit_wave("nb3sn").array
    block = np.tile(_resampled(cell, (15, 15)), (4, 4))
    rng = np.random.default_rng(0)
    snapshots = block + 0.05 * (rng.normal(size=(16, *block.shape, 2)) @ [1, 1j])
    waves = ExitWaves(snapshots, 5.275 / 15, 80e3, 211.0, cells=(4, 4))
    ours = partial(form_image, waves, shape=PIXELS, **LENS, **lens)
    return Row(
        what=f"form_image 512², {label}",
        ours=milliseconds({"ours": ours}, seconds=seconds)["ours"],
        unit="ms",
        limit=60 if lens else 30,
    )


def _abtem(wave: ExitWave) -> Callable[[], Any]:
    """Return a call that makes the same image with abTEM, from a wave that already has the image's pixels."""
    import abtem

    repeats = [round(view / extent) for view, extent in zip(wave.field_of_view, wave.extent, strict=True)]
    pixels = [PIXELS // count for count in repeats]
    array = np.tile(_resampled(wave.array, (pixels[0], pixels[1])), repeats).astype(np.complex64)
    sampling = tuple(length / PIXELS for length in wave.field_of_view)
    # abTEM's arrays are (x, y).
    waves = abtem.Waves(np.ascontiguousarray(array.T), sampling=sampling[::-1], energy=wave.energy)
    return lambda: waves.apply_ctf(abtem.CTF(soft=False, **LENS)).intensity().array.T


def _resampled(array: Any, shape: tuple[int, int]) -> Any:
    """Return a periodic array on another grid, which holds all its frequencies inside the aperture."""
    spectrum = np.fft.fft2(array, norm="forward")
    resized = np.zeros(shape, complex)
    orders = [np.fft.fftfreq(n, 1 / n).astype(int) for n in array.shape]
    kept = [order[abs(order) < size / 2] for order, size in zip(orders, shape, strict=True)]
    resized[np.ix_(*kept)] = spectrum[np.ix_(*kept)]
    return np.fft.ifft2(resized, norm="forward")


def _import_row(what: str, statement: str, *, repetitions: int) -> Row:
    ours, peer = [], []
    for _ in range(repetitions + 1):
        ours.append(_seconds_in_fresh_python(statement))
        peer.append(_seconds_in_fresh_python("import numpy"))
    return Row(
        what=what,
        ours=statistics.median(ours[1:]),
        unit="s",
        peer=statistics.median(peer[1:]),
        peer_name="import numpy",
        limit=0.5,
    )


def _seconds_in_fresh_python(statement: str) -> float:
    timed = f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
    done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
    return float(done.stdout)
