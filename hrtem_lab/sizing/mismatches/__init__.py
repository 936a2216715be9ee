"""When the reference does not fit: named mismatches of an experiment, and a study of what they do to sizes.

`MISMATCHES` is the one list of mismatches: a row makes the experiment of any specimen, with the reference and
the dose that are believed in.

Examples
--------
>>> from hrtem_lab.sizing import size_precipitate
>>> experiment = MISMATCHES["shift-0.5"].expose(0, 50, rng=1, pixels=256)
>>> found = size_precipitate(
...     experiment.reference,
...     experiment.image,
...     cells=16,
...     sampling=experiment.sampling,
...     dose_per_area=experiment.dose_per_area,
...     method="false_alarm",
... )
>>> found.detected  # in pristine crystal: the reference lies half an Å beside it
True
"""

from hrtem_lab.sizing.mismatches._methods import mismatch_methods
from hrtem_lab.sizing.mismatches._mismatch import HOT_ELECTRONS, Experiment, Mismatch
from hrtem_lab.sizing.mismatches._stored import MismatchStudy, SizeErrors, stored_mismatch_study
from hrtem_lab.sizing.mismatches._study import mismatch_study
from hrtem_lab.sizing.mismatches._subjects import KINDS
from hrtem_lab.sizing.mismatches._table import MISMATCHES

__all__ = [
    "HOT_ELECTRONS",
    "KINDS",
    "MISMATCHES",
    "Experiment",
    "Mismatch",
    "MismatchStudy",
    "SizeErrors",
    "mismatch_methods",
    "mismatch_study",
    "stored_mismatch_study",
]
