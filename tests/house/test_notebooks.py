"""Every chapter equals its source, keeps the house rules, and runs top to bottom in a fresh kernel."""

import ast
import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import jupytext
import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbformat import NotebookNode

from hrtem_lab.app.chapters import CHAPTERS

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))
MAX_LINES = 12

chapters = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def content(notebook: NotebookNode) -> list[tuple[str, str, list[str]]]:
    """Return what source and pair have in common: the kind, text and tags of each cell."""
    return [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]


def definitions(code: str) -> list[str]:
    """Return the functions and classes that a cell defines; IPython's own syntax is allowed."""
    tree = ast.parse(TransformerManager().transform_cell(code))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in ast.walk(tree) if isinstance(node, kinds)]


def imports(notebook: NotebookNode) -> list[str]:
    """Return what the code cells import."""
    cells = [ast.parse(TransformerManager().transform_cell(cell.source)) for cell in code_cells(notebook)]
    nodes = [node for cell in cells for node in ast.walk(cell)]
    return [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def complaints(client: NotebookClient) -> Iterator[str]:
    """Yield the errors and warnings of an executed notebook, also those inside Output widgets."""
    shown = [output for cell in code_cells(client.nb) for output in cell.outputs]
    for state in client.widget_state.values():
        shown += map(nbformat.from_dict, state.get("outputs", []))
    for output in shown:
        if output.output_type == "error":
            yield f"{output.ename}: {output.evalue}"
        elif output.output_type == "stream" and output.name == "stderr":
            yield output.text


@pytest.fixture(scope="module", autouse=True)
def _nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let kernels know nothing of the user's settings."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(variable, str(home / variable.lower()))
        yield


@pytest.fixture(scope="module")
def runs(_nobodys_settings: None) -> Iterator[dict[Path, Future[NotebookClient]]]:
    """Run the chapters, two at a time."""
    pool = ThreadPoolExecutor(2)
    yield {source: pool.submit(executed, jupytext.read(source), NOTEBOOKS) for source in SOURCES}
    pool.shutdown(cancel_futures=True)


def executed(notebook: NotebookNode, folder: Path) -> NotebookClient:
    """Run a notebook in a fresh kernel."""
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    asyncio.run(client.async_execute())  # closes its loop, also in a thread
    return client


def test_the_course_lists_every_chapter():
    assert SOURCES
    assert [source.stem for source in SOURCES] == [chapter.file for chapter in CHAPTERS]


def test_every_pair_has_a_source():
    assert {pair.stem for pair in NOTEBOOKS.glob("*.ipynb")} == {source.stem for source in SOURCES}


@chapters
def test_a_chapter_imports_its_page_and_nothing_else(source: Path) -> None:
    name = source.stem.partition("_")[2].replace("index", "contents")
    assert imports(jupytext.read(source)) == [f"from hrtem_lab.app.pages import {name} as page"]


@chapters
def test_the_pair_equals_its_source(source):
    pair = nbformat.read(source.with_suffix(".ipynb"), as_version=nbformat.NO_CONVERT)
    nbformat.validate(pair)
    assert content(pair) == content(jupytext.read(source)), "type `make notebooks`"
    assert pair.metadata.kernelspec.name == "python3"


@chapters
def test_the_pair_has_no_outputs(source):
    pair = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    assert [cell.source for cell in code_cells(pair) if cell.outputs or cell.execution_count] == []
    assert "widgets" not in pair.metadata


@chapters
def test_code_cells_are_thin(source):
    for cell in code_cells(jupytext.read(source)):
        assert len(cell.source.splitlines()) <= MAX_LINES, cell.source
        if not {"exercise", "solution"} & set(cell.metadata.get("tags", [])):
            assert not definitions(cell.source), cell.source


@chapters
def test_the_chapter_runs(source, runs):
    assert list(complaints(runs[source].result())) == []


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import warnings; warnings.warn('beware')", "beware"),
        ("import ipywidgets\nwith ipywidgets.Output():\n    1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_complaint_of_a_chapter_is_found(code, complaint, tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    (found,) = complaints(executed(notebook, tmp_path))
    assert complaint in found
