"""What a sphere does to the cells: courses over the length of beam inside it."""

import numpy as np
import pytest

from hrtem_lab.sizing._evidence import chords
from hrtem_lab.sizing._evidence.chords import BLUR, CORRELATION, over_cells, profiles

every_diameter = pytest.mark.parametrize("diameter", [1.0, 2.7, 6.0, 13.4])


@pytest.fixture
def sharp(monkeypatch):
    """Beams that do not spread."""
    monkeypatch.setattr(chords, "BLUR", 1e-6)
    profiles.cache_clear()
    yield
    profiles.cache_clear()


@every_diameter
def test_courses_vanish_beyond_the_rim_and_its_blur(diameter):
    radii, courses = profiles(diameter, 40)
    assert radii[-1] > diameter / 2 + 3 * BLUR
    beyond = np.abs(courses[:, radii > diameter / 2 + 3 * BLUR])
    assert beyond.max() < 0.01 * np.abs(courses[0]).max()


@every_diameter
def test_the_strongest_course_follows_the_chord(diameter):
    radii, courses = profiles(diameter, 40)
    inside = radii <= diameter / 2
    chord = 2 * np.sqrt(np.maximum((diameter / 2) ** 2 - radii**2, 0))
    assert np.corrcoef(np.abs(courses[0])[inside], chord[inside])[0, 1] > (0.97 if diameter > 2 else 0.9)
    energy = (courses**2 * radii).sum(axis=1)  # over rings
    assert (np.diff(energy) < 0).all()


@pytest.mark.usefixtures("sharp")
@pytest.mark.parametrize(("diameter", "depth"), [(4.0, 40), (9.0, 40), (9.0, 5)])
def test_all_courses_together_have_the_covariance_of_a_contrast_that_changes_with_depth(diameter, depth):
    radii, courses = profiles(diameter, depth)
    inside = radii < 0.93 * diameter / 2
    t = np.minimum(2 * np.sqrt((diameter / 2) ** 2 - radii[inside] ** 2), depth)
    expected = np.outer(t, t) / depth**2 * np.exp(-((t[:, None] - t) ** 2) / (2 * CORRELATION**2))
    found = courses[:, inside].T @ courses[:, inside]
    np.testing.assert_allclose(found, expected, atol=0.02 * expected.max())


def test_the_blur_keeps_the_whole_change():
    """Of a course over the plane, whatever the spread of the beams."""
    axis = np.arange(-8.0, 8.0)
    blurred = over_cells(6.0, 40, axis, axis)[0].sum(dtype=float)
    profiles.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chords, "BLUR", 1e-6)
        sharp = over_cells(6.0, 40, axis, axis)[0].sum(dtype=float)
    profiles.cache_clear()
    assert blurred == pytest.approx(sharp, rel=0.01)


def test_beams_spread_over_half_a_cell():
    """A cell that the sphere does not touch changes, one that is a cell away does not."""
    course = np.abs(over_cells(6.0, 40, np.array([-0.5]), np.arange(-0.5, 6.0))[0, 0])
    assert 0.005 < course[4] / course[0] < 0.08  # from 3.5 to 4.5 cells, the rim is at 3
    assert course[5] / course[0] < 0.002


def test_cells_turned_about_the_centre_or_moved_with_it_change_alike():
    axis = np.arange(-5.0, 5.0)
    plain = over_cells(6.0, 40, axis, axis)
    np.testing.assert_allclose(plain, plain.transpose(0, 2, 1), atol=1e-6)
    np.testing.assert_allclose(plain, plain[:, ::-1], atol=1e-6)
    moved = over_cells(6.0, 40, axis + 1, axis)
    np.testing.assert_allclose(moved[:, :-1], plain[:, 1:], atol=1e-6)
    few = over_cells(6.0, 40, axis, axis, terms=2)
    np.testing.assert_array_equal(few, plain[:2])


def test_a_cell_holds_the_mean_of_its_parts():
    parts = (np.arange(12) + 0.5) / 12  # a third of a part of the module's
    fine = over_cells(5.0, 40, 2.0 + parts - 1 / 24, np.array([0.0]))
    radii, courses = profiles(5.0, 40)
    y, x = np.meshgrid(2.0 + parts, parts, indexing="ij")
    expected = np.interp(np.hypot(y, x), radii, courses[0]).mean()
    assert over_cells(5.0, 40, np.array([2.0]), np.array([0.0]))[0, 0, 0] == pytest.approx(expected, rel=0.01)
    assert fine.shape == (chords.TERMS, 12, 1)
