"""The ideal observer: its likelihoods, its intervals and its false alarms."""

import numpy as np
import pytest

from hrtem_lab.noise import counts_per_pixel, shot_noise
from hrtem_lab.sizing import IdealSizer, ideal_size
from hrtem_lab.sizing.specimens import covered_cells, exposed, free_shifts
from tests.sizing.crystals import COARSE_PIXELS, COARSE_SAMPLING


def toy(contrast=0.5):
    """Return a series of 6 × 6 cells of 2 × 2 pixels: flat, with dark squares of 1 and 2 cells."""
    rows = np.arange(12)
    one, two = (((rows >= low) & (rows < high)) for low, high in ((4, 6), (4, 8)))
    images = {0: np.ones((12, 12))}
    for diameter, inside in ((1, one), (2, two)):
        images[diameter] = np.where(inside[:, None] & inside, 1 - contrast, 1.0)
    return images


class TestIdeal:
    @pytest.mark.parametrize("diameter", [1, 4, 7, 14])
    def test_its_likelihoods_are_those_of_the_counted_electrons(self, series, diameter):
        dose = 5.0
        sizer = IdealSizer(series, cells=16, dose_per_area=dose, sampling=COARSE_SAMPLING)
        image = shot_noise(series[6], dose_per_area=dose, sampling=COARSE_SAMPLING, rng=1)
        n = counts_per_pixel(dose, sampling=COARSE_SAMPLING)
        places = [(down, right) for down in shifts_of(diameter)[0] for right in shifts_of(diameter)[1]]
        found = sizer._log_ratios(image)[diameter - 1]
        assert len(found) == len(places) == (17 - diameter) ** 2
        for index in (0, len(places) // 2, len(places) - 1):
            moved = np.roll(series[diameter], np.array(places[index]) * COARSE_PIXELS, axis=(0, 1)).astype(
                float
            )
            expected = (n * image * np.log(moved / series[0]) - n * (moved - series[0])).sum()
            assert found[index] == pytest.approx(expected, rel=1e-3, abs=0.02)

    @pytest.mark.parametrize("diameter", [1, 2, 5, 8, 13])
    def test_without_noise_it_is_right_anywhere(self, series, diameter):
        sizer = IdealSizer(series, cells=16, dose_per_area=None, sampling=COARSE_SAMPLING)
        covered = covered_cells(diameter, 16, 40)
        for shift in [(places.start, places.stop - 1) for places in free_shifts(covered)]:
            size = sizer(np.roll(series[diameter], np.array(shift) * COARSE_PIXELS, axis=(0, 1)))
            assert size.detected
            assert size.diameter_in_cells == diameter
            assert (size.low, size.high) == pytest.approx(
                ((diameter - 0.5) * 5.275, (diameter + 0.5) * 5.275)
            )
            assert size.misclassified(np.roll(covered, shift, axis=(0, 1))) == 0
            assert size.map == pytest.approx(size.mask.astype(float))

    def test_false_alarms_are_as_rare_as_stated(self):
        """Markov's inequality holds at any dose: of 200 flat images at most 5 % and four errors."""
        for dose in (2, 10):
            sizer = IdealSizer(toy(), cells=6, dose_per_area=dose, sampling=1, thickness=6)
            rng = np.random.default_rng(dose)
            alarms = [
                sizer(shot_noise(np.ones((12, 12)), dose_per_area=dose, sampling=1, rng=rng)).detected
                for _ in range(200)
            ]
            assert np.mean(alarms) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)

    def test_its_interval_holds_the_truth_as_often_as_stated(self):
        """With the diameters equally likely, a 95 % interval misses at most 5 %, within four errors."""
        dose = 6
        sizer = IdealSizer(toy(), cells=6, dose_per_area=dose, sampling=1, thickness=6, false_alarm=0.999)
        rng = np.random.default_rng(3)
        sizes = []
        for diameter in [1, 2] * 100:
            covered = covered_cells(diameter, 6, 6)
            image, _ = exposed(toy()[diameter], covered, dose_per_area=dose, sampling=1, rng=rng)
            sizes.append((diameter, sizer(image)))
        seen = [(truth, size) for truth, size in sizes if size.detected]
        held = np.mean([size.low / 2 <= truth <= size.high / 2 for truth, size in seen])
        assert len(seen) > 150
        assert held > 0.95 - 4 * np.sqrt(0.05 * 0.95 / len(seen))
        assert np.mean([size.high - size.low > 2.5 for _, size in seen]) > 0.04  # it is not always sure

    def test_more_contrast_is_more_evidence(self):
        images = [shot_noise(toy(c)[2], dose_per_area=20, sampling=1, rng=1) for c in (0.1, 0.5, 0.9)]
        evidence = [
            ideal_size(toy(c), image, cells=6, dose_per_area=20, sampling=1, thickness=6).evidence
            for c, image in zip((0.1, 0.5, 0.9), images, strict=True)
        ]
        assert evidence == sorted(evidence)

    def test_another_dose_is_another_sizer(self, series):
        options = {"cells": 16, "sampling": COARSE_SAMPLING}
        image = shot_noise(series[5], dose_per_area=2, sampling=COARSE_SAMPLING, rng=2)
        first = IdealSizer(series, dose_per_area=50, **options)
        assert (
            first.at_dose(2)(image).evidence == IdealSizer(series, dose_per_area=2, **options)(image).evidence
        )
        assert first(image).evidence != first.at_dose(2)(image).evidence

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"series": {1: np.ones((12, 12))}}, "series must hold 0, the pristine image"),
            ({"series": {0: np.ones((12, 12))}}, "series must hold 0, the pristine image"),
            ({"series": {**toy(), 2: np.ones((6, 6))}}, r"series\[2\] must have the reference's shape"),
            ({"image": np.ones((6, 6))}, "image must have the reference's shape"),
            ({"cells": 5}, "cells must divide the image"),
            ({"dose_per_area": 0}, "dose_per_area must be positive"),
            ({"sampling": -1}, "sampling must be positive"),
            ({"false_alarm": 1.0}, "false_alarm must be below 1"),
            ({"thickness": 0}, "thickness must be at least 1"),
        ],
    )
    def test_what_is_wrong_is_said(self, change, message):
        right = {"series": toy(), "image": np.ones((12, 12)), "cells": 6, "dose_per_area": 1, "sampling": 1}
        options = right | change
        with pytest.raises(ValueError, match=message):
            ideal_size(options.pop("series"), options.pop("image"), **options)


def shifts_of(diameter):
    return free_shifts(covered_cells(diameter, 16, 40))
