"""Chapter 2: the edge cases, as a gallery and as sliders."""

from hrtem_lab.app.pages.edge_cases.page import explorer, gallery
from hrtem_lab.app.pages.edge_cases.questions import prediction, self_check

__all__ = ["explorer", "gallery", "prediction", "self_check"]
