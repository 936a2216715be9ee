"""Chapter 4: one source of noise at a time."""

from hrtem_lab.app.pages.noise.page import dashboard
from hrtem_lab.app.pages.noise.questions import prediction, self_check

__all__ = ["dashboard", "prediction", "self_check"]
