"""The two searches: the worst image for a metric, and the worst or best at a given value of another."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import ArrayLike

from hrtem_lab import _validation
from hrtem_lab.extremes._band import Band
from hrtem_lab.extremes._greys import Greys
from hrtem_lab.extremes._objectives import objective
from hrtem_lab.extremes._proposals import Period
from hrtem_lab.extremes._search import Search, State
from hrtem_lab.metrics import MetricLike

States = Generator[State, None, None]

DIRECTIONS = {"up": 1, "down": -1}


def maximise(
    metric: MetricLike,
    reference: ArrayLike,
    *,
    steps: int,
    rng: int | np.random.Generator = 0,
    start: str | ArrayLike = "reference",
    period: float | Period | None = None,
    every: int = 1,
    resume: State | None = None,
) -> States:
    r"""Search the image that a metric finds most different from the reference.

    .. math:: \max_b D(a, b), \qquad \max(0, \min_j a_j) \le b_i \le \max_j a_j

    Each step tries a patch (a smooth bump or a flat disc of random place, size and grey) and keeps it if the
    difference grows. Sizes and heights that helped lately are tried more often.

    Parameters
    ----------
    metric : str, Metric or callable
        A key or a row of `hrtem_lab.metrics.METRICS`, with its default options, or any function
        ``(reference, image) -> float``.
    reference : array_like, shape (rows, columns)
        The image to differ from. It must hold two different intensities, one of them above zero.
    steps : int
        How many patches to try, from `resume` on if that is given.
    rng : int or numpy.random.Generator
        Seed: the same seed gives the same search.
    start : str or array_like
        The image to begin with: one of `STARTS`, or an image within the reference's range.
    period : float or (float, float), optional
        Height and width in pixels of the cell of a periodic reference. Every other kind of patch is then
        repeated in all cells, which reaches a periodic structure much sooner.
    every : int
        How many steps lie between two states. It does not alter the search.
    resume : State, optional
        Go on from this state exactly as if the search had not been interrupted. The metric, reference and
        `period` must be the same; `rng` and `start` are not used.

    Yields
    ------
    State
        The start (unless resumed), then the best image so far, and always the last one. Its value never
        falls. Intensities are on a grid of 65 536 levels.

    Raises
    ------
    TypeError, ValueError
        If `metric` is neither a key nor callable or returns no finite number, the reference or the start
        breaks its rule, or a number is not positive.

    Notes
    -----
    It misleads if the result is taken for *the* maximum: it is a lower bound of it, and another seed ends at
    another image of nearly the same value. For SSIM and MSE a step looks only at the pixels that a patch
    reaches; others evaluate the whole image.

    Source: after Fig. 2e, f of Ederer and Löffler, Ultramicroscopy 2022,
    doi:10.1016/j.ultramic.2022.113578, whose text names a Monte Carlo search but not its moves.

    Examples
    --------
    The worst image for the mean squared error is bright only where the reference is dark:

    >>> import numpy as np
    >>> reference = np.zeros((16, 16))
    >>> reference[:, :8] = 1
    >>> for state in maximise("mse", reference, steps=600, every=200):
    ...     print(state.step, round(state.value, 2))
    0 0.0
    200 0.92
    400 0.99
    600 1.0
    >>> bool(state.image[:, 8:].mean() > 100 * state.image[:, :8].mean())
    True
    """
    array = _validation.image("reference", reference)
    greys = Greys.of(array)
    goal = objective("metric", metric, array, greys)
    search = Search(goal, sign=1, band=None, greys=greys, shape=array.shape, period=_period(period))
    steps, every = _counts(steps, every)
    _prepare(search, greys, array, rng=rng, start=start, resume=resume)
    return _states(search, steps, every, first=resume is None)


def contrast(
    metric_up: MetricLike,
    hold: MetricLike,
    reference: ArrayLike,
    *,
    value: float,
    tolerance: float,
    steps: int,
    direction: str = "up",
    rng: int | np.random.Generator = 0,
    start: str | ArrayLike = "reversal",
    period: float | Period | None = None,
    every: int = 1,
    resume: State | None = None,
) -> States:
    r"""Search the best or worst image for one metric among those that another one calls equally different.

    .. math:: \max_b D(a, b) \quad\text{or}\quad \min_b D(a, b),
              \qquad |H(a, b) - \text{value}| \le \text{tolerance}

    The two ends show what the metrics disagree about: to the eye at least one of them is wrong.

    Parameters
    ----------
    metric_up : str, Metric or callable
        The metric D that is made greater (or smaller), as in `maximise`.
    hold : str, Metric or callable
        The metric H that stays near `value`.
    reference : array_like, shape (rows, columns)
        As in `maximise`.
    value : float
        Where to hold H; not negative.
    tolerance : float
        How far H may be from `value`; positive. To hold H below a threshold t, give t/2 for both.
    steps : int
        As in `maximise`.
    direction : {"up", "down"}
        Whether D is made greater or smaller.
    rng, period, every, resume
        As in `maximise`.
    start : str or array_like
        As in `maximise`. If H is not near `value` there, the search begins between the reference and that
        image, where it is.

    Yields
    ------
    State
        As from `maximise`, with H in ``held``; with direction "down" the value never rises.

    Raises
    ------
    TypeError, ValueError
        As in `maximise`; and if H does not reach the band between the reference and the start.

    Notes
    -----
    It misleads where the two metrics measure on different scales of intensity: the mean squared error of
    `hrtem_lab.metrics` ignores a factor and SSIM does not, so that part of their disagreement is only this.

    Source: maximum differentiation, Wang and Simoncelli, Journal of Vision 8 (2008) 12, doi:10.1167/8.12.8.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:32, :32]
    >>> atoms = np.cos(x / 3) ** 8 * np.cos(y / 3) ** 8
    >>> for direction in ("down", "up"):
    ...     *_, last = contrast(
    ...         "ssim", "mse", atoms, value=0.07, tolerance=0.002, steps=600, direction=direction
    ...     )
    ...     print(f"MSE {last.held:.2f}, SSIM {last.value:.2f}")
    MSE 0.07, SSIM 0.03
    MSE 0.07, SSIM 0.12
    """
    array = _validation.image("reference", reference)
    greys = Greys.of(array)
    goal = objective("metric_up", metric_up, array, greys)
    band = Band(
        objective("hold", hold, array, greys),
        _validation.non_negative("value", value),
        _validation.positive("tolerance", tolerance),
        greys.levels(array),
    )
    sign = DIRECTIONS[_validation.one_of("direction", direction, tuple(DIRECTIONS))]
    search = Search(goal, sign=sign, band=band, greys=greys, shape=array.shape, period=_period(period))
    steps, every = _counts(steps, every)
    _prepare(search, greys, array, rng=rng, start=start, resume=resume)
    return _states(search, steps, every, first=resume is None)


def _period(period: float | Period | None) -> Period | None:
    if period is None:
        return None
    rows, columns = _validation.pair("period", period)
    return _validation.positive("period", rows), _validation.positive("period", columns)


def _counts(steps: int, every: int) -> tuple[int, int]:
    return _validation.positive_integer("steps", steps), _validation.positive_integer("every", every)


def _prepare(
    search: Search,
    greys: Greys,
    reference: np.ndarray,
    *,
    rng: int | np.random.Generator,
    start: str | ArrayLike,
    resume: State | None,
) -> None:
    if resume is not None:
        search.resume(resume)
        return
    generator = np.random.default_rng(rng)
    search.begin(greys.start(start, reference, generator), generator)


def _states(search: Search, steps: int, every: int, *, first: bool) -> States:
    if first:
        yield search.state()
    end = search.step + steps
    while search.step < end:
        search.advance()
        if search.step % every == 0 or search.step == end:
            yield search.state()
