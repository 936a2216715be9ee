"""What a study by dose exposes: images, doses, detector and seed, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab._studies import Seed, entropy, generator
from hrtem_lab.noise import Detector, counts_per_pixel


@dataclass(frozen=True, eq=False)
class Exposures:
    """Repeated exposures of several images at several doses, each with a seed of its own.

    Attributes
    ----------
    reference : numpy.ndarray, shape (rows, columns)
        Noise-free image that exposures are compared with.
    images : dict of str to numpy.ndarray
        Name → noise-free image that is exposed, of the reference's shape.
    doses : numpy.ndarray, shape (doses,)
        Incident electrons per Å².
    repeats : int
        Exposures of each image at each dose.
    detector : Detector
        Pixel size, blur and noise.
    seed : int
        Seed of all exposures.
    """

    reference: NDArray[np.floating]
    images: dict[str, NDArray[np.floating]]
    doses: NDArray[np.float64]
    repeats: int
    detector: Detector
    seed: int

    def __repr__(self) -> str:
        return f"<Exposures: {len(self.images)} images, {len(self.doses)} doses, {self.repeats} repeats>"

    @classmethod
    def checked(
        cls,
        reference: ArrayLike,
        images: Mapping[str, ArrayLike],
        doses: Sequence[float] | NDArray[np.floating],
        *,
        repeats: int,
        detector: Detector,
        rng: Seed,
    ) -> Exposures:
        """Return the exposures that the arguments of a study ask for.

        Raises
        ------
        TypeError, ValueError
            If an image is negative or of another shape, a dose is negative, not finite or too large to count
            its electrons, or `repeats` is not at least 1.
        """
        if not isinstance(detector, Detector):
            raise TypeError(f"detector must be a Detector, got {detector!r}")
        compared = not_negative("reference", reference)
        exposed = {name: not_negative(f"image {name!r}", image) for name, image in images.items()}
        for name, image in exposed.items():
            _validation.same_shape(f"image {name!r}", image, compared.shape)
        return cls(
            reference=compared,
            images=exposed,
            doses=checked_doses(doses, detector),
            repeats=_validation.positive_integer("repeats", repeats),
            detector=detector,
            seed=entropy(rng),
        )

    def expose(self, image: int, dose: int, repeat: int, *, counts: bool = False) -> NDArray[np.floating]:
        """Return one exposure by the indices of its image, dose and repeat; see `Detector.expose`."""
        expected = list(self.images.values())[image]
        rng = generator(self.seed, image, dose, repeat)
        return self.detector.expose(expected, dose_per_area=float(self.doses[dose]), rng=rng, counts=counts)


def checked_doses(doses: Any, detector: Detector) -> NDArray[np.float64]:
    """Return the doses as an array; each must be countable in the detector's pixels."""
    array = np.atleast_1d(np.asarray(doses))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"doses must be one or more numbers in a row, got shape {array.shape}")
    for dose in array.tolist():
        counts_per_pixel(dose, sampling=detector.sampling)
    return array.astype(np.float64)


def not_negative(name: str, value: Any) -> NDArray[np.floating]:
    """Return `value` as an image that electrons can be expected to make."""
    array = _validation.image(name, value)
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative where electrons are counted, got {array.min():g}")
    return array
