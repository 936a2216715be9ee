"""The Monte Carlo search itself: draw a patch, look whether the image improves, learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.extremes._band import Band
from hrtem_lab.extremes._greys import Greys, Levels
from hrtem_lab.extremes._objectives import Objective
from hrtem_lab.extremes._proposals import Patch, Period, applied, kinds

CURIOSITY = 0.2
"""Share of the patches whose kind is drawn evenly, not by how much patches of that kind gained lately."""

MEMORY = 0.9
"""The share of a kind's mean gain that is kept when the kind is tried again."""

FIRST_GAIN = 0.01
"""A kind's mean gain before it is tried: high, so that all are tried."""

LEAST_GAIN = 1e-12

FIRST_HEIGHT, LEAST_HEIGHT = 0.2, 1e-3
"""Height of bumps as a share of the range of grey."""


@dataclass(frozen=True, eq=False)
class Memory:
    """What a search needs besides the numbers of a `State` in order to go on."""

    levels: NDArray[np.uint16]
    heights: NDArray[np.float64]
    gains: NDArray[np.float64]
    again: Patch | None
    last_gain: float
    random: dict[str, Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class State:
    """A search after some steps.

    Attributes
    ----------
    image : numpy.ndarray
        The best image so far, read-only; its intensities lie within the reference's range.
    value : float
        Its difference from the reference by the metric that is searched.
    held : float or None
        Its difference by the metric that is held (`contrast`).
    step : int
        Patches tried so far.
    accepted : int
        Patches that became part of the image.
    memory : Memory
        Lets ``resume=state`` go on as if there had been no interruption.
    """

    image: NDArray[np.floating]
    value: float
    held: float | None
    step: int
    accepted: int
    memory: Memory

    def __repr__(self) -> str:
        held = "" if self.held is None else f", held at {self.held:.4g}"
        return f"<State: {self.value:.4g}{held}, after {self.step} steps, {self.accepted} of them accepted>"


class _Found(NamedTuple):
    """A better image, its value and its held value."""

    levels: Levels
    value: float
    held: float | None


class Search:
    """A search under way: `begin` or `resume` it, then `advance` step by step.

    Parameters
    ----------
    goal : Objective
        What is made greater (`sign` 1) or smaller (−1).
    band : Band or None
        What every image must satisfy.
    greys : Greys
        The intensities that may be used.
    shape : tuple of int
        Of the image.
    period : tuple of float or None
        Height and width of a cell in which patches are repeated.
    """

    def __init__(
        self,
        goal: Objective,
        *,
        sign: int,
        band: Band | None,
        greys: Greys,
        shape: tuple[int, ...],
        period: Period | None,
    ) -> None:
        self._goal, self._sign, self._band = goal, sign, band
        self._greys, self._shape, self._period = greys, shape, period
        self._kinds = kinds(shape, period)

    def begin(self, levels: Levels, rng: np.random.Generator) -> None:
        """Start from `levels`, or, with a band, from the image between it and the reference that fits."""
        count = len(self._kinds)
        self._heights, self._gains = np.full(count, FIRST_HEIGHT), np.full(count, FIRST_GAIN)
        self._again: Patch | None = None
        self._last_gain = 0.0
        self._rng = rng
        self.step = self._accepted = 0
        self._enter(self._band.start(levels) if self._band else levels)

    def resume(self, state: State) -> None:
        """Go on from `state`."""
        memory = state.memory
        if memory.levels.shape != self._shape or len(memory.gains) != len(self._kinds):
            raise ValueError(
                f"resume must be a state of a search with the same period and a reference of shape "
                f"{self._shape}, got one of shape {memory.levels.shape} with {len(memory.gains)} kinds of "
                f"patches instead of {len(self._kinds)}"
            )
        self._heights, self._gains = memory.heights.copy(), memory.gains.copy()
        self._again, self._last_gain = memory.again, memory.last_gain
        bits = getattr(np.random, memory.random["bit_generator"])()
        bits.state = memory.random
        self._rng = np.random.Generator(bits)
        self.step, self._accepted = state.step, state.accepted
        self._enter(memory.levels.astype(np.int64))

    def advance(self) -> None:
        """Try one patch, and keep it if the image is better and the held metric stays in its band."""
        self.step += 1
        fresh = self._again is None
        patch = self._again or self._drawn()
        found, gain = self._judged(patch), 0.0
        if found is not None:
            gain = self._sign * (found.value - self._value)
            self._accept(found)
        self._learn(patch, gain, fresh=fresh)

    def state(self) -> State:
        """Return a picture of the search that later steps do not change."""
        image = self._greys.image(self._levels)
        image.flags.writeable = False
        memory = Memory(
            levels=self._levels.astype(np.uint16),
            heights=self._heights.copy(),
            gains=self._gains.copy(),
            again=self._again,
            last_gain=self._last_gain,
            random=dict(self._rng.bit_generator.state),
        )
        return State(
            image=image,
            value=self._value,
            held=self._held,
            step=self.step,
            accepted=self._accepted,
            memory=memory,
        )

    def _enter(self, levels: Levels) -> None:
        self._levels, self._value = levels, self._goal.reset(levels)
        self._held = self._band.enter(levels) if self._band else None

    def _drawn(self) -> Patch:
        share = CURIOSITY / len(self._gains) + (1 - CURIOSITY) * self._gains / self._gains.sum()
        kind = min(int(np.searchsorted(np.cumsum(share), self._rng.random())), len(share) - 1)
        row, column = self._rng.random(2) * self._shape
        if self._kinds[kind].flat:
            height = self._rng.random()
        else:
            height = self._heights[kind] * self._rng.uniform(0.5, 2) * self._rng.choice((-1, 1))
        return Patch(kind, float(row), float(column), float(height))

    def _judged(self, patch: Patch) -> _Found | None:
        """Return the image with the patch, if it is better and allowed."""
        levels, box = applied(patch, self._kinds[patch.kind], self._levels, self._period)
        if self._band is None:
            value = self._goal.try_out(levels, box)
            return _Found(levels, value, None) if self._better(value) else None
        quicker = self._goal.cost < self._band.objective.cost
        if quicker and not self._better(self._goal.try_out(levels, box)):
            return None
        admitted = self._band.admit(levels, box)
        if admitted is None:
            return None
        value = self._goal.try_out(admitted.levels, admitted.box)
        return _Found(admitted.levels, value, admitted.held) if self._better(value) else None

    def _better(self, value: float) -> bool:
        return self._sign * (value - self._value) > 0

    def _accept(self, found: _Found) -> None:
        self._levels, self._value, self._held = found
        self._goal.keep()
        if self._band:
            self._band.objective.keep()
        self._accepted += 1

    def _learn(self, patch: Patch, gain: float, *, fresh: bool) -> None:
        """Remember what helped: which kinds, how high; and whether to try the patch again, or its reverse."""
        kind = patch.kind
        self._gains[kind] = max(MEMORY * self._gains[kind] + (1 - MEMORY) * gain, LEAST_GAIN)
        self._again = None
        if not self._kinds[kind].flat:
            if gain > 0:
                self._heights[kind] = min(self._heights[kind] * (1.2 if fresh else 1), 1)
                # A saturating bump soon gains less than a fresh one.
                self._again = patch if gain > max(self._last_gain / 2, self._gains.mean()) else None
            elif fresh:
                self._again = patch.reversed()
            else:
                self._heights[kind] = max(self._heights[kind] * 0.96, LEAST_HEIGHT)
        self._last_gain = gain if self._again else 0.0
