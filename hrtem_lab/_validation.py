"""Checks of what a caller passes: each error states the value and the rule."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Materials of one thickness differ in mean brightness by less than this factor, electrons may by far more.
FAR = 3.0
# With fewer electrons in the whole image, its mean says too little.
ENOUGH_ELECTRONS = 30
# No camera counts so many electrons in a pixel: whatever such an image is, another unit is no explanation.
MOST_BRIGHT = 1e9


def real_number(name: str, value: Any) -> float:
    """Return `value` as a float; it must be one finite real number."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite, got a whole number beyond 10³⁰⁸") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return number


def positive(name: str, value: Any) -> float:
    """Return `value` as a float; it must be greater than zero."""
    number = real_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return number


def non_negative(name: str, value: Any) -> float:
    """Return `value` as a float; it must be zero or greater."""
    number = real_number(name, value)
    if number < 0:
        raise ValueError(f"{name} must not be negative, got {value!r}")
    return number


def between_half_and_one(name: str, value: Any) -> float:
    """Return `value` as a float; it must lie between ½, a guess, and 1, certainty."""
    number = real_number(name, value)
    if not 0.5 < number < 1:
        raise ValueError(f"{name} must lie between 0.5 and 1, got {value!r}")
    return number


def positive_integer(name: str, value: Any) -> int:
    """Return `value` as an int; it must be a whole number of at least 1."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value!r}")
    return int(value)


def generator(value: Any) -> np.random.Generator:
    """Return NumPy's generator of random numbers for a seed, or `value` if it is one."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        return np.random.default_rng(value)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"rng must be a whole number of at least 0 or a numpy.random.Generator, got {value!r}"
        ) from None


def sequence(name: str, value: Any) -> list[Any]:
    """Return `value` as a list; it must hold several things, or one, or none."""
    if not isinstance(value, Iterable) or (isinstance(value, np.ndarray) and value.ndim == 0):
        raise TypeError(f"{name} must be a sequence, got {value!r}")
    return list(value)


def true_or_false(name: str, value: Any) -> bool:
    """Return `value` as a bool; it must be one."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def three_counts(name: str, value: Any) -> tuple[int, int, int]:
    """Return `value` as (x, y, z); it must be three whole numbers of at least 1."""
    if np.shape(value) != (3,):
        raise ValueError(f"{name} must be three whole numbers (x, y, z), got {value!r}")
    x, y, z = (positive_integer(name, count) for count in value)
    return x, y, z


def pair(name: str, value: Any) -> tuple[Any, Any]:
    """Return `value` as (rows, columns); one number stands for both."""
    if np.ndim(value) == 0:
        return value, value
    if np.shape(value) != (2,):
        raise ValueError(f"{name} must be one number or (rows, columns), got {value!r}")
    rows, columns = value
    return rows, columns


def pixel_size(name: str, value: Any) -> tuple[float, float]:
    """Return a pixel size as (rows, columns), both positive; one number stands for square pixels."""
    if np.ndim(value) == 0 or np.shape(value) == (1,):
        side = positive(name, value)
        return side, side
    rows, columns = pair(name, value)
    return positive(name, rows), positive(name, columns)


def image(name: str, value: Any) -> NDArray[np.floating]:
    """Return `value` as a floating-point image; it must be 2-D, real, finite, not empty and not masked."""
    masked = mask_of(value)
    if masked is not None:
        raise ValueError(
            f"{name} must have no masked pixels, got {masked.sum()} of {masked.size}: "
            "metrics and cell_map take a mask, other functions an image cut or filled (numpy.ma.filled)"
        )
    array = real_image(name, value)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array


def real_image(name: str, value: Any) -> NDArray[np.floating]:
    """Return `value` as a floating-point image, 2-D, real and not empty, whose pixels may be of any kind."""
    array = np.asarray(np.ma.getdata(value) if isinstance(value, np.ma.MaskedArray) else value)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{name} must be 2-D (rows, columns), got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    return array


def mask_of(value: Any) -> NDArray[np.bool_] | None:
    """Return which pixels of a masked array, or of a list with some, are masked; None if none is."""
    if isinstance(value, np.ma.MaskedArray):
        return np.ma.getmaskarray(value) if np.ma.is_masked(value) else None
    if not isinstance(value, (list, tuple)):
        return None
    parts = [mask_of(one) for one in value]
    if all(part is None for part in parts):
        return None
    pairs = zip(parts, value, strict=True)
    return np.array([np.zeros(np.shape(one), bool) if part is None else part for part, one in pairs])


def mask(value: Any, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return `value` as an image's mask, True where a pixel is left out; None if none is."""
    if value is None or value is np.ma.nomask:
        return None
    array = np.asarray(value)
    if array.dtype != np.bool_:
        raise TypeError(f"mask must hold booleans, True where a pixel is left out, got dtype {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"mask must have the image's shape {shape}, got {array.shape}")
    if array.all():
        raise ValueError(f"mask must leave at least one pixel, got all {array.size} masked")
    return array.copy() if array.any() else None


def joined_masks(shape: tuple[int, ...], *masks: Any) -> NDArray[np.bool_] | None:
    """Return what any of an image's masks leaves out, each checked as by `mask`; None if that is nothing."""
    given = [one for one in (mask(one, shape) for one in masks) if one is not None]
    return mask(np.logical_or.reduce(given), shape) if given else None


def images(name: str, value: Any) -> NDArray[np.floating]:
    """Return `value` as one floating-point image or a stack of them, shape (…, rows, columns)."""
    # A subclass, such as a masked array, is left to the check of one image.
    stack = np.asanyarray(value)
    if stack.ndim <= 2:
        return image(name, value)
    if stack.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {stack.shape}")
    return image(name, stack.reshape(-1, stack.shape[-1])).reshape(stack.shape)


def warn_of_counts(
    name: str,
    image: NDArray[np.floating],
    reference: NDArray[np.floating] | None = None,
    *,
    counts: float | None = None,
    stacklevel: int = 4,
) -> str | None:
    """Warn if `image` looks like electrons per pixel instead of intensity relative to the incident beam.

    Parameters
    ----------
    name : str
        What the warning calls the image.
    image : numpy.ndarray, shape (rows, columns)
    reference : numpy.ndarray, shape (rows, columns), optional
        Intensity relative to the incident beam; without it, the beam itself is what `image` is compared with.
    counts : float, optional
        Electrons that a pixel of vacuum expects, if `image` is an exposure.
    stacklevel : int
        Of the warning, counted from here.

    Returns
    -------
    str or None
        The warning.
    """
    with np.errstate(over="ignore"):
        mean = float(image.mean(dtype=np.float64))
        usual = 1.0 if reference is None else float(reference.mean(dtype=np.float64))
    if not (mean > 0 and usual > 0 and mean / usual <= MOST_BRIGHT):
        return None
    ratio, electrons = mean / usual, math.inf if counts is None else usual * image.size * counts
    beyond = ratio > FAR or (reference is not None and ratio < 1 / FAR)
    if beyond and electrons >= ENOUGH_ELECTRONS:
        than = "the incident beam" if reference is None else "the reference"
        sign = f"is on average {ratio:.3g} times as bright as {than}"
    elif counts and _counted(image, counts):
        sign = "holds whole numbers alone, as electrons are"
    else:
        return None
    here = "" if counts is None else f", here {counts:.4g}"
    message = (
        f"{name} {sign}: it must be an intensity relative to the incident beam; divide electrons by "
        f"counts_per_pixel(dose_per_area, sampling=…){here}"
    )
    warnings.warn(message, stacklevel=stacklevel)
    return message


def _counted(image: NDArray[np.floating], counts: float) -> bool:
    """Tell whether an exposure holds whole numbers, which electrons are and their quotients are not."""
    if image.max() < 2 or abs(1 / counts - round(1 / counts)) < 1e-6 / counts:
        return False
    return bool((image == np.rint(image)).all())


def same_shape(name: str, array: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.floating]:
    """Return `array`; it must have the reference's `shape`."""
    if array.shape != shape:
        raise ValueError(f"{name} must have the reference's shape {shape}, got {array.shape}")
    return array


def one_of(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return `value`; it must be one of the `choices`."""
    if not (isinstance(value, str) and value in choices):
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    return value
