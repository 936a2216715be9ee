"""The console command `hrtem-lab`: it reads the options and calls the part of the package that works."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple, NoReturn

from hrtem_lab import __version__
from hrtem_lab.app import commands

PROGRAM = "hrtem-lab"
WRONG_VALUE = 2


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(WRONG_VALUE, f"{self.prog}: {message.removeprefix('argument ')}\n")


def _dashboard(options: dict[str, Any], _: list[str]) -> int:
    return commands.run_server("dashboard", options, program=PROGRAM, wrong_value=WRONG_VALUE)


def _serve(options: dict[str, Any], _: list[str]) -> int:
    return commands.run_server("serve", options, program=PROGRAM, wrong_value=WRONG_VALUE)


def _lab(options: dict[str, Any], rest: list[str]) -> int:
    from hrtem_lab.app.server.lab import open_lab  # noqa: PLC0415

    open_lab(**options, arguments=rest)
    return 0


def _data(_: dict[str, Any], rest: list[str]) -> int:
    from hrtem_lab.data import regenerate  # noqa: PLC0415
    from hrtem_lab.extremes import __main__ as extremes  # noqa: PLC0415
    from hrtem_lab.sizing import __main__ as sizing  # noqa: PLC0415

    parser = Parser(prog=f"{PROGRAM} data", description=VERBS["data"].purpose)
    regenerate.add_options(parser)
    regenerate.write(**vars(parser.parse_args(rest)))
    if not rest:
        extremes.main([])
        sizing.main([])
        sizing.main(["mismatches"])
    return 0


class Verb(NamedTuple):
    """A word that follows `hrtem-lab`: what for, what it needs, what it calls, and its options."""

    purpose: str
    #: The library without which the verb can do nothing, and the extra that installs it.
    needs: str
    extra: str
    #: Gets the options and the rest of the line; returns the exit status.
    run: Callable[[dict[str, Any], list[str]], int]
    #: Lets a parser know the options; None: `run` reads the line.
    add_options: Callable[[argparse.ArgumentParser], None] | None = None
    #: Whether anything else may stand on the line.
    takes_rest: bool = False


VERBS = {
    "dashboard": Verb(
        commands.PURPOSES["dashboard"], "voila", "app", _dashboard, commands.add_dashboard_options
    ),
    "serve": Verb(commands.PURPOSES["serve"], "voila", "app", _serve, commands.add_serve_options),
    "lab": Verb(
        commands.PURPOSES["lab"], "jupyterlab", "app", _lab, commands.add_lab_options, takes_rest=True
    ),
    "data": Verb(
        "compute all that comes with the package again, or the exit waves named",
        "abtem",
        "simulate",
        _data,
        takes_rest=True,
    ),
}


def parse(arguments: Sequence[str]) -> tuple[str, dict[str, Any], list[str]]:
    """Return the verb, its options, and what else is on the command line."""
    parser = Parser(prog=PROGRAM, description="HRTEM image difference metrics: the course and its data.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    words = parser.add_subparsers(dest="verb", metavar="verb", required=True)
    for name, verb in VERBS.items():
        word = words.add_parser(
            name,
            help=verb.purpose,
            description=verb.purpose,
            argument_default=argparse.SUPPRESS,
            add_help=verb.add_options is not None,
        )
        if verb.add_options is not None:
            verb.add_options(word)
    found, rest = parser.parse_known_args(arguments)
    options = vars(found)
    name = options.pop("verb")
    if rest and not VERBS[name].takes_rest:
        parser.error(f"{name} does not know {' '.join(rest)}")
    return name, options, rest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; what goes wrong is one sentence on stderr."""
    line = sys.argv[1:] if arguments is None else arguments
    name, options, rest = parse(line or ["--help"])
    verb = VERBS[name]
    try:
        if find_spec(verb.needs) is None:
            raise ModuleNotFoundError(name=verb.needs)
        return verb.run(options, rest)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing == "hrtem_lab":
            raise
        sentence = f'{name} needs {missing}, which is not installed: pip install "hrtem_lab[{verb.extra}]"'
    except OSError as error:
        sentence = f"{error.strerror}: {error.filename}"
    except ValueError as error:
        sentence = str(error)
    print(f"{PROGRAM}: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
