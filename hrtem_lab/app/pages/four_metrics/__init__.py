"""Chapter 1: two images compared by every metric, and what each metric looks at."""

from hrtem_lab.app.pages.four_metrics.page import dashboard, equation
from hrtem_lab.app.pages.four_metrics.questions import prediction, self_check

__all__ = ["dashboard", "equation", "prediction", "self_check"]
