"""The methods that the study of mismatches asks, prepared for what they believe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.metrics import Metric
from hrtem_lab.sizing._ideal import IdealSizer
from hrtem_lab.sizing._method import REFERENCE, checked_conditions, checked_reference
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing._sizes import PrecipitateSizer
from hrtem_lab.sizing._table import study_methods
from hrtem_lab.sizing.mismatches._mismatch import Mismatch, Precipitate
from hrtem_lab.sizing.mismatches._table import MISMATCHES
from hrtem_lab.sizing.specimens import CELLS, LARGEST, WHOLE_VIEW

Image: TypeAlias = NDArray[np.floating]

SPHERE_ALONE, IDEAL, IDEAL_UNTOLD = "sphere_alone", "ideal", "ideal_untold"
_LABELS = {
    SPHERE_ALONE: "sphere, reference from the image",
    IDEAL: "ideal observer, told everything",
    IDEAL_UNTOLD: "ideal observer, told nothing",
}


def mismatch_methods() -> dict[str, str]:
    """Return the methods of the study of mismatches: name → label.

    Those of `study_methods` that know the pristine crystal; the sphere that has no reference but the image
    itself; and the ideal observer twice: told everything of the mismatch, and told nothing of it.

    Examples
    --------
    >>> list(mismatch_methods())[:2], list(mismatch_methods())[-2:]
    (['sphere', 'sphere_alone'], ['ideal', 'ideal_untold'])
    """
    rows = {name: one.label for name, one in study_methods().items() if one.row.needs == REFERENCE}
    first, *others = rows.items()
    return dict([first, (SPHERE_ALONE, _LABELS[SPHERE_ALONE]), *others]) | {
        name: _LABELS[name] for name in (IDEAL, IDEAL_UNTOLD)
    }


def is_slow(name: str) -> bool:
    """Return whether a method is asked of fewer exposures, because it compares by SIFT."""
    if name in _LABELS:
        return False
    method = study_methods()[name]
    return method.options.get("metric", method.row.metric) == "sift"


class Answers:
    """The methods, prepared for the pixels and the rate of false alarms of a study.

    Parameters
    ----------
    names : sequence of str
        Of `mismatch_methods`.
    pixels : int
        Along each side.
    false_alarm : float
        Greatest share of pristine images in which a precipitate may be found.
    """

    def __init__(self, names: tuple[str, ...], *, pixels: int, false_alarm: float) -> None:
        self.names, self.pixels, self.false_alarm = names, pixels, false_alarm
        # The places of a study are sorted by dose and reference: what is prepared last is asked next.
        self._prepared = lru_cache(maxsize=2)(self._prepare)
        self._told = lru_cache(maxsize=2)(self._tell)
        self._untold = lru_cache(maxsize=2)(self._tell_nothing)

    def __repr__(self) -> str:
        return f"<Answers: {len(self.names)} methods, {self.pixels} pixels>"

    def __call__(
        self, mismatch: Mismatch, precipitate: Precipitate, image: Image, *, dose: float, all_asked: bool
    ) -> Iterator[Size | None]:
        """Yield what each method says about an image at a true dose in e⁻/Å²; None if it is not asked."""
        stated = mismatch.stated_dose * dose
        sizers = self._prepared(mismatch.thickness_cells, mismatch.tilt, stated)
        maps: dict[Metric, NDArray[np.float64]] = {}
        for name in self.names:
            if is_slow(name) and not all_asked:
                yield None
            elif name == IDEAL:
                knows_all = mismatch.repeats and isinstance(precipitate, int)
                yield self._told(mismatch.key).at_dose(dose)(image) if knows_all else None
            elif name == IDEAL_UNTOLD:
                yield self._untold(mismatch.thickness_cells, mismatch.tilt).at_dose(stated)(image)
            elif (metric := getattr(sizers[name], "metric", None)) is None:
                yield sizers[name](image)
            else:
                if metric not in maps:
                    maps[metric] = sizers[name].differences(image)
                yield sizers[name].judge(maps[metric])

    def _prepare(self, thickness_cells: int, tilt: float, stated: float) -> dict[str, Any]:
        """Return the methods that know a reference and a dose, by name."""
        row = Mismatch(key="", label="", description="", thickness_cells=thickness_cells, tilt=tilt)
        reference = checked_reference(row.reference(pixels=self.pixels))
        options: dict[str, Any] = {
            "cells": CELLS,
            "dose_per_area": stated,
            "sampling": WHOLE_VIEW[0] / self.pixels,
            "false_alarm": self.false_alarm,
        }
        conditions = checked_conditions(reference.shape, **options)
        methods, nothing = study_methods(), cast(Any, None)
        return {
            name: PrecipitateSizer(nothing, **options)
            if name == SPHERE_ALONE
            else methods[name].row(reference, conditions, **methods[name].options)
            for name in self.names
            if name not in (IDEAL, IDEAL_UNTOLD)
        }

    def _tell(self, key: str) -> IdealSizer:
        """Return the observer that knows the experiment as it is."""
        mismatch = MISMATCHES[key]
        at_rest = mismatch.at_rest()
        series = {diameter: at_rest.expected(diameter, pixels=self.pixels) for diameter in _DIAMETERS}
        # Of the precipitates no vibrating ones are known: what they change is taken as at rest.
        return self._observer(_on(mismatch.expected(0, pixels=self.pixels), series))

    def _tell_nothing(self, thickness_cells: int, tilt: float) -> IdealSizer:
        """Return the observer that believes the reference, and knows exactly what a precipitate changes."""
        row = Mismatch(key="", label="", description="", thickness_cells=thickness_cells, tilt=tilt)
        exact = MISMATCHES["none"]
        series = {diameter: exact.expected(diameter, pixels=self.pixels) for diameter in _DIAMETERS}
        return self._observer(_on(row.reference(pixels=self.pixels), series))

    def _observer(self, series: Mapping[int, Image]) -> IdealSizer:
        return IdealSizer(
            series,
            cells=CELLS,
            dose_per_area=1.0,
            sampling=WHOLE_VIEW[0] / self.pixels,
            false_alarm=self.false_alarm,
        )


_DIAMETERS = range(LARGEST + 1)


def _on(crystal: Image, series: Mapping[int, Image]) -> dict[int, Image]:
    """Return a series with its pristine crystal, 0, replaced by another one in all images."""
    return {diameter: np.maximum(image - series[0] + crystal, 0) for diameter, image in series.items()}
