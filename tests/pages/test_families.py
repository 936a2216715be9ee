"""Pages show the families that they name, however many metrics there are."""

import ast
from pathlib import Path

import pytest

from hrtem_lab.app import pages
from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages import edge_cases, four_metrics, noise, reality, worst_cases
from hrtem_lab.metrics import METRICS, family
from tests.laws.ten import register_ten
from tests.pages.reader import Reader

SOURCES = sorted(Path(pages.__file__).parent.parent.rglob("*.py"))


def shown(page):
    """Return all HTML and all descriptions of pictures, as one text."""
    return "".join([*page.texts, *(picture.alt for picture in page.parts(Picture))])


def test_pages_show_the_papers_metrics_and_those_of_electrons():
    assert readings.shown() == family("paper", "electrons")
    assert readings.by_label() == {metric.label: key for key, metric in readings.shown().items()}


@pytest.mark.parametrize(
    "make",
    [four_metrics.dashboard, edge_cases.explorer, noise.dashboard, worst_cases.search],
    ids=lambda make: make.__module__.split(".")[-2],
)
def test_a_table_of_ten_metrics_is_not_shown_whole(make, monkeypatch):
    added = register_ten(monkeypatch)
    page = Reader(make())
    assert page.alerts == []
    labels = [metric.label for metric in METRICS.values() if metric.label in page.csv[0]]
    assert labels == [metric.label for metric in readings.shown().values()]
    for key in added:
        assert METRICS[key].label not in shown(page)
        assert f'data-metric="{key}"' not in shown(page)


@pytest.mark.parametrize("gallery", [edge_cases.gallery, worst_cases.pairs, reality.gallery])
def test_neither_are_galleries(gallery, monkeypatch):
    added = register_ten(monkeypatch)
    page = Reader(gallery())
    assert 'data-metric="chi_square"' in shown(page)
    for key in added:
        assert f'data-metric="{key}"' not in shown(page)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_page_goes_through_the_whole_table(source):
    """`METRICS[key]` looks a metric up; anything else would show metrics that nobody chose."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    looked_up = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    whole = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "METRICS" and id(node) not in looked_up
    ]
    assert whole == []
