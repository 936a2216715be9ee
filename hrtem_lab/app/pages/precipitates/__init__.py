"""Chapter 6: the size of a precipitate, by several methods and by eye."""

from hrtem_lab.app.pages.precipitates.believing import believe
from hrtem_lab.app.pages.precipitates.counting import game
from hrtem_lab.app.pages.precipitates.page import dashboard
from hrtem_lab.app.pages.precipitates.questions import prediction, self_check
from hrtem_lab.app.pages.precipitates.tables import limits, table

__all__ = ["believe", "dashboard", "game", "limits", "prediction", "self_check", "table"]
