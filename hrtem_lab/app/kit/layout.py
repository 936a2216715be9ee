"""Where a page's parts stand: pictures that stay in view while the reader moves the sliders below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets


def pictures_row(pictures: Sequence[Any]) -> Any:
    """Return pictures side by side, which stay in view as long as their `stage` is on the screen.

    Parameters
    ----------
    pictures : sequence of widgets
        At most three, so that they fit beside each other on a phone.
    """
    row = widgets.Box(list(pictures))
    row.add_class("hl-row")
    row.add_class("hl-stays")
    return row


def stage(*parts: Any) -> Any:
    """Return the part of a page in which its `pictures_row` stays in view: the pictures and what sets them.

    Parameters
    ----------
    parts : widgets
        From top to bottom.
    """
    made = widgets.VBox(parts)
    made.add_class("hl-stage")
    return made


def side_by_side(*parts: Any) -> Any:
    """Return widgets beside each other, or under each other where the window is narrow.

    Parameters
    ----------
    parts : widgets
        Each with a ``layout.flex`` that says how wide it would like to be.
    """
    box = widgets.Box(parts, layout={"flex_flow": "row wrap"})
    box.add_class("hl-side-by-side")
    return box
