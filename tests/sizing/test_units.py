"""Electrons of a camera that are given as intensities are noticed, and no image in its own unit is."""

import warnings

import numpy as np
import pytest

from hrtem_lab.dose import Sweep
from hrtem_lab.noise import Detector, counts_per_pixel
from hrtem_lab.sizing import IdealSizer, PrecipitateSizer, cell_map, ideal_size, size_precipitate

CRYSTAL = np.tile(0.2 + 0.8 * np.outer(np.hanning(16), np.hanning(16)), (8, 8))
CHANGED = CRYSTAL.copy()
CHANGED[32:96, 32:96] = 0.6
SAMPLING = 0.3
SERIES = {0: CRYSTAL, 4: CHANGED}


def exposed(dose, *, counts, readout_sigma=0.0, image=CHANGED):
    detector = Detector(sampling=SAMPLING, readout_sigma=readout_sigma)
    return detector.expose(image, dose_per_area=dose, rng=1, counts=counts)


def sized(image, dose, reference=CRYSTAL):
    options = {"cells": 8, "dose_per_area": dose, "sampling": SAMPLING}
    yield lambda: size_precipitate(reference, image, method="fixed", metric="mse", **options)
    yield lambda: PrecipitateSizer(reference, method="fixed", metric="mse", **options)(image)
    if reference is CRYSTAL:
        yield lambda: ideal_size(SERIES, image, thickness=8, **options)
        yield lambda: IdealSizer(SERIES, thickness=8, **options)(image)


class TestSizing:
    @pytest.mark.parametrize("readout_sigma", [0, 1])
    @pytest.mark.parametrize("dose", [1, 200, 5000])
    def test_an_image_in_electrons_is_told_with_the_factor(self, dose, readout_sigma):
        image = exposed(dose, counts=True, readout_sigma=readout_sigma)
        counts = f"{counts_per_pixel(dose, sampling=SAMPLING):.4g}"
        for call in sized(image, dose):
            with pytest.warns(UserWarning, match=rf"^image is on average .* divide .*, here {counts}$"):
                call()

    @pytest.mark.parametrize("dose", [8, 15, 20])
    def test_about_one_electron_in_a_pixel_is_told_by_its_whole_numbers(self, dose):
        """There the mean brightness is no sign: it is that of another material."""
        for call in sized(exposed(dose, counts=True), dose):
            with pytest.warns(UserWarning, match=r"^image holds whole numbers alone, .* divide electrons by"):
                call()

    @pytest.mark.parametrize("dose", [0.05, 1, 8, 1 / 0.09, 20, 200, 5000, None])
    @pytest.mark.parametrize("readout_sigma", [0, 1])
    def test_an_image_in_its_own_unit_is_not(self, dose, readout_sigma):
        image = exposed(dose, counts=False, readout_sigma=readout_sigma)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for call in sized(image, dose):
                call()

    def test_neither_is_a_black_one(self):
        for call in sized(np.zeros_like(CRYSTAL), 20):
            call()

    def test_a_reference_in_electrons_is_told(self):
        for call in sized(18 * CHANGED, 200, reference=18 * CRYSTAL):
            with pytest.warns(
                UserWarning, match=r"^reference is on average .* times as bright as the incident"
            ):
                call()

    def test_a_map_of_cells_is_told(self):
        with pytest.warns(UserWarning, match=r"^image is on average 18 times as bright as the reference"):
            cell_map(CRYSTAL, 18 * CRYSTAL, cells=8, metric="mse")


class TestDose:
    def curve(self, reference, image):
        detector = Detector(sampling=SAMPLING)
        return Sweep(["mse"], reference, {"x": image}, [1], repeats=1, detector=detector)

    def test_an_image_in_electrons_is_told(self):
        with pytest.warns(UserWarning, match="^image 'x' .* times as bright as the reference") as told:
            self.curve(CRYSTAL, 18 * CHANGED)
        assert len(told) == 1

    def test_a_reference_in_electrons_is_told(self):
        with pytest.warns(UserWarning, match="^reference .* times as bright as the incident beam"):
            self.curve(18 * CRYSTAL, 18 * CHANGED)

    def test_images_relative_to_the_beam_are_not(self):
        self.curve(CRYSTAL, CHANGED)
