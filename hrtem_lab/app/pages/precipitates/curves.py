"""Diameter found against true diameter, or by dose: the stored study, and the reader's own exposures."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

from hrtem_lab.app.kit.live import LiveFigure, LiveStudy, encode_figure
from hrtem_lab.app.kit.log_slider import thousands
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages.precipitates.draws import SizeDraws
from hrtem_lab.app.pages.precipitates.specimen import TOLERANCE, Measurement
from hrtem_lab.app.pages.precipitates.stored_sizes import (
    BEST,
    IDEAL,
    PAPER,
    study_method,
    study_style,
    study_words,
)
from hrtem_lab.sizing import RATE, stored_study

SECONDS_BETWEEN_FIGURES = 1.0
THIS_DOSE, EVERY_DOSE, LIMIT = "dose", "doses", "limit"
"""What the figure shows: curves at the reader's dose, at all doses, or the smallest diameters found."""
OWN = "your exposures"
OWN_STYLE: dict[str, Any] = {"color": "#E69F00", "marker": "D"}


class SizeCurves:
    """The figure, the progress of the reader's own study, and the button that starts and stops it.

    Parameters
    ----------
    go_on : callable
        Called when the reader starts or stops the study: it goes through `steps` again.
    guard : callable
        Calls a function and shows its errors on the page.
    """

    def __init__(self, go_on: Callable[[], None], guard: Callable[..., None]) -> None:
        self.draws: SizeDraws | None = None
        self._shown = THIS_DOSE
        self._make_widgets(go_on, guard)

    def choose(self, measurement: Measurement, seed: int, *, shown: str = THIS_DOSE) -> None:
        """Follow the reader's settings; another measurement is another study, which waits to be started."""
        if self.draws is None or (self.draws.measurement, self.draws.seed) != (measurement, seed):
            self.draws = SizeDraws(measurement, seed)
            self._live.running = False
        self._shown = shown
        self._live.label()

    def steps(self) -> Iterator[float | None]:
        """Draw the figure; then, while the study is switched on, fill it and draw it again and again."""
        self._live.figure.wait("Drawing the curves …")
        yield from self._live.figure.draw_beside()
        yield from self._live.follow(self._measure())

    def end(self) -> None:
        """Switch the reader's study off: an error has ended it."""
        if self.draws is not None:
            self._live.end()

    def _measure(self) -> Generator[float | None]:
        """Compute the exposures that the reader's study lacks."""
        for _ in self._chosen.run():
            yield 0.02

    def _state(self) -> tuple[Any, ...]:
        return self._chosen.measurement, self._chosen.seed, self._chosen.complete, self._shown

    def _show(self, figure: bytes) -> None:
        self._picture.show(figure, alt=self._alt())
        self._note.value = f'<p class="hl-note">{self._words()}</p>'

    def _counts(self) -> tuple[int, int]:
        return self._chosen.done, self._chosen.total

    def figure(self) -> Any:
        """Return the curves as a Matplotlib figure."""
        from hrtem_lab.plots import limit_curves, size_curves  # noqa: PLC0415

        study, methods = stored_study(), self._methods()
        styles = {study_words(key): study_style(key) for key in methods}
        if self._shown == LIMIT:
            limits = {study_words(key): study.limits(key, TOLERANCE) for key in methods}
            return limit_curves(study.doses, limits, styles=styles, title=self._title())
        curves = {study_words(key): study.at(key, self._place) for key in methods if self._place is not None}
        if self._shown == EVERY_DOSE and (name := study_method(self._chosen.measurement)):
            curves, styles = self._by_dose(name)
        if self._chosen.complete:
            curves[OWN], styles[OWN] = self._chosen.found, OWN_STYLE
        return size_curves(study.diameters, curves, styles=styles, title=self._title())

    @property
    def _place(self) -> int | None:
        """Which dose of the study is nearest to the reader's; None where the study has nothing like it."""
        measurement = self._chosen.measurement
        if measurement.dose is None or not measurement.exact:
            return None
        return stored_study().nearest(measurement.dose)

    def _methods(self) -> list[str]:
        """Return the study's methods to compare: the chosen one between the bound and the paper's."""
        name = study_method(self._chosen.measurement)
        best = BEST if self._shown == LIMIT else None
        return list(dict.fromkeys(key for key in (IDEAL, best, name, PAPER) if key))

    def _by_dose(self, name: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Return a method's curves at all doses, highest first, below the bound at the reader's dose."""
        study, curves, styles = stored_study(), {}, {}
        if self._place is not None:
            ideal = f"{study_words(IDEAL)}, {_dose_words(self._place)}"
            curves[ideal], styles[ideal] = study.at(IDEAL, self._place), study_style(IDEAL)
        shades = colormaps["viridis"](np.linspace(0.92, 0, len(study.doses)))
        for place in reversed(range(len(study.doses))):
            label = _dose_words(place)
            curves[label] = study.at(name, place)
            styles[label] = {"color": to_hex(shades[place]), "marker": "o"}
        return curves, styles

    @property
    def _chosen(self) -> SizeDraws:
        if self.draws is None:
            raise RuntimeError("no measurement has been chosen yet")
        return self.draws

    def _title(self) -> str:
        measurement = self._chosen.measurement
        if self._shown == LIMIT:
            return f"found within {TOLERANCE:g} cell in {100 * RATE:.0f} % of the exposures"
        if self._shown == EVERY_DOSE and study_method(measurement) is not None:
            return f"{measurement.words}, at every dose of the stored study"
        if not measurement.exact:
            return f"reference: {measurement.against}"
        if self._place is None:
            return "without noise"
        return f"stored study at {_dose_words(self._place)}"

    def _alt(self) -> str:
        if self._shown == LIMIT:
            return f"Smallest diameter by dose, {self._title()}."
        return (
            f"Diameter found by true diameter, 1 to 14 cells: {self._title()}. Below: the share of exposures "
            "in which no precipitate was found."
        )

    def _words(self) -> str:
        measurement, study = self._chosen.measurement, stored_study()
        words, own = [], ""
        if measurement.dose is not None:
            own = f"Your own exposures are at {thousands(measurement.dose * 100)} e⁻/nm²."
        if not measurement.exact:
            words.append("The stored study knows the exact reference only.")
        elif study_method(measurement) is None:
            words.append("This combination of settings is not in the stored study.")
        if self._shown == LIMIT:
            words.append(
                f"{study.found.shape[-1]} stored exposures of each diameter at random places; every diameter "
                "above the one shown is found, too."
            )
            return " ".join(words)
        if not measurement.exact:
            return " ".join([*words, "Measure to see this method’s curve.", own]).rstrip()
        if self._place is None and self._shown == THIS_DOSE:
            return "The stored study has no image without noise. Measure to see this method’s curve."
        words.append(
            f"Bands: standard deviation of {study.found.shape[-1]} stored exposures at random places. Where "
            "the strip below is near 100 %, a curve rests on few of them."
        )
        return " ".join([*words, own]).rstrip()

    def _make_widgets(self, go_on: Callable[[], None], guard: Callable[..., None]) -> None:
        self._picture = Picture(smooth=True)
        self._picture.add_class("hl-curve")
        self._note = widgets.HTML()
        for part in (self._picture, self._note):
            part.add_class("hl-outcome")
        self._live = LiveStudy(
            LiveFigure(lambda: encode_figure(self.figure()), self._show, self._state, self._picture),
            counts=self._counts,
            restart=go_on,
            guard=guard,
            seconds=lambda: SECONDS_BETWEEN_FIGURES,
            idle=lambda: "Measure with my noise",
        )
        button, progress = self._live.button, self._live.progress
        button.layout.width, progress.layout.width = "auto", "16em"
        button.add_class("hl-measure")
        busy = widgets.Box([button, progress, self._live.words], layout={"flex_flow": "row wrap"})
        self.view = widgets.VBox([busy, self._picture, self._note])


def _dose_words(place: int) -> str:
    return f"{thousands(stored_study().doses[place] * 100)} e⁻/nm²"
