"""Low dose: how differences grow with noise, what can still be told apart, and the limit of any method.

Examples
--------
>>> from hrtem_lab.noise import Detector
>>> from hrtem_lab.simulation import form_image, load_exit_wave
>>> wave = load_exit_wave("nb3sn")
>>> nb3sn, zro2 = form_image(wave), form_image(load_exit_wave("zro2"), field_of_view=wave.field_of_view)
>>> detector = Detector(sampling=5.275 / 32)
>>> found = discriminability("mse", nb3sn, zro2, [0.1, 1, 10], repeats=5, detector=detector, rng=1)
>>> found["auc"].dims
('dose_per_area',)
"""

from hrtem_lab.dose._curves import difference_curve, discriminability, sweep_table
from hrtem_lab.dose._limit import ideal_dose, ideal_observer, predicted_auc
from hrtem_lab.dose._observer import LikelihoodRatio
from hrtem_lab.dose._reach import crossing_dose, dose_to_reach
from hrtem_lab.dose._statistics import area_under_curve, bootstrap_interval, d_prime
from hrtem_lab.dose._sweep import Sweep

__all__ = [
    "LikelihoodRatio",
    "Sweep",
    "area_under_curve",
    "bootstrap_interval",
    "crossing_dose",
    "d_prime",
    "difference_curve",
    "discriminability",
    "dose_to_reach",
    "ideal_dose",
    "ideal_observer",
    "predicted_auc",
    "sweep_table",
]
