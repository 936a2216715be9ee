"""The reduced χ² against the theory of noise."""

import math

import numpy as np
import pytest

from hrtem_lab.metrics import (
    PreparedChiSquare,
    aperture_cutoff,
    reduced_chi_square,
)
from hrtem_lab.noise import Detector, source_blur
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å
SAMPLING = CELL / 32
FULL = 0.75  # beyond the corner of all frequencies, √½ cycles per pixel


@pytest.fixture(scope="module")
def crystal():
    return form_image(load_exit_wave("nb3sn"), shape=128).astype(float)


LIMIT = aperture_cutoff(30, energy=80e3, sampling=SAMPLING)


def mean_over_exposures(reference, expected, *, repeats=40, dose=50.0, readout=0.0, seed=0, cutoff=LIMIT):
    """Return the mean reduced χ² of exposures of `expected`."""
    detector = Detector(sampling=SAMPLING, readout_sigma=readout)
    rng = np.random.default_rng(seed)
    options = {"dose_per_area": dose, "sampling": SAMPLING, "readout_sigma": readout, "cutoff": cutoff}
    values = [
        reduced_chi_square(reference, detector.expose(expected, dose_per_area=dose, rng=rng), **options)
        for _ in range(repeats)
    ]
    return float(np.mean(values)), float(np.std(values))


class TestReduced:
    @pytest.mark.parametrize("readout", [0.0, 2.0])
    @pytest.mark.parametrize("dose", [3.0, 50.0, 1000.0])
    def test_it_is_one_for_noise_alone(self, crystal, dose, readout):
        """300 to 100 000 e⁻/nm², with readout noise and without; the weights widen it by less than half."""
        mean, spread = mean_over_exposures(crystal, crystal, dose=dose, readout=readout)
        narrowest = math.sqrt(2 / PreparedChiSquare(crystal, cutoff=LIMIT).coefficients)
        assert abs(mean - 1) < 5 * spread / math.sqrt(40)
        assert 0.75 * narrowest < spread < 2.5 * narrowest

    def test_it_is_one_in_every_band(self, crystal):
        for cutoff in (0.05, 0.15, FULL):
            mean, spread = mean_over_exposures(crystal, crystal, dose=200.0, cutoff=cutoff)
            assert abs(mean - 1) < 5 * spread / math.sqrt(40)

    def test_readout_noise_that_is_not_named_shows(self, crystal):
        """σ² / n electrons' worth of variance more than counted: 1.36 electrons per pixel, σ = 2."""
        detector = Detector(sampling=SAMPLING, readout_sigma=2)
        image = detector.expose(crystal, dose_per_area=50, rng=1)
        options = {"dose_per_area": 50, "sampling": SAMPLING, "cutoff": LIMIT}
        assert reduced_chi_square(crystal, image, **options) > 3
        assert reduced_chi_square(crystal, image, readout_sigma=2, **options) == pytest.approx(1, abs=0.15)

    def test_a_true_difference_grows_with_the_dose(self, crystal):
        """Its mean is 1 + n Σ (h * d)² / (h² * a) / N, but for the image's own noise, which differs a bit."""
        other = form_image(load_exit_wave("nb3sn"), shape=128, defocus=-20).astype(float)
        limit = reduced_chi_square(crystal, other, dose_per_area=1, sampling=SAMPLING, cutoff=LIMIT)
        assert limit > 0
        excess = {}
        for dose in (20.0, 200.0, 2000.0):
            mean, spread = mean_over_exposures(crystal, other, dose=dose)
            assert mean == pytest.approx(1 + dose * limit, abs=0.05 + 5 * spread / math.sqrt(40))
            excess[dose] = mean - 1
        assert excess[2000.0] / excess[200.0] == pytest.approx(10, rel=0.1)

    def test_without_noise_it_is_proportional_to_the_dose_exactly(self, crystal):
        blurred = source_blur(crystal, sigma=0.3, sampling=SAMPLING)
        values = [
            reduced_chi_square(crystal, blurred, dose_per_area=dose, sampling=SAMPLING)
            for dose in (1, 7, 1e4)
        ]
        assert np.array(values) / values[0] == pytest.approx([1, 7, 1e4])
        assert reduced_chi_square(crystal, crystal, dose_per_area=1e9, sampling=SAMPLING) == 0

    def test_the_bands_limit_is_what_makes_it_sensitive(self, crystal):
        """The same difference stands out more if noise beyond the aperture's band is left out."""
        other = form_image(load_exit_wave("nb3sn"), shape=128, defocus=-20).astype(float)
        options = {"dose": 100.0, "repeats": 20}
        (within, spread), (all_of_it, wide) = (
            mean_over_exposures(crystal, other, cutoff=cutoff, **options) for cutoff in (LIMIT, FULL)
        )
        assert (within - 1) / spread > 1.3 * (all_of_it - 1) / wide

    @pytest.mark.parametrize(
        ("options", "error", "rule"),
        [
            ({"dose_per_area": 0}, ValueError, "dose_per_area must be positive, got 0"),
            ({"dose_per_area": -5}, ValueError, "dose_per_area must be positive, got -5"),
            ({"dose_per_area": math.nan}, ValueError, "dose_per_area must be finite, got nan"),
            ({"sampling": 0}, ValueError, "sampling must be positive, got 0"),
            ({"readout_sigma": -1}, ValueError, "readout_sigma must not be negative, got -1"),
            ({"readout_sigma": "2"}, TypeError, "readout_sigma must be a real number, got '2'"),
            ({"cutoff": -1}, ValueError, "cutoff must not be negative, got -1"),
        ],
    )
    def test_a_broken_rule_is_named(self, options, error, rule):
        with pytest.raises(error, match=rule):
            reduced_chi_square(np.eye(4), np.eye(4), **{"dose_per_area": 1, "sampling": 1, **options})

    def test_images_are_checked(self):
        with pytest.raises(ValueError, match="image must have the reference's shape"):
            reduced_chi_square(np.eye(4), np.eye(5), dose_per_area=1, sampling=1)
