"""From the evidence of all spheres to the size of one, with an interval that holds off the model, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.sizing._evidence.explained import Exposed
from hrtem_lab.sizing._evidence.posterior import log_mean
from hrtem_lab.sizing._evidence.spheres import Weighed, courses_of, weigh_some

Floats = NDArray[np.float64]

MODEL_ERROR = 0.006
"""Relative size of the part of a precipitate's image that no sphere of the model explains: unlike noise, it
does not shrink with the dose. `python -m hrtem_lab.sizing calibrate` measures this and the next three."""
LEAST_DEVIATION = 0.3
"""Standard deviation in cells that a diameter has from what the model leaves aside, at any dose."""
FAINT = 5.0
"""Part of the diameter, over its evidence, that is added: little evidence is not normally distributed."""
HALF_WIDTH = 2.2
"""Half the 95 % interval, in standard deviations: 0.95 of the training specimens lie within."""
STEPS = 8
"""Diameters that are tried on either side of a sphere's."""
LEAST_REACH, REACH = 2.0, 0.15
"""How far they reach: so many cells, or this part of the diameter, or three standard deviations."""
SMALLEST = 0.75
NEAR = np.stack(np.meshgrid(*2 * [np.arange(-1, 2) / 4], indexing="ij"), axis=-1).reshape(-1, 2)
AROUND = np.stack(np.meshgrid(*2 * [np.arange(-2, 3) / 4], indexing="ij"), axis=-1).reshape(-1, 2)
"""Displacements of a centre that are tried, in cells."""


@dataclass(frozen=True)
class Sphere:
    """A sphere that explains an image well.

    Attributes
    ----------
    diameter, deviation : float
        In cells: the mean of the diameters, weighed by their evidence, and their standard deviation.
    center : (float, float)
        In cells from the corner, (down, right).
    evidence : float
        Natural logarithm of its evidence at known noise.
    """

    diameter: float
    deviation: float
    center: tuple[float, float]
    evidence: float

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the 95 % interval in cells."""
        faint = FAINT * self.diameter / max(self.evidence, FAINT)
        half = HALF_WIDTH * float(np.sqrt(self.deviation**2 + LEAST_DEVIATION**2 + faint**2))
        return max(self.diameter - half, 0.0), self.diameter + half

    def covers(self, cells: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the cells whose middle lies under the sphere."""
        return distance(self.center, cells) <= self.diameter / 2


def distance(center: Sequence[float], cells: tuple[int, int]) -> Floats:
    """Return how far the middle of each cell is from a place, in cells."""
    y, x = (np.arange(count) + 0.5 - place for count, place in zip(cells, center, strict=True))
    return np.hypot(y[:, None], x)


def best_of(weighed: Sequence[Weighed]) -> Sphere:
    """Return the best of all spheres that were tried, with the spread of the diameters among them."""
    evidence = max(float(one.at_known_noise.max()) for one in weighed)
    weakened = _weakness(evidence)
    by_diameter: dict[float, list[float]] = {}
    for one in weighed:
        by_diameter.setdefault(one.diameter, []).append(log_mean(one.at_fitted_noise / weakened))
    logarithms = np.array([log_mean(values) for values in by_diameter.values()])
    _, deviation = _moments(np.array(list(by_diameter)), logarithms)
    likely = list(by_diameter)[int(logarithms.argmax())]
    best = max((one for one in weighed if one.diameter == likely), key=lambda one: one.at_fitted_noise.max())
    place = int(best.at_fitted_noise.max(axis=1).argmax())
    down, right = best.centers[place]
    return Sphere(likely, deviation, (float(down), float(right)), float(best.at_known_noise[place].max()))


def refined(
    start: Sphere, image: Exposed, nuisance: NDArray[np.floating], cells: tuple[int, int], depth: int
) -> Sphere:
    """Return the size and place of a sphere in parts of a cell, from a start that is about right."""

    def weigh(diameters: Floats, centers: Floats) -> tuple[Floats, Floats]:
        spheres = np.column_stack([diameters, centers])
        courses = courses_of([tuple(one) for one in spheres.tolist()], cells, depth)
        return weigh_some(image, courses, nuisance)

    centers = np.array(start.center) + AROUND
    _, fitted = weigh(np.full(len(centers), start.diameter), centers)
    center = centers[fitted.max(axis=1).argmax()]
    reach = max(LEAST_REACH, REACH * start.diameter, 3 * start.deviation)
    largest = min(start.diameter + reach, min(cells) + 1)
    diameters = np.linspace(max(start.diameter - reach, SMALLEST), largest, 2 * STEPS + 1)
    places = np.tile(center + NEAR, (len(diameters), 1))
    known, fitted = weigh(np.repeat(diameters, len(NEAR)), places)
    evidence = float(known.max())
    weakened = (fitted / _weakness(evidence)).reshape(len(diameters), -1)
    diameter, deviation = _moments(diameters, np.array([log_mean(one) for one in weakened]))
    down, right = places[fitted.max(axis=1).argmax()]
    return Sphere(diameter, deviation, (float(down), float(right)), evidence)


def _weakness(evidence: float) -> float:
    """Return by how much logarithms of evidence are divided for the model's error."""
    return 1 + 2 * MODEL_ERROR**2 * max(evidence, 0.0)


def _moments(diameters: Floats, logarithms: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of a diameter, each weighed by its evidence."""
    weights = np.exp(logarithms - logarithms.max())
    weights /= weights.sum()
    mean = float(weights @ diameters)
    return mean, float(np.sqrt(weights @ (diameters - mean) ** 2))
