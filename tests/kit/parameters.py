"""The controls of two pages, and strategies of the values that they can take."""

from unicodedata import category

import pytest
from hypothesis import strategies as st

from hrtem_lab.app.kit.controls import Slider
from hrtem_lab.app.pages.edge_cases import page as edge_cases
from hrtem_lab.app.pages.four_metrics import page as four_metrics

PAGES = {
    "four_metrics": four_metrics.PARAMETERS,
    "edge_cases": (*edge_cases.PARAMETERS, edge_cases.MAP),
}
SLIDERS = [p for parameters in PAGES.values() for p in parameters if isinstance(p, Slider)]
sliders = pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.key)


def plain(text):
    """Return whether a text has only characters that `float` knows what to make of."""
    return not any(category(one) in {"Cf", "Pd", "Zs"} or one in ",'’" for one in text.replace("-", ""))


def grid(slider):
    """Return a strategy of the values that a slider can take."""
    count = round((slider.maximum - slider.minimum) / slider.step)
    return st.integers(0, count).map(lambda n: slider.minimum + n * slider.step)


def state(parameters):
    """Return a strategy of all values of some parameters."""
    return st.fixed_dictionaries(
        {
            p.key: grid(p) if isinstance(p, Slider) else st.sampled_from(list(p.options.values()))
            for p in parameters
        }
    )
