"""Specimens and exposures: where precipitates lie, and that images, truths and cells move together."""

import numpy as np

from hrtem_lab.sizing.specimens import covered_cells, exposed, free_shifts
from tests.sizing.crystals import COARSE_PIXELS, COARSE_SAMPLING


class TestDraws:
    def test_precipitates_lie_everywhere_within_the_image(self):
        rng = np.random.default_rng(1)
        covered = covered_cells(3, 6, 6)
        seen = np.zeros((6, 6), int)
        for _ in range(300):
            _, truth = exposed(np.ones((12, 12)), covered, dose_per_area=1, sampling=1, rng=rng)
            rows, columns = np.argwhere(truth).T
            assert (np.ptp(rows), np.ptp(columns), truth.sum()) == (2, 2, covered.sum())
            seen += truth
        middles = seen[1:-1, 1:-1]
        assert seen[0, 1:-1].min() > 0  # the rim of a precipitate reaches the border
        assert middles.min() > 0
        assert (len(free_shifts(covered)[0]), len(free_shifts(covered)[1])) == (4, 4)

    def test_the_image_moves_with_its_cells(self, series):
        covered = covered_cells(4, 16, 40)
        for seed in range(3):
            rng = np.random.default_rng(seed)
            image, truth = exposed(series[4], covered, dose_per_area=1e6, sampling=COARSE_SAMPLING, rng=rng)
            changed = (
                np.abs(image - series[0]).reshape(16, COARSE_PIXELS, 16, COARSE_PIXELS).mean(axis=(1, 3))
            )
            assert changed[truth].min() > changed[~truth].max()
