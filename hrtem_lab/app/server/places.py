"""Where the course's files are: the repository's own folders, or their copies in an installed package."""

from pathlib import Path

PACKAGE = Path(__file__).parents[2]
#: The files in the folder of documents that are for readers of the course; the rest makes the site of them.
DOCUMENTS = ("*.md", "howto/*.md", "images/*.png")


def notebooks() -> Path:
    """Return the folder with the chapters' notebooks.

    Examples
    --------
    >>> (notebooks() / "00_index.ipynb").is_file()
    True
    """
    return _folder("notebooks")


def documents() -> Path:
    """Return the folder with the documents, Markdown files that the chapters link to, and their pictures.

    Examples
    --------
    >>> (documents() / "metrics.md").is_file()
    True
    """
    return _folder("docs")


def document_files() -> list[Path]:
    """Return the documents and their pictures, relative to the folder that holds them.

    Examples
    --------
    >>> Path("metrics.md") in document_files()
    True
    """
    folder = documents()
    return sorted(file.relative_to(folder) for pattern in DOCUMENTS for file in folder.glob(pattern))


def _folder(name: str) -> Path:
    # A wheel holds copies (setup.py); only a checkout has the folders beside the package.
    copy = PACKAGE / "course" / name
    return copy if copy.is_dir() else PACKAGE.parent / name
