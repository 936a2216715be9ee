"""Settings that all tests share."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is no failure: nothing in a test is timed. CI repeats the same examples each time.
settings.register_profile(
    "course",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("course")


@pytest.fixture(autouse=True, scope="session")
def memory_stays():
    """Let figures keep their memory: a process as large as that of all tests gives it back slowly."""
    try:
        from hrtem_lab.app.kit import background
    except ModuleNotFoundError:
        yield
        return
    glibc, background._glibc = background._glibc, lambda: None
    yield
    background._glibc = glibc


@pytest.fixture(autouse=True, scope="module")
def few_objects_to_look_through():
    """Leave what earlier tests keep out of garbage collections: each figure of a page asks for one."""
    gc.collect()
    gc.freeze()


@pytest.fixture(params=["threads", pytest.param("processes", marks=pytest.mark.slow)])
def cluster(request):
    """A Dask cluster that the user has connected to by its address."""
    distributed = pytest.importorskip("distributed")
    processes = request.param == "processes"
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=processes, dashboard_address=None
        ) as local,
        distributed.Client(local.scheduler_address) as client,
    ):
        yield client
