"""One function per physical process, for one image or each image of a stack."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab._validation import non_negative, pixel_size
from hrtem_lab.noise._electrons import bounded_counts, countable, counted, counts_per_pixel, relative


def source_blur(
    image: ArrayLike, *, sigma: float, sampling: float | tuple[float, float]
) -> NDArray[np.floating]:
    r"""Return an image blurred by the finite size of the electron source.

    The image is convolved with a Gaussian, :math:`\exp(-r^2 / 2\sigma^2) / 2\pi\sigma^2`, sampled at the
    pixels out to 4σ. Beyond its edges the image is mirrored. The total intensity is kept.

    Parameters
    ----------
    image : array_like, shape (..., rows, columns)
        Expected intensity.
    sigma : float
        Standard deviation in Å, at most the shorter side of the image; 0 changes nothing.
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).

    Returns
    -------
    numpy.ndarray of float64, shape of `image`
        Not negative where the image is not.

    Raises
    ------
    TypeError, ValueError
        If the image does not hold finite real numbers in 2 or more dimensions, or `sigma` or `sampling` is
        out of range.

    Notes
    -----
    Pixels cannot represent a blur narrower than half a pixel: its effect becomes too small.
    Blurring intensities describes an incoherent source; the coherent envelopes of
    `hrtem_lab.simulation.form_image` act on the wave.

    Source: section 3.1 and Fig. 3e of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> import numpy as np
    >>> point = np.zeros((33, 33))
    >>> point[16, 16] = 1
    >>> blurred = source_blur(point, sigma=1.0, sampling=0.5)  # 2 pixels
    >>> round(float(blurred.sum()), 6), round(1 / float(2 * np.pi * blurred.max()), 1)
    (1.0, 4.0)
    """
    import cv2  # noqa: PLC0415

    expected = _validation.images("image", image).astype(np.float64)
    sides, size = expected.shape[-2:], pixel_size("sampling", sampling)
    spread = non_negative("sigma", sigma)
    pixels = [spread / step for step in size]
    if any(width > side * (1 + 1e-9) for width, side in zip(pixels, sides, strict=True)):
        shorter = min(side * step for side, step in zip(sides, size, strict=True))
        raise ValueError(f"sigma must be at most the image's shorter side, {shorter:g} Å, got {sigma!r}")
    radii = [math.ceil(4 * width) for width in pixels]
    if not any(radii):
        return expected
    down, right = (
        cv2.getGaussianKernel(2 * radius + 1, width, cv2.CV_64F)
        for radius, width in zip(radii, pixels, strict=True)
    )
    inside = tuple(slice(radius, radius + side) for radius, side in zip(radii, sides, strict=True))
    blurred = np.empty(expected.shape)
    for place in np.ndindex(expected.shape[:-2]):
        # NumPy mirrors as often as needed; OpenCV mirrors once, too little for a wide blur of a small image.
        padded = np.pad(expected[place], [(radius, radius) for radius in radii], mode="symmetric")
        blurred[place] = cv2.sepFilter2D(padded, cv2.CV_64F, right, down)[inside]
    return blurred


def shot_noise(
    image: ArrayLike,
    *,
    dose_per_area: float,
    sampling: float | tuple[float, float],
    rng: int | np.random.Generator | None = None,
) -> NDArray[np.float64]:
    r"""Return an image recorded by counting electrons, :math:`\mathrm{Poisson}(n I) / n`.

    :math:`n` is `dose_per_area` times the pixel's area, so that mean and variance are :math:`I` and
    :math:`I / n`.

    Parameters
    ----------
    image : array_like, shape (..., rows, columns)
        Expected intensity relative to the incident beam, not negative.
    dose_per_area : float
        Incident electrons per Å² (1 e⁻/Å² is 100 e⁻/nm²); 0 gives the black image.
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns). At the same dose,
        smaller pixels are noisier.
    rng : int, numpy.random.Generator or None
        Seed or generator. The images of a stack take their random numbers one after another from the same
        generator: their noise is independent, and the first one is what it would be alone.

    Returns
    -------
    numpy.ndarray of float64, shape of `image`
        Multiples of :math:`1/n`.

    Raises
    ------
    TypeError, ValueError
        If the image is negative somewhere or not finite, the dose is negative, `sampling` is not positive,
        or a pixel would count more than 10¹⁵ electrons.

    Notes
    -----
    Source: section 3.1 and Fig. 3b of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> import numpy as np
    >>> image = shot_noise(np.full((256, 256), 0.5), dose_per_area=100, sampling=0.2, rng=1)  # n = 4
    >>> round(float(image.mean()), 2), round(float(image.var()), 3)
    (0.5, 0.125)
    """
    vacuum = counts_per_pixel(dose_per_area, sampling=sampling)
    expected = _validation.images("image", image)
    countable(expected, vacuum)
    return relative(counted(expected, vacuum, 0.0, np.random.default_rng(rng)), vacuum)


def dark_current(
    image: ArrayLike,
    *,
    counts: float,
    dose_per_area: float,
    sampling: float | tuple[float, float],
    rng: int | np.random.Generator | None = None,
) -> NDArray[np.float64]:
    r"""Return an image with the noise of the counts that a pixel collects without a beam.

    :math:`I + (\mathrm{Poisson}(c) - c) / n`: the mean of the dark counts is subtracted, so the image keeps
    its mean. The variance grows by :math:`c / n^2`.

    Parameters
    ----------
    image : array_like, shape (..., rows, columns)
        Intensity relative to the incident beam.
    counts : float
        Dark counts :math:`c` per pixel and exposure, in electrons.
    dose_per_area, sampling, rng
        As in `shot_noise`.

    Returns
    -------
    numpy.ndarray of float64, shape of `image`
        The image, unchanged at dose 0, where no beam gives a scale.

    Raises
    ------
    TypeError, ValueError
        If a number is negative or not finite, or electrons could not be counted one by one.

    Notes
    -----
    Source: a textbook form, written down here without a source of its own.

    Examples
    --------
    >>> import numpy as np
    >>> image = dark_current(np.ones((256, 256)), counts=3, dose_per_area=100, sampling=0.1, rng=1)  # n = 1
    >>> round(float(image.mean()), 1), round(float(image.var()), 1)
    (1.0, 3.0)
    """
    mean = bounded_counts("counts", counts)
    expected = _validation.images("image", image)
    vacuum = counts_per_pixel(dose_per_area, sampling=sampling)
    dark = np.random.default_rng(rng).poisson(mean, expected.shape) - mean
    return expected + relative(dark, vacuum)


def readout_noise(
    image: ArrayLike,
    *,
    sigma: float,
    dose_per_area: float,
    sampling: float | tuple[float, float],
    rng: int | np.random.Generator | None = None,
) -> NDArray[np.float64]:
    r"""Return an image with the electronics' Gaussian noise, :math:`I + \mathcal N(0, \sigma^2) / n`.

    Parameters
    ----------
    image : array_like, shape (..., rows, columns)
        Intensity relative to the incident beam.
    sigma : float
        Standard deviation in electrons per pixel; on the image it is :math:`\sigma / n`.
    dose_per_area, sampling, rng
        As in `shot_noise`.

    Returns
    -------
    numpy.ndarray of float64, shape of `image`
        Pixels may be negative. At dose 0, where no beam gives a scale, the image is unchanged.

    Raises
    ------
    TypeError, ValueError
        If a number is negative or not finite, or `sampling` is not positive.

    Notes
    -----
    Where the image is dark, a metric that counts negative pixels as 0 (`hrtem_lab.metrics.mse`) sees only the
    positive half of the noise.

    Source: section 3.1 and Fig. 3d of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> import numpy as np
    >>> image = readout_noise(np.ones((256, 256)), sigma=2, dose_per_area=100, sampling=0.2, rng=1)  # n = 4
    >>> round(float(image.std()), 1)
    0.5
    """
    spread = bounded_counts("sigma", sigma)
    expected = _validation.images("image", image)
    vacuum = counts_per_pixel(dose_per_area, sampling=sampling)
    noise = np.random.default_rng(rng).normal(0.0, spread, expected.shape)
    return expected + relative(noise, vacuum)
