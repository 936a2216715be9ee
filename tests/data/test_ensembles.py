"""The ensembles and specimens that come with the package: complete, documented, and reproducible."""

import json

import numpy as np
import pytest

from hrtem_lab.data import regenerate
from hrtem_lab.data.regenerate import ENSEMBLES
from hrtem_lab.multislice import exit_waves
from hrtem_lab.structures import Ellipsoid, b_factors, depth_map, nb3sn
from hrtem_lab.waves import load_exit_waves, load_off_grid_specimen

ROUNDING = 1e-4
"""As for the waves at rest, in parts of the incident wave."""


def stored(name, folder=regenerate.FOLDER):
    with np.load(folder / f"{name}.npz") as archive:
        return dict(archive)


def header(name):
    return json.loads(str(stored(name)["header"]))


class TestFiles:
    def test_every_plan_has_its_file_and_every_file_its_plan(self):
        files = {
            f"{folder}/{path.stem}"
            for folder in ("ensembles", "specimens")
            for path in (regenerate.FOLDER / folder).glob("*.npz")
        }
        assert files == set(ENSEMBLES)
        assert set(ENSEMBLES) < set(regenerate.NAMES)

    def test_they_stay_small(self):
        sizes = [(regenerate.FOLDER / f"{name}.npz").stat().st_size for name in ENSEMBLES]
        assert sum(sizes) < 8e6

    @pytest.mark.parametrize("name", ENSEMBLES)
    def test_the_header_says_how_it_was_made(self, name):
        head, data = header(name), stored(name)
        assert head["name"] == name
        assert head["command"] == f"python -m hrtem_lab.data.regenerate {name}"
        assert {"abtem", "numpy", "potential", "structure", "gpts", "slices", "energy"} <= head.keys()
        assert len(data["coefficients"]) == len(head["ensembles"])
        g = np.hypot(*(data["orders"] / head["extent"]).T)
        assert (g * 0.0417572 <= head["max_angle"] / 1e3 + 1e-9).all()
        power = np.square(np.abs(data["coefficients"])).sum(axis=-1)
        assert ((power > 0.2) & (power <= 1 + 1e-5)).all()

    def test_the_factors_are_those_of_debyes_model(self):
        for crystal, temperature in (("nb3sn", 293), ("zro2", 293), ("nb3sn", 100)):
            found = header(f"ensembles/{crystal}-{temperature}K")["B"]
            for element, factor in b_factors(crystal, temperature=temperature).items():
                assert found[element] == pytest.approx(factor, abs=0.0051)


class TestReproduction:
    @pytest.mark.slow
    def test_the_crystals_at_rest_are_simulated_again(self):
        for name in ("ensembles/nb3sn-rest", "ensembles/carbon"):
            again, shipped = regenerate.simulate(name, progress=False), stored(name)
            assert np.array_equal(again["orders"], shipped["orders"])
            assert np.abs(again["coefficients"] - shipped["coefficients"]).max() < ROUNDING

    @pytest.mark.slow
    def test_a_snapshot_is_simulated_again(self):
        """The first of the cold crystal: one snapshot does not depend on how many there are."""
        head = header("ensembles/nb3sn-100K")
        waves = exit_waves(
            nb3sn(),
            B=head["B"],
            configurations=1,
            rng=head["seed"],
            repetitions=(4, 4, 40),
            sampling=5.275 / 256,
            slice_thickness=5.275 / 4,
            max_angle=head["max_angle"],
            progress=False,
        )
        shipped = load_exit_waves("nb3sn", temperature=100)
        assert np.abs(waves.array[0] - shipped.array[0]).max() < 100 * ROUNDING
        found, expected = (np.fft.fft2(wave, norm="forward") for wave in (waves.array[0], shipped.array[0]))
        assert np.abs(found - expected).max() < ROUNDING

    @pytest.mark.slow
    def test_a_specimen_of_the_study_is_simulated_again(self):
        name = "ensembles/study-specimens"
        again, shipped = ENSEMBLES[name].wave("sphere-1", progress=False), stored(name)
        rows, columns = shipped["orders"].T
        found = np.fft.fft2(again.array[0], norm="forward")[rows, columns]
        assert np.abs(found - shipped["coefficients"][0, 0]).max() < ROUNDING

    def test_the_truths_of_the_study_are_computed_again(self):
        name = "ensembles/study-specimens"
        plan, shipped = ENSEMBLES[name], stored(name)
        np.testing.assert_array_equal(plan.depth(), shipped["depth"])
        kinds = header(name)["ensembles"]
        assert [kind["name"] for kind in kinds] == list(plan.shapes)
        for kind, shapes in zip(kinds, plan.shapes.values(), strict=True):
            assert kind["centers"] == [[shape.center[1], shape.center[0]] for shape in shapes]
            assert kind["description"].count(" at (") == len(shapes)

    def test_a_truth_is_computed_again(self):
        depth = depth_map([Ellipsoid((8.63, 7.9, 22.1), (9.4, 5.6, 7.2))], pixels_per_cell=8)
        assert np.abs(depth - load_off_grid_specimen("ellipsoid").depth).max() < 0.0051

    def test_a_file_in_a_folder_is_written(self, tmp_path, monkeypatch):
        monkeypatch.setattr(regenerate, "simulate", lambda name, **_: {"header": np.array(name)})
        regenerate.write(["ensembles/carbon", "specimens/pair"], folder=tmp_path)
        assert (tmp_path / "ensembles" / "carbon.npz").exists()
        assert (tmp_path / "specimens" / "pair.npz").exists()
