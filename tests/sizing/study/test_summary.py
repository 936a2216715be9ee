"""What a study says: errors, limits and doses, by hand and of the stored one."""

import subprocess
import sys

import numpy as np
import pytest
from xarray import Dataset

from hrtem_lab.sizing import detection_limit, dose_needed, stored_study, study_table


def by_hand():
    """Return a study of one method, two diameters, three doses and four draws, cells of 2 Å."""
    nan = np.nan
    found = [[[nan, nan, nan, nan], [2, 2, nan, 6], [2, 2, 2, 2]], [[nan, 8, 10, 12], [8, 8, 8, 8], [8] * 4]]
    dims = ("method", "diameter", "dose_per_area", "draw")
    draws = np.array([found], dtype=float)
    return Dataset(
        {
            "diameter_found": (dims, draws),
            "low": (dims, draws - 1),
            "high": (dims, draws + 1),
            "misclassified": (dims, np.where(np.isnan(draws), 4.0, 1.0)),
            "pristine_found": (("method", "dose_per_area", "exposure"), [[[nan, 2], [nan, nan], [nan, nan]]]),
            "pristine_misclassified": (("method", "dose_per_area", "exposure"), [[[0, 3], [0, 0], [0, 0.0]]]),
            "true_cells": ("diameter", [1, 12]),
        },
        coords={"method": ["sphere"], "diameter": [1, 4], "dose_per_area": [1.0, 4.0, 16.0]},
        attrs={"cell_angstrom": 2.0, "false_alarm": 0.05},
    )


class TestSummary:
    def test_errors_are_those_of_the_draws_that_found_something(self):
        table = study_table(by_hand()).isel(method=0)
        assert table.bias.values == pytest.approx(np.array([[np.nan, 2 / 3, 0], [1, 0, 0]]), nan_ok=True)
        rms = [[np.nan, np.sqrt(4 / 3), 0], [np.sqrt(5 / 3), 0, 0]]
        assert table.rms_error.values == pytest.approx(np.array(rms), nan_ok=True)
        assert table.detection_rate.values == pytest.approx(np.array([[0, 0.75, 1], [0.75, 1, 1]]))
        assert table.coverage.values == pytest.approx(
            np.array([[np.nan, 2 / 3, 1], [1 / 3, 1, 1]]), nan_ok=True
        )
        share = [[4, 1.75, 1], [1.75 / 12, 1 / 12, 1 / 12]]
        assert table.misclassified_share.values == pytest.approx(np.array(share))
        assert table.false_alarm_rate.values == pytest.approx([0.5, 0, 0])
        assert table.false_cells.values == pytest.approx([1.5, 0, 0])

    def test_the_limit_is_where_all_larger_ones_are_found(self):
        limit = detection_limit(by_hand()).isel(method=0)
        assert limit.diameter.values == pytest.approx([np.nan, 4, 1], nan_ok=True)
        assert limit.false_alarm_rate.values == pytest.approx([0.5, 0, 0])
        assert detection_limit(by_hand(), rate=0.75).diameter.values.tolist() == [[4, 1, 1]]
        exact = detection_limit(by_hand(), rate=0.75, tolerance=0.5).diameter.values
        assert exact == pytest.approx(np.array([[np.nan, 4, 1]]), nan_ok=True)

    def test_what_lies_exactly_at_a_limit_is_within_it(self):
        """A diameter that is wrong by the tolerance, and an interval that ends at the truth."""
        one_cell_off = detection_limit(by_hand(), rate=0.5, tolerance=1).diameter.values
        assert one_cell_off.tolist() == [[4, 1, 1]]
        study = by_hand()
        truth = study["diameter"] * study.attrs["cell_angstrom"] + 0 * study["diameter_found"]
        for rounding in (1 - 1e-13, 1, 1 + 1e-13):
            study["low"], study["high"] = truth * rounding, truth + 1
            assert study_table(study).coverage.min() == 1
            study["low"], study["high"] = truth - 1, truth * rounding
            assert study_table(study).coverage.min() == 1

    def test_a_dose_is_interpolated_on_its_logarithm(self):
        assert dose_needed(by_hand(), rate=0.75).values.tolist() == [[4, 1]]
        half = dose_needed(by_hand(), rate=0.875).values.ravel()
        assert half == pytest.approx([8, 2])
        assert np.isnan(dose_needed(by_hand().isel(dose_per_area=[0, 1])).values[0, 0])

    @pytest.mark.parametrize("rate", [0, -0.5, 1.5])
    @pytest.mark.parametrize("limit", [detection_limit, dose_needed])
    def test_a_rate_is_a_probability(self, limit, rate):
        with pytest.raises(ValueError, match="rate must be"):
            limit(by_hand(), rate=rate)

    def test_what_is_chosen_alone_stays_alone(self, stored):
        """As xarray does it: a method selected by its name leaves no dimension behind."""
        alone = stored.sel({"method": "otsu"})
        limits, needed = detection_limit(stored), dose_needed(stored)
        assert detection_limit(alone).equals(limits.sel({"method": "otsu"}))
        assert dose_needed(alone).equals(needed.sel({"method": "otsu"}))
        at_one_dose = detection_limit(stored.sel(dose_per_area=50))
        np.testing.assert_array_equal(at_one_dose.diameter, limits.diameter.sel(dose_per_area=50))

    def test_the_order_of_diameters_and_doses_does_not_matter(self, stored):
        turned = stored.isel(diameter=slice(None, None, -1), dose_per_area=slice(None, None, -1))
        np.testing.assert_array_equal(
            detection_limit(turned, tolerance=1).diameter.sortby("dose_per_area"),
            detection_limit(stored, tolerance=1).diameter,
        )
        np.testing.assert_array_equal(
            dose_needed(turned, tolerance=1).sortby("diameter"), dose_needed(stored, tolerance=1)
        )


class TestWithoutXarray:
    def test_the_arrays_are_those_of_the_dataset(self, stored):
        plain = stored_study()
        cell = stored.attrs["cell_angstrom"]
        assert plain.methods == tuple(stored.method.values)
        np.testing.assert_array_equal(plain.diameters, stored.diameter)
        np.testing.assert_array_equal(plain.doses, stored.dose_per_area)
        np.testing.assert_array_equal(plain.found, stored.diameter_found / cell)
        np.testing.assert_array_equal(plain.pristine, stored.pristine_found / cell)

    def test_errors_and_wrong_cells_are_those_of_the_table(self, stored, table):
        plain = stored_study()
        for place in (0, 5, 9):
            rows = table.isel(dose_per_area=place).sel({"method": "false_alarm"})
            errors = plain.errors("false_alarm", place, range(1, 15))
            found = np.isfinite(errors).any(axis=1)
            np.testing.assert_allclose(np.nanmean(errors[found], axis=1), rows.bias.values[found])
            np.testing.assert_allclose(plain.wrong_cells("false_alarm", place), rows.misclassified_share)
            share = plain.share("false_alarm")[:, place]
            np.testing.assert_allclose(share, rows.detection_rate)

    def test_it_loads_neither_xarray_nor_scipy(self):
        code = (
            "import sys; from hrtem_lab.sizing import stored_study; study = stored_study();"
            "study.limits('sphere', 1.0); study.doses_needed('fixed'); study.false_alarms('otsu');"
            "print(*{'xarray', 'scipy', 'pandas'} & sys.modules.keys())"
        )
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert loaded.stdout.split() == []

    def test_what_is_wrong_is_said(self):
        with pytest.raises(ValueError, match="tolerance must not be negative, got -1"):
            stored_study().share("sphere", -1)
        with pytest.raises(ValueError, match=r"rate must be at most 1, got 1\.5"):
            stored_study().limits("sphere", rate=1.5)
