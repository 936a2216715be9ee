"""What stands between the expected image and the recorded one: one function per physical process.

Images are intensities relative to the incident beam (vacuum = 1) before and after: what a detector counts
is divided by the counts that vacuum is expected to give, so that a noisy image compares with a clean one.
`Detector` composes the processes in their physical order: the source's blur acts on the expected image,
electrons are counted, and the detector adds its own noise. Nothing is clipped unless asked: readout noise
takes pixels below 0, which `hrtem_lab.metrics.mse` counts as 0 and the other metrics take as they are.
"""

from hrtem_lab.noise._detector import Detector
from hrtem_lab.noise._electrons import counts_per_pixel
from hrtem_lab.noise._processes import dark_current, readout_noise, shot_noise, source_blur

__all__ = ["Detector", "counts_per_pixel", "dark_current", "readout_noise", "shot_noise", "source_blur"]
