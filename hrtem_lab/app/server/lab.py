"""Open the notebooks in JupyterLab: a reader's own copies of them, or those of a checkout."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from os.path import normpath
from pathlib import Path
from typing import NamedTuple

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.server import places

# A link of Markdown: its words and its address.
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


class Copies(NamedTuple):
    """What `copy_course` did, as paths relative to its folder."""

    written: list[Path]
    kept: list[Path]


def copy_course(folder: Path) -> Copies:
    """Copy the notebooks into a folder and the documents that they link to into ``docs`` there.

    Parameters
    ----------
    folder : Path
        Where to write. A file that exists is kept, whatever is in it.

    Returns
    -------
    Copies
        Which files were written, and which were there already and are kept.
    """
    contents = {
        # In the course's folders the documents are the notebooks' neighbours; here they lie below them.
        Path(notebook.name): notebook.read_bytes().replace(b"../docs/", b"docs/")
        for notebook in sorted(places.notebooks().glob("*.ipynb"))
    }
    documents = places.document_files()
    for document in documents:
        contents["docs" / document] = _with_living_links(document, documents)
    copies = Copies([], [])
    for path, content in contents.items():
        (copies.written if _write_once(folder / path, content) else copies.kept).append(path)
    return copies


def _with_living_links(document: Path, copied: Sequence[Path]) -> bytes:
    """Return a document, in which a link to a file that is not copied is plain words."""

    def kept(link: re.Match[str]) -> str:
        file = link[2].partition("#")[0]
        # Code such as `compare[key](image)` looks like a link, but names no file.
        is_file = "/" in file or "." in file
        lives = not is_file or ":" in file or Path(normpath(document.parent / file)) in copied
        return link[0] if lives else link[1]

    content = (places.documents() / document).read_bytes()
    return _LINK.sub(kept, content.decode()).encode() if document.suffix == ".md" else content


def _write_once(file: Path, content: bytes) -> bool:
    """Write a file that does not exist, and tell whether that was so."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except FileExistsError:
        return False
    return True


def open_lab(*, port: int | None = None, arguments: Sequence[str] = ()) -> None:
    """Copy the course into the current folder and open it in JupyterLab until interrupted.

    In a checkout, and in its folder of notebooks, the notebooks themselves are opened and nothing is copied.

    Parameters
    ----------
    port : int, optional
        TCP port, 0 for any free one; 8888 or the next free one by default.
    arguments : sequence of str
        Further options of JupyterLab.
    """
    from jupyterlab.labapp import LabApp  # noqa: PLC0415 (takes a second)

    folder, original = Path.cwd(), places.notebooks().resolve()
    if folder in (original, original.parent):
        root, index = original.parent, f"{original.name}/{CHAPTERS[0].href}"
    else:
        root, index = folder, CHAPTERS[0].href
        _report(copy_course(folder), folder)
    options = [f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{index}"]
    if port is not None:
        options += [f"--port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    LabApp.launch_instance([*options, *arguments])


def _report(copies: Copies, folder: Path) -> None:
    if copies.written:
        print(f"Copied {len(copies.written)} files of the course into {folder}.", flush=True)
    if copies.kept:
        print(f"Kept what is there already: {', '.join(map(str, copies.kept))}.", flush=True)
