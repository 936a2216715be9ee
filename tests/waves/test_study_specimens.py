"""The specimens of the study of mismatches: their images, and what their provenance tells."""

import numpy as np
import pytest

from hrtem_lab.simulation import form_image
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT as CELL
from hrtem_lab.waves import list_off_grid_specimens, load_exit_wave, load_study_specimens


def test_they_are_twelve_that_the_other_list_does_not_name():
    specimens = load_study_specimens()
    kinds = [name.rpartition("-")[0] for name in specimens]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "sphere": 6,
        "ellipsoid": 2,
        "facetted": 2,
        "pair": 2,
    }
    assert not set(specimens) & set(list_off_grid_specimens())
    for name, specimen in specimens.items():
        assert specimen.name == name
        assert len(specimen.waves) == 1
        assert specimen.cells == (16, 16, 40)
        assert "\n" not in repr(specimen)


@pytest.mark.parametrize("name", ["sphere-1", "ellipsoid-2", "pair-2"])
def test_the_image_differs_from_the_crystal_where_the_truth_says_so(name):
    specimen = load_study_specimens()[name]
    image = form_image(specimen.waves, shape=512)
    crystal = form_image(load_exit_wave("nb3sn"), shape=512, field_of_view=16 * CELL)
    error = np.abs(image - crystal).reshape(16, 32, 16, 32).mean(axis=(1, 3))
    deep = specimen.cell_depth > 2 * CELL
    assert deep.any()
    assert error[deep].min() > 2 * np.median(error[specimen.cell_depth == 0])


@pytest.mark.parametrize("name", ["sphere-1", "facetted-2"])
def test_the_crystal_beside_is_the_shipped_one_within_4_percent(name):
    """As `docs/sizing.md` says; their grid is coarser."""
    specimen = load_study_specimens()[name]
    image = form_image(specimen.waves, shape=512).reshape(16, 32, 16, 32).swapaxes(1, 2)
    crystal = form_image(load_exit_wave("nb3sn"), shape=32, field_of_view=CELL)
    errors = np.linalg.norm(image - crystal, axis=(2, 3)) / np.linalg.norm(crystal)
    far = np.sort(errors[specimen.cell_depth == 0])[:40]  # a precipitate changes the cells beside it, too
    assert 0.03 < np.sqrt(np.mean(far**2)) < 0.04
    other = form_image(load_exit_wave("nb3sn", thickness_cells=41), shape=32, field_of_view=CELL)
    assert 0.039 < np.linalg.norm(other - crystal) / np.linalg.norm(crystal) < 0.05


def test_it_is_the_same_object_each_time():
    """A wave may be the key of a cache."""
    assert load_study_specimens()["pair-1"].waves is load_study_specimens()["pair-1"].waves


def test_its_provenance_is_its_own():
    first, second = (load_study_specimens()[name].waves.provenance for name in ("sphere-1", "pair-2"))
    assert len(first["diameters"]) == len(first["centers"]) == 1
    assert len(second["diameters"]) == len(second["centers"]) == 2
