"""Chapter 3: a search for the worst image, stored long runs, and a game of fooling a metric."""

from hrtem_lab.app.kit.questions import prediction, self_check
from hrtem_lab.app.pages.worst_cases.fooling import game
from hrtem_lab.app.pages.worst_cases.page import pairs, search

__all__ = ["game", "pairs", "prediction", "search", "self_check"]
