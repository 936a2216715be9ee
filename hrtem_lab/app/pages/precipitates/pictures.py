"""What a method says of an image: the map of cells, the cells counted, a sentence, and a histogram."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.app.pages.precipitates.cell_marks import OTHERS, TRUTH, histogram, outline
from hrtem_lab.app.pages.precipitates.specimen import verdict
from hrtem_lab.rendering import encode_image, encode_map
from hrtem_lab.sizing import Size, Specimen


class SizePictures:
    """The widgets `map`, `mask`, `sentence` and `histogram`, which a page places as it likes."""

    def __init__(self) -> None:
        self.map, self.mask = Picture(), Picture()
        self.sentence, self.histogram = widgets.HTML(), widgets.HTML()

    def wait(self) -> None:
        """Say that the numbers will take a while."""
        self.sentence.value = '<p class="hl-verdict" role="status">Measuring …</p>'

    def show(
        self, size: Size, specimen: Specimen, *, quantity: str, noise_free: bool = False, reveal: bool = True
    ) -> None:
        """Show a size.

        Parameters
        ----------
        size : Size
        specimen : Specimen
            What was imaged.
        quantity : str
            What the numbers of the map are.
        noise_free : bool
            Whether the image was one without noise.
        reveal : bool
            Whether to show the truth.
        """
        words = verdict(size, specimen, noise_free=noise_free, reveal=reveal)
        self.sentence.value = f'<p class="hl-verdict" role="status"><strong>{words}</strong></p>'
        truth = specimen.truth if reveal else None
        above = f"; {_above(size)} above the threshold"
        self.show_map(size.map, truth, quantity=quantity, counted=above)
        self._show_mask(size, specimen, reveal=reveal)
        bars = histogram(size.map, size.threshold, truth, quantity=quantity)
        self.histogram.value = bars + _legend(size, reveal=reveal)

    def show_map(
        self,
        differences: NDArray[np.floating],
        truth: NDArray[np.bool_] | None,
        *,
        quantity: str,
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
        counted : str
            What else its description says.
        """
        ramp = '0 <span class="hl-ramp"></span> 1'
        self.map.show(
            encode_map(differences),
            alt=f"{quantity}, 16 × 16 cells{counted}.",
            caption=f"<strong>Map of cells</strong> {quantity}<br>{ramp}",
            overlay="" if truth is None else outline(truth),
        )

    def _show_mask(self, size: Size, specimen: Specimen, *, reveal: bool) -> None:
        note = "orange: the truth’s outline" if specimen.diameter else "the truth: no precipitate"
        count = int(size.mask.sum())
        words = f"{count} of {size.mask.size}<br>{note if reveal else 'the truth is hidden'}"
        self.mask.show(
            encode_image(size.mask, limits=(-0.25, 1.1)),
            alt=f"{count} cells counted as precipitate.",
            caption=f"<strong>Cells counted</strong> {words}",
            overlay=self.map.overlay,
        )


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
