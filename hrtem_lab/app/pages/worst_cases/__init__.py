"""Chapter 3: a search for the worst image, stored long runs, and a game of fooling a metric."""

from hrtem_lab.app.pages.worst_cases.fooling import game
from hrtem_lab.app.pages.worst_cases.page import pairs, search
from hrtem_lab.app.pages.worst_cases.questions import prediction, self_check

__all__ = ["game", "pairs", "prediction", "search", "self_check"]
