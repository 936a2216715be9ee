"""From an exit wave to an HRTEM image: aperture, aberrations, partial coherence and exact sampling.

A wave behind an objective aperture is band-limited, and a crystal's wave is periodic. So a few
Fourier coefficients describe the whole image. Images are evaluated from these coefficients exactly,
at any pixel size, shift, rotation and field of view, in milliseconds. Nothing is interpolated.
`through_layer` puts a layer on the specimen before, `with_background` a background on the image after.
"""

from hrtem_lab.simulation._background import with_background
from hrtem_lab.simulation._image import form_image
from hrtem_lab.simulation._layer import through_layer
from hrtem_lab.waves import (
    ExitWave,
    ExitWaves,
    list_exit_waves,
    load_exit_wave,
    load_exit_waves,
    wavelength,
)

__all__ = [
    "ExitWave",
    "ExitWaves",
    "form_image",
    "list_exit_waves",
    "load_exit_wave",
    "load_exit_waves",
    "through_layer",
    "wavelength",
    "with_background",
]
