"""The one table of sizing methods, and what follows from it."""

from __future__ import annotations

from typing import Any

from hrtem_lab.sizing._counted import COUNTED
from hrtem_lab.sizing._ideal import IDEAL
from hrtem_lab.sizing._method import REFERENCE, SizingMethod, StudyMethod
from hrtem_lab.sizing._sphere import SPHERE
from hrtem_lab.sizing._thresholds import Threshold

SIZERS: dict[str, SizingMethod] = {row.key: row for row in (SPHERE, *COUNTED, IDEAL)}
"""All sizing methods by their key, in the order in which pages and studies show them."""


def methods() -> tuple[str, ...]:
    """Return the keys of the methods that know the pristine crystal alone: those of `size_precipitate`.

    Examples
    --------
    >>> methods()
    ('sphere', 'fixed', 'paper_optimised', 'false_alarm', 'otsu')
    """
    return tuple(key for key, row in SIZERS.items() if row.needs == REFERENCE)


def study_methods() -> dict[str, StudyMethod]:
    """Return the methods and their variants by the name that a study gives them.

    Examples
    --------
    >>> list(study_methods())[:4]
    ['sphere', 'fixed', 'fixed_compact', 'fixed_image']
    >>> study_methods()["false_alarm_sift"].label
    'false-alarm rate, SIFT'
    """
    return {method.name: method for row in SIZERS.values() for method in row.study_methods}


METHODS: tuple[str, ...] = methods()
"""Methods of `size_precipitate`."""
THRESHOLDS: dict[str, Threshold] = {
    key: row.threshold for key, row in SIZERS.items() if row.threshold is not None
}
"""The rules of a threshold by their key."""
STUDY_METHODS: dict[str, dict[str, Any]] = {
    name: {"method": method.row.key, **method.options} for name, method in study_methods().items()
}
"""Name in a study → method and options of `size_precipitate`; for "ideal", of `ideal_size`."""
