"""A study's numbers depend on its plan alone, what is there is kept, and a curve reaches its target once."""

import math
import os
import pickle
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_lab._studies import Plan, Study, crossing, entropy, generator

COMPUTED = []
"""Which draws this process has computed, in order."""


@dataclass(frozen=True, eq=False)
class Dice(Plan):
    sides: int = 6
    seed: int = 1
    broken: tuple[int, ...] = ()


def throw(plan, place, draw):
    COMPUTED.append((*place, draw))
    if (*place, draw) == plan.broken:
        raise OSError("the die is lost")
    return generator(plan.seed, *place, draw).integers(plan.sides, size=2)


def process(plan, place, draw):
    return os.getpid()


def count_preparations(plan, place, draw):
    return preparations(plan)


@dataclass(frozen=True, eq=False)
class Gate(Plan):
    path: str


def wait_for(plan, place, draw):
    while not Path(plan.path).exists():
        time.sleep(0.01)
    return 1.0


PREPARED = []


@lru_cache(maxsize=2)
def preparations(plan):
    PREPARED.append(plan)
    return len(PREPARED)


def not_a_number(plan, place, draw):
    return math.nan


def study(**changes):
    options = {"grid": (2, 3), "draws": 5, "shape": (2,)} | changes
    return Study(options.pop("compute", throw), options.pop("plan", Dice()), **options)


def finished(made, **options):
    for _ in made.run(**options):
        pass
    return made


def by_hand(grid, draws):
    """Return all numbers by plain loops; `draws` is one number."""
    values = np.empty((2, *grid, draws))
    for place in np.ndindex(*grid, draws):
        values[(slice(None), *place)] = np.random.default_rng(
            np.random.SeedSequence(1, spawn_key=place)
        ).integers(6, size=2)
    return values


WAYS = [
    {},
    {"round_size": 3},
    {"round_size": 3, "first_here": True},
    {"place_by_place": True},
    {"place_by_place": True, "round_size": 2},
    {"order": [(1, 2), (0, 0), (1, 0), (0, 2), (0, 1), (1, 1)]},
]


class TestNumbers:
    @pytest.mark.parametrize("way", WAYS, ids=str)
    @pytest.mark.parametrize("workers", [1, 2])
    def test_are_those_of_plain_loops_whoever_computes_them(self, way, workers):
        made = finished(study(**way), workers=workers)
        assert np.array_equal(made.values, by_hand((2, 3), 5))
        assert made.known.all()

    def test_are_the_same_from_a_dask_cluster(self, cluster):
        assert np.array_equal(finished(study(round_size=2)).values, by_hand((2, 3), 5))

    @given(
        grid=st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
        draws=st.integers(1, 6),
        round_size=st.integers(1, 4),
        place_by_place=st.booleans(),
        stops=st.lists(st.integers(1, 9), max_size=4),
    )
    def test_are_the_same_after_any_interruptions_and_none_is_computed_twice(
        self, grid, draws, round_size, place_by_place, stops
    ):
        COMPUTED.clear()
        made = study(grid=grid, draws=draws, round_size=round_size, place_by_place=place_by_place)
        for stop in stops:
            run = made.run(workers=1)
            for _ in zip(range(stop), run, strict=False):
                pass
            run.close()
        finished(made, workers=1)
        assert np.array_equal(made.values, by_hand(grid, draws))
        assert sorted(COMPUTED) == list(np.ndindex(*grid, draws))

    def test_that_are_already_there_are_kept(self):
        made = study()
        made.values[:, 1, 2, 3], made.known[1, 2, 3] = -7, True
        COMPUTED.clear()
        finished(made, workers=1)
        assert (made.values[:, 1, 2, 3] == -7).all()
        assert (1, 2, 3) not in COMPUTED
        assert (made.values >= 0).sum() == made.values.size - 2

    def test_a_part_is_the_same_as_in_the_whole(self):
        part = finished(study(grid=(1, 2), draws=3), workers=1)
        assert np.array_equal(part.values, by_hand((2, 3), 5)[:, :1, :2, :3])

    def test_what_is_not_a_number_is_computed_once(self):
        made = finished(study(compute=not_a_number, shape=()), workers=1)
        assert np.isnan(made.values).all()
        assert (made.done, made.complete) == (30, 5)
        assert list(made.run(workers=1)) == []


class TestOrder:
    def test_every_place_gets_a_draw_before_any_gets_another(self):
        made = study()
        for _ in made.run(workers=1):
            counts = made.known.sum(axis=-1)
            assert counts.max() - counts.min() <= 1

    def test_place_by_place_a_place_is_complete_before_the_next_begins(self):
        made = study(place_by_place=True, round_size=2, order=[(1, 1), *WAYS[-1]["order"][:-1]])
        COMPUTED.clear()
        finished(made, workers=1)
        assert COMPUTED[:10] == [(1, 1, draw) for draw in range(5)] + [(1, 2, draw) for draw in range(5)]

    def test_in_this_process_the_caller_has_its_turn_after_every_draw(self):
        assert list(study(round_size=4).run(workers=1)) == list(range(1, 31))

    def test_the_first_draws_are_computed_here_if_asked_and_the_others_elsewhere(self):
        here = study(compute=process, shape=(), round_size=2, first_here=True)
        assert (finished(here, workers=2).values[..., 0] == os.getpid()).all()
        assert not (here.values[..., 1:] == os.getpid()).any()
        elsewhere = finished(study(compute=process, shape=(), round_size=2), workers=2)
        assert not (elsewhere.values == os.getpid()).any()

    def test_once_the_first_draws_are_there_the_rest_is_computed_elsewhere(self):
        made = study(compute=process, shape=(), first_here=True)
        made.known[..., 0] = True
        assert not (finished(made, workers=2).values[..., 1:] == os.getpid()).any()


class TestCompleteness:
    def test_counts_draws_and_those_that_every_place_has(self):
        made = study()
        assert (made.total, made.done, made.complete) == (30, 0, 0)
        for done in made.run(workers=1):
            assert done == made.done == np.isfinite(made.values[0]).sum()
            assert made.complete == done // 6
        assert made.done == made.total

    @given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=5))
    def test_only_draws_without_a_gap_before_them_are_complete(self, known):
        made = study(grid=(len(known),), draws=4)
        made.known[:] = known
        complete = 0
        while complete < 4 and all(row[complete] for row in known):
            complete += 1
        assert made.complete == complete

    def test_places_may_have_different_numbers_of_draws(self):
        made = finished(study(draws=[[5, 2, 3]]), workers=1)
        assert (made.total, made.done, made.complete) == (20, 20, 5)
        assert np.array_equal(made.known.sum(axis=-1), [[5, 2, 3]] * 2)
        expected = by_hand((2, 3), 5)
        assert np.array_equal(made.values[:, :, 1, :2], expected[:, :, 1, :2])
        assert np.isnan(made.values[:, :, 1, 2:]).all()

    def test_an_interval_without_news_is_told(self, tmp_path):
        """The only draw cannot end before the caller has had its turn."""
        gate = tmp_path / "gate"
        made = study(compute=wait_for, plan=Gate(str(gate)), grid=(1,), draws=1, shape=())
        seen = []
        for done in made.run(workers=2, interval=0.01):
            seen.append(done)
            gate.touch()
        assert (seen[0], seen[-1]) == (0, 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_reaches_the_caller_and_the_rest_can_still_be_computed(workers):
    made = study(plan=Dice(broken=(1, 0, 2)))
    with pytest.raises(OSError, match="the die is lost"):
        finished(made, workers=workers)
    assert made.done < made.total
    known = made.known.copy()
    assert np.array_equal(made.values[:, known], by_hand((2, 3), 5)[:, known])


class TestPlan:
    def test_a_copy_is_equal_and_another_plan_is_not(self):
        plan, other = Dice(), Dice()
        copy = pickle.loads(pickle.dumps(plan))
        assert copy == plan
        assert hash(copy) == hash(plan)
        assert copy.sides == plan.sides
        assert plan not in (other, "a plan")

    def test_what_is_made_of_it_is_made_once(self):
        PREPARED.clear()
        finished(study(compute=count_preparations, shape=()), workers=1)
        assert len(PREPARED) == 1


class TestSeeds:
    def test_a_place_has_its_own_numbers_always(self):
        seen = {generator(3, *place).integers(2**60) for place in np.ndindex(4, 4, 4)}
        assert len(seen) == 64
        assert generator(3, 1, 2).integers(2**60) == generator(3, 1, 2).integers(2**60)
        assert generator(4, 1, 2).integers(2**60) != generator(3, 1, 2).integers(2**60)

    def test_a_seed_stands_for_itself_a_generator_for_its_next_number_and_none_for_any(self):
        assert entropy(7) == 7
        rng, again = np.random.default_rng(5), np.random.default_rng(5)
        assert [entropy(rng), entropy(rng)] == again.integers(2**63, size=2).tolist()
        assert entropy(None) != entropy(None)


def last_crossing(x, y, target):
    """Return where a curve reaches its target for good, by walking down from the last point."""
    if not y[-1] >= target:
        return math.inf
    for left in range(len(x) - 2, -1, -1):
        if not y[left] >= target:
            share = (target - y[left]) / (y[left + 1] - y[left])
            return math.exp(math.log(x[left]) + share * (math.log(x[left + 1]) - math.log(x[left])))
    return x[0]


curves = st.lists(
    st.tuples(st.floats(1e-3, 1e3), st.floats(0, 1)),
    min_size=1,
    max_size=12,
    unique_by=lambda p: round(p[0], 3),
).map(lambda points: tuple(zip(*sorted(points), strict=True)))


class TestCrossing:
    @given(curves, st.floats(0, 1))
    def test_is_the_last_one(self, curve, target):
        x, y = curve
        assert crossing(x, y, target) == pytest.approx(last_crossing(x, y, target), rel=1e-9)

    @given(curves, st.floats(0, 1))
    def test_lies_on_the_curve_and_nothing_above_it_is_below_the_target(self, curve, target):
        x, y = map(np.array, curve)
        found = crossing(x, y, target)
        assert (y[x > found * (1 + 1e-9)] >= target).all()
        if x[0] < found < x[-1]:
            assert np.interp(math.log(found), np.log(x), y) == pytest.approx(target, abs=1e-6)

    def test_what_is_unknown_is_below(self):
        assert math.isnan(crossing([1, 10, 100], [1, math.nan, 1], 0.5))
        assert crossing([1, 10], [1, math.nan], 0.5) == math.inf

    def test_a_point_within_the_tolerance_counts_as_reached(self):
        curve = [0.2, 0.95 - 1e-12]
        assert crossing([1, 10], curve, 0.95) == math.inf
        assert crossing([1, 10], curve, 0.95, tolerance=1e-9) == pytest.approx(10)

    @given(curves)
    def test_a_target_that_no_point_misses_is_reached_from_the_first(self, curve):
        x, y = curve
        assert crossing(x, y, min(y)) == x[0]
