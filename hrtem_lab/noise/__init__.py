"""From the expected image to the recorded one: one function per physical process.

All images are intensities relative to the incident beam (vacuum = 1). The counts of a detector are divided
by the counts that vacuum is expected to give, so a noisy image can be compared with a clean one.
`Detector` applies the processes in their physical order: the source's blur acts on the expected image,
electrons are counted, and the detector adds its own noise. By default nothing is clipped: readout noise
can make pixels negative. `hrtem_lab.metrics.mse` counts these as 0; the other metrics take them as they are.
"""

from hrtem_lab.noise._detector import Detector
from hrtem_lab.noise._electrons import counts_per_pixel
from hrtem_lab.noise._processes import dark_current, readout_noise, shot_noise, source_blur

__all__ = ["Detector", "counts_per_pixel", "dark_current", "readout_noise", "shot_noise", "source_blur"]
