"""Exit waves: single ones and ensembles, the shipped ones, and specimens with a known truth."""

from hrtem_lab.waves._ensembles import (
    OffGridSpecimen,
    list_off_grid_specimens,
    load_carbon_slabs,
    load_exit_waves,
    load_off_grid_specimen,
    load_study_specimens,
)
from hrtem_lab.waves._stored import list_exit_waves, load_exit_wave
from hrtem_lab.waves._waves import ExitWave, ExitWaves, wavelength

__all__ = [
    "ExitWave",
    "ExitWaves",
    "OffGridSpecimen",
    "list_exit_waves",
    "list_off_grid_specimens",
    "load_carbon_slabs",
    "load_exit_wave",
    "load_exit_waves",
    "load_off_grid_specimen",
    "load_study_specimens",
    "wavelength",
]
