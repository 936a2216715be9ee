"""The bound, the study of sizes by dose, and what is stored of it."""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from hrtem_lab.sizing._draws import covered_cells, exposed, shifts
from xarray import Dataset

from hrtem_lab.data import regenerate
from hrtem_lab.multislice import exit_wave
from hrtem_lab.noise import counts_per_pixel, shot_noise
from hrtem_lab.simulation import form_image
from hrtem_lab.sizing import (
    STUDY_METHODS,
    IdealSizer,
    PrecipitateSizer,
    _fit,
    cell_map,
    detection_limit,
    dose_needed,
    ideal_size,
    load_study,
    precipitate_series,
    size_study,
    study_table,
)
from hrtem_lab.sizing import __main__ as command
from hrtem_lab.sizing._stored import read_study, write_study
from hrtem_lab.sizing._study import DOSES
from hrtem_lab.sizing._thresholds import BASE_WEIGHT, CONTRAST_WEIGHT
from hrtem_lab.structures import supercell, with_precipitate

PIXELS = 16
SAMPLING = 5.275 / PIXELS
COARSE = partial(precipitate_series, pixels=PIXELS)
STRUCTURES = Path(__file__).parent / "structures"


@pytest.fixture(scope="module")
def series():
    return COARSE()


@pytest.fixture(scope="module")
def stored():
    return load_study()


@pytest.fixture(scope="module")
def table(stored):
    return study_table(stored)


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
        sizer = IdealSizer(series, cells=16, dose_per_area=dose, sampling=SAMPLING)
        image = shot_noise(series[6], dose_per_area=dose, sampling=SAMPLING, rng=1)
        n = counts_per_pixel(dose, sampling=SAMPLING)
        places = [(down, right) for down in shifts_of(diameter)[0] for right in shifts_of(diameter)[1]]
        found = sizer._log_ratios(image)[diameter - 1]
        assert len(found) == len(places) == (17 - diameter) ** 2
        for index in (0, len(places) // 2, len(places) - 1):
            moved = np.roll(series[diameter], np.array(places[index]) * PIXELS, axis=(0, 1)).astype(float)
            expected = (n * image * np.log(moved / series[0]) - n * (moved - series[0])).sum()
            assert found[index] == pytest.approx(expected, rel=1e-3, abs=0.02)

    @pytest.mark.parametrize("diameter", [1, 2, 5, 8, 13])
    def test_without_noise_it_is_right_anywhere(self, series, diameter):
        sizer = IdealSizer(series, cells=16, dose_per_area=None, sampling=SAMPLING)
        covered = covered_cells(diameter, 16, 40)
        for shift in [(places.start, places.stop - 1) for places in shifts(covered)]:
            size = sizer(np.roll(series[diameter], np.array(shift) * PIXELS, axis=(0, 1)))
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
        options = {"cells": 16, "sampling": SAMPLING}
        image = shot_noise(series[5], dose_per_area=2, sampling=SAMPLING, rng=2)
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
    return shifts(covered_cells(diameter, 16, 40))


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
        assert (len(shifts(covered)[0]), len(shifts(covered)[1])) == (4, 4)

    def test_the_image_moves_with_its_cells(self, series):
        covered = covered_cells(4, 16, 40)
        for seed in range(3):
            rng = np.random.default_rng(seed)
            image, truth = exposed(series[4], covered, dose_per_area=1e6, sampling=SAMPLING, rng=rng)
            changed = np.abs(image - series[0]).reshape(16, PIXELS, 16, PIXELS).mean(axis=(1, 3))
            assert changed[truth].min() > changed[~truth].max()


FEW = {"series": COARSE, "methods": ["sphere", "false_alarm", "ideal"], "pristine_draws": 2}


@pytest.fixture(scope="module")
def whole():
    return size_study(**FEW, diameters=[3, 8], doses=[5, 50], draws=5, workers=1, rng=4)


class TestStudy:
    def test_workers_do_not_change_it(self, whole):
        again = size_study(**FEW, diameters=[3, 8], doses=[5, 50], draws=5, workers=2, rng=4)
        assert again.identical(whole)

    def test_a_part_is_the_same_as_in_the_whole(self, whole):
        part = size_study(**FEW, diameters=[8], doses=[50], draws=3, workers=1, rng=4)
        same = whole.sel(diameter=[8], dose_per_area=[50]).isel(draw=slice(3))
        assert part.identical(same)

    def test_another_seed_is_another_study(self, whole):
        other = size_study(**FEW, diameters=[3], doses=[5], draws=5, workers=1, rng=5)
        assert not other.equals(whole.sel(diameter=[3], dose_per_area=[5]))

    def test_it_is_what_the_methods_say(self, whole, series):
        """The first draw, by hand."""
        place = (8, 50_000_000, 0)
        rng = np.random.default_rng(np.random.SeedSequence(4, spawn_key=place))
        covered = covered_cells(8, 16, 40)
        image, truth = exposed(series[8], covered, dose_per_area=50, sampling=SAMPLING, rng=rng)
        options = {"cells": 16, "sampling": SAMPLING, "dose_per_area": 50}
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


class TestStored:
    def test_it_holds_the_whole_figure(self, stored):
        assert stored.diameter.values.tolist() == list(range(1, 15))
        assert stored.dose_per_area.values.tolist() == list(DOSES)
        assert len(DOSES) >= 8
        assert stored.method.values.tolist() == list(STUDY_METHODS)
        assert stored.sizes["draw"] == command.DRAWS >= 20
        assert stored.sizes["exposure"] == command.PRISTINE_DRAWS
        assert stored.attrs["pixels_per_cell"] == 64
        assert not np.isnan(stored.misclassified).any()
        assert {"numpy", "opencv-python-headless"} == json.loads(stored.attrs["versions"]).keys()

    def test_a_part_of_it_is_computed_again(self, stored):
        methods = ["sphere", "fixed", "paper_optimised", "false_alarm", "ideal"]
        again = size_study(
            methods=methods,
            diameters=[2, 7],
            doses=[20],
            draws=2,
            pristine_draws=1,
            rng=int(stored.attrs["seed"]),
            workers=1,
        )
        part = stored.sel({"method": methods, "diameter": [2, 7], "dose_per_area": [20]})
        part = part.isel(draw=slice(2), exposure=slice(1))
        for name in part.data_vars:
            assert again[name].values == pytest.approx(part[name].values, nan_ok=True, rel=1e-9), name

    def test_it_is_small_and_documented(self, stored):
        assert command.FILE.stat().st_size < 1e6
        text = (Path(regenerate.__file__).parent / "SOURCES.md").read_text(encoding="utf-8")
        (section,) = (part for part in text.split("\n# ") if part.startswith("Sources of the study of sizes"))
        assert f"`{stored.attrs['command']}`" in section
        for name, dims in ((name, stored[name].dims) for name in stored.data_vars):
            assert f"| `{name}` | ({', '.join(dims)}) |" in section
        versions = json.loads(stored.attrs["versions"])
        assert f"NumPy {versions['numpy']}, OpenCV {versions['opencv-python-headless']}" in section

    def test_the_reader_may_change_a_copy(self, stored):
        stored.copy(deep=True).diameter_found[...] = 0
        changed = load_study()
        changed.diameter_found[...] = 0
        assert load_study().identical(stored)

    def test_the_command_writes_it(self, tmp_path, monkeypatch, capsys):
        file = tmp_path / "study.npz"
        few = ["--draws", "1", "--pristine-draws", "1", "--doses", "50", "--workers", "1"]
        monkeypatch.setattr(sys, "argv", ["sizing", "--file", str(file), *few])
        monkeypatch.setattr(command, "size_study", partial(size_study, COARSE, methods=["sphere"]))
        command.main()
        assert capsys.readouterr().out.endswith(f"{file}\n")
        written = read_study(file)
        assert written.attrs["command"] == "python -m hrtem_lab.sizing"
        assert written.sizes == {"method": 1, "diameter": 14, "dose_per_area": 1, "draw": 1, "exposure": 1}


def markdown(values, row_names, decimals=2):
    """Return the body of a table as the document has it."""
    rows = []
    for name, row in zip(row_names, values, strict=True):
        cells = ["–" if np.isnan(value) else f"{value:.{decimals}f}".replace("-", "−") for value in row]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


class TestDocument:
    text = (Path(__file__).parents[2] / "docs" / "sizing.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("name", "method", "scale", "decimals"),
        [
            ("rms_error", "sphere", 1, 2),
            ("bias", "sphere", 1, 2),
            ("detection_rate", "sphere", 100, 0),
            ("misclassified_share", "sphere", 100, 0),
            ("rms_error", "ideal", 1, 2),
            ("bias", "fixed", 1, 1),
            ("bias", "paper_optimised", 1, 1),
            ("bias", "false_alarm_compact", 1, 1),
        ],
    )
    def test_its_tables_are_the_study_s(self, table, name, method, scale, decimals):
        values = scale * table[name].sel({"method": method}).transpose("diameter", "dose_per_area").values
        assert markdown(values + 0.0, table.diameter.values, decimals) in self.text

    @pytest.mark.parametrize("tolerance", [None, 0.5])
    def test_its_limits_are_the_study_s(self, stored, tolerance):
        limit = detection_limit(stored, tolerance=tolerance).diameter.transpose("method", "dose_per_area")
        names = [f"`{name}`" for name in stored.method.values]
        assert markdown(limit.values, names, 0) in self.text

    def test_its_false_alarms_are_the_study_s(self, table):
        rate = 100 * table.false_alarm_rate.transpose("method", "dose_per_area").values
        assert markdown(rate, [f"`{name}`" for name in table.method.values], 0) in self.text

    @pytest.mark.parametrize("method", ["sphere", "ideal", "paper_optimised"])
    def test_its_coverage_is_the_study_s(self, table, method):
        rows = table.sel({"method": method})
        shares = []
        for doses in (slice(0, 1), slice(2, None)):
            part = rows.sel(dose_per_area=doses)
            held = float((part.coverage * part.detection_rate).sum() / part.detection_rate.sum())
            shares.append(f"{100 * held:.0f} %")
        assert " and ".join(shares) in " ".join(self.text.split())

    def test_its_doses_are_relative_to_the_ideal_observer_s(self, stored):
        columns = []
        for tolerance in (None, 0.5):
            needed = dose_needed(stored, tolerance=tolerance).sel(diameter=slice(2, 8))
            ideal = needed.loc["ideal"]
            columns += [
                100 * ideal,
                *(needed.loc[name] / ideal for name in ("sphere", "paper_optimised", "fixed")),
            ]
        rows = [
            f"| {diameter} | "
            + " | ".join("–" if np.isnan(value) else f"{value:.{int(value < 10)}f}" for value in row)
            for diameter, row in zip(range(2, 9), np.array(columns).T, strict=True)
        ]
        assert " |\n".join(rows) in self.text


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


@pytest.fixture(scope="module")
def oxides():
    """Images of SrTiO₃ with spheres of MgO, both read from CIF, strained to one lattice; 64 pixels per cell.

    On a grid of 96 pixels per cell, coarser than that of the shipped waves.
    """
    matrix, precipitate = (read(STRUCTURES / f"{name}.cif") for name in ("srtio3", "mgo"))
    grid = {"sampling": 3.905 / 96, "slice_thickness": 3.905 / 2, "progress": False}
    images = {}
    for diameter in (0, 4, 6, 8, 10, 12):
        if diameter:
            specimen = with_precipitate(diameter, matrix=matrix, precipitate=precipitate)
        else:
            specimen = supercell(matrix, (1, 1, 40))
        wave = exit_wave(specimen, **grid)
        images[diameter] = form_image(wave, shape=1024, field_of_view=16 * 3.905)
    return images


@pytest.mark.slow
def test_another_pair_of_crystals_needs_no_other_constants(oxides):
    """As certain as in Nb₃Sn, with nothing fitted anew; the fixed threshold of SIFT is too high for MgO."""
    doses = [10, 20, 50, 150]
    found = size_study(
        lambda: oxides,
        diameters=[4, 6, 8, 10, 12],
        doses=doses,
        draws=10,
        methods=["sphere", "fixed", "ideal"],
        cell=3.905,
        rng=0,
        workers=1,
    )
    table = study_table(found)
    sphere, fixed, ideal = (table.sel({"method": name}) for name in ("sphere", "fixed", "ideal"))
    assert sphere.false_alarm_rate.max() == 0
    assert sphere.detection_rate.sel(diameter=4).values[0] < 0.5
    assert sphere.detection_rate.sel(diameter=4).values[1:] == pytest.approx([1, 1, 1])
    assert (sphere.detection_rate.sel(diameter=slice(6, None)) == 1).all()
    assert sphere.rms_error.sel(diameter=slice(6, None)).max() == 0
    assert ideal.rms_error.max() == 0
    assert (fixed.detection_rate.sel(diameter=4) == 0).all()
    assert fixed.bias.sel(diameter=8).values == pytest.approx([-4.2, -4.3, -4.0, -4.1], abs=0.2)
    assert fixed.bias.sel(diameter=12).values == pytest.approx([-2.3, -2.3, -2.0, -2.0], abs=0.2)
