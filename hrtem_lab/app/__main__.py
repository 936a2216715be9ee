"""Command line: show the course to one reader, serve it to a class, or set a Jupyter server up for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import cast


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m hrtem_lab.app",
        description="The course as web pages.",
        parents=[_dashboard_options()],
        epilog="Without an action: dashboard. `python -m hrtem_lab.app serve --help` lists serve's options.",
    )
    actions = parser.add_subparsers(dest="action", metavar="action")
    parser.set_defaults(action="dashboard")
    dashboard = "for one reader, on this machine alone"
    actions.add_parser("dashboard", help=dashboard, description=dashboard, parents=[_dashboard_options()])
    serve = "for a class, over the network"
    actions.add_parser("serve", help=serve, description=serve, parents=[_class_options()])
    install = "make template and configuration known to the Jupyter servers of this environment"
    actions.add_parser("install", help=install, description=install)
    return parser.parse_args(arguments)


def _common_options() -> argparse.ArgumentParser:
    # Options that are not given stay away: what they stand for then is said once, in the functions called.
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help="TCP port, 0 for any free one (default: 8866)")
    parser.add_argument("--notebooks", type=Path, help="folder with the chapters (default: the course's own)")
    parser.add_argument(
        "--cull-idle-timeout", type=int, help="seconds that a kernel outlives its page (default: 90)"
    )
    parser.add_argument("--cull-interval", type=int, help="seconds between two looks (default: 15)")
    return parser


def _dashboard_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS, parents=[_common_options()]
    )
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="do not open a browser")
    return parser


def _class_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS, parents=[_common_options()]
    )
    parser.add_argument("--address", help="address to listen on (default: 0.0.0.0, all of this machine's)")
    parser.add_argument("--base-url", help="path behind another web server, as /course/ (default: /)")
    password = parser.add_mutually_exclusive_group()
    password.add_argument(
        "--token", help="the password (default: the variable HRTEM_LAB_TOKEN, or one made up at each start)"
    )
    password.add_argument(
        "--open", dest="token", action="store_const", const="", help="ask for no password: anyone may read"
    )
    parser.add_argument("--students", type=int, help="how many read at the same time (default: 30)")
    parser.add_argument("--memory", type=float, help="GB for all pages (default: 3/4 of the machine's)")
    parser.add_argument("--page-memory", type=float, help="GB of data for one page (default: 2)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; what goes wrong is one sentence on stderr."""
    options = vars(parse(arguments))
    action = options.pop("action")
    if action == "install":
        from hrtem_lab.app.server.configuration import install  # noqa: PLC0415

        print(*install(), sep="\n")
        return 0
    # Optional to jsonschema, which Jupyter brings: it would build a grammar of addresses in any script for
    # seconds before the server answers, and nothing here checks one.
    sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
    try:
        from hrtem_lab.app.server import serve  # noqa: PLC0415
    except ImportError as error:
        missing = str(error.name).partition(".")[0]
        print(
            f"hrtem_lab: {missing} is not installed: run `make dashboard`, which sets it up",
            file=sys.stderr,
        )
        return 1
    try:
        (serve.serve_class if action == "serve" else serve.serve)(**options)
    except (serve.CannotServeError, ValueError) as error:
        print(f"hrtem_lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
