"""Count it yourself: the reader marks the cells of a precipitate, beside two methods, round after round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets as widgets
import numpy as np

from hrtem_lab.app.kit.background import beside
from hrtem_lab.app.kit.controls import Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.layout import side_by_side
from hrtem_lab.app.kit.live import encode_figure
from hrtem_lab.app.kit.log_slider import thousands
from hrtem_lab.app.kit.widgets import CellGrid, Picture, Storage
from hrtem_lab.app.pages.precipitates.cell_marks import outline
from hrtem_lab.app.pages.precipitates.rounds import (
    GAME,
    RIVALS,
    Result,
    Round,
    diameter_of,
    following,
    from_kept,
    round_of,
    score,
    to_kept,
)
from hrtem_lab.app.pages.precipitates.specimen import diameter_words
from hrtem_lab.app.pages.precipitates.stored_sizes import IDEAL, study_style, study_words
from hrtem_lab.rendering import encode_image
from hrtem_lab.sizing import Size, stored_study
from hrtem_lab.sizing.specimens import CELL, CELLS, centred_image

ROUNDS = 200
YOU = "you"
INSTRUCTIONS = (
    "Click or drag over the cells that you believe hold ZrO₂. By keyboard: Tab to the image, arrows move, "
    "space marks, Shift and an arrow carries the mark on."
)
POINT_STYLES = {
    YOU: {"color": "#E69F00", "marker": "*"},
    **{study_words(method): study_style(method) for method in (*RIVALS, IDEAL)},
}
PARAMETERS = (Slider(key="round", label="Round", minimum=1, maximum=ROUNDS, step=1, default=1),)


class CountItYourself(Dashboard):
    """A noisy image to mark cells in, the truth afterwards, and the list of all rounds."""

    title = "Precipitates counted by eye"
    naming = ("round",)

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="counted-by-eye")
        self.results: list[Result] = []
        self._round: Round | None = None
        self._rivals: dict[str, Size] = {}
        self._finished = False
        self._revealed = False
        self._drawn: tuple[Any, ...] | None = None
        self._make_widgets()

    @property
    def round(self) -> Round:
        """The round on the page."""
        if self._round is None:
            raise RuntimeError("the game has not been drawn yet")
        return self._round

    def draw(self) -> None:
        """Show the image of the round that the reader chose, nothing marked."""
        number = self.controls.values["round"]
        if self._round is None or self._round.number != number:
            self._round, self._rivals = round_of(number), {}
            self._finished = self._revealed = False
            white = float(centred_image(0, self._round.specimen.pixels).max())
            words = f"at {thousands(self._round.dose)} e⁻/nm²"
            self._grid.marked, self._grid.enabled = [], True
            self._grid.show(
                encode_image(self._round.image, limits=(0, white)),
                alt=f"Round {number}: Nb₃Sn with a precipitate somewhere, {words}.",
                caption=f"<strong>Round {number}</strong> {words}: which cells hold ZrO₂?",
                overlay="",
            )
        self._label()

    def refine(self) -> Iterator[float | None]:
        """Let the methods count while the reader does; once the reader is done, tell."""
        for method in RIVALS:
            if method not in self._rivals:
                self._rivals[method] = yield from beside(self.round.rival, method)
        if self._finished and not self._revealed:
            self._reveal()
            yield None
        yield from self._show_points()

    def png(self) -> bytes:
        """Return the reader's points beside the methods' as a figure."""
        return self.save_figure(self._figure(), results=self._counted)

    def csv(self) -> bytes:
        """Return all rounds that were counted."""
        header = [
            *("round", "dose (e⁻/nm²)", "true diameter (cells)", "true diameter (nm)"),
            *("your diameter (cells)", "your diameter (nm)", "your wrong cells"),
        ]
        for method in RIVALS:
            name = study_words(method)
            header += [f"{name} (cells)", f"{name} (nm)", f"{name}: wrong cells"]
        return self.save_table(header, [_row(result) for result in self.results], results=self._counted)

    @property
    def seed(self) -> str:
        """The seeds of the rounds."""
        return f"{GAME}, with the number of each round"

    @property
    def _counted(self) -> list[tuple[str, object]]:
        """Which rounds the reader counted."""
        return [("rounds counted", " ".join(str(result.number) for result in self.results) or "none")]

    def _done(self) -> None:
        """Take the reader's marks as they are."""
        self._finished, self._grid.enabled = True, False
        self._label()
        self._refine_later()

    def _next(self) -> None:
        played = {result.number for result in self.results}
        number = following(self.round.number, played, most=ROUNDS)
        self.controls.set(round=number)
        self.update("round")

    def _reveal(self) -> None:
        """Show the truth and write the round down, unless it was counted before."""
        result = score(self.round, self._grid.marked, self._rivals)
        self._revealed = True
        if all(other.number != result.number for other in self.results):
            self.results = sorted([*self.results, result], key=lambda one: one.number)
            self._storage.values = {**self._storage.values, **to_kept([result])}
        self._grid.overlay = outline(self.round.specimen.truth)
        self._words.value = _verdict(result)
        self._list()

    def _label(self) -> None:
        count = len(self._grid.marked)
        self._done_button.disabled = self._clear_button.disabled = self._finished
        if self._revealed:
            return
        if self._finished:
            self._words.value = '<p class="hl-verdict" role="status">The methods are still counting …</p>'
            return
        size = f"{_cells(count)}, {diameter_words(diameter_of(count) * CELL)}" if count else "none yet"
        self._words.value = f'<p class="hl-verdict">Marked: {size}.</p>'

    def _list(self) -> None:
        rows = "".join(_table_row(result) for result in reversed(self.results))
        heads = "".join(f"<th>{study_words(method)}</th>" for method in RIVALS)
        self._table.value = (
            '<p class="hl-note">Your rounds: diameter in cells (wrong cells)</p>'
            '<div class="hl-scroll"><table class="hl-doses hl-rounds"><thead><tr><th>round</th>'
            "<th>e⁻/nm²</th><th>true</th><th>you</th>"
            f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>{self._summary()}"
            if rows
            else '<p class="hl-note">Your rounds will be listed here.</p>'
        )

    def _summary(self) -> str:
        wrong = {YOU: np.mean([result.wrong for result in self.results])}
        for method in RIVALS:
            name = study_words(method)
            wrong[name] = np.mean([result.misclassified[method] for result in self.results])
        words = ", ".join(f"{name} {value:.1f}" for name, value in wrong.items())
        return f'<p class="hl-note">Wrong cells per round: {words}.</p>'

    def _show_points(self) -> Iterator[float]:
        state = (self.round.dose, tuple(result.number for result in self.results))
        if state == self._drawn:
            return
        self._picture.layout.display = "" if self.results else "none"
        if self.results:
            self._picture.show(
                (yield from beside(lambda: encode_figure(self._figure()))),
                alt=f"Your diameters and the methods' against the truth, {len(self.results)} rounds.",
            )
        self._drawn = state

    def _figure(self) -> Any:
        from hrtem_lab.plots import size_curves  # noqa: PLC0415

        study = stored_study()
        ideal = {study_words(IDEAL): study.at(IDEAL, study.nearest(self.round.dose / 100))}
        points = {YOU: [(one.true, one.yours) for one in self.results]}
        for method in RIVALS:
            points[study_words(method)] = [(one.true, one.found[method]) for one in self.results]
        title = f"{len(self.results)} {'round' if len(self.results) == 1 else 'rounds'} counted"
        return size_curves(study.diameters, ideal, points=points, styles=POINT_STYLES, title=title)

    def _restore(self) -> None:
        """Take what the browser kept from earlier visits."""
        self.results = from_kept(self._storage.values)
        self._list()
        if self._round is not None:
            self._refine_later()

    def _make_widgets(self) -> None:
        self._grid = CellGrid(cells=CELLS, label=INSTRUCTIONS)
        self._grid.observe(lambda _: self._guard(self._label), names="marked")
        self._storage = Storage(name="counted-by-eye")
        self._storage.observe(lambda _: self._guard(self._restore), names="values")
        self._words, self._table = widgets.HTML(), widgets.HTML()
        self._picture = Picture(
            smooth=True,
            alt="Your diameters and the methods' against the truth, before the first round.",
            layout={"display": "none"},
        )
        self._picture.add_class("hl-curve")
        self._done_button = self._button("Done", self._done)
        self._clear_button = self._button("Clear marks", self._clear)
        buttons = [self._done_button, self._clear_button, self._button("Next round", self._next)]
        how = widgets.HTML(f'<p class="hl-note">{INSTRUCTIONS} No cell marked means: none seen.</p>')
        left = widgets.VBox([self._grid], layout={"flex": "1 1 380px", "max_width": "580px"})
        row = widgets.HBox(buttons, layout={"flex_flow": "row wrap"})
        right = widgets.VBox(
            [self.controls.row("round"), how, self._words, row, self._table], layout={"flex": "1 1 380px"}
        )
        top = side_by_side(left, right)
        forget = self._button("Forget my rounds", self._forget)
        below = widgets.HBox([self.actions, forget, self._storage], layout={"flex_flow": "row wrap"})
        self.view = widgets.VBox([self.message, top, self._picture, below])
        self.view.add_class("hl-dashboard")
        self._list()

    def _clear(self) -> None:
        self._grid.marked = []

    def _forget(self) -> None:
        self._storage.values = {}
        self.results = []
        self._list()
        self._refine_later()


def _verdict(result: Result) -> str:
    yours = "You saw none" if np.isnan(result.yours) else f"You: {diameter_words(result.yours * CELL)}"
    lines = [f"{yours}, {_cells(result.wrong)} wrong."]
    for method in RIVALS:
        found, wrong = result.found[method], result.misclassified[method]
        words = "not detectable at this dose" if np.isnan(found) else diameter_words(found * CELL)
        lines.append(f"{study_words(method).capitalize()}: {words}, {_cells(wrong)} wrong.")
    truth = f"<strong>True: {diameter_words(result.true * CELL)}.</strong>"
    return f'<p class="hl-verdict" role="status">{truth}<br>{"<br>".join(lines)}</p>'


def _cells(count: float) -> str:
    return f"{count:.0f} {'cell' if count == 1 else 'cells'}"


def _row(result: Result) -> list[object]:
    """Return a line of the file; a diameter that was not found is empty."""
    row: list[object] = [result.number, result.dose, result.true, result.true * CELL / 10]
    for found, wrong in result.answers:
        row += ["", ""] if np.isnan(found) else [found, found * CELL / 10]
        row.append(int(wrong))
    return row


def _table_row(result: Result) -> str:
    cells = [f'<th scope="row">{result.number}</th><td>{thousands(result.dose)}</td><td>{result.true:g}</td>']
    for found, wrong in result.answers:
        cells.append(f"<td>{'–' if np.isnan(found) else f'{found:.1f}'} ({wrong:.0f})</td>")
    return f"<tr>{''.join(cells)}</tr>"


def game() -> Any:
    """Return the game, drawn for the first time."""
    made = CountItYourself()
    made.start()
    return made.view
