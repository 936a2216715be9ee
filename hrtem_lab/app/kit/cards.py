"""Static pictures: a card with the numbers of all metrics under its image, and the reference."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit import readings
from hrtem_lab.app.kit.parameters import FOUR_CELLS
from hrtem_lab.app.kit.widgets import Picture
from hrtem_lab.rendering import encode_image, scale_bar


def card(
    image: NDArray[np.floating],
    *,
    white: float,
    key: str,
    alt: str,
    caption: str,
    differences: Mapping[str, float],
    outcome: bool = False,
) -> str:
    """Return a figure as HTML.

    Parameters
    ----------
    image : numpy.ndarray
        Intensity, 4 × 4 cells wide (`FOUR_CELLS`).
    white : float
        Intensity shown white; 0 is black.
    key : str
        Names the card in the page.
    alt, caption : str
        A description as plain text, and the line under the picture as HTML.
    differences : mapping of str to float
        Key of the metric → difference.
    outcome : bool
        Whether the differences stay covered until the reader has predicted.
    """
    data = base64.b64encode(encode_image(image, limits=(0, white))).decode()
    numbers = readings.table(differences)
    if outcome:
        numbers = f'<div class="hl-outcome">{numbers}</div>'
    return (
        f'<figure class="hl-picture" data-case="{escape(key)}"><div class="hl-frame">'
        f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'
        f'<div class="hl-overlay">{scale_bar(FOUR_CELLS)}</div></div>'
        f"<figcaption>{caption}</figcaption>{numbers}</figure>"
    )


def reference_picture(reference: NDArray[np.floating]) -> Picture:
    """Return the picture of the reference crystal that the searches and the game start from."""
    white = float(reference.max())
    return Picture(
        data=encode_image(reference, limits=(0, white)),
        overlay=scale_bar(FOUR_CELLS),
        alt="Reference: Nb₃Sn, 40 cells thick, in focus.",
        caption=f"<strong>Reference</strong>, white {white:.2f} of the beam",
    )
