"""What a method says of an image: the map of cells, the cells counted, a sentence, and a histogram."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages.precipitates.cell_marks import OTHERS, TRUTH, histogram, outline
from hrtem_lab.app.pages.precipitates.specimen import doubts, verdict
from hrtem_lab.rendering import encode_image, encode_map
from hrtem_lab.sizing import Size, Specimen
from hrtem_lab.sizing.specimens import CELLS


class SizePictures:
    """The widgets `map`, `mask`, `sentence`, `doubts` and `histogram`, which a page places as it likes.

    Parameters
    ----------
    of : str
        What is measured, for readers who cannot see the pictures, where a page shows several.
    """

    def __init__(self, *, of: str = "") -> None:
        self._of = of
        self.map = Picture(alt=f"Map of {of}, not measured yet." if of else "")
        self.mask = Picture(alt=f"Cells counted in {of}, not measured yet." if of else "")
        self.sentence, self.doubts, self.histogram = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.doubts.add_class("hl-live")

    def wait(self) -> None:
        """Say that the numbers will take a while."""
        self.sentence.value = '<p class="hl-verdict" role="status">Measuring …</p>'

    def clear(self) -> None:
        """Take away what belongs to another image, and say that the numbers will take a while."""
        self.wait()
        yet, empty = "not measured yet", encode_image(np.full((CELLS, CELLS), 0.9), limits=(0, 1))
        for picture, alt, title in (
            (self.map, f"Map of {self._of}", "Map of cells"),
            (self.mask, f"Cells counted in {self._of}", "Cells counted"),
        ):
            picture.show(empty, alt=f"{alt}, {yet}.", caption=f"<strong>{title}</strong> {yet}", overlay="")

    def refuse(self) -> None:
        """Say that nothing is measured, so that no number of other settings stays on the page."""
        self.sentence.value = '<p class="hl-verdict" role="status">Not measured.</p>'
        self.doubts.value = ""
        for picture in (self.map, self.mask):
            if picture.data:
                picture.show(picture.data, caption="<strong>Not measured.</strong> As it was before.")

    def show(
        self,
        size: Size,
        specimen: Specimen,
        *,
        quantity: str,
        against: str = "",
        noise_free: bool = False,
        reveal: bool = True,
    ) -> None:
        """Show a size.

        Parameters
        ----------
        size : Size
        specimen : Specimen
            What was imaged.
        quantity : str
            What the numbers of the map are.
        against : str
            What the image is compared with, if that is not the exact reference.
        noise_free : bool
            Whether the image was one without noise.
        reveal : bool
            Whether to show the truth.
        """
        words = verdict(size, specimen, noise_free=noise_free, reveal=reveal)
        self.sentence.value = f'<p class="hl-verdict" role="status"><strong>{words}</strong></p>'
        self.doubts.value = doubts_html(size)
        truth = specimen.truth if reveal else None
        above = f"; {_above(size)} above the threshold"
        self.show_map(size.map, truth, quantity=quantity, against=against, counted=above)
        self._show_mask(size, specimen, reveal=reveal)
        bars = histogram(size.map, size.threshold, truth, quantity=quantity)
        self.histogram.value = bars + _legend(size, reveal=reveal)

    def show_map(
        self,
        differences: NDArray[np.floating],
        truth: NDArray[np.bool_] | None,
        *,
        quantity: str,
        against: str = "",
        counted: str = "",
    ) -> None:
        """Show the map alone.

        Parameters
        ----------
        differences : numpy.ndarray, shape (rows, columns)
        truth : numpy.ndarray of bool or None
            The cells that hold precipitate, to be outlined; None keeps the secret.
        quantity : str
            What the numbers of the map are.
        against : str
            What the image is compared with, if that is not the exact reference.
        counted : str
            What else its description says.
        """
        ramp = '0 <span class="hl-ramp"></span> 1'
        compared = f"Reference: {against}" if against else ""
        alt = f"{quantity}, 16 × 16 cells{counted}. {compared}".rstrip()
        self.map.show(
            encode_map(differences),
            alt=f"Map of {self._of}: {quantity}, 16 × 16 cells." if self._of else alt,
            caption="<br>".join(filter(None, [f"<strong>Map of cells</strong> {quantity}", ramp, compared])),
            overlay="" if truth is None else outline(truth),
        )

    def _show_mask(self, size: Size, specimen: Specimen, *, reveal: bool) -> None:
        note = "orange: the truth’s outline" if specimen.diameter else "the truth: no precipitate"
        count = int(size.mask.sum())
        words = f"{count} of {size.mask.size}<br>{note if reveal else 'the truth is hidden'}"
        self.mask.show(
            encode_image(size.mask, limits=(-0.25, 1.1)),
            alt=f"Cells counted in {self._of}: {count}."
            if self._of
            else f"{count} cells counted as precipitate.",
            caption=f"<strong>Cells counted</strong> {words}",
            overlay=self.map.overlay,
        )


def doubts_html(size: Size) -> str:
    """Return `doubts` as HTML; empty if there are none."""
    told = doubts(size)
    if not told:
        return ""
    heading = '<strong class="hl-wrong">What is wrong:</strong> ' if size.problems else ""
    return f'<p class="hl-note">{heading}{escape(" ".join(told))}</p>'


def _legend(size: Size, *, reveal: bool) -> str:
    words = (
        f"{_above(size)} of {size.map.size} cells above. The height of a bar is the square root of its "
        "number of cells, so that a single cell can be seen."
    )
    if reveal:
        words = (
            f'<span class="hl-second"><span style="color:{TRUTH}">■</span> precipitate</span> '
            f'<span class="hl-second"><span style="color:{OTHERS}">■</span> Nb₃Sn</span>; {words}'
        )
    return f'<p class="hl-note">{words}</p>'


def _above(size: Size) -> int:
    return int((size.map > size.threshold).sum())
