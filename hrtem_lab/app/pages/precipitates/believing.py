"""Would you believe this number? A method's statement, made with a reference that may be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from hrtem_lab.app.kit.background import beside
from hrtem_lab.app.kit.controls import Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard
from hrtem_lab.app.kit.layout import pictures_row, stage
from hrtem_lab.app.kit.log_slider import thousands
from hrtem_lab.app.kit.widgets import Picture, Storage
from hrtem_lab.app.pages.precipitates import files
from hrtem_lab.app.pages.precipitates.pictures import SizePictures
from hrtem_lab.app.pages.precipitates.rounds import (
    BELIEF,
    Belief,
    Case,
    beliefs_from_kept,
    beliefs_to_kept,
    case_of,
    following,
)
from hrtem_lab.app.pages.precipitates.specimen import TOLERANCE, diameter_words, doubts, verdict
from hrtem_lab.app.pages.precipitates.stored_sizes import BEST, study_words
from hrtem_lab.rendering import encode_image, scale_bar
from hrtem_lab.sizing import SIZERS, Size
from hrtem_lab.sizing.specimens import CELL, WHOLE_VIEW, centred_image

CASES = 100
AFTER = 0.5
"""Seconds after which a case is measured: what the page shows above it comes first."""
BELIEVE, DOUBT = "I believe it", "I do not believe it"
HOW = (
    "The reference may be exact, or a little wrong; so may the number. Believe it if you think that it is "
    f"within {TOLERANCE:g} cell of the truth; believe “not detectable” if you think that nothing is there."
)
PARAMETERS = (Slider(key="case", label="Case", minimum=1, maximum=CASES, step=1, default=1),)


class WouldYouBelieve(Dashboard):
    """An image and what a method says of it; the reader's judgement; then the truth and what was wrong."""

    title = "Numbers believed or not"
    naming = ("case",)

    def __init__(self) -> None:
        super().__init__(Controls(PARAMETERS), name="believed")
        self.beliefs: list[Belief] = []
        self._case: Case | None = None
        self._size: Size | None = None
        self._believed: bool | None = None
        self._revealed = False
        self._white = float(centred_image(0, 512).max())
        self._make_widgets()

    @property
    def case(self) -> Case:
        """The case on the page."""
        if self._case is None:
            raise RuntimeError("the question has not been drawn yet")
        return self._case

    def draw(self) -> None:
        """Show the image of the case that the reader chose; the statement follows in `refine`."""
        number = self.controls.values["case"]
        if self._case is None or self._case.number != number:
            self._case, self._size, self._believed, self._revealed = case_of(number), None, None, False
            words = f"at {thousands(self._case.dose)} e⁻/nm²"
            self._picture.show(
                encode_image(self._case.image, limits=(0, self._white)),
                alt=f"Case {number}: Nb₃Sn, with or without a precipitate, {words}.",
                caption=f"<strong>Case {number}</strong> {words}",
            )
            self._pictures.clear()
            self._told.value = ""
        self._label()

    def refine(self) -> Iterator[float | None]:
        """Measure, and state the number; once the reader has judged, tell."""
        if self._size is None:
            yield AFTER
            self._size = yield from beside(self.case.size)
            self._show(self._size, reveal=False)
            self._label()
            yield None
        if self._believed is not None and not self._revealed:
            fit = self._size
            if self.case.method != BEST:
                fit = yield from beside(self.case.size, BEST)
            self._reveal(self._believed, self._size, fit)

    def png(self) -> bytes:
        """Return the three pictures as a figure; the truth is in it once the reader has judged."""
        size, case = self._measured(), self.case
        figure = files.pictures(
            case.image,
            size,
            case.specimen.truth if self._revealed else None,
            quantity=case.measurement().quantity,
            words=f"at {thousands(case.dose)} e⁻/nm²",
            white=self._white,
        )
        return self.save_figure(figure, results=self._counted)

    def csv(self) -> bytes:
        """Return all cases that were judged."""
        header = [
            *("case", "dose (e⁻/nm²)", "method", "diameter found (cells)", "true diameter (cells)"),
            *("reference", "believed", "judged rightly"),
        ]
        return self.save_table(header, [_row(one) for one in self.beliefs], results=self._counted)

    @property
    def seed(self) -> str:
        """The seeds of the cases."""
        return f"{BELIEF}, with the number of each case"

    @property
    def _counted(self) -> list[tuple[str, object]]:
        """Which cases the reader judged."""
        return [("cases judged", " ".join(str(one.number) for one in self.beliefs) or "none")]

    def _measured(self) -> Size:
        if self._size is None:
            self._size = self.case.size()
        return self._size

    def _show(self, size: Size, *, reveal: bool) -> None:
        case = self.case
        self._pictures.show(size, case.specimen, quantity=case.measurement().quantity, reveal=reveal)
        statement = verdict(size, case.specimen, reveal=False)
        method = escape(SIZERS[case.method].label)
        self._pictures.sentence.value = (
            f'<p class="hl-verdict" role="status"><strong>“{statement}”</strong><br>says the method '
            f"<em>{method}</em>.</p>"
        )

    def _judge(self, believed: bool) -> None:
        """Take the reader's judgement; the truth follows."""
        self._believed = believed
        self._told.value = '<p class="hl-verdict">Looking it up …</p>'
        self._label()
        self._refine_later()

    def _reveal(self, believed: bool, size: Size, fit: Size) -> None:
        """Show the truth and write the answer down, unless the case was judged before."""
        case = self.case
        self._revealed = True
        belief = Belief(number=case.number, believed=believed, found=size.diameter_in_cells)
        if all(other.number != case.number for other in self.beliefs):
            self.beliefs = sorted([*self.beliefs, belief], key=lambda one: one.number)
            self._storage.values = {**self._storage.values, **beliefs_to_kept([belief])}
        self._show(size, reveal=True)
        self._told.value = _outcome(case, belief, fit)
        self._list()

    def _next(self) -> None:
        judged = {one.number for one in self.beliefs}
        number = following(self.case.number, judged, most=CASES)
        self.controls.set(case=number)
        self.update("case")

    def _label(self) -> None:
        ready = self._size is not None and self._believed is None
        for button in (self._believe_button, self._doubt_button):
            button.disabled = not ready

    def _list(self) -> None:
        if not self.beliefs:
            self._table.value = '<p class="hl-note">Your judgements will be listed here.</p>'
            return
        right = sum(one.right for one in self.beliefs)
        heads = "".join(f"<th>{head}</th>" for head in ("you", "said", "true", "method", "reference"))
        rows = "".join(_table_row(one) for one in reversed(self.beliefs))
        self._table.value = (
            f'<p class="hl-note">You judged {right} of {len(self.beliefs)} rightly (diameters in cells).</p>'
            '<div class="hl-scroll"><table class="hl-doses hl-sizes hl-beliefs"><thead><tr><th>case</th>'
            f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    def _restore(self) -> None:
        """Take what the browser kept from earlier visits."""
        self.beliefs = beliefs_from_kept(self._storage.values)
        self._list()

    def _forget(self) -> None:
        self._storage.values = {}
        self.beliefs = []
        self._list()

    def _make_widgets(self) -> None:
        self._picture = Picture(overlay=scale_bar(WHOLE_VIEW), smooth=True)
        self._pictures = SizePictures(of="the case")
        self._storage = Storage(name="believed")
        self._storage.observe(lambda _: self._guard(self._restore), names="values")
        self._told, self._table = widgets.HTML(), widgets.HTML()
        self._told.add_class("hl-live")
        self._believe_button = self._button(BELIEVE, lambda: self._judge(believed=True))
        self._doubt_button = self._button(DOUBT, lambda: self._judge(believed=False))
        buttons = [self._believe_button, self._doubt_button, self._button("Next case", self._next)]
        wrapped = {"flex_flow": "row wrap"}
        forget = self._button("Forget my answers", self._forget)
        asked = stage(
            pictures_row([self._picture, self._pictures.map, self._pictures.mask]),
            self.controls.row("case"),
            self._pictures.sentence,
            widgets.HBox(buttons, layout=wrapped),
            self._told,
        )
        below = widgets.HBox([self.actions, forget, self._storage], layout=wrapped)
        how = widgets.HTML(f'<p class="hl-note">{HOW}</p>')
        self.view = widgets.VBox([self.message, how, asked, self._table, below])
        self.view.add_class("hl-dashboard")
        self._list()


def _outcome(case: Case, belief: Belief, fit: Size) -> str:
    """Return whether the reader judged rightly, the truth, what was wrong, and what the sphere says."""
    style, word = ("right", "Right.") if belief.right else ("wrong", "Not quite.")
    truth = diameter_words(case.specimen.diameter * CELL) if case.specimen.diameter else "no precipitate"
    off = (
        f"The reference was off: {case.mismatch.words}."
        if case.mismatch.words
        else "The reference was exact."
    )
    said = " ".join([f"{verdict(fit, case.specimen, reveal=False)}", *doubts(fit)])
    return (
        f'<p class="hl-verdict"><span class="hl-{style}"><strong>{word}</strong></span> '
        f"<strong>True: {truth}.</strong> {off}<br>{study_words(BEST).capitalize()}, with the same "
        f"reference: {escape(said)}</p>"
    )


def _reference(case: Case) -> str:
    return case.mismatch.words or "exact"


def _row(belief: Belief) -> list[object]:
    """Return a line of the file; a diameter that was not found is empty."""
    case = case_of(belief.number)
    return [
        *(case.number, case.dose, SIZERS[case.method].label),
        "" if np.isnan(belief.found) else belief.found,
        *(case.specimen.diameter, _reference(case), int(belief.believed), int(belief.right)),
    ]


def _table_row(belief: Belief) -> str:
    case = case_of(belief.number)
    cells = (
        f"{'believed' if belief.believed else 'doubted'}: {'right' if belief.right else 'wrong'}",
        "none" if np.isnan(belief.found) else f"{belief.found:.1f}",
        str(case.specimen.diameter or "none"),
        SIZERS[case.method].label,
        _reference(case),
    )
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{case.number}</th>{row}</tr>'


def believe() -> Any:
    """Return the question, drawn for the first time."""
    made = WouldYouBelieve()
    made.start()
    return made.view
