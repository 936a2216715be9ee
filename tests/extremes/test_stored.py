"""The searches that come with the package, and the documents that describe them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from hrtem_lab import extremes
from hrtem_lab.extremes import __main__ as command
from hrtem_lab.extremes._greys import BRIGHTEST
from hrtem_lab.metrics import METRICS
from tests.extremes.searches import LEVEL

ROOT = Path(__file__).parents[2]

# The stored curves were computed by the metrics, in the reference's single precision.
ROUNDING = 1e-5


def documented(page):
    """Return the table of stored runs in a page as {run: {column: text}}."""
    blocks = (ROOT / page).read_text(encoding="utf-8").split("\n\n")
    (lines,) = (block.splitlines() for block in blocks if block.startswith("| run |"))
    columns, _, *rows = ([cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines)
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


class TestStored:
    names = pytest.mark.parametrize("name", sorted(command.RUNS))

    def test_the_set_is_complete_and_small(self):
        assert extremes.list_stored() == sorted(command.RUNS)
        assert sum(path.stat().st_size for path in command.FOLDER.iterdir()) < 1.5e6

    @names
    def test_the_image_has_the_stored_values(self, name):
        """Within 1e-4, which leaves room for the rounding of other machines' SIFT and wavelets."""
        run, reference = extremes.load_stored(name), extremes.stored_reference()
        assert run.image.min() >= reference.min() - LEVEL
        assert run.image.max() <= reference.max() + LEVEL
        for key, metric in METRICS.items():
            assert run.values[key] == pytest.approx(metric.function(reference, run.image), abs=1e-4)
        for key in run.history.keys() - {"step"}:
            assert run.history[key][-1] == run.values[key]

    @names
    def test_the_history_improves_and_keeps_the_constraint(self, name):
        run = extremes.load_stored(name)
        steps = run.history["step"]
        assert steps[0] == 0
        assert steps[-1] == run.provenance["steps"]
        assert (np.diff(steps) > 0).all()
        sign = {"up": 1, "down": -1}[run.direction]
        assert (sign * np.diff(run.history[run.metric]) > -ROUNDING).all()
        if run.hold is not None:
            assert np.abs(run.history[run.hold] - run.hold_value).max() <= run.tolerance + ROUNDING

    @names
    def test_the_record_is_that_of_its_command(self, name):
        run, recipe = extremes.load_stored(name), command.RUNS[name]
        assert (run.name, run.title, run.reference) == (name, recipe["title"], "nb3sn")
        assert (run.metric, run.direction) == (recipe["metric"], recipe.get("direction", "up"))
        assert (run.hold, run.hold_value, run.tolerance) == tuple(
            recipe.get(field) for field in ("hold", "hold_value", "tolerance")
        )
        assert run.provenance["command"] == f"python -m hrtem_lab.extremes {name}"
        assert run.provenance["steps"] == recipe["steps"]
        assert run.provenance["start"] == recipe.get("start", "reference")
        assert set(run.provenance["versions"]) == set(command.LIBRARIES)

    @names
    @pytest.mark.parametrize("page", ["hrtem_lab/data/SOURCES.md", "docs/extremes.md"])
    def test_it_is_documented(self, name, page):
        run, row = extremes.load_stored(name), documented(page)[name]
        held = (
            "–" if run.hold is None else f"{METRICS[run.hold].label} {run.hold_value:g} ± {run.tolerance:g}"
        )
        assert row["searched"] == f"{METRICS[run.metric].label} {run.direction}"
        assert row["held"] == held
        assert row["start"] == run.provenance["start"]
        assert row["steps"] == f"{run.provenance['steps']:,}".replace(",", "\u202f")
        for key, metric in METRICS.items():
            assert float(row[metric.label]) == pytest.approx(run.values[key], abs=5.1e-4)

    @pytest.mark.parametrize("page", ["hrtem_lab/data/SOURCES.md", "docs/extremes.md"])
    def test_nothing_else_is_documented(self, page):
        assert sorted(documented(page)) == sorted(command.RUNS)

    @pytest.mark.parametrize(
        ("name", "steps"),
        [("max-mse", 500), ("max-ssim", 500), ("worst-ssim-at-mse", 300), ("best-ssim-at-mse", 300)],
    )
    def test_its_first_steps_are_repeated(self, name, steps):
        """The sums behind MSE and SSIM are exact, so that every machine repeats the search step by step."""
        run = extremes.load_stored(name)
        values = {state.step: state.value for state in run.rerun(steps=steps)}
        kept = run.history["step"] <= steps
        assert kept.sum() > 20
        assert [values[step] for step in run.history["step"][kept]] == pytest.approx(
            run.history[run.metric][kept], abs=ROUNDING
        )

    @pytest.mark.parametrize("key", ["sift", "chi_square"])
    def test_the_first_steps_of_others_are_nearly_repeated(self, key):
        run = extremes.load_stored(f"max-{key}")
        values = {state.step: state.value for state in run.rerun(steps=30)}
        kept = run.history["step"] <= 30
        assert [values[step] for step in run.history["step"][kept]] == pytest.approx(
            run.history[key][kept], abs=1e-3
        )

    def test_values_of_every_metric_are_there_whatever_the_file_names(self):
        """A file without χ² in its header gets it from its image, and keeps what it names."""
        for name in extremes.list_stored():
            run = extremes.load_stored(name)
            assert list(run.values) == list(METRICS)
        assert "chi_square" not in extremes.load_stored("max-sift").history
        assert "chi_square" in extremes.load_stored("max-chi_square").history

    def test_the_command_writes_a_run(self, tmp_path, monkeypatch, capsys):
        arguments = ["extremes", "worst-sift-at-mse", "--folder", str(tmp_path), "--steps", "3"]
        monkeypatch.setattr(sys, "argv", arguments)
        command.main()
        assert capsys.readouterr().out == "worst-sift-at-mse\n"
        with np.load(tmp_path / "worst-sift-at-mse.npz") as archive:
            again = dict(archive)
        stored = extremes.load_stored("worst-sift-at-mse").history
        assert again["step"].tolist() == stored["step"][: len(again["step"])].tolist()
        assert again["sift"] == pytest.approx(stored["sift"][: len(again["step"])], abs=1e-3)

    def test_an_unknown_name_is_one_sentence(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "argv", ["extremes", "max-psnr"])
        with pytest.raises(SystemExit):
            command.main()
        assert "names must be among max-mse" in capsys.readouterr().err
        with pytest.raises(ValueError, match=r"name must be one of best-sift-at-mse, .*, got 'max-psnr'"):
            extremes.load_stored("max-psnr")


@pytest.mark.parametrize("name", extremes.list_stored())
def test_every_pixel_has_one_of_the_levels_of_the_reference(name):
    reference = extremes.stored_reference().astype(float)
    black, white = max(reference.min(), 0), reference.max()
    levels = (extremes.load_stored(name).image - black) * (BRIGHTEST / (white - black))
    np.testing.assert_allclose(levels, np.rint(levels), rtol=0, atol=0.02)
