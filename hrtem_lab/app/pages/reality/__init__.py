"""Chapter 7: what the simulation leaves out, one effect at a time and together."""

from hrtem_lab.app.pages.reality.page import dashboard, gallery
from hrtem_lab.app.pages.reality.questions import prediction, self_check
from hrtem_lab.app.pages.reality.verdicts import claims

__all__ = ["claims", "dashboard", "gallery", "prediction", "self_check"]
