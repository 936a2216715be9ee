"""The doses of the document's table: a fit that knows its error, and a second seed within the intervals."""

import re
from pathlib import Path

import numpy as np
import pytest

from hrtem_lab.dose import __main__ as table
from hrtem_lab.dose._needed import FINE, NeededDose, fitted_dose, materials, needed_dose
from hrtem_lab.metrics import METRICS, family
from tests.dose.examples import BRIGHTNESS, NORMAL, PIXELS, normal_study

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "dose.md").read_text(encoding="utf-8")
CHAPTER = (ROOT / "notebooks" / "05_low_dose.py").read_text(encoding="utf-8").replace("\n# ", " ")
ROW = re.compile(
    r"^\| (?P<cells>\d) × \d, (?P<pixels>\d+) \| (?P<brightness>equal|as simulated) \| .*$", re.M
)
ENTRY = re.compile(r"(?P<dose>[\d.]+), \*\*(?P<ratio>[\d.]+)\*\* \[(?P<low>[\d.]+), (?P<high>[\d.]+)\]")


def stated():
    """Return (cells, pixels per cell, brightness) → (ideal, [(dose, ratio, low, high) by metric])."""
    found = {}
    for row in ROW.finditer(DOCUMENT):
        ideal, *entries = [cell.strip() for cell in row[0].strip("|").split("|")][2:]
        numbers = [tuple(map(float, ENTRY.fullmatch(entry).groups())) for entry in entries]
        found[int(row["cells"]), int(row["pixels"]), row["brightness"]] = float(ideal), numbers
    return found


def drawn(rng, doses, draws, strength=1.0):
    """Return normal draws whose d′ is strength × √dose, shape (doses, draws) each."""
    same, other = rng.normal(size=(2, len(doses), draws))
    return same, other + strength * np.sqrt(doses)[:, None]


class TestFittedDose:
    TRUTH = 2 * NORMAL.inv_cdf(0.95) ** 2

    @pytest.mark.parametrize("off", [0.75, 1, 1.3])
    def test_finds_where_an_analytic_curve_crosses(self, off):
        """AUC = Φ(√dose / √2), also if the doses lie to one side of the crossing."""
        study = normal_study(self.TRUTH * off * FINE, 1)["difference"].values
        assert fitted_dose(self.TRUTH * off * FINE, *study).dose == pytest.approx(self.TRUTH, rel=0.01)

    def test_its_error_is_how_far_runs_scatter_and_it_is_not_biased(self):
        """Sixty runs: their scatter is known to 9 %."""
        rng = np.random.default_rng(3)
        doses = self.TRUTH * FINE
        runs = [fitted_dose(doses, *drawn(rng, doses, 100)) for _ in range(60)]
        found = np.log([run.dose for run in runs])
        error = np.mean([run.error for run in runs])
        assert error == pytest.approx(found.std(), rel=0.27)
        assert found.mean() == pytest.approx(np.log(self.TRUTH), abs=3.3 * error / np.sqrt(60))

    def test_draws_in_perfect_order_are_no_infinity(self):
        same, other = drawn(np.random.default_rng(1), np.array([3.0, 5, 8, 50, 500]), 40)
        found = fitted_dose(np.array([3.0, 5, 8, 50, 500]), same, other)
        assert np.isfinite([found.dose, found.error]).all()

    def test_the_interval_is_for_the_difference_of_two_runs(self):
        low, high = NeededDose(2.0, 0.1).interval()
        assert np.log(high / 2) == pytest.approx(4 * np.sqrt(2) * 0.1)
        assert low * high == pytest.approx(4)


class TestNeededDose:
    @pytest.mark.parametrize("misled", [1, 1.8])
    def test_is_right_for_a_metric_whose_distribution_is_known(self, monkeypatch, misled):
        """The mean of counted electrons: the dose at which two Poisson numbers, nearly normal, differ. A
        first stage that says nearly twice the dose costs another round.
        """
        monkeypatch.setitem(METRICS, "brightness", BRIGHTNESS)
        dim, bright = np.full((16, 16), 0.9), np.full((16, 16), 1.0)
        expected = 2 * NORMAL.inv_cdf(0.95) ** 2 * 0.95 / (0.1**2 * 256)
        stages = []

        def fitted(doses, *draws):
            stages.append(doses)
            found = fitted_dose(doses, *draws)
            return NeededDose(misled * found.dose, found.error) if len(stages) == 1 else found

        monkeypatch.setattr("hrtem_lab.dose._needed.fitted_dose", fitted)
        found = needed_dose(
            "brightness", dim, bright, detector=PIXELS, draws=400, rng=np.random.default_rng(5)
        )
        assert abs(np.log(found.dose / expected)) < 3.3 * found.error < 0.35
        assert len(stages) == (2 if misled == 1 else 3)
        assert stages[-1][0] < expected < stages[-1][-1]

    def test_too_few_draws_are_refused(self):
        dim, bright = np.full((16, 16), 0.9), np.full((16, 16), 1.0)
        with pytest.raises(ValueError, match="draws must be at least 40 to fit a curve, got 39"):
            needed_dose("mse", dim, bright, detector=PIXELS, draws=39, rng=np.random.default_rng(5))


class TestTable:
    def test_the_document_has_every_entry(self):
        """The interval lies around the ratio, which is that of the two doses; no metric beats the ideal."""
        found = stated()
        assert list(found) == [(*setting, name) for setting in table.SETTINGS for name in table.BRIGHTNESS]
        for ideal, entries in found.values():
            assert len(entries) == len(family("paper", "electrons"))
            for dose, ratio, low, high in entries:
                assert ratio > 1
                assert low < ratio < high
                assert dose / ideal == pytest.approx(ratio, abs=0.01 + 0.06 / ideal * ratio)
                assert low * high == pytest.approx(ratio**2, rel=0.02)

    def test_the_document_says_what_the_command_does(self):
        for words in (
            f"seed {table.SEED}",
            f"{table.DRAWS} draws",
            f"{table.SLOW_DRAWS} for",
            "python -m hrtem_lab.dose",
        ):
            assert words in DOCUMENT

    def test_sentences_about_the_table_say_what_it_holds(self):
        ratios = {setting: [ratio for _, ratio, *_ in entries] for setting, (_, entries) in stated().items()}
        equal, simulated = ratios[4, 32, "equal"], ratios[4, 32, "as simulated"]
        least, most = min(*equal, *simulated), max(*equal, *simulated)
        assert f"On 4 × 4 cells they need {least:.1f} to {most:.1f} times" in DOCUMENT
        needed = f"{table.DRAWS} exposures per dose give {min(equal):.1f} to {max(equal):.1f} times"
        assert needed in CHAPTER
        mse, ssim, cw_ssim = 0, 1, 2
        same = [numbers for (*_, name), numbers in ratios.items() if name == "equal"]
        least, most = min(numbers[mse] for numbers in same), max(numbers[mse] for numbers in same)
        assert f"MSE needs {least:.1f} to {most:.1f} times the ideal dose" in DOCUMENT
        assert all(numbers[mse] < 1.1 * min(numbers) for numbers in same)
        smaller = [numbers for (cells, _, name), numbers in ratios.items() if cells < 4 and name == "equal"]
        assert all(max(numbers) == numbers[cw_ssim] and 4.5 < max(numbers) < 7.5 for numbers in smaller)
        finer = [ratios[1, 64, name][ssim] / ratios[1, 32, name][ssim] for name in table.BRIGHTNESS]
        assert all(1.5 < factor < 3.5 for factor in finer)

    def test_the_command_prints_a_line_as_the_document_has_it(self, capsys):
        table.main(["--metrics", "mse", "chi_square", "--cells", "2", "--draws", "40", "--seed", "3"])
        header, line, *rows = capsys.readouterr().out.splitlines()
        assert header == "| cells, px per cell | brightness | ideal | MSE | χ² |"
        assert line == "| --- | --- | --- | --- | --- |"
        assert [ROW.fullmatch(row)["brightness"] for row in rows] == ["equal", "as simulated"]
        for row, (ideal, _) in zip(rows, list(stated().values())[2:4], strict=True):
            limit, *entries = [cell.strip() for cell in row.strip("|").split("|")][2:]
            assert float(limit) == ideal
            assert all(ENTRY.fullmatch(entry) for entry in entries)

    def test_an_entry_does_not_depend_on_the_others(self, capsys):
        lines = []
        for metrics in (["mse"], ["chi_square", "mse"]):
            table.main(["--metrics", *metrics, "--cells", "1", "--draws", "40"])
            lines.append([line.split("|")[-2] for line in capsys.readouterr().out.splitlines()])
        assert lines[0] == lines[1]

    @pytest.mark.parametrize(
        ("option", "given", "least"),
        [("--draws", "39", 40), ("--draws", "many", 40), ("--seed", "-1", 0), ("--seed", "--1", 0)],
    )
    def test_an_option_out_of_range_is_refused_before_a_line_is_printed(self, capsys, option, given, least):
        with pytest.raises(SystemExit):
            table.main([f"{option}={given}"])
        printed = capsys.readouterr()
        assert not printed.out
        assert f"{option}: must be a whole number of at least {least}, got {given}" in printed.err

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("setting", "brightness", "key"),
        [((4, 32), "equal", "mse"), ((4, 32), "as simulated", "mse"), ((1, 32), "equal", "ssim")],
    )
    def test_a_second_seed_lies_inside_the_stated_interval(self, setting, brightness, key):
        ideal, entries = stated()[(*setting, brightness)]
        _, _, low, high = entries[list(family("paper", "electrons")).index(key)]
        same, other, detector = materials(*setting, equal=table.BRIGHTNESS[brightness])
        again = needed_dose(
            key, same, other, detector=detector, draws=table.DRAWS, rng=np.random.default_rng(31)
        )
        assert low < 100 * again.dose / ideal < high
