"""Wavelength, exit waves and those that come with the package."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from hrtem_lab.simulation import ExitWave, form_image, list_exit_waves, load_exit_wave, wavelength
from tests.simulation.waves import ERRORS


class TestWavelength:
    @pytest.mark.parametrize(
        ("energy", "length"), [(80e3, 0.0417572), (100e3, 0.0370144), (200e3, 0.0250793), (300e3, 0.0196875)]
    )
    def test_tabulated_values(self, energy, length):
        assert wavelength(energy) == pytest.approx(length, abs=1e-7)

    def test_slow_electrons_follow_de_broglie(self):
        """λ = 12.2643 Å / √(E / eV) without relativity."""
        assert wavelength(1.0) == pytest.approx(12.26426, rel=1e-5)

    @pytest.mark.parametrize("energy", [0, -80e3, np.nan, np.inf, "80 kV", True, None])
    def test_energy_must_be_positive(self, energy):
        with pytest.raises(ERRORS, match="energy must be"):
            wavelength(energy)


class TestExitWave:
    def test_it_cannot_be_changed(self, wave):
        with pytest.raises(AttributeError):
            wave.energy = 200e3
        with pytest.raises(ValueError, match="read-only"):
            wave.array[0, 0] = 0
        with pytest.raises(TypeError):
            wave.provenance["gpts"] = 0

    def test_it_does_not_follow_the_array_it_came_from(self):
        array = np.ones((4, 4), complex)
        wave = ExitWave(array, 0.5, 80e3, 10)
        array[:] = 0
        assert wave.array.all()
        assert array.flags.writeable

    def test_extent_and_default_view(self):
        cell = ExitWave(np.ones((10, 20), complex), (0.5, 0.4), 80e3, 10)
        assert cell.extent == pytest.approx((5, 8))
        assert cell.field_of_view == pytest.approx((20, 32))
        specimen = ExitWave(np.ones((10, 20), complex), (0.5, 0.6), 80e3, 10)
        assert specimen.field_of_view == specimen.extent == pytest.approx((5, 12))

    def test_one_sampling_stands_for_both_axes(self):
        assert ExitWave(np.ones((4, 4), complex), 0.5, 80e3, 10).sampling == (0.5, 0.5)

    def test_it_is_hashed_by_identity_and_can_be_sent_to_another_process(self, wave):
        copy = pickle.loads(pickle.dumps(wave))
        assert copy != wave
        assert len({wave, wave, copy}) == 2
        assert np.array_equal(form_image(copy), form_image(wave))
        assert (copy.energy, copy.thickness, dict(copy.provenance)) == (80e3, 100, {})

    @pytest.mark.parametrize(
        ("fields", "rule"),
        [
            ({"array": np.ones((4, 4))}, "array must be complex, got dtype float64"),
            ({"array": np.ones(4, complex)}, r"array must be 2-D and not empty, got shape \(4,\)"),
            ({"array": np.ones((0, 4), complex)}, r"array must be 2-D and not empty, got shape \(0, 4\)"),
            ({"array": np.full((4, 4), np.nan + 0j)}, "array must be finite, got NaN or infinity"),
            ({"sampling": 0}, "sampling must be positive, got 0"),
            ({"sampling": (0.1, -0.1)}, "sampling must be positive, got -0.1"),
            ({"sampling": (1, 2, 3)}, r"sampling must be one number or \(rows, columns\), got \(1, 2, 3\)"),
            ({"energy": -1}, "energy must be positive, got -1"),
            ({"energy": "80"}, "energy must be a real number, got '80'"),
            ({"thickness": -1}, "thickness must not be negative, got -1"),
            ({"thickness": np.inf}, "thickness must be finite, got inf"),
        ],
    )
    def test_errors_state_value_and_rule(self, fields, rule):
        valid = {"array": np.ones((4, 4), complex), "sampling": 0.1, "energy": 80e3, "thickness": 10}
        with pytest.raises(ERRORS, match=rule):
            ExitWave(**(valid | fields))


class TestShippedWaves:
    @pytest.mark.parametrize("name", ["nb3sn", "zro2"])
    def test_a_crystal_has_every_thickness_from_1_to_60_cells(self, name):
        length = {"nb3sn": 5.275, "zro2": 5.09}[name]
        for cells in (1, 40, 60):
            wave = load_exit_wave(name, thickness_cells=cells)
            assert wave.thickness == pytest.approx(cells * length)
            assert wave.extent == pytest.approx((length, length))
            assert wave.energy == 80e3
        assert load_exit_wave(name).thickness == pytest.approx(40 * length)

    def test_a_crystal_shows_four_cells_and_a_precipitate_everything(self):
        crystal, specimen = load_exit_wave("nb3sn"), load_exit_wave("precipitate-06")
        assert crystal.field_of_view == pytest.approx((4 * 5.275, 4 * 5.275))
        assert specimen.field_of_view == specimen.extent == pytest.approx((16 * 5.275, 16 * 5.275))
        cell = form_image(crystal, shape=32, field_of_view=5.275)
        assert np.array_equal(form_image(crystal), np.tile(cell, (4, 4)))

    def test_names_start_with_the_crystals_and_count_the_diameters_up(self):
        names = list_exit_waves()
        assert names[:2] == ["nb3sn", "zro2"]
        assert names[2:] == sorted(name for name in names if name.startswith("precipitate-"))

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"name": "gold"}, "name must be one of nb3sn, zro2, .* got 'gold'"),
            ({"name": None}, "name must be one of nb3sn, zro2, .* got None"),
            ({"name": "../data/nb3sn"}, "name must be one of"),
            ({"name": "nb3sn", "thickness_cells": 61}, "of nb3sn must be between 1 and 60, got 61"),
            ({"name": "nb3sn", "thickness_cells": 0}, "thickness_cells must be at least 1, got 0"),
            ({"name": "nb3sn", "thickness_cells": 2.5}, "thickness_cells must be a whole number, got 2.5"),
            ({"name": "precipitate-06", "thickness_cells": 20}, "of precipitate-06 must be 40, got 20"),
        ],
    )
    def test_errors_state_value_and_rule(self, options, rule):
        with pytest.raises(ERRORS, match=rule):
            load_exit_wave(**options)


class TestDocumentation:
    def blocks(self, language):
        """Return the code blocks of the page that are marked with a language."""
        text = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
        fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        return [block for mark, block in fenced if mark == language]

    @pytest.mark.parametrize("number", [0, 1])
    def test_the_examples_print_what_is_written(self, number, tmp_path, monkeypatch, capsys):
        (cif,) = self.blocks("")
        (tmp_path / "SrTiO3.cif").write_text(cif, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        exec(self.blocks("python")[number], {})
        assert capsys.readouterr().out == self.blocks("text")[number]
