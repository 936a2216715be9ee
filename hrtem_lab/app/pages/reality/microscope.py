"""What the page's settings mean: the specimen, lens and camera behind an image, without widgets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab.app.kit.parameters import FOUR_CELLS, SHAPE
from hrtem_lab.noise import Camera, camera_preset
from hrtem_lab.simulation import ExitWave, ExitWaves, form_image, through_layer, with_background
from hrtem_lab.waves import load_carbon_slabs, load_exit_waves

SAMPLING = FOUR_CELLS[0] / SHAPE
"""Pixel size in Å."""
CAMERAS = {"counting": "counting camera", "ccd": "scintillator CCD", "stem": "STEM"}
"""Value of the page's control → name of the preset."""
NO_CAMERA = "none"
"""The expected image itself: no camera, no electrons counted."""
AT_REST = "rest"
LAYER_SNAPSHOTS = 16
"""Behind a layer nothing repeats with the cell: every snapshot is imaged by itself, which takes time."""

State = Mapping[str, Any]


def waves_of(state: State) -> ExitWave | ExitWaves:
    """Return the exit waves of the specimen that a state describes.

    Raises
    ------
    ValueError
        If there is no such specimen.
    """
    return _waves(state["vibration"], state["thickness"], float(state["tilt"]), int(state["layer"]))


@lru_cache(maxsize=32)
def _waves(vibration: str, thickness: int, tilt: float, layer: int) -> ExitWave | ExitWaves:
    temperature = None if vibration == AT_REST else float(vibration)
    try:
        waves = load_exit_waves("nb3sn", temperature=temperature, thickness_cells=thickness, tilt=tilt)
    except ValueError as error:
        raise ValueError(
            f"no crystal of {thickness} cells at {vibration} K with a tilt of {tilt:g} mrad is stored; "
            "at 100 K the thickness must be 40 cells and the tilt 0, at 293 K at least one of the two"
        ) from error
    if not layer:
        return waves if len(waves) > 1 else waves[0]
    return through_layer(waves[:LAYER_SNAPSHOTS], load_carbon_slabs(), number=layer)


def expected(state: State) -> NDArray[np.floating]:
    """Return the image that a state describes, before it meets a camera."""
    azimuth = np.deg2rad(state["azimuth"])
    # Underfocus by the layer's thickness keeps the lens focused on the crystal's exit surface.
    image = form_image(
        waves_of(state),
        defocus=(state["defocus"] + state["layer"]) * 10,
        Cs=state["cs"] * 1e4,
        C12=state["c12"] * 10,
        phi12=azimuth,
        C21=state["c21"] * 10,
        phi21=azimuth,
        C23=state["c23"] * 10,
        phi23=azimuth,
        focal_spread=state["focal_spread"] * 10,
        image_spread=state["image_spread"] * 10,
        drift=(0, state["drift"] * 10),
        shape=SHAPE,
        field_of_view=FOUR_CELLS,
    )
    return with_background(image, background=state["background"] / 100, contrast=1 / state["stobbs"])


def recorded(state: State) -> NDArray[np.floating]:
    """Return the image that a state describes, as its camera records it."""
    image = expected(state)
    if state["camera"] == NO_CAMERA:
        return image
    return camera(state["camera"]).expose(image, dose_per_area=state["dose"] / 100, rng=state["seed"])


@lru_cache(maxsize=8)
def camera(name: str) -> Camera:
    """Return a camera of the list, with the page's pixels."""
    return camera_preset(CAMERAS[name], sampling=SAMPLING)
