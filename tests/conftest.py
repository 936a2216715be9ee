"""Settings that all tests share."""

import os

from hypothesis import HealthCheck, settings

# A loaded machine is no failure: nothing in a test is timed. CI repeats the same examples each time.
settings.register_profile(
    "course",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("course")

# Two files of one name are one module to pytest when it looks for doctests: the browser's is enough.
collect_ignore = ["conftest.py"]
