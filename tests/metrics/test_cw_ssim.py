"""cw-SSIM against an independent way to compute it, and what it is known to do."""

import numpy as np
import pytest

from hrtem_lab import metrics
from hrtem_lab.metrics import _wavelets
from tests.metrics.pairs import pair


def cw_ssim_by_loops(a, b, levels, window, fraction):
    """Eq. 2 around every coefficient, averaged over the places and orientations of each level."""
    half = window // 2
    filters = {"levels": levels, "biort": "near_sym_b", "qshift": "qshift_b"}
    means = []
    transformed = (_wavelets.highpasses(image - image.mean(), **filters) for image in (a, b))
    for p, q in zip(*transformed, strict=True):
        out = np.zeros(p.shape)
        for band in range(6):
            cuts = [
                (slice(max(i - half, 0), i + half + 1), slice(max(j - half, 0), j + half + 1), band)
                for i, j in np.ndindex(p.shape[:2])
            ]
            constant = fraction * np.mean([(abs(p[cut]) ** 2).sum() for cut in cuts])
            for cut, place in zip(cuts, np.ndindex(p.shape[:2]), strict=True):
                common = abs((p[cut] * q[cut].conj()).sum())
                energy = (abs(p[cut]) ** 2).sum() + (abs(q[cut]) ** 2).sum()
                out[(*place, band)] = 1 - (2 * common + constant) / (energy + constant)
        means.append(out.mean())
    return np.mean(means)


@pytest.mark.parametrize(("window", "levels", "K"), [(3, 2, 0.01), (7, 1, 0.1), (5, 2, 1e-4)])
def test_cw_ssim_by_loops(window, levels, K):
    a, b = pair(3, (32, 40))
    expected = cw_ssim_by_loops(a, b, levels, window, K)
    assert metrics.cw_ssim(a, b, window=window, levels=levels, K=K) == pytest.approx(expected, abs=1e-9)


def test_cw_ssim_sees_neither_offset_nor_reversal(atoms):
    assert metrics.cw_ssim(atoms, atoms + 5) < 1e-6
    assert metrics.cw_ssim(atoms, -atoms) < 1e-6


def test_cw_ssim_of_constant_images(atoms):
    white, black = np.ones((32, 32)), np.zeros((32, 32))
    assert (
        metrics.cw_ssim(white, white) == metrics.cw_ssim(white, black) == metrics.cw_ssim(black, white) == 0
    )
    assert metrics.cw_ssim(atoms, 0 * atoms) == pytest.approx(
        metrics.cw_ssim(atoms, 0 * atoms + 3), abs=1e-12
    )
    assert metrics.cw_ssim(atoms, 0 * atoms, K=1e-6) > 0.999


def test_cw_ssim_counts_only_subbands_that_hold_something():
    """Level fringes fill a third of the orientations; the empty two thirds are no likeness."""
    fringes = np.tile(np.cos(np.arange(64.0)), (64, 1))
    assert metrics.cw_ssim(fringes, 0 * fringes) > 0.98
    assert metrics.cw_ssim(fringes, fringes.T) > 0.98


def test_rounding_does_not_fill_empty_bands():
    x = np.mgrid[:64, :64][1]
    smooth = 100 + np.cos(2 * np.pi * x / 64)
    ripple = np.random.default_rng(0).normal(scale=1e-9, size=smooth.shape)
    assert metrics.cw_ssim(smooth, smooth + ripple) < 1e-3


@pytest.mark.parametrize("shape", [(13, 13), (14, 200), (33, 47), (100, 27), (128, 128), (129, 64)])
def test_cw_ssim_of_any_size(shape):
    a, b = pair(1, shape)
    difference = metrics.cw_ssim_map(a, b)
    assert difference.shape == shape
    assert difference.mean() == pytest.approx(metrics.cw_ssim(a, b), abs=1e-12)


def test_subbands_average_to_the_value(atoms, defocused):
    prepared = metrics.METRICS["cw_ssim"].prepare(atoms)
    bands = prepared.subbands(defocused)
    assert [band.shape for band in bands] == [(64, 64, 6), (32, 32, 6), (16, 16, 6), (8, 8, 6)]
    assert np.mean([band.mean() for band in bands]) == pytest.approx(prepared(defocused), abs=1e-6)


def test_cw_ssim_sees_a_change_where_it_is(atoms):
    image = atoms.copy()
    image[:32, :32] = image[:32, :32].T[::-1] + np.random.default_rng(0).normal(size=(32, 32))
    difference = metrics.cw_ssim_map(atoms, image)
    assert difference[:32, :32].mean() > 10 * difference[96:, 96:].mean()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 6}, "window must be odd, got 6"),
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"window": 41}, r"at least 81 pixels high and wide for window=41, got shape \(64, 80\)"),
        ({"levels": 0}, "levels must be at least 1"),
        ({"levels": 4}, r"levels must be at most 3 for shape \(64, 80\) and window=7, got 4"),
        ({"K": 0}, "K must be positive"),
        ({"biort": "haar"}, "biort must be one of antonini, .*, got 'haar'"),
        ({"qshift": "near_sym_b"}, "qshift must be one of qshift_06"),
    ],
)
def test_cw_ssim_refuses_bad_options(options, message):
    a, b = pair(0, (64, 80))
    with pytest.raises(ValueError, match=message):
        metrics.cw_ssim(a, b, **options)


def test_cw_ssim_refuses_an_image_smaller_than_its_window():
    a, b = pair(0, (12, 40))
    with pytest.raises(
        ValueError, match=r"at least 13 pixels high and wide for window=7, got shape \(12, 40\)"
    ):
        metrics.cw_ssim(a, b)


def test_a_large_image_has_four_levels():
    a, b = pair(5, (256, 256))
    prepared = metrics.METRICS["cw_ssim"].prepare(a)
    assert len(prepared.subbands(b)) == 4
    assert prepared(b) == metrics.cw_ssim(a, b, levels=4) != metrics.cw_ssim(a, b, levels=5)


def test_what_the_reference_lacks_is_no_difference_below_rounding():
    """K has a floor: in a subband that is empty in the reference, a trace in the image is no difference."""
    y, x = np.mgrid[:64, :64]
    fringes = np.cos(2 * np.pi * x / 6)
    trace = 3e-7 * np.cos(2 * np.pi * y / 6)
    bands = metrics.METRICS["cw_ssim"].prepare(fringes).subbands(fringes + trace)
    assert max(band.max() for band in bands) < 0.5
