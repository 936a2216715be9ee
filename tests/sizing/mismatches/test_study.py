"""The study of mismatches: what it asks, what it tells whom, and that its parts are those of the whole."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from hrtem_lab.sizing import SIZERS, study_methods
from hrtem_lab.sizing.mismatches import MISMATCHES, _methods, mismatch_methods, mismatch_study
from hrtem_lab.sizing.mismatches._study import _Plan
from tests.sizing.crystals import CELL

TINY = {"pixels": 256, "workers": 1, "draws": 1, "pristine_draws": 1}
QUICK = {**TINY, "doses": [50], "alarm_doses": [50]}
OBSERVERS = ["ideal", "ideal_untold"]


@pytest.fixture(scope="module")
def observed():
    """What the two observers say."""
    return mismatch_study(
        **QUICK,
        methods=OBSERVERS,
        mismatches=["none", "thickness+1", "defocus+20", "shift-0.5", "phonons", "rotation", "hot"],
        size_mismatches=["none", "several"],
        specimens=["grid-06", "sphere-3", "pair-1"],
    )


class TestMethods:
    def test_they_are_the_table_s_and_four_more(self):
        names = list(mismatch_methods())
        known = [name for name in study_methods() if name != "ideal"]
        assert names == ["sphere", "sphere_alone", *known[1:], "ideal", "ideal_untold"]
        assert len(set(mismatch_methods().values())) == len(names)

    def test_the_slow_ones_are_asked_of_fewer_exposures(self):
        options = {**QUICK, "mismatches": ["none"], "size_mismatches": ["none"], "specimens": ["grid-10"]}
        methods = ["otsu", "false_alarm"]
        study = mismatch_study(
            **{**options, "pristine_draws": 2, "draws": 2},
            methods=methods,
            slow_pristine_draws=1,
            slow_draws=1,
        )
        assert study.header["slow_methods"] == ["otsu"]
        asked = [[True, False], [True, True]]
        np.testing.assert_array_equal(np.isfinite(study.alarms[:, 0, 0]), asked)
        np.testing.assert_array_equal(np.isfinite(study.number[:, 0, 0, 0]), asked)
        np.testing.assert_array_equal(np.isfinite(study.found[:, 0, 0, 0]), asked)

    def test_slow_are_those_that_compare_by_sift(self):
        quick = {name for name in mismatch_methods() if not _methods.is_slow(name)}
        assert {"sphere", "sphere_alone", "false_alarm", "false_alarm_compact", *OBSERVERS} <= quick
        assert not {"fixed", "paper_optimised_compact", "false_alarm_sift", "otsu"} & quick

    def test_the_sphere_without_a_reference_has_the_image_alone(self, monkeypatch):
        prepared = []

        def sizer(reference, **options):
            prepared.append((reference, options))
            precipitate = {"low": 5 * CELL, "high": 7 * CELL, "center": (np.nan, np.nan)}
            other = SimpleNamespace(diameter=4 * CELL, **precipitate)
            size = SimpleNamespace(
                detected=True,
                diameter=6 * CELL,
                others=(other,),
                problems=("one", "two", "three"),
                **precipitate,
            )
            return lambda image: size

        monkeypatch.setattr(_methods, "PrecipitateSizer", sizer)
        study = mismatch_study(
            **QUICK,
            methods=["sphere_alone"],
            mismatches=["dose-double"],
            size_mismatches=["none"],
            specimens=["pair-1"],
        )
        assert [reference for reference, _ in prepared] == [None, None]
        assert [options["dose_per_area"] for _, options in prepared] == [100, 50]
        assert prepared[0][1]["cells"] == 16
        assert prepared[0][1]["sampling"] == pytest.approx(CELL / 16)
        assert study.alarms.ravel().tolist() == [2]
        assert study.alarm_problems.ravel().tolist() == [3]
        assert study.alarm_diameters.ravel() == pytest.approx([6])
        assert study.number.ravel().tolist() == [2, 2]
        assert study.problems.ravel().tolist() == [3, 3]
        assert study.found.ravel() == pytest.approx([6, 4])  # the pair's 4.83 and 4.64
        assert study.low.ravel() == pytest.approx([5, 5])
        assert study.high.ravel() == pytest.approx([7, 7])


class TestObservers:
    def test_told_everything_it_sees_nothing_where_nothing_is(self, observed):
        by_mismatch = dict(zip(observed.mismatches, observed.false_alarms("ideal")[:, 0], strict=True))
        assert np.isnan([by_mismatch.pop("rotation"), by_mismatch.pop("hot")]).all()
        assert set(by_mismatch.values()) == {0.0}

    def test_told_nothing_it_falls(self, observed):
        by_mismatch = dict(zip(observed.mismatches, observed.false_alarms("ideal_untold")[:, 0], strict=True))
        assert by_mismatch["none"] == 0
        assert by_mismatch["phonons"] == 1

    def test_told_everything_it_is_right_and_told_nothing_it_is_not(self, observed):
        grid = observed.specimens.index("grid-06")
        assert observed.found[:, :, 0, grid, 0] == pytest.approx(np.array([[6, 6], [6, np.nan]]), nan_ok=True)

    def test_off_the_grid_it_cannot_be_told(self, observed):
        off = np.array([not name.startswith("grid") for name in observed.specimens])
        assert np.isnan(observed.number[0][:, :, off]).all()
        assert np.isfinite(observed.number[1]).all()
        assert np.isnan(observed.errors("ideal", dose=0, kinds=["pair"]).found)


class Recorder:
    """An observer that remembers what it is told, and finds nothing."""

    def __init__(self, series, **options):
        self.series, self.options, self.doses = series, options, []
        TOLD.append(self)

    def at_dose(self, dose):
        self.doses.append(dose)
        return lambda image: image


TOLD = []


class TestWhatObserversAreTold:
    @pytest.fixture(autouse=True)
    def _recorded(self, monkeypatch):
        monkeypatch.setattr(_methods, "IdealSizer", Recorder)
        TOLD.clear()

    def told(self, key):
        """Return what both are told of a mismatch."""
        answers = _methods.Answers(tuple(OBSERVERS), pixels=64, false_alarm=0.01)
        heard = list(answers(MISMATCHES[key], 6, "image", dose=8.0, all_asked=False))
        assert heard == ["image", "image"]
        assert all(one.options["false_alarm"] == 0.01 for one in TOLD)
        return TOLD

    def test_one_knows_the_images_of_the_experiment(self):
        told, _ = self.told("defocus+20")
        assert list(told.series) == list(range(15))
        for diameter in (0, 6):
            image = MISMATCHES["defocus+20"].expected(diameter, pixels=64)
            np.testing.assert_allclose(told.series[diameter], image, atol=1e-6)

    def test_one_knows_that_the_crystal_vibrates(self):
        answers = _methods.Answers(("ideal",), pixels=64, false_alarm=0.05)
        list(answers(MISMATCHES["phonons"], 0, "image", dose=8.0, all_asked=False))
        crystal, rest = (MISMATCHES[key].expected(0, pixels=64) for key in ("phonons", "none"))
        np.testing.assert_allclose(TOLD[0].series[0], crystal, atol=1e-6)
        change = MISMATCHES["none"].expected(6, pixels=64) - rest
        np.testing.assert_allclose(TOLD[0].series[6], np.maximum(crystal + change, 0), atol=1e-6)

    def test_the_other_believes_the_reference(self):
        _, untold = self.told("thickness+1")
        reference = MISMATCHES["thickness+1"].reference(pixels=64)
        np.testing.assert_allclose(untold.series[0], reference, atol=1e-6)
        change = MISMATCHES["none"].expected(6, pixels=64) - MISMATCHES["none"].expected(0, pixels=64)
        np.testing.assert_allclose(untold.series[6], np.maximum(reference + change, 0), atol=1e-6)

    def test_the_other_believes_the_stated_dose(self):
        told, untold = self.told("dose-double")
        assert (told.doses, untold.doses) == ([8.0], [16.0])


class TestParts:
    def test_a_part_is_the_same_as_in_the_whole(self):
        names = ["false_alarm", "ideal_untold"]
        whole = mismatch_study(
            **{**TINY, "draws": 2, "pristine_draws": 2},
            methods=names,
            mismatches=["none", "dose-half", "hot"],
            alarm_doses=[5, 50],
            size_mismatches=["none", "tilt"],
            doses=[5, 50],
            specimens=["grid-08", "pair-1"],
        )
        part = mismatch_study(
            **QUICK, methods=names[:1], mismatches=["hot"], size_mismatches=["tilt"], specimens=["pair-1"]
        )
        np.testing.assert_array_equal(part.alarms, whole.alarms[:1, 2:, 1:, :1])
        np.testing.assert_array_equal(part.found, whole.found[:1, 1:, 1:, 1:, :1])
        assert part.specimens == whole.specimens[1:] == ("pair-1", "pair-1")
        assert not np.array_equal(whole.found[0, 0, 1, 0, 0], whole.found[0, 0, 1, 0, 1])

    def test_places_with_the_same_reference_and_dose_follow_one_another(self):
        plan = _Plan(
            methods=(),
            mismatches=tuple(MISMATCHES),
            doses=(50.0, 100.0),
            specimens=("grid-08", "pair-1"),
            slow_draws=1,
            pixels=256,
            false_alarm=0.05,
            seed=0,
        )
        order = plan.order()
        assert len(order) == len(set(order)) == len(MISMATCHES) * 2 * 2
        rows = [MISMATCHES[plan.mismatches[place[0]]] for place in order]
        believed = [
            (row.stated_dose * plan.doses[place[1]], row.thickness_cells, row.tilt)
            for row, place in zip(rows, order, strict=True)
        ]
        changes = sum(one != other for one, other in pairwise(believed))
        assert changes == len(set(believed)) - 1

    def test_it_tells_how_far_it_is(self):
        told = []
        mismatch_study(
            **QUICK,
            methods=["false_alarm"],
            mismatches=["none", "gain+5"],
            size_mismatches=["none"],
            specimens=["grid-08"],
            progress=lambda done, total: told.append((done, total)),
        )
        assert told == [(1, 3), (2, 3), (3, 3)]

    def test_the_header_says_how_it_was_made(self, observed):
        assert observed.header["pixels_per_cell"] == 16
        assert observed.header["seed"] == "0"
        assert {"numpy", "opencv-python-headless"} == observed.header["versions"].keys()
        assert repr(observed) == "<MismatchStudy: 2 methods, 7 mismatches, 4 precipitates>"


class TestNonsense:
    @pytest.mark.parametrize(
        ("option", "rule"),
        [
            ({"methods": ["spheres"]}, "method must be one of sphere, sphere_alone, .*, got 'spheres'"),
            ({"methods": []}, "at least one method, got none"),
            ({"mismatches": ["tilted"]}, "mismatch must be one of none, .*, got 'tilted'"),
            ({"size_mismatches": ["tilted"]}, "mismatch must be one of none, .*, got 'tilted'"),
            ({"specimens": ["cube"]}, "specimen must be one of grid-04, .*, got 'cube'"),
            ({"specimens": []}, "at least one specimen, got none"),
            ({"doses": []}, "at least one dose, got none"),
            ({"doses": [0]}, "dose must be positive, got 0"),
            ({"alarm_doses": [-1]}, "dose must be positive, got -1"),
            ({"draws": 0}, "draws must be at least 1, got 0"),
            ({"slow_pristine_draws": 0}, "slow_pristine_draws must be at least 1, got 0"),
            ({"pixels": 100}, "pixels must be a multiple of 16, got 100"),
            ({"false_alarm": 1.5}, "false_alarm must be below 1, got 1.5"),
        ],
    )
    def test_it_is_refused_before_the_work_starts(self, option, rule):
        told = []
        with pytest.raises(ValueError, match=rule):
            mismatch_study(**option, workers=1, progress=lambda *done: told.append(done))
        assert not told

    def test_there_is_a_row_for_each_method(self):
        assert {
            study_methods()[name].row.key for name in mismatch_methods() if name in study_methods()
        } == set(SIZERS)
