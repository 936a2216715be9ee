"""A crystal's ensemble by the coherence of its beams is the mean over its snapshots and cells."""

import numpy as np
import pytest

from hrtem_lab.simulation import form_image
from hrtem_lab.waves import ExitWaves

LENSES = [
    {},
    {"defocus": 60, "Cs": 1e6},
    {"focal_spread": 70, "defocus": -40},
    {"C12": 40, "phi12": 0.4, "C21": 900, "phi21": 1.0, "C23": 700, "phi23": -0.2},
    {"image_spread": 0.4, "drift": (0.5, 1.2), "focal_spread": 30},
    {"semiangle_cutoff": 17, "rotation": 25, "shift": (0.7, -0.3)},
    {"angular_spread": 1.2, "defocus": 200},
    {"angular_spread": 0.8, "focal_spread": 50, "C12": 40, "C21": 900, "phi21": 1.0, "rotation": -20},
    {"angular_spread": 2.0, "focal_spread": 80, "defocus": 300, "Cs": 1e5},
    {"angular_spread": 8.0, "focal_spread": 600, "defocus": -900, "semiangle_cutoff": 20},
]


@pytest.fixture(scope="module", params=[(3, 2), (2, 2), (1, 4)], ids=str)
def crystal(request):
    """Return snapshots without any symmetry, of which nothing but the mean repeats with the cell."""
    rng = np.random.default_rng(5)
    rows, columns = request.param
    cell = rng.normal(size=(9, 7)) + 1j * rng.normal(size=(9, 7))
    block = np.tile(cell, (rows, columns))
    scatter = rng.normal(size=(4, *block.shape)) + 1j * rng.normal(size=(4, *block.shape))
    return ExitWaves(block + scatter, (0.45, 0.5), 80e3, 100, cells=(rows, columns))


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("lens", LENSES, ids=[" ".join(lens) or "plain" for lens in LENSES])
def test_it_is_the_mean_over_the_snapshots_and_cells(crystal, lens):
    """Every snapshot, moved by every cell, as a wave of an ensemble of which nothing repeats."""
    view = {"shape": (40, 36), "field_of_view": (5.3, 4.9)}
    rows, columns = (
        size // count for size, count in zip(crystal.array.shape[1:], crystal.cells, strict=True)
    )
    moved = [
        np.roll(crystal.array, (down * rows, right * columns), axis=(1, 2))
        for down in range(crystal.cells[0])
        for right in range(crystal.cells[1])
    ]
    plain = ExitWaves(np.concatenate(moved), crystal.sampling, crystal.energy, crystal.thickness)
    known = form_image(crystal, **lens, **view)
    assert relative_error(known, form_image(plain, **lens, **view)) < 2e-5


def test_it_is_the_mean_over_all_translations_by_a_cell(crystal):
    """The definition, with one wave at a time."""
    rows, columns = crystal.cells
    height, width = (length / count for length, count in zip(crystal.extent, crystal.cells, strict=True))
    view = {"shape": (24, 24), "field_of_view": (height, width), "defocus": 30}
    images = [
        form_image(wave, shift=(row * height, column * width), **view)
        for wave in crystal
        for row in range(rows)
        for column in range(columns)
    ]
    # One pixel that rounding makes negative would be cut off in each image: none is on so fine a grid.
    assert relative_error(form_image(crystal, **view), np.mean(images, axis=0)) < 1e-4


def test_so_many_pairs_that_they_are_no_help_change_nothing(monkeypatch, crystal):
    from hrtem_lab.simulation import _coherence

    few = form_image(crystal, semiangle_cutoff=29, shape=32)
    _coherence.coherence.cache_clear()
    monkeypatch.setattr(_coherence, "_MOST_PAIRS", 10)
    assert relative_error(form_image(crystal, semiangle_cutoff=29, shape=32), few) < 1e-5
    _coherence.coherence.cache_clear()
