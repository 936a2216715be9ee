"""Chapter 5: how few electrons are enough."""

from hrtem_lab.app.kit.questions import prediction, self_check
from hrtem_lab.app.pages.low_dose.page import dashboard

__all__ = ["dashboard", "prediction", "self_check"]
