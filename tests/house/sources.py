"""What the laws of the house read: the sources, what they import, and the two blocks of CONTRIBUTING.md."""

import ast
import functools
import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hrtem_lab"
MODULES = sorted(PACKAGE.rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def relative(path: Path) -> str:
    """Return a path as the repository names it: `hrtem_lab/style.py`."""
    return path.relative_to(ROOT).as_posix()


def block(name: str, text: str) -> list[str]:
    """Return the lines of the text block between `<!-- name -->` and `<!-- /name -->`."""
    found = re.search(rf"<!-- {name} -->\n```text\n(.*?)\n```\n<!-- /{name} -->", text, re.DOTALL)
    assert found, f"CONTRIBUTING.md has no block `{name}`"
    return found[1].splitlines()


def names(listed: str) -> set[str]:
    """Return the names in a list with commas."""
    return {name.strip() for name in listed.split(",") if name.strip()}


def floors(text: str) -> list[set[str]]:
    """Return the rooms of each floor, from the top floor down."""
    return [names(line) for line in block("floors", text)]


def wings(text: str) -> dict[str, set[str]]:
    """Return, for each part of `app`, the other parts that it may import."""
    lines = (line.partition("→") for line in block("wings", text))
    return {part.strip(): names(allowed) for part, _, allowed in lines}


def dotted(path: Path, root: Path = ROOT) -> tuple[str, ...]:
    """Return the dotted name of a module, in parts; a package is named without its `__init__`."""
    parts = path.relative_to(root).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


@functools.cache
def imports(path: Path, root: Path = ROOT) -> list[tuple[str, ...]]:
    """Return every name that a file imports, absolute and down to the member: `("a", "b", "c")`.

    A file is parsed once for all laws.
    """
    found: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = path.relative_to(root).parts[: -node.level] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            found += ((*folder, *module, alias.name) for alias in node.names)
    return found


def is_private(name: str) -> bool:
    """Return whether a name is private; `__init__` and the like are not."""
    return name.startswith("_") and not name.endswith("__")


def room(parts: Sequence[str]) -> str:
    """Return the room that a dotted name of the package lies in ('' is the package itself)."""
    return parts[1] if len(parts) > 1 else ""
