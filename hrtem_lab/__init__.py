"""Image difference metrics for high-resolution electron microscopy.

Lengths are in Å, energies in eV, angles in mrad; images are intensities relative to the
incident beam (vacuum = 1), arrays are ``(rows, columns)``.
"""

from importlib.metadata import version

__version__ = version("hrtem_lab")
