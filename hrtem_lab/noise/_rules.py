"""Rules that the parts of a camera share: shares, whole numbers, seeds and shapes."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from hrtem_lab._validation import positive, positive_integer, real_number


def share(name: str, value: Any) -> float:
    """Return `value` as a float; it must lie between 0 and 1."""
    number = real_number(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")
    return number


def below_one(name: str, value: Any) -> float:
    """Return `value` as a float; it must be at least 0 and less than 1."""
    number = real_number(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must be at least 0 and less than 1, got {value!r}")
    return number


def at_most(name: str, value: Any, most: float) -> float:
    """Return `value` as a float; it must lie between 0 and `most`."""
    number = real_number(name, value)
    if not 0 <= number <= most:
        raise ValueError(f"{name} must lie between 0 and {most:g}, got {value!r}")
    return number


def between(name: str, value: Any, least: float, most: float) -> float:
    """Return `value` as a float; it must be positive and lie between `least` and `most`."""
    number = positive(name, value)
    if not least <= number <= most:
        raise ValueError(f"{name} must lie between {least:g} and {most:g}, got {value!r}")
    return number


def seed_of(value: Any) -> int:
    """Return a detector's seed as an int; it must be a whole number that is not negative."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"seed must be a whole number, got {value!r}")
    if int(value) < 0:
        raise ValueError(f"seed must not be negative, got {value!r}")
    return int(value)


def frame(value: Any) -> tuple[int, int]:
    """Return the rows and columns of an image's or a stack's shape (…, rows, columns)."""
    if np.ndim(value) != 1 or len(value) < 2:
        raise ValueError(f"shape must be (…, rows, columns), got {value!r}")
    rows, columns = (positive_integer("a side of shape", side) for side in value[-2:])
    return rows, columns
