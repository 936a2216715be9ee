"""Structural similarity of complex wavelet coefficients (eq. 2 of the paper), as a difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics import _wavelets
from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._metric import Metric
from hrtem_lab.metrics._prepared import Prepared, compare, compare_map
from hrtem_lab.metrics._scaling import Scale
from hrtem_lab.metrics.outliers import blinding, mended

# Subbands whose amplitude is below a millionth of the reference's contrast hold rounding errors.
EMPTY_BAND = 1e-6
ROWS_AT_ONCE = 16

Array = NDArray[Any]


class _Level(NamedTuple):
    """Coefficients of one level, (rows, columns, orientations), and their energy summed over the window."""

    real: Array
    imaginary: Array
    energy: Array
    mean_energy: Array  # of each orientation
    rounding: float  # a mean energy that means nothing


class PreparedCWSSIM(Prepared):
    """The complex wavelet difference against one reference; see `cw_ssim` for the options.

    The reference is transformed once.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        The image that others are compared with.
    levels, window, K, biort, qshift, mask
        As for `cw_ssim`.

    Examples
    --------
    >>> import numpy as np
    >>> fringes = np.tile(np.sin(np.arange(64.0)), (64, 1))
    >>> prepared = PreparedCWSSIM(fringes)
    >>> [round(prepared(image), 2) for image in (fringes, -fringes, fringes.T)]
    [0.0, 0.0, 0.99]
    """

    def __init__(
        self,
        reference: ArrayLike,
        *,
        levels: int | None = None,
        window: int = 7,
        K: float = 0.01,
        biort: str = "near_sym_b",
        qshift: str = "qshift_b",
        mask: ArrayLike | None = None,
    ) -> None:
        super().__init__(reference, mask=mask)
        self._window = _validation.positive_integer("window", window)
        if self._window % 2 == 0:
            raise ValueError(f"window must be odd, got {window!r}")
        self._levels = _wavelets.fitting_levels(levels, self._window, self.shape)
        K = _validation.positive("K", K)
        self._filters = {
            "biort": _validation.one_of("biort", biort, _wavelets.BIORTS),
            "qshift": _validation.one_of("qshift", qshift, _wavelets.QSHIFTS),
        }
        self._kept = None if self.mask is None else _wavelets.kept_parts(self.mask, self._levels)
        pixels = self._checked(reference, "reference")
        self._bad = blinding(pixels)
        pixels = mended(pixels, self._bad)
        self._scale = Scale.of(pixels)
        self._dtype = np.float32 if pixels.dtype == np.float32 else np.float64
        self._reference = self._transformed(pixels)
        self._K = [K * level.mean_energy + level.rounding for level in self._reference]

    def __call__(self, image: ArrayLike) -> float:
        """Return the complex wavelet difference of `image`, from 0 to 1."""
        return self._average(self.map(image))

    def map(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return `cw_ssim_map` of `image`."""
        rows, columns = self.shape
        total, count = np.zeros(self.shape), 0
        for number, (difference, filled) in enumerate(self._compared(image), start=1):
            bands = difference @ filled.astype(np.float64)
            block = cv2.resize(bands, None, fx=2**number, fy=2**number, interpolation=cv2.INTER_NEAREST)
            total += block[:rows, :columns]
            count += int(filled.sum())
        return self._shown(total / max(count, 1))

    def subbands(self, image: ArrayLike) -> list[NDArray[np.floating]]:
        """Return eq. 2 around every coefficient: per level an array (rows, columns, 6 orientations).

        Place (i, j) of level l, counted from 1, stands for the 2^l × 2^l pixels from (2^l i, 2^l j) on.
        """
        return [difference for difference, _ in self._compared(image)]

    def _compared(self, image: ArrayLike) -> Iterator[tuple[Array, NDArray[np.bool_]]]:
        """Give each level's differences, and which of its orientations hold more than rounding errors."""
        transformed = self._transformed(mended(self._checked(image), self._bad))
        for a, b, K in zip(self._reference, transformed, self._K, strict=True):
            filled = (a.mean_energy > a.rounding) | (b.mean_energy > b.rounding)
            yield self._difference(a, b, K), filled

    def _difference(self, a: _Level, b: _Level, K: Array) -> Array:
        """Eq. 2 around every coefficient of one level, for each orientation."""
        # In place, and block by block: new arrays of an image's size cost more time than the arithmetic.
        product, other = a.real * b.real, a.imaginary * b.imaginary
        real = self._window_sum(np.add(product, other, out=product))
        np.multiply(a.imaginary, b.real, out=product)
        np.multiply(a.real, b.imaginary, out=other)
        imaginary = self._window_sum(np.subtract(product, other, out=product))
        difference = other
        for top in range(0, len(difference), ROWS_AT_ONCE):
            rows = slice(top, top + ROWS_AT_ONCE)
            # eq. 2
            common = np.sqrt(real[rows] ** 2 + imaginary[rows] ** 2)
            difference[rows] = 1 - (2 * common + K) / (a.energy[rows] + b.energy[rows] + K)
        return np.clip(difference, 0, 1, out=difference)

    def _transformed(self, image: NDArray) -> list[_Level]:
        # The mean belongs to no subband; the filters, published to some seven digits, would let a trace pass.
        scaled = self._scale(image)
        scaled -= scaled.mean()
        centred: Array = scaled.astype(self._dtype, copy=False)
        levels = []
        bands = _wavelets.highpasses(centred, levels=self._levels, **self._filters)
        for number, coefficients in enumerate(bands, start=1):
            real, imaginary = np.ascontiguousarray(coefficients.real), np.ascontiguousarray(coefficients.imag)
            share = 1.0
            if self._kept is not None:
                kept = self._kept[number - 1]
                share = float(kept.mean())
                weights = np.sqrt(kept)[..., None].astype(self._dtype)
                real, imaginary = real * weights, imaginary * weights
            squares = np.square(real)
            squares += np.square(imaginary)
            energy = self._window_sum(squares)
            np.maximum(energy, 0, out=energy)  # the running sums of the filter leave rounding errors
            # A wave of one amplitude has coefficients that double from level to level.
            rounding = (EMPTY_BAND * self._window * 2**number) ** 2
            places = energy.reshape(-1, energy.shape[2])
            mean = np.full(len(places), 1 / (len(places) * share), self._dtype)
            mean_energy = mean @ places  # quicker than mean()
            levels.append(_Level(real, imaginary, energy, mean_energy, rounding))
        return levels

    def _window_sum(self, values: Array) -> Array:
        size = (self._window, self._window)
        summed = cv2.boxFilter(values, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(summed, self._dtype)


def cw_ssim(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    levels: int | None = None,
    window: int = 7,
    K: float = 0.01,
    biort: str = "near_sym_b",
    qshift: str = "qshift_b",
    mask: ArrayLike | None = None,
) -> float:
    r"""Return the difference of two images' local waves: of their strengths and *relative* phases.

    .. math:: D = 1 - \frac{2\,|\sum_i c_{x,i}\, c_{y,i}^*| + K_b}
              {\sum_i |c_{x,i}|^2 + \sum_i |c_{y,i}|^2 + K_b}

    over windows of coefficients at the same place in the same subband b of the dual-tree complex wavelet
    transform (6 orientations at each level), averaged over all places and all subbands. A subband's
    constant is K times the mean of the reference's Σ|c|² in that subband, so that neither the unit nor a
    subband's strength decides what counts as nothing.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        Real, finite, of one shape, in any unit. At least 13 × 13 pixels for the default window.
    levels : int, optional
        Scales to average over: level l holds periods of about 2^l to 2^(l+1) pixels. By default 4, or as
        many as leave the coarsest subband at least as large as the window.
    window : int
        Side of the square window in coefficients; odd.
    K : float
        Small and positive.
    biort, qshift : str
        The transform's filters at the first and the further levels, by their names in ``dtcwt``.
    mask : array_like of bool, shape (rows, columns), optional
        True where a pixel is left out of both images, as in `numpy.ma`, whose masked arrays are taken too. It
        is filled from its surroundings in both; a coefficient weighs by the part of its block that is kept.

    Returns
    -------
    float
        From 0 to 1. A constant image has no waves: black or white, it differs from any other by 1 in the
        limit of small K, and from another constant by 0. Subbands empty in both images do not count.

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, the image is too small
        for the window, or an option breaks its rule.

    Notes
    -----
    It misleads about contrast: a phase common to the window is no difference, so an image and its reversed
    contrast are the same to it, in a through-focus series for instance, and so are images that differ by
    a constant. Subbands in which the reference holds almost nothing count like the others: shot noise finer
    than the lattice weighs heavily. Dead and hot pixels would fill the finest subbands: those that `outliers`
    finds in the reference, and in an image far beyond the range of the others, are filled from their
    surroundings.

    The paper's text does not give the bands, their weights or K. Here subbands count alike, because the
    paper's difference is the average over all points, and four levels reach from 2 to 32 pixels, the unit
    cell of its 128 × 128 pixel images.

    Source: eq. 2 of Ederer and Löffler, Ultramicroscopy 2022, doi:10.1016/j.ultramic.2022.113578, after
    Wang and Simoncelli, ICASSP 2005, doi:10.1109/ICASSP.2005.1415469.

    Examples
    --------
    A shifted wave is the same wave, and so is its negative; a turned one is not:

    >>> import numpy as np
    >>> x = np.arange(64.0)
    >>> fringes, shifted = np.tile(np.sin(x), (64, 1)), np.tile(np.sin(x + 1), (64, 1))
    >>> [round(cw_ssim(fringes, image), 2) for image in (shifted, -fringes, fringes.T)]
    [0.07, 0.0, 0.99]
    """
    return compare(
        PreparedCWSSIM,
        reference,
        image,
        levels=levels,
        window=window,
        K=K,
        biort=biort,
        qshift=qshift,
        mask=mask,
    )


def cw_ssim_map(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    levels: int | None = None,
    window: int = 7,
    K: float = 0.01,
    biort: str = "near_sym_b",
    qshift: str = "qshift_b",
    mask: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return where the local waves differ; the mean of the map is `cw_ssim`.

    The formula is that of `cw_ssim`, before the average over places. Every coefficient of level l stands for
    a block of 2^l × 2^l pixels; the map is the average of the blocks of all subbands.

    Parameters
    ----------
    reference, image, levels, window, K, biort, qshift, mask
        As for `cw_ssim`.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        From 0 to 1; NaN where a pixel is left out.

    Raises
    ------
    TypeError, ValueError
        As `cw_ssim` does.

    Notes
    -----
    It misleads about places: the coarsest windows are about 7 × 16 = 112 pixels wide.

    Source: eq. 2 and Fig. 1(d) of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> import numpy as np
    >>> fringes = np.tile(np.sin(np.arange(64.0)), (64, 1))
    >>> halves = np.where(np.arange(64) < 32, fringes, 0)
    >>> difference = cw_ssim_map(fringes, halves)
    >>> bool(difference[:, 48:].min() > difference[:, :16].max())
    True
    """
    return compare_map(
        PreparedCWSSIM,
        reference,
        image,
        levels=levels,
        window=window,
        K=K,
        biort=biort,
        qshift=qshift,
        mask=mask,
    )


CW_SSIM = Metric(
    key="cw_ssim",
    label="cw-SSIM",
    family="paper",
    look=Look.GREEN_TRIANGLE,
    function=cw_ssim,
    map=cw_ssim_map,
    prepare=PreparedCWSSIM,
    symmetric=False,  # K is measured by the reference's energy
    scale_invariant=False,
    map_averages=True,
    map_limit=1.0,
    threshold=0.16,
    misleads="Reversed contrast is no difference to it; noise finer than the lattice weighs heavily.",
    equation=(
        r"\bar{D}(\mathbf{c}_x, \mathbf{c}_y) = 1 - \frac{2|\sum_i c_{x,i}c_{y,i}^*| + K}"
        r"{\sum_i |c_{x,i}|^2 + \sum_i |c_{y,i}|^2 + K}"
    ),
    source="Ederer and Löffler, Ultramicroscopy 2022, eq. 2",
)
