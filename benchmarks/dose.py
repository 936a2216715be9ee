"""Shot noise compared with NumPy's random generator alone, and a study by dose on one core and on all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.table import Row
from benchmarks.timing import milliseconds
from hrtem_lab._parallel import worker_count
from hrtem_lab.dose import Sweep
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector, counts_per_pixel, shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å, Nb₃Sn
SIDES = (128, 512, 1024)
DOSE = 50.0  # e⁻/Å²
DOSES = tuple(float(dose) for dose in np.geomspace(0.1, 500, 12))
REPEATS = 20
FIRST = 2 * len(DOSES)
"""Exposures for the first points of the curves: one of each material at each dose."""


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the time of shot noise for images of three sizes, then that of the default study by dose.

    Parameters
    ----------
    quick : bool
        Whether fewer repetitions will do.
    """
    for side in SIDES:
        yield _noise_row(side, seconds=1 if quick else 6)
    yield from _study_rows(turns=1 if quick else 3)


def _noise_row(side: int, *, seconds: float) -> Row:
    sampling = 4 * CELL / side
    image = form_image(load_exit_wave("nb3sn"), shape=side, field_of_view=4 * CELL)
    rng = np.random.default_rng(1)
    ours = partial(shot_noise, image, dose_per_area=DOSE, sampling=sampling, rng=rng)
    expected = np.multiply(image, counts_per_pixel(DOSE, sampling=sampling), dtype=np.float64)
    times = milliseconds({"ours": ours, "peer": partial(rng.poisson, expected)}, seconds=seconds)
    return Row(
        what=f"shot noise {side}²",
        ours=times["ours"],
        unit="ms",
        peer=times["peer"],
        peer_name="Generator.poisson alone",
        ratio_limit=1.2,
    )


def _study_rows(*, turns: int) -> Iterator[Row]:
    """Time the study on all cores and on one core in turn; the workers have started before."""
    cores = worker_count()
    _seconds(cores)
    durations = [(*_seconds(cores), _seconds(1)[1]) for _ in range(turns)]
    first, everything, alone = map(statistics.median, zip(*durations, strict=True))
    yield Row(
        what=f"12 doses × 20 draws × {len(METRICS)} metrics × 2 crystals, 128²",
        ours=everything,
        unit="s",
        peer=alone,
        peer_name=f"one worker (here {cores})",
        limit=15,
        ratio_limit=1 / 1.7,
    )
    yield Row(what="its first points", ours=first, unit="s", limit=1)


def _seconds(workers: int) -> tuple[float, float]:
    """Return the seconds until a sweep has one exposure of each image at each dose, and until it has all."""
    wave = load_exit_wave("nb3sn")
    images = {
        name: form_image(load_exit_wave(name), shape=128, field_of_view=wave.field_of_view)
        for name in ("nb3sn", "zro2")
    }
    sweep = Sweep(
        list(METRICS),
        images["nb3sn"],
        images,
        DOSES,
        repeats=REPEATS,
        detector=Detector(sampling=CELL / 32),
        rng=1,
    )
    start, first = time.perf_counter(), 0.0
    for done in sweep.run(workers=workers):
        if not first and done >= FIRST:
            first = time.perf_counter() - start
    return first, time.perf_counter() - start
