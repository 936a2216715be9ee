"""Sliders and choices of a dashboard: labels with units, the state as a query string, reset."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

import ipywidgets as widgets

from hrtem_lab.app.kit.log_slider import LogSlider, number_between, visible

# Keys of Voilà, and of those who count readers.
_NOT_OURS = ("voila-", "utm_")


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A number that the reader sets.

    Attributes
    ----------
    key : str
        Name in the state and in the page's address.
    label, unit : str
        The text beside the slider.
    minimum, maximum, step, default : float
        In `unit`.
    also : callable or None
        ``(value, state) -> str``: the same value in a second unit; `state` holds the values of all controls.
    """

    key: str
    label: str
    minimum: float
    maximum: float
    step: float
    default: float
    unit: str = ""
    also: Callable[[float, Mapping[str, Any]], str] | None = None

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are allowed."""
        return all(float(x).is_integer() for x in (self.minimum, self.maximum, self.step, self.default))

    @property
    def title(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def describe(self, value: float) -> str:
        """Return the value with its unit, as a sentence would give it."""
        return f"{value:g} {self.unit}".rstrip().replace("-", "−")

    def widget(self) -> Any:
        """Return the slider."""
        kind = widgets.IntSlider if self.whole else widgets.FloatSlider
        number = int if self.whole else float
        return kind(
            value=number(self.default),
            min=number(self.minimum),
            max=number(self.maximum),
            step=number(self.step),
            description=self.title,
            continuous_update=True,
            **({} if self.whole else {"readout_format": f".{_decimals(self.step)}f"}),
            style={"description_width": "11em"},
            layout={"width": "auto"},
        )

    def parse(self, text: str) -> float:
        """Return the value that a query string asks for.

        Raises
        ------
        ValueError
            If it is no number or out of range.
        """
        rule = f"{self.label} must be a number from {self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()
        value = number_between(self.minimum, self.maximum, text, rule)
        value = self.minimum + round((value - self.minimum) / self.step) * self.step
        return int(value) if self.whole else round(value, 9)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A few options, of which the reader picks one.

    Attributes
    ----------
    key, label : str
        As for `Slider`.
    options : mapping
        Text on the page → value in the state and in the address.
    default : str
        One of the values.
    buttons : bool
        Whether the options are buttons side by side or a drop-down list.
    """

    key: str
    label: str
    options: Mapping[str, str]
    default: str
    buttons: bool = False

    @property
    def unit(self) -> str:
        """An option has none."""
        return ""

    @property
    def title(self) -> str:
        """The label, as of a `Slider`."""
        return self.label

    def describe(self, value: str) -> str:
        """Return the option's text."""
        return next(text for text, option in self.options.items() if option == value)

    def widget(self) -> Any:
        """Return the buttons or the list."""
        kind = widgets.ToggleButtons if self.buttons else widgets.Dropdown
        return kind(
            options=list(self.options.items()),
            value=self.default,
            description=self.label,
            style={"description_width": "11em", **({"button_width": "auto"} if self.buttons else {})},
            layout={"width": "auto"},
        )

    def parse(self, text: str) -> str:
        """Return the value that a query string asks for, in capitals or not.

        Raises
        ------
        ValueError
            If it is none of the options.
        """
        wanted = visible(text).strip().casefold()
        for option in self.options.values():
            if option.casefold() == wanted:
                return option
        raise ValueError(f"{self.label} must be one of {', '.join(self.options.values())}, got {text!r}")


Parameter = Slider | LogSlider | Choice


class Controls:
    """The widgets of some parameters and their values.

    Parameters
    ----------
    parameters : sequence of Slider, LogSlider or Choice
        In the order of the page.
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = {parameter.key: parameter for parameter in parameters}
        self.widgets = {key: parameter.widget() for key, parameter in self.parameters.items()}
        self._second = {
            key: (widgets.HTML(layout={"width": "6.5em", "margin": "0 0 0 4px"}), parameter.also)
            for key, parameter in self.parameters.items()
            if isinstance(parameter, Slider | LogSlider) and parameter.also is not None
        }
        self._callback: Callable[[str], None] | None = None
        self._silent = False
        for key, widget in self.widgets.items():
            widget.observe(lambda change, key=key: self._changed(key), names="value")
            widget.add_class(f"hl-control-{key}")
        self._label()

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Call `callback(key)` whenever the reader changes a value."""
        self._callback = callback

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter's value; floats are rounded, because the steps of a slider add rounding errors."""
        values = {key: widget.value for key, widget in self.widgets.items()}
        return {key: round(value, 9) if isinstance(value, float) else value for key, value in values.items()}

    @property
    def query(self) -> str:
        """The values that are not the defaults, as a query string."""
        changed = {
            key: f"{value:g}" if isinstance(value, float) else str(value)
            for key, value in self.values.items()
            if value != self.parameters[key].default
        }
        return urlencode(changed)

    @property
    def settings(self) -> tuple[tuple[str, str, str], ...]:
        """Label, value and unit of every parameter, as the page shows them."""
        return tuple(
            (self.parameters[key].label, str(cell), self.parameters[key].unit)
            for key, cell in zip(self.parameters, self.cells(), strict=True)
        )

    def titles(self, *keys: str) -> list[str]:
        """Return the labels with units of the named parameters, or of all: columns of a table."""
        return [self.parameters[key].title for key in keys or self.parameters]

    def cells(self, *keys: str, state: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the values of these parameters in a table: numbers, and the texts of options."""
        values = self.values if state is None else state
        return [_cell(self.parameters[key], values[key]) for key in keys or self.parameters]

    def set(self, **values: Any) -> None:
        """Set several values at once; the callback is not called."""
        with self._quietly():
            for key, value in values.items():
                self.widgets[key].value = value
        self._label()

    def reset(self) -> None:
        """Set every value to its default; the callback is not called."""
        self.set(**{key: parameter.default for key, parameter in self.parameters.items()})

    def named(self, query: str) -> list[str]:
        """Return the parameters that a query string sets, in its order."""
        return [key for key in settings(query) if key in self.parameters]

    def apply(self, query: str, *, elsewhere: Iterable[str] = ()) -> list[str]:
        """Set the values of a query string, and return a sentence for every part that is not allowed.

        Keys may be in capitals; of a repeated key the last value counts.

        Parameters
        ----------
        query : str
            ``key=value&…``, percent-encoded.
        elsewhere : iterable of str
            Keys that other dashboards of the page take.
        """
        values, complaints, unknown = {}, [], []
        known = list(dict.fromkeys([*self.parameters, *elsewhere]))
        for key, text in settings(query).items():
            if key in self.parameters:
                try:
                    values[key] = self.parameters[key].parse(text)
                except ValueError as error:
                    complaints.append(f"The link's {error}.")
            elif key not in known:
                unknown.append(self._unknown(key, known))
        self.set(**values)
        return complaints + unknown

    def _unknown(self, key: str, known: Sequence[str]) -> str:
        """Return a sentence that names the keys a link can set, first the one that may be meant."""
        names = {
            **{p.label.casefold(): p.key for p in self.parameters.values()},
            **{one: one for one in known},
        }
        near = get_close_matches(key, names, n=1)
        hint = f": is “{names[near[0]]}” meant?" if near else "."
        return f"The link's “{key}” is no setting of this page{hint} Its settings are {', '.join(known)}."

    def row(self, key: str) -> Any:
        """Return one parameter's widget with its value in a second unit."""
        widget = self.widgets[key]
        if key not in self._second:
            return widget
        widget.layout.flex = "1 1 auto"
        return widgets.HBox([widget, self._second[key][0]])

    def panel(self, *keys: str) -> Any:
        """Return the named widgets, or all, under each other."""
        return widgets.VBox([self.row(key) for key in keys or self.widgets])

    def _changed(self, key: str) -> None:
        if self._silent:
            return
        if self._callback is not None:
            self._callback(key)
        self._label()

    def _label(self) -> None:
        """Show the values in their second units."""
        state = self.values
        for key, (label, also) in self._second.items():
            text = also(state[key], state).replace("-", "−")
            label.value = f'<span class="hl-second">= {escape(text)}</span>'

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        before, self._silent = self._silent, True
        try:
            yield
        finally:
            self._silent = before


def _cell(parameter: Parameter, value: Any) -> Any:
    """Return a parameter's value without the rounding errors of a slider's steps, or its option's text."""
    if isinstance(parameter, Choice):
        return parameter.describe(value)
    return float(f"{value:.6g}") if isinstance(value, float) else value


def settings(query: str) -> dict[str, str]:
    """Return the values of a query string by their keys, in small letters, without what a browser adds.

    Examples
    --------
    >>> settings("Dose=5000&amp;panel=b&dose=300&voila-theme=dark")
    {'dose': '300', 'panel': 'b'}
    """
    pairs = (
        (visible(key).strip().casefold().removeprefix("amp;").strip(), text)
        for key, text in parse_qsl(query, keep_blank_values=True)
    )
    return {key: text for key, text in pairs if key and not key.startswith(_NOT_OURS)}


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))
