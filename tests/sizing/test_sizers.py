"""The table of sizing methods: its rows keep to rules, and a further row is all that a method needs."""

from itertools import combinations

import numpy as np
import pytest

from hrtem_lab.app.pages.precipitates import page, stored_sizes
from hrtem_lab.app.pages.precipitates.specimen import Measurement
from hrtem_lab.sizing import (
    METHODS,
    SIZERS,
    STUDY_METHODS,
    THRESHOLDS,
    Conditions,
    PrecipitateSizer,
    PreparedSizer,
    Size,
    SizingMethod,
    methods,
    size_precipitate,
    size_study,
    study_methods,
)
from tests.sizing.crystals import (
    CELL,
    COARSE,
    COARSE_PIXELS,
    COARSE_SAMPLING,
    exposure,
    specimen,
)
from tests.sizing.toy_sizer import RESIDUAL

every_row = pytest.mark.parametrize("row", SIZERS.values(), ids=SIZERS)


@pytest.fixture
def with_toy(monkeypatch):
    monkeypatch.setitem(SIZERS, RESIDUAL.key, RESIDUAL)


class TestRows:
    @every_row
    def test_a_row_is_filed_under_its_key_and_says_what_it_is(self, row):
        assert SIZERS[row.key] is row
        assert row.label
        assert row.description
        assert not row.description.endswith(".")

    def test_no_two_rows_look_or_read_alike(self):
        for one, other in combinations(SIZERS.values(), 2):
            assert one.label != other.label
            assert one.colour != other.colour
            assert one.marker != other.marker

    def test_the_lists_follow_from_the_table(self):
        assert methods() == METHODS == ("sphere", "fixed", "paper_optimised", "false_alarm", "otsu")
        assert list(STUDY_METHODS) == list(study_methods())
        assert list(THRESHOLDS) == [key for key in METHODS if SIZERS[key].metric is not None]
        for name, options in STUDY_METHODS.items():
            row = SIZERS[options["method"]]
            assert name.startswith(row.key)
            assert set(options) - {"method"} <= set(row.options)

    @every_row
    def test_a_prepared_method_answers_again_and_again(self, row, series):
        conditions = Conditions(
            shape=series[0].shape,
            cells=(16, 16),
            dose_per_area=50.0,
            sampling=COARSE_SAMPLING,
            false_alarm=0.05,
        )
        prepared = row(series if row.needs == "series" else series[0], conditions)
        assert isinstance(prepared, PreparedSizer)
        image = series[8].astype(float)
        first, second = prepared(image), prepared(image)
        assert isinstance(first, Size)
        assert first.method == row.key
        np.testing.assert_array_equal(first.map, second.map)
        if prepared.metric is not None:
            shared = prepared.judge(prepared.differences(image))
            np.testing.assert_array_equal(shared.map, first.map)
            assert shared.threshold == first.threshold

    def test_a_method_knows_the_reference_or_the_series(self):
        with pytest.raises(ValueError, match="needs must be one of reference, series, got 'truth'"):
            SizingMethod(
                key="eye",
                label="by eye",
                description="told",
                prepare=PreparedSizer,
                colour="red",
                marker="o",
                quantity="",
                needs="truth",
            )


@pytest.mark.usefixtures("with_toy")
class TestFurtherRow:
    """One class and one row, in `toy_sizer.py`."""

    def test_it_sizes(self, pristine):
        image = exposure(specimen(8), 500, 1)
        options = {"cells": 16, "dose_per_area": 500, "sampling": CELL / 32, "method": "residual"}
        found = size_precipitate(pristine, image, **options)
        assert (found.method, found.detected) == ("residual", True)
        assert PrecipitateSizer(pristine, **options, compact=True)(image).diameter == found.diameter
        with pytest.raises(ValueError, match="thickness does not apply to method='residual', got 40"):
            size_precipitate(pristine, image, **options, thickness=40)

    def test_it_is_studied(self):
        few = {"diameters": [8], "doses": [50], "draws": 2, "workers": 1}
        study = size_study(COARSE, **few, methods=["residual", "residual_compact", "ideal"])
        assert study.method.values.tolist() == ["residual", "residual_compact", "ideal"]
        assert study.diameter_found.notnull().all()
        assert list(study_methods())[-2:] == ["residual", "residual_compact"]

    def test_readers_can_choose_it(self):
        made = page.Precipitates()
        made.start()
        choice = made.controls.widgets["method"]
        assert ("squared residual", "residual") in choice.options
        choice.value = "residual"
        assert made.message.value == ""
        assert made.controls.widgets["metric"].disabled
        assert not made.controls.widgets["compact"].disabled

    def test_it_has_its_words_and_its_look(self):
        compact = Measurement(method="residual", compact=True, dose=50.0, pixels=16 * COARSE_PIXELS)
        assert (
            compact.words
            == stored_sizes.study_words("residual_compact")
            == "squared residual, one connected group"
        )
        assert compact.quantity == "squared residual"
        assert stored_sizes.study_style("residual_compact") == {
            "color": RESIDUAL.colour,
            "marker": RESIDUAL.marker,
            "linestyle": ":",
        }

    def test_what_was_studied_without_it_does_not_show_it(self):
        measurement = Measurement(method="residual", dose=50.0, pixels=16 * COARSE_PIXELS)
        assert stored_sizes.study_method(measurement) is None
        assert "residual" not in stored_sizes.in_tables()
