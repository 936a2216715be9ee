"""Dashboards: everything that names ipywidgets."""
