"""From the electrons in a pixel to the numbers of a file: full well, gain, and the converter."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab._validation import positive
from hrtem_lab.noise._electrons import bounded_counts
from hrtem_lab.noise._rules import below_one, between

#: No converter has more bits.
MOST_BITS = 32


def saturation(electrons: ArrayLike, *, full_well: float) -> NDArray[np.float64]:
    r"""Return a record in which no pixel holds more than its full well, :math:`\min(s, w)`.

    Parameters
    ----------
    electrons : array_like, shape (..., rows, columns)
        Electrons per pixel.
    full_well : float
        :math:`w`, the most electrons of the beam that a pixel can hold.

    Returns
    -------
    numpy.ndarray of float64, shape of `electrons`

    Raises
    ------
    TypeError, ValueError
        If `full_well` is not positive or the record is not finite.

    Notes
    -----
    What is cut off is lost: it does not bloom into the neighbours. A saturated image looks *less* noisy than
    it is.

    Source: a textbook form, written down here without a source of its own.

    Examples
    --------
    >>> saturation([[10.0, 5000.0]], full_well=4000).tolist()
    [[10.0, 4000.0]]
    """
    most = positive("full_well", full_well)
    return np.minimum(_validation.images("electrons", electrons).astype(np.float64), most)


def digitization(
    electrons: ArrayLike, *, gain: float, bits: int | None, offset: float = 0.0
) -> NDArray[np.float64]:
    r"""Return what an analogue-to-digital converter writes, :math:`\mathrm{clip}(\mathrm{round}(g s + o))`.

    Clipped is below 0 and above :math:`2^b - 1`.

    Parameters
    ----------
    electrons : array_like, shape (..., rows, columns)
        Electrons per pixel.
    gain : float
        :math:`g`, counts per electron, between 10⁻⁹ and 10⁹.
    bits : int or None
        :math:`b`, from 1 to 32; typically 12 to 16. None stands for a perfect converter, which neither
        rounds nor clips.
    offset : float
        :math:`o`, counts without an electron, not negative and within the converter's range. It keeps the
        noise of dark pixels from being clipped.

    Returns
    -------
    numpy.ndarray of float64, shape of `electrons`
        Counts, whole numbers unless `bits` is None. :math:`(\mathrm{counts} - o) / g` are electrons again.

    Raises
    ------
    TypeError, ValueError
        If `gain` or `offset` is out of range, `bits` not a whole number from 1 to 32, or the record not
        finite.

    Notes
    -----
    Rounding adds a variance of 1/12 count² where the noise is wider than about half a count. Where it is
    narrower, the error depends on the signal and no longer looks like noise. Without an offset, dark pixels
    are on average too bright.

    Source: a textbook form, written down here without a source of its own.

    Examples
    --------
    >>> digitization([[-3.0, 0.4, 10.1, 2000.0]], gain=4, bits=12, offset=8).tolist()
    [[0.0, 10.0, 48.0, 4095.0]]
    """
    factor, depth = gain_of(gain), bits_of(bits)
    shift = offset_of(offset, depth)
    return converted(_validation.images("electrons", electrons).astype(np.float64), factor, depth, shift)


def converted(
    electrons: NDArray[np.float64], gain: float, bits: int | None, offset: float
) -> NDArray[np.float64]:
    """Return counts, written over the electrons."""
    electrons *= gain
    electrons += offset
    if bits is None:
        return electrons
    return np.clip(np.rint(electrons, out=electrons), 0, 2**bits - 1, out=electrons)


def gain_of(value: Any) -> float:
    """Return a converter's counts per electron."""
    return between("gain", value, 1e-9, 1e9)


def bits_of(value: Any) -> int | None:
    """Return a converter's bits; None, or a whole number from 1 to 32."""
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"bits must be None or a whole number, got {value!r}")
    if not 1 <= int(value) <= MOST_BITS:
        raise ValueError(f"bits must lie between 1 and {MOST_BITS}, got {value!r}")
    return int(value)


def offset_of(value: Any, bits: int | None) -> float:
    """Return a converter's offset; it must lie within its range."""
    number = bounded_counts("offset", value)
    if bits is not None and number > 2**bits - 1:
        raise ValueError(f"offset must be at most {2**bits - 1}, the most of {bits} bits, got {value!r}")
    return number


def line_noise(
    electrons: ArrayLike,
    *,
    gain_sigma: float = 0.0,
    offset_sigma: float = 0.0,
    rng: int | np.random.Generator | None = None,
) -> NDArray[np.float64]:
    r"""Return a scanned record whose lines differ in gain and offset, :math:`g_j s_{ji} + o_j`.

    :math:`g_j \sim \mathcal N(1, \sigma_g^2)` and :math:`o_j \sim \mathcal N(0, \sigma_o^2)` are drawn for
    each line :math:`j` from two spawned streams.

    Parameters
    ----------
    electrons : array_like, shape (..., rows, columns)
        Electrons per pixel; the lines are the rows.
    gain_sigma : float
        :math:`\sigma_g`, from 0 to less than 1. Start from at most 0.05 (a range of ours).
    offset_sigma : float
        :math:`\sigma_o`, in the unit of `electrons`, at most 10¹⁵.
    rng : int, numpy.random.Generator or None
        Seed or generator, from which streams are spawned for each image.

    Returns
    -------
    numpy.ndarray of float64, shape of `electrons`

    Raises
    ------
    TypeError, ValueError
        If a number is out of range or the record not finite.

    Notes
    -----
    Lines are independent: slow drifts of the gun's current are not in it.

    Source: a textbook form, written down here without a source of its own.

    Examples
    --------
    >>> import numpy as np
    >>> record = line_noise(np.full((512, 8), 100.0), gain_sigma=0.02, rng=1)
    >>> bool((record == record[:, :1]).all()), round(float(record[:, 0].std()), 1)
    (True, 2.0)
    """
    width, shift = below_one("gain_sigma", gain_sigma), bounded_counts("offset_sigma", offset_sigma)
    record = _validation.images("electrons", electrons).astype(np.float64)
    generator = np.random.default_rng(rng)
    for place in np.ndindex(record.shape[:-2]):
        of_gain, of_offset = generator.spawn(2)
        record[place] *= of_gain.normal(1.0, width, (record.shape[-2], 1))
        record[place] += of_offset.normal(0.0, shift, (record.shape[-2], 1))
    return record


def fast_scan_blur(electrons: ArrayLike, *, memory: float) -> NDArray[np.float64]:
    r"""Return a scanned record whose amplifier lags, :math:`y_i = (1 - a) x_i + a\, y_{i-1}` along each line.

    It acts after the counting, so that it correlates the noise of neighbours. A line begins with
    :math:`y_0 = x_0`, at rest.

    Parameters
    ----------
    electrons : array_like, shape (..., rows, columns)
        Electrons per pixel; the lines are the rows.
    memory : float
        :math:`a`, from 0 to less than 1: :math:`e^{-\mathrm{dwell} / \tau}` of an amplifier with time
        constant :math:`\tau`. Start from at most 0.8 (a range of ours).

    Returns
    -------
    numpy.ndarray of float64, shape of `electrons`
        Even lines stay as they are.

    Raises
    ------
    TypeError, ValueError
        If `memory` is out of range or the record not finite.

    Notes
    -----
    The image moves by :math:`a / (1 - a)` pixels along the line, and white noise falls to
    :math:`(1 - a) / (1 + a)` of its variance without any gain in information. The first pixels of a line
    have more noise than the others.

    Source: a textbook form, written down here without a source of its own.

    Examples
    --------
    >>> fast_scan_blur([[0.0, 0.0, 8.0, 0.0, 0.0]], memory=0.5).tolist()
    [[0.0, 0.0, 4.0, 2.0, 1.0]]
    """
    share_kept = below_one("memory", memory)
    record = _validation.images("electrons", electrons).astype(np.float64)
    for place in np.ndindex(record.shape[:-2]):
        record[place] = lagged(record[place], share_kept)
    return record


def lagged(record: NDArray[np.float64], memory: float) -> NDArray[np.float64]:
    """Return one record after the amplifier."""
    # One step serves all lines, whose pixels of one column lie side by side in the transposed copy.
    columns = np.ascontiguousarray(record.T)
    columns[1:] *= 1 - memory
    for place in range(1, len(columns)):
        columns[place] += memory * columns[place - 1]
    return np.ascontiguousarray(columns.T)
