"""Three cameras to begin with. Their numbers are ours: plausible, not measured on a certain detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hrtem_lab._validation import one_of
from hrtem_lab.noise._camera import Camera
from hrtem_lab.noise._curves import Curve, Transfer
from hrtem_lab.noise._scanning import Scan

# A unit cell of Nb₃Sn on 32 pixels, as in the course.
SAMPLING = 5.275 / 32

CAMERAS: Mapping[str, Camera] = MappingProxyType(
    {
        "counting camera": Camera(
            sampling=SAMPLING,
            transfer=Transfer(signal=Curve(corner=1.0, aperture=True), dqe0=0.85),
            dark_counts=0.001,
            dead=2e-5,
            hot=2e-5,
            hot_counts=5.0,
            hit_rate=1e-6,
            hit_energy=2.0,
            # A count is an electron that was not lost.
            gain=0.85,
            bits=16,
            uneven_gain=0.005,
        ),
        "scintillator CCD": Camera(
            sampling=SAMPLING,
            transfer=Transfer(
                signal=Curve(corner=0.12, floor=0.12, aperture=True),
                noise=Curve(corner=0.2, floor=0.2),
                dqe0=0.6,
            ),
            dark_counts=0.1,
            dead=5e-5,
            hot=5e-5,
            hot_counts=20.0,
            hit_rate=1e-5,
            hit_energy=200.0,
            full_well=4000.0,
            readout_sigma=1.0,
            gain=4.0,
            bits=14,
            offset=100.0,
            uneven_gain=0.01,
        ),
        "STEM": Camera(
            sampling=SAMPLING,
            transfer=Transfer(signal=Curve(), dqe0=0.7),
            scan=Scan(
                jitter=0.3,
                line_jitter=0.2,
                line_correlation=0.6,
                flyback=1.5,
                settling=50.0,
                memory=0.2,
                line_gain=0.01,
                line_offset=0.05,
            ),
            dark_counts=0.02,
            readout_sigma=0.3,
            gain=20.0,
            bits=16,
            offset=200.0,
        ),
    }
)
"""Three cameras by name: "counting camera", "scintillator CCD" and "STEM", a scanning microscope's detector.

Their numbers are plausible ones of ours, not measured on a certain detector; their pixel is the course's,
0.165 Å. `camera_preset` gives one with another pixel or with changes."""


def camera_preset(name: str, *, sampling: float | tuple[float, float], **changes: Any) -> Camera:
    """Return one of `CAMERAS` with a pixel size, and with other changes.

    Parameters
    ----------
    name : str
        "counting camera", "scintillator CCD" or "STEM".
    sampling : float or (float, float)
        Pixel size at the specimen in Å; of pixels that are not square, along (rows, columns).
    **changes
        Attributes of `Camera` that differ from the preset's.

    Returns
    -------
    Camera

    Raises
    ------
    TypeError, ValueError
        If there is no such preset or attribute, or a value is out of range.

    Examples
    --------
    >>> camera = camera_preset("scintillator CCD", sampling=0.2, dead=0, hot=0)
    >>> camera.readout_sigma, bool(camera.bad_pixels((64, 64)).any())
    (1.0, False)
    """
    return replace(CAMERAS[one_of("name", name, tuple(CAMERAS))], sampling=sampling, **changes)
