"""Search the stored worst cases again: `python -m hrtem_lab.extremes`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_lab.extremes._greys import Greys
from hrtem_lab.extremes._runs import contrast, maximise
from hrtem_lab.extremes._search import State
from hrtem_lab.extremes._stored import REFERENCE, stored_reference
from hrtem_lab.metrics import METRICS, prepare

FOLDER = Path(__file__).parent.parent / "data" / "extremes"
PERIOD = 32
"""Pixels per cell of the reference."""

POINTS = 120
"""Steps at which the history is written down, evenly spaced in their logarithm."""

MSE_007 = {"hold": "mse", "hold_value": 0.07, "tolerance": 0.002}
LIBRARIES = ("numpy", "opencv-python-headless", "dtcwt")

RUNS: dict[str, dict[str, Any]] = {
    "max-mse": {"title": "The greatest MSE", "metric": "mse", "steps": 200_000},
    "max-ssim": {"title": "The greatest SSIM difference", "metric": "ssim", "steps": 200_000},
    "max-cw_ssim": {
        "title": "The greatest cw-SSIM difference of an image that is not black",
        "metric": "cw_ssim",
        "steps": 25_000,
    },
    "max-sift": {"title": "The greatest SIFT difference", "metric": "sift", "steps": 20_000},
    "max-chi_square": {
        "title": "The greatest χ² of an image that is not dark",
        "metric": "chi_square",
        "steps": 40_000,
    },
    "best-ssim-at-mse": {
        "title": "The least SSIM difference at an MSE of 0.07",
        "metric": "ssim",
        "direction": "down",
        "start": "reversal",
        "steps": 80_000,
        **MSE_007,
    },
    "worst-ssim-at-mse": {
        "title": "The greatest SSIM difference at an MSE of 0.07",
        "metric": "ssim",
        "start": "reversal",
        "steps": 80_000,
        **MSE_007,
    },
    "best-sift-at-mse": {
        "title": "The least SIFT difference at an MSE of 0.07",
        "metric": "sift",
        "direction": "down",
        "start": "reversal",
        "steps": 5_000,
        **MSE_007,
    },
    "worst-sift-at-mse": {
        "title": "The greatest SIFT difference at an MSE of 0.07",
        "metric": "sift",
        "start": "reversal",
        "steps": 10_000,
        **MSE_007,
    },
    "worst-ssim-below-cw_ssim": {
        "title": "The greatest SSIM difference while cw-SSIM is below its threshold of 0.16",
        "metric": "ssim",
        "hold": "cw_ssim",
        "hold_value": 0.08,
        "tolerance": 0.08,
        "start": "reversal",
        "steps": 40_000,
    },
    "worst-cw_ssim-below-sift": {
        "title": "The greatest cw-SSIM difference while SIFT is below its threshold of 0.18",
        "metric": "cw_ssim",
        "hold": "sift",
        "hold_value": 0.09,
        "tolerance": 0.09,
        "start": "reference",
        "steps": 6_000,
    },
}
"""What each stored run searches, from which start and how long; all with the seed 0."""


def search(name: str, *, steps: int | None = None) -> dict[str, Any]:
    """Search one stored run again and return the arrays of its file.

    Parameters
    ----------
    name : str
        One of `RUNS`.
    steps : int, optional
        Fewer or more steps than the stored run has.

    Returns
    -------
    dict
        `levels` of grey, `step` and the metrics' values at these steps, and `header`, JSON.
    """
    run = {"direction": "up", "hold": None, "hold_value": None, "tolerance": None, **RUNS[name]}
    options = {"rng": 0, "start": run.pop("start", "reference"), "period": PERIOD, "steps": run.pop("steps")}
    options["steps"] = steps or options["steps"]
    reference = stored_reference()
    differences = prepare(reference)
    kept: dict[str, list[float]] = {"step": [], **{key: [] for key in METRICS}}
    points = set(np.geomspace(1, options["steps"], POINTS).round()) | {0}
    for state in _states(run, reference, options):
        if state.step in points:
            kept["step"].append(state.step)
            for key, difference in differences.items():
                kept[key].append(difference(state.image))
    greys = Greys.of(reference)
    versions = {library: version(library) for library in LIBRARIES}
    header = {
        "name": name,
        **run,
        "reference": REFERENCE,
        "range": [greys.black, greys.white],
        "values": {key: kept[key][-1] for key in METRICS},
        "provenance": {"command": f"python -m hrtem_lab.extremes {name}", **options, "versions": versions},
    }
    arrays = {key: np.array(values) for key, values in kept.items()}
    return {"levels": state.memory.levels, **arrays, "header": np.array(json.dumps(header))}


def _states(run: dict[str, Any], reference: np.ndarray, options: dict[str, Any]) -> Iterator[State]:
    if run["hold"] is None:
        return maximise(run["metric"], reference, **options)
    band = {"value": run["hold_value"], "tolerance": run["tolerance"], "direction": run["direction"]}
    return contrast(run["metric"], run["hold"], reference, **band, **options)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the runs named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(RUNS)}; default: all")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    parser.add_argument("--steps", type=int, help="steps of each search; default: as stored")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(RUNS))
    if unknown:
        parser.error(f"names must be among {', '.join(RUNS)}, got {', '.join(unknown)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.names or RUNS:
        print(name, flush=True)
        np.savez_compressed(options.folder / f"{name}.npz", **search(name, steps=options.steps))


if __name__ == "__main__":
    main()
