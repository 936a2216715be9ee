"""Chapter 5: how few electrons are enough, for each metric and for the best that any method could do."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from hrtem_lab._studies import generator
from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.layout import pictures_row, side_by_side, stage
from hrtem_lab.app.kit.live import LiveFigure, LiveStudy, encode_figure
from hrtem_lab.app.kit.log_slider import LogSlider, thousands
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages.low_dose.study import DOSES, OTHERS, TARGET, DoseStudy, Setting
from hrtem_lab.metrics import METRICS, prepare
from hrtem_lab.metrics.outliers import without_warning
from hrtem_lab.rendering import encode_image, line_mark, overlay, scale_bar
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT
from hrtem_lab.style import metric_colour, metric_symbol

SECONDS_BETWEEN_FIGURES = 0.8
FEWEST = 5
"""Fewest exposures of each image for which an area under a curve says anything."""
EXAMPLE = 1_000_000
"""A place that no exposure of a sweep has: the two that are shown have seeds of their own."""

PARAMETERS = (
    LogSlider(
        key="dose", label="Dose", unit="e⁻/nm²", minimum=1, maximum=10_000, default=300,
        also=lambda dose, _state: f"{thousands(dose / 100)} e⁻/Å²",
    ),
    Choice(key="metric", label="Metric", options=readings.by_label(), default="sift",
           buttons=True),
    Choice(key="other", label="Tell Nb₃Sn from", options={label: key for key, label in OTHERS.items()},
           default="zro2"),
    Choice(key="brightness", label="Brightness", options={"made equal": "equal", "as simulated": "simulated"},
           default="equal", buttons=True),
    Slider(key="cells", label="Field of view", unit="cells", minimum=1, maximum=4, step=1, default=4,
           also=lambda cells, _state: f"{cells * NB3SN_LATTICE_CONSTANT / 10:.2f} nm"),
    Slider(key="pixels", label="Pixels per cell", minimum=16, maximum=64, step=8, default=32,
           also=lambda pixels, _state: f"{100 * NB3SN_LATTICE_CONSTANT / pixels:.1f} pm"),
    Slider(key="readout", label="Readout noise σ", unit="e⁻", minimum=0, maximum=5, step=0.1, default=0),
    Slider(key="repeats", label="Exposures per dose", minimum=5, maximum=100, step=5, default=20),
    Slider(key="seed", label="Seed", minimum=0, maximum=99, step=1, default=0),
)  # fmt: skip
STUDY_KEYS = ("other", "brightness", "cells", "pixels", "readout", "repeats", "seed")
"""The settings on which the study depends; the others choose what is shown of it."""


class LowDose(Dashboard):
    """Two exposures at the reader's dose, and the study of both materials at all doses, filling up."""

    title = "Two materials told apart, by dose"
    naming = ("other", "metric", "cells", "pixels", "readout", "seed")

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="low-dose")
        self._study: DoseStudy | None = None
        self._compared: tuple[Any, ...] | None = None
        self._differences: dict[str, dict[str, float]] = {}
        self._make_widgets()

    @property
    def study(self) -> DoseStudy:
        """The study of the present setting."""
        if self._study is None:
            raise RuntimeError("the page has not been drawn yet")
        return self._study

    def draw(self) -> None:
        """Show one exposure of each material at the reader's dose, and the dose in the figure."""
        state = self.controls.values
        setting = Setting(
            other=state["other"],
            equal_brightness=state["brightness"] == "equal",
            cells=state["cells"],
            pixels=state["pixels"],
            readout_sigma=state["readout"],
            repeats=state["repeats"],
            seed=state["seed"],
        )
        if self._study is None or self._study.setting != setting:
            self._study = DoseStudy(setting)
            self._live.running = True
            self._live.figure.wait("Computing the study …")
        self._expose()
        self._mark()
        self._live.label()

    def refine(self) -> Iterator[float | None]:
        """Show the exposures' numbers, then compute the study and draw it again and again as it fills."""
        self._compare()
        yield None
        yield from self.study.find_ideal()
        yield from self._live.figure.draw_beside()
        yield from self._live.follow(self._steps())

    def png(self) -> bytes:
        """Return the figure of the study."""
        if not self.study.sweep.complete:
            raise ValueError("The figure is saved once every dose has an exposure of each image, got none")
        return self.save_figure(self._figure())

    def csv(self) -> bytes:
        """Return every draw of the study, with the settings on which it depends."""
        sweep, names = self.study.sweep, self._names
        header = [
            "dose (e⁻/nm²)",
            "image",
            "exposure",
            *(METRICS[key].label for key in sweep.metrics),
            *self.controls.titles(*STUDY_KEYS),
        ]
        settings = self.controls.cells(*STUDY_KEYS)
        rows = (
            [dose * 100, names[name], repeat, *sweep.differences[:, image, place, repeat], *settings]
            for place, dose in enumerate(DOSES.tolist())
            for image, name in enumerate(sweep.images)
            for repeat in range(sweep.complete)
        )
        return self.save_table(header, rows)

    def report(self, error: Exception) -> None:
        """Show an error as one sentence; a study that met it has ended."""
        if self._study is not None:
            self._live.end()
        super().report(error)

    @property
    def _names(self) -> dict[str, str]:
        """What the two images show."""
        return {"same": "Nb₃Sn", "other": OTHERS[self.study.setting.other]}

    def _expose(self) -> None:
        state, study = self.controls.values, self.study
        white = float(study.images["same"].max())
        self._exposures = {
            name: study.sweep.detector.expose(
                image, dose_per_area=state["dose"] / 100, rng=generator(state["seed"], EXAMPLE, place)
            )
            for place, (name, image) in enumerate(study.images.items())
        }
        names = self._names
        bar = scale_bar((study.setting.field_of_view,) * 2)
        contrast = f"black 0, white {white:.2f} of the incident beam"
        for name, picture in self._pictures.items():
            words = f"at {thousands(state['dose'])} e⁻/nm²"
            picture.show(
                encode_image(self._exposures[name], limits=(0, white)),
                alt=f"{names[name]} {words}.",
                caption=f"<strong>{escape(names[name])}</strong> {words}<br>{contrast}",
                overlay=bar,
            )
        self._reference_picture.show(encode_image(study.images["same"], limits=(0, white)), overlay=bar)

    def _compare(self) -> None:
        """Show the numbers of the two exposures."""
        state = (self.study.setting, self.controls.values["dose"])
        if self._compared == state:
            return
        if self._compared is None or self._compared[0] != self.study.setting:
            self._prepared = prepare(self.study.images["same"], readings.shown())
        for name, exposure in self._exposures.items():
            with without_warning():  # a simulated camera has no bad pixels
                self._differences[name] = {key: compare(exposure) for key, compare in self._prepared.items()}
            self._numbers[name].value = readings.table(self._differences[name])
        self._compared = state

    def _steps(self) -> Generator[float | None]:
        """Compute what the study lacks, exposure by exposure."""
        sweep = self.study.sweep
        if not sweep.complete:
            yield from self._first_points()
        seen = -1
        for done in sweep.run(interval=0):
            yield None if done > seen else 0.02
            seen = done

    def _first_points(self) -> Iterator[float | None]:
        """Show the first points before other processes start, which keeps the cores busy for a second."""
        sweep = self.study.sweep
        for _ in sweep.run(workers=1):
            if sweep.complete:
                break
            yield None
        yield from self._live.figure.draw_beside()

    @property
    def _to_draw(self) -> tuple[Any, ...] | None:
        """What the figure shows; nothing before every point has an exposure."""
        complete = self.study.sweep.complete
        return (self.study.setting, self.controls.values["metric"], complete) if complete else None

    def _show_study(self, figure: bytes) -> None:
        label = METRICS[self.controls.values["metric"]].label
        self._curve.show(
            figure,
            alt=f"Left: {label} difference by dose for both materials. Right: area under the ROC curve by "
            "dose, for every metric and for the ideal observer.",
        )
        self._table.value = self._doses_table()

    def _figure(self) -> Any:
        from hrtem_lab.plots import dose_curves  # noqa: PLC0415

        study, metric = self.study, self.controls.values["metric"]
        return dose_curves(
            DOSES,
            metric,
            *study.draws(metric),
            {key: study.area(key) for key in study.sweep.metrics if study.sweep.complete >= FEWEST},
            study.ideal,
            names=("Nb₃Sn", OTHERS[study.setting.other]),
        )

    def _doses_table(self) -> str:
        if self.study.sweep.complete < FEWEST:
            return f'<p class="hl-note">The doses follow after {FEWEST} exposures of each image.</p>'
        limit = self.study.ideal_dose
        rows = "".join(self._dose_row(key, limit) for key in self.study.sweep.metrics)
        ideal = _dose(limit) if np.isfinite(limit) else "never"
        return (
            '<table class="hl-doses"><caption>Lowest dose above which the two are told apart with an AUC of '
            f"{TARGET} (95 % interval)</caption><thead><tr><th>method</th><th>dose, e⁻/nm²</th>"
            "<th>times the ideal observer’s</th></tr></thead><tbody>"
            f'<tr><th scope="row">ideal observer</th><td>{ideal}</td><td>1</td></tr>{rows}</tbody></table>'
            '<p class="hl-note">No method needs less than the ideal observer. A number or an interval below '
            "1 says only that the exposures are few.</p>"
        )

    def _dose_row(self, key: str, limit: float) -> str:
        dose, low, high = self.study.told_apart(key)
        name = f'<span style="color:{metric_colour(key)}">{metric_symbol(key)}</span> {METRICS[key].label}'
        if np.isinf(dose):
            words, ratio = f"more than {_dose(DOSES[-1])}", "–"
        elif dose <= DOSES[0]:
            words, ratio = f"at most {_dose(dose)}", f"at most {dose / limit:.1f}"
        else:
            ends = [_dose(end) if np.isfinite(end) else "∞" for end in (low, high)]
            words = f"{_dose(dose)} ({ends[0]} to {ends[1]})"
            ratio = f"{dose / limit:.1f} ({low / limit:.1f} to {high / limit:.1f})".replace("inf", "∞")
        return f'<tr data-metric="{key}"><th scope="row">{name}</th><td>{words}</td><td>{ratio}</td></tr>'

    def _mark(self) -> None:
        """Draw a line at the reader's dose."""
        from hrtem_lab.plots import DOSE_BOXES  # noqa: PLC0415

        nm = DOSES * 100
        share = np.log(self.controls.values["dose"] / nm[0]) / np.log(nm[-1] / nm[0])
        lines = "".join(
            line_mark(left + width * share, top=1 - bottom - height, bottom=1 - bottom)
            for left, bottom, width, height in DOSE_BOXES
        )
        self._curve.overlay = overlay(lines, (1, 1))

    def _counts(self) -> tuple[int, int]:
        return self.study.sweep.done, self.study.sweep.total

    def _reseed(self, _button: Any) -> None:
        self.controls.set(seed=(self.controls.values["seed"] + 1) % 100)
        self.update("seed")

    def _make_widgets(self) -> None:
        self._pictures = {"same": Picture(), "other": Picture()}
        self._reference_picture = Picture(
            alt="Reference: Nb₃Sn, 40 cells thick, in focus, without noise.",
            caption="<strong>Reference</strong> Nb₃Sn, 40 cells, without noise",
        )
        self._numbers = {name: widgets.HTML() for name in self._pictures}
        pictures = pictures_row([self._reference_picture, *self._pictures.values()])
        numbers = widgets.Box([widgets.HTML(), *self._numbers.values()])
        numbers.add_class("hl-row")
        numbers.add_class("hl-under")
        self._curve = Picture(smooth=True)
        self._curve.add_class("hl-curve")
        self._table = widgets.HTML()
        for part in (*self._numbers.values(), self._curve, self._table):
            part.add_class("hl-outcome")
        self._live = self._live_study()
        reseed = widgets.Button(description="New noise", layout={"width": "8em"})
        reseed.add_class("hl-reseed")
        reseed.on_click(lambda button: self._guard(self._reseed, button))
        busy = widgets.Box(
            [self._live.progress, self._live.words, self._live.button, reseed],
            layout={"flex_flow": "row wrap"},
        )
        half = len(PARAMETERS) // 2
        keys = [parameter.key for parameter in PARAMETERS]
        panels = [
            widgets.VBox([self.controls.panel(*part)], layout={"flex": "1 1 380px"})
            for part in (keys[:half], keys[half:])
        ]
        exposed = stage(pictures, numbers, side_by_side(*panels))
        self.view = widgets.VBox([self.message, exposed, self.actions, busy, self._curve, self._table])
        self.view.add_class("hl-dashboard")

    def _live_study(self) -> LiveStudy:
        live = LiveStudy(
            LiveFigure(
                lambda: encode_figure(self._figure()), self._show_study, lambda: self._to_draw, self._curve
            ),
            counts=self._counts,
            restart=self._refine_later,
            guard=self._guard,
            seconds=lambda: SECONDS_BETWEEN_FIGURES,
            idle=lambda: "Go on",
        )
        live.progress.description, live.progress.layout.width = "Study", "20em"
        live.button.layout.width = "6em"
        live.button.add_class("hl-stop")
        return live


def _dose(dose_per_area: float) -> str:
    """Return a dose in e⁻/nm² to two digits."""
    nm = dose_per_area * 100
    return thousands(float(f"{nm:.2g}"))


def dashboard() -> Any:
    """Return the page, drawn for the first time."""
    made = LowDose()
    made.start()
    return made.view
