"""The course's commands: the options that every way to start one shares, and what they run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

#: What each command is for, in the words of its help.
PURPOSES = {
    "dashboard": "show the course to one reader, on this machine alone",
    "serve": "serve the course to a class, over the network",
    "lab": "copy the notebooks into this folder, never over a file, and open them in JupyterLab, "
    "which gets the options that are not listed here",
}


# An option that is not given stays away, if the parser is made with `argument_default=argparse.SUPPRESS`: its
# default is then stated once, in the function that is called.


def add_dashboard_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser know the options of `dashboard`."""
    _add_server_options(parser)
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="do not open a browser")


def add_serve_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser know the options of `serve`."""
    _add_server_options(parser)
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


def add_lab_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser know the options of `lab`."""
    parser.add_argument("--port", type=int, help="TCP port, 0 for any free one (default: 8888 or the next)")


def _add_server_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="TCP port, 0 for any free one (default: 8866)")
    parser.add_argument("--notebooks", type=Path, help="folder with the chapters (default: the course's own)")
    parser.add_argument(
        "--cull-idle-timeout", type=int, help="seconds that a kernel outlives its page (default: 90)"
    )
    parser.add_argument("--cull-interval", type=int, help="seconds between two looks (default: 15)")


def run_server(command: str, options: dict[str, Any], *, program: str, wrong_value: int = 1) -> int:
    """Serve the course until interrupted; what goes wrong is one sentence on stderr.

    Parameters
    ----------
    command : str
        "dashboard" or "serve".
    options : dict
        Arguments of `hrtem_lab.app.server.serve.serve` or `serve_class`.
    program : str
        Name with which a sentence begins.
    wrong_value : int
        Exit status after a value out of range.

    Returns
    -------
    int
        Exit status: 0, 1 if the server cannot start, 130 if interrupted before it answers.

    Raises
    ------
    ImportError
        If a library of the extra `app` is missing.
    """
    # Optional to jsonschema, which Jupyter brings: it would build a grammar of addresses in any script for
    # seconds before the server answers, and nothing here checks one.
    sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
    from hrtem_lab.app.server import serve  # noqa: PLC0415

    try:
        if command == "serve":
            serve.serve_class(**options)
        else:
            serve.serve(**options)
    except ValueError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return wrong_value
    except serve.CannotServeError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
