"""Command line: ``python -m hrtem_lab.app`` serves the chapters, ``… install`` sets a Jupyter server up."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m hrtem_lab.app", description="The course as a web page.")
    parser.add_argument(
        "action",
        nargs="?",
        choices=("serve", "install"),
        default="serve",
        help="serve the chapters on this machine (default), or make template and configuration known to the "
        "Jupyter servers of this environment",
    )
    parser.add_argument("--port", type=int, help="TCP port, 0 for any free one (default: 8866)")
    parser.add_argument("--notebooks", type=Path, help="folder with the chapters (default: the repository's)")
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="do not open a browser")
    parser.add_argument(
        "--cull-idle-timeout", type=int, help="seconds a kernel outlives a page (default: 120)"
    )
    parser.add_argument("--cull-interval", type=int, help="seconds between two looks (default: 30)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; what goes wrong is one sentence on stderr."""
    options = {name: value for name, value in vars(parse(arguments)).items() if value is not None}
    if options.pop("action") == "install":
        from hrtem_lab.app.configuration import install  # noqa: PLC0415

        print(*install(), sep="\n")
        return 0
    try:
        from hrtem_lab.app.serve import CannotServeError, serve  # noqa: PLC0415
    except ImportError as error:
        missing = str(error.name).partition(".")[0]
        print(
            f"hrtem_lab: {missing} is not installed: run `make dashboard`, which sets it up",
            file=sys.stderr,
        )
        return 1
    try:
        serve(**options)
    except CannotServeError as error:
        print(f"hrtem_lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
