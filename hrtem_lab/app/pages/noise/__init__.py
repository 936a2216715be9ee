"""Chapter 4: one source of noise at a time."""

from hrtem_lab.app.kit.questions import prediction, self_check
from hrtem_lab.app.pages.noise.page import dashboard

__all__ = ["dashboard", "prediction", "self_check"]
