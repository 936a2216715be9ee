"""What cannot be simulated is refused in one sentence, before the work starts."""

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc100, fcc111

from hrtem_lab.multislice import exit_wave, exit_wave_series
from hrtem_lab.structures import nb3sn

ERRORS = (TypeError, ValueError)
COARSE = {"sampling": 0.1, "progress": False}


class TestErrors:
    @pytest.mark.parametrize("name", ["energy", "sampling", "slice_thickness", "max_angle"])
    @pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "1", True])
    def test_must_be_positive(self, name, value):
        with pytest.raises(ERRORS, match=f"{name} must be (positive|finite|a real number), got"):
            exit_wave(nb3sn(), progress=False, **{name: value})

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"slice_thickness": 6}, r"slice_thickness must not exceed the cell's height of 5.275 Å, got 6"),
            (
                {"sampling": 0.4},
                r"sampling must be at most 0.278 Å to hold scattering up to 50 mrad, got 0.377 Å",
            ),
            (
                {"max_angle": 300},
                r"sampling must be at most 0.0464 Å .* up to 300 mrad, got 0.0995 Å",
            ),
            ({"device": "tpu"}, "device must be one of cpu, gpu, got 'tpu'"),
            ({"device": None}, "device must be one of cpu, gpu, got None"),
            ({"device": np.array(["cpu", "gpu"])}, "device must be one of cpu, gpu, got array"),
            ({"energy": 80}, r"energy must lie between 1000 and 1e\+07 eV, got 80 \(80 kV are 80e3\)"),
            ({"energy": 1e300}, r"energy must lie between 1000 and 1e\+07 eV, got 1e\+300"),
            ({"sampling": 1e-6}, "sampling must be at least 0.00016 Å .* 2³⁰ pixels, got 1e-06"),
            ({"sampling": 1e-300}, "sampling must be at least"),
            ({"slice_thickness": 1e-300}, "slice_thickness must be at least 5.3e-06 Å.*, got 1e-300"),
        ],
    )
    def test_errors_state_value_and_rule(self, options, rule):
        with pytest.raises(ValueError, match=rule):
            exit_wave(nb3sn(), **(COARSE | options))

    @pytest.mark.parametrize("progress", [None, 1, "no", np.zeros(2)])
    def test_progress_is_a_choice(self, progress):
        with pytest.raises(TypeError, match="progress must be True or False, got"):
            exit_wave(nb3sn(), sampling=0.1, progress=progress)

    @pytest.mark.parametrize("sampling", [6.0, 1e13, 1e300])
    def test_a_pixel_larger_than_the_cell_is_the_cell(self, sampling):
        wave = exit_wave(nb3sn(), sampling=sampling, max_angle=None, progress=False)
        assert wave.array.shape == (1, 1)
        assert abs(wave.array[0, 0]) == pytest.approx(1)

    @pytest.mark.parametrize(
        ("found", "rule"), [(None, "CuPy, which is not installed"), (False, "a GPU, and CuPy finds none")]
    )
    def test_a_gpu_that_is_not_there_is_refused_before_the_work(self, found, rule, monkeypatch):
        from abtem.core import backend

        cupy = None if found is None else SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: found))
        monkeypatch.setattr(backend, "cp", cupy)
        for simulate in (exit_wave, exit_wave_series):
            with pytest.raises(ValueError, match=f"device must be cpu on this machine, got 'gpu'.*{rule}$"):
                simulate(nb3sn(), device="gpu")

    @pytest.mark.parametrize("repetitions", [(2, 2), (1, 1, 0), (1, 1.5, 1), (1, 1, True), [1, 1, 1, 1]])
    def test_repetitions_of_three_axes_must_be_three_counts(self, repetitions):
        with pytest.raises(ERRORS, match=r"repetitions must be (three whole|at least 1|a whole)"):
            exit_wave(nb3sn(), repetitions=repetitions)

    @pytest.mark.parametrize("repetitions", [0, -2, 1.5, True, None])
    def test_repetitions_must_be_a_count_and_fail_before_the_first_wave(self, repetitions):
        for simulate in (exit_wave, exit_wave_series):
            with pytest.raises(ERRORS, match=r"repetitions must be (at least 1|a whole number), got"):
                simulate(nb3sn(), repetitions=repetitions)

    @pytest.mark.parametrize(
        ("atoms", "rule"),
        [
            ("nb3sn", r"must be ase\.Atoms, got str"),
            (Atoms(cell=[4, 4, 4]), "at least one atom, got none"),
            (Atoms("Au"), r"no height along z: add vacuum, for example with atoms.center\(vacuum=5\)"),
            (
                fcc100("Au", (1, 1, 3)),
                r"no height along z: add vacuum, for example with atoms.center\(vacuum=5, axis=2\)",
            ),
            (fcc111("Au", (1, 1, 3)), "no height along z: add vacuum"),
            (Atoms("Au", cell=[0, 4, 0]), r"no width along x and no height along z: .* axis=\(0, 2\)\)"),
            (bulk("Au"), r"cell must be orthogonal .* \(try hrtem_lab.structures.orthogonal\(atoms\)\)"),
            (Atoms("Au", cell=[4, 4, 4, 90, 90, 90.01]), "cell must be orthogonal"),
            (Atoms("AuX", positions=[[0, 0, 0], [1, 1, 1]], cell=[4, 4, 4]), "dummy element X at atom 1$"),
            (Atoms("Rf", cell=[4, 4, 4]), "parametrised potential, as H to Lr have, got Rf$"),
            (
                Atoms("AuAg", positions=[[0, 2, 0], [4, 2.05, 0]], cell=[4, 4, 4]),
                "one atom may be in one place .* got Au and Ag at atoms 0, 1$",
            ),
            (
                Atoms("Au", positions=[(5, 0, 0)], cell=[4, 4, 4]),
                r"inside their cell .* \(try atoms.wrap\(\)\)",
            ),
            (Atoms("Au", positions=[(0, 0, -1)], cell=[4, 4, 4]), r"got positions from \[0.0, 0.0, -1.0\]"),
            (
                Atoms("Au", positions=[(0, np.nan, 0)], cell=[4, 4, 4]),
                "finite positions, got NaN or infinity",
            ),
        ],
    )
    def test_the_specimen_must_be_atoms_in_an_orthogonal_cell(self, atoms, rule):
        with pytest.raises(ERRORS, match=rule):
            exit_wave(atoms, **COARSE)
