"""Where the course's files are: the repository's own folders, or their copies in an installed package."""

from pathlib import Path

PACKAGE = Path(__file__).parents[2]


def notebooks() -> Path:
    """Return the folder with the chapters' notebooks.

    Examples
    --------
    >>> (notebooks() / "00_index.ipynb").is_file()
    True
    """
    return _folder("notebooks")


def documents() -> Path:
    """Return the folder with the documents' text, Markdown files that the chapters link to.

    Examples
    --------
    >>> (documents() / "metrics.md").is_file()
    True
    """
    return _folder("docs")


def _folder(name: str) -> Path:
    # A wheel holds copies (setup.py); only a checkout has the folders beside the package.
    copy = PACKAGE / "course" / name
    return copy if copy.is_dir() else PACKAGE.parent / name
