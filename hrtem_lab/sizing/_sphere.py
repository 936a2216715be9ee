"""The sphere: every sphere of a whole diameter, anywhere in the image, weighed by its evidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.sizing._evidence.channels import cell_channels
from hrtem_lab.sizing._evidence.posterior import interval, log_mean
from hrtem_lab.sizing._evidence.spheres import all_spheres, evidence
from hrtem_lab.sizing._method import CELL_PROBABILITY, Conditions, PreparedSizer, SizingMethod
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing.specimens import THICKNESS
from hrtem_lab.waves import wavelength

Floats = NDArray[np.float64]

MOST_CELLS = 32
"""Cells along one side for which all spheres fit into memory: it grows with the fifth power."""


class SphereSizer(PreparedSizer):
    """Weighs the evidence of every sphere.

    Parameters
    ----------
    reference : numpy.ndarray, shape (rows, columns)
        The pristine image, nowhere negative.
    conditions : Conditions
        Of all images.
    thickness, half_cells, semiangle_cutoff, energy
        As for `size_precipitate`.
    """

    method = "sphere"

    def __init__(
        self,
        reference: NDArray[np.floating],
        conditions: Conditions,
        *,
        thickness: int = THICKNESS,
        half_cells: bool = False,
        semiangle_cutoff: float = 30.0,
        energy: float = 80e3,
    ) -> None:
        super().__init__(conditions)
        cells = conditions.cells
        if max(cells) > MOST_CELLS:
            raise ValueError(
                f"cells must be at most {MOST_CELLS} each way for method={self.method!r}, got {max(cells)}"
            )
        depth = _validation.positive_integer("thickness", thickness)
        max_frequency = 2e-3 * _validation.positive("semiangle_cutoff", semiangle_cutoff) / wavelength(energy)
        self._spheres = all_spheres(cells, depth, half_cells=bool(half_cells))
        self._channels = cell_channels(
            reference,
            cells=cells,
            counts=conditions.counts,
            sampling=conditions.sampling,
            max_frequency=max_frequency,
        )

    def __call__(self, image: NDArray[np.floating]) -> Size:
        """Return what the method says about an image."""
        channels, variances = self._channels(image)
        at_known_noise, at_fitted_noise = evidence(channels, variances, self._channels.prior, self._spheres)
        total = log_mean([log_mean(one) for one in at_known_noise])
        greatest = max(one.max() for one in at_fitted_noise)
        weights = [np.exp(one - greatest) for one in at_fitted_noise]
        cell_probability = self._cell_probability(weights)
        if total <= -np.log(self.conditions.false_alarm):
            return self.nothing(cell_probability, 0.5, evidence=total)
        by_diameter = np.array([weight.mean() for weight in weights])
        probability = by_diameter / by_diameter.sum()
        best = int(probability.argmax())
        place = int(weights[best].sum(axis=1).argmax())
        low, high = interval(probability)
        return self.found(
            diameter=self._spheres[best].diameter * self.conditions.cell,
            low=low * self.conditions.cell,
            high=high * self.conditions.cell,
            mask=(self._spheres[best].thickness[place] > 0).reshape(self.conditions.cells),
            map=cell_probability,
            threshold=0.5,
            evidence=total,
        )

    def _cell_probability(self, weights: list[Floats]) -> Floats:
        """Return the probability of each cell to be part of the precipitate, if there is one."""
        rows, columns = self.conditions.cells
        total, norm = np.zeros(rows * columns), 0.0
        for weight, spheres in zip(weights, self._spheres, strict=True):
            places = weight.sum(axis=1) / weight.size
            norm += places.sum()
            likely = np.flatnonzero(places > 1e-12 * max(places.max(), np.finfo(float).tiny))
            total += places[likely] @ (spheres.thickness[likely] > 0)
        return (total / norm).reshape(rows, columns)


SPHERE = SizingMethod(
    key=SphereSizer.method,
    label="sphere by likelihood",
    description="the most probable of all spheres of a whole diameter, by the evidence of each",
    prepare=SphereSizer,
    colour="#0072B2",
    marker="o",
    quantity=CELL_PROBABILITY,
    column=1,
    rival=True,
)
