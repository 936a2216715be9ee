"""The size of a precipitate from one noisy image, with its interval, or that there is none to be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics import MetricLike
from hrtem_lab.sizing._evidence.own import MAX_FREQUENCY, measured_dose, own_reference
from hrtem_lab.sizing._method import (
    Conditions,
    PreparedSizer,
    checked_conditions,
    checked_dose,
    checked_reference,
)
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing._table import SIZERS, methods


class PrecipitateSizer:
    """All that sizing needs of the pristine crystal, the dose and the method, for many images.

    Parameters
    ----------
    reference, cells, sampling, dose_per_area, method, false_alarm
        As for `size_precipitate`. Without a reference, or for methods with a threshold without a dose, each
        image is prepared anew, and images may have any shape that the cells divide.
    metric, compact, rng, background
        As for `size_precipitate`; they concern the methods with a threshold.
    thickness, semiangle_cutoff, energy, readout_noise, most
        As for `size_precipitate`; they concern the sphere.

    Raises
    ------
    TypeError, ValueError
        As `size_precipitate` does.

    Examples
    --------
    >>> import numpy as np
    >>> pristine = np.tile([[0.5, 1.5], [1.5, 0.5]], (8, 8))  # 8 × 8 cells of 2 × 2 pixels
    >>> dark = pristine.copy()
    >>> dark[4:8, 4:8] = 0
    >>> options = {"cells": 8, "dose_per_area": np.inf, "sampling": 2.5}  # without noise
    >>> sizer = PrecipitateSizer(pristine, method="fixed", metric="mse", **options)
    >>> int(sizer(dark).mask.sum()), int(sizer(pristine).mask.sum())
    (4, 0)
    """

    def __init__(
        self,
        reference: ArrayLike | None = None,
        *,
        cells: int | tuple[int, int],
        sampling: float | tuple[float, float],
        dose_per_area: float | None = None,
        method: str = "sphere",
        false_alarm: float = 0.05,
        metric: MetricLike | None = None,
        compact: bool | None = None,
        rng: int | np.random.Generator | None = None,
        background: str | None = None,
        thickness: int | None = None,
        semiangle_cutoff: float | None = None,
        energy: float | None = None,
        readout_noise: float | None = None,
        most: int | None = None,
    ) -> None:
        self._door = _Door(
            reference,
            method,
            cells=cells,
            dose_per_area=dose_per_area,
            sampling=sampling,
            false_alarm=false_alarm,
            metric=metric,
            compact=compact,
            rng=rng,
            background=background,
            thickness=thickness,
            semiangle_cutoff=semiangle_cutoff,
            energy=energy,
            readout_noise=readout_noise,
            most=most,
        )

    @property
    def method(self) -> str:
        """The key of the method."""
        return self._door.row.key

    def __repr__(self) -> str:
        return f"<PrecipitateSizer: {self.method!r}, {self._door.words}>"

    def __call__(self, image: ArrayLike) -> Size:
        """Return what the method says about one image."""
        return self._door(image)


def size_precipitate(
    reference: ArrayLike | None = None,
    image: ArrayLike | None = None,
    *,
    cells: int | tuple[int, int],
    sampling: float | tuple[float, float],
    dose_per_area: float | None = None,
    method: str = "sphere",
    false_alarm: float = 0.05,
    metric: MetricLike | None = None,
    compact: bool | None = None,
    rng: int | np.random.Generator | None = None,
    background: str | None = None,
    thickness: int | None = None,
    semiangle_cutoff: float | None = None,
    energy: float | None = None,
    readout_noise: float | None = None,
    most: int | None = None,
) -> Size:
    r"""Return the size of a spherical precipitate in an image of a crystal, or that none is detectable.

    Parameters
    ----------
    reference : array_like, shape (rows, columns), or None
        Noise-free intensity of the pristine crystal relative to the incident beam. None: the image's own
        median cell, repeated; it is the pristine one if more than half of the cells are pristine.
    image : array_like, shape (rows, columns)
        One exposure of the crystal with or without a precipitate, on the same pixels as the reference.
    cells : int or (int, int)
        Unit cells along rows and columns; each must have a whole number of pixels. At most 64 each way for
        the sphere.
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).
    dose_per_area : float or None
        Incident electrons per Å². None: measured from the image's noise beyond the aperture's band, which
        takes fine pixels. Infinite: an image without noise.
    method : str
        "sphere" weighs the evidence of every sphere anywhere in the image; the others compare cell by cell
        (`cell_map`), count the cells above a threshold of `THRESHOLDS`, and give the diameter of a disc of
        their area.
    false_alarm : float
        Greatest share of pristine images in which a precipitate may be found.
    metric : str, Metric or callable, optional
        For methods with a threshold: how cells are compared. None: by the metric that the threshold is meant
        for.
    compact : bool, optional
        For methods with a threshold: whether only the largest connected group of cells counts, holes filled;
        single cells do not. None: False. (A sphere is compact already.)
    rng : int or numpy.random.Generator, optional
        For methods with a threshold: seed of the pristine exposures from which they learn the noise. None: 0,
        so that the same call gives the same answer.
    background : str, optional
        For methods with a threshold: what tells how much cells without a precipitate differ. "exposures" of
        the reference, as in the paper: right if the image shows the same crystal through the same
        microscope. "image": its own cells, so that a reference that does not quite fit is no precipitate;
        then some 40 % of the cells must be pristine, and `map` is free of the course over the cells. None:
        "exposures".
    thickness : int, optional
        For the sphere: thickness of the specimen in cells; longer chords do not occur. None: 40.
    semiangle_cutoff, energy : float, optional
        For the sphere: aperture in mrad and electron energy in eV; they limit the band of the image. None: 30
        and 80 000.
    readout_noise : float, optional
        For the sphere: standard deviation of the camera's readout noise in electrons per pixel. None:
        measured from the image with its dose; 0 where the pixels are too coarse for that.
    most : int, optional
        For the sphere: greatest number of precipitates to look for. None: 4.

    Returns
    -------
    Size
        With the centre, all precipitates, the goodness of fit inside and outside of them, the dose that was
        used, and in `problems` what is wrong, in sentences.

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, the cells do not divide
        them, the method is unknown, an option is given that it does not use, a number is out of range, no
        dose is given and the pixels are too coarse to measure it, or, for the sphere, the image is on average
        not above 0 or its cells hold too many patterns.

    Notes
    -----
    No method is told where a precipitate is, how many there are, or of what they consist. The sphere assumes
    that a column changes by a smooth function of the length of beam inside the precipitate, the same in all
    columns; that the change is within the aperture's band, nearly as symmetric as the reference's cell, and
    of ½ to 4 times its contrast; and that whatever else differs from the reference (thickness, focus, place,
    gain) changes all cells alike or as a polynomial of degree 2 in their places.

    The size is the mean of the diameters weighed by their evidence, for bodies that are no spheres about that
    of a disc of their area. The sphere's interval has a term for what the model leaves aside, fitted to
    spheres, ellipsoids and facetted bodies anywhere in the specimen. The others' interval is that of a count
    of independent cells: it does not know of a systematic miss at the rim.

    It misleads where a precipitate is wider than 0.8 of the field (`problems` says so), where two overlap
    along the beam (they are one), where noise is correlated from pixel to pixel (a measured dose is then too
    high), for lattices that are not coherent, and on amorphous layers, whose cells all differ.

    Source: section 3.2 of Ederer and Löffler, Ultramicroscopy 2022, for the task and the thresholds.

    Examples
    --------
    >>> from hrtem_lab.noise import shot_noise
    >>> from hrtem_lab.simulation import form_image, load_exit_wave
    >>> options = {"cells": 16, "sampling": 5.275 / 32}
    >>> pristine = form_image(load_exit_wave("nb3sn"), shape=512, field_of_view=16 * 5.275)
    >>> expected = form_image(load_exit_wave("precipitate-06"), shape=512)  # 32 cells: a disc of 6.38
    >>> image = shot_noise(expected, dose_per_area=50, sampling=5.275 / 32, rng=1)  # 5 000 e⁻/nm²
    >>> size_precipitate(pristine, image, dose_per_area=50, **options)
    <Size: 33.57 Å (29.71 to 37.43 Å), 6.36 cells, by 'sphere'>
    >>> alone = size_precipitate(None, image, **options)  # neither a reference nor a dose
    >>> print(f"{alone.diameter_in_cells:.1f} cells; {alone.dose_per_area:.1f} ± {alone.dose_error:.1f}")
    6.4 cells; 50.1 ± 0.2
    >>> size_precipitate(pristine, image, dose_per_area=50, **options, compact=True)
    Traceback (most recent call last):
    ValueError: compact does not apply to method='sphere', got True
    """
    if image is None:
        raise TypeError("image must be given, got None")
    door = _Door(
        reference,
        method,
        cells=cells,
        dose_per_area=dose_per_area,
        sampling=sampling,
        false_alarm=false_alarm,
        metric=metric,
        compact=compact,
        rng=rng,
        background=background,
        thickness=thickness,
        semiangle_cutoff=semiangle_cutoff,
        energy=energy,
        readout_noise=readout_noise,
        most=most,
        image=image,
    )
    return door(image)


class _Door:
    """What both doors do: check, prepare what can be prepared before the image is there, and the rest after.

    Without a reference the method is prepared for each image; a method that needs the dose and is not given
    it, too.
    """

    def __init__(
        self,
        reference: ArrayLike | None,
        method: str,
        *,
        cells: Any,
        dose_per_area: Any,
        sampling: Any,
        false_alarm: Any,
        image: ArrayLike | None = None,
        **options: Any,
    ) -> None:
        self.row = SIZERS[_validation.one_of("method", method, methods())]
        self._given = {name: value for name, value in options.items() if value is not None}
        self._exposure = {
            "cells": cells,
            "dose_per_area": checked_dose(dose_per_area),
            "sampling": sampling,
            "false_alarm": false_alarm,
        }
        self.row.check(self._given)
        self._prepared: PreparedSizer | None = None
        self._reference = None
        if reference is None:
            checked_shape = None if image is None else _validation.image("image", image).shape
        else:
            self._reference = checked_reference(reference)
            checked_shape = self._reference.shape
            if image is not None:
                _checked_image(image, checked_shape)
            _validation.warn_of_counts("reference", self._reference, stacklevel=6)
        if checked_shape is None:
            checked_conditions((1, 1), **{**self._exposure, "cells": 1})
        else:
            conditions = checked_conditions(checked_shape, **self._exposure)
            told = self._reference is not None and conditions.dose_per_area is not None
            if self._measures_itself or told:
                self._prepared = self.row(self._reference, conditions, **self._given)

    @property
    def _measures_itself(self) -> bool:
        """Whether the method needs neither a reference nor a dose."""
        return self.row.metric is None

    @property
    def words(self) -> str:
        """What is exposed, in a few words."""
        if self._prepared is not None:
            return self._prepared.conditions.describe()
        rows, columns = _validation.pair("cells", self._exposure["cells"])
        return f"{rows} × {columns} cells, prepared for each image"

    def __call__(self, image: ArrayLike) -> Size:
        array = _validation.image("image", image)
        if self._reference is not None:
            _validation.same_shape("image", array, self._reference.shape)
        conditions = checked_conditions(array.shape, **self._exposure)
        known = conditions.dose_per_area not in (None, np.inf)
        counts = conditions.counts if known else None
        problem = None
        if self._reference is not None or known:  # otherwise the image says itself what its units are
            problem = _validation.warn_of_counts("image", array, self._reference, counts=counts, stacklevel=5)
        if self._prepared is not None and self._prepared.conditions.shape == array.shape:
            size = self._prepared(array)
        elif self._measures_itself:
            size = self.row(self._reference, conditions, **self._given)(array)
        else:
            size = self._counted(array, conditions)
        if problem:
            size = replace(size, problems=(f"these are camera counts: {problem}", *size.problems))
        return size

    def _counted(self, image: NDArray[np.floating], conditions: Conditions) -> Size:
        """Return what a method says that compares cells with a reference at a known dose."""
        reference, dose, error = self._reference, conditions.dose_per_area, 0.0
        cells, sampling = conditions.cells, conditions.sampling
        if reference is None:
            reference = own_reference(image, cells, sampling=sampling, max_frequency=MAX_FREQUENCY)
        if dose is None:
            dose, error = measured_dose(image, cells, sampling=sampling, max_frequency=MAX_FREQUENCY)
            conditions = replace(conditions, dose_per_area=dose)
        size = self.row(reference, conditions, **self._given)(image)
        return replace(size, dose_per_area=dose, dose_error=error)


def _checked_image(image: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.floating]:
    return _validation.same_shape("image", _validation.image("image", image), shape)
