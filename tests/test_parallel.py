"""Who computes changes nothing but the time: one process, several, or a Dask cluster."""

import os
import time
from pathlib import Path

import cv2
import pytest

from hrtem_lab._parallel import as_computed, worker_count


def square(number):
    return number * number


def process(_):
    return os.getpid()


def leave_a_mark(path):
    Path(path).touch()
    return path


def fail_at_three(number):
    if number == 3:
        raise ValueError("three is no good")
    return number


def wait_for(path):
    while not Path(path).exists():
        time.sleep(0.01)
    return path


def opencv_threads(_):
    return cv2.getNumThreads()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("here", [0, 3, 20])
def test_every_task_comes_once_with_its_own_result(workers, here):
    found = list(as_computed(square, range(8), workers=workers, here=here))
    assert sorted(found) == [(index, index * index) for index in range(8)]


def test_no_tasks_are_no_results():
    assert list(as_computed(square, [], workers=2)) == []


def test_one_worker_computes_in_this_process():
    assert {result for _, result in as_computed(process, range(4), workers=1)} == {os.getpid()}


def test_two_workers_are_other_processes():
    assert os.getpid() not in {result for _, result in as_computed(process, range(4), workers=2)}


def test_the_first_tasks_are_computed_here_while_workers_start():
    found = dict(as_computed(process, range(6), workers=2, here=2))
    assert [found[index] == os.getpid() for index in range(6)] == [True] * 2 + [False] * 4


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_reaches_the_caller(workers):
    with pytest.raises(ValueError, match="three is no good"):
        list(as_computed(fail_at_three, range(8), workers=workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_closing_gives_up_what_has_not_begun(workers, tmp_path):
    """The workers take tasks in turn: once later ones are through, none of the closed iterator is left."""
    marks = [str(tmp_path / str(index)) for index in range(200)]
    iterator = as_computed(leave_a_mark, marks, workers=workers)
    next(iterator)
    iterator.close()
    later = str(tmp_path / "later")
    list(as_computed(leave_a_mark, [later], workers=workers))
    made = len(list(tmp_path.iterdir())) - 1
    assert 1 <= made < 150


def test_an_interval_without_news_yields_none(tmp_path):
    """The task cannot end before the caller has had its turn."""
    gate = tmp_path / "gate"
    found = []
    for item in as_computed(wait_for, [str(gate)], workers=2, interval=0.01):
        found.append(item)
        gate.touch()
    assert found[0] is None
    assert found[-1] == (0, str(gate))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_gets_one_of_opencvs_threads_and_gives_the_others_back(workers):
    before = cv2.getNumThreads()
    assert {result for _, result in as_computed(opencv_threads, range(3), workers=workers)} == {1}
    assert cv2.getNumThreads() == before


def test_a_connected_cluster_gets_the_tasks_unless_workers_are_named(cluster):
    def where(_):
        from distributed import get_worker

        try:
            return get_worker().name
        except ValueError:
            return "not on the cluster"

    assert {result for _, result in as_computed(where, range(20))} <= {0, 1}
    assert {result for _, result in as_computed(where, range(3), workers=1)} == {"not on the cluster"}


def test_a_cluster_that_is_closed_is_no_longer_asked(monkeypatch):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as local,
        distributed.Client(local),
    ):
        pass
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    assert [result for _, result in as_computed(process, range(2))] == [os.getpid()] * 2


class TestWorkerCount:
    def test_a_number_is_taken_as_it_is(self, monkeypatch):
        monkeypatch.setenv("HRTEM_LAB_WORKERS", "7")
        assert worker_count(3) == 3

    def test_the_environment_is_asked_next(self, monkeypatch):
        monkeypatch.setenv("HRTEM_LAB_WORKERS", "7")
        assert worker_count() == 7

    def test_otherwise_every_core_that_this_process_may_use(self, monkeypatch):
        monkeypatch.delenv("HRTEM_LAB_WORKERS", raising=False)
        assert 1 <= worker_count() <= os.cpu_count()

    @pytest.mark.parametrize("value", [0, -1])
    def test_fewer_than_one_is_refused(self, value):
        with pytest.raises(ValueError, match=f"workers must be at least 1, got {value}"):
            worker_count(value)

    @pytest.mark.parametrize("value", [1.5, True, "2"])
    def test_what_is_no_whole_number_is_refused(self, value):
        with pytest.raises(TypeError, match="workers must be a whole number, got"):
            worker_count(value)

    @pytest.mark.parametrize("text", ["two", "-1", "1.5", "0"])
    def test_a_bad_environment_is_refused_by_its_name(self, monkeypatch, text):
        monkeypatch.setenv("HRTEM_LAB_WORKERS", text)
        with pytest.raises(ValueError, match="HRTEM_LAB_WORKERS must be"):
            worker_count()
