"""Relative χ²: the residual within the aperture's band, weighted by the noise of counted electrons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab._validation import non_negative, pixel_size, positive
from hrtem_lab.metrics._band import checked_cutoff, measured_cutoff, multiplicity, within
from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._metric import Metric
from hrtem_lab.metrics._prepared import Prepared, checked_pair, compare, compare_map
from hrtem_lab.metrics._scaling import LIMIT, magnitude
from hrtem_lab.metrics.outliers import warn_of_outliers

# The variance of a pixel is at least this fraction of the mean variance.
DARKEST = 1e-2
PIXELS = (-2, -1)
"""The axes of an image, alone or in a stack."""


class PreparedChiSquare(Prepared):
    """The relative χ² against one reference; see `chi_square`.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        The image that others are compared with.
    cutoff, mask
        As for `chi_square`.

    Attributes
    ----------
    cutoff : float or (float, float)
        The band's limit in cycles per pixel.
    coefficients : int
        How many independent real numbers the band holds.

    Examples
    --------
    >>> prepared = PreparedChiSquare([[1.0, 2.0], [1.0, 2.0]])
    >>> [prepared([[1.0, 2.0], [1.0, 2.0]]), prepared([[0.0, 0.0], [0.0, 0.0]])]
    [0.0, 1.0]
    """

    def __init__(
        self,
        reference: ArrayLike,
        *,
        cutoff: float | tuple[float, float] | None = None,
        mask: ArrayLike | None = None,
    ) -> None:
        super().__init__(reference, mask=mask)
        array = self.filled(reference, "reference")
        self._unit = magnitude(array)
        scaled = np.divide(array, self._unit, dtype=np.float64)
        self.cutoff = measured_cutoff(scaled) if cutoff is None else checked_cutoff(cutoff)
        self._band = within(self.shape, self.cutoff)
        self.coefficients = int((self._band * multiplicity(self.shape)).sum())
        self._reference = scaled
        self._filtered = self.filter(scaled)
        self._weights = 1 / self.filtered_variance(np.maximum(scaled, 0))
        if self.mask is not None:
            self._weights[self.mask] = 0
        self._length = self._weighted_length(self._filtered)

    def __call__(self, image: ArrayLike) -> float:
        """Return the relative χ² of `image`, from 0 to 1."""
        return float(self._differences(self._checked(image)))

    def map(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return `chi_square_map` of `image`."""
        terms, greatest = self._terms(self._checked(image))
        kept = terms.size if self.mask is None else terms.size - int(self.mask.sum())
        return self._shown(terms * (kept / greatest))

    def many(self, images: ArrayLike) -> NDArray[np.float64]:
        """Return the relative χ² of a stack of images, shape (images, rows, columns) → (images,)."""
        return self._in_blocks(self._differences, images)

    def _differences(self, images: NDArray) -> NDArray[np.float64]:
        """Return the relative χ² of one image or of each of a stack, shape (…, rows, columns) → (…)."""
        terms, greatest = self._terms(images)
        return np.minimum(terms.sum(axis=PIXELS) / greatest, 1)

    def _terms(self, images: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each pixel's term of the numerator, and the denominator: the most that they could sum to."""
        with np.errstate(over="ignore"):
            scaled = np.divide(images, self._unit, dtype=np.float64, order="C")
        scaled = np.clip(scaled, -LIMIT, LIMIT, out=scaled)
        for one in scaled if scaled.ndim > 2 else (scaled,):
            _warn("image", one)
        # eq. relative chi-square
        residual = self.filter(self.kept(scaled - self._reference))
        terms = self._weights * residual**2
        length = self._weighted_length(self._filtered + residual)
        greatest = np.square(self._length + length)

        return terms, np.where(greatest > 0, greatest, 1.0)  # between black images there is nothing to divide

    def kept(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return values with 0 where pixels are left out."""
        return values if self.mask is None else np.where(self.mask, 0.0, values)

    def _weighted_length(self, filtered: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sqrt((self._weights * filtered**2).sum(axis=PIXELS))

    def filled(self, image: ArrayLike, name: str) -> NDArray[np.floating]:
        """Return an image, filled from its surroundings where pixels are left out; warn of its outliers."""
        pixels = self._checked(image, name)
        _warn(name, np.divide(pixels, magnitude(pixels), dtype=np.float64))
        return pixels

    def filter(self, image: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return what of an image lies within the band: h * image."""
        filtered: NDArray[np.float64] = np.fft.irfft2(np.fft.rfft2(image) * self._band, self.shape)
        return filtered

    def filtered_variance(self, variance: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the variance of filtered pixels whose own variances are independent: h² * variance.

        A dark hole is not known exactly: no variance falls below a hundredth of the mean. Pixels left out
        have no variance.
        """
        kernel = np.fft.irfft2(self._band, self.shape) ** 2
        variance = self.kept(variance)
        spread = np.fft.irfft2(np.fft.rfft2(variance) * np.fft.rfft2(kernel), self.shape)
        return np.maximum(spread, (DARKEST * self._average(variance) or 1.0) * float(kernel.sum()))


def _warn(name: str, scaled: NDArray[np.float64]) -> None:
    squares = np.square(scaled)
    warn_of_outliers(name, scaled, squares, float(squares.sum()))


def chi_square(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    cutoff: float | tuple[float, float] | None = None,
    mask: ArrayLike | None = None,
) -> float:
    r"""Return the weighted square of the residual in the aperture's band, relative to its greatest value.

    .. math:: \frac{\lVert h * (a - b)\rVert_w^2}{(\lVert h * a\rVert_w + \lVert h * b\rVert_w)^2},
              \qquad \lVert c\rVert_w^2 = \sum_i \frac{c_i^2}{(h^2 * a)_i}

    :math:`h` keeps the spatial frequencies that the aperture lets through: noise beyond them is no reason
    to call images different. Counted electrons have a variance equal to their number, so that the filtered
    residual's is :math:`h^2 * a`, and each pixel counts by its own certainty.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        Real, finite, of one shape, in one unit: intensities count, not only their ratios.
    cutoff : float, (float, float) or None
        The band's limit in cycles per pixel, from `aperture_cutoff`; of pixels that are not square, along
        (rows, columns). By default what the reference itself,
        if free of noise, needs: the smallest that leaves out at most 10⁻⁴ of its variance.
    mask : array_like of bool, shape (rows, columns), optional
        True where a pixel is left out of both images, as in `numpy.ma`, whose masked arrays are taken too. It
        has no residual and no weight; what the filter would have spread from it is missing around it, and
        the reference's filtered part is that of an image filled from the surroundings.

    Returns
    -------
    float
        From 0 (equal within the band) to 1 (the image is black, or a negative multiple of the reference).
        Two images of equal length with nothing in common, ⟨h * a, h * b⟩ = 0 with these weights, are at 0.5.

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, the mask leaves no pixel, or
        `cutoff` is negative.

    Warns
    -----
    OutlierWarning
        If dead or hot pixels hold 1 % or more of an image's sum of squares; the warning names them.

    Notes
    -----
    A χ² of counts has no upper bound: it grows with the dose and with the difference. What is
    registered here is a *relative* one, like a crystallographer's R factor: the denominator is the greatest
    value that the numerator can have for two images of these lengths (the triangle inequality), so that it
    never leaves [0, 1] and needs no dose. It therefore does not tell whether a difference exceeds the
    noise: that is `reduced_chi_square`, which is 1 for noise alone, leaves [0, 1], and is no row of
    `METRICS`.

    It misleads where brightness alone changes, which counts like any residual, and where the reference is
    noisy itself: then its band is all frequencies. The image is taken to repeat at its edges.

    Source: a relative form of the χ² goodness of fit by which micrographs are matched with simulations,
    King and Campbell, Ultramicroscopy 51 (1993) 128, doi:10.1016/0304-3991(93)90141-J.

    Examples
    --------
    Noise that the aperture would not let through is no difference:

    >>> import numpy as np
    >>> wave = 2 + np.cos(np.arange(64) / 64 * 2 * np.pi * 4) * np.ones((64, 1))
    >>> checkerboard = np.indices((64, 64)).sum(axis=0) % 2 - 0.5
    >>> round(chi_square(wave, wave + checkerboard), 6), round(chi_square(wave, 4 - wave), 3)
    (0.0, 0.112)
    """
    return compare(PreparedChiSquare, reference, image, cutoff=cutoff, mask=mask)


def chi_square_map(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    cutoff: float | tuple[float, float] | None = None,
    mask: ArrayLike | None = None,
) -> NDArray[np.float64]:
    r"""Return each pixel's term of `chi_square`, times the number of pixels: the mean is `chi_square`.

    Parameters
    ----------
    reference, image, cutoff, mask
        As for `chi_square`.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        At least 0; a few pixels that hold most of the residual can exceed 1. NaN where a pixel is left out.

    Raises
    ------
    TypeError, ValueError
        As `chi_square` does.

    Notes
    -----
    It misleads at the borders of an image that does not repeat: the filter joins opposite edges.

    Source: the summands of `chi_square`.

    Examples
    --------
    >>> chi_square_map([[1.0, 1.0]], [[0.0, 0.0]])
    array([[1., 1.]])
    """
    return compare_map(PreparedChiSquare, reference, image, cutoff=cutoff, mask=mask)


def reduced_chi_square(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    dose_per_area: float,
    sampling: float | tuple[float, float],
    readout_sigma: float = 0.0,
    cutoff: float | tuple[float, float] | None = None,
    mask: ArrayLike | None = None,
) -> float:
    r"""Return χ² in units of its mean for noise alone: whether an image differs by more than noise.

    .. math:: \frac{1}{N} \sum_i \frac{(h * (b - a))_i^2}{(h^2 * (a/n + \sigma^2/n^2))_i}

    :math:`n` is the count of a vacuum pixel and :math:`\sigma` the readout noise; each pixel's squared
    residual is divided by its own variance.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        Expected intensity relative to the incident beam, free of noise.
    image : array_like, shape (rows, columns)
        One exposure of that shape.
    dose_per_area : float
        Incident electrons per Å².
    sampling : float or (float, float)
        Pixel size in Å; of pixels that are not square, along (rows, columns).
    readout_sigma : float
        Standard deviation of the readout noise in electrons per pixel.
    cutoff : float, (float, float) or None
        As for `chi_square`.
    mask : array_like of bool, optional
        As for `chi_square`: pixels left out have neither residual nor variance.

    Returns
    -------
    float
        1 on average if image and reference differ by noise alone, with a standard deviation of at least
        :math:`\sqrt{2/M}` for a band of M coefficients; more if they differ. It is not limited to 1, so it
        is no row of `METRICS`.

    Raises
    ------
    TypeError, ValueError
        As `chi_square` does, and if the dose or `sampling` is not positive or `readout_sigma` is negative.

    Notes
    -----
    It leaves [0, 1] on purpose: without noise it is proportional to the dose and to the square of the
    difference. It misleads if the dose is known badly, since χ² is wrong by the same factor, and where a
    reference is nearly black: variances below a hundredth of the mean are taken for that, which leaves
    noise alone below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from hrtem_lab.noise import shot_noise
    >>> y, x = np.mgrid[:128, :128] * (2 * np.pi / 16)
    >>> crystal = 1 + 0.5 * np.cos(x) * np.cos(y)
    >>> noisy = shot_noise(crystal, dose_per_area=50, sampling=0.2, rng=1)
    >>> round(reduced_chi_square(crystal, noisy, dose_per_area=50, sampling=0.2, cutoff=0.25), 1)
    1.0
    """
    reference, image, mask = checked_pair(reference, image, mask)
    height, width = pixel_size("sampling", sampling)
    vacuum = positive("dose_per_area", dose_per_area) * (height * width)
    readout = non_negative("readout_sigma", readout_sigma) / vacuum
    # eq. reduced chi-square
    prepared = PreparedChiSquare(reference, cutoff=cutoff, mask=mask)
    first = prepared._checked(reference, "reference")
    second = prepared.filled(image, "image")
    residual = prepared.filter(prepared.kept(np.subtract(second, first, dtype=np.float64)))
    variance = prepared.filtered_variance(np.maximum(first, 0) / vacuum + readout**2)
    ratio = residual**2 / variance
    return float((ratio if prepared.mask is None else ratio[~prepared.mask]).mean())


CHI_SQUARE = Metric(
    key="chi_square",
    label="χ²",
    family="electrons",
    look=Look.ORANGE_TRIANGLE_DOWN,
    function=chi_square,
    map=chi_square_map,
    prepare=PreparedChiSquare,
    symmetric=False,
    scale_invariant=False,
    map_averages=True,
    map_limit=None,
    threshold=None,
    misleads="Brightness alone counts as a difference; a noisy reference hides the aperture's band.",
    equation=(
        r"\begin{gathered} "
        r"\chi^2(\mathbf{a}, \mathbf{b}) = \frac{\lVert h * (\mathbf{a} - \mathbf{b})\rVert_w^2}"
        r"{\left(\lVert h * \mathbf{a}\rVert_w + \lVert h * \mathbf{b}\rVert_w\right)^2} \\[1em] "
        r"\lVert \mathbf{c}\rVert_w^2 = \sum_{i=1}^N \frac{c_i^2}{(h^2 * \mathbf{a})_i} \end{gathered}"
    ),
    source="after King and Campbell, Ultramicroscopy 51 (1993) 128",
)
