"""What the tests of pages share: one process, and clocks that hurry or record."""

import dataclasses
import itertools
import time

import numpy as np
import pytest

from hrtem_lab import plots
from hrtem_lab.app.kit import live, readings
from hrtem_lab.metrics import METRICS
from hrtem_lab.rendering import encode_image
from tests.pages.remembered import remember


@pytest.fixture(autouse=True, scope="module")
def _compared_once():
    """Let pages that compare the same images have the numbers of the first."""
    with pytest.MonkeyPatch.context() as patch:
        remember(patch)
        yield


@pytest.fixture(autouse=True)
def few_phases(monkeypatch):
    """Let bands have two positions of the pixel grid, which take a quarter of the time."""
    monkeypatch.setattr(readings, "PHASES", 2)


@pytest.fixture
def unhurried(monkeypatch):
    """Set a clock on which every look takes 0.3 s: after each piece the loop has its turn."""
    monkeypatch.setattr(time, "perf_counter", itertools.count(step=0.3).__next__)
    monkeypatch.setattr(time, "process_time", itertools.count(step=10).__next__)


@pytest.fixture
def compared(monkeypatch):
    """The images that a page made in this test gives to its metrics, in their order."""
    images, own = [], METRICS["mse"]

    class Recording(own.prepare):
        def __call__(self, image):
            images.append(image)
            return super().__call__(image)

    monkeypatch.setitem(METRICS, "mse", dataclasses.replace(own, prepare=Recording))
    return images


@pytest.fixture
def real_curves():
    """Ask for the curves of pages as Matplotlib draws them."""


@pytest.fixture(autouse=True)
def no_curves(request, monkeypatch):
    """Let every curve of a page be the same small picture, unless a test asks for `real_curves`."""
    own, blank = plots.to_png, encode_image(np.zeros((2, 2)), limits=(0, 1))

    def quick(figure, **options):
        return blank if options.get("dpi") == live.DPI else own(figure, **options)

    if "real_curves" not in request.fixturenames:
        monkeypatch.setattr(plots, "to_png", quick)
