"""Chapter 1: two images compared by every metric, and what each metric looks at."""

from hrtem_lab.app.kit.questions import prediction, self_check
from hrtem_lab.app.pages.four_metrics.page import dashboard, equation

__all__ = ["dashboard", "equation", "prediction", "self_check"]
