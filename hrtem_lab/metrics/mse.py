"""Mean squared error between normalised images (eq. 3 of the paper)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._metric import Metric
from hrtem_lab.metrics._prepared import Prepared, compare, compare_map
from hrtem_lab.metrics._scaling import magnitude
from hrtem_lab.metrics.outliers import warn_of_outliers


class PreparedMSE(Prepared):
    """The mean squared error against one reference; see `mse`.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        The image that others are compared with.
    mask : array_like of bool, optional
        As for `mse`.

    Examples
    --------
    >>> prepared = PreparedMSE([[1.0, 2.0]])
    >>> [prepared([[2.0, 4.0]]), prepared([[0.0, 0.0]])]
    [0.0, 1.0]
    """

    def __init__(self, reference: ArrayLike, *, mask: ArrayLike | None = None) -> None:
        super().__init__(reference, mask=mask)
        self._reference = self._normalised("reference", reference)

    def __call__(self, image: ArrayLike) -> float:
        """Return the mean squared error of `image`, from 0 to 1."""
        squares, greatest = self._squares(image)
        return min(float(squares.sum()) / greatest, 1.0)

    def map(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return `squared_error_map` of `image`."""
        squares, greatest = self._squares(image)
        kept = squares.size if self.mask is None else squares.size - int(self.mask.sum())
        return self._shown(squares * (kept / greatest))

    def _squares(self, image: ArrayLike) -> tuple[NDArray[np.float64], float]:
        """Return the squared differences, and the greatest sum they could have."""
        # eq. 3
        normalised = self._normalised("image", image)
        squares = np.square(self._reference - normalised)

        # Each image adds 1, or 0 if it is black; between two black images there is nothing to divide.
        greatest = float(np.square(self._reference).sum() + np.square(normalised).sum()) or 1.0
        return squares, greatest

    def _normalised(self, name: str, image: ArrayLike) -> NDArray[np.float64]:
        """Return `image` with negative and masked pixels set to 0 and a Frobenius norm of 1 (0 if black)."""
        pixels = self._checked(image, name)
        clipped = np.maximum(pixels, 0, dtype=np.float64, order="C")
        if self.mask is not None:
            clipped[self.mask] = 0
        clipped /= magnitude(clipped)  # the squares of huge or tiny pixels would overflow or vanish
        squares = np.square(clipped)
        total = squares.sum()
        warn_of_outliers(name, pixels, squares, float(total))
        return clipped / (np.sqrt(total) or 1.0)


def mse(reference: ArrayLike, image: ArrayLike, *, mask: ArrayLike | None = None) -> float:
    r"""Return the mean squared error between two images, each divided by its norm.

    .. math:: \tfrac12 \sum_i \left(\frac{a_i}{\lVert a\rVert} - \frac{b_i}{\lVert b\rVert}\right)^2
              = 1 - \frac{a \cdot b}{\lVert a\rVert\,\lVert b\rVert},
              \qquad a_i, b_i \ge 0

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        Real, finite, of one shape, in any unit. Negative pixels count as 0.
    mask : array_like of bool, shape (rows, columns), optional
        True where a pixel is left out of both images, as in `numpy.ma`, whose masked arrays are taken too.

    Returns
    -------
    float
        From 0 (one image is a positive multiple of the other) to 1 (no pixel is bright in both). A black
        image differs from a black one by 0 and from any other by exactly 1.

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, or the mask leaves no pixel.

    Warns
    -----
    OutlierWarning
        If dead or hot pixels hold 1 % or more of an image's sum of squares; the warning names them.

    Notes
    -----
    It misleads for images on a bright background: the common mean counts as likeness, so even unrelated
    images differ by much less than 1, and a change of contrast weighs little. It compares pixel by pixel, so
    that a shift of the same structure counts as a difference.

    Source: eq. 3 of Ederer and Löffler, Ultramicroscopy 2022, doi:10.1016/j.ultramic.2022.113578.

    Examples
    --------
    Brightness alone is no difference; light in other pixels is the greatest:

    >>> mse([[1.0, 0.0]], [[3.0, 0.0]])
    0.0
    >>> mse([[1.0, 0.0]], [[0.0, 1.0]])
    1.0
    """
    return compare(PreparedMSE, reference, image, mask=mask)


def squared_error_map(
    reference: ArrayLike, image: ArrayLike, *, mask: ArrayLike | None = None
) -> NDArray[np.float64]:
    r"""Return each pixel's term of `mse`, times the number of pixels: the mean of the map is `mse`.

    .. math:: \tfrac{N}{2} \left(\frac{a_i}{\lVert a\rVert} - \frac{b_i}{\lVert b\rVert}\right)^2

    A value of 1 is thus the average of the greatest possible difference; a few pixels that hold most of the
    error can exceed it, up to the number of pixels.

    Parameters
    ----------
    reference, image, mask
        As for `mse`.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        At least 0; NaN where a pixel is left out.

    Raises
    ------
    TypeError, ValueError
        As `mse` does.

    Notes
    -----
    It misleads near sharp peaks: a shift by one pixel lights up both of their sides.

    Source: the summands of eq. 3 of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> squared_error_map([[1.0, 0.0, 0.0, 0.0]], [[0.0, 1.0, 0.0, 0.0]])
    array([[2., 2., 0., 0.]])
    """
    return compare_map(PreparedMSE, reference, image, mask=mask)


MSE = Metric(
    key="mse",
    label="MSE",
    family="paper",
    look=Look.BLUE_CIRCLE,
    function=mse,
    map=squared_error_map,
    prepare=PreparedMSE,
    symmetric=True,
    scale_invariant=True,
    map_averages=True,
    map_limit=None,
    threshold=0.07,
    misleads="A bright background counts as likeness, a mere shift of the same structure as a difference.",
    equation=(
        r"\mathrm{MSE}(\mathbf{a}, \mathbf{b}) = \frac{1}{2} \sum_{i=1}^N \left("
        r"\frac{a_i}{\sqrt{\sum_j a_j^2}} - \frac{b_i}{\sqrt{\sum_j b_j^2}}\right)^2"
    ),
    source="Ederer and Löffler, Ultramicroscopy 2022, eq. 3",
)
