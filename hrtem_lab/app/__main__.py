"""Command line: show the course to one reader, serve it to a class, or set a Jupyter server up for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hrtem_lab.app.commands import PURPOSES, add_dashboard_options, add_serve_options, run_server


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m hrtem_lab.app",
        description="The course as web pages.",
        epilog="Without an action: dashboard. `python -m hrtem_lab.app serve --help` lists serve's options.",
        argument_default=argparse.SUPPRESS,
    )
    add_dashboard_options(parser)
    actions = parser.add_subparsers(dest="action", metavar="action")
    parser.set_defaults(action="dashboard")
    for action, add_options in (("dashboard", add_dashboard_options), ("serve", add_serve_options)):
        purpose = PURPOSES[action]
        add_options(
            actions.add_parser(action, help=purpose, description=purpose, argument_default=argparse.SUPPRESS)
        )
    install = "make template and configuration known to the Jupyter servers of this environment"
    actions.add_parser("install", help=install, description=install)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; what goes wrong is one sentence on stderr."""
    options = vars(parse(arguments))
    action = options.pop("action")
    if action == "install":
        from hrtem_lab.app.server.configuration import install  # noqa: PLC0415

        print(*install(), sep="\n")
        return 0
    try:
        return run_server(action, options, program="hrtem_lab")
    except ImportError as error:
        missing = str(error.name).partition(".")[0]
        print(
            f"hrtem_lab: {missing} is not installed: run `make dashboard`, which sets it up",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
