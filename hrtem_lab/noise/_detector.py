"""The class `Detector`, which applies the processes in their physical order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab._validation import non_negative, pixel_size
from hrtem_lab.noise._electrons import bounded_counts, countable, counted, counts_per_pixel, relative
from hrtem_lab.noise._processes import source_blur


@dataclass(frozen=True, kw_only=True)
class Detector:
    """An imaging system: pixel size, blur and noise.

    Attributes
    ----------
    sampling : float or (float, float)
        Pixel size at the specimen in Å; of pixels that are not square, along (rows, columns).
    blur_sigma : float
        Standard deviation of the Gaussian source blur in Å.
    dark_counts : float
        Mean number of electrons that a pixel counts without a beam.
    readout_sigma : float
        Standard deviation of the readout noise in electrons per pixel.
    clip : bool
        Whether negative pixels of the result are set to 0.

    Raises
    ------
    TypeError, ValueError
        If `sampling` is not positive, or another number is negative or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> detector = Detector(sampling=0.5, readout_sigma=2.0)
    >>> image = detector.expose(np.ones((256, 256)), dose_per_area=100, rng=1)  # 25 e⁻ per pixel
    >>> round(float(image.mean()), 2), round(float(25**2 * image.var()))
    (1.0, 29)
    """

    sampling: float | tuple[float, float]
    blur_sigma: float = 0.0
    dark_counts: float = 0.0
    readout_sigma: float = 0.0
    clip: bool = False

    def __post_init__(self) -> None:
        size = pixel_size("sampling", self.sampling)
        if np.ndim(self.sampling):
            object.__setattr__(self, "sampling", size)
        non_negative("blur_sigma", self.blur_sigma)
        bounded_counts("dark_counts", self.dark_counts)
        bounded_counts("readout_sigma", self.readout_sigma)

    def expected(self, image: ArrayLike) -> NDArray[np.floating]:
        """Return the mean of many exposures of `image`, or of each of a stack: the blurred image."""
        return source_blur(image, sigma=self.blur_sigma, sampling=self.sampling)

    def expose(
        self,
        image: ArrayLike,
        *,
        dose_per_area: float | None,
        rng: int | np.random.Generator | None = None,
        counts: bool = False,
    ) -> NDArray[np.floating]:
        """Return one recorded image, or one of each image of a stack.

        Parameters
        ----------
        image : array_like, shape (..., rows, columns)
            Expected intensity relative to the incident beam, not negative.
        dose_per_area : float or None
            Incident electrons per Å²; None is the limit of a very high dose, where only the blur acts.
        rng : int, numpy.random.Generator or None
            Seed or generator. The images of a stack are exposed one after another with the same generator:
            their noise is independent, and the first one is what it would be alone.
        counts : bool
            Whether to return electrons per pixel instead, with the mean of the dark counts left in.

        Returns
        -------
        numpy.ndarray of float64, shape of `image`
            The image, relative to the incident beam. Dose 0 gives a black one.

        Raises
        ------
        TypeError, ValueError
            If the image is negative where electrons are counted, the dose is negative, or a number is not
            finite or so large that electrons could not be counted one by one.
        """
        if dose_per_area is None:
            if counts:
                raise ValueError("counts need a dose_per_area, got None")
            return self.expected(image)
        vacuum = counts_per_pixel(dose_per_area, sampling=self.sampling)
        generator = np.random.default_rng(rng)
        expected = self.expected(image)
        countable(expected, vacuum)
        if expected.ndim == 2:
            return self._recorded(expected, vacuum, generator, counts=counts)
        recorded = np.empty(expected.shape)
        for place in np.ndindex(expected.shape[:-2]):
            recorded[place] = self._recorded(expected[place], vacuum, generator, counts=counts)
        return recorded

    def _recorded(
        self, expected: NDArray[np.floating], vacuum: float, generator: np.random.Generator, *, counts: bool
    ) -> NDArray[np.float64]:
        """Return one exposure of one image that is already blurred."""
        electrons = counted(expected, vacuum, self.dark_counts, generator)
        if self.readout_sigma:
            electrons += generator.normal(0.0, self.readout_sigma, electrons.shape)
        if counts:
            return np.maximum(electrons, 0, out=electrons) if self.clip else electrons
        electrons -= self.dark_counts
        return relative(electrons, vacuum, clip=self.clip)
