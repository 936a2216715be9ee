"""What is wrong with single pixels: dead and hot ones, uneven gain, and hits by X-rays."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.noise._electrons import bounded_counts
from hrtem_lab.noise._rules import at_most, frame, seed_of, share

#: The longest track of an X-ray, in pixels.
LONGEST = 6
#: The strongest unevenness, relative to the mean gain.
MOST_UNEVEN = 0.5
#: No frame is hit more often per pixel.
MOST_HITS = 1.0


def bad_pixels(
    shape: tuple[int, ...], *, dead: float, hot: float, seed: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pixels of a detector are dead and which are hot, the same for every exposure.

    Each pixel is dead with probability `dead`, hot with probability `hot`, and never both. A dead pixel
    records nothing; a hot one counts electrons without a beam (`Camera`'s `hot_counts`).

    Parameters
    ----------
    shape : (..., int, int)
        Shape of an image or a stack; the last two are rows and columns.
    dead, hot : float
        Shares of the pixels, together at most 1. Start from 10⁻⁵ to 10⁻³ (a range of ours).
    seed : int
        The detector. Another shape is another detector.

    Returns
    -------
    dead, hot : numpy.ndarray of bool, shape (rows, columns)
        True where a pixel is bad. The two joined by ``|`` are a metric's `mask`.

    Raises
    ------
    TypeError, ValueError
        If a share lies outside 0 to 1 or both together above 1, the seed is negative, or the shape has no
        rows and columns.

    Notes
    -----
    Real detectors also have bad columns and clusters, which this leaves out.

    Source: a textbook form, written down here without a source of its own.

    Examples
    --------
    >>> dead, hot = bad_pixels((1000, 1000), dead=1e-3, hot=2e-3, seed=1)
    >>> int(dead.sum()), int(hot.sum()), bool((dead & hot).any())
    (999, 2011, False)
    """
    share("dead", dead)
    share("hot", hot)
    if dead + hot > 1:
        raise ValueError(f"dead and hot must together be at most 1, got {dead!r} and {hot!r}")
    rows, columns = frame(shape)
    none_left, counting = fixed_bad(rows, columns, float(dead), float(hot), seed_of(seed))
    return none_left.copy(), counting.copy()


def uneven_gain(shape: tuple[int, ...], *, sigma: float, seed: int) -> NDArray[np.float64]:
    r"""Return the gain of each pixel that an imperfect flat-field correction leaves, relative to the mean.

    Its logarithm is normal, so that no gain is negative:
    :math:`g = \exp(s z - s^2 / 2)` with :math:`z \sim \mathcal N(0, 1)` and
    :math:`s^2 = \ln(1 + \sigma^2)` has mean 1 and standard deviation :math:`\sigma`.

    Parameters
    ----------
    shape : (..., int, int)
        Shape of an image or a stack; the last two are rows and columns.
    sigma : float
        Standard deviation, from 0 to 0.5. Start from 0.1 % to 2 % (a range of ours).
    seed : int
        The detector: the pattern is the same for every exposure. Another shape is another detector.

    Returns
    -------
    numpy.ndarray of float64, shape (rows, columns)
        Factors, which multiply an image after its dark counts are subtracted.

    Raises
    ------
    TypeError, ValueError
        If `sigma` or the seed is out of range, or the shape has no rows and columns.

    Notes
    -----
    The pattern is white. What is left of a real reference also has slow parts (a shadow, the fibres'
    bundles); averaging exposures removes neither.

    Source: a textbook form, written down here without a source of its own.

    Examples
    --------
    >>> gain = uneven_gain((512, 512), sigma=0.02, seed=1)
    >>> round(float(gain.mean()), 3), round(float(gain.std()), 3)
    (1.0, 0.02)
    """
    rows, columns = frame(shape)
    return fixed_gain(rows, columns, at_most("sigma", sigma, MOST_UNEVEN), seed_of(seed)).copy()


def xray_hits(
    electrons: ArrayLike, *, rate: float, energy: float, rng: int | np.random.Generator | None = None
) -> NDArray[np.float64]:
    r"""Return a record with the bright tracks of X-rays and cosmic rays.

    :math:`K \sim \mathrm{Poisson}(\rho \cdot \mathrm{pixels})` hits begin anywhere; each is a straight track
    of 1 to 6 pixels, all lengths and directions equally likely, over which an exponentially distributed
    energy is spread evenly. Hits that begin up to 5 pixels outside enter, too, so that every pixel expects
    :math:`\rho` times the mean energy.

    Parameters
    ----------
    electrons : array_like, shape (..., rows, columns)
        Electrons per pixel.
    rate : float
        :math:`\rho`, hits per pixel and exposure, at most 1. Start from 10⁻⁶ to 10⁻⁴ (a range of ours).
    energy : float
        Mean energy of a hit, in electrons of the beam, at most 10¹⁵.
    rng : int, numpy.random.Generator or None
        Seed or generator. The images of a stack take their random numbers one after another.

    Returns
    -------
    numpy.ndarray of float64, shape of `electrons`
        No pixel becomes darker. `saturation` limits what a pixel can hold.

    Raises
    ------
    TypeError, ValueError
        If `rate` or `energy` is out of range, or the record is not finite.

    Notes
    -----
    Tracks and energies are simple stand-ins of ours: they have the rate and the look, not the physics,
    of real hits.

    Source: this package.

    Examples
    --------
    >>> import numpy as np
    >>> record = xray_hits(np.zeros((512, 512)), rate=1e-4, energy=200, rng=1)
    >>> int((record > 0).sum()), round(float(record.max()))
    (114, 358)
    """
    probability, mean = at_most("rate", rate, MOST_HITS), bounded_counts("energy", energy)
    record = _validation.images("electrons", electrons).astype(np.float64)
    generator = np.random.default_rng(rng)
    for place in np.ndindex(record.shape[:-2]):
        add_hits(record[place], probability, mean, generator)
    return record


def add_hits(record: NDArray[np.float64], rate: float, energy: float, generator: np.random.Generator) -> None:
    """Add the hits of one exposure to a record in place."""
    outside = LONGEST - 1
    rows, columns = record.shape
    sides = np.array([rows + 2 * outside, columns + 2 * outside])
    hits = int(generator.poisson(rate * sides.prod()))
    start = np.floor(generator.random((hits, 2)) * sides) - outside
    lengths = generator.integers(1, LONGEST + 1, hits)
    angle = generator.uniform(0, 2 * np.pi, hits)
    share_of_pixel = generator.exponential(energy, hits) / lengths
    # A step of one pixel along the longer direction never stands in a pixel twice.
    step = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    step /= np.abs(step).max(axis=1, keepdims=True)
    track = np.rint(start[:, None] + np.arange(LONGEST)[:, None] * step[:, None]).astype(int)
    seen = (track >= 0).all(axis=2) & (track < record.shape).all(axis=2)
    seen &= np.arange(LONGEST) < lengths[:, None]
    deposited = np.broadcast_to(share_of_pixel[:, None], seen.shape)
    np.add.at(record, tuple(track[seen].T), deposited[seen])


def streams(seed: int) -> list[np.random.SeedSequence]:
    """Return the sources of a detector's fixed patterns: of its bad pixels and of its gain."""
    return np.random.SeedSequence(seed).spawn(2)


@lru_cache(maxsize=2)
def fixed_bad(
    rows: int, columns: int, dead: float, hot: float, seed: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return a detector's dead and hot pixels, kept for its next exposure."""
    drawn = np.random.default_rng(streams(seed)[0]).random((rows, columns))
    silent = drawn < dead
    return silent, (drawn >= 1 - hot) & ~silent


@lru_cache(maxsize=2)
def fixed_gain(rows: int, columns: int, sigma: float, seed: int) -> NDArray[np.float64]:
    """Return a detector's uneven gain, kept for its next exposure."""
    width = np.sqrt(np.log1p(sigma**2))
    drawn = np.random.default_rng(streams(seed)[1]).standard_normal((rows, columns))
    return np.exp(width * drawn - width**2 / 2)
