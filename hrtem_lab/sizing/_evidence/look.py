"""From an image's channels to a size: the search for spheres, one after another, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.sizing._evidence.channels import CellChannels
from hrtem_lab.sizing._evidence.explained import Exposed
from hrtem_lab.sizing._evidence.measured import Sphere, best_of, distance, refined
from hrtem_lab.sizing._evidence.posterior import log_mean
from hrtem_lab.sizing._evidence.smooth import (
    LEAST_ROOM,
    change_evidence,
    polynomials,
    round_bowl,
    scatter,
)
from hrtem_lab.sizing._evidence.spheres import SphereGrid, Weighed, courses_of
from hrtem_lab.sizing._method import PreparedSizer
from hrtem_lab.sizing._outcome import Precipitate, Size

Floats = NDArray[np.float64]

MISFIT = 0.1
"""Part of the evidence for the first precipitates that what they leave unexplained may look like another."""
APART = 0.5
"""Cells that two precipitates must be apart, seen along the beam."""
REMARKABLE = 10.0
"""Natural logarithm of the evidence for a change of the crystal that is worth a word."""
CHANGE = 0.02
"""Part of the crystal's contrast that such a change has at least."""
UNLIKELY = -10.0
"""Natural logarithm of the evidence for a change below which it is not looked into."""
RESTLESS = 1.3
"""Scatter of the cells, in units of that of their electrons, that is worth a word."""
FILLING = 0.8
"""Part of the field's side beyond which a precipitate leaves too little beside it."""
CUT = 0.25
"""Cells of a precipitate beyond the edge that are worth a word."""
NEAR, FAR = 1.0, 2.0
"""Cells beyond a precipitate's rim up to which the crystal is not quite its own."""


@dataclass(frozen=True)
class Exposure:
    """What an image's noise is taken for.

    Attributes
    ----------
    channels : CellChannels
        For that noise.
    dose_per_area, dose_error : float
        In e⁻/Å², and its standard error.
    problems : tuple of str
        What is wrong with the dose that was given.
    """

    channels: CellChannels
    dose_per_area: float
    dose_error: float
    problems: tuple[str, ...]


class Look:
    """One image on its way to a size.

    Parameters
    ----------
    sizer : PreparedSizer
        Whose answer it is.
    image : numpy.ndarray, shape (rows, columns)
    exposure : Exposure
    grid : SphereGrid
        The spheres that are tried.
    most : int
        Precipitates that are looked for.
    has_reference : bool
        Whether the crystal is known, and not only the image's own cell.
    """

    def __init__(
        self,
        sizer: PreparedSizer,
        image: NDArray[np.floating],
        exposure: Exposure,
        *,
        grid: SphereGrid,
        most: int,
        has_reference: bool,
    ) -> None:
        self.sizer, self.exposure, self.grid = sizer, exposure, grid
        self.most, self.has_reference = most, has_reference
        self.cells, self.depth = grid.cells, grid.depth
        self.basis = polynomials(self.cells)
        self.bowl = round_bowl(self.cells)
        values, self.variances = exposure.channels(image)
        self.values = values.T
        self.noise = self.variances.mean(axis=0, dtype=float)
        per_cell = self.variances.mean(axis=1, dtype=float)
        self.electrons = per_cell / max(per_cell.mean(), np.finfo(float).tiny)
        self.image = self._scaled(scatter(self.values, self.basis))

    def size(self) -> Size:
        """Return what is found in the image."""
        total, nuisance, weighed = self._search()
        probability = _cell_probability(weighed, self.cells)
        if total <= -np.log(self.sizer.conditions.false_alarm):
            outside = self._fit(nuisance, np.zeros(self.cells, bool))[1]
            return replace(
                self.sizer.nothing(probability, 0.5, evidence=total),
                problems=(*self.exposure.problems, *self._about_reference([]), *_about_scatter(outside)),
                fit_outside=outside,
            )
        spheres = self._spheres(nuisance, weighed)
        found = [self._precipitate(sphere) for sphere in spheres]
        mask = np.any([one.mask for one in found], axis=0)
        for sphere in spheres[1:]:
            probability = np.maximum(probability, sphere.covers(self.cells))
        courses = self._courses(spheres, nuisance)
        inside, outside = self._fit(np.hstack([nuisance, courses]), mask)
        first = found[0]
        size = self.sizer.found(
            diameter=first.diameter,
            low=first.low,
            high=first.high,
            mask=mask,
            map=probability,
            threshold=0.5,
            evidence=total,
        )
        return replace(
            size,
            precipitates=tuple(found),
            center=first.center,
            problems=(
                *self.exposure.problems,
                *self._about_reference(spheres),
                *_about_scatter(outside),
                *dict.fromkeys(problem for sphere in spheres for problem in self._about_sphere(sphere)),
            ),
            fit_inside=inside,
            fit_outside=outside,
        )

    def _search(self) -> tuple[float, Floats, list[Weighed]]:
        """Return the evidence for a sphere, the unknown courses that it leaves, and all spheres with them.

        The crystal may be exactly the reference, have changed everywhere alike, or smoothly: all are weighed.
        """
        coefficients, cells = self.image.channels @ self.basis, len(self.basis)
        alike = self.basis[:, :1]
        if not self.has_reference:
            # What all cells have in common is the reference: only a course over the cells is a change.
            nuisances = [alike, self.basis]
            changes = np.array([0.0, self._courses_evidence(coefficients, cells)])
        else:
            nuisances = [self.basis[:, :0], alike, self.basis]
            changes = np.array([0.0, *self._changes(coefficients, cells)])
        worth = changes > UNLIKELY  # what has changed so little explains nothing that the reference does not
        nuisances = [one for one, chosen in zip(nuisances, worth, strict=True) if chosen]
        weighed_with = self.grid.weigh(self.image, nuisances)
        joint = changes[worth] + np.transpose([_total(weighed) for weighed in weighed_with])
        totals = np.logaddexp.reduce(joint, axis=1) - np.logaddexp.reduce(changes)
        likely = int(joint[1].argmax())
        return float(totals.min()), nuisances[likely], weighed_with[likely]

    def _changes(self, coefficients: NDArray[np.floating], cells: int) -> tuple[float, float]:
        """Return the logarithms of the evidence that all cells have changed alike, or smoothly.

        An offset may be much stronger than a course over the cells, or absent: each has its own strength.
        """
        alike = change_evidence(coefficients[:, :1], self.image.prior, cells)
        return alike, log_mean([0.0, alike]) + self._courses_evidence(coefficients, cells)

    def _courses_evidence(self, coefficients: NDArray[np.floating], cells: int) -> float:
        """Return the logarithm of the evidence that the cells have changed along a course over them.

        Along any of the polynomials alone, a ramp, a bowl, or all of them; a round bowl, which looks most
        like a large sphere, is one of its own.
        """
        courses = [coefficients[:, number, None] for number in range(1, coefficients.shape[1])]
        courses += [coefficients[:, 1:3], coefficients[:, 3:], coefficients[:, 1:]]
        courses.append((coefficients @ self.bowl)[:, None])
        prior = self.image.prior
        return log_mean([change_evidence(course, prior, cells) for course in courses if course.shape[1]])

    def _spheres(self, nuisance: Floats, weighed: list[Weighed]) -> list[Sphere]:
        """Return all spheres, the strongest first, each measured beside the others."""
        rate = self.sizer.conditions.false_alarm
        start = best_of(weighed)
        self._rescale([start])
        spheres = [self._refined(start, nuisance, [])]
        while len(spheres) < self.most:
            courses = self._courses(spheres, nuisance)
            (weighed,) = self.grid.weigh(self.image, [nuisance], further=courses)
            further = [one for one in (apart(one, spheres) for one in weighed) if len(one.centers)]
            if not further:
                break
            explained = sum(max(sphere.evidence, 0.0) for sphere in spheres)
            if min(_total(further)) <= -np.log(rate) + MISFIT * explained:
                break
            spheres.append(self._refined(best_of(further), nuisance, spheres))
            self._rescale(spheres)
            spheres = [
                self._refined(one, nuisance, [other for other in spheres if other is not one])
                for one in spheres
            ]
        return sorted(spheres, key=lambda one: -one.evidence)

    def _refined(self, start: Sphere, nuisance: Floats, others: list[Sphere]) -> Sphere:
        unknown = np.hstack([nuisance, self._courses(others, nuisance)])
        return refined(start, self.image, unknown.astype(np.float32), self.cells, self.depth)

    def _rescale(self, spheres: list[Sphere]) -> None:
        """Measure the scatter again, in the cells beside the spheres, where there are enough."""
        away = self._beside(spheres, NEAR)
        if away.sum() >= LEAST_ROOM:
            self.image = self._scaled(scatter(self.values[:, away], self.basis[away]))

    def _scaled(self, scale: Floats) -> Exposed:
        return Exposed(
            channels=(self.values / scale[:, None]).astype(np.float32),
            prior=self.exposure.channels.prior / scale**2,
            electrons=self.electrons,
            noise=self.noise / scale**2,
        )

    def _courses(self, spheres: list[Sphere], nuisance: Floats) -> Floats:
        """Return orthonormal courses of spheres, orthogonal to the unknown ones, shape (cells, courses)."""
        if not spheres:
            return self.basis[:, :0]
        stack = courses_of([(one.diameter, *one.center) for one in spheres], self.cells, self.depth)
        courses = stack.reshape(-1, stack.shape[-1]).T.astype(float)
        courses = courses - nuisance @ (nuisance.T @ courses)
        left, values, _ = np.linalg.svd(courses, full_matrices=False)
        return np.asarray(left[:, values > 1e-3 * max(values[0], np.finfo(float).tiny)])

    def _precipitate(self, sphere: Sphere) -> Precipitate:
        cell = self.sizer.conditions.cell
        low, high = sphere.interval
        height, width = (
            size / count * step
            for size, count, step in zip(
                self.sizer.conditions.shape,
                self.cells,
                _validation.pixel_size("sampling", self.sizer.conditions.sampling),
                strict=True,
            )
        )
        return Precipitate(
            diameter=sphere.diameter * cell,
            low=low * cell,
            high=high * cell,
            center=(sphere.center[0] * height, sphere.center[1] * width),
            mask=sphere.covers(self.cells),
            evidence=sphere.evidence,
        )

    def _fit(self, unknown: Floats, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the reduced χ² of the cells under a mask and of all others."""
        rest = self.values - (self.values @ unknown) @ unknown.T
        freedom = 1 - (unknown**2).sum(axis=1)
        found = []
        for chosen in (mask.ravel(), ~mask.ravel()):
            expected = float(freedom[chosen] @ self.variances.sum(axis=1, dtype=float)[chosen])
            squares = float((rest[:, chosen].astype(float) ** 2).sum())
            found.append(squares / expected if expected > 0 else np.nan)
        return found[0], found[1]

    def _about_reference(self, spheres: list[Sphere]) -> tuple[str, ...]:
        """Return what is wrong with the crystal beside the precipitates."""
        problems = []
        away = self._beside(spheres, FAR)
        if self.has_reference and away.sum() >= LEAST_ROOM:
            basis, _ = np.linalg.qr(self.basis[away])
            coefficients = self.image.channels[:, away] @ basis
            contrast = float(self.image.prior.sum()) * int(away.sum())
            squares = float((coefficients**2 - 1).sum())
            part = float(np.sqrt(max(squares, 0) / contrast)) if contrast > 0 else 0.0
            if part > CHANGE and max(self._changes(coefficients, int(away.sum()))) > REMARKABLE:
                problems.append(
                    f"the reference does not fit: the crystal differs from it by {100 * part:.0f} % of its "
                    "contrast; what changes smoothly is left out"
                )
        return tuple(problems)

    def _beside(self, spheres: list[Sphere], margin: float) -> NDArray[np.bool_]:
        """Return which cells lie further than a margin from all spheres, row by row."""
        away = np.ones(self.cells, bool)
        for sphere in spheres:
            away &= distance(sphere.center, self.cells) > sphere.diameter / 2 + margin
        return away.ravel()

    def _about_sphere(self, sphere: Sphere) -> tuple[str, ...]:
        radius, problems = sphere.diameter / 2, []
        beyond = max(
            max(radius - place, place + radius - count)
            for place, count in zip(sphere.center, self.cells, strict=True)
        )
        if beyond > CUT:
            problems.append("the precipitate is cut by the edge of the image")
        if sphere.diameter > FILLING * min(self.cells):
            problems.append("the precipitate fills the field: too little crystal is beside it")
        return tuple(problems)


def _about_scatter(fit: float) -> tuple[str, ...]:
    """Return what is wrong with cells whose reduced χ² is this."""
    if not fit > RESTLESS**2:
        return ()
    return (f"the cells scatter {np.sqrt(fit):.2g} times as much as their electrons",)


def _total(weighed: list[Weighed]) -> tuple[float, float]:
    """Return the mean evidence of all diameters and places, as logarithms at known and at fitted noise."""
    totals = []
    for kind in ("at_known_noise", "at_fitted_noise"):
        by_diameter: dict[float, list[float]] = {}
        for one in weighed:
            by_diameter.setdefault(one.diameter, []).append(log_mean(getattr(one, kind)))
        totals.append(log_mean([log_mean(values) for values in by_diameter.values()]))
    return totals[0], totals[1]


def apart(weighed: Weighed, spheres: list[Sphere]) -> Weighed:
    """Return those spheres that do not overlap others, seen along the beam."""
    free = np.ones(len(weighed.centers), bool)
    for sphere in spheres:
        away = np.hypot(*(weighed.centers - sphere.center).T)
        free &= away >= (weighed.diameter + sphere.diameter) / 2 + APART
    return Weighed(
        weighed.diameter, weighed.centers[free], weighed.at_known_noise[free], weighed.at_fitted_noise[free]
    )


def _cell_probability(weighed: list[Weighed], cells: tuple[int, int]) -> Floats:
    """Return the probability of each cell to be part of the precipitate, if there is one."""
    greatest = max(one.at_fitted_noise.max() for one in weighed)
    total, norm = np.zeros(cells), 0.0
    for one in weighed:
        weights = np.exp(one.at_fitted_noise - greatest).sum(axis=1) / one.at_fitted_noise.size
        norm += weights.sum()
        for place in np.flatnonzero(weights > 1e-3 * weights.max()):
            if weights[place] > 1e-6:
                total += weights[place] * (distance(one.centers[place], cells) <= one.diameter / 2)
    return np.asarray(total / max(norm, np.finfo(float).tiny))
