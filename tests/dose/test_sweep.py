"""Every exposure of a sweep: its numbers by hand, the same whoever computes them, and resumed."""

import math

import numpy as np
import pytest

from hrtem_lab.dose import (
    Sweep,
    sweep_table,
)
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector
from hrtem_lab.simulation import form_image, load_exit_wave
from hrtem_lab.structures import NB3SN_LATTICE_CONSTANT as CELL
from tests.dose.examples import BRIGHTNESS, PIXELS, finished, patterns, swept


class TestEveryExposure:
    def test_is_that_of_its_own_seed_compared_by_every_metric(self):
        """By hand, on one unit cell, with everything that a detector does."""
        names = ("nb3sn", "zro2")
        same, other = (form_image(load_exit_wave(name), shape=32, field_of_view=CELL) for name in names)
        detector = Detector(sampling=CELL / 32, blur_sigma=0.2, dark_counts=0.4, readout_sigma=0.3, clip=True)
        doses = [5.0, 80.0]
        sweep = Sweep(
            list(METRICS), same, {"a": same, "b": other}, doses, repeats=2, detector=detector, rng=2022
        )
        finished(sweep, workers=1)
        for row, metric in enumerate(METRICS.values()):
            for place in np.ndindex(2, 2, 2):
                image, dose, _ = place
                rng = np.random.default_rng(np.random.SeedSequence(2022, spawn_key=place))
                exposure = detector.expose((same, other)[image], dose_per_area=doses[dose], rng=rng)
                assert sweep.differences[(row, *place)] == metric.function(same, exposure)

    def test_is_the_same_from_two_workers(self):
        one, two = finished(swept(), workers=1), finished(swept(), workers=2)
        assert np.array_equal(one.differences, two.differences)

    def test_is_the_same_from_a_dask_cluster(self, cluster):
        alone, together = finished(swept(), workers=1), finished(swept())
        assert np.array_equal(alone.differences, together.differences)

    def test_is_the_same_whichever_metrics_doses_and_repeats_stand_beside_it(self):
        whole, part = (
            finished(swept(), workers=1),
            finished(swept(metrics=["chi_square"], repeats=3), workers=1),
        )
        assert np.array_equal(whole.differences[1:, :, :, :3], part.differences)

    def test_has_draws_independent_of_every_other(self):
        """Between images, doses and repeats the correlations of 400 draws stay within 4 standard errors."""
        image = np.ones((4, 4))
        sweep = Sweep(
            [BRIGHTNESS], image, {"a": image, "b": image}, [3, 3], repeats=400, detector=PIXELS, rng=1
        )
        draws = finished(sweep, workers=1).differences[0]
        series = draws.reshape(4, 400)
        between = np.corrcoef(series)[~np.eye(4, dtype=bool)]
        along = [np.corrcoef(one[1:], one[:-1])[0, 1] for one in series]
        assert np.abs([*between, *along]).max() < 4 / np.sqrt(400)
        assert abs(draws.mean() - 1) < 4 * math.sqrt(1 / 3 / draws.size / 16)

    def test_at_dose_zero_is_the_black_image(self):
        same, _ = patterns()
        black = {key: METRICS[key].function(same, np.zeros_like(same)) for key in ("mse", "chi_square")}
        found = finished(swept(), workers=1).differences[:, :, 2]
        assert [set(row.ravel()) for row in found] == [{value} for value in black.values()]


class TestSweep:
    def test_counts_what_is_done(self):
        sweep = swept()
        assert (sweep.total, sweep.done, sweep.complete) == (36, 0, 0)
        seen = []
        for done in sweep.run(workers=1):
            assert done == sweep.done == np.isfinite(sweep.differences[0]).sum()
            seen.append(sweep.complete)
        assert seen == sorted(seen)
        assert (sweep.done, sweep.complete) == (36, 6)

    def test_in_one_process_it_pauses_after_every_exposure(self):
        assert list(swept().run(workers=1)) == list(range(1, 37))

    def test_gives_every_image_a_first_exposure_at_every_dose_before_any_gets_a_second(self):
        sweep = swept()
        run = sweep.run(workers=1)
        for _ in range(6):
            assert sweep.complete == 0
            next(run)
        assert sweep.complete == 1
        assert np.isnan(sweep.differences[..., 1:]).all()

    @pytest.mark.parametrize("workers", [1, 2])
    def test_closed_early_it_stops_and_goes_on_later_to_the_same_numbers(self, workers):
        whole, cut = finished(swept(repeats=40), workers=1), swept(repeats=40)
        run = cut.run(workers=workers)
        next(run)
        run.close()
        stopped = cut.done
        assert 0 < stopped < cut.total
        known = np.isfinite(cut.differences)
        assert np.array_equal(cut.differences[known], whole.differences[known])
        first = next(iter(cut.run(workers=workers)))
        assert first > stopped
        assert np.array_equal(finished(cut, workers=workers).differences, whole.differences)

    def test_has_nothing_to_do_twice(self):
        sweep = finished(swept(), workers=1)
        assert list(sweep.run(workers=1)) == []

    def test_a_seed_is_one_sweep(self):
        first, again, another = (finished(swept(rng=seed), workers=1).differences for seed in (5, 5, 6))
        assert np.array_equal(first, again)
        assert not np.isin(first[:, :, :2], another).any()

    def test_a_generator_gives_every_sweep_a_seed_of_its_own(self):
        rng = np.random.default_rng(3)
        first, second = finished(swept(rng=rng), workers=1), finished(swept(rng=rng), workers=1)
        again = finished(swept(rng=np.random.default_rng(3)), workers=1)
        assert np.array_equal(first.differences, again.differences)
        assert not np.isin(first.differences[:, :, :2], second.differences).any()

    def test_without_a_seed_the_one_that_it_took_is_told(self):
        first, other = swept(rng=None), swept(rng=None)
        assert first.seed != other.seed
        table = sweep_table(finished(first, workers=1))
        again = finished(swept(rng=int(table.attrs["seed"])), workers=1)
        assert np.array_equal(first.differences, again.differences)

    @pytest.mark.parametrize("workers", [1, 2])
    def test_takes_a_metric_of_ones_own(self, workers):
        sweep = finished(swept(metrics=[BRIGHTNESS, "mse"]), workers=workers)
        assert sweep.metrics == ["brightness", "mse"]
        assert np.array_equal(sweep.differences[1:], finished(swept(metrics=["mse"]), workers=1).differences)
        assert np.abs(sweep.differences[0, :, 1].mean() - 1) < 4 / np.sqrt(2 * 256 * 12)


def test_an_image_of_another_shape_is_refused_before_anything_is_exposed():
    with pytest.raises(
        ValueError, match=r"image 'odd' must have the reference's shape \(16, 16\), got \(2, 2\)"
    ):
        swept(images={"odd": np.ones((2, 2))})
