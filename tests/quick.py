"""Cases of a test of which the first are for every edit, and the others too long for it."""

from collections.abc import Iterable
from typing import Any

import pytest


def first(cases: Iterable[Any], *, quick: int = 1) -> list[Any]:
    """Return cases for `pytest.mark.parametrize`, those after the first `quick` as slow tests.

    A tuple is a case of several arguments.
    """
    listed = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [
        pytest.param(*case, marks=() if place < quick else pytest.mark.slow)
        for place, case in enumerate(listed)
    ]
