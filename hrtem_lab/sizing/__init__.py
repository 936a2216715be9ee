"""Precipitates: which unit cells differ, how large the precipitate is, and how well that can be known.

`SIZERS` is the one list of sizing methods: studies, pages and tests go through it, so that a new method is a
file in this folder and a line in that table.

Examples
--------
>>> for method in SIZERS.values():
...     print(f"{method.key:17}{method.label}")
sphere           sphere by likelihood
fixed            0.18 + noise
paper_optimised  optimised
false_alarm      false-alarm rate
otsu             Otsu
ideal            ideal observer
"""

from hrtem_lab.sizing._cells import cell_map
from hrtem_lab.sizing._counted import CountingSizer
from hrtem_lab.sizing._ideal import IdealSizer, ideal_size
from hrtem_lab.sizing._method import Conditions, PreparedSizer, SizingMethod, StudyMethod, Variant
from hrtem_lab.sizing._outcome import Precipitate, Size
from hrtem_lab.sizing._sizes import PrecipitateSizer, size_precipitate
from hrtem_lab.sizing._sphere import SphereSizer
from hrtem_lab.sizing._stored import RATE, StoredStudy, stored_study
from hrtem_lab.sizing._study import size_study
from hrtem_lab.sizing._summary import detection_limit, dose_needed, load_study, study_table
from hrtem_lab.sizing._table import METHODS, SIZERS, STUDY_METHODS, THRESHOLDS, methods, study_methods
from hrtem_lab.sizing._thresholds import Threshold, compact
from hrtem_lab.sizing.specimens import Specimen, precipitate_series

__all__ = [
    "METHODS",
    "RATE",
    "SIZERS",
    "STUDY_METHODS",
    "THRESHOLDS",
    "Conditions",
    "CountingSizer",
    "IdealSizer",
    "Precipitate",
    "PrecipitateSizer",
    "PreparedSizer",
    "Size",
    "SizingMethod",
    "Specimen",
    "SphereSizer",
    "StoredStudy",
    "StudyMethod",
    "Threshold",
    "Variant",
    "cell_map",
    "compact",
    "detection_limit",
    "dose_needed",
    "ideal_size",
    "load_study",
    "methods",
    "precipitate_series",
    "size_precipitate",
    "size_study",
    "stored_study",
    "study_methods",
    "study_table",
]
