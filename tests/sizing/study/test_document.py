"""The tables of `docs/sizing.md` are those of the stored study."""

from pathlib import Path

import numpy as np
import pytest

from hrtem_lab.sizing import detection_limit, dose_needed


def markdown(values, row_names, decimals=2):
    """Return the body of a table as the document has it."""
    rows = []
    for name, row in zip(row_names, values, strict=True):
        cells = ["–" if np.isnan(value) else f"{value:.{decimals}f}".replace("-", "−") for value in row]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


class TestDocument:
    text = (Path(__file__).parents[3] / "docs" / "sizing.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("name", "method", "scale", "decimals"),
        [
            ("rms_error", "sphere", 1, 2),
            ("bias", "sphere", 1, 2),
            ("detection_rate", "sphere", 100, 0),
            ("misclassified_share", "sphere", 100, 0),
            ("rms_error", "ideal", 1, 2),
            ("bias", "fixed", 1, 1),
            ("bias", "paper_optimised", 1, 1),
            ("bias", "false_alarm_compact", 1, 1),
        ],
    )
    def test_its_tables_are_the_study_s(self, table, name, method, scale, decimals):
        values = scale * table[name].sel({"method": method}).transpose("diameter", "dose_per_area").values
        assert markdown(values + 0.0, table.diameter.values, decimals) in self.text

    @pytest.mark.parametrize("tolerance", [None, 0.5])
    def test_its_limits_are_the_study_s(self, stored, tolerance):
        limit = detection_limit(stored, tolerance=tolerance).diameter.transpose("method", "dose_per_area")
        names = [f"`{name}`" for name in stored.method.values]
        assert markdown(limit.values, names, 0) in self.text

    def test_its_false_alarms_are_the_study_s(self, table):
        rate = 100 * table.false_alarm_rate.transpose("method", "dose_per_area").values
        assert markdown(rate, [f"`{name}`" for name in table.method.values], 0) in self.text

    @pytest.mark.parametrize("method", ["sphere", "ideal", "paper_optimised"])
    def test_its_coverage_is_the_study_s(self, table, method):
        rows = table.sel({"method": method})
        shares = []
        for doses in (slice(0, 1), slice(2, None)):
            part = rows.sel(dose_per_area=doses)
            held = float((part.coverage * part.detection_rate).sum() / part.detection_rate.sum())
            shares.append(f"{100 * held:.0f} %")
        assert " and ".join(shares) in " ".join(self.text.split())

    def test_its_doses_are_relative_to_the_ideal_observer_s(self, stored):
        columns = []
        for tolerance in (None, 0.5):
            needed = dose_needed(stored, tolerance=tolerance).sel(diameter=slice(2, 8))
            ideal = needed.loc["ideal"]
            columns += [
                100 * ideal,
                *(needed.loc[name] / ideal for name in ("sphere", "paper_optimised", "fixed")),
            ]
        rows = [
            f"| {diameter} | "
            + " | ".join("–" if np.isnan(value) else f"{value:.{int(value < 10)}f}" for value in row)
            for diameter, row in zip(range(2, 9), np.array(columns).T, strict=True)
        ]
        assert " |\n".join(rows) in self.text
