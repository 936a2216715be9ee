"""The stored study of mismatches: whole, documented, summed up rightly, and computed again in part."""

import sys
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hrtem_lab.data import regenerate
from hrtem_lab.sizing import __main__ as command
from hrtem_lab.sizing.mismatches import (
    MISMATCHES,
    MismatchStudy,
    SizeErrors,
    mismatch_methods,
    mismatch_study,
    stored_mismatch_study,
)
from hrtem_lab.sizing.mismatches._stored import read_mismatch_study, write_mismatch_study
from hrtem_lab.sizing.mismatches._study import ALARM_DOSES, DOSES, SIZE_MISMATCHES
from hrtem_lab.sizing.mismatches._subjects import subjects

STORED = stored_mismatch_study()
NAN = np.nan


def made_up():
    """Two methods, two mismatches, a sphere and a pair; the second method is asked once."""
    found = np.array([[[6.0, 7.0], [4.0, NAN], [5.0, 5.5]], [[NAN, NAN], [NAN, NAN], [NAN, NAN]]])
    number = np.array([[1.0, 1.0], [2.0, 1.0], [2.0, 1.0]])
    other = np.full((3, 2), NAN)
    other[:, 0] = 0
    shape = (2, 2, 1, 3, 2)
    sizes = np.empty(shape)
    sizes[0], sizes[1] = found[:, None], NAN
    numbers = np.stack([np.stack([number, 0 * number])[:, None], np.stack([other, other])[:, None]])
    alarms = np.array([[[[0, 1, 2, 0]], [[0, 0, 0, 0]]], [[[0, NAN, NAN, NAN]], [[NAN] * 4]]], float)
    return MismatchStudy(
        methods=("quick", "slow"),
        mismatches=("none", "tilt"),
        alarm_doses=np.array([5.0]),
        alarms=alarms,
        alarm_diameters=alarms,
        alarm_problems=np.where(np.isnan(alarms), NAN, [[[[1, 0, 0, 0]], [[2, 2, 2, 2]]]]),
        size_mismatches=("none", "tilt"),
        doses=np.array([5.0]),
        specimens=("one", "two", "two"),
        kinds=("sphere", "pair", "pair"),
        diameters=np.array([6.0, 4.5, 5.5]),
        found=sizes,
        low=sizes - 0.5,
        high=sizes + 1,
        number=numbers,
        problems=numbers,
    )


class TestSummary:
    study = made_up()

    def test_false_alarms_are_shares_of_what_was_asked(self):
        assert self.study.false_alarms("quick").tolist() == [[0.5], [0.0]]
        assert self.study.false_alarms("slow") == pytest.approx(np.array([[0], [NAN]]), nan_ok=True)

    def test_complaints_are_shares_of_what_was_asked(self):
        assert self.study.complaints("quick").tolist() == [[0.25], [1.0]]

    def test_errors_are_those_of_what_was_found(self):
        errors = self.study.errors("quick", dose=0, kinds=["sphere"], mismatches=["none"])
        assert errors == SizeErrors(2, 1.0, 0.5, pytest.approx(0.5**0.5), 0.5, 0.75)
        errors = self.study.errors("quick", dose=0, kinds=["sphere", "pair"], mismatches=["none"])
        assert errors.exposures == 6
        assert errors.found == pytest.approx(5 / 6)
        assert errors.bias == pytest.approx((0 + 1 - 0.5 - 0.5 + 0) / 5)
        assert errors.coverage == pytest.approx(4 / 5)  # an end of the interval belongs to it

    def test_all_kinds_and_mismatches_count_by_default(self):
        assert self.study.errors("quick", dose=0).found == pytest.approx(5 / 12)

    def test_small_ones_are_left_out(self):
        errors = self.study.errors("quick", dose=0, mismatches=["none"], smallest=5)
        assert (errors.exposures, errors.bias) == (4, pytest.approx((0 + 1 - 0.5 + 0) / 4))

    def test_of_nothing_found_there_is_no_error(self):
        errors = self.study.errors("quick", dose=0, mismatches=["tilt"])
        assert (errors.exposures, errors.found) == (6, 0)
        assert np.isnan([errors.bias, errors.rms, errors.coverage, errors.half_width]).all()
        assert self.study.errors("slow", dose=0).exposures == 6

    def test_both_of_a_pair_are_found_in_one_exposure_of_four(self):
        assert self.study.both_found("quick", dose=0) == 0.25
        assert self.study.both_found("quick", dose=0, mismatches=["none"]) == 0.5

    def test_what_was_not_asked_is_unknown(self):
        silent = replace(self.study, number=self.study.number * NAN)
        assert np.isnan(silent.errors("quick", dose=0).found)
        assert silent.errors("quick", dose=0).exposures == 0
        assert np.isnan(silent.both_found("quick", dose=0))

    def test_rounding_does_not_make_an_interval_wrong(self):
        exact = replace(self.study, low=np.float32(self.study.found) + np.float32(1e-6))
        assert exact.errors("quick", dose=0, kinds=["sphere"], mismatches=["none"]).coverage == 0.5

    @pytest.mark.parametrize(
        ("option", "rule"),
        [
            ({"kinds": ["cube"]}, "kind must be one of sphere, pair, got 'cube'"),
            ({"mismatches": ["gain+5"]}, "mismatch must be one of none, tilt, got 'gain"),
        ],
    )
    def test_unknown_names_are_refused(self, option, rule):
        with pytest.raises(ValueError, match=rule):
            self.study.errors("quick", dose=0, **option)

    def test_an_unknown_method_is_refused(self):
        for call in (self.study.false_alarms, self.study.complaints):
            with pytest.raises(ValueError, match="method must be one of quick, slow, got 'sphere'"):
                call("sphere")


class TestFile:
    def test_it_is_read_as_it_was_written(self, tmp_path):
        study = replace(made_up(), header={"seed": "1"})
        write_mismatch_study(study, tmp_path / "folder" / "study.npz")
        again = read_mismatch_study(tmp_path / "folder" / "study.npz")
        for one in fields(study):
            np.testing.assert_array_equal(getattr(again, one.name), getattr(study, one.name))
        assert again.methods == study.methods

    def test_it_holds_the_whole_study(self):
        """If this fails: `python -m hrtem_lab.sizing mismatches`."""
        assert STORED.methods == tuple(mismatch_methods())
        assert STORED.mismatches == tuple(MISMATCHES)
        assert STORED.size_mismatches == SIZE_MISMATCHES
        assert tuple(STORED.alarm_doses) == ALARM_DOSES
        assert tuple(STORED.doses) == DOSES
        assert tuple(dict.fromkeys(STORED.specimens)) == tuple(subjects())
        assert STORED.alarms.shape[-1] == command.MISMATCH_DRAWS["pristine_draws"] >= 8
        assert STORED.found.shape[-1] == command.MISMATCH_DRAWS["draws"]
        assert STORED.header["pixels_per_cell"] == 32

    def test_everybody_is_asked_of_as_many_exposures_as_is_said(self):
        slow = STORED.header["slow_methods"]
        for method, alarms in zip(STORED.methods, STORED.alarms, strict=True):
            asked = np.isfinite(alarms).sum(axis=-1)
            assert len({*asked.ravel().tolist(), 0}) == 2
            least = (
                command.MISMATCH_DRAWS["slow_pristine_draws"] if method in slow else STORED.alarms.shape[-1]
            )
            assert asked.max() <= least

    @pytest.mark.slow
    def test_a_part_of_it_is_computed_again(self):
        again = mismatch_study(
            methods=["sphere", "false_alarm", "ideal_untold"],
            mismatches=["thickness+1"],
            alarm_doses=[50],
            pristine_draws=1,
            size_mismatches=["several"],
            doses=[50],
            specimens=["grid-08", "sphere-3"],
            draws=1,
            pixels=16 * STORED.header["pixels_per_cell"],
            rng=int(STORED.header["seed"]),
            workers=1,
        )
        methods = [STORED.methods.index(name) for name in again.methods]
        # The sphere adds in single precision, in an order that depends on the processor.
        assert again.methods[0] == "sphere"
        mismatch, dose = STORED.mismatches.index("thickness+1"), list(STORED.alarm_doses).index(50)
        alarms = STORED.alarm_diameters[methods, mismatch, dose, :1]
        assert again.alarm_diameters[0, 0, 0] == pytest.approx(alarms[0], nan_ok=True, rel=1e-3)
        assert again.alarm_diameters[1:, 0, 0] == pytest.approx(alarms[1:], nan_ok=True, rel=1e-5)
        mismatch, dose = STORED.size_mismatches.index("several"), list(STORED.doses).index(50)
        rows = [STORED.specimens.index(name) for name in again.specimens]
        for name in ("found", "low", "high", "number"):
            stored = getattr(STORED, name)[methods, mismatch, dose][:, rows, :1]
            computed = getattr(again, name)[:, 0, 0]
            assert computed[0] == pytest.approx(stored[0], nan_ok=True, rel=1e-3)
            assert computed[1:] == pytest.approx(stored[1:], nan_ok=True, rel=1e-5)

    def test_it_is_small_and_documented(self):
        assert command.MISMATCHES_FILE.stat().st_size < 1e6
        text = (Path(regenerate.__file__).parent / "SOURCES.md").read_text(encoding="utf-8")
        (section,) = (part for part in text.split("\n# ") if part.startswith("Sources of the study of mism"))
        assert f"`{STORED.header['command']}`" in section
        for one in fields(STORED):
            assert f"`{one.name}`" in section
        versions = STORED.header["versions"]
        assert f"NumPy {versions['numpy']}, OpenCV {versions['opencv-python-headless']}" in section


class TestCommand:
    few = ("--draws", "1", "--pristine-draws", "1", "--slow-draws", "1", "--slow-pristine-draws", "1")

    def test_it_writes_the_study(self, tmp_path, monkeypatch, capsys):
        file = tmp_path / "study.npz"
        part = {"methods": ["false_alarm"], "specimens": ["grid-08"], "mismatches": ["none"], "pixels": 256}
        study = partial(mismatch_study, **part, size_mismatches=["none"], alarm_doses=[50])
        monkeypatch.setattr(command, "mismatch_study", study)
        options = ["--file", str(file), "--doses", "50", "--workers", "1", *self.few]
        monkeypatch.setattr(sys, "argv", ["sizing", "mismatches", *options])
        command.main()
        assert capsys.readouterr().out.endswith(f"{file}\n")
        written = read_mismatch_study(file)
        assert written.header["command"] == "python -m hrtem_lab.sizing mismatches"
        assert written.found.shape == (1, 1, 1, 1, 1)

    def test_its_draws_are_those_of_the_stored_study(self, tmp_path, monkeypatch):
        asked = {}

        def study(**options):
            asked.update(options)
            return replace(made_up(), header={})

        monkeypatch.setattr(command, "mismatch_study", study)
        command.main(["mismatches", "--file", str(tmp_path / "study.npz")])
        assert command.MISMATCH_DRAWS.items() <= asked.items()
        assert asked["rng"] == command.SEED

    def test_the_other_study_has_no_slow_methods(self, capsys):
        with pytest.raises(SystemExit):
            command.main(["study", "--slow-draws", "1"])
        assert "the study has no option --slow-draws" in capsys.readouterr().err
