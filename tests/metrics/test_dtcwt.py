"""The wavelet transform: exact, aligned with the pixels, and NumPy left alone."""

import subprocess
import sys

import numpy as np
import pytest

from hrtem_lab.metrics import _wavelets

FILTERS = {"biort": "near_sym_b", "qshift": "qshift_b"}


@pytest.mark.parametrize("biort", _wavelets.BIORTS)
@pytest.mark.parametrize("qshift", _wavelets.QSHIFTS)
def test_every_filter_pair_reconstructs_the_image(biort, qshift):
    image = np.random.default_rng(0).normal(size=(64, 48))
    transform = _wavelets.transform(biort, qshift)
    rebuilt = transform.inverse(transform.forward(image, nlevels=3))
    # The shorter filters are published with few digits.
    assert np.abs(rebuilt - image).max() < 1e-6


def test_float32_reconstructs_to_its_own_precision():
    image = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    transform = _wavelets.transform("near_sym_b", "qshift_b")
    pyramid = transform.forward(image, nlevels=4)
    assert pyramid.highpasses[0].dtype == np.complex64
    assert np.abs(transform.inverse(pyramid) - image).max() < 5e-6


def test_numpy_itself_is_not_changed():
    before = dict(vars(np))
    _wavelets.transform.cache_clear()
    _wavelets.transform("near_sym_a", "qshift_a").forward(np.ones((8, 8)), nlevels=2)
    assert dict(vars(np)) == before
    assert not hasattr(np, "asfarray")
    assert not hasattr(np, "issubsctype")


def test_only_dtcwt_utils_sees_the_stand_in():
    _wavelets.transform("near_sym_b", "qshift_b")
    import dtcwt.coeffs
    import dtcwt.numpy.lowlevel
    import dtcwt.utils

    assert dtcwt.utils.np is not np
    assert dtcwt.utils.np.pi is np.pi
    assert dtcwt.numpy.lowlevel.np is np


def test_stand_in_gives_what_numpy_1_gave():
    _wavelets.transform("near_sym_b", "qshift_b")
    import dtcwt.utils

    old = dtcwt.utils.np
    assert old.asfarray([1, 2]).dtype == np.float64
    assert old.asfarray(np.array([1, 2]), dtype=np.int64).dtype == np.float64
    assert old.asfarray(np.array([1], np.float32), dtype=np.float32).dtype == np.float32
    assert old.asfarray(np.array([1j]), dtype=np.complex64).dtype == np.complex64
    assert old.issubsctype(np.dtype("complex64"), np.complex64)
    assert not old.issubsctype(np.dtype("float64"), np.complex128)


@pytest.mark.parametrize("shape", [(1, 1), (13, 13), (17, 64), (64, 31), (33, 50)])
@pytest.mark.parametrize("levels", [1, 3])
def test_coefficients_cover_blocks_of_any_image(shape, levels):
    image = np.random.default_rng(1).normal(size=shape)
    bands = _wavelets.highpasses(image, levels=levels, **FILTERS)
    for level, band in enumerate(bands, start=1):
        blocks = tuple(-(-size // 2**levels) * 2 ** (levels - level) for size in shape)
        assert band.shape == (*blocks, 6)


@pytest.mark.parametrize("position", [(20, 41), (33, 8), (48, 48)])
def test_a_point_is_strongest_in_the_block_that_holds_it(position):
    image = np.zeros((64, 64))
    image[position] = 1
    for level, band in enumerate(_wavelets.highpasses(image, levels=4, **FILTERS), start=1):
        strength = (np.abs(band) ** 2).sum(axis=2)
        strongest = np.unravel_index(strength.argmax(), strength.shape)
        assert np.abs(np.array(strongest) - np.array(position) // 2**level).max() <= 1


def test_waves_fall_into_the_level_of_their_period():
    x = np.arange(128)
    for level in (1, 2, 3, 4):
        fringes = np.tile(np.cos(2 * np.pi * x / (1.5 * 2**level)), (128, 1))
        bands = _wavelets.highpasses(fringes, levels=5, **FILTERS)
        energies = [(np.abs(band) ** 2).sum() for band in bands]
        assert np.argmax(energies) == level - 1
        assert energies[level - 1] > 0.85 * sum(energies)


def test_imports_are_light():
    code = (
        "import sys, hrtem_lab; assert 'cv2' not in sys.modules and 'dtcwt' not in sys.modules;"
        "from hrtem_lab import metrics; assert 'dtcwt' not in sys.modules and 'skimage' not in sys.modules;"
        "assert metrics.mse([[1]], [[1]]) == 0 and 'dtcwt' not in sys.modules;"
        "metrics.cw_ssim([[0] * 32] * 32, [[1] * 32] * 32); assert 'dtcwt' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_beyond_its_border_an_image_is_mirrored():
    image = np.random.default_rng(2).normal(size=(33, 50))
    whole = np.pad(image, ((0, 7), (0, 6)), mode="symmetric")
    padded = (_wavelets.highpasses(one, levels=3, **FILTERS) for one in (image, whole))
    for mine, expected in zip(*padded, strict=True):
        np.testing.assert_array_equal(mine, expected)
