"""From atoms to exit waves, with abTEM's multislice algorithm: at rest, tilted, and vibrating.

`exit_wave` and `exit_wave_series` simulate atoms at rest. `exit_waves` draws snapshots of vibrating atoms
(frozen phonons), which scatter one electron each. This is the room that names abTEM.
"""

from hrtem_lab.multislice._ensembles import exit_waves, exit_waves_behind
from hrtem_lab.multislice._waves import exit_wave, exit_wave_series

__all__ = ["exit_wave", "exit_wave_series", "exit_waves", "exit_waves_behind"]
