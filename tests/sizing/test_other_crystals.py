"""Sizing of MgO in SrTiO₃, from their CIF files, with nothing fitted anew."""

from pathlib import Path

import pytest
from ase.io import read

from hrtem_lab.multislice import exit_wave
from hrtem_lab.simulation import form_image
from hrtem_lab.sizing import size_study, study_table
from hrtem_lab.structures import supercell, with_precipitate

STRUCTURES = Path(__file__).parent / "structures"


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
    assert sphere.false_alarm_rate.max() <= 0.1  # one of ten
    assert (sphere.detection_rate.sel(diameter=4, dose_per_area=[50, 150]) == 1).all()
    assert (sphere.detection_rate.sel(diameter=slice(6, None)) == 1).all()
    # On the grid a sphere is a staircase, whose area is that of a disc larger by up to 0.4 cells.
    assert sphere.rms_error.sel(diameter=slice(6, None)).max() < 0.5
    assert ideal.rms_error.max() == 0
    assert (fixed.detection_rate.sel(diameter=4) == 0).all()
    assert fixed.bias.sel(diameter=8).values == pytest.approx([-4.2, -4.3, -4.0, -4.1], abs=0.2)
    assert fixed.bias.sel(diameter=12).values == pytest.approx([-2.3, -2.3, -2.0, -2.0], abs=0.2)
