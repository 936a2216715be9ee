"""Signal and noise through a detector: what spreads, and what is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.noise._curves import Curve, Transfer, evaluated
from hrtem_lab.noise._electrons import PART, countable, counted, counts_per_pixel, relative

# The image is mirrored this far beyond its edges, farther than a camera's spread reaches.
MARGIN = 32
# Electrons are drawn in so many bands of rows at the same time; NumPy's generators let each other run.
BANDS = 4


def signal_transfer(image: ArrayLike, *, transfer: Transfer) -> NDArray[np.float64]:
    r"""Return the expected image that a detector shows: :math:`I \otimes \mathrm{mtf}`.

    The Fourier transform is multiplied by the MTF at each frequency's length. Beyond its edges the image is
    mirrored over 32 pixels.

    Parameters
    ----------
    image : array_like, shape (..., rows, columns)
        Expected intensity relative to the incident beam.
    transfer : Transfer
        The detector's curves; the MTF alone is used.

    Returns
    -------
    numpy.ndarray of float64, shape of `image`
        An even image stays as it is.

    Raises
    ------
    TypeError, ValueError
        If the image does not hold finite real numbers in 2 or more dimensions, or `transfer` is no
        `Transfer`.

    Notes
    -----
    Frequencies are counted in pixels: the same camera at another magnification spreads over as many pixels,
    which are other lengths at the specimen. An edge sharper than a pixel rings, and may fall below 0
    by a few percent of its height; images that an aperture limits do not.

    Source: as for `Transfer`.

    Examples
    --------
    >>> import numpy as np
    >>> stripes = np.tile([1.5, 1.0, 0.5, 1.0], (64, 16))  # a quarter of a cycle per pixel
    >>> shown = signal_transfer(stripes, transfer=Transfer())
    >>> round(float(np.ptp(shown[:, 16:48])), 1), float(Transfer().mtf(0.25).round(1))
    (0.9, 0.9)
    """
    expected = _validation.images("image", image).astype(np.float64)
    if is_even(a_transfer(transfer).signal):
        return expected
    shown = np.empty(expected.shape)
    for place in np.ndindex(expected.shape[:-2]):
        shown[place] = spread(expected[place], transfer)
    return shown


def transferred_shot_noise(
    image: ArrayLike,
    *,
    transfer: Transfer,
    dose_per_area: float,
    sampling: float | tuple[float, float],
    rng: int | np.random.Generator | None = None,
) -> NDArray[np.float64]:
    r"""Return an image of counted electrons whose signal and noise went through a detector.

    :math:`s = \lambda + \mathrm{ntf} \otimes (\mathrm{Poisson}(\eta \lambda) / \eta - \lambda)` with
    :math:`\lambda = n\, (I \otimes \mathrm{mtf})` and :math:`\eta = \mathrm{DQE}_0`, divided by the electrons
    :math:`n` of a pixel of vacuum. Of an even image the power of the noise at a frequency is
    :math:`\lambda\, \mathrm{ntf}(q)^2 / \eta`, so that the signal-to-noise ratio falls by
    :math:`\mathrm{DQE}(q)`.

    Parameters
    ----------
    image : array_like, shape (..., rows, columns)
        Expected intensity relative to the incident beam, not negative.
    transfer : Transfer
        The detector's curves.
    dose_per_area, sampling, rng
        As in `shot_noise`.

    Returns
    -------
    numpy.ndarray of float64, shape of `image`
        Pixels may be negative: noise that has spread is not whole electrons.

    Raises
    ------
    TypeError, ValueError
        As `shot_noise`, and if `transfer` is no `Transfer`.

    Notes
    -----
    Mean, variance and spectrum are the detector's. The distribution in a single pixel is not at a fraction
    of an electron: the spread in pulse height of a scintillator is replaced by electrons lost at random,
    which has the same DQE. Noise of neighbours is correlated where NTF falls: statistics that take pixels as
    independent (a likelihood, χ²) overstate what they know. Noise that leaves at an edge enters at the
    opposite one.

    Source: as for `Transfer`. That the noise spreads in its own way is worked out in part I of a paper, by
    Niermann, Lubk and Röder, Ultramicroscopy 115 (2012) 68, and measured in part II, by Lubk et al.,
    Ultramicroscopy 115 (2012) 78, doi:10.1016/j.ultramic.2012.01.011.

    Examples
    --------
    >>> import numpy as np
    >>> transfer = Transfer(noise=Curve(corner=0.3), signal=Curve(corner=0.2), dqe0=0.5)
    >>> options = {"dose_per_area": 100, "sampling": 0.2, "rng": 1}  # n = 4
    >>> image = transferred_shot_noise(np.ones((256, 256)), transfer=transfer, **options)
    >>> round(float(image.mean()), 2), round(float(image.var()), 2)  # without the NTF 1 / (4 · 0.5)
    (1.0, 0.11)
    """
    vacuum = counts_per_pixel(dose_per_area, sampling=sampling)
    expected = _validation.images("image", image)
    countable(expected, vacuum)
    shown = signal_transfer(expected, transfer=transfer)
    generator = np.random.default_rng(rng)
    record = np.empty(shown.shape)
    for place in np.ndindex(shown.shape[:-2]):
        record[place] = counted_through(shown[place], vacuum, transfer, generator)
    return relative(record, vacuum)


def a_transfer(value: Any) -> Transfer:
    """Return `value`; it must be a `Transfer`."""
    if not isinstance(value, Transfer):
        raise TypeError(f"transfer must be a Transfer, got {value!r}")
    return value


def is_even(curve: Any) -> bool:
    """Tell whether a curve is known to be 1 at every frequency."""
    return isinstance(curve, Curve) and curve.corner is None and not curve.aperture


def spread(image: NDArray[np.floating], transfer: Transfer) -> NDArray[np.float64]:
    """Return one image after the MTF, mirrored beyond its edges."""
    import cv2  # noqa: PLC0415

    margins = [(MARGIN, cv2.getOptimalDFTSize(side + 2 * MARGIN) - side - MARGIN) for side in image.shape]
    inside = tuple(slice(MARGIN, MARGIN + side) for side in image.shape)
    padded = np.pad(image.astype(np.float64, copy=False), margins, mode="symmetric")
    return filtered(padded, transfer.signal)[inside]


def counted_through(
    shown: NDArray[np.float64], vacuum: float, transfer: Transfer | None, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return the electrons of one exposure of an image that is already spread by the MTF."""
    efficiency = 1.0 if transfer is None else transfer.dqe0
    # Where an image rings below 0 no electron arrives, but its mean is kept.
    arriving = np.maximum(shown, 0)
    noise = counted_in_bands(arriving, vacuum * efficiency, generator)
    if transfer is None and arriving.min() == shown.min():
        return noise
    noise /= efficiency
    noise -= arriving * vacuum
    if transfer is not None and not is_even(transfer.noise):
        noise = filtered(noise, transfer.noise)
    noise += shown * vacuum
    return noise


def counted_in_bands(
    expected: NDArray[np.float64], vacuum: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return the electrons that each pixel counts, drawn in bands of rows at the same time."""
    bands = zip(np.array_split(expected, BANDS), generator.spawn(BANDS), strict=True)
    with ThreadPoolExecutor(BANDS) as threads:
        # Only where drawing takes longer than starting a thread.
        in_turn = threads.map if expected.size > PART else map
        return np.concatenate(list(in_turn(lambda band: counted(band[0], vacuum, 0.0, band[1]), bands)))


def filtered(array: NDArray[np.float64], curve: Any) -> NDArray[np.float64]:
    """Return an array, taken to repeat, with its Fourier transform multiplied by a radial curve."""
    import cv2  # noqa: PLC0415

    rows, columns = array.shape
    half = rows // 2 + 1
    factors = radial(curve, rows, columns)
    # OpenCV packs the half spectrum into a real array: a column of frequency 0, pairs of columns (real,
    # imaginary), and of an even number a last column. The lone columns are packed likewise along the rows.
    spectrum = np.asarray(cv2.dft(array), dtype=np.float64)
    paired = slice(1, columns - 1 + columns % 2)
    spectrum[:half, paired] *= factors[:, paired]
    spectrum[half:, paired] *= factors[rows - half : 0 : -1, paired]
    along = (np.arange(rows) + 1) // 2
    spectrum[:, 0] *= factors[along, 0]
    if columns % 2 == 0:
        spectrum[:, -1] *= factors[along, -1]
    return np.asarray(cv2.idft(spectrum, flags=cv2.DFT_SCALE), dtype=np.float64)


@lru_cache(maxsize=3)
def radial(curve: Any, rows: int, columns: int) -> NDArray[np.float64]:
    """Return a curve at the frequencies of rows that are not negative and of OpenCV's packed columns."""
    down, right = (np.arange(side // 2 + 1) / side for side in (rows, columns))
    return evaluated(curve, np.hypot(down[:, None], right))[:, (np.arange(columns) + 1) // 2]
