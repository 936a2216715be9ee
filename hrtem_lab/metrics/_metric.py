"""What every metric offers: a row of the table, and a comparison prepared for one reference."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics._looks import Look

FAMILIES = ("paper", "electrons", "classic")
"""Where metrics come from: pages choose whole families of them."""
PIXELS_AT_ONCE = 2**16
"""Small images are compared together up to this many pixels, which fit into the processor's cache."""


class Prepared(ABC):
    """All that a metric needs of one reference image, computed once and used for many images.

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        The image that others are compared with. It is not kept: changing it later changes nothing.

    Raises
    ------
    TypeError, ValueError
        If `reference` is not a 2-D array of finite real numbers.
    """

    def __init__(self, reference: ArrayLike) -> None:
        self.shape: tuple[int, ...] = _validation.image("reference", reference).shape

    @abstractmethod
    def __call__(self, image: ArrayLike) -> float:
        """Return the difference between the reference and `image`, from 0 (identical) to 1 (maximal)."""

    @abstractmethod
    def map(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return where `image` differs from the reference, an array of the image's shape."""

    def many(self, images: ArrayLike) -> NDArray[np.float64]:
        """Return the differences of a stack of images, shape (images, rows, columns) → (images,).

        The same numbers as one call for each, where possible in fewer steps.
        """
        return np.array([self(image) for image in self._stack(images)])

    def _in_blocks(self, differences: Callable[[NDArray], NDArray], images: ArrayLike) -> NDArray[np.float64]:
        """Return the differences of a stack whose small images `differences` compares several at a time."""
        stack = self._stack(images)
        found = np.empty(len(stack))
        step = max(1, PIXELS_AT_ONCE // (self.shape[0] * self.shape[1]))
        for first in range(0, len(stack), step):
            block = slice(first, first + step)
            found[block] = differences(stack[block])
        return found

    def _stack(self, images: ArrayLike) -> NDArray[np.floating]:
        """Return a stack of images as floating-point numbers; each must have the reference's shape."""
        array = np.asarray(images)
        if array.ndim != 3:
            raise ValueError(f"images must be a stack (images, rows, columns), got shape {array.shape}")
        if not len(array):
            return np.empty((0, *self.shape))
        flat = _validation.image("images", array.reshape(len(array), -1))
        if array.shape[1:] != self.shape:
            raise ValueError(f"images must have the reference's shape {self.shape}, got {array.shape[1:]}")
        return flat.reshape(array.shape)

    def _checked(self, image: ArrayLike) -> NDArray[np.floating]:
        return _validation.same_shape("image", _validation.image("image", image), self.shape)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the table of metrics: the functions, and what a reader must know to trust them.

    Attributes
    ----------
    key : str
        The name in the table.
    label : str
        The name on a page.
    family : str
        One of `FAMILIES`: "paper", "electrons" or "classic", the default.
    look : Look or None
        Its own colour, marker and symbol. A row of the table has one; a metric of one's own that is never
        drawn needs none, which is the default.
    function : callable
        ``(reference, image, *, options) -> float``, 0 identical to 1 maximal.
    map : callable
        ``(reference, image, *, options) -> array`` of the image's shape; NaN where the metric does not look.
    prepare : callable
        ``(reference, *, options) -> Prepared``: compares many images with one reference.
    symmetric : bool
        Whether exchanging reference and image leaves the value unchanged.
    scale_invariant : bool
        Whether multiplying the image alone by a positive number leaves the value unchanged. (Multiplying
        both images, a change of unit, leaves every metric unchanged.)
    map_averages : bool
        Whether the value is the mean of the map.
    map_limit : float or None
        The largest value that a map can hold; None if it grows with the number of pixels.
    threshold : float or None
        Below this difference the paper calls two images practically the same; None if it names no threshold.
    misleads : str
        When not to trust the value.
    equation : str
        The formula, in LaTeX.
    source : str
        Where the formula was published.

    Examples
    --------
    >>> from hrtem_lab.metrics import METRICS
    >>> METRICS["sift"].threshold
    0.18
    >>> METRICS["mse"]([[1.0, 0.0]], [[0.0, 1.0]])
    1.0
    >>> METRICS["ssim"].options["radius"]
    5
    """

    key: str
    label: str
    family: str = "classic"
    look: Look | None = None
    function: Callable[..., float]
    map: Callable[..., NDArray[np.float64]]
    prepare: Callable[..., Prepared]
    symmetric: bool
    scale_invariant: bool
    map_averages: bool
    map_limit: float | None
    threshold: float | None
    misleads: str
    equation: str
    source: str

    def __post_init__(self) -> None:
        """Refuse a family or a look that does not exist."""
        _validation.one_of("family", self.family, FAMILIES)
        if self.look is not None and not isinstance(self.look, Look):
            raise TypeError(f"look must be a member of Look, got {self.look!r}")

    def __call__(self, reference: ArrayLike, image: ArrayLike, **options: Any) -> float:
        """Return the difference of two images, from 0 to 1: `function`."""
        return self.function(reference, image, **options)

    @property
    def colour(self) -> str:
        """The colour of the metric in every figure and table, hexadecimal RGB."""
        return self._drawn.colour

    @property
    def marker(self) -> str:
        """The metric's marker as Matplotlib's code."""
        return self._drawn.marker

    @property
    def symbol(self) -> str:
        """The metric's marker as a character."""
        return self._drawn.symbol

    @property
    def _drawn(self) -> Look:
        if self.look is None:
            raise ValueError(f"look must be given for {self.key!r} to be drawn, got None")
        return self.look

    @property
    def options(self) -> dict[str, Any]:
        """The options of the metric and their defaults."""
        parameters = inspect.signature(self.prepare).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def compare(
    prepare: Callable[..., Prepared], reference: ArrayLike, image: ArrayLike, **options: Any
) -> float:
    """Return the difference of two images: both are checked, then `prepare` and its result are called."""
    reference, image = checked_pair(reference, image)
    return prepare(reference, **options)(image)


def compare_map(
    prepare: Callable[..., Prepared], reference: ArrayLike, image: ArrayLike, **options: Any
) -> NDArray[np.float64]:
    """Return the map of two images' difference: `compare`, for the map."""
    reference, image = checked_pair(reference, image)
    return prepare(reference, **options).map(image)


def checked_pair(reference: ArrayLike, image: ArrayLike) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return both images as floating-point arrays; each must be legal, and their shapes equal."""
    reference = _validation.image("reference", reference)
    image = _validation.image("image", image)
    return reference, _validation.same_shape("image", image, reference.shape)
