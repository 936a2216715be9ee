"""The tables of the study of mismatches in `docs/sizing.md` hold the study's numbers."""

import re
from pathlib import Path

import numpy as np
import pytest

from docs import mismatches as tables
from hrtem_lab.sizing.mismatches import KINDS, MISMATCHES, stored_mismatch_study

ROOT = Path(__file__).parents[3]
STORED = stored_mismatch_study()


def cells(table):
    """Return a table's header and its rows by their first cell."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return lines[0], {tuple(line[:1]): line[1:] for line in lines[2:]}


def number(written):
    return np.nan if written == "–" else float(written.replace("−", "-"))


@pytest.mark.parametrize("table", [tables.alarms, tables.counted_alarms])
def test_false_alarms_are_counted(table):
    header, rows = cells(table())
    assert len(rows) == len(STORED.mismatches)
    for index, key in enumerate(STORED.mismatches):
        for name, written in zip(header[1:], rows[MISMATCHES[key].label,], strict=True):
            seen = STORED.alarms[STORED.methods.index(name.strip("`")), index]
            for dose, share in enumerate(written.split(" / ")):
                asked = seen[dose][np.isfinite(seen[dose])]
                expected = 100 * (asked > 0).mean() if asked.size else np.nan
                assert number(share) == pytest.approx(expected, abs=0.51, nan_ok=True)


def test_every_method_has_its_column_once():
    columns = [name for table in (tables.alarms, tables.counted_alarms) for name in cells(table())[0][1:]]
    wanted = [f"`{name}`" for name in STORED.methods if not name.endswith("_compact")]
    assert sorted(columns) == sorted(wanted)


def test_sizes_are_those_of_the_sphere():
    lines = [line.strip("| ").split(" | ") for line in tables.sizes().splitlines()[2:]]
    assert len(lines) == len(KINDS) * len(STORED.doses)
    sphere = STORED.methods.index("sphere")
    for kind, dose, exposures, found, bias, rms, holds, width in lines:
        which = np.array([KINDS[one] == kind for one in STORED.kinds])
        place = int(np.abs(100 * STORED.doses - float(dose.replace("\u202f", ""))).argmin())
        diameters = STORED.found[sphere][:, place][:, which]
        error = diameters - STORED.diameters[which, None]
        assert int(exposures) == diameters.size
        assert number(found) == pytest.approx(100 * np.isfinite(diameters).mean(), abs=0.51)
        if not np.isfinite(diameters).any():
            assert (bias, rms, holds, width) == ("–", "–", "–", "–")
            continue
        assert number(bias) == pytest.approx(np.nanmean(error), abs=0.006)
        assert number(rms) == pytest.approx(np.sqrt(np.nanmean(error**2)), abs=0.006)
        low, high = (one[sphere][:, place][:, which] for one in (STORED.low, STORED.high))
        truth = STORED.diameters[which, None]
        held = ((low <= truth + 1e-5) & (truth <= high + 1e-5))[np.isfinite(diameters)]
        assert number(holds) == pytest.approx(100 * held.mean(), abs=0.51)
        assert number(width) == pytest.approx(np.nanmedian(high - low) / 2, abs=0.006)


def test_mismatches_are_compared_for_spheres_of_five_cells_or_more():
    _, rows = cells(tables.sizes_by_mismatch())
    which = (np.isin(STORED.kinds, ("grid", "sphere"))) & (STORED.diameters >= 5)
    for index, key in enumerate(STORED.size_mismatches):
        for place, written in enumerate(rows[MISMATCHES[key].label,]):
            found = STORED.found[STORED.methods.index("sphere"), index, place][which]
            error = (found - STORED.diameters[which, None])[np.isfinite(found)]
            rms = np.sqrt(np.mean(error**2)) if error.size else np.nan
            assert number(written.split(" ")[0]) == pytest.approx(rms, abs=0.006, nan_ok=True)


def test_methods_are_compared_without_a_mismatch_and_with_several():
    header, rows = cells(tables.sizes_by_method())
    assert header[1].startswith("none, ")
    assert header[-1].startswith("several at once, ")
    place = int(np.abs(STORED.doses - 50).argmin())
    column = header.index("several at once, 5\u202f000") - 1
    for (name,), row in rows.items():
        errors = STORED.errors(
            name.strip("`"), dose=place, kinds=["grid", "sphere"], mismatches=["several"], smallest=5
        )
        rms, found = row[column].strip(")").split(" (")
        assert number(rms) == pytest.approx(errors.rms, abs=0.006, nan_ok=True)
        assert number(found) == pytest.approx(100 * errors.found, abs=0.51, nan_ok=True)


def test_pairs_are_both_found_or_not():
    (row,) = cells(tables.pairs())[1].values()
    shares = [100 * STORED.both_found("sphere", dose=place) for place in range(len(STORED.doses))]
    assert [number(one) for one in row] == pytest.approx(shares, abs=0.51)


def test_methods_tell_how_often_they_are_asked():
    _, rows = cells(tables.methods())
    assert [name for (name,) in rows] == [f"`{name}`" for name in STORED.methods]
    for (_, exposures), alarms in zip(rows.values(), STORED.alarms, strict=True):
        assert int(exposures) == np.isfinite(alarms).sum(axis=-1).max()


def shown():
    """Return the paragraph that says what the study shows."""
    text = (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8")
    (paragraph,) = re.findall(r"\*\*What it shows\.\*\* (.*?)\n\n", text, re.DOTALL)
    return " ".join(re.sub(r"(?<=\d)\u202f(?=\d)", "", paragraph).split())


def errors(kind):
    return [STORED.errors("sphere", dose=index, kinds=[kind]) for index in range(len(STORED.doses))]


def span(values, digits=2):
    low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return f"{low} to {high}"


class TestWhatItShows:
    def test_false_alarms(self):
        for words, method in (
            ("the sphere takes at most", "sphere"),
            ("a reference at most", "sphere_alone"),
        ):
            shares = STORED.false_alarms(method)
            assert f"{words} {100 * np.nanmax(shares):.0f}" in shown()
            assert not shares[:, STORED.alarm_doses > 5].any()
        untold = STORED.false_alarms("ideal_untold")
        fooled = [STORED.mismatches[row] for row in np.flatnonzero((untold == 1).all(axis=1))]
        assert fooled == ["shift-0.3", "shift-0.5", "blur", "phonons"]
        assert STORED.alarms.shape[-1] == 100

    def test_sizes(self):
        spheres = errors("sphere")
        at_500, higher = spheres[1], spheres[2:]
        assert np.allclose(STORED.doses, [2, 5, 10, 50, 500])
        rms = [f"{one.rms:.2f}" for one in higher]
        assert f"rms of {rms[0]}, {rms[1]} and {rms[2]} cells" in shown()
        assert f"{at_500.rms:.2f} at 500" in shown()
        assert f"the truth in {span([100 * one.coverage for one in spheres], 0)} %" in shown()
        assert f"half-width of {span([one.half_width for one in higher])} cells" in shown()
        assert f"{span([one.bias for one in spheres], 1)} cells too large" in shown()
        others = [span([one.rms for one in errors(kind)[2:]]) for kind in ("ellipsoid", "facetted")]
        assert f"rms of {others[0]} and {others[1]} there" in shown()
        facetted = errors("facetted")
        assert f"{span([one.bias for one in facetted], 1)} too large" in shown()
        assert f"at 500 the interval holds {100 * facetted[1].coverage:.0f} % of them" in shown()
        assert min(one.coverage for one in facetted) == facetted[1].coverage

    def test_pairs(self):
        both = [100 * STORED.both_found("sphere", dose=index) for index in range(len(STORED.doses))]
        assert both[2:] == [100, 100, 100]
        assert f"in {both[1]:.0f} % at 500 and in {both[0]:.0f} % at 200" in shown()
