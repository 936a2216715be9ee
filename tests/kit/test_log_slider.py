"""A slider in even ratios: its steps, its words, and what a link may ask of it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab.app.kit.controls import Controls, LogSlider
from hrtem_lab.app.kit.log_slider import thousands

DOSE = LogSlider(key="dose", label="Dose", unit="e⁻/nm²", minimum=100, maximum=10**6, default=5000)


class TestLogSlider:
    @given(st.text() | st.floats().map(str) | st.integers(-10, 10**7).map(str))
    def test_it_takes_a_number_in_range_and_names_the_rule_otherwise(self, text):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if 100 <= number <= 10**6:
            value = DOSE.parse(text)
            assert value in DOSE.grid
            assert abs(math.log(value / number)) < math.log(1.1)
        else:
            with pytest.raises(ValueError, match=r"^Dose must be a number from 100 to 1000000 e⁻/nm², got "):
                DOSE.parse(text)

    def test_its_steps_are_even_ratios_of_round_numbers(self):
        ratios = np.divide(DOSE.grid[1:], DOSE.grid[:-1])
        assert ratios.min() > 1.07
        assert ratios.max() <= 1.2
        assert {n * 10**k for n in range(1, 10) for k in (2, 3, 4, 5)} < set(DOSE.grid)
        assert (DOSE.grid[0], DOSE.grid[-1]) == (100, 10**6)

    def test_every_value_survives_a_link(self):
        for value in DOSE.grid:
            controls, restored = Controls([DOSE]), Controls([DOSE])
            controls.set(dose=value)
            assert restored.apply(controls.query) == []
            assert restored.values["dose"] == value

    def test_its_words_set_thousands_apart(self):
        assert DOSE.widget().description == "Dose (e⁻/nm²)"
        assert DOSE.describe(15000) == "15\u202f000 e⁻/nm²"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0, "0"),
            (0.0272, "0.0272"),
            (1, "1"),
            (1.3588, "1.36"),
            (50, "50"),
            (10**6, "1\u202f000\u202f000"),
        ],
    )
    def test_numbers_are_short_and_thousands_stand_apart(self, value, text):
        assert thousands(value) == text
