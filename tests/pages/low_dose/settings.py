"""Settings of chapter 5's study that take seconds, and what the study says without a page."""

from hrtem_lab.app.pages.low_dose.study import DoseStudy, Setting


def setting(**changed):
    """Return a setting of one cell at 16 pixels."""
    usual = {
        "other": "zro2",
        "equal_brightness": True,
        "cells": 1,
        "pixels": 16,
        "readout_sigma": 0.0,
        "repeats": 5,
        "seed": 0,
    }
    return Setting(**{**usual, **changed})


def completed(chosen):
    """Return the study of a setting, complete."""
    study = DoseStudy(chosen)
    for _ in study.sweep.run(workers=1):
        pass
    for _ in study.find_ideal():
        pass
    return study
