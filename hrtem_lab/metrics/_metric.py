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
from hrtem_lab.metrics.outliers import filled

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
    mask : array_like of bool, shape (rows, columns), optional
        True where a pixel is left out, of the reference and of every image. The masked pixels of a
        `numpy.ma` reference are left out too.

    Attributes
    ----------
    shape : (int, int)
        That of the reference.
    mask : ndarray of bool or None
        Which pixels are left out; None if none is.

    Raises
    ------
    TypeError, ValueError
        If `reference` is not a 2-D array of numbers that are real and, outside the mask, finite, or if the
        mask is not of that shape, not of booleans, or leaves no pixel.
    """

    def __init__(self, reference: ArrayLike, *, mask: ArrayLike | None = None) -> None:
        pixels = _validation.real_image("reference", reference)
        self.shape: tuple[int, ...] = pixels.shape
        self.mask = _joined(pixels.shape, _validation.mask_of(reference), mask)
        _finite("reference", pixels, self.mask)

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
        stack = _validation.real_image("images", array.reshape(len(array), -1)).reshape(array.shape)
        if stack.shape[1:] != self.shape:
            raise ValueError(f"images must have the reference's shape {self.shape}, got {stack.shape[1:]}")
        self._covers("images", images)
        _finite("images", stack, None if self.mask is None else np.broadcast_to(self.mask, stack.shape))
        return stack if self.mask is None else np.array([filled(one, self.mask) for one in stack])

    def _checked(self, image: ArrayLike, name: str = "image") -> NDArray[np.floating]:
        """Return an image of the reference's shape, with finite numbers under the mask, too."""
        pixels = _validation.same_shape(name, _validation.real_image(name, image), self.shape)
        self._covers(name, image)
        _finite(name, pixels, self.mask)
        return pixels if self.mask is None else filled(pixels, self.mask)

    def _covers(self, name: str, image: ArrayLike) -> None:
        """Refuse masked pixels that the comparison is not prepared to leave out."""
        masked = _validation.mask_of(image)
        if masked is None:
            return
        more = int((masked if self.mask is None else masked & ~self.mask).sum())
        if more:
            raise ValueError(
                f"{name} must have no masked pixel that the reference was not prepared to leave out, "
                f"got {more}: prepare it with mask="
            )

    def _average(self, values: NDArray[np.floating]) -> float:
        """Return the mean of a map's values where no pixel is left out."""
        return float((values if self.mask is None else values[~self.mask]).mean())

    def _shown(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a map with NaN where pixels are left out."""
        if self.mask is not None:
            values[self.mask] = np.nan
        return values


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
    prepare: Callable[..., Prepared],
    reference: ArrayLike,
    image: ArrayLike,
    *,
    mask: ArrayLike | None,
    **options: Any,
) -> float:
    """Return the difference of two images: both are checked, then `prepare` and its result are called."""
    reference, image, mask = checked_pair(reference, image, mask)
    return prepare(reference, mask=mask, **options)(image)


def compare_map(
    prepare: Callable[..., Prepared],
    reference: ArrayLike,
    image: ArrayLike,
    *,
    mask: ArrayLike | None,
    **options: Any,
) -> NDArray[np.float64]:
    """Return the map of two images' difference: `compare`, for the map."""
    reference, image, mask = checked_pair(reference, image, mask)
    return prepare(reference, mask=mask, **options).map(image)


def checked_pair(
    reference: ArrayLike, image: ArrayLike, mask: ArrayLike | None
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.bool_] | None]:
    """Return both images as floating-point arrays, and what is left out of both.

    Each must be legal, and their shapes equal. What is masked in either, or by `mask`, is left out.
    """
    first = _validation.real_image("reference", reference)
    second = _validation.same_shape("image", _validation.real_image("image", image), first.shape)
    joined = _joined(first.shape, _validation.mask_of(reference), _validation.mask_of(image), mask)
    _finite("reference", first, joined)
    _finite("image", second, joined)
    return first, second, joined


def _joined(shape: tuple[int, ...], *masks: Any) -> NDArray[np.bool_] | None:
    """Return what any of the masks leaves out; None if that is nothing."""
    checked = [mask for mask in (_validation.mask(mask, shape) for mask in masks) if mask is not None]
    return _validation.mask(np.logical_or.reduce(checked), shape) if checked else None


def _finite(name: str, pixels: NDArray, mask: NDArray[np.bool_] | None) -> None:
    finite = np.isfinite(pixels)
    if not (finite if mask is None else finite | mask).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
