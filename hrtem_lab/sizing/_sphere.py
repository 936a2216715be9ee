"""The sphere: all spheres anywhere in an image, weighed by their evidence, whatever changes smoothly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.noise import counts_per_pixel
from hrtem_lab.sizing._evidence.channels import BRIGHTEST, CellBand, cell_band, mean_cell, without_spikes
from hrtem_lab.sizing._evidence.electrons import Electrons, measured_electrons, unmeasured
from hrtem_lab.sizing._evidence.look import Exposure, Look
from hrtem_lab.sizing._evidence.own import own_cell
from hrtem_lab.sizing._evidence.spheres import sphere_grid
from hrtem_lab.sizing._method import CELL_PROBABILITY, NOISE_FREE, Conditions, PreparedSizer, SizingMethod
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing.specimens import THICKNESS
from hrtem_lab.waves import wavelength

Floats = NDArray[np.float64]

MOST_CELLS = 64
"""Cells along one side that are looked at."""
MOST = 4
"""Precipitates that are looked for."""
UNSURE = 5.0
"""Standard errors by which the measured dose may differ from the given one."""
TOLERANCE = 0.15
"""Part of the given dose by which the measured one may differ."""
DARK = 1e-4
"""Least mean of an image in its standard deviations; one electron in a million pixels makes 1e-3."""
PART = 512
"""Pixels along each side of the part of an image in which the noise is measured."""


class SphereSizer(PreparedSizer):
    """Weighs the evidence of every sphere, one precipitate after another.

    Parameters
    ----------
    reference : numpy.ndarray, shape (rows, columns), or None
        The pristine image, nowhere negative; None for the image's own median cell.
    conditions : Conditions
        Of all images.
    thickness, semiangle_cutoff, energy, readout_noise, most
        As for `size_precipitate`.
    """

    method = "sphere"

    def __init__(
        self,
        reference: NDArray[np.floating] | None,
        conditions: Conditions,
        *,
        thickness: int = THICKNESS,
        semiangle_cutoff: float = 30.0,
        energy: float = 80e3,
        readout_noise: float | None = None,
        most: int = MOST,
    ) -> None:
        super().__init__(conditions)
        self._cells = cells = conditions.cells
        if max(cells) > MOST_CELLS:
            raise ValueError(
                f"cells must be at most {MOST_CELLS} each way for method={self.method!r}, got {max(cells)}"
            )
        self._depth = _validation.positive_integer("thickness", thickness)
        self._max_frequency = (
            2e-3 * _validation.positive("semiangle_cutoff", semiangle_cutoff) / wavelength(energy)
        )
        self._readout = (
            None if readout_noise is None else _validation.non_negative("readout_noise", readout_noise)
        )
        self._most = _validation.positive_integer("most", most)
        self._grid = sphere_grid(cells, self._depth)
        self._band = None if reference is None else self._band_of(mean_cell(reference, cells))

    def __call__(self, image: NDArray[np.floating]) -> Size:
        """Return what the method says about an image."""
        image = without_spikes(np.clip(image, -BRIGHTEST, BRIGHTEST))
        mean, spread = float(image.mean()), float(image.std())
        if mean < DARK * spread:
            raise ValueError(
                f"image must be an intensity, on average above 0, got a mean of {mean:.3g} and a standard "
                f"deviation of {spread:.3g}"
            )
        exposure = self._expose(image)
        look = Look(
            self, image, exposure, grid=self._grid, most=self._most, has_reference=self._band is not None
        )
        size = look.size()
        return replace(size, dose_per_area=exposure.dose_per_area, dose_error=exposure.dose_error)

    @property
    def _pixels(self) -> tuple[int, int]:
        """Pixels of a cell along rows and columns."""
        rows, columns = (
            size // count for size, count in zip(self.conditions.shape, self._cells, strict=True)
        )
        return rows, columns

    def _band_of(self, cell: Floats) -> CellBand:
        return cell_band(
            cell, self._pixels, sampling=self.conditions.sampling, max_frequency=self._max_frequency
        )

    def _expose(self, image: NDArray[np.floating]) -> Exposure:
        """Return the channels for an image's own noise, and what is wrong with the dose that was given."""
        sampling, found = self.conditions.sampling, self._measured(image)
        counts, dose, error, problems = self._dose(found)
        readout = self._readout or 0.0
        if self._readout is None and found is not None and found.white:
            readout = found.readout
        band = self._band
        if band is None:
            band = self._band_of(
                own_cell(image, self._cells, sampling=sampling, max_frequency=self._max_frequency)
            )
        channels = band.channels(image, self._cells, counts=counts, readout=readout)
        return Exposure(channels, dose, error, problems)

    def _dose(self, found: Electrons | None) -> tuple[float, float, float, tuple[str, ...]]:
        """Return counts per pixel, dose, its error, and what is wrong with the dose that was given."""
        given, counts = self.conditions.dose_per_area, self.conditions.counts
        if found is None:
            if given is None:
                raise unmeasured(self.conditions.sampling)
            return counts, given, 0.0, ()
        unit = counts_per_pixel(1.0, sampling=self.conditions.sampling)
        measured = min(found.counts, NOISE_FREE * unit), found.counts / unit, found.counts_error / unit
        if given is None:
            guess = "the noise is not the same at all frequencies: the dose read from it is a guess"
            return *measured, () if found.white else (guess,)
        if not found.white:
            coloured = "the noise is not the same at all frequencies, as that of electrons is"
            return counts, given, 0.0, (coloured,)
        if np.isinf(found.counts):
            silent = f"the image has no noise, and {given:.3g} e⁻/Å² were given"
            return counts, given, 0.0, () if np.isinf(given) else (silent,)
        if self._contradicts(found, counts):
            problem = f"the noise is that of {measured[1]:.3g} e⁻/Å², not of the {given:.3g} e⁻/Å² given"
            return *measured, (problem,)
        return counts, given, 0.0, ()

    def _measured(self, image: NDArray[np.floating]) -> Electrons | None:
        """Return what the noise of an image says; of a large one, that of a part."""
        rows, columns = self._pixels
        few = min(self._cells[0], max(1, PART // rows)), min(self._cells[1], max(1, PART // columns))
        return measured_electrons(
            image[: few[0] * rows, : few[1] * columns],
            few,
            sampling=self.conditions.sampling,
            max_frequency=self._max_frequency,
        )

    @staticmethod
    def _contradicts(found: Electrons, counts: float) -> bool:
        """Tell whether the noise is not that of a dose."""
        difference = abs(found.counts - counts)
        return bool(difference > UNSURE * found.counts_error and difference > TOLERANCE * counts)


SPHERE = SizingMethod(
    key=SphereSizer.method,
    label="sphere by likelihood",
    description="the most probable of all spheres anywhere, whatever changes the crystal smoothly",
    prepare=SphereSizer,
    colour="#0072B2",
    marker="o",
    quantity=CELL_PROBABILITY,
    column=1,
    rival=True,
)
