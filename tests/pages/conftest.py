"""What the tests of pages share: one process, and clocks that hurry or record."""

import dataclasses
import itertools
import time

import pytest

from hrtem_lab.app.kit import readings
from hrtem_lab.metrics import METRICS


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
