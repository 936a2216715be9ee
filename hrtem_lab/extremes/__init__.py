"""Worst cases: images that a metric finds most different, alone or at a given value of another metric.

`maximise` searches the image that one metric finds most different (Fig. 2e, f of the paper), `contrast`
what two metrics disagree about (maximum differentiation, doi:10.1167/8.12.8). Both are Monte Carlo searches
that yield their best image as they go. Long runs come with the package: `list_stored`, `load_stored`.

Examples
--------
Two images that the mean squared error calls equally different from the same crystal:

>>> best, worst = load_stored("best-ssim-at-mse"), load_stored("worst-ssim-at-mse")
>>> [round(run.values["mse"], 2) for run in (best, worst)]
[0.07, 0.07]
>>> worst.values["ssim"] > 10 * best.values["ssim"]
True
"""

from hrtem_lab.extremes._greys import STARTS
from hrtem_lab.extremes._runs import contrast, maximise
from hrtem_lab.extremes._search import State
from hrtem_lab.extremes._stored import StoredRun, list_stored, load_stored, stored_reference

__all__ = [
    "STARTS",
    "State",
    "StoredRun",
    "contrast",
    "list_stored",
    "load_stored",
    "maximise",
    "stored_reference",
]
