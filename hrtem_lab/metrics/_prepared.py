"""A comparison prepared for one reference, and what every comparison asks of two images and a mask."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics.outliers import filled

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
        self.mask = _validation.joined_masks(pixels.shape, _validation.mask_of(reference), mask)
        _finite("reference", pixels, self.mask)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of a reference of {self.shape[0]} × {self.shape[1]} pixels>"

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
    joined = _validation.joined_masks(
        first.shape, _validation.mask_of(reference), _validation.mask_of(image), mask
    )
    _finite("reference", first, joined)
    _finite("image", second, joined)
    return first, second, joined


def _finite(name: str, pixels: NDArray, mask: NDArray[np.bool_] | None) -> None:
    finite = np.isfinite(pixels)
    if not (finite if mask is None else finite | mask).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
