"""Printing a result is one short line with its numbers and their units, never an array."""

import inspect
from importlib import import_module

import numpy as np
import pytest

from hrtem_lab import noise
from hrtem_lab.dose import LikelihoodRatio, Sweep
from hrtem_lab.edge_cases import edge_cases
from hrtem_lab.extremes import list_stored, load_stored, maximise
from hrtem_lab.metrics import METRICS, as_metric, prepare, sift_spread
from hrtem_lab.noise import CAMERAS, Camera, Curve, Detector, Scan, Transfer
from hrtem_lab.sizing import (
    SIZERS,
    THRESHOLDS,
    Precipitate,
    PrecipitateSizer,
    Specimen,
    ideal_size,
    stored_study,
    study_methods,
)
from hrtem_lab.waves import ExitWaves, load_exit_wave, load_off_grid_specimen

CRYSTAL = np.tile(1 + np.outer(np.hanning(8), np.hanning(8)), (4, 4))
CHANGED = CRYSTAL.copy()
CHANGED[8:24, 8:24] = 1
DETECTOR = Detector(sampling=(0.5, 0.25))
OPTIONS = {"cells": 4, "dose_per_area": 100, "sampling": 0.5}
COUNTING = PrecipitateSizer(CRYSTAL, method="false_alarm", **OPTIONS)
ONE = Precipitate(
    diameter=31.65, low=28.2, high=35.1, center=(42.2, 39.5625), mask=np.ones((4, 4), bool), evidence=99.0
)
SEARCH = list(maximise("mse", CRYSTAL, steps=5))
RESULTS = [
    *METRICS.values(),
    as_metric(lambda reference, image: 0.0),
    *prepare(CRYSTAL, ["mse", "ssim", "cw_ssim", "sift", "chi_square", lambda a, b: 0.0]).values(),
    DETECTOR,
    Sweep(["mse", "ssim"], CRYSTAL, {"same": CRYSTAL}, [1, 10], repeats=3, detector=DETECTOR),
    LikelihoodRatio(CRYSTAL, CHANGED, dose_per_area=1, detector=DETECTOR),
    *edge_cases(shape=32).values(),
    SEARCH[-1],
    *(load_stored(name) for name in list_stored()),
    *SIZERS.values(),
    *THRESHOLDS.values(),
    *study_methods().values(),
    *(variant for row in SIZERS.values() for variant in row.variants),
    COUNTING,
    COUNTING(CHANGED),
    COUNTING(CRYSTAL),
    ONE,
    ideal_size({0: CRYSTAL, 2: CHANGED}, CHANGED, thickness=4, **OPTIONS),
    Specimen(diameter=6),
    stored_study(),
    load_exit_wave("nb3sn"),
    ExitWaves(np.ones((3, 4, 4), complex), sampling=0.5, energy=80e3, thickness=10),
    load_off_grid_specimen("pair"),
    sift_spread(CRYSTAL, CHANGED),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_it_is_one_short_line(result):
    for text in (repr(result), str(result)):
        assert "\n" not in text
        assert len(text) <= 140
        assert "array" not in text
        assert " at 0x" not in text


def test_every_public_class_that_holds_a_result_is_printed_here():
    """A new class of a room comes into the list above, or is named here as none that is printed."""
    rooms = ("dose", "edge_cases", "extremes", "metrics", "noise", "sizing", "waves")
    classes = {
        value
        for room in rooms
        for name, value in vars(import_module(f"hrtem_lab.{room}")).items()
        if inspect.isclass(value) and value.__module__.startswith("hrtem_lab") and not name.startswith("_")
    }
    printed = {base for result in RESULTS for base in type(result).__mro__}
    # Members of an enumeration, and sizers and conditions inside of the sizer that is printed.
    inside = {"Look", "Conditions", "CountingSizer", "IdealSizer", "SphereSizer", "PreparedSizer"}
    inside |= {"Camera", "Transfer", "Curve", "Scan"}  # settings, which say all that was set: below
    others = {one for one in classes - printed if not issubclass(one, Warning)}
    assert {one.__name__ for one in others} <= inside


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (COUNTING(CHANGED), ("Å", "cells", "'false_alarm'")),
        (COUNTING(CRYSTAL), ("no precipitate detectable", "'false_alarm'")),
        (ONE, ("31.65 Å (28.2 to 35.1 Å)", "42.2 Å down, 39.56 Å to the right")),
        (COUNTING, ("4 × 4 cells of 4 Å", "100 e⁻/Å²")),
        (load_exit_wave("nb3sn"), ("Å thick", "80 keV", "pixels of")),
        (
            ExitWaves(np.ones((3, 4, 8), complex), 0.5, 80e3, 10, {}, (2, 4)),
            ("3 waves of 2 × 4 cells, 4 × 8 pi",),
        ),
        (ExitWaves(np.ones((3, 4, 4), complex), 0.5, 80e3, 10), ("3 waves, 4 × 4 pixels",)),
        (stored_study(), ("1 to 14 cells", "0.2 to 500 e⁻/Å²", "20 draws")),
        (load_stored("max-ssim"), ("'max-ssim'", "ssim 0.")),
        (SEARCH[-1], ("after 5 steps",)),
        (METRICS["ssim"], ("'ssim'", "'SSIM'")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_line_says_what_was_found(result, words):
    assert all(word in repr(result) for word in words)


RISE = (0, 0.25, 0.5), (1, 0.8, 0.6)


class TestSettingsSayWhatWasSetAndNothingElse:
    @pytest.mark.parametrize(
        ("settings", "text"),
        [
            (Camera(sampling=0.5), "Camera(sampling=0.5)"),
            (Camera(sampling=(0.5, 0.25), clip=True), "Camera(sampling=(0.5, 0.25), clip=True)"),
            (Camera(sampling=1, bits=8, scan=Scan()), "Camera(sampling=1, scan=Scan(), bits=8)"),
            (Camera(sampling=np.float64(2), bits=np.int64(8)), "Camera(sampling=2, bits=8)"),
            (Scan(), "Scan()"),
            (Scan(jitter=0.3, dwell=2.0), "Scan(dwell=2, jitter=0.3)"),
            (Curve(), "Curve()"),
            (Curve(aperture=True, floor=0.2), "Curve(floor=0.2, aperture=True)"),
            (Transfer(), "Transfer()"),
            (Transfer(signal=Curve(), dqe0=0.5), "Transfer(signal=Curve(), dqe0=0.5)"),
            (Transfer(signal=RISE), "Transfer(signal=<table of 3 frequencies>)"),
            (Transfer(signal=np.sinc), "Transfer(signal=<sinc>)"),
            (Transfer(signal=lambda q: 1 - q), "Transfer(signal=<lambda>)"),
        ],
        ids=lambda value: value if isinstance(value, str) else type(value).__name__,
    )
    def test_as_it_was_called(self, settings, text):
        assert repr(settings) == str(settings) == text

    @pytest.mark.parametrize("name", CAMERAS)
    def test_a_preset_prints_what_makes_it_again(self, name):
        text = repr(CAMERAS[name])
        assert len(text) <= 320
        assert eval(text, vars(noise)) == CAMERAS[name]
