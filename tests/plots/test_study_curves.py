"""The curves of the studies: what is drawn where."""

import numpy as np
import pytest

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


@pytest.mark.parametrize("doses", [[3.0], [0.2, 50.0]])
def test_doses_lie_within_both_their_axes(doses):
    """1 e⁻/Å² is 100 e⁻/nm²; differences of at most 1 fill the height."""
    draws, area = np.full((len(doses), 2), 0.5), np.ones(len(doses))
    figure = dose_curves(np.array(doses), "mse", draws, draws, {"mse": (area, area, area)})
    figure.draw_without_rendering()
    assert figure.axes[0].get_ylim() == (0, 1)
    for axes in figure.axes:
        low, high = axes.get_xlim()
        assert low <= 100 * doses[0] <= 100 * doses[-1] <= high
        assert low < 100 * np.mean(doses) < high
        assert axes.child_axes[0].get_xlim() == pytest.approx((low / 100, high / 100))


def test_the_band_is_one_standard_deviation_of_the_diameters_found():
    draws = np.array([[3.0, 4.0, np.nan], [5.0, 5.0, 8.0]])
    (band,) = size_curves([3, 6], {"a": draws}).axes[0].collections
    corners = band.get_paths()[0].vertices
    for true, found in ((3, draws[0, :2]), (6, draws[1])):
        heights = corners[corners[:, 0] == true, 1]
        middle, spread = found.mean(), found.std(ddof=1)
        assert (heights.min(), heights.max()) == pytest.approx((middle - spread, middle + spread))
