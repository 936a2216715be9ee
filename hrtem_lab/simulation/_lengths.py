"""Checks of lengths: what is longer than any microscope is refused, before a number overflows."""

from __future__ import annotations

from typing import Any

from hrtem_lab._validation import non_negative, real_number

_LONGEST = 1e12
"""Å, 100 m."""


def distance(name: str, value: Any) -> float:
    """Return `value` as a float; it must be a length in Å of either sign."""
    return _at_most(name, real_number(name, value))


def spread(name: str, value: Any) -> float:
    """Return `value` as a float; it must be a length in Å, zero or greater."""
    return _at_most(name, non_negative(name, value))


def _at_most(name: str, length: float) -> float:
    if abs(length) > _LONGEST:
        raise ValueError(f"{name} must be at most {_LONGEST:g} Å (100 m), got {length:g}")
    return length
