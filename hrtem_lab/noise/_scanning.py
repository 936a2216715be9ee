"""The class `Scan`: all that is wrong with a scanned image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.noise._electrons import bounded_counts
from hrtem_lab.noise._printing import with_what_was_set
from hrtem_lab.noise._rules import at_most, below_one, frame
from hrtem_lab.noise._scan import (
    FARTHEST,
    LONGEST_TIME,
    flyback,
    frequency_of,
    line_jitter,
    scan_jitter,
    time_of,
)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """How a scanning microscope fails: where its beam stands, and what its amplifier does.

    Attributes
    ----------
    dwell, wait : float
        Time per pixel and between two lines in µs.
    jitter, highest : float
        Root mean square of `scan_jitter` in pixels, and its highest frequency in Hz.
    line_jitter, line_correlation : float
        Root mean square of `line_jitter` in pixels, along both axes, and its correlation.
    flyback, settling : float
        Amplitude of `flyback` in pixels, and its time constant in µs.
    memory : float
        Of `fast_scan_blur`.
    line_gain, line_offset : float
        Standard deviations of `line_noise`: relative, and in electrons.

    Raises
    ------
    TypeError, ValueError
        If a number is out of the range of its function.

    Examples
    --------
    >>> down, right = Scan(jitter=0.3, flyback=2).displacements((64, 64), rng=1)
    >>> down.shape, bool(right[:, 0].mean() > 1.5)
    ((64, 64), True)
    """

    dwell: float = 10.0
    wait: float = 500.0
    jitter: float = 0.0
    highest: float = 1000.0
    line_jitter: float = 0.0
    line_correlation: float = 0.0
    flyback: float = 0.0
    settling: float = 50.0
    memory: float = 0.0
    line_gain: float = 0.0
    line_offset: float = 0.0

    def __post_init__(self) -> None:
        for name in ("line_correlation", "memory", "line_gain"):
            below_one(name, getattr(self, name))
        for name in ("jitter", "line_jitter", "flyback"):
            at_most(name, getattr(self, name), FARTHEST)
        for name in ("dwell", "settling"):
            time_of(name, getattr(self, name))
        at_most("wait", self.wait, LONGEST_TIME)
        frequency_of("highest", self.highest)
        bounded_counts("line_offset", self.line_offset)

    def __repr__(self) -> str:
        return with_what_was_set(self)

    def displacements(
        self, shape: tuple[int, ...], *, rng: int | np.random.Generator | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far the beam is from each pixel of one frame: jitter, lines and fly-back added.

        Parameters
        ----------
        shape : (..., int, int)
            Shape of an image or a stack; the last two are lines and pixels of a line.
        rng : int, numpy.random.Generator or None
            Seed or generator, from which a stream is spawned for each process and axis.

        Returns
        -------
        down, right : numpy.ndarray of float64, shape (rows, columns)
            Displacements in pixels, along the rows' direction and along the line.
        """
        rows, columns = frame(shape)
        wander, of_down, of_right = np.random.default_rng(rng).spawn(3)
        down, right = np.zeros((2, rows, columns))
        if self.jitter:
            times = {"dwell": self.dwell, "wait": self.wait, "highest": self.highest}
            down, right = scan_jitter(shape, rms=self.jitter, rng=wander, **times)
        if self.line_jitter:
            options = {"rms": self.line_jitter, "correlation": self.line_correlation}
            down += line_jitter(rows, rng=of_down, **options)[:, None]
            right += line_jitter(rows, rng=of_right, **options)[:, None]
        if self.flyback:
            right += flyback(columns, amplitude=self.flyback, settling=self.settling, dwell=self.dwell)
        return down, right

    @property
    def moves(self) -> bool:
        """Whether the beam is anywhere else than it should be."""
        return bool(self.jitter or self.line_jitter or self.flyback)
