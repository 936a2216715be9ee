"""Sliders and choices: their labels, their values as a link, and what a link may not ask for."""

import math
import re
from urllib.parse import parse_qsl, unquote, urlencode

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from tests.kit.parameters import PAGES, plain, sliders, state
from tests.pages.reader import words


class TestControls:
    @given(data=st.data())
    @settings(max_examples=30)
    @pytest.mark.parametrize("page", PAGES)
    def test_a_query_restores_every_value(self, page, data):
        wanted = data.draw(state(PAGES[page]))
        controls = Controls(PAGES[page])
        controls.set(**wanted)
        link = controls.query
        restored = Controls(PAGES[page])
        assert restored.apply(link) == []
        assert restored.query == link
        for key, value in wanted.items():
            assert restored.values[key] == (value if isinstance(value, str) else pytest.approx(value))

    @pytest.mark.parametrize("page", PAGES)
    def test_defaults_need_no_query(self, page):
        controls = Controls(PAGES[page])
        assert controls.query == ""
        assert controls.apply("") == []
        assert controls.query == ""

    @given(text=st.text() | st.floats().map(str) | st.integers().map(str))
    @example("nan").via("no number")
    @example("inf").via("no number")
    @example("-inf").via("no number")
    @example("").via("nothing")
    @example("1e999").via("overflow")
    @example("0x10").via("other notation")
    @sliders
    def test_a_slider_takes_a_number_in_range_and_names_the_rule_otherwise(self, slider, text):
        assume(plain(text))
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if slider.minimum <= number <= slider.maximum:
            value = slider.parse(text)
            assert slider.minimum <= value <= slider.maximum
            assert abs(value - number) <= slider.step / 2 + 1e-9
            steps = (value - slider.minimum) / slider.step
            assert steps == pytest.approx(round(steps), abs=1e-6)
        else:
            with pytest.raises(ValueError, match=r"must be a number from") as error:
                slider.parse(text)
            said = str(error.value)
            assert said.startswith(slider.label)
            assert said.endswith(f"got {text!r}")
            assert f"from {slider.minimum:g} to {slider.maximum:g} {slider.unit}".rstrip() in said

    @sliders
    def test_a_step_beyond_the_ends_is_refused(self, slider):
        assert slider.parse(str(slider.minimum)) == slider.minimum
        assert slider.parse(str(slider.maximum)) == slider.maximum
        for outside in (slider.minimum - slider.step, slider.maximum + slider.step):
            with pytest.raises(ValueError, match=re.escape(repr(str(outside)))):
                slider.parse(str(outside))

    def test_a_choice_takes_its_options_and_names_them_otherwise(self):
        choice = Choice(key="c", label="Crystal", options={"Tin": "sn", "Lead": "pb"}, default="pb")
        assert choice.parse("sn") == "sn"
        assert choice.describe("sn") == "Tin"
        with pytest.raises(ValueError, match=r"^Crystal must be one of sn, pb, got 'Tin'$"):
            choice.parse("Tin")

    def test_nonsense_keeps_the_usual_value_and_the_rest_is_taken(self):
        controls = Controls(PAGES["edge_cases"])
        complaints = controls.apply("defocus=abc&thickness=999&shift=0.25&specimen=lead&unknown=1&contrast=")
        assert controls.query == "shift=0.25"
        assert complaints == [
            "The link's Defocus must be a number from -20 to 20 nm, got 'abc'.",
            "The link's Thickness must be a number from 1 to 60 cells, got '999'.",
            "The link's Specimen must be one of nb3sn, zro2, got 'lead'.",
            "The link's Contrast must be a number from -1 to 1, got ''.",
            "The link's “unknown” is no setting of this page. Its settings are "
            "specimen, shift, rotation, defocus, thickness, aperture, contrast, map.",
        ]

    @pytest.mark.parametrize(
        ("key", "meant"),
        [("thicknes", "thickness"), ("Difference%20map", "map"), ("defocusing", "defocus"), ("zzz", None)],
    )
    def test_an_unknown_key_is_named_with_the_keys_that_are_known(self, key, meant):
        controls = Controls(PAGES["edge_cases"])
        (told,) = controls.apply(f"{key}=5&shift=0.25", elsewhere=["round"])
        assert f"“{unquote(key).lower()}” is no setting" in told
        assert (f"is “{meant}” meant?" in told) == (meant is not None)
        assert told.endswith(f"{', '.join(controls.parameters)}, round.")
        assert controls.query == "shift=0.25"

    @pytest.mark.parametrize("page", PAGES)
    def test_a_key_of_another_dashboard_is_not_complained_of(self, page):
        assert (
            Controls(PAGES[page]).apply("round=3&voila-theme=dark&utm_source=mail", elsewhere=["round"]) == []
        )

    @given(data=st.data())
    @settings(max_examples=20)
    @pytest.mark.parametrize("page", PAGES)
    def test_capitals_hidden_characters_and_typography_do_not_matter(self, page, data):
        wanted = data.draw(state(PAGES[page]))
        plain, dressed = Controls(PAGES[page]), Controls(PAGES[page])
        plain.set(**wanted)
        pairs = [
            (f" {key.upper()}\u200b", f"\ufeff{value.upper()} ".replace("-", "−"))
            for key, value in parse_qsl(plain.query)
        ]
        assert dressed.apply(urlencode(pairs).replace("&", "&amp;")) == []
        assert dressed.values == plain.values

    def test_of_a_repeated_key_the_last_counts(self):
        controls = Controls(PAGES["edge_cases"])
        assert controls.apply("shift=abc&SHIFT=0.25&shift=0.5") == []
        assert controls.query == "shift=0.5"

    def test_only_the_reader_is_reported(self):
        controls, changed = Controls(PAGES["edge_cases"]), []
        controls.on_change(changed.append)
        controls.widgets["defocus"].value = 1.0
        controls.widgets["specimen"].value = "zro2"
        assert changed == ["defocus", "specimen"]
        controls.set(defocus=2.0, thickness=10)
        controls.apply("rotation=5")
        controls.reset()
        assert changed == ["defocus", "specimen"]
        assert controls.values == Controls(PAGES["edge_cases"]).values

    def test_lengths_are_given_in_both_units(self):
        controls = Controls(PAGES["edge_cases"])

        def second(key):
            return words(controls.row(key).children[1].value)

        assert [second(key) for key in ("shift", "defocus", "thickness")] == [
            "= 0.000 nm",
            "= 0 Å",
            "= 21.10 nm",
        ]
        controls.widgets["shift"].value = 0.5
        controls.widgets["defocus"].value = -2.0
        controls.widgets["specimen"].value = "zro2"  # its cells are smaller
        assert [second(key) for key in ("shift", "defocus", "thickness")] == [
            "= 0.264 nm",
            "= −20 Å",
            "= 20.36 nm",
        ]
        controls.apply("thickness=20&specimen=nb3sn")
        assert second("thickness") == "= 10.55 nm"

    @sliders
    def test_a_slider_shows_its_unit_and_all_its_decimals(self, slider):
        widget = slider.widget()
        assert widget.description == (f"{slider.label} ({slider.unit})" if slider.unit else slider.label)
        assert (widget.min, widget.max, widget.value) == (slider.minimum, slider.maximum, slider.default)
        shown = format(slider.step, "d" if slider.whole else widget.readout_format)
        assert float(shown) == slider.step
        assert slider.describe(-slider.step) == f"−{slider.step:g} {slider.unit}".rstrip()

    @pytest.mark.parametrize("page", PAGES)
    def test_a_cell_of_a_table_holds_the_value_of_the_slider(self, page):
        own = [one for one in PAGES[page] if isinstance(one, Slider)]
        for steps in (0, 1, 2):
            values = {one.key: one.minimum + steps * one.step for one in own}
            cells = Controls(PAGES[page]).cells(*values, state=values)
            assert cells == pytest.approx(list(values.values()))
