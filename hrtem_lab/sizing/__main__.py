"""Compute the stored study again: `python -m hrtem_lab.sizing`; `fit` fits the optimised threshold.

`python -m hrtem_lab.sizing` exposes the shipped precipitates of 1 to 14 cells, and the pristine crystal,
at ten doses and sizes them by every method: some 15 minutes on one core. `python -m hrtem_lab.sizing fit`
prints the weights of the optimised threshold, fitted on other doses, seeds and half of the diameters.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from hrtem_lab.sizing._fit import fit_weights
from hrtem_lab.sizing._stored import write_study
from hrtem_lab.sizing._study import DOSES, size_study
from hrtem_lab.sizing.specimens import precipitate_series

FILE = Path(__file__).parent.parent / "data" / "sizing" / "study.npz"
SEED = 0
DRAWS = 20
PRISTINE_DRAWS = 100


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the study, or print the fitted weights."""
    parser = argparse.ArgumentParser(
        prog="python -m hrtem_lab.sizing", description="Compute the stored study of precipitate sizes again."
    )
    parser.add_argument("task", nargs="?", choices=("study", "fit"), default="study")
    parser.add_argument("--file", type=Path, default=FILE, help="where to write the study")
    parser.add_argument("--draws", type=int, default=DRAWS, help="exposures per diameter and dose")
    parser.add_argument("--pristine-draws", type=int, default=PRISTINE_DRAWS, help="per dose")
    parser.add_argument("--doses", type=float, nargs="+", default=list(DOSES), help="in e⁻/Å²")
    parser.add_argument("--workers", type=int, help="processes; default: all cores")
    options = vars(parser.parse_args(arguments))
    file = options.pop("file")
    if options.pop("task") == "fit":
        base, contrast, errors, _ = fit_weights(precipitate_series())
        print(f"base weight {base:.2f}, contrast weight {contrast:.2f}: {errors:.1f} cells wrong per image")
        return
    study = size_study(rng=SEED, progress=_progress(), **options)
    study.attrs["command"] = "python -m hrtem_lab.sizing"
    write_study(study, file)
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
