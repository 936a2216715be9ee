"""The fit of the optimised threshold."""

import sys

import numpy as np
import pytest

from hrtem_lab.noise import shot_noise
from hrtem_lab.sizing import __main__ as command
from hrtem_lab.sizing import _fit, cell_map, load_study, precipitate_series
from hrtem_lab.sizing._thresholds import BASE_WEIGHT, CONTRAST_WEIGHT
from hrtem_lab.sizing.specimens import covered_cells, exposed


class TestFit:
    def test_it_looks_where_no_study_does(self):
        assert not set(_fit.TRAINING_DOSES) & set(load_study().dose_per_area.values.tolist())
        assert str(_fit.TRAINING_SEED) != load_study().attrs["seed"]

    def test_its_errors_are_counted_cells(self, series):
        """One image, one pair of weights, by hand, at a rougher grid of pixels than the fit's."""
        fine = precipitate_series(pixels=32)
        base, contrast, least, errors = _fit.fit_weights(fine, diameters=(5,), doses=(50.0,), draws=1, rng=3)
        rng = np.random.default_rng(3)
        options = {"dose_per_area": 50, "sampling": 5.275 / 32, "rng": rng}
        background = cell_map(fine[0], shot_noise(fine[0], **options), cells=16).mean()
        image, truth = exposed(fine[5], covered_cells(5, 16, 40), **options)
        differences = cell_map(fine[0], image, cells=16)
        for w, f in ((0.45, 0.7), (0.0, 1.0), (1.0, 0.0), (base, contrast)):
            threshold = background + max(w * 0.18, f * differences.std())
            wrong = ((differences > threshold) != truth).sum()
            assert errors[round(w / 0.05), round(f / 0.05)] == wrong
        assert least == errors.min()

    @pytest.mark.slow
    def test_the_weights_are_the_fitted_ones(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "argv", ["sizing", "fit"])
        command.main()
        expected = f"base weight {BASE_WEIGHT:.2f}, contrast weight {CONTRAST_WEIGHT:.2f}: 16.7 cells"
        assert expected in capsys.readouterr().out
