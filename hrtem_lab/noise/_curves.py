"""How much of each spatial frequency reaches the record: the curves MTF, NTF and DQE."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab._validation import positive
from hrtem_lab.noise._printing import with_what_was_set
from hrtem_lab.noise._rules import share

#: The highest frequency of an image, in its corner: Nyquist's along both axes.
CORNER = math.sqrt(0.5)
#: Frequencies at which a curve is checked.
CHECKED = np.linspace(0, CORNER, 1025)


@dataclass(frozen=True, kw_only=True)
class Curve:
    r"""A transfer curve by radial frequency, :math:`a(q) [(1 - c) / (1 + (q / q_0)^2) + c]`.

    The bracket is the transfer of a spread with long tails, as light has in a scintillator: a
    Lorentzian that falls to a share :math:`c`. The aperture :math:`a(q) = \sin(\pi q) / \pi q` is that of a
    pixel, which sums over its area.

    Attributes
    ----------
    corner : float or None
        :math:`q_0` in cycles per pixel, where the Lorentzian is ½; None stands for no spread.
    floor : float
        :math:`c`, the share that does not fall, from 0 to 1.
    aperture : bool
        Whether :math:`a(q)` is applied; otherwise it is 1.

    Raises
    ------
    TypeError, ValueError
        If `corner` is not positive or `floor` lies outside 0 to 1.

    Notes
    -----
    The curve depends on the length of the frequency alone. A square pixel's own aperture is a product of
    two, along rows and columns: the two agree along the axes; on the diagonal the product is higher, by 2 %
    of the curve at 0.5 cycles per pixel and by 13 % in the corner of the spectrum. The shape is ours: it has
    the falling part and the tail of measured cameras, not the curve of a certain one. A measured curve can be
    given to `Transfer` as a table.

    Examples
    --------
    >>> curve = Curve(corner=0.1, floor=0.2, aperture=True)
    >>> curve([0, 0.1, 0.5]).round(3).tolist()
    [1.0, 0.59, 0.147]
    """

    corner: float | None = None
    floor: float = 0.0
    aperture: bool = False

    def __post_init__(self) -> None:
        if self.corner is not None:
            positive("corner", self.corner)
        share("floor", self.floor)

    def __repr__(self) -> str:
        return with_what_was_set(self)

    def __call__(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the transfer at frequencies `q` in cycles per pixel, in an array of their shape."""
        frequency = numbers("q", q)
        values = np.ones(frequency.shape)
        if self.corner is not None:
            # Far beyond a tiny corner the square overflows, and the Lorentzian is 0 as it should be.
            with np.errstate(over="ignore"):
                values = (1 - self.floor) / (1 + (frequency / self.corner) ** 2) + self.floor
        return values * np.sinc(frequency) if self.aperture else values


@dataclass(frozen=True, kw_only=True)
class Transfer:
    r"""What a detector transfers: MTF of the signal, NTF of the noise, and from both the DQE.

    :math:`\mathrm{DQE}(q) = \mathrm{DQE}_0\, \mathrm{MTF}(q)^2 / \mathrm{NTF}(q)^2` is the share of the
    electrons' information that is left at a frequency. Frequencies :math:`q` are radial, in cycles per pixel:
    Nyquist's is 0.5, and the corner of the spectrum lies at 0.707.

    Attributes
    ----------
    signal : Curve, callable or (q, values)
        The modulation transfer function (MTF). A callable takes an array of frequencies from 0 to 0.707, the
        corner of the spectrum, and returns as many values; a table of frequencies and values begins at q = 0,
        reaches 0.5 or more, is interpolated linearly, and keeps its last value beyond its end. The default is
        the pixel's aperture.
    noise : Curve, callable or (q, values)
        The noise transfer function (NTF), in the same forms. The default, 1, leaves noise white.
    dqe0 : float
        DQE at frequency 0: the share of electrons that count, above 0 and at most 1.

    Raises
    ------
    TypeError, ValueError
        If a curve is not 1 at q = 0, negative or above 1 somewhere, or not of real numbers, or the DQE
        exceeds 1 at a frequency.

    Notes
    -----
    It misleads where a detector is not linear: a counting camera under a beam so strong that electrons
    coincide, or a saturated pixel. NTF above 1, which coincidence can cause, is refused for this reason.

    Source: Meyer and Kirkland, Microscopy Research and Technique 49 (2000) 269, and McMullan et al.,
    Ultramicroscopy 109 (2009) 1126, doi:10.1016/j.ultramic.2009.04.002, whose ideal pixel, with a DQE of
    (2/π)² = 0.405 at Nyquist's frequency, is the default.

    Examples
    --------
    >>> transfer = Transfer(dqe0=0.8)
    >>> transfer.mtf([0, 0.5]).round(3).tolist(), transfer.dqe([0, 0.5]).round(3).tolist()
    ([1.0, 0.637], [0.8, 0.324])
    >>> measured = Transfer(signal=([0, 0.25, 0.5], [1, 0.6, 0.3]), noise=([0, 0.25, 0.5], [1, 0.8, 0.6]))
    >>> float(measured.dqe(0.25).round(4))
    0.5625
    """

    signal: Any = Curve(aperture=True)
    noise: Any = Curve()
    dqe0: float = 1.0

    def __post_init__(self) -> None:
        for field, name in (("signal", "MTF"), ("noise", "NTF")):
            object.__setattr__(self, field, known(field, getattr(self, field)))
            within_bounds(name, getattr(self, field))
        if not 0 < share("dqe0", self.dqe0):
            raise ValueError(f"dqe0 must be positive, got {self.dqe0!r}")
        q = np.union1d(places(self.signal), places(self.noise))
        efficiency = self.dqe(q)
        worst = int(np.argmax(efficiency))
        if efficiency[worst] > 1 + 1e-6:
            raise ValueError(
                f"DQE = dqe0 · MTF² / NTF² must be at most 1, got {efficiency[worst]:g} at q = {q[worst]:.3g}"
            )

    def __repr__(self) -> str:
        return with_what_was_set(self)

    def mtf(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the MTF at radial frequencies `q` in cycles per pixel, from 0 to 0.707."""
        return evaluated(self.signal, frequencies(q))

    def ntf(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the NTF at radial frequencies `q` in cycles per pixel, from 0 to 0.707."""
        return evaluated(self.noise, frequencies(q))

    def dqe(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the DQE at radial frequencies `q`; 0 where nothing of signal or noise is left."""
        signal, noise = self.mtf(q), self.ntf(q)
        # A noise of 0 under a signal has an endless DQE, which is refused.
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(signal == 0, 0.0, self.dqe0 * (signal / noise) ** 2)


def frequencies(q: ArrayLike) -> NDArray[np.float64]:
    """Return frequencies after checking them."""
    values = numbers("q", q)
    if values.size and not (values.min() >= 0 and values.max() <= CORNER * (1 + 1e-9)):
        raise ValueError(f"q must lie between 0 and 0.707 cycles per pixel, got {q!r}")
    return values


def numbers(name: str, value: Any) -> NDArray[np.float64]:
    """Return `value` as an array of floats; it must hold real numbers."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must hold lists of equal length, got {value!r}") from None
    if array.size and array.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array.astype(np.float64)


def known(field: str, curve: Any) -> Any:
    """Return a curve as it is, or a table of one as two tuples, after checking the table."""
    if callable(curve):
        # Filters are kept by the hash of their curve, which NumPy's polynomials have not, while a method has.
        return curve if isinstance(curve, Hashable) else curve.__call__
    if not isinstance(curve, (tuple, list, np.ndarray)) or len(curve) != 2:
        raise TypeError(f"{field} must be a Curve, a callable or a table (q, values), got {curve!r}")
    q, values = (numbers(f"{field}'s table", part) for part in curve)
    if q.ndim != 1 or q.shape != values.shape or q.size < 2:
        raise ValueError(
            f"{field}'s table must hold a value for each frequency, 2 or more, "
            f"got shapes {q.shape} and {values.shape}"
        )
    if not (np.isfinite(q).all() and q[0] == 0 and (np.diff(q) > 0).all() and q[-1] >= 0.5):
        raise ValueError(f"{field}'s frequencies must rise from 0 to 0.5 or more, got {q.tolist()}")
    return tuple(q.tolist()), tuple(values.tolist())


def evaluated(curve: Any, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a curve's values at frequencies."""
    if not callable(curve):
        return np.interp(q, *curve)
    values = numbers("a curve", curve(q))
    if values.shape != q.shape:
        raise ValueError(f"a curve must return a value for each frequency, {q.shape}, got {values.shape}")
    return values


def places(curve: Any) -> NDArray[np.float64]:
    """Return the frequencies at which a curve is checked: many, and all of a table's within an image."""
    listed = [] if callable(curve) else [q for q in curve[0] if q <= CORNER]
    return np.union1d(CHECKED, listed)


def within_bounds(name: str, curve: Any) -> None:
    """Raise unless a curve begins at 1 and stays between 0 and 1."""
    q = places(curve)
    values = evaluated(curve, q)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    if abs(values[0] - 1) > 1e-6:
        raise ValueError(f"{name} must be 1 at q = 0, got {values[0]:g}")
    for worst in (int(np.argmax(values)), int(np.argmin(values))):
        if not -1e-9 <= values[worst] <= 1 + 1e-6:
            raise ValueError(f"{name} must lie between 0 and 1, got {values[worst]:g} at q = {q[worst]:.3g}")
