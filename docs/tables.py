"""Write the documents' tables that follow from the package and its data: `python -m docs.tables`.

A table stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``, NAME being a key of `TABLES`. It
follows from `hrtem_lab.metrics.METRICS`, the stored runs and the stored study of mismatches alone, so that
nobody types a metric's column or a study's number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from docs import ensembles, mismatches
from docs.markdown import table
from hrtem_lab.extremes import StoredRun, list_stored, load_stored
from hrtem_lab.extremes.__main__ import RUNS
from hrtem_lab.metrics import METRICS, Metric

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "docs/metrics.md",
    "docs/extremes.md",
    "docs/reality.md",
    "docs/sizing.md",
    "hrtem_lab/data/SOURCES.md",
)

THIN_SPACE = "\u202f"
_BLOCK = re.compile(r"<!-- generated: (?P<name>[^>]*) -->\n.*?<!-- end -->", re.DOTALL)


def metrics() -> str:
    """Return one row for each metric: what it promises, and the defaults of its options."""
    header = ["metric", "key", "family", "options", "threshold", "symmetric", "image × number"]
    return table(header, [_metric(metric) for metric in METRICS.values()])


def worst_cases() -> str:
    """Return one row for each stored run, with a column for its image's difference by every metric."""
    header = ["run", "searched", "held", "start", "steps", *(metric.label for metric in METRICS.values())]
    names = [name for name in RUNS if name in list_stored()]
    return table(header, [_run(load_stored(name)) for name in names])


TABLES: dict[str, Callable[[], str]] = {
    "metrics": metrics,
    "worst cases": worst_cases,
    "snapshots": ensembles.snapshots,
    "scatter": ensembles.scatter,
    "ensembles": ensembles.sources,
    "mismatches": mismatches.mismatches,
    "mismatch methods": mismatches.methods,
    "mismatch alarms": mismatches.alarms,
    "mismatch alarms of counted cells": mismatches.counted_alarms,
    "mismatch sizes": mismatches.sizes,
    "mismatch pairs": mismatches.pairs,
    "mismatch sizes by mismatch": mismatches.sizes_by_mismatch,
    "mismatch sizes by method": mismatches.sizes_by_method,
}


def _metric(metric: Metric) -> list[str]:
    options = ", ".join(f"`{name}={default!r}`" for name, default in metric.options.items())
    threshold = "–" if metric.threshold is None else f"{metric.threshold:g}"
    symmetric = "yes" if metric.symmetric else "no"
    scaled = "unchanged" if metric.scale_invariant else "changes"
    return [metric.label, f"`{metric.key}`", metric.family, options or "none", threshold, symmetric, scaled]


def _run(run: StoredRun) -> list[str]:
    held = "–"
    if run.hold is not None:
        held = f"{METRICS[run.hold].label} {run.hold_value:g} ± {run.tolerance:g}"
    steps = f"{run.provenance['steps']:,}".replace(",", THIN_SPACE)
    return [
        f"`{run.name}`",
        f"{METRICS[run.metric].label} {run.direction}",
        held,
        run.provenance["start"],
        steps,
        *(f"{run.values[key]:.3f}" for key in METRICS),
    ]


def written(text: str) -> str:
    """Return a document with its tables written anew; the rest is left as it is.

    Raises
    ------
    ValueError
        If a mark names no table of `TABLES`.
    """
    return _BLOCK.sub(_block, text)


def _block(found: re.Match[str]) -> str:
    name = found["name"]
    if name not in TABLES:
        raise ValueError(f"a generated table must be one of {', '.join(TABLES)}, got {name!r}")
    return f"<!-- generated: {name} -->\n\n{TABLES[name]()}\n\n<!-- end -->"


def main() -> None:
    """Write the tables of all documents."""
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        path.write_text(written(text), encoding="utf-8")
        print(f"Wrote the tables of {name}.")


if __name__ == "__main__":
    main()
