"""From the evidence of all spheres to the size of one, with an interval that holds off the model, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.sizing._evidence.spheres import Exposed, Weighed, courses_of, weigh_some

Floats = NDArray[np.float64]

MODEL_ERROR = 0.02
"""Relative size of the part of a precipitate's image that no sphere of the model explains: unlike noise, it
does not shrink with the dose. `python -m hrtem_lab.sizing calibrate` measures this and the next two."""
LEAST_DEVIATION = 0.2
"""Standard deviation in cells that a diameter has from what the model leaves aside, at any dose."""
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
        half = HALF_WIDTH * float(np.hypot(self.deviation, LEAST_DEVIATION))
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
    best = max(weighed, key=lambda one: one.at_fitted_noise.max())
    place = int(best.at_fitted_noise.max(axis=1).argmax())
    by_diameter: dict[float, float] = {}
    for one in weighed:
        greatest = float(one.at_fitted_noise.max())
        by_diameter[one.diameter] = max(by_diameter.get(one.diameter, -np.inf), greatest)
    down, right = best.centers[place]
    evidence = float(best.at_known_noise[place].max())
    _, deviation = _moments(np.array(list(by_diameter)), np.array(list(by_diameter.values())), evidence)
    return Sphere(best.diameter, deviation, (float(down), float(right)), evidence)


def refined(
    start: Sphere, image: Exposed, nuisance: NDArray[np.floating], cells: tuple[int, int], depth: int
) -> Sphere:
    """Return the size and place of a sphere in parts of a cell, from a start that is about right."""

    def weigh(diameters: Floats, centers: Floats) -> tuple[Floats, Floats]:
        spheres = np.column_stack([diameters, centers])
        courses = courses_of([tuple(one) for one in spheres.tolist()], cells, depth)
        known, fitted = weigh_some(image, courses, np.pi / 4 * diameters**2, nuisance)
        return known.max(axis=1), fitted.max(axis=1)

    centers = np.array(start.center) + AROUND
    center = centers[weigh(np.full(len(centers), start.diameter), centers)[1].argmax()]
    reach = max(LEAST_REACH, REACH * start.diameter, 3 * start.deviation)
    diameters = np.linspace(max(start.diameter - reach, SMALLEST), start.diameter + reach, 2 * STEPS + 1)
    places = np.tile(center + NEAR, (len(diameters), 1))
    known, fitted = weigh(np.repeat(diameters, len(NEAR)), places)
    best = int(fitted.argmax())
    evidence = float(known[best])
    diameter, deviation = _moments(diameters, fitted.reshape(len(diameters), -1).max(axis=1), evidence)
    down, right = places[best]
    return Sphere(diameter, deviation, (float(down), float(right)), evidence)


def _moments(diameters: Floats, evidence: Floats, whole: float) -> tuple[float, float]:
    """Return mean and standard deviation of a diameter, the evidence weakened for the model's error."""
    tempered = evidence / (1 + 2 * MODEL_ERROR**2 * max(whole, 0.0))
    weights = np.exp(tempered - tempered.max())
    weights /= weights.sum()
    mean = float(weights @ diameters)
    return mean, float(np.sqrt(weights @ (diameters - mean) ** 2))
