"""Ensembles of exit waves: the class, those that come with the package, and specimens off the grid."""

import dataclasses
import pickle

import numpy as np
import pytest

from hrtem_lab.metrics import METRICS
from hrtem_lab.simulation import form_image, through_layer
from hrtem_lab.waves import (
    ExitWave,
    ExitWaves,
    list_off_grid_specimens,
    load_carbon_slabs,
    load_exit_wave,
    load_exit_waves,
    load_off_grid_specimen,
)

CELL = 5.275
KINDS = [
    ("nb3sn", {"thickness_cells": 20}),
    ("nb3sn", {"thickness_cells": 39}),
    ("nb3sn", {}),
    ("nb3sn", {"thickness_cells": 41}),
    ("nb3sn", {"temperature": 100}),
    *(("nb3sn", {"tilt": tilt}) for tilt in (0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4)),
    ("zro2", {"thickness_cells": 20}),
    ("zro2", {}),
]


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


class TestTheClass:
    def ensemble(self, **options):
        rng = np.random.default_rng(1)
        array = rng.normal(size=(3, 6, 8)) + 1j * rng.normal(size=(3, 6, 8))
        return ExitWaves(array, **{"sampling": (0.5, 0.4), "energy": 80e3, "thickness": 10, **options})

    def test_it_is_a_sequence_of_waves(self):
        waves = self.ensemble(provenance={"seed": 1})
        assert len(waves) == len(list(waves)) == 3
        for number, wave in enumerate(waves):
            assert isinstance(wave, ExitWave)
            assert np.array_equal(wave.array, waves.array[number])
            assert (wave.extent, wave.energy, wave.thickness) == (waves.extent, waves.energy, waves.thickness)
            assert wave.provenance == {"seed": 1}
        assert np.array_equal(waves[-1].array, waves.array[2])
        with pytest.raises(IndexError):
            waves[3]

    def test_a_part_of_it_is_an_ensemble(self):
        waves = self.ensemble(cells=(2, 4), provenance={"seed": 1})
        part = waves[1:]
        assert np.array_equal(part.array, waves.array[1:])
        assert (part.cells, part.extent, part.provenance) == (waves.cells, waves.extent, waves.provenance)
        with pytest.raises(ValueError, match="array must be 3-D and not empty"):
            waves[3:]

    def test_it_cannot_be_changed_and_can_be_sent_to_another_process(self):
        waves = self.ensemble(cells=(2, 4))
        with pytest.raises(ValueError, match="read-only"):
            waves.array[0] = 0
        copy = pickle.loads(pickle.dumps(waves))
        assert copy != waves
        assert np.array_equal(copy.array, waves.array)
        assert copy.cells == (2, 4)

    @pytest.mark.parametrize(
        ("cells", "view"), [((1, 1), (12, 12.8)), ((2, 1), (6, 12.8)), ((3, 4), (4, 3.2))]
    )
    def test_it_shows_four_cells(self, cells, view):
        assert self.ensemble(cells=cells).field_of_view == pytest.approx(view)

    def test_a_large_one_shows_everything(self):
        assert self.ensemble(sampling=(3, 2)).field_of_view == pytest.approx((18, 16))

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"cells": (0, 1)}, "cells must be"),
            ({"cells": 1.5}, "cells must be"),
            ({"cells": (1, 2**70)}, "cells must be at most 1000000, got 118"),
            ({"provenance": None}, "provenance must be a mapping, got None"),
            ({"provenance": "seed 3"}, "provenance must be a mapping, got 'seed 3'"),
            ({"energy": -1}, "energy must be positive"),
            ({"energy": 1e300}, r"energy must be at most 1e\+12 eV, got 1e\+300"),
            ({"sampling": 0}, "sampling must be positive"),
        ],
    )
    def test_nonsense_is_refused(self, options, rule):
        with pytest.raises((TypeError, ValueError), match=rule):
            self.ensemble(**options)

    @pytest.mark.parametrize(
        ("array", "rule"),
        [
            (np.ones((4, 4), complex), "3-D"),
            (np.ones((2, 4, 4)), "complex"),
            (np.full((1, 2, 2), np.nan + 0j), "finite"),
            (np.ones((0, 4, 4), complex), "not empty"),
        ],
    )
    def test_an_array_is_a_stack_of_complex_waves(self, array, rule):
        with pytest.raises((TypeError, ValueError), match=rule):
            ExitWaves(array, 0.5, 80e3, 10)


class TestShippedCrystals:
    @pytest.mark.parametrize(("name", "kind"), KINDS, ids=str)
    def test_the_mean_image_is_converged_to_one_percent(self, name, kind):
        """Estimated from the snapshots themselves: their mirror images and cells belong to one draw."""
        waves = load_exit_waves(name, **kind)
        turned = 2 if kind.get("tilt") else 4
        draws = len(waves) // turned
        images = np.array(
            [
                form_image(
                    ExitWaves(waves.array[draw::draws], waves.sampling, waves.energy, 1, cells=waves.cells),
                    shape=128,
                )
                for draw in range(draws)
            ]
        )
        scatter = np.sqrt(np.square(images - images.mean(axis=0)).sum(axis=(1, 2)).sum() / (draws - 1))
        assert scatter / np.sqrt(draws) / np.linalg.norm(images.mean(axis=0)) < 0.01
        assert relative_error(form_image(waves), images.mean(axis=0)) < 1e-4

    @pytest.mark.parametrize(("name", "kind"), KINDS, ids=str)
    def test_the_halves_agree_as_chance_allows(self, name, kind):
        """The first and the second half of the snapshots, each imaged by itself, differ by 2 % on average."""
        waves = load_exit_waves(name, **kind)
        turned = 2 if kind.get("tilt") else 4
        draws = len(waves) // turned
        whole = waves.array.reshape(turned, draws, *waves.array.shape[1:])
        halves = [
            form_image(
                ExitWaves(half.reshape(-1, *half.shape[2:]), waves.sampling, 80e3, 1, cells=waves.cells)
            )
            for half in (whole[:, : draws // 2], whole[:, draws // 2 :])
        ]
        assert 0 < relative_error(halves[0], halves[1]) < 0.04

    def test_at_rest_it_is_the_wave_of_the_crystal(self):
        for cells in (39, 40, 41):
            (wave,) = load_exit_waves("nb3sn", temperature=None, thickness_cells=cells)
            expected = form_image(load_exit_wave("nb3sn", thickness_cells=cells))
            assert relative_error(form_image(wave), expected) < 1e-4

    def test_the_colder_the_crystal_the_nearer_to_rest(self):
        rest = form_image(load_exit_wave("nb3sn"))
        cold, warm = (
            METRICS["mse"](rest, form_image(load_exit_waves("nb3sn", temperature=T))) for T in (100, 293)
        )
        assert 0.005 < cold < warm / 2

    def test_tilts_grow_from_nothing(self):
        for temperature in (None, 293):
            images = [
                form_image(load_exit_waves("nb3sn", temperature=temperature, tilt=step / 2))
                for step in range(9)
            ]
            differences = [METRICS["mse"](images[0], image) for image in images]
            assert differences[0] == 0
            assert differences == sorted(differences)
            assert differences[4] > 0.05

    @pytest.mark.parametrize(
        ("temperature", "as_it_is", "moved"), [(None, 0.111, 0.092), (293, 0.118, 0.055)]
    )
    def test_a_part_of_what_a_tilt_does_is_a_shift(self, temperature, as_it_is, moved):
        """The exit surface keeps its place: the middle is at -t tan(θ) / 2. As in docs/reality.md."""
        upright = form_image(load_exit_waves("nb3sn", temperature=temperature))
        tilted = load_exit_waves("nb3sn", temperature=temperature, tilt=2)
        for shift, expected in ((0, as_it_is), (-211 * np.tan(2e-3) / 2, moved)):
            found = METRICS["mse"](upright, form_image(tilted, shift=(0, shift)))
            assert found == pytest.approx(expected, abs=0.001)

    def test_an_image_is_mirror_symmetric(self):
        """Upright along both axes; tilted towards x, along y alone."""
        image, tilted = (form_image(load_exit_waves("nb3sn", tilt=tilt), shape=128) for tilt in (0, 2))

        def mirrored(image, axis):
            return np.roll(np.flip(image, axis), 1, axis)

        for axis in (0, 1):
            assert relative_error(mirrored(image, axis), image) < 1e-5
        assert relative_error(mirrored(tilted, 0), tilted) < 1e-5
        assert relative_error(mirrored(tilted, 1), tilted) > 0.1

    def test_it_is_the_same_object_each_time(self):
        assert load_exit_waves("nb3sn", tilt=2) is load_exit_waves("nb3sn", tilt=2.0)

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"name": "gold"}, "name must be"),
            ({"temperature": 200}, "temperature of nb3sn must be one of 100, 293, None, got 200"),
            ({"name": "zro2", "temperature": 100}, "temperature of zro2 must be one of 293, None"),
            ({"thickness_cells": 10}, r"one of \[20, 39, 40, 41\], got 10"),
            ({"thickness_cells": 0}, "thickness_cells must be"),
            ({"tilt": 0.3}, r"tilt of nb3sn .* must be one of \[0.0, 0.5, .* 4.0\], got 0.3"),
            ({"tilt": 1, "thickness_cells": 39}, r"must be one of \[0.0\], got 1"),
            ({"tilt": np.nan}, "tilt must be"),
            ({"temperature": "warm"}, "temperature must be"),
        ],
    )
    def test_what_is_not_shipped_is_refused_by_name(self, options, rule):
        with pytest.raises((TypeError, ValueError), match=rule):
            load_exit_waves(**{"name": "nb3sn", **options})


class TestCarbon:
    def test_a_slab_turns_phases_and_lets_all_electrons_through(self):
        slabs = load_carbon_slabs()
        assert slabs.thickness == 10
        assert slabs.extent == pytest.approx((4 * CELL, 4 * CELL))
        power = np.square(np.abs(slabs.array)).mean(axis=(1, 2))
        assert (power > 0.98).all()
        assert (power <= 1 + 1e-5).all()
        assert np.angle(slabs.array).std() > 0.05

    def test_slabs_are_different_draws(self):
        slabs = load_carbon_slabs().array - 1
        correlation = np.corrcoef(slabs.imag.reshape(len(slabs), -1))
        assert np.abs(correlation - np.eye(len(slabs))).max() < 0.2

    def test_more_carbon_disturbs_more(self):
        crystal, slabs = load_exit_wave("nb3sn"), load_carbon_slabs()
        reference = form_image(crystal)
        found = []
        for count in (1, 3, 5):
            behind = through_layer(crystal, slabs, number=count)
            image = form_image(behind, defocus=10 * count, shape=128, field_of_view=4 * CELL)
            found.append(METRICS["mse"](reference, image))
        assert found == sorted(found)
        assert found[0] > 1e-4


class TestOffGridSpecimens:
    def test_they_are_a_handful(self):
        assert list_off_grid_specimens() == ["ellipsoid", "facetted", "high-sphere", "pair", "small-sphere"]

    @pytest.mark.parametrize("name", list_off_grid_specimens())
    def test_the_image_differs_from_the_crystal_where_the_truth_says_so(self, name):
        specimen = load_off_grid_specimen(name)
        image = form_image(specimen.waves, shape=512)
        crystal = form_image(load_exit_waves("nb3sn"), shape=512, field_of_view=16 * CELL)
        error = np.square(image - crystal).reshape(16, 32, 16, 32).mean(axis=(1, 3))
        deep = specimen.cell_depth > 2 * CELL
        assert deep.any()
        assert np.median(error[deep]) > 3 * np.median(error[specimen.cell_depth == 0])

    def test_the_truth_has_the_volume_of_a_sphere(self):
        specimen = load_off_grid_specimen("small-sphere")
        volume = specimen.depth.sum() * np.prod(specimen.sampling)
        assert volume == pytest.approx(np.pi / 6 * (5.3 * CELL) ** 3, rel=1e-3)
        assert specimen.depth.max() <= 5.3 * CELL
        assert specimen.cell_depth.sum() * CELL**2 == pytest.approx(volume, rel=1e-5)
        rows, columns = np.indices(specimen.cell_depth.shape) + 0.5
        weights = specimen.cell_depth / specimen.cell_depth.sum()
        assert ((columns * weights).sum(), (rows * weights).sum()) == pytest.approx((7.37, 8.61), abs=0.02)

    def test_a_pair_lies_in_two_places(self):
        from scipy.ndimage import label

        assert label(load_off_grid_specimen("pair").depth > 0)[1] == 2

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"waves": None}, "waves must be an ExitWaves, got NoneType"),
            ({"depth": np.full((128, 128), -1.0)}, "depth must not be negative, got -1"),
            ({"depth": np.full((128, 128), np.nan)}, "depth must be finite"),
            ({"depth": np.ones((128, 100))}, r"whole pixels per cell, .* 16 × 16, got shape \(128, 100\)"),
            ({"cells": (16, 16)}, "cells must be three whole numbers"),
            ({"cells": (16, 0, 40)}, "cells must be at least 1"),
        ],
    )
    def test_nonsense_is_no_specimen(self, change, rule):
        with pytest.raises((TypeError, ValueError), match=rule):
            dataclasses.replace(load_off_grid_specimen("pair"), **change)

    def test_the_truth_cannot_be_changed(self):
        with pytest.raises(ValueError, match="read-only"):
            load_off_grid_specimen("pair").depth[0, 0] = 3

    @pytest.mark.parametrize("name", ["cube", None, 3, np.array(["pair", "ellipsoid"]), ["pair"]])
    def test_an_unknown_name_is_refused(self, name):
        with pytest.raises(ValueError, match="name must be one of ellipsoid, facetted"):
            load_off_grid_specimen(name)
        with pytest.raises(ValueError, match="name must be one of nb3sn, zro2"):
            load_exit_wave(name)

    def test_it_is_printed_in_one_line(self):
        words = repr(load_off_grid_specimen("facetted"))
        assert words.startswith("<OffGridSpecimen 'facetted': ")
        assert "\n" not in words
        assert len(words) < 140
