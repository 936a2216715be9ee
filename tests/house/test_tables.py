"""The documents' tables of metrics and worst cases are what the program writes."""

import pytest

from docs import tables
from hrtem_lab.metrics import METRICS
from tests.laws.ten import register_ten

every_document = pytest.mark.parametrize("name", tables.DOCUMENTS)


def text_of(name):
    return (tables.ROOT / name).read_text(encoding="utf-8")


def columns(table):
    return [cell.strip() for cell in table.splitlines()[0].strip("|").split("|")]


@every_document
def test_a_document_is_as_written(name):
    """If this fails: `make docs`."""
    text = text_of(name)
    assert "<!-- generated: " in text
    assert tables.written(text) == text


@every_document
def test_every_mark_has_its_end(name):
    assert text_of(name).count("<!-- generated: ") == text_of(name).count("<!-- end -->")


def test_every_table_is_used():
    texts = [text_of(name) for name in tables.DOCUMENTS]
    for table in tables.TABLES:
        assert any(f"<!-- generated: {table} -->" in text for text in texts)


def test_a_tenth_metric_gets_its_column_and_row_by_itself(monkeypatch):
    added = register_ten(monkeypatch)
    runs, rows = tables.worst_cases(), tables.metrics()
    assert columns(runs)[5:] == [metric.label for metric in METRICS.values()]
    assert {line.count("|") for line in runs.splitlines()} == {5 + 10 + 1}
    for line in runs.splitlines()[2:]:  # the added metrics are copies of the first
        values = [cell.strip() for cell in line.strip("|").split("|")][5:]
        assert float(values[-1]) == pytest.approx(float(values[0]), abs=1.1e-3)
    assert len(rows.splitlines()) == 2 + 10
    for key in added:
        assert f"| {METRICS[key].label} | `{key}` | classic |" in rows


def test_what_stands_around_a_table_is_left_alone():
    text = "before\n<!-- generated: metrics -->\nanything\n<!-- end -->\nafter\n"
    written = tables.written(text)
    assert written.startswith("before\n<!-- generated: metrics -->\n\n| metric |")
    assert written.endswith("|\n\n<!-- end -->\nafter\n")
    assert tables.written(written) == written


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match=r"must be one of metrics, worst cases, .*, got 'sizes'"):
        tables.written("<!-- generated: sizes -->\n<!-- end -->")


def test_the_command_writes_what_is_there(tmp_path, monkeypatch, capsys):
    (tmp_path / "page.md").write_text("<!-- generated: metrics -->\n<!-- end -->\n", encoding="utf-8")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "DOCUMENTS", ("page.md",))
    tables.main()
    assert tables.metrics() in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == "Wrote the tables of page.md.\n"
