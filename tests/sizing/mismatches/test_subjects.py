"""Specimens of the study of mismatches: what is true of them, and which precipitate a method found."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import center_of_mass, label

from hrtem_lab.sizing.mismatches import KINDS
from hrtem_lab.sizing.mismatches._subjects import subjects
from hrtem_lab.waves import load_off_grid_specimen, load_study_specimens
from tests.sizing.crystals import CELL

SPECIMENS = {
    **load_study_specimens(),
    **{
        f"{name}-293K": load_off_grid_specimen(name)
        for name in ("ellipsoid", "facetted", "high-sphere", "pair", "small-sphere")
    },
}
NAN = (np.nan, np.nan)


def found(*precipitates, detected=True):
    """What a method says that found precipitates of (diameter in cells, place in cells)."""
    first, *others = (
        SimpleNamespace(
            detected=detected,
            diameter=diameter * CELL,
            low=(diameter - 1) * CELL,
            high=(diameter + 1) * CELL,
            center=(place[0] * CELL, place[1] * CELL),
        )
        for diameter, place in precipitates
    )
    first.others = tuple(others)
    return first


class TestTruth:
    def test_there_is_something_of_each_kind(self):
        kinds = [one.kind for one in subjects().values()]
        assert {kind: kinds.count(kind) for kind in KINDS} == {
            "grid": 5,
            "sphere": 6,
            "ellipsoid": 2,
            "facetted": 2,
            "pair": 2,
            "vibrating": 5,
        }
        assert set(SPECIMENS) | {f"grid-{d:02d}" for d in (4, 6, 8, 10, 13)} == set(subjects())

    @pytest.mark.parametrize("name", SPECIMENS)
    def test_it_is_what_the_map_of_depths_shows(self, name):
        depth, subject = SPECIMENS[name].depth, subjects()[name]
        regions, number = label(depth > 0)
        assert number == len(subject.diameters)
        places = np.array(center_of_mass(depth, regions, range(1, number + 1))) / 8 + 1 / 16
        for diameter, center in zip(subject.diameters, subject.centers, strict=True):
            region = np.linalg.norm(places - center, axis=1).argmin()
            assert places[region] == pytest.approx(center, abs=0.01)
            # A map shows every pixel that a precipitate touches.
            seen = 2 * np.sqrt((regions == region + 1).sum() / 64 / np.pi)
            assert 0 < seen - diameter < 0.2

    def test_spheres_have_their_own_diameter(self):
        for name, specimen in load_study_specimens().items():
            if name.startswith("sphere"):
                (diameter,) = subjects()[name].diameters
                assert specimen.depth.max() / CELL == pytest.approx(diameter, abs=0.05)
                assert f"a sphere of {diameter:g} cells" in specimen.description

    def test_they_are_printed_in_one_line(self):
        assert repr(subjects()["pair-293K"]) == "<Subject 'pair-293K': 4.4, 6.1 cells>"


class TestMatching:
    pair = "pair-293K"  # 4.4 cells at (5.2, 4.7), 6.1 at (10.4, 11.3)

    def test_two_are_told_apart_by_their_places(self):
        size = found((7.0, (5, 5)), (4.0, (10, 11)))
        assert subjects()[self.pair].matched(size)[:, 0] == pytest.approx([7, 4])

    def test_one_is_the_nearer_one(self):
        matched = subjects()[self.pair].matched(found((5.0, (5, 5))))
        assert matched[0] == pytest.approx([5, 4, 6])
        assert np.isnan(matched[1]).all()

    def test_one_without_a_place_is_the_larger_one(self):
        size = found((5.0, NAN))
        del size.center, size.others
        matched = subjects()[self.pair].matched(size)[:, 0]
        assert np.isnan(matched[0])
        assert matched[1] == pytest.approx(5)

    def test_two_without_places_are_sorted(self):
        matched = subjects()[self.pair].matched(found((6.0, NAN), (4.0, NAN)))
        assert matched[:, 0] == pytest.approx([4, 6])

    def test_of_three_the_two_nearest_count(self):
        size = found((9.0, (1, 15)), (6.0, (10, 11)), (4.0, (5, 5)))
        assert subjects()[self.pair].matched(size)[:, 0] == pytest.approx([4, 6])

    def test_where_there_is_one_the_first_counts(self):
        matched = subjects()["sphere-1"].matched(found((9.0, (1, 15)), (5.4, (5.5, 10.3))))
        assert matched[0] == pytest.approx([9, 8, 10])
        assert np.isnan(matched[1]).all()

    def test_nothing_is_nothing(self):
        assert np.isnan(subjects()["sphere-1"].matched(found((9.0, (1, 15)), detected=False))).all()
