"""Crystals, specimens, cells and occupied sites."""
