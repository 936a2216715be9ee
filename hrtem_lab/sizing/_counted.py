"""Counting cells whose difference is above a threshold: one method for each rule of a threshold."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics import Metric, MetricLike, as_metric
from hrtem_lab.noise import shot_noise
from hrtem_lab.sizing._cells import CellComparison
from hrtem_lab.sizing._evidence.posterior import CONFIDENCE
from hrtem_lab.sizing._method import Conditions, PreparedSizer, SizingMethod, Variant
from hrtem_lab.sizing._outcome import Size
from hrtem_lab.sizing._thresholds import (
    FALSE_ALARM,
    FIXED,
    OTSU,
    PAPER_OPTIMISED,
    Background,
    Threshold,
    compact,
    most_by_chance,
    own_background,
)

Floats = NDArray[np.float64]

PRISTINE_EXPOSURES = 4
"""Exposures of which the mean difference by noise is known well enough."""
TAIL_EXPOSURES = 16
"""Exposures for the tail of the differences by noise, from which a false-alarm rate is read."""
REPLICATES = 200
"""Counts that are drawn for an interval."""
EXPOSURES, IMAGE = "exposures", "image"
"""Where the differences without a precipitate come from."""


class CountingSizer(PreparedSizer):
    """Counts the cells above a threshold, and gives the diameter of a disc of their area.

    Parameters
    ----------
    threshold : Threshold
        The rule.
    reference : numpy.ndarray, shape (rows, columns)
        The pristine image, nowhere negative.
    conditions : Conditions
        Of all images.
    metric : str, Metric or callable, optional
        By which cells are compared; by default the one that the threshold is meant for.
    compact : bool
        Whether only the largest connected group of cells counts.
    rng : int or numpy.random.Generator
        Seed of the pristine exposures that show what noise alone makes of cells.
    background : str
        What differs without a precipitate: "exposures" of the reference tell, or the cells of the "image".
    """

    metric: Metric

    def __init__(
        self,
        threshold: Threshold,
        reference: NDArray[np.floating],
        conditions: Conditions,
        *,
        metric: MetricLike | None = None,
        compact: bool = False,
        rng: int | np.random.Generator = 0,
        background: str = EXPOSURES,
    ) -> None:
        super().__init__(conditions)
        self.threshold, self.method, self.compact = threshold, threshold.key, bool(compact)
        self.background = _validation.one_of("background", background, (EXPOSURES, IMAGE))
        self.metric = as_metric(threshold.metric if metric is None else metric)
        self.differences = CellComparison(reference, cells=conditions.cells, metric=self.metric)
        self._pristine = self._pristine_differences(reference, np.random.default_rng(rng))

    def __call__(self, image: NDArray[np.floating]) -> Size:
        """Return what the method says about an image."""
        return self.judge(self.differences(image))

    @property
    def _noise_free(self) -> bool:
        dose = self.conditions.dose_per_area
        return dose is None or not np.isfinite(dose)

    def _pristine_differences(self, reference: NDArray[np.floating], rng: np.random.Generator) -> Floats:
        """Return the differences of cells of pristine exposures."""
        dose, sampling = self.conditions.dose_per_area, self.conditions.sampling
        if dose is None or self._noise_free:
            return self.differences(reference).ravel()
        exposures = (
            shot_noise(reference, dose_per_area=dose, sampling=sampling, rng=rng)
            for _ in range(TAIL_EXPOSURES if self.threshold.reads_tail else PRISTINE_EXPOSURES)
        )
        return np.concatenate([self.differences(one).ravel() for one in exposures])

    def _background_of(self, differences: Floats) -> Background:
        """Return what differs in an image without a precipitate."""
        if self.background == IMAGE:
            return own_background(differences, self._pristine)
        return Background(course=np.zeros_like(differences), pristine=self._pristine, uncertainty=0.0)

    def judge(self, differences: Floats) -> Size:
        """Return what the method says about an image's map of cells."""
        background = self._background_of(differences)
        pristine = background.pristine
        differences = differences - (background.course - background.course.mean())
        rate = self.conditions.false_alarm
        # Of a single cell; an image of many cells may show some of them by chance.
        cell_rate = rate / differences.size if self.threshold.reads_tail else rate
        threshold = self.threshold.rule(differences.ravel(), pristine, cell_rate)
        mask = differences > threshold
        # One more false alarm than were seen: none among a thousand does not make them impossible.
        seen = int((pristine + background.uncertainty > threshold).sum())
        chance = (seen + 1) / (pristine.size + 1)
        exact = self._noise_free and self.background == EXPOSURES
        most = 0 if exact else most_by_chance(chance, mask.size, rate)
        detected = int(mask.sum()) > most
        if self.compact:
            mask = compact(mask)
            detected = detected and bool(mask.any())
        if not detected:
            return self.nothing(differences, threshold)
        low, high = self._resampled(mask)
        diameter = self._diameter(int(mask.sum()))
        return self.found(
            diameter=diameter, low=low, high=high, mask=mask, map=differences, threshold=threshold
        )

    def _diameter(self, count: float) -> float:
        """Return the diameter in Å of a disc with the area of so many cells."""
        return 2 * float(np.sqrt(count / np.pi)) * self.conditions.cell

    def _resampled(self, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the interval of the diameter if the cells are drawn anew with replacement."""
        counts = np.random.default_rng(0).binomial(mask.size, mask.mean(), REPLICATES)
        low, high = np.quantile(counts, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return self._diameter(low), self._diameter(high)


COMPACT = Variant(key="compact", label="one connected group", options={"compact": True})
FROM_IMAGE = Variant(key="image", label="background from the image", options={"background": IMAGE})
BY_SIFT = Variant(key="sift", label="SIFT", options={"metric": "sift"})


def counted(
    threshold: Threshold,
    *,
    colour: str,
    marker: str,
    variants: tuple[Variant, ...] = (COMPACT, FROM_IMAGE),
    column: int | None = None,
    rival: bool = False,
) -> SizingMethod:
    """Return the row of the method that counts by a rule."""
    return SizingMethod(
        key=threshold.key,
        label=threshold.label,
        description=threshold.description,
        prepare=partial(CountingSizer, threshold),
        colour=colour,
        marker=marker,
        quantity="difference",
        threshold=threshold,
        variants=variants,
        column=column,
        rival=rival,
    )


COUNTED = (
    counted(FIXED, colour="#D55E00", marker="s", column=4),
    counted(PAPER_OPTIMISED, colour="#CC79A7", marker="^", column=3, rival=True),
    counted(FALSE_ALARM, colour="#009E73", marker="v", column=2, variants=(COMPACT, BY_SIFT, FROM_IMAGE)),
    counted(OTSU, colour="#56B4E9", marker="P"),
)
"""Rows of the methods that count cells."""
