"""The study: the same for any number of workers, and what the methods say one by one."""

import numpy as np
import pytest

from hrtem_lab.sizing import PrecipitateSizer, ideal_size, size_study
from hrtem_lab.sizing._stored import write_study
from hrtem_lab.sizing._summary import read_study
from hrtem_lab.sizing.specimens import covered_cells, exposed
from tests.sizing.crystals import COARSE, COARSE_SAMPLING

FEW = {"series": COARSE, "methods": ["sphere", "false_alarm", "ideal"], "pristine_draws": 2}


@pytest.fixture(scope="module")
def whole():
    return size_study(**FEW, diameters=[3, 8], doses=[5, 50], draws=5, workers=1, rng=4)


class TestStudy:
    def test_workers_do_not_change_it(self, whole):
        few = {**FEW, "methods": ["false_alarm", "ideal"]}
        again = size_study(**few, diameters=[3, 8], doses=[50], draws=5, workers=2, rng=4)
        assert again.identical(whole.sel({"method": few["methods"], "dose_per_area": [50]}))

    def test_a_part_is_the_same_as_in_the_whole(self, whole):
        part = size_study(**FEW, diameters=[8], doses=[50], draws=3, workers=1, rng=4)
        same = whole.sel(diameter=[8], dose_per_area=[50]).isel(draw=slice(3))
        assert part.identical(same)

    def test_another_seed_is_another_study(self, whole):
        few = {**FEW, "methods": ["ideal"]}
        other = size_study(**few, diameters=[3], doses=[5], draws=5, workers=1, rng=5)
        assert not other.equals(whole.sel({"method": ["ideal"], "diameter": [3], "dose_per_area": [5]}))

    def test_it_is_what_the_methods_say(self, whole, series):
        """The first draw, by hand."""
        place = (8, 50_000_000, 0)
        rng = np.random.default_rng(np.random.SeedSequence(4, spawn_key=place))
        covered = covered_cells(8, 16, 40)
        image, truth = exposed(series[8], covered, dose_per_area=50, sampling=COARSE_SAMPLING, rng=rng)
        options = {"cells": 16, "sampling": COARSE_SAMPLING, "dose_per_area": 50}
        sizes = {
            "sphere": PrecipitateSizer(series[0], **options)(image),
            "false_alarm": PrecipitateSizer(series[0], method="false_alarm", **options)(image),
            "ideal": ideal_size(series, image, **options),
        }
        for method, size in sizes.items():
            row = whole.sel({"method": method, "diameter": 8, "dose_per_area": 50}).isel(draw=0)
            assert float(row.diameter_found) == size.diameter
            assert (float(row.low), float(row.high)) == (size.low, size.high)
            assert float(row.misclassified) == size.misclassified(truth)

    def test_progress_counts_every_exposure(self):
        seen = []
        size_study(
            COARSE,
            methods=["false_alarm"],
            diameters=[3],
            doses=[5],
            draws=5,
            pristine_draws=1,
            workers=1,
            progress=lambda done, total: seen.append((done, total)),
        )
        assert seen == [(1, 6), (5, 6), (6, 6)]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"diameters": [15]}, "diameters must be in the series, got 15"),
            ({"diameters": [0]}, "diameter must be at least 1"),
            ({"methods": ["eye"]}, "method must be one of sphere"),
            ({"doses": [0]}, "dose must be positive"),
            ({"draws": 0}, "draws must be at least 1"),
            ({"pristine_draws": 0}, "pristine_draws must be at least 1"),
        ],
    )
    def test_what_is_wrong_is_said(self, change, message):
        with pytest.raises(ValueError, match=message):
            size_study(**({"series": COARSE, "diameters": [3], "workers": 1} | change))

    def test_it_is_read_as_it_was_written(self, whole, tmp_path):
        write_study(whole, tmp_path / "new" / "study.npz")
        assert read_study(tmp_path / "new" / "study.npz").identical(whole)
