"""A slider with logarithmic steps, for doses."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from unicodedata import category

import ipywidgets as widgets

# What stands between thousands: spaces of all widths and apostrophes.
_SPACE = "[ \u00a0\u2009\u202f'\u2019]"
# The steps of a decade, in tenths of its power of ten.
_TENTHS = (10, 11, 12, 13, 15, 17, 20, 22, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90)


@dataclass(frozen=True, kw_only=True)
class LogSlider:
    """A positive number that the reader sets in steps of 10 to 20 %, from one power of ten to another.

    The values are 1 to 9 times a power of ten, and some between: round numbers, which a link gives exactly.

    Attributes
    ----------
    key, label, unit, also
        As for `Slider`.
    minimum, maximum : int
        Powers of ten, in `unit`.
    default : int
        A round number between them.
    """

    key: str
    label: str
    minimum: int
    maximum: int
    default: int
    unit: str = ""
    also: Callable[[float, Mapping[str, Any]], str] | None = None

    @property
    def grid(self) -> list[int]:
        """The values, increasing."""
        decades = range(round(math.log10(self.minimum)), round(math.log10(self.maximum)))
        steps = [tenths * 10**decade // 10 for decade in decades for tenths in _TENTHS]
        return [*steps, self.maximum]

    @property
    def title(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def describe(self, value: float) -> str:
        """Return the value with its unit, its thousands separated."""
        return f"{thousands(value)} {self.unit}".rstrip()

    def widget(self) -> Any:
        """Return the slider."""
        return widgets.SelectionSlider(
            options=[(thousands(value), value) for value in self.grid],
            value=self.default,
            description=self.title,
            continuous_update=True,
            style={"description_width": "11em"},
            layout={"width": "auto"},
        )

    def parse(self, text: str) -> int:
        """Return the slider's value that is nearest, by ratio, to the number in a query string.

        Raises
        ------
        ValueError
            If it is no number or out of range.
        """
        rule = f"{self.label} must be a number from {self.minimum:d} to {self.maximum:d} {self.unit}".rstrip()
        number = number_between(self.minimum, self.maximum, text, rule)
        return min(self.grid, key=lambda value: abs(math.log(value / number)))


def number_between(minimum: float, maximum: float, text: str, rule: str) -> float:
    """Return the number in a query string.

    Raises
    ------
    ValueError
        With the rule, if it is no number, out of range, or in range in two ways.
    """
    found = {number for number in _readings(text) if minimum <= number <= maximum}
    if len(found) == 2:
        raise ValueError(f"{rule}, got {text!r}, which can be read in two ways: write it with a point")
    if not found:
        raise ValueError(f"{rule}, got {text!r}")
    return found.pop()


def _readings(text: str) -> set[float]:
    """Return the numbers that a text can mean.

    A typographic minus, spaces between thousands and a decimal comma are read; characters without width are
    not there. One comma before three digits separates thousands or decimals.

    Examples
    --------
    >>> _readings("−2.5"), _readings("15 000"), _readings("2,5"), sorted(_readings("5,000"))
    ({-2.5}, {15000.0}, {2.5}, [5.0, 5000.0])
    """
    text = re.sub("[−–‒﹣－]", "-", visible(text)).strip()
    text = re.sub(r"(?<=[eE]) (?=\d)", "+", text)  # a plus sign in an address is a space
    if re.fullmatch(rf"[+-]?\d{{1,3}}({_SPACE}\d{{3}})+([.,]\d*)?", text):
        text = re.sub(_SPACE, "", text)
    texts = [] if "," in text else [text]
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", text):
        texts.append(text.replace(",", ""))
    if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", text):
        texts.append(text.replace(",", "."))
    readings = set()
    for written in texts:
        with suppress(ValueError):
            readings.add(float(written))
    return readings


def visible(text: str) -> str:
    """Return a text without the characters that have no width, which copying from a page or a mail adds."""
    return "".join(character for character in text if category(character) != "Cf")


def thousands(value: float) -> str:
    """Return a number, not negative, to three digits or more, with narrow spaces between thousands.

    Examples
    --------
    >>> thousands(15000).split()
    ['15', '000']
    """
    decimals = 0 if value >= 1000 else max(0, 2 - math.floor(math.log10(value or 1)))
    text = f"{value:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if decimals else text).replace(",", "\u202f")
