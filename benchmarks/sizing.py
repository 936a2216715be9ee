"""Cell maps and sizes of a 1024² image, compared with a plain loop and with the ideal observer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Row
from benchmarks.timing import milliseconds
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import shot_noise
from hrtem_lab.sizing import (
    IdealSizer,
    PrecipitateSizer,
    cell_map,
    dose_needed,
    load_study,
    precipitate_series,
    study_table,
)

CELLS = 16
PIXELS = 64  # per cell
SAMPLING = 5.275 / PIXELS  # Å
DOSE = 50.0  # e⁻/Å²
DIAMETER = 8

Images = dict[int, NDArray[np.floating]]


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the time of a map and of a size, and what the stored study says of the errors.

    Parameters
    ----------
    quick : bool
        Whether fewer repetitions will do.
    """
    series = precipitate_series(pixels=PIXELS)
    options: dict[str, Any] = {"dose_per_area": DOSE, "sampling": SAMPLING}
    image = shot_noise(series[DIAMETER], rng=1, **options)
    yield _map_row(series[0], image, seconds=1.5 if quick else 8)
    yield _size_row(series, image, options, seconds=1.5 if quick else 8)
    yield from _study_rows()


def _map_row(reference: NDArray, image: NDArray, *, seconds: float) -> Row:
    calls = {
        "ours": partial(cell_map, reference, image, cells=CELLS, metric="sift"),
        "peer": _plain_loop(reference, image),
    }
    times = milliseconds(calls, seconds=seconds)
    return Row(
        what="SIFT map of 256 cells, 1024²",
        ours=times["ours"],
        unit="ms",
        peer=times["peer"],
        peer_name="loop of OpenCV calls on one thread",
        limit=200,
        ratio_limit=1 / 1.6,
    )


def _plain_loop(reference: NDArray, image: NDArray) -> Callable[[], list[float]]:
    """Return a call that makes the same map cell by cell, on one thread; keypoints are found only once."""
    options = METRICS["sift"].options
    detector = cv2.SIFT_create(  # type: ignore[attr-defined]
        nOctaveLayers=options["octave_layers"],
        contrastThreshold=options["contrast_threshold"],
        edgeThreshold=options["edge_threshold"],
        sigma=options["sigma"],
    )
    low, contrast = float(reference.min()), float(np.ptp(reference))

    def grey(pixels: NDArray) -> NDArray[np.uint8]:
        return np.clip(np.rint((pixels - low) / contrast * 255), 0, 255).astype(np.uint8)

    def described(pixels: NDArray, keypoints: Any) -> NDArray[np.floating]:
        found = detector.compute(grey(pixels), keypoints)[1]
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)

    def loop() -> list[float]:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            unit = reference[:PIXELS, :PIXELS]
            keypoints = detector.detect(grey(unit), None)
            expected = described(unit, keypoints)
            return [
                float(np.linalg.norm(expected - described(image[y:, x:][:PIXELS, :PIXELS], keypoints)))
                for y in range(0, image.shape[0], PIXELS)
                for x in range(0, image.shape[1], PIXELS)
            ]
        finally:
            cv2.setNumThreads(threads)

    return loop


def _size_row(series: Images, image: NDArray, options: dict[str, Any], *, seconds: float) -> Row:
    calls = {
        "ours": partial(PrecipitateSizer(series[0], cells=CELLS, **options), image),
        "peer": partial(IdealSizer(series, cells=CELLS, **options), image),
    }
    times = milliseconds(calls, seconds=seconds)
    return Row(
        what="size by spheres, 1024²",
        ours=times["ours"],
        unit="ms",
        peer=times["peer"],
        peer_name="ideal observer, 14 diameters",
    )


def _study_rows() -> Iterator[Row]:
    """Yield the errors and doses of the stored study for which there is a target."""
    study = load_study()
    sphere = study_table(study).sel({"method": "sphere"})
    parts = {
        "≥ 1 000 e⁻/nm², diameter ≥ 4": (
            sphere.sel(diameter=slice(4, None), dose_per_area=slice(10, None)),
            0.5,
        ),
        "200 e⁻/nm², diameter ≥ 8": (sphere.sel(diameter=slice(8, None), dose_per_area=2), 1.0),
    }
    for where, (part, limit) in parts.items():
        name = f"sphere, {where}: largest"
        yield Row(what=f"{name} rms error", ours=float(part.rms_error.max()), unit="cells", limit=limit)
        missed = 100 * (1 - float(part.detection_rate.min()))
        yield Row(what=f"{name} share missed", ours=missed, unit="%", limit=5)
    part = sphere.sel(diameter=slice(4, None), dose_per_area=slice(10, None))
    yield Row(
        what="sphere, ≥ 1 000 e⁻/nm², diameter ≥ 4: largest bias",
        ours=float(np.abs(part.bias).max()),
        unit="cells",
        limit=0.25,
    )
    wrong = float(sphere.misclassified_share.sel(diameter=slice(4, None), dose_per_area=50).max())
    yield Row(what="sphere, 5 000 e⁻/nm²: wrong cells of the true ones", ours=100 * wrong, unit="%", limit=2)
    alarms = float(sphere.false_alarm_rate.max())
    yield Row(what="sphere: pristine images with one found", ours=100 * alarms, unit="%", limit=5)
    needed = 100 * dose_needed(study)
    for method, ratio_limit in (("sphere", 3.0), ("paper_optimised", None), ("fixed", None)):
        for diameter in (4, 6, 8):
            yield Row(
                what=f"{method}, diameter {diameter}: dose at which 95 % are found",
                ours=float(needed.loc[method, diameter]),
                unit="e⁻/nm²",
                peer=float(needed.loc["ideal", diameter]),
                peer_name="ideal observer",
                ratio_limit=ratio_limit,
            )
