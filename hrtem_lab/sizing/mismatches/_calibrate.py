"""The sphere's interval on shapes that no study tests: from these its width was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from hrtem_lab.sizing._evidence.measured import HALF_WIDTH
from hrtem_lab.sizing._sizes import size_precipitate
from hrtem_lab.sizing.mismatches._study import DOSES
from hrtem_lab.sizing.mismatches._table import MISMATCHES
from hrtem_lab.sizing.specimens import CELL, CELLS, THICKNESS
from hrtem_lab.structures import Ellipsoid, Facetted, Sphere, with_inclusions
from hrtem_lab.waves import ExitWave

SEEDS = {"sphere": 101, "ellipsoid": 102, "facetted": 103}
COUNTS = {"sphere": 16, "ellipsoid": 6, "facetted": 6}
RATIO = 1.3  # long over short axis of an ellipsoid
GRID = 64  # pixels of a cell with which the waves are computed
OWN = 5  # one exposure of so many is sized with a reference made of the image's own cells
MIXED = (5, 3, 7)  # steps in the table of mismatches by specimen, dose and draw: all meet one another

Body = Sphere | Ellipsoid | Facetted


@dataclass(frozen=True)
class Calibration:
    """How well the sphere sizes training specimens at one dose.

    Attributes
    ----------
    dose_per_area : float
        In e⁻/Å².
    found : float
        Share of the exposures.
    rms, bias, half_width : float
        Of the diameter in cells; of half the interval, the median. NaN if nothing is found.
    coverage : float
        Share of what is found whose interval holds the truth.
    quantile : float
        Below it are 95 % of the errors, in standard deviations that the sphere states: an interval of so
        many holds 95 % of the truths.
    """

    dose_per_area: float
    found: float
    rms: float
    bias: float
    coverage: float
    half_width: float
    quantile: float

    def __str__(self) -> str:
        return (
            f"{self.dose_per_area:5g} e⁻/Å²: {100 * self.found:3.0f} % found, rms {self.rms:.2f}, "
            f"bias {self.bias:+.2f}, {100 * self.coverage:3.0f} % within ± {self.half_width:.2f} cells; "
            f"95 % within {self.quantile:.2f} deviations"
        )


def training_shapes() -> Iterator[Body]:
    """Yield spheres of 4 to 13 cells, ellipsoids and facetted bodies anywhere in a specimen."""
    rng = np.random.default_rng(SEEDS["sphere"])
    edges = np.linspace(4, 13, COUNTS["sphere"] + 1)
    for low, high in pairwise(edges):
        diameter = rng.uniform(low, high)
        yield Sphere(_place(rng, (diameter,) * 3), diameter)
    rng = np.random.default_rng(SEEDS["ellipsoid"])
    for _ in range(COUNTS["ellipsoid"]):
        diameter = rng.uniform(5, 10.5)
        long = rng.integers(3)
        x, y, z = (diameter * RATIO ** (2 / 3 if axis == long else -1 / 3) for axis in range(3))
        yield Ellipsoid(_place(rng, (x, y, z)), (x, y, z))
    rng = np.random.default_rng(SEEDS["facetted"])
    for _ in range(COUNTS["facetted"]):
        diameter = rng.uniform(4.5, 11)
        yield Facetted(_place(rng, (diameter,) * 3), diameter, wulff_ratio=rng.uniform(0.8, 1.6))


def true_diameter(body: Body) -> float:
    """Return the diameter in cells of a disc of a body's projected area."""
    if isinstance(body, (Sphere, Ellipsoid)):
        return float(2 * np.sqrt(body.half_widths[0] * body.half_widths[1]))
    places = np.linspace(0, CELLS, 100 * CELLS + 1)
    share = (body.half_depth(places[None], places[:, None]) > 0).mean()
    return float(2 * CELLS * np.sqrt(share / np.pi))


def training_specimens() -> Iterator[tuple[ExitWave, float]]:
    """Yield the waves of all training shapes, computed atom by atom, and their true diameters in cells."""
    from hrtem_lab.multislice import exit_wave  # noqa: PLC0415

    grid: dict[str, Any] = {"sampling": CELL / GRID, "slice_thickness": CELL / 2, "max_angle": 32.0}
    for body in training_shapes():
        atoms = with_inclusions(body, cells=(CELLS, CELLS, THICKNESS))
        yield exit_wave(atoms, progress=False, **grid), true_diameter(body)


def calibration(
    specimens: Iterable[tuple[ExitWave, float]],
    *,
    doses: Sequence[float] = DOSES,
    draws: int = 2,
    pixels: int = 512,
) -> list[Calibration]:
    """Return how well the sphere sizes specimens under all mismatches in turn, one row per dose."""
    rows = [row for row in MISMATCHES.values() if not row.vibrating]
    found: list[list[tuple[float, float]]] = [[] for _ in doses]
    number = 0
    for number, (wave, truth) in enumerate(specimens, 1):
        for level, draw in np.ndindex(len(doses), draws):
            dose = doses[level]
            step = (number - 1) * MIXED[0] + level * MIXED[1] + draw * MIXED[2]
            experiment = rows[step % len(rows)].expose(wave, dose, rng=step, pixels=pixels)
            size = size_precipitate(
                None if (number + draw) % OWN == 0 else experiment.reference,
                experiment.image,
                cells=CELLS,
                sampling=experiment.sampling,
                dose_per_area=experiment.dose_per_area,
            )
            if size.detected:
                found[level].append((size.diameter / CELL - truth, (size.high - size.diameter) / CELL))
    return [_summary(dose, pairs, number * draws) for dose, pairs in zip(doses, found, strict=True)]


def _summary(dose: float, pairs: list[tuple[float, float]], exposures: int) -> Calibration:
    if not pairs:
        return Calibration(dose, 0.0, *(5 * [np.nan]))
    error, half = np.array(pairs).T
    return Calibration(
        dose_per_area=dose,
        found=len(pairs) / exposures,
        rms=float(np.sqrt(np.mean(error**2))),
        bias=float(error.mean()),
        coverage=float(np.mean(np.abs(error) <= half)),
        half_width=float(np.median(half)),
        quantile=float(np.quantile(np.abs(error) / (half / HALF_WIDTH), 0.95)),
    )


def _place(rng: np.random.Generator, widths: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return a centre with which a body lies within the specimen."""
    sides = zip(widths, (CELLS, CELLS, THICKNESS), strict=True)
    x, y, z = (float(rng.uniform(width / 2, side - width / 2)) for width, side in sides)
    return x, y, z
