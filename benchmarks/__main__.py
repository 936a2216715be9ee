"""Time the package and its peers in one run, and print the machine and one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from benchmarks import machine
from benchmarks.table import Row, as_text

GROUPS = ("metrics", "images", "dose", "sizing", "pages")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = ", ".join(GROUPS)
    parser.add_argument("groups", nargs="*", metavar="name", help=f"any of {known} (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions: a rough table in three minutes"
    )
    options = parser.parse_args(arguments)
    for name in options.groups:
        if name not in GROUPS:
            parser.error(f"name must be one of {known}, got {name!r}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the machine and the table, and return the exit status."""
    options = parse(arguments)
    described = machine.describe()
    measured: list[Row] = []
    try:
        for name in options.groups or GROUPS:
            for row in import_module(f"benchmarks.{name}").rows(quick=options.quick):
                measured.append(row)
                print(f"{row.what}: {row.cells()[1]}", file=sys.stderr, flush=True)
    except RuntimeError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"{described}\n\n{as_text(measured)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
