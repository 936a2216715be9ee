"""Chapter 5: how few electrons are enough."""

from hrtem_lab.app.pages.low_dose.page import dashboard
from hrtem_lab.app.pages.low_dose.questions import prediction, self_check

__all__ = ["dashboard", "prediction", "self_check"]
