"""A mismatch, and how it makes an experiment of a specimen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.noise import bad_pixels, counts_per_pixel, readout_noise, shot_noise
from hrtem_lab.simulation import form_image, with_background
from hrtem_lab.sizing.specimens import CELL, CELLS, LARGEST, THICKNESS, WHOLE_VIEW
from hrtem_lab.waves import ExitWave, ExitWaves, load_exit_wave, load_exit_waves

Image: TypeAlias = NDArray[np.floating]
Precipitate: TypeAlias = int | ExitWave | ExitWaves
"""Diameter in cells of a shipped precipitate, 0 for the pristine crystal, or a wave of 16 × 16 cells."""

HOT_ELECTRONS = 50.0
"""What a hot pixel adds in each exposure."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """One exposure, and what the one who sizes it believes.

    Attributes
    ----------
    reference : numpy.ndarray, shape (rows, columns)
        The pristine crystal as it is believed to look, without noise.
    image : numpy.ndarray, shape (rows, columns)
        The exposure, relative to the incident beam.
    dose_per_area : float
        Electrons per Å² as they are stated.
    sampling : float
        Pixel size in Å.
    """

    reference: Image
    image: Image
    dose_per_area: float
    sampling: float

    def __repr__(self) -> str:
        rows, columns = self.image.shape
        return (
            f"<Experiment: {rows} × {columns} pixels of {self.sampling:.3g} Å, {self.dose_per_area:g} e⁻/Å²>"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Mismatch:
    """A way in which an experiment differs from the reference: of no effect by default, in parts or in all.

    Attributes
    ----------
    key, label, description : str
        Name in code, in a table, and in a sentence.
    thickness_cells : int
        Of the reference, 1 to 60; the specimens have 40 cells. If it is tilted: 39, 40 or 41.
    tilt : float
        Of the reference in mrad, from 0 to 4 in steps of 0.5; the specimens are not tilted.
    optics : mapping
        Options of `hrtem_lab.simulation.form_image` for the experiment; the reference is made without them.
    vibrating : bool
        Whether the atoms of the specimen vibrate (293 K); those of the reference are at rest. Only for the
        pristine crystal: other waves vibrate as they do.
    background : float
        Uniform, in units of the image's mean.
    gain : float
        Factor of the whole image.
    ramp : float
        Relative change of the brightness from the left border to the right one.
    readout : float
        Noise of the electronics in electrons per pixel.
    dead, hot : float
        Shares of the pixels that count nothing, and `HOT_ELECTRONS` too many.
    stated_dose : float
        Stated dose in units of the true one.

    Examples
    --------
    >>> bright = Mismatch(key="bright", label="bright", description="too bright", gain=2, stated_dose=0.5)
    >>> experiment = bright.expose(6, 50, rng=1, pixels=256)
    >>> experiment
    <Experiment: 256 × 256 pixels of 0.33 Å, 25 e⁻/Å²>
    >>> round(float(experiment.image.mean() / experiment.reference.mean()))
    2
    """

    key: str
    label: str
    description: str
    thickness_cells: int = THICKNESS
    tilt: float = 0.0
    optics: Mapping[str, Any] = field(default_factory=dict)
    vibrating: bool = False
    background: float = 0.0
    gain: float = 1.0
    ramp: float = 0.0
    readout: float = 0.0
    dead: float = 0.0
    hot: float = 0.0
    stated_dose: float = 1.0

    def __repr__(self) -> str:
        return f"Mismatch(key={self.key!r}, label={self.label!r})"

    @property
    def repeats(self) -> bool:
        """Whether all cells of the pristine crystal look alike and only the counting of electrons is noise.

        An ideal observer can be told of such a mismatch, and of no other.
        """
        return not (self.optics.get("rotation") or self.ramp or self.readout or self.dead or self.hot)

    def reference(self, *, pixels: int = 512) -> Image:
        """Return the image of the pristine crystal that is believed in; do not write to it.

        Parameters
        ----------
        pixels : int
            Along each side of 16 × 16 cells, a multiple of 16.
        """
        return _reference(self.thickness_cells, self.tilt, checked_pixels(pixels))

    def expected(
        self, precipitate: Precipitate = 0, *, down: int = 0, right: int = 0, pixels: int = 512
    ) -> Image:
        """Return the image of the experiment without noise.

        Parameters
        ----------
        precipitate : int, ExitWave or ExitWaves
            Diameter in cells of a shipped precipitate, 0 to 14, 0 being the pristine crystal; or the wave of
            any specimen of 16 × 16 cells.
        down, right : int
            Whole cells by which the specimen is moved; what leaves the image comes in at the other side.
        pixels : int
            Along each side, a multiple of 16.

        Raises
        ------
        TypeError, ValueError
            If there is no such precipitate, the pixels are no multiple of 16, or the atoms of a wave at rest
            are to vibrate.
        """
        options = dict(self.optics)
        moved = np.array(_validation.pair("shift", options.pop("shift", 0.0))) + CELL * np.array(
            [down, right]
        )
        image = form_image(
            self._wave(precipitate),
            shape=checked_pixels(pixels),
            field_of_view=WHOLE_VIEW,
            shift=(float(moved[0]), float(moved[1])),
            **options,
        )
        # from the image's left border, -1/2, to its right one, 1/2
        across = (np.arange(pixels) + 0.5) / pixels - 0.5
        return np.asarray(
            self.gain * with_background(image, background=self.background) * (1 + self.ramp * across)
        )

    def record(
        self, expected: Image, dose_per_area: float, *, rng: int | np.random.Generator | None = None
    ) -> Image:
        """Return one exposure of an expected image of 16 × 16 cells at the true dose in e⁻/Å².

        Parameters
        ----------
        expected : numpy.ndarray, shape (pixels, pixels)
            From `expected`.
        dose_per_area : float
            The true dose in e⁻/Å².
        rng : int or numpy.random.Generator, optional
            Seed.
        """
        generator = np.random.default_rng(rng)
        options = {"dose_per_area": dose_per_area, "sampling": WHOLE_VIEW[0] / len(expected)}
        image = shot_noise(expected, rng=generator, **options)
        if self.readout:
            image = readout_noise(image, sigma=self.readout, rng=generator, **options)
        if self.dead or self.hot:
            seed = int(generator.integers(2**31))
            dead, hot = bad_pixels(image.shape, dead=self.dead, hot=self.hot, seed=seed)
            image[dead] = 0.0
            image[hot] += HOT_ELECTRONS / counts_per_pixel(**options)
        return image

    def expose(
        self,
        precipitate: Precipitate,
        dose_per_area: float,
        *,
        rng: int | np.random.Generator | None = None,
        down: int = 0,
        right: int = 0,
        pixels: int = 512,
    ) -> Experiment:
        """Return an exposure of a specimen with the reference and the dose that are believed in.

        Parameters
        ----------
        precipitate, down, right, pixels
            As for `expected`.
        dose_per_area : float
            The true dose in e⁻/Å².
        rng : int or numpy.random.Generator, optional
            Seed.

        Raises
        ------
        TypeError, ValueError
            As `expected` does, or if the dose is not positive.
        """
        dose = _validation.positive("dose_per_area", dose_per_area)
        expected = self.expected(precipitate, down=down, right=right, pixels=pixels)
        return Experiment(
            reference=self.reference(pixels=pixels),
            image=self.record(expected, dose, rng=rng),
            dose_per_area=self.stated_dose * dose,
            sampling=WHOLE_VIEW[0] / pixels,
        )

    def at_rest(self) -> Mismatch:
        """Return the same with the atoms at rest."""
        return replace(self, vibrating=False)

    def _wave(self, precipitate: Precipitate) -> ExitWave | ExitWaves:
        if isinstance(precipitate, ExitWaves):
            return precipitate
        at_rest = isinstance(precipitate, ExitWave) or _checked_diameter(precipitate) > 0
        if self.vibrating and at_rest:
            raise ValueError(
                f"mismatch {self.key!r} needs the pristine crystal, 0, or an ensemble whose atoms vibrate, "
                f"got {precipitate!r}"
            )
        if isinstance(precipitate, ExitWave):
            return precipitate
        if self.vibrating:
            return load_exit_waves("nb3sn")
        return load_exit_wave(f"precipitate-{precipitate:02d}" if precipitate else "nb3sn")


def checked_pixels(pixels: Any) -> int:
    """Return the pixels along a side; every cell has a whole number of them."""
    if _validation.positive_integer("pixels", pixels) % CELLS:
        raise ValueError(f"pixels must be a multiple of {CELLS}, got {pixels}")
    return int(pixels)


def _checked_diameter(precipitate: Any) -> int:
    """Return the diameter of a shipped precipitate, or 0."""
    if isinstance(precipitate, (bool, np.bool_)) or not isinstance(precipitate, (int, np.integer)):
        raise TypeError(f"precipitate must be a diameter in whole cells or a wave, got {precipitate!r}")
    if not 0 <= precipitate <= LARGEST:
        raise ValueError(f"precipitate must be a diameter from 0 to {LARGEST} cells, got {precipitate}")
    return int(precipitate)


@lru_cache(maxsize=8)
def _reference(thickness_cells: int, tilt: float, pixels: int) -> Image:
    if tilt:
        wave: ExitWave | ExitWaves = load_exit_waves(
            "nb3sn", temperature=None, thickness_cells=thickness_cells, tilt=tilt
        )
    else:
        wave = load_exit_wave("nb3sn", thickness_cells=thickness_cells)
    image = form_image(wave, shape=pixels, field_of_view=WHOLE_VIEW)
    image.flags.writeable = False
    return image
