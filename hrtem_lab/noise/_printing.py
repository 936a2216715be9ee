"""How settings print: with what was set, and no word about defaults."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import numpy as np


def with_what_was_set(settings: Any) -> str:
    """Return a dataclass as it is called, with those of its fields that differ from their defaults."""
    given = ((field, getattr(settings, field.name)) for field in fields(settings))
    told = (
        f"{field.name}={_in_words(value)}"
        for field, value in given
        if field.default is MISSING or value != field.default
    )
    return f"{type(settings).__name__}({', '.join(told)})"


def _in_words(value: Any) -> str:
    """Return how a value is written; of a table how long it is, of a function its name."""
    if isinstance(value, tuple) and isinstance(value[0], tuple):
        return f"<table of {len(value[0])} frequencies>"
    if isinstance(value, np.generic):
        value = value.item()
    text = repr(value)
    if callable(value) and " at 0x" in text:
        name = getattr(value, "__name__", type(value).__name__)
        return f"<{name.strip('<>')}>"
    return text.removesuffix(".0") if isinstance(value, float) else text
