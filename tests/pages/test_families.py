"""Pages show the families that they name, however many metrics there are."""

import ast
import csv
from pathlib import Path

import ipywidgets as widgets
import pytest

from hrtem_lab.app import pages
from hrtem_lab.app.kit import readings
from hrtem_lab.app.pages.edge_cases import page as edge_cases
from hrtem_lab.app.pages.four_metrics import page as four_metrics
from hrtem_lab.app.pages.noise import page as noise
from hrtem_lab.app.pages.worst_cases import page as worst_cases
from hrtem_lab.metrics import METRICS, family
from tests.laws.ten import register_ten

SOURCES = sorted(Path(pages.__file__).parent.parent.rglob("*.py"))


def said(widget):
    """Return all HTML and pictures' descriptions in a widget, as one text."""
    own = widget.value if isinstance(widget, widgets.HTML) else getattr(widget, "alt", "")
    return own + "".join(said(child) for child in getattr(widget, "children", ()))


def test_pages_show_the_papers_metrics_and_those_of_electrons():
    assert readings.shown() == family("paper", "electrons")
    assert readings.by_label() == {metric.label: key for key, metric in readings.shown().items()}


@pytest.mark.parametrize(
    "made",
    [four_metrics.FourMetrics, edge_cases.Explorer, noise.NoiseLab, worst_cases.WorstCase],
    ids=lambda made: made.__name__,
)
def test_a_table_of_ten_metrics_is_not_shown_whole(made, monkeypatch):
    added = register_ten(monkeypatch)
    dashboard = made()
    dashboard.start()
    assert dashboard.message.value == ""
    header = next(csv.reader(dashboard.csv().decode().splitlines()))
    labels = [metric.label for metric in METRICS.values() if metric.label in header]
    assert labels == [metric.label for metric in readings.shown().values()]
    for key in added:
        assert METRICS[key].label not in said(dashboard.view)
        assert f'data-metric="{key}"' not in said(dashboard.view)


@pytest.mark.parametrize("gallery", [edge_cases.gallery, worst_cases.pairs])
def test_neither_are_galleries(gallery, monkeypatch):
    added = register_ten(monkeypatch)
    shown = said(gallery())
    assert 'data-metric="chi_square"' in shown
    for key in added:
        assert f'data-metric="{key}"' not in shown


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
