"""The curves of the studies: what is drawn where."""

import numpy as np

from hrtem_lab.plots import dose_curves, size_curves

DOSES = np.geomspace(1, 20_000, 12) / 100  # e⁻/Å²


def test_the_figure_shows_both_units_and_the_ideal_observer_in_both_axes():
    same = np.linspace(0.9, 0.1, 12)[:, None] + np.zeros(3)
    other = np.full((12, 3), 0.9)
    areas = {"sift": (np.linspace(0.5, 1, 12),) * 3}
    ideal = np.linspace(0.6, 1, 12)
    figure = dose_curves(DOSES, "sift", same, other, areas, ideal)
    left, right, beside = figure.axes
    assert left.get_xlim() == right.get_xlim() == (1, 20_000)
    assert [axes.get_xlabel() for axes in (left, right)] == ["dose (e⁻/nm²)"] * 2
    for axes in (beside, right):
        assert any(np.array_equal(line.get_ydata(), ideal) for line in axes.lines)
    np.testing.assert_array_equal(left.lines[0].get_ydata(), same.mean(axis=1))
    figure.draw_without_rendering()


def test_what_is_not_detectable_is_in_the_strip_alone():
    draws = np.array([[np.nan, np.nan], [np.nan, 3.0], [4.0, 6.0]])
    figure = size_curves([1, 3, 5], {"a": draws}, points={"b": [(3, np.nan), (5, 4.0)]})
    above, below = figure.axes
    lines = {line.get_label(): line for line in above.lines}
    np.testing.assert_array_equal(lines["a"].get_ydata(), [np.nan, 3, 5])
    np.testing.assert_array_equal(lines["b"].get_xdata(), [5])
    np.testing.assert_array_equal(below.lines[0].get_ydata(), [1, 0.5, 0])
    np.testing.assert_array_equal(below.lines[1].get_xdata(), [3])
