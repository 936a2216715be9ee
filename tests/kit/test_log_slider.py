"""A slider in even ratios: its steps, its words, and what a link may ask of it."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hrtem_lab.app.kit.controls import Controls, LogSlider
from hrtem_lab.app.kit.log_slider import number_between, thousands
from tests.kit.parameters import plain

DOSE = LogSlider(key="dose", label="Dose", unit="e⁻/nm²", minimum=100, maximum=10**6, default=5000)


class TestLogSlider:
    @given(st.text() | st.floats().map(str) | st.integers(-10, 10**7).map(str))
    def test_it_takes_a_number_in_range_and_names_the_rule_otherwise(self, text):
        assume(plain(text))
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

    def test_between_two_steps_it_takes_the_nearer_one_by_ratio(self):
        for low, high in pairwise(DOSE.grid):
            middle = math.sqrt(low * high)
            assert [DOSE.parse(f"{share * middle:.6f}") for share in (0.9999, 1.0001)] == [low, high]

    # A comma alone could make 100 of "100,000", which is in range as well.
    @given(
        st.sampled_from([dose for dose in DOSE.grid if dose < 10**5]),
        st.sampled_from("\u202f\u2009\u00a0 ,'’"),
        st.text("\u200b\ufeff\u00ad"),
    )
    @example(1000, ",", "")
    def test_thousands_may_stand_apart(self, value, between, hidden):
        written = f"{value:,}".replace(",", between) + hidden
        assert DOSE.parse(written) == value

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("−2.5", -2.5),
            ("–2.5", -2.5),
            ("2,5", 2.5),
            ("-0,049", -0.049),
            ("1e1", 10),
            ("1E 1", 10),
            ("1e-1", 0.1),
            ("5,000", 5),
            (" +3", 3),
        ],
    )
    def test_numbers_as_people_write_them(self, text, number):
        assert number_between(-20, 20, text, "Defocus") == number

    @pytest.mark.parametrize(
        "text", ["5 0", "1,2,3", "1.234,5", "--5", "5-6", "1 0000", "10⁴", "2 nm", "−", ","]
    )
    def test_what_is_no_number_is_refused_as_it_was_written(self, text):
        with pytest.raises(ValueError, match=f"^Any number, got {re.escape(repr(text))}$"):
            number_between(-math.inf, math.inf, text, "Any number")

    def test_a_comma_with_two_meanings_in_range_is_refused(self):
        with pytest.raises(
            ValueError, match=r"^Pixels, got '1,000', which can be read in two ways: write it"
        ):
            number_between(0, 2000, "1,000", "Pixels")

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
