"""A figure straight from a result: one call, whatever the result is."""

import matplotlib
import numpy as np
import pytest

from hrtem_lab.dose import Sweep, difference_curve, discriminability, ideal_observer, predicted_auc
from hrtem_lab.edge_cases import edge_cases
from hrtem_lab.extremes import load_stored, maximise
from hrtem_lab.metrics import METRICS, prepare
from hrtem_lab.noise import Detector
from hrtem_lab.plots import comparison, difference_curves, draw, gallery, search_curves
from hrtem_lab.sizing import detection_limit, load_study, size_precipitate, stored_study

CRYSTAL = np.tile(0.2 + 0.8 * np.outer(np.hanning(16), np.hanning(16)), (4, 4))
CHANGED = CRYSTAL.copy()
CHANGED[16:48, 16:48] = 0.6
DARKENED = CRYSTAL.copy()
DARKENED[16:48, 16:48] = 0
DOSES = [0, 100, 10]  # in any order, and one that has no logarithm
DETECTOR = Detector(sampling=0.3)
OPTIONS = {"repeats": 3, "detector": DETECTOR, "rng": 1}


def five_times(reference, image):
    return 5 * float(np.abs(reference - image).mean())


@pytest.fixture(scope="module")
def found():
    return discriminability(["mse", five_times], CRYSTAL, CHANGED, DOSES, workers=1, **OPTIONS)


@pytest.fixture(scope="module")
def study():
    return load_study()


def words(figure):
    """Return what a figure says: labels, titles and legends."""
    return " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


class TestDose:
    def test_how_well_materials_are_told_apart(self, found):
        figure = draw(found)
        left, right = figure.axes
        assert [line.get_label() for line in right.lines[:2]] == ["MSE", "five_times"]
        np.testing.assert_array_equal(right.lines[0].get_xdata(), [1000, 10_000])
        np.testing.assert_array_equal(right.lines[0].get_ydata(), found["auc"].values[0, [2, 1]])
        mean = found["difference"].sel(metric="mse", image="same").mean("repeat").values
        np.testing.assert_allclose(left.lines[0].get_ydata(), mean[[2, 1]])
        figure.draw_without_rendering()

    def test_the_ideal_observer_beside_it(self, found):
        limit = ideal_observer(CRYSTAL, CHANGED, DOSES, **OPTIONS)
        by_hand = predicted_auc(CRYSTAL, CHANGED, [10, 100], detector=DETECTOR)
        for ideal in (limit, by_hand):
            figure = draw(found.isel(metric=0), ideal=ideal)
            assert any(np.allclose(line.get_ydata(), by_hand) for line in figure.axes[1].lines[1:2])
        with pytest.raises(ValueError, match="ideal must hold the area at each of the 2 doses"):
            draw(found, ideal=[1.0])
        alone = draw(limit)
        np.testing.assert_allclose(alone.axes[0].lines[1].get_ydata(), by_hand)

    @pytest.mark.parametrize("images", [CHANGED, {"one": CRYSTAL, "two": CHANGED}])
    @pytest.mark.parametrize("metric", ["mse", ["mse", five_times]])
    def test_differences_by_dose(self, images, metric):
        table = difference_curve(metric, CRYSTAL, images, DOSES, workers=1, **OPTIONS)
        (axes,) = draw(table).axes
        assert len(axes.lines) == (2 if isinstance(metric, list) else 1) * (
            len(images) if images is not CHANGED else 1
        )
        assert axes.get_xlabel() == "dose (e⁻/nm²)"
        drawn = max(line.get_ydata().max() for line in axes.lines)
        assert axes.get_ylim()[1] >= max(1, drawn)

    def test_a_sweep_and_a_single_dose(self):
        sweep = Sweep(["ssim"], CRYSTAL, {"x": CHANGED}, [5], repeats=1, detector=DETECTOR, rng=1)
        for _ in sweep.run(workers=1):
            pass
        figure = draw(sweep)
        assert "SSIM, x" in words(figure)
        figure.draw_without_rendering()

    def test_a_table_without_a_dose_is_refused(self, found):
        with pytest.raises(ValueError, match="result must hold a dose above 0, got none"):
            draw(found.isel(dose_per_area=[0]))


class TestSizing:
    @pytest.mark.parametrize("image", [DARKENED, CRYSTAL], ids=["found", "nothing"])
    def test_a_size_is_a_map_with_its_cells_and_number(self, image):
        options = {"cells": 4, "dose_per_area": None, "sampling": 0.3, "method": "fixed", "metric": "mse"}
        size = size_precipitate(CRYSTAL, image, **options)
        figure = draw(size)
        assert len(figure.axes[0].patches) == size.mask.sum() == (4 if image is DARKENED else 0)
        said = figure.axes[0].get_title()
        assert (f"{size.diameter / 10:.3g} nm" in said) == size.detected
        assert ("no precipitate detectable" in said) != size.detected

    def test_a_study_is_its_limits_by_dose(self, study):
        for result in (study, detection_limit(study), stored_study()):
            axes = draw(result).axes[0]
            assert "smallest diameter" in axes.get_ylabel()
            assert len(axes.lines) == study.sizes["method"]
            drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
            np.testing.assert_array_equal(drawn["sphere by likelihood"], stored_study().limits("sphere"))

    def test_a_study_at_one_dose_is_found_against_true(self, study):
        chosen = study.sel(dose_per_area=50)
        axes = draw(chosen).axes[0]
        assert axes.get_title() == "50 e⁻/Å²"
        alone = draw(chosen.sel({"method": "sphere"})).axes[0]
        assert "sphere by likelihood" in [line.get_label() for line in alone.lines]
        assert len(axes.lines) == study.sizes["method"] + 1


class TestOthers:
    def test_a_search_and_one_of_its_states(self):
        run = load_stored("max-ssim")
        for figure in (draw(run), search_curves(run)):
            assert figure.axes[0].lines[0].get_xdata().tolist() == run.history["step"].tolist()
        state = next(maximise("mse", CRYSTAL, steps=1))
        assert "after 0 steps" in draw(state).axes[0].get_title()

    def test_edge_cases(self):
        cases = {key: case for key, case in edge_cases(shape=64).items() if key in ("reference", "black")}
        for figure in (draw(cases), gallery(cases)):
            assert "MSE 1.000" in figure.axes[1].get_title()

    def test_two_images(self):
        figure = comparison(CRYSTAL, CHANGED)
        titles = [axes.get_title() for axes in figure.axes]
        assert titles[: 2 + len(METRICS)] == [
            "reference",
            "image",
            *(f"{row.label} map" for row in METRICS.values()),
        ]
        assert figure.axes[0].get_xlabel() == "pixels"

    def test_differences_by_metric(self):
        differences = {key: one(CHANGED) for key, one in prepare(CRYSTAL, ["mse", five_times]).items()}
        (axes,) = draw(differences).axes
        assert [bar.get_width() for bar in axes.patches] == list(differences.values())
        assert [label.get_text() for label in axes.get_yticklabels()] == ["MSE", "five_times"]
        assert axes.yaxis_inverted()  # the first one stands on top
        assert [line.get_xdata()[0] for line in axes.lines] == [METRICS["mse"].threshold]

    def test_metrics_outside_the_table_have_looks_of_their_own(self):
        curves = {key: [0.1, 0.2] for key in ("mse", "mine", "yours")}
        lines = difference_curves([0, 1], curves, label="x").axes[0].lines[:3]
        assert len({(line.get_color(), line.get_marker()) for line in lines}) == 3

    @pytest.mark.parametrize("result", [3, None, "text", [1, 2], CRYSTAL, {}, {"a": "b"}, {"a": CRYSTAL}])
    def test_anything_else_is_refused_in_a_sentence(self, result):
        with pytest.raises(TypeError, match=r"^result must be one of dose, .*, got \w+$"):
            draw(result)

    def test_a_table_without_a_curve_is_refused(self, study):
        with pytest.raises(TypeError, match=r"^result must be a table of .*, got one of true_cells$"):
            draw(study[["true_cells"]])
