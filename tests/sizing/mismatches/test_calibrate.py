"""The training of the sphere's interval: its shapes, and the numbers that it prints."""

from types import SimpleNamespace

import numpy as np
import pytest

from hrtem_lab import multislice
from hrtem_lab.sizing import __main__ as command
from hrtem_lab.sizing import size_precipitate
from hrtem_lab.sizing._evidence.measured import HALF_WIDTH
from hrtem_lab.sizing.mismatches import MISMATCHES, _calibrate
from hrtem_lab.structures import Facetted, Sphere
from hrtem_lab.waves import load_exit_wave

TRUE = 2 * np.sqrt(52 / np.pi)  # the area of the shipped precipitate of 8 cells


def test_its_shapes_lie_within_the_specimen_and_are_those_of_its_seeds():
    shapes = list(_calibrate.training_shapes())
    assert [type(one).__name__ for one in shapes] == 16 * ["Sphere"] + 6 * ["Ellipsoid"] + 6 * ["Facetted"]
    for one in shapes:
        for place, half, side in zip(one.center, one.half_widths, (16, 16, 40), strict=True):
            assert half <= place <= side - half
    diameters = [one.diameter for one in shapes if isinstance(one, Sphere)]
    assert np.all(np.diff(diameters) > 0)
    assert 4 < diameters[0] < diameters[-1] < 13
    axes = np.sort([one.half_widths for one in shapes[16:22]], axis=1)
    assert axes[:, 2] / axes[:, 0] == pytest.approx(1.3)
    assert list(_calibrate.training_shapes()) == shapes


def test_the_truth_is_a_disc_of_the_same_area():
    sphere, ellipsoid = Sphere((8.2, 7.9, 20.0), 6.3), list(_calibrate.training_shapes())[16]
    assert _calibrate.true_diameter(sphere) == pytest.approx(6.3)
    area = np.pi * ellipsoid.half_widths[0] * ellipsoid.half_widths[1]
    assert np.pi / 4 * _calibrate.true_diameter(ellipsoid) ** 2 == pytest.approx(area)
    cube = Facetted((8.0, 8.0, 20.0), 6.0, wulff_ratio=3**0.5)
    assert _calibrate.true_diameter(cube) == pytest.approx(2 * np.sqrt(36 / np.pi), abs=0.02)


def test_its_numbers_are_those_of_the_sphere():
    wave = load_exit_wave("precipitate-08")
    (row,) = _calibrate.calibration([(wave, TRUE)], doses=[50], draws=1, pixels=256)
    experiment = MISMATCHES["none"].expose(wave, 50, rng=0, pixels=256)
    options = {"cells": 16, "sampling": experiment.sampling, "dose_per_area": 50}
    size = size_precipitate(experiment.reference, experiment.image, **options)
    error, half = size.diameter / 5.275 - TRUE, (size.high - size.diameter) / 5.275
    assert (row.found, row.coverage) == (1, 1)
    assert [row.bias, row.rms, row.half_width] == pytest.approx([error, abs(error), half])
    assert row.quantile == pytest.approx(abs(error) / (half / HALF_WIDTH))


def test_a_specimen_is_computed_atom_by_atom(monkeypatch):
    monkeypatch.setattr(_calibrate, "THICKNESS", 6)
    monkeypatch.setattr(multislice, "exit_wave", lambda atoms, **options: (atoms, options))
    (atoms, options), truth = next(_calibrate.training_specimens())
    assert atoms.cell.lengths() == pytest.approx(5.275 * np.array([16, 16, 6]))
    assert {"Nb", "Zr"} < set(atoms.get_chemical_symbols())
    assert options["sampling"] == pytest.approx(5.275 / 64)
    assert options["max_angle"] > 30  # mrad: more than the aperture lets through
    assert truth == next(_calibrate.training_shapes()).diameter


def test_mismatches_and_references_of_the_image_are_mixed(monkeypatch):
    asked = []

    def size(reference, image, **options):
        asked.append((reference is None, options["dose_per_area"], image.tobytes()))
        return SimpleNamespace(detected=False)

    monkeypatch.setattr(_calibrate, "size_precipitate", size)
    pristine = load_exit_wave("nb3sn")
    _calibrate.calibration(5 * [(pristine, 0.0)], doses=[10, 50], draws=5, pixels=128)
    own, doses, images = (list(one) for one in zip(*asked, strict=True))
    assert sum(own) == 10  # one of five
    assert len(set(images)) == 50
    assert set(doses) == {5, 10, 20, 25, 50, 100}  # half of the dose is told, or twice


def test_what_is_never_found_has_no_size(capsys, monkeypatch):
    pristine = load_exit_wave("nb3sn")
    (row,) = _calibrate.calibration([(pristine, 0.0)], doses=[2], draws=1, pixels=256)
    assert row.found == 0
    assert np.isnan([row.rms, row.bias, row.coverage, row.half_width, row.quantile]).all()
    monkeypatch.setattr(command, "training_specimens", lambda: "specimens")
    monkeypatch.setattr(command, "calibration", lambda given, **options: [(given, options)])
    command.main(["calibrate", "--draws", "3", "--doses", "2", "50"])
    assert capsys.readouterr().out == "('specimens', {'draws': 3, 'doses': [2.0, 50.0]})\n"
    with pytest.raises(SystemExit):
        command.main(["calibrate", "--workers", "1"])
    assert "calibrate has no option --workers" in capsys.readouterr().err


def test_a_row_prints_what_the_interval_was_read_from():
    row = _calibrate.Calibration(50.0, 1.0, 0.3, -0.1, 0.964, 0.62, 1.9)
    sizes = "   50 e⁻/Å²: 100 % found, rms 0.30, bias -0.10,  96 % within ± 0.62 cells"
    assert str(row) == f"{sizes}; 95 % within 1.90 deviations"
