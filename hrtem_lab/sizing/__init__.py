"""Precipitates: which unit cells differ, how large the precipitate is, and how well that can be known.

Examples
--------
>>> sorted(THRESHOLDS)
['false_alarm', 'fixed', 'otsu', 'paper_optimised']
"""

from hrtem_lab.sizing._cells import cell_map
from hrtem_lab.sizing._draws import precipitate_series
from hrtem_lab.sizing._ideal import IdealSizer, ideal_size
from hrtem_lab.sizing._sizes import METHODS, PrecipitateSizer, Size, size_precipitate
from hrtem_lab.sizing._stored import load_study
from hrtem_lab.sizing._study import STUDY_METHODS, size_study
from hrtem_lab.sizing._summary import detection_limit, dose_needed, study_table
from hrtem_lab.sizing._thresholds import THRESHOLDS, Threshold, compact

__all__ = [
    "METHODS",
    "STUDY_METHODS",
    "THRESHOLDS",
    "IdealSizer",
    "PrecipitateSizer",
    "Size",
    "Threshold",
    "cell_map",
    "compact",
    "detection_limit",
    "dose_needed",
    "ideal_size",
    "load_study",
    "precipitate_series",
    "size_precipitate",
    "size_study",
    "study_table",
]
