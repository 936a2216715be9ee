"""How great SSIM can become, by another method than the searches'."""

import cv2
import numpy as np
import pytest
from scipy.optimize import minimize

from hrtem_lab import extremes
from hrtem_lab.metrics import METRICS, disc


class Gradient:
    """Eq. 1 with its derivative by every pixel, for images in units of the reference's contrast."""

    def __init__(self, reference):
        options = METRICS["ssim"].options
        self.window, self.C1, self.C2 = disc(options["radius"]), options["K1"] ** 2, options["K2"] ** 2
        self.a = reference.astype(np.float64) / np.ptp(reference).astype(np.float64)
        self.inside = self.sums(np.ones(self.a.shape))
        self.mean = self.sums(self.a) / self.inside
        self.variance = self.sums(self.a**2) / self.inside - self.mean**2

    def sums(self, values):
        return cv2.filter2D(values, -1, self.window, borderType=cv2.BORDER_CONSTANT)

    def __call__(self, pixels):
        """Return minus the sum of the map, and its derivatives."""
        b, a = pixels.reshape(self.a.shape), self.a
        mean = self.sums(b) / self.inside
        variance = self.sums(b * b) / self.inside - mean**2
        covariance = self.sums(a * b) / self.inside - self.mean * mean
        squares = self.mean**2 + mean**2 + self.C1
        luminance = (2 * self.mean * mean + self.C1) / squares
        spread = self.variance + variance + self.C2
        structure = (2 * covariance + self.C2) / spread
        by_mean = structure * (self.mean - luminance * mean) * 2 / squares / self.inside
        by_covariance = 2 * luminance / spread / self.inside
        by_variance = -luminance * structure / spread / self.inside
        slope = self.sums(by_mean) + a * self.sums(by_covariance) - self.sums(by_covariance * self.mean)
        slope += 2 * (b * self.sums(by_variance) - self.sums(by_variance * mean))
        return (luminance * structure).sum() / 2, slope.ravel() / 2


class TestBound:
    """Climbing along the gradient, another method than patches, finds how great SSIM can become."""

    HIGHEST = 0.66841

    @pytest.mark.slow
    @pytest.mark.parametrize("start", ["reference", "reversal", "faint reversal", "noise", "max-ssim"])
    def test_every_start_leads_to_one_value(self, start):
        """0.66841, which is 0.043 above the reversal. (Black, a corner of the range, is left by no slope.)"""
        reference = extremes.stored_reference()
        gradient = Gradient(reference)
        if start in extremes.STARTS:
            image = next(extremes.maximise("ssim", reference, steps=1, start=start)).image
        else:
            image = extremes.load_stored(start).image
        pixels = (image / np.ptp(reference)).astype(np.float64).ravel()
        if start == "reference":  # where the slope is zero
            pixels += np.random.default_rng(0).normal(scale=1e-3, size=pixels.size)
        limits = [(gradient.a.min(), gradient.a.max())] * pixels.size
        result = minimize(
            gradient,
            pixels,
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options={"maxiter": 300, "maxcor": 20},
        )
        highest = result.x.reshape(reference.shape) * float(np.ptp(reference))
        value = METRICS["ssim"].function(reference.astype(np.float64), highest)
        assert value == pytest.approx(self.HIGHEST, abs=2e-5)

    def test_the_search_comes_near(self):
        """Within one percent, and not beyond."""
        reached = extremes.load_stored("max-ssim").values["ssim"]
        assert 0.99 * self.HIGHEST < reached < self.HIGHEST + 1e-5
