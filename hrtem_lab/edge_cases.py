"""The test images of Ederer & Löffler (2022), Fig. 2, and ranges in which an image is still acceptable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT
from hrtem_lab.waves import load_exit_waves


@dataclass(frozen=True, kw_only=True)
class EdgeCase:
    """One test image.

    Attributes
    ----------
    key, label : str
        Name in code and on a page.
    figure : str
        The panel of the paper's Fig. 2.
    description : str
        How the image differs from the reference, in one sentence.
    image : numpy.ndarray
        Intensity relative to the incident beam.
    """

    key: str
    label: str
    figure: str
    description: str
    image: NDArray[np.floating]

    def __repr__(self) -> str:
        rows, columns = self.image.shape
        return f"<EdgeCase {self.key!r}: {self.label}, {rows} × {columns} pixels>"


def edge_cases(
    *,
    shape: int | tuple[int, int] = 128,
    rng: int | np.random.Generator = 0,
    temperature: float | None = None,
) -> dict[str, EdgeCase]:
    """Return the test images of the paper's Fig. 2 that are made without a search, the reference first.

    All show 4 × 4 cells of Nb₃Sn or the same 21.1 Å of ZrO₂, both 40 cells thick, at 80 kV through a
    30 mrad aperture. Noise, white and black stand for images without structure; white is the
    reference's greatest intensity everywhere.

    Parameters
    ----------
    shape : int or (int, int)
        Pixels as (rows, columns).
    rng : int or numpy.random.Generator
        Seed of the noise.
    temperature : float or None
        None is the paper's simulation, with atoms at rest; at 293 K the atoms of both crystals vibrate.

    Returns
    -------
    dict of str to EdgeCase
        Keys reference, shift, defocus, zro2, reversal, noise, white, black.

    Raises
    ------
    TypeError, ValueError
        If `shape` is not one or two whole numbers of at least 1, or no crystals at this temperature are
        shipped (`hrtem_lab.waves.load_exit_waves`).

    Examples
    --------
    >>> from hrtem_lab.metrics import mse
    >>> cases = edge_cases()
    >>> [round(mse(cases["reference"].image, cases[key].image), 2) for key in ("reference", "black")]
    [0.0, 1.0]
    """
    wave, other = (
        load_exit_wave(name) if temperature is None else load_exit_waves(name, temperature=temperature)
        for name in ("nb3sn", "zro2")
    )
    reference = form_image(wave, shape=shape)
    half_cell = (0.0, NB3SN_LATTICE_CONSTANT / 2)
    zro2 = form_image(other, shape=shape, field_of_view=wave.field_of_view)
    noise = gaussian_noise(reference.shape, sigma=float(reference.std()), rng=rng)
    white = np.full_like(reference, reference.max())
    cases = [
        ("reference", "Reference", "2a", "Nb₃Sn, 21.1 nm thick, in focus.", reference),
        (
            "shift",
            "Half-cell shift",
            "2b",
            "The reference, moved to the right by half a unit cell (0.264 nm).",
            form_image(wave, shape=shape, shift=half_cell),
        ),
        (
            "defocus",
            "−2 nm defocus",
            "2c",
            "The reference, 2 nm overfocus.",
            form_image(wave, shape=shape, defocus=-20),
        ),
        ("zro2", "ZrO₂", "2d", "Another crystal: ZrO₂, 20.4 nm thick, at the same pixel size.", zro2),
        (
            "reversal",
            "Contrast reversal",
            "2f",
            "The reference with black and white exchanged.",
            scale_contrast(reference, -1),
        ),
        ("noise", "Gaussian noise", "2, row 3", "Noise of a dark detector: no structure at all.", noise),
        ("white", "White", "2, row 3", "The reference's greatest intensity everywhere.", white),
        ("black", "Black", "2, row 3", "No electrons at all.", np.zeros_like(reference)),
    ]
    return {
        key: EdgeCase(key=key, label=label, figure=figure, description=description, image=image)
        for key, label, figure, description, image in cases
    }


def scale_contrast(
    image: ArrayLike, factor: float, *, limits: tuple[float, float] | None = None
) -> NDArray[np.floating]:
    """Return m + f (I − m): the contrast around the middle grey m multiplied by `factor`.

    Parameters
    ----------
    image : array_like
        Intensity, shape (rows, columns).
    factor : float
        1 changes nothing, 0 leaves grey, −1 exchanges black and white.
    limits : (float, float)
        Black and white; m is their mean. By default the image's own minimum and maximum, which every
        factor from −1 to 1 then keeps.

    Returns
    -------
    numpy.ndarray
        Same shape as `image`.

    Raises
    ------
    TypeError, ValueError
        If `image` is not a real finite 2-D array, or `factor` is not finite.

    Examples
    --------
    >>> scale_contrast([[0.0, 1.0, 4.0]], -1).tolist()
    [[4.0, 3.0, 0.0]]
    """
    array = _validation.image("image", image)
    factor = _validation.real_number("factor", factor)
    black, white = (array.min(), array.max()) if limits is None else limits
    middle = (float(black) + float(white)) / 2
    return (middle + factor * (array - middle)).astype(array.dtype)


def gaussian_noise(
    shape: int | tuple[int, int], *, sigma: float, rng: int | np.random.Generator = 0
) -> NDArray[np.float32]:
    """Return what a detector with Gaussian noise records in the dark; negative values are set to zero.

    Parameters
    ----------
    shape : int or (int, int)
        Pixels as (rows, columns).
    sigma : float
        Standard deviation before the negative half is set to zero, in units of the incident beam.
    rng : int or numpy.random.Generator
        Seed.

    Returns
    -------
    numpy.ndarray of float32
        Mean σ/√(2π), mean square σ²/2.

    Raises
    ------
    TypeError, ValueError
        If `sigma` is negative or `shape` not one or two whole numbers of at least 1.

    Examples
    --------
    >>> noise = gaussian_noise(256, sigma=1.0, rng=1)
    >>> float(noise.min()), round(float((noise**2).mean()), 1)
    (0.0, 0.5)
    """
    rows, columns = (_validation.positive_integer("shape", n) for n in _validation.pair("shape", shape))
    sigma = _validation.non_negative("sigma", sigma)
    noise = np.random.default_rng(rng).normal(scale=sigma, size=(rows, columns))
    return np.maximum(noise, 0).astype(np.float32)


def acceptable_ranges(
    positions: Sequence[float] | NDArray[np.floating],
    differences: Sequence[float] | NDArray[np.floating],
    threshold: float,
) -> list[tuple[float, float]]:
    """Return the intervals in which a difference stays below its threshold.

    The curve is taken as straight between neighbouring points: an interval ends where the straight line
    crosses the threshold.

    Parameters
    ----------
    positions : sequence of float
        Where the difference is known, increasing; any unit.
    differences : sequence of float
        The difference at each position; NaN where it is not known. No interval crosses such a position.
    threshold : float
        The largest acceptable difference.

    Returns
    -------
    list of (float, float)
        Start and end of each interval, in the order of the positions.

    Raises
    ------
    TypeError, ValueError
        If the two sequences differ in length or the positions do not increase.

    Examples
    --------
    >>> acceptable_ranges([-2, -1, 0, 1, 2], [0.4, 0.2, 0.0, 0.2, 0.4], 0.1)
    [(-0.5, 0.5)]
    """
    x, y = np.asarray(positions, float), np.asarray(differences, float)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"positions and differences must be as long, got shapes {x.shape} and {y.shape}")
    if not (np.diff(x) > 0).all():  # so that NaN is refused too
        raise ValueError(f"positions must increase, got {x.tolist()}")
    threshold = _validation.real_number("threshold", threshold)
    ranges: list[tuple[float, float]] = []
    start: float | None = None
    for index in range(len(x)):
        below = y[index] <= threshold
        if below and start is None:
            start = _crossing(x, y, index - 1, threshold) if index and y[index - 1] > threshold else x[index]
        elif not below and start is not None:
            end = _crossing(x, y, index - 1, threshold) if y[index] > threshold else x[index - 1]
            ranges.append((float(start), float(end)))
            start = None
    if start is not None:
        ranges.append((float(start), float(x[-1])))
    return ranges


def _crossing(x: NDArray[np.floating], y: NDArray[np.floating], left: int, threshold: float) -> float:
    """Return where the line from point `left` to the next one meets the threshold."""
    share = (threshold - y[left]) / (y[left + 1] - y[left])
    return float(x[left] + share * (x[left + 1] - x[left]))
