"""Differences of SIFT descriptors at the reference's keypoints (section 2 of the paper)."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics._keypoints import WHOLE, Discs, Features, keypoint_table, on_all_cores
from hrtem_lab.metrics._looks import Look
from hrtem_lab.metrics._metric import Metric
from hrtem_lab.metrics._prepared import Prepared, checked_pair, compare, compare_map
from hrtem_lab.metrics._scaling import Scale
from hrtem_lab.metrics.outliers import blinding, mended


class PreparedSIFT(Prepared):
    """The SIFT difference against one reference; see `sift` for the options.

    Keypoints and descriptors of the reference are computed once.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        The image whose features are looked for in others.
    contrast_threshold, edge_threshold, octave_layers, sigma, mask
        As for `sift`.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:64, :64]
    >>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
    >>> prepared = PreparedSIFT(atoms)
    >>> [round(prepared(image), 3) for image in (atoms, 0 * atoms)]
    [0.0, 0.707]
    """

    def __init__(
        self,
        reference: ArrayLike,
        *,
        contrast_threshold: float = 0.01,
        edge_threshold: float = 10,
        octave_layers: int = 3,
        sigma: float = 1.6,
        mask: ArrayLike | None = None,
    ) -> None:
        super().__init__(reference, mask=mask)
        detector = cv2.SIFT_create(  # type: ignore[attr-defined]
            nOctaveLayers=_validation.positive_integer("octave_layers", octave_layers),
            contrastThreshold=_validation.non_negative("contrast_threshold", contrast_threshold),
            edgeThreshold=_validation.positive("edge_threshold", edge_threshold),
            sigma=_validation.positive("sigma", sigma),
        )
        pixels = self._checked(reference, "reference")
        self._bad = blinding(pixels)
        pixels = mended(pixels, self._bad)
        self._scale = Scale.of(pixels)
        grey = self._greys(pixels)
        self._features = Features(detector, grey, mask=self.mask)
        if not self._features.keypoints:
            raise ValueError(
                f"reference must have SIFT features, got none in an image of shape {self.shape} "
                f"at contrast_threshold={contrast_threshold!r}"
            )
        self._descriptors = self._features.describe(grey)

    def __call__(self, image: ArrayLike) -> float:
        """Return the mean SIFT difference of `image` over the keypoints, from 0 to 1."""
        return float(self._differences(image).mean())

    def many(self, images: ArrayLike) -> NDArray[np.float64]:
        """Return the SIFT differences of a stack of images; they are shared out among the cores."""
        stack = self._stack(images)
        if not len(stack):
            return np.empty(0)
        # The cores share large images one by one already.
        return on_all_cores(self._means, stack) if self._features.small else self._means(stack)

    def _means(self, images: NDArray) -> NDArray[np.float64]:
        return np.array([self._distances(self._describe(image)).mean() for image in images])

    def map(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return `sift_map` of `image`."""
        return self._shown(self._painted.means(self._differences(image)))

    def keypoints(self, image: ArrayLike) -> NDArray[np.void]:
        """Return `sift_keypoints` of `image`."""
        return keypoint_table(self._features.keypoints, self._differences(image))

    def descriptors(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return the descriptors of `image` at the reference's keypoints, shape (n, 128), each of norm 1.

        A row is 4 × 4 fields of 8 gradient directions around the keypoint; it is 0 where `image` is flat.
        """
        return self._describe(self._checked(image))

    def _differences(self, image: ArrayLike) -> NDArray[np.float64]:
        return self._distances(self.descriptors(image))

    def _distances(self, descriptors: NDArray[np.float64]) -> NDArray[np.float64]:
        # eq. for n keypoints
        distances = np.linalg.norm(self._descriptors - descriptors, axis=-1)
        return np.minimum(distances / np.sqrt(2), 1)

    def _greys(self, image: NDArray) -> NDArray[np.uint8]:
        # One scale for both images: OpenCV's SIFT reads 8 bits, and stretching each image would hide changes.
        greys = np.empty(image.shape, np.uint8)
        step = max(1, WHOLE // image.shape[1])
        for first in range(0, len(image), step):
            rows = slice(first, first + step)
            greys[rows] = np.clip(np.rint(255 * self._scale(image[rows])), 0, 255)
        return greys

    def _describe(self, image: NDArray) -> NDArray[np.float64]:
        return self._features.describe(self._greys(mended(image, self._bad)))

    @cached_property
    def _painted(self) -> Discs:
        return Discs.of(self._features.keypoints, self.shape)


def sift(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    contrast_threshold: float = 0.01,
    edge_threshold: float = 10,
    octave_layers: int = 3,
    sigma: float = 1.6,
    mask: ArrayLike | None = None,
) -> float:
    r"""Return how much the surroundings of the reference's keypoints differ, on average.

    .. math:: \frac{1}{n} \sum_{k=1}^{n} \frac{\lVert \hat d_k - \hat e_k \rVert}{\sqrt 2}

    with the SIFT descriptors d of the reference and e of the image at the n keypoints *of the reference*
    (place, size and orientation), each divided by its norm.

    Parameters
    ----------
    reference, image : array_like, shape (rows, columns)
        Real, finite, of one shape, in any unit. Both are read on one scale of 256 greys, from the
        reference's minimum to its maximum; values outside are clipped to it.
    contrast_threshold : float
        Fainter extrema are no keypoints; OpenCV's scale, on which 0.09 is Lowe's 0.03.
    edge_threshold : float
        More elongated extrema are no keypoints: the greatest ratio of their principal curvatures.
    octave_layers : int
        Sizes that are looked at per doubling of the size.
    sigma : float
        Blur in pixels of the finest image.
    mask : array_like of bool, shape (rows, columns), optional
        True where a pixel is left out of both images, as in `numpy.ma`, whose masked arrays are taken too. It
        is filled from its surroundings in both; keypoints with over a quarter of their disc on it are none.

    Returns
    -------
    float
        From 0 (identical) to 1 (at no keypoint do the two share a gradient direction). A black or constant
        image has no gradients and gives 1/√2.

    Raises
    ------
    TypeError, ValueError
        If an image is not a 2-D array of finite real numbers, the shapes differ, the reference has no
        features, or an option breaks its rule.

    Notes
    -----
    Images of up to 1024 × 1024 px are compared at all keypoints that OpenCV finds. In a larger one it sees
    tiles of 512 × 512 px with 128 px around them, and for keypoints larger than 24 px a reduced image; of
    all keypoints about 65 536 count, an even sample, always the same. Time grows with the pixels, memory
    hardly: 0.8 GB for 4096 × 4096 px. The value is within 0.02 of that of all keypoints. If more than a tenth
    of them are coarse, as in a much magnified crystal, OpenCV sees images of up to 2048 × 2048 px whole;
    beyond, the value can be 0.03 off, as much as a shift by a pixel changes it.

    It misleads between the keypoints, where it does not look, and where noise fills the image: noise
    and no image at all both give about 0.7. It is not symmetric, because only the reference's keypoints
    count. Dead and hot pixels that `outliers` finds in the reference, and in an image far beyond the range of
    the others, are replaced by their surroundings.

    Source: section 2 of Ederer and Löffler, Ultramicroscopy 2022, doi:10.1016/j.ultramic.2022.113578,
    after Lowe, ICCV 1999, doi:10.1109/ICCV.1999.790410.

    Examples
    --------
    Reversed contrast turns every gradient round; a black image has none:

    >>> import numpy as np
    >>> y, x = np.mgrid[:64, :64]
    >>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
    >>> [round(sift(atoms, image), 2) for image in (atoms, 1 - atoms, 0 * atoms)]
    [0.0, 0.78, 0.71]
    """
    return compare(
        PreparedSIFT,
        reference,
        image,
        contrast_threshold=contrast_threshold,
        edge_threshold=edge_threshold,
        octave_layers=octave_layers,
        sigma=sigma,
        mask=mask,
    )


def sift_map(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    contrast_threshold: float = 0.01,
    edge_threshold: float = 10,
    octave_layers: int = 3,
    sigma: float = 1.6,
    mask: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return the keypoints' differences painted as discs; NaN where no keypoint reaches.

    Each keypoint of the reference paints its difference on a disc of its own size; where discs overlap the
    mean is shown.

    Parameters
    ----------
    reference, image, contrast_threshold, edge_threshold, octave_layers, sigma, mask
        As for `sift`.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        From 0 to 1, or NaN.

    Raises
    ------
    TypeError, ValueError
        As `sift` does.

    Notes
    -----
    It misleads if its mean is taken for `sift`: that is the mean over keypoints, not over pixels. A
    descriptor also reads gradients well outside the painted disc.

    Source: after Fig. 1(c) of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:64, :64]
    >>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
    >>> float(np.nanmax(sift_map(atoms, atoms)))
    0.0
    """
    return compare_map(
        PreparedSIFT,
        reference,
        image,
        contrast_threshold=contrast_threshold,
        edge_threshold=edge_threshold,
        octave_layers=octave_layers,
        sigma=sigma,
        mask=mask,
    )


def sift_keypoints(
    reference: ArrayLike,
    image: ArrayLike,
    *,
    contrast_threshold: float = 0.01,
    edge_threshold: float = 10,
    octave_layers: int = 3,
    sigma: float = 1.6,
    mask: ArrayLike | None = None,
) -> NDArray[np.void]:
    """Return the keypoints of the reference, each with the difference of the image there.

    The mean of ``difference`` is `sift`.

    Parameters
    ----------
    reference, image, contrast_threshold, edge_threshold, octave_layers, sigma, mask
        As for `sift`.

    Returns
    -------
    structured ndarray, shape (n,)
        Fields ``x`` (column) and ``y`` (row) of the centre, ``size`` (diameter), all in pixels, ``angle``
        (degrees, from the x axis towards increasing y), ``response`` (OpenCV's contrast of the extremum),
        ``octave`` (of the pyramid; −1 is the doubled image) and ``difference`` (0 to 1).

    Raises
    ------
    TypeError, ValueError
        As `sift` does.

    Notes
    -----
    It misleads if places are counted: one place with two dominant directions is two keypoints.

    Source: section 2 and Fig. 1(c) of Ederer and Löffler, Ultramicroscopy 2022.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:64, :64]
    >>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
    >>> keypoints = sift_keypoints(atoms, 0 * atoms)
    >>> keypoints.dtype.names
    ('x', 'y', 'size', 'angle', 'response', 'octave', 'difference')
    >>> round(float(keypoints["difference"].max()), 3)
    0.707
    """
    reference, image, mask = checked_pair(reference, image, mask)
    return PreparedSIFT(
        reference,
        contrast_threshold=contrast_threshold,
        edge_threshold=edge_threshold,
        octave_layers=octave_layers,
        sigma=sigma,
        mask=mask,
    ).keypoints(image)


SIFT = Metric(
    key="sift",
    label="SIFT",
    family="paper",
    look=Look.RED_DIAMOND,
    function=sift,
    map=sift_map,
    prepare=PreparedSIFT,
    symmetric=False,
    scale_invariant=False,  # a brighter image leaves the reference's grey scale
    map_averages=False,
    map_limit=1.0,
    threshold=0.18,
    misleads="It does not look between the reference's keypoints; noise and black both give about 0.7.",
    equation=(
        r"D(\mathbf{a}, \mathbf{b}) = \frac{1}{n} \sum_{k=1}^{n} \frac{1}{\sqrt{2}}"
        r" \left\lVert \frac{\mathbf{d}_k}{\lVert"
        r"\mathbf{d}_k\rVert} - \frac{\mathbf{e}_k}{\lVert\mathbf{e}_k\rVert} \right\rVert"
    ),
    source="Ederer and Löffler, Ultramicroscopy 2022, section 2",
)
