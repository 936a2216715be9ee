"""From the expected image to the recorded one: one function per physical process.

All images are intensities relative to the incident beam (vacuum = 1). The counts of a detector are divided
by the counts that vacuum is expected to give, so a noisy image can be compared with a clean one.
`Detector` applies the processes in their physical order: the source's blur acts on the expected image,
electrons are counted, and the detector adds its own noise. By default nothing is clipped: readout noise
can make pixels negative. `hrtem_lab.metrics.mse` counts these as 0; the other metrics take them as they are.

`Camera` does the same for the whole of a real detector: what its pixels transfer, its electronics, its bad
pixels, and the errors of a scanned image. `CAMERAS` holds three to begin with. Processes that act on a record
take electrons per pixel instead of intensities.
"""

from hrtem_lab.noise._camera import Camera
from hrtem_lab.noise._curves import Curve, Transfer
from hrtem_lab.noise._detector import Detector
from hrtem_lab.noise._electronics import digitization, fast_scan_blur, line_noise, saturation
from hrtem_lab.noise._electrons import counts_per_pixel
from hrtem_lab.noise._faults import bad_pixels, uneven_gain, xray_hits
from hrtem_lab.noise._presets import CAMERAS, camera_preset
from hrtem_lab.noise._processes import dark_current, readout_noise, shot_noise, source_blur
from hrtem_lab.noise._scan import distorted_sampling, flyback, line_jitter, scan_jitter
from hrtem_lab.noise._scanning import Scan
from hrtem_lab.noise._transfer import signal_transfer, transferred_shot_noise

__all__ = [
    "CAMERAS",
    "Camera",
    "Curve",
    "Detector",
    "Scan",
    "Transfer",
    "bad_pixels",
    "camera_preset",
    "counts_per_pixel",
    "dark_current",
    "digitization",
    "distorted_sampling",
    "fast_scan_blur",
    "flyback",
    "line_jitter",
    "line_noise",
    "readout_noise",
    "saturation",
    "scan_jitter",
    "shot_noise",
    "signal_transfer",
    "source_blur",
    "transferred_shot_noise",
    "uneven_gain",
    "xray_hits",
]
