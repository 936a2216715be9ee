"""Small studies by dose that the tests of this room share."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import xarray as xr

from hrtem_lab.dose import Sweep
from hrtem_lab.metrics import METRICS, Prepared
from hrtem_lab.noise import Detector

PIXELS = Detector(sampling=1)
NORMAL = NormalDist()


def patterns(side=16):
    y, x = np.mgrid[:side, :side] * (2 * np.pi / side)
    return 1 + 0.6 * np.cos(x) * np.cos(y), 1 + 0.6 * np.sin(x + y)


class PreparedBrightness(Prepared):
    """The mean of the image: a metric whose distribution is known."""

    def __call__(self, image):
        return float(self._checked(image).mean())

    def map(self, image):
        return self._checked(image)


BRIGHTNESS = replace(METRICS["mse"], key="brightness", prepare=PreparedBrightness)


def swept(**changes):
    """Return a small sweep that has not begun."""
    same, other = patterns()
    options = {
        "metrics": ["mse", "chi_square"],
        "reference": same,
        "images": {"same": same, "other": other},
        "doses": [0.3, 2, 0],
        "repeats": 6,
        "detector": PIXELS,
        "rng": 11,
    } | changes
    return Sweep(
        options.pop("metrics"),
        options.pop("reference"),
        options.pop("images"),
        options.pop("doses"),
        **options,
    )


def finished(sweep, **options):
    for _ in sweep.run(**options):
        pass
    return sweep


def arguments(**changes):
    """Return the arguments of a difference curve."""
    same, other = patterns()
    options = {"metric": "mse", "reference": same, "image": other, "doses": [1], "detector": PIXELS}
    return options | {"repeats": 2, "rng": 1, "workers": 1} | changes


def normal_study(doses, strength, draws=300):
    """Return draws whose d′ is strength × √dose, at the quantiles of the normal distribution."""
    quantiles = np.array([NORMAL.inv_cdf((place + 0.5) / draws) for place in range(draws)])
    shifts = strength * np.sqrt(np.asarray(doses, dtype=float))
    values = np.stack([np.tile(quantiles, (len(doses), 1)), quantiles + shifts[:, None]])
    return xr.Dataset(
        {"difference": (("image", "dose_per_area", "repeat"), values)},
        coords={"image": ["same", "other"], "dose_per_area": list(doses)},
    )
