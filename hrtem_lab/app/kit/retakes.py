"""A dashboard of a noisy exposure, which the reader can record again."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from hrtem_lab.app.kit.controls import Controls, Slider
from hrtem_lab.app.kit.dashboard import Dashboard

_SEEDS = 1000

SEED = Slider(key="seed", label="Seed", minimum=0, maximum=_SEEDS - 1, step=1, default=0)
"""The seed of the noise: a control of every such dashboard."""


class Retakes(Dashboard):
    """A dashboard whose state has a `SEED`.

    Parameters
    ----------
    controls : Controls
        The sliders and choices, `SEED` among them.
    name : str
        Name of downloaded files, without extension.
    """

    def __init__(self, controls: Controls, *, name: str) -> None:
        super().__init__(controls, name=name)
        self._draw_label = widgets.HTML()

    def _name_noise(self) -> None:
        """Show the number of the noise."""
        self._draw_label.value = f'<span class="hl-second">noise {self.controls.values["seed"]}</span>'

    def _noise_row(self, tooltip: str) -> Any:
        """Return the button for new noise, beside the number of the noise."""
        button = widgets.Button(description="New noise", tooltip=tooltip)
        button.on_click(lambda _: self._guard(self._draw_anew))
        return widgets.HBox([button, self._draw_label], layout={"align_items": "center"})

    def _draw_anew(self) -> None:
        self.controls.set(seed=(self.controls.values["seed"] + 1) % _SEEDS)
        self.update("seed")
