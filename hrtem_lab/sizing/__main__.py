"""Compute the stored studies again: `python -m hrtem_lab.sizing`, `mismatches`; `fit`, `calibrate`.

`python -m hrtem_lab.sizing` exposes the shipped precipitates of 1 to 14 cells, and the pristine crystal,
at ten doses and sizes them by every method: some 15 minutes on one core. `python -m hrtem_lab.sizing
mismatches` does so where the experiment differs from the reference: some 50 minutes on two cores.
`python -m hrtem_lab.sizing fit` prints the weights of the optimised threshold, fitted on other doses, seeds
and half of the diameters. `python -m hrtem_lab.sizing calibrate` prints how wide the sphere's interval must
be at each dose, on training shapes that no study tests: some five minutes on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hrtem_lab.sizing._fit import fit_weights
from hrtem_lab.sizing._stored import write_study
from hrtem_lab.sizing._study import DOSES, size_study
from hrtem_lab.sizing._table import STUDY_METHODS
from hrtem_lab.sizing.mismatches._calibrate import calibration, training_specimens
from hrtem_lab.sizing.mismatches._stored import write_mismatch_study
from hrtem_lab.sizing.mismatches._study import mismatch_study
from hrtem_lab.sizing.specimens import precipitate_series

FOLDER = Path(__file__).parent.parent / "data" / "sizing"
FILE = FOLDER / "study.npz"
MISMATCHES_FILE = FOLDER / "mismatches.npz"
SEED = 0
DRAWS = 20
PRISTINE_DRAWS = 100
METHODS = tuple(name for name, options in STUDY_METHODS.items() if "background" not in options)
"""Those of the study whose reference is exact: where it is, both backgrounds say the same."""
MISMATCH_DRAWS = {"draws": 3, "slow_draws": 1, "pristine_draws": 100, "slow_pristine_draws": 1}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a study, or print the fitted weights."""
    parser = argparse.ArgumentParser(
        prog="python -m hrtem_lab.sizing", description="Compute a stored study of precipitate sizes again."
    )
    parser.add_argument(
        "task", nargs="?", choices=("study", "mismatches", "fit", "calibrate"), default="study"
    )
    parser.add_argument("--file", type=Path, help="where to write the study")
    parser.add_argument("--draws", type=int, help="exposures per specimen and dose")
    parser.add_argument("--pristine-draws", type=int, help="exposures of pristine crystal per dose")
    parser.add_argument("--slow-draws", type=int, help="mismatches: exposures for slow methods")
    parser.add_argument("--slow-pristine-draws", type=int, help="mismatches: the same of pristine crystal")
    parser.add_argument("--doses", type=float, nargs="+", help="in e⁻/Å²")
    parser.add_argument("--workers", type=int, help="processes; default: all cores")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    task = given.pop("task")
    if task == "fit":
        base, contrast, errors, _ = fit_weights(precipitate_series())
        print(f"base weight {base:.2f}, contrast weight {contrast:.2f}: {errors:.1f} cells wrong per image")
    elif task == "calibrate":
        if unused := sorted(set(given) - {"draws", "doses"}):
            parser.error(f"calibrate has no option --{unused[0].replace('_', '-')}")
        for row in calibration(training_specimens(), **given):
            print(row)
    elif task == "mismatches":
        _mismatches(**given)
    else:
        if unused := sorted({"slow_draws", "slow_pristine_draws"} & set(given)):
            parser.error(f"the study has no option --{unused[0].replace('_', '-')}")
        _study(**given)


def _study(*, file: Path = FILE, **given: Any) -> None:
    options = {
        "methods": METHODS,
        "draws": DRAWS,
        "pristine_draws": PRISTINE_DRAWS,
        "doses": list(DOSES),
        **given,
    }
    study = size_study(rng=SEED, progress=_progress(), **options)
    study.attrs["command"] = "python -m hrtem_lab.sizing"
    write_study(study, file)
    print(file)


def _mismatches(*, file: Path = MISMATCHES_FILE, **given: Any) -> None:
    study = mismatch_study(rng=SEED, progress=_progress(), **{**MISMATCH_DRAWS, **given})
    study.header["command"] = "python -m hrtem_lab.sizing mismatches"
    write_mismatch_study(study, file)
    print(file)


def _progress() -> Callable[[int, int], None]:
    """Return what shows how many exposures are done: a bar where tqdm is installed."""
    try:
        from tqdm import tqdm  # noqa: PLC0415
    except ImportError:
        return lambda done, total: print(f"{done} of {total} exposures", flush=True)
    bar = tqdm(unit="image")

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return show


if __name__ == "__main__":
    main()
