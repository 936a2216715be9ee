"""Structural similarity of real-space patches (eq. 1 of the paper), as a difference."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._metric import Metric
from hrtem_lab.metrics._prepared import Prepared, compare, compare_map
from hrtem_lab.metrics._scaling import LIMIT, Scale
from hrtem_lab.metrics._windows import checked_window, disc, fitting, weights_inside
from hrtem_lab.metrics.outliers import blinding, filled, mended

Array = NDArray[Any]

ROWS_AT_ONCE = 64
"""Eq. 1 is evaluated for this many rows at a time, so that its terms fit into the processor's cache."""
WIDENS = 0.75
"""A pixel this many ranges beyond most others would widen the reference's scale so that it matters."""
FARTHEST = 30.0
"""A pixel this many contrasts from the reference's darkest would cost others their digits, if it is alone."""


class PreparedSSIM(Prepared):
    """The structural difference against one reference; see `ssim` for the options.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        The image that others are compared with.
    radius, window, data_range, K1, K2, mask
        As for `ssim`.

    Examples
    --------
    >>> import numpy as np
    >>> fringes = np.tile(np.sin(np.arange(64.0)), (64, 1))
    >>> prepared = PreparedSSIM(1 + fringes)
    >>> [round(prepared(1 + contrast * fringes), 2) for contrast in (1, 0.5, 0, -1)]
    [0.0, 0.1, 0.5, 0.98]
    """

    def __init__(
        self,
        reference: ArrayLike,
        *,
        radius: float = 5,
        window: ArrayLike | None = None,
        data_range: float | None = None,
        K1: float = 0.01,
        K2: float = 0.03,
        mask: ArrayLike | None = None,
    ) -> None:
        super().__init__(reference, mask=mask)
        K1, K2 = _validation.positive("K1", K1), _validation.positive("K2", K2)
        self._window = fitting(disc(radius) if window is None else checked_window(window), self.shape)
        pixels = self._checked(reference, "reference")
        self._bad = blinding(pixels, beyond=WIDENS)
        self._scale = Scale.of(mended(pixels, self._bad))
        contrast = 1.0  # of the reference on its own scale
        if data_range is not None:
            contrast = (
                _validation.positive("data_range", data_range) / self._scale.unit / self._scale.contrast
            )
        # The limits keep both ratios defined for a data_range that has nothing to do with the images.
        self._C1, self._C2 = (min(max((K * min(contrast, LIMIT)) ** 2, 1e-30), LIMIT**2) for K in (K1, K2))
        # The window sums in the reference's precision.
        self._dtype = np.float32 if pixels.dtype == np.float32 else np.float64
        self._keep = None if self.mask is None else (~self.mask).astype(self._dtype)
        self._weights_inside = self._inside().astype(self._dtype)
        self._background = self._scale.origin / self._scale.contrast
        self._reference: Array = self._scaled(pixels)
        self._means = self._window_sums(self._reference)
        self._means /= self._weights_inside

    def __call__(self, image: ArrayLike) -> float:
        """Return the structural difference of `image`, from 0 to 1."""
        return self._average(self.map(image))

    def map(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return `ssim_map` of `image`."""
        pixels = self._scaled(self._checked(image))
        pixel_sums = self._window_sums(pixels)
        products = self._reference * pixels
        product_sums = self._window_sums(products)
        squares = np.square(self._reference, out=products)
        squares += np.square(pixels, out=pixels)
        square_sums = self._window_sums(squares)
        difference = np.empty(self.shape)
        for top in range(0, self.shape[0], ROWS_AT_ONCE):
            rows = slice(top, top + ROWS_AT_ONCE)
            sums = (values[rows] for values in (pixel_sums, product_sums, square_sums))
            means = (values / self._weights_inside[rows] for values in sums)
            difference[rows] = self._difference(self._means[rows], *means)
        return self._shown(difference)

    def many(self, images: ArrayLike) -> NDArray[np.float64]:
        """Return the structural differences of a stack, shape (images, rows, columns) → (images,)."""
        return self._in_blocks(self._differences, images)

    def _scaled(self, image: Array) -> Array:
        """Return an image on the reference's scale; outliers are filled, what is left out is 0."""
        pixels: Array = self._scale(image)
        if pixels.max() > FARTHEST or pixels.min() < -FARTHEST:
            pixels = mended(pixels, self._bad)
        elif self._bad is not None:
            pixels = filled(pixels, self._bad)
        pixels = pixels.astype(self._dtype, copy=False)
        return pixels if self._keep is None else pixels * self._keep

    def _inside(self) -> NDArray[np.float64]:
        """Return the sum of the weights of the pixels that count, for the window around each pixel."""
        if self.mask is None:
            return weights_inside(self._window, self.shape)
        inside = self._window_sums((~self.mask).astype(np.float64))
        return np.where(self.mask, 1.0, inside)  # around a pixel left out there may be none

    def _differences(self, images: Array) -> NDArray[np.float64]:
        pixels = np.array([self._scaled(image) for image in images])
        squares = np.square(self._reference) + np.square(pixels)
        means = (self._means_of(values) for values in (pixels, self._reference * pixels, squares))
        difference = self._difference(self._means, *means)
        if self.mask is not None:
            return np.array([self._average(one.astype(np.float64)) for one in difference])
        return np.asarray(difference.mean(axis=(1, 2), dtype=np.float64))

    def _means_of(self, stack: Array) -> Array:
        # One by one: OpenCV filters in Fourier space, where a huge image's rounding would reach the others.
        return np.array([self._window_sums(one) for one in stack]) / self._weights_inside

    def _difference(self, mean_a: Array, mean_b: Array, mean_ab: Array, mean_squares: Array) -> Array:
        """Return the map from the patches' means of a, b, a b and a² + b², a and b less the background.

        Variances are differences of squares: less the background they keep their digits even where a faint
        structure lies on a bright one.
        """
        variances = np.maximum(mean_squares - (mean_a * mean_a + mean_b * mean_b), 0)
        covariances = 2 * (mean_ab - mean_a * mean_b)
        covariances = np.clip(covariances, -variances, variances)  # rounding alone could exceed them
        mean_a, mean_b = mean_a + self._background, mean_b + self._background
        return self.formula(mean_a, mean_b, variances, covariances, C1=self._C1, C2=self._C2)

    @staticmethod
    def formula(
        mean_a: Array, mean_b: Array, variances: Array, covariances: Array, *, C1: float, C2: float
    ) -> Array:
        """Return eq. 1, as a difference, from the moments of the patches around the same points of a and b.

        `variances` is the sum of both images' variances, `covariances` twice their covariance.
        """
        # eq. 1
        luminance = (2 * mean_a * mean_b + C1) / (mean_a * mean_a + mean_b * mean_b + C1)
        structure = (covariances + C2) / (variances + C2)
        return np.clip(0.5 - 0.5 * luminance * structure, 0, 1)

    def _window_sums(self, values: Array) -> Array:
        # Outside the image lies nothing: a patch at the border is the part of the window inside.
        return np.asarray(cv2.filter2D(values, -1, self._window, borderType=cv2.BORDER_CONSTANT))


def ssim(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    radius: float = 5,
    window: ArrayLike | None = None,
    data_range: float | None = None,
    K1: float = 0.01,
    K2: float = 0.03,
    mask: ArrayLike | None = None,
) -> float:
    r"""Return the structural difference of two images: half of what their structural similarity lacks to 1.

    .. math:: D = \tfrac12 - \frac{(2\mu_x\mu_y + C_1)(2\sigma_{xy} + C_2)}
              {2(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x + \sigma_y + C_2)}

    with the means μ, variances σ (not standard deviations) and the covariance of the patches around the same
    point of both images, averaged over all points; C₁ = (K₁L)² and C₂ = (K₂L)², L being `data_range`. At the
    border the patch is the part of the window that lies inside the image: no pixel is invented, none left
    out.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        Real, finite, of one shape, in any unit, at least as large as the window.
    radius : float
        Radius of the circular window in pixels. It should cover an atom column and its surroundings. 5 is the
        smallest at which the paper's half-cell shift exceeds 0.5 at 32 pixels per cell (4 gives 0.48).
    window : array_like, optional
        Weights to use instead of the disc: 2-D, odd sides, none negative, the centre above zero.
    data_range : float, optional
        The contrast L that the constants are measured by, in the images' unit. By default the reference's
        maximum less its minimum without outliers (its value if it is constant, 1 if it is black).
    K1, K2 : float
        Small and positive: what counts as no brightness and no structure, relative to `data_range`.
    mask : array_like of bool, shape (rows, columns), optional
        True where a pixel is left out of both images, as in `numpy.ma`, whose masked arrays are taken too. A
        patch is then the part of the window that is kept, and the value the mean over the kept points.

    Returns
    -------
    float
        From 0 (identical) through 0.5 (unrelated) to 1 (every patch reversed).

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, the window is larger than
        the image, or an option breaks its rule.

    Notes
    -----
    It misleads between different structures: unrelated patches give 0.5, hardly less than a shifted copy of
    the same structure. Only a reversed contrast exceeds 0.5 clearly. And it expects intensities: where the
    means of two patches have opposite signs *and* their structure is reversed, the two minus signs cancel and
    the patches count as alike. Exchanging the two images alters the default `data_range`; with a given one
    the value is symmetric. A dead or hot pixel that `outliers` finds far beyond the range of the others is
    replaced by its surroundings.

    ``skimage.metrics.structural_similarity`` gives the same index at every point whose window lies inside
    the image, for ``window=np.ones((7, 7))`` and its ``use_sample_covariance=False``; its mean leaves out
    the border.

    Source: eq. 1 of Ederer and Löffler, Ultramicroscopy 2022, doi:10.1016/j.ultramic.2022.113578, after
    Wang et al., IEEE Trans. Image Process. 13 (2004) 600, doi:10.1109/TIP.2003.819861.

    Examples
    --------
    No structure is halfway to the reversed one, which is nearly the greatest difference:

    >>> import numpy as np
    >>> fringes = np.tile(np.sin(np.arange(64.0)), (64, 1))
    >>> [round(ssim(1 + fringes, image), 2) for image in (1 + 0 * fringes, 1 - fringes)]
    [0.5, 0.98]
    """
    return compare(
        PreparedSSIM,
        reference,
        image,
        radius=radius,
        window=window,
        data_range=data_range,
        K1=K1,
        K2=K2,
        mask=mask,
    )


def ssim_map(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    radius: float = 5,
    window: ArrayLike | None = None,
    data_range: float | None = None,
    K1: float = 0.01,
    K2: float = 0.03,
    mask: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return the structural difference around every point; its mean is `ssim`.

    The formula is that of `ssim`, before the average.

    Parameters
    ----------
    reference, image, radius, window, data_range, K1, K2, mask
        As for `ssim`.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        From 0 (the patches are identical) to 1 (reversed); NaN where a pixel is left out.

    Raises
    ------
    TypeError, ValueError
        As `ssim` does.

    Notes
    -----
    It misleads in flat regions: where neither image has structure it shows 0 (if both are equally bright),
    where only noise differs 0.5.

    Source: eq. 1 of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    A change is seen as far as the window reaches:

    >>> import numpy as np
    >>> image = np.eye(32)
    >>> image[4, 20] = 1
    >>> int((ssim_map(np.eye(32), image, radius=2) > 1e-6).sum())
    13
    """
    return compare_map(
        PreparedSSIM,
        reference,
        image,
        radius=radius,
        window=window,
        data_range=data_range,
        K1=K1,
        K2=K2,
        mask=mask,
    )


SSIM = Metric(
    key="ssim",
    label="SSIM",
    family="paper",
    look=Look.PINK_SQUARE,
    function=ssim,
    map=ssim_map,
    prepare=PreparedSSIM,
    symmetric=False,  # the constants are measured by the reference's contrast
    scale_invariant=False,
    map_averages=True,
    map_limit=1.0,
    threshold=None,
    misleads="Unrelated structures give 0.5, and so does a shift of the same structure.",
    equation=(
        r"D(\mathbf{x}, \mathbf{y}) = \frac{1}{2} - \frac{(2\mu_x\mu_y + C_1)(2\sigma_{xy} + C_2)}"
        r"{2(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x + \sigma_y + C_2)}"
    ),
    source="Ederer and Löffler, Ultramicroscopy 2022, eq. 1",
)
