"""Chapter 1: two images, the keypoints, the map of every metric, and an enlarged patch."""

from __future__ import annotations

import inspect
import itertools
import textwrap
from collections.abc import Iterator
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.controls import Choice, Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.layout import pictures_row, side_by_side
from hrtem_lab.app.kit.parameters import FOUR_CELLS, SHAPE, defocus, specimen, thickness
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages.four_metrics import patch
from hrtem_lab.metrics import METRICS, Metric, prepare
from hrtem_lab.rendering import box_mark, encode_image, encode_map, keypoint_marks, overlay, scale_bar
from hrtem_lab.simulation import form_image, load_exit_wave

EDGE = patch.RADIUS

PARAMETERS = (
    specimen("Image B", default="zro2"),
    thickness("Thickness of B", default=20),
    defocus("Defocus of B"),
    Choice(key="reference", label="Reference", options={"A": "a", "B": "b"}, default="a", buttons=True),
    Slider(key="x", label="Patch x", unit="px", minimum=EDGE, maximum=SHAPE - 1 - EDGE, step=1,
           default=49),
    Slider(key="y", label="Patch y", unit="px", minimum=EDGE, maximum=SHAPE - 1 - EDGE, step=1,
           default=65),
)  # fmt: skip
PATCH_KEYS = ("x", "y")


class FourMetrics(Dashboard):
    """Images A and B, their difference by every metric, and the difference maps."""

    title = "Two images compared by every metric"
    naming = ("specimen", "thickness", "defocus")

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="four-metrics")
        self.last_changed = "specimen"
        self._a = form_image(load_exit_wave("nb3sn", thickness_cells=20), shape=SHAPE)
        self._b = self._a
        self._prepared_for: tuple[Any, ...] | None = None
        self._prepared: dict[str, Any] = {}
        self._differences: dict[str, float] = {}
        self._maps: dict[str, NDArray[np.floating]] = {}
        self._keypoints = ""
        self._drawn_for: tuple[Any, ...] | None = None
        self._stale = True  # whether keypoints and maps belong to an earlier state
        self._make_widgets()
        self._draw_boxes()

    @property
    def pair(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Reference and image."""
        return (self._b, self._a) if self.controls.values["reference"] == "b" else (self._a, self._b)

    def draw(self) -> None:
        """Show image B and the numbers; moving the patch leaves both as they are."""
        state = self.controls.values
        asked = tuple(value for key, value in state.items() if key not in PATCH_KEYS)
        if asked == self._drawn_for:
            self._draw_boxes()
            return
        self._b = form_image(
            load_exit_wave(state["specimen"], thickness_cells=state["thickness"]),
            defocus=state["defocus"] * 10,
            shape=SHAPE,
            field_of_view=FOUR_CELLS,
        )
        white = self._white
        self._picture_b.show(
            encode_image(self._b, limits=(0, white)),
            alt=f"Image B: {self._title_b()}.",
            caption=f"<strong>B</strong> {self._title_b()}",
        )
        self._prepare()
        self._differences = {key: prepared(self.pair[1]) for key, prepared in self._prepared.items()}
        self._numbers.value = readings.table(self._differences, {})
        self._drawn_for, self._stale = asked, True

    def refine(self) -> Iterator[None]:
        """Show the patch, then the keypoints, the maps and SIFT's band."""
        row, column = (self.controls.values[key] for key in ("y", "x"))
        self._sees.value = patch.cards(self.pair, (row, column), self._prepared)
        if not self._stale:
            return
        yield
        self._keypoints = keypoint_marks(self._prepared["sift"].keypoints(self.pair[1]))
        self._draw_boxes()
        for key, prepared in self._prepared.items():
            yield
            self._maps[key] = prepared.map(self.pair[1])
            self._map_pictures[key].show(encode_map(self._maps[key]))
        yield
        found = yield from readings.bands(self._prepared, self.pair[1])
        self._numbers.value = readings.table(self._differences, found)
        self._stale = False

    def png(self) -> bytes:
        """Return both images, all maps and the numbers as one figure."""
        from hrtem_lab.plots import comparison  # noqa: PLC0415

        reference, image = self.pair
        names = ("A, Nb₃Sn, 20 cells", f"B, {self._title_b()}")
        swapped = self.controls.values["reference"] == "b"
        figure = comparison(
            reference,
            image,
            self._maps,
            self._differences,
            titles=(names[swapped], names[not swapped]),
            field_of_view=FOUR_CELLS,
        )
        return self.save_figure(figure)

    def csv(self) -> bytes:
        """Return the settings and the differences."""
        header = [*self.controls.titles(), *(metric.label for metric in readings.shown().values())]
        return self.save_table(header, [[*self.controls.cells(), *self._differences.values()]])

    @property
    def _white(self) -> float:
        return float(self._a.max())

    def _title_b(self) -> str:
        state = self.controls.values
        by_key = {p.key: p for p in PARAMETERS}
        words = [by_key["specimen"].describe(state["specimen"]), f"{state['thickness']} cells"]
        if state["defocus"]:
            words.append(f"defocus {by_key['defocus'].describe(state['defocus'])}")
        return ", ".join(words)

    def _prepare(self) -> None:
        """Prepare the metrics for the reference, unless it is still the same."""
        state = self.controls.values
        own = (state["specimen"], state["thickness"], state["defocus"])
        reference = ("a",) if state["reference"] == "a" else ("b", *own)
        if self._prepared_for != reference:
            self._prepared = prepare(self.pair[0], readings.shown())
            self._prepared_for = reference

    def _draw_boxes(self) -> None:
        state = self.controls.values
        box = box_mark((state["x"] + 0.5, state["y"] + 0.5), 2 * EDGE + 1)
        bar = scale_bar(FOUR_CELLS)
        size = (SHAPE, SHAPE)
        on_a = state["reference"] == "a"
        self._picture_a.overlay = overlay((self._keypoints if on_a else "") + box, size) + bar
        self._picture_b.overlay = overlay(("" if on_a else self._keypoints) + box, size) + bar
        for picture in self._map_pictures.values():
            picture.overlay = overlay(box, size)

    def _make_widgets(self) -> None:
        self._picture_a = Picture(
            data=encode_image(self._a, limits=(0, self._white)),
            alt="Image A: Nb₃Sn, 20 cells thick, in focus.",
            caption="<strong>A</strong> Nb₃Sn, 20 cells (10.55 nm)",
            clickable=True,
        )
        self._picture_b = Picture(clickable=True)
        self._map_pictures = {
            key: Picture(
                caption=f"<strong>{metric.label} map</strong>",
                alt=f"{metric.label} difference map.",
                clickable=True,
            )
            for key, metric in readings.shown().items()
        }
        for picture in (self._picture_a, self._picture_b, *self._map_pictures.values()):
            picture.observe(lambda change: self._guard(self._point, change.new), names="point")
        self._numbers, self._sees = widgets.HTML(), widgets.HTML()
        self._numbers.add_class("hl-outcome")
        note = widgets.HTML(
            f'<p class="hl-note">Both images: black 0, white {self._white:.2f} of the incident beam. '
            "Circles: keypoints of the reference with size and orientation, yellow where the images agree, "
            'red where they differ. Maps: 0 <span class="hl-ramp"></span> 1 or more; grey where SIFT does '
            "not look. Click or drag on any picture to move the patch.</p>"
        )
        side = widgets.VBox(
            [self.controls.panel(), self._numbers, self.actions], layout={"flex": "1 1 400px"}
        )
        side.add_class("hl-beside")
        images = pictures_row([self._picture_a, self._picture_b])
        images.layout.flex = "2 1 560px"
        maps = widgets.Box(list(self._map_pictures.values()))
        maps.add_class("hl-row")
        maps.add_class("hl-maps")
        top = side_by_side(images, side)
        top.add_class("hl-stage")
        title = widgets.HTML("<h3>What each metric sees in the patch</h3>")
        self.view = widgets.VBox([self.message, top, note, maps, title, self._sees])
        self.view.add_class("hl-dashboard")

    def _point(self, point: list[float]) -> None:
        x, y = (int(np.clip(fraction * SHAPE, EDGE, SHAPE - 1 - EDGE)) for fraction in point[:2])
        self.controls.set(x=x, y=y)
        self.update("x")


def dashboard() -> Any:
    """Return the chapter's dashboard, drawn for the first time."""
    made = FourMetrics()
    made.start()
    return made.view


def equation(key: str) -> Any:
    """Return a metric's equation with the lines of code that compute it.

    Parameters
    ----------
    key : str
        A key of `hrtem_lab.metrics.METRICS`.
    """
    from IPython.display import Markdown  # noqa: PLC0415

    metric = METRICS[key]
    code = f"```python\n{code_of(metric)}\n```"
    return Markdown(
        f'<div class="hl-equation">\n\n$${metric.equation}$$\n\n{code}\n\n</div>\n\n'
        f"*{metric.source}.* When it misleads: {metric.misleads}"
    )


def code_of(metric: Metric) -> str:
    """Return the lines of a metric's source from the mark `# eq.` to the end of the block."""
    lines = inspect.getsource(metric.prepare).splitlines()
    marks = [index for index, line in enumerate(lines) if line.strip().startswith("# eq.")]
    if not marks:
        return inspect.getsource(metric.function)
    start = marks[0] + 1
    indent = len(lines[start]) - len(lines[start].lstrip())
    body = itertools.takewhile(lambda line: len(line) - len(line.lstrip()) >= indent, lines[start:])
    return textwrap.dedent("\n".join(body))
