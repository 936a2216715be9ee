"""A layer acts slab by slab: against plain products, free propagation and abTEM's whole multislice."""

import numpy as np
import pytest

from hrtem_lab.simulation import ExitWave, ExitWaves, form_image, through_layer
from tests.simulation.waves import ERRORS, LAMBDA, ROUNDING, difference, random_wave


def vacuum(count, thickness=10.0, pixels=(36, 40), sampling=(1 / 6, 9 / 40)):
    return ExitWaves(np.ones((count, *pixels), complex), sampling, 80e3, thickness)


def slab(seed=1, tiles=(1, 1), thickness=0.0, count=1, strength=0.3):
    """Return smooth phase gratings, as wide as some random waves."""
    rng = np.random.default_rng(seed)
    rows, columns = 36 * tiles[0], 40 * tiles[1]
    coefficients = np.zeros((count, rows, columns), complex)
    for u in range(-3, 4):
        for v in range(-3, 4):
            coefficients[:, u, v] = rng.normal(size=(count, 2)) @ [1, 1j] / 20
    phase = np.fft.ifft2(coefficients, norm="forward").real
    return ExitWaves(np.exp(1j * strength * phase), (1 / 6, 9 / 40), 80e3, thickness)


def fine(wave, factor=4):
    """Return a wave's values on pixels `factor` times as fine, from its Fourier coefficients."""
    rows, columns = wave.shape
    spectrum = np.fft.fft2(wave, norm="forward")
    padded = np.zeros((factor * rows, factor * columns), complex)
    u, v = (np.fft.fftfreq(n, 1 / n).astype(int) for n in (rows, columns))
    padded[np.ix_(u, v)] = spectrum
    return np.fft.ifft2(padded, norm="forward")


def cropped(values, shape):
    spectrum = np.fft.fft2(values, norm="forward")
    u, v = (np.fft.fftfreq(n, 1 / n).astype(int) for n in shape)
    return np.fft.ifft2(spectrum[np.ix_(u, v)], norm="forward")


def propagated(array, extent, distance):
    g_y, g_x = (np.fft.fftfreq(n, length / n) for n, length in zip(array.shape, extent, strict=True))
    return np.fft.ifft2(
        np.fft.fft2(array) * np.exp(-1j * np.pi * LAMBDA * distance * (g_y[:, None] ** 2 + g_x**2))
    )


def test_a_slab_without_thickness_multiplies(wave):
    one = slab()
    expected = cropped(fine(wave.array) * fine(one.array[0]), wave.array.shape)
    assert difference(through_layer(wave, one).array, expected) < ROUNDING


def test_nothing_is_aliased_where_both_fill_their_bands():
    rng = np.random.default_rng(0)
    wave, one = (rng.normal(size=(*shape, 2)) @ [1, 1j] for shape in ((7, 9), (9, 5)))
    found = through_layer(ExitWave(wave, (9, 5), 80e3, 1), ExitWaves(one[None], (7, 9), 80e3, 0))
    spectrum = np.fft.fft2(one, norm="forward")
    padded = np.zeros((28, 36), complex)
    u, v = (np.fft.fftfreq(n, 1 / n).astype(int) for n in one.shape)
    padded[np.ix_(u, v)] = spectrum
    product = fine(wave) * np.fft.ifft2(padded, norm="forward")
    assert difference(found.array, cropped(product, wave.shape)) < ROUNDING


def test_vacuum_is_a_distance(wave):
    behind = through_layer(wave, vacuum(3))
    assert difference(behind.array, propagated(wave.array, wave.extent, 30)) < ROUNDING
    assert behind.thickness == wave.thickness + 30
    focused = form_image(behind, defocus=30, semiangle_cutoff=50)
    assert difference(focused, form_image(wave, semiangle_cutoff=50)) < ROUNDING


def test_a_slab_acts_in_its_middle(wave):
    one = slab(thickness=12.0)
    halfway = propagated(wave.array, wave.extent, 6)
    product = cropped(fine(halfway) * fine(one.array[0]), wave.array.shape)
    assert difference(through_layer(wave, one).array, propagated(product, wave.extent, 6)) < ROUNDING


def test_slabs_act_one_after_the_other(wave):
    slabs = slab(count=3, thickness=8.0)
    by_one = wave
    for one in slabs:
        by_one = through_layer(by_one, ExitWaves(one.array[None], one.sampling, 80e3, 8.0))
    at_once = through_layer(wave, slabs)
    assert difference(at_once.array, by_one.array) < ROUNDING
    assert at_once.thickness == by_one.thickness == 124
    first = through_layer(wave, slabs, number=1)
    assert first.thickness == 108
    assert difference(through_layer(first, slabs, number=1).array, at_once.array) > 0.01
    assert difference(through_layer(wave, slabs, number=3).array, at_once.array) == 0


@pytest.mark.parametrize("tiles", [(1, 2), (3, 1), (2, 2)])
def test_a_small_wave_is_repeated_over_a_large_slab(wave, tiles):
    large = slab(tiles=tiles, thickness=9.0)
    block = ExitWave(np.tile(wave.array, tiles), wave.sampling, 80e3, 100)
    behind = through_layer(wave, large)
    assert behind.extent == pytest.approx(large.extent)
    assert behind.sampling == wave.sampling
    assert difference(behind.array, through_layer(block, large).array) < ROUNDING


def test_slabs_may_have_other_pixels(wave):
    """The same transmission function on finer pixels."""
    coarse = slab(thickness=7.0, strength=0.1)
    finer = ExitWaves(fine(coarse.array[0], 2)[None], (1 / 12, 9 / 80), 80e3, 7.0)
    assert difference(through_layer(wave, finer).array, through_layer(wave, coarse).array) < ROUNDING


def test_every_wave_of_an_ensemble_passes_the_layer(wave):
    waves = ExitWaves(
        np.stack([random_wave(seed).array for seed in range(3)]), wave.sampling, 80e3, 100, cells=(2, 2)
    )
    slabs = slab(count=2, tiles=(1, 2), thickness=5.0)
    behind = through_layer(waves, slabs)
    assert isinstance(behind, ExitWaves)
    assert (len(behind), behind.cells, behind.thickness) == (3, (1, 1), 110)
    for one, expected in zip(behind, (through_layer(one, slabs) for one in waves), strict=True):
        assert isinstance(expected, ExitWave)
        assert np.array_equal(one.array, expected.array)


def test_a_phase_object_keeps_the_electrons_within_the_band():
    """|t| = 1, and what is scattered out of the wave's band is all that is lost."""
    flat = ExitWave(np.ones((36, 40), complex), (1 / 6, 9 / 40), 80e3, 50)
    behind = through_layer(flat, slab(count=4, thickness=10.0))
    assert np.mean(np.abs(behind.array) ** 2) == pytest.approx(1, abs=1e-6)


def test_the_provenance_tells_the_layer(wave):
    carbon = ExitWaves(np.ones((2, 36, 40), complex), (1 / 6, 9 / 40), 80e3, 10, {"structure": "C50"})
    assert through_layer(wave, carbon, number=1).provenance["layer"] == {"structure": "C50", "slabs": 1}


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"wave": None}, "wave must be an ExitWave, got NoneType"),
        ({"slabs": None}, "slabs must be an ExitWaves, got NoneType"),
        ({"slabs": random_wave()}, "slabs must be an ExitWaves, got ExitWave"),
        (
            {"slabs": ExitWaves(np.ones((1, 36, 40), complex), (1 / 6, 9 / 40), 200e3, 10)},
            "slabs must have the wave's energy of 80000 eV, got 200000",
        ),
        (
            {"slabs": vacuum(1, sampling=(1 / 5, 9 / 40))},
            r"whole multiple of the wave's 6 × 9 Å, got 7.2 × 9 Å",
        ),
        ({"slabs": vacuum(1, pixels=(18, 40))}, r"whole multiple of the wave's 6 × 9 Å, got 3 × 9 Å"),
        ({"number": 0}, "number must be at least 1, got 0"),
        ({"number": 3}, "number must be at most the 2 slabs there are, got 3"),
        ({"number": 1.0}, "number must be a whole number, got 1.0"),
    ],
)
def test_nonsense_is_refused(arguments, rule):
    valid = {"wave": random_wave(), "slabs": vacuum(2)}
    values = valid | arguments
    with pytest.raises(ERRORS, match=rule):
        through_layer(values.pop("wave"), values.pop("slabs"), **values)


@pytest.mark.parametrize(
    ("height", "slabs", "error"), [(10.55, 1, 0.015), (10.55, 2, 0.02), (5.275, 4, 0.012)]
)
def test_it_is_the_whole_multislice_of_crystal_and_layer(height, slabs, error):
    """Crystal of 4 cells under 1 and 2 nm of carbon, both cut into slices of 1.32 Å by abTEM."""
    from hrtem_lab.multislice import exit_wave
    from hrtem_lab.structures import amorphous_layer, nb3sn, supercell, with_surface_layer

    options = {"sampling": 0.06, "max_angle": 50.0, "progress": False}
    area = supercell(nb3sn(), (2, 2, 1)).cell.lengths()[:2]
    layers = [amorphous_layer(area, height, rng=seed) for seed in range(slabs)]
    covered = supercell(nb3sn(), (2, 2, 4))
    members = []
    for layer in layers:
        covered = with_surface_layer(covered, layer)
        wave = exit_wave(layer, slice_thickness=height, **(options | {"max_angle": 64.0}))
        members.append(propagated(wave.array, wave.extent, -height))  # what stands before the propagation
    transmissions = ExitWaves(np.array(members), wave.sampling, 80e3, height)
    crystal = exit_wave(nb3sn(), repetitions=4, **options)
    whole = exit_wave(covered, slice_thickness=1.3188, **options)
    view = {"field_of_view": (10.55, 10.55)}
    expected = form_image(whole, **view)
    image = form_image(through_layer(crystal, transmissions), **view)
    assert np.linalg.norm(image - expected) < error * np.linalg.norm(expected)
    bare = form_image(crystal, defocus=height * slabs, **view)
    assert np.linalg.norm(bare - expected) > 0.3 * np.linalg.norm(expected)
