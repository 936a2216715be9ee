"""Searches for one metric's worst image: their laws, and their answers where these are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab import extremes
from hrtem_lab.extremes._greys import BRIGHTEST
from hrtem_lab.extremes._proposals import Patch, applied, kinds
from hrtem_lab.metrics import METRICS, family
from tests.extremes.searches import LEVEL, PERIOD, REFERENCE, brightness, last, same, search

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=5)
metric_keys = pytest.mark.parametrize("key", METRICS)


class TestMaximise:
    @metric_keys
    @few
    @given(rng=seeds, start=st.sampled_from(extremes.STARTS))
    def test_the_value_never_falls_and_the_image_stays_in_range(self, key, rng, start):
        states = search(key, rng=rng, start=start, period=PERIOD)
        values = [state.value for state in states]
        assert values == sorted(values)
        for state in states:
            assert state.image.min() >= REFERENCE.min()
            assert state.image.max() <= REFERENCE.max()
        assert states[-1].accepted <= states[-1].step == 40

    @metric_keys
    def test_the_value_is_the_metric_of_the_image(self, key):
        for state in search(key, start="reversal", every=10):
            assert state.value == pytest.approx(METRICS[key].function(REFERENCE, state.image), abs=1e-6)

    @metric_keys
    def test_it_leaves_the_start_behind(self, key):
        start, *_, end = search(key, steps=200, every=200)
        # The start is rounded to the grid of greys, which a difference linear in the pixels sees.
        rounding = 1e-6 if key in family("paper", "electrons") else 1 / BRIGHTEST
        assert start.value == pytest.approx(0, abs=rounding)
        assert np.array_equal(start.image, REFERENCE) or np.abs(start.image - REFERENCE).max() <= LEVEL
        assert end.value > 0.4

    @metric_keys
    def test_a_seed_gives_one_search(self, key):
        one, again, other = (last(search(key, rng=rng)) for rng in (1, 1, 2))
        assert same(one, again)
        assert not np.array_equal(one.image, other.image)

    def test_a_generator_gives_the_search_of_its_seed(self):
        one, other = (last(search("mse", rng=rng)) for rng in (5, np.random.default_rng(5)))
        assert same(one, other)

    @pytest.mark.parametrize("metric", [*METRICS, brightness])
    @few
    @given(rng=seeds, before=st.integers(1, 39))
    def test_an_interruption_changes_nothing(self, metric, rng, before):
        options = {"rng": rng, "period": PERIOD}
        whole = last(search(metric, **options))
        half = last(search(metric, steps=before, **options))
        rest = search(metric, steps=40 - before, period=PERIOD, resume=half)
        assert same(rest[-1], whole)
        assert rest[0].step == before + 1

    def test_an_earlier_state_stays_one_to_go_on_from(self):
        states = search("mse")
        for step in (1, 10, 39):
            assert same(last(search("mse", steps=40 - step, resume=states[step])), states[-1])

    def test_states_come_as_often_as_asked(self):
        steps = {
            every: [state.step for state in search("mse", steps=10, every=every)] for every in (1, 4, 100)
        }
        assert steps == {1: list(range(11)), 4: [0, 4, 8, 10], 100: [0, 10]}
        often, seldom = last(search("ssim", every=1)), last(search("ssim", every=17))
        assert same(often, seldom)

    def test_a_state_is_a_picture_that_stays(self):
        states = search("mse", steps=20)
        kept = [state.image.copy() for state in states]
        assert all(np.array_equal(state.image, image) for state, image in zip(states, kept, strict=True))
        assert not np.array_equal(kept[0], kept[-1])
        with pytest.raises(ValueError, match="read-only"):
            states[-1].image[0, 0] = 1

    def test_the_images_have_the_reference_s_precision(self):
        for dtype in (np.float32, np.float64):
            assert last(search("mse", REFERENCE.astype(dtype))).image.dtype == dtype
        assert last(search("mse", np.arange(400).reshape(20, 20))).image.dtype == np.float64

    def test_a_function_is_a_metric(self):
        """The brightest image in the range is known: white."""
        white = float(REFERENCE.max() - REFERENCE.mean())
        state = last(search(brightness, steps=1500, start="reversal"))
        assert 0.99 * white < state.value <= white + 1e-6

    def test_the_greatest_mse_is_known(self):
        """A reference that is dark somewhere can be missed completely."""
        assert last(search("mse", steps=1500)).value > 0.99

    def test_a_start_can_be_an_image(self):
        start = np.full_like(REFERENCE, REFERENCE.mean())
        assert np.abs(search("mse", start=start)[0].image - start).max() <= LEVEL

    def test_starts_are_what_they_are_called(self):
        first = {name: search("mse", steps=1, start=name)[0].image for name in extremes.STARTS}
        assert np.corrcoef(first["reversal"].ravel(), REFERENCE.ravel())[0, 1] == pytest.approx(-1)
        assert np.corrcoef(first["faint reversal"].ravel(), REFERENCE.ravel())[0, 1] == pytest.approx(-1)
        assert np.ptp(first["faint reversal"]) == pytest.approx(0.4 * np.ptp(REFERENCE), rel=1e-3)
        assert set(first["black"].ravel()) == {REFERENCE.min()}
        assert abs(np.corrcoef(first["noise"].ravel(), REFERENCE.ravel())[0, 1]) < 0.15


class TestIncrements:
    """What is followed change by change equals what is computed at once, also after many changes."""

    @pytest.mark.parametrize("key", ["mse", "ssim"])
    @pytest.mark.parametrize("period", [None, PERIOD])
    @pytest.mark.parametrize(("factor", "offset"), [(1, 0), (1, 5), (1, -0.3), (1e6, 0), (1e-6, 0)])
    def test_many_small_changes_do_not_drift(self, key, period, factor, offset):
        reference = factor * (REFERENCE.astype(np.float64) + offset)
        state = last(search(key, reference, steps=600, start="noise", period=period, every=600))
        assert state.accepted > 50
        assert state.value == pytest.approx(METRICS[key].function(reference, state.image), abs=1e-6)

    def test_images_need_not_be_square(self):
        reference = REFERENCE[:20]
        state = last(search("ssim", reference, steps=300))
        assert state.value == pytest.approx(METRICS["ssim"].function(reference, state.image), abs=1e-6)


class TestPatches:
    SHAPE = (24, 32)
    LEVELS = np.random.default_rng(0).integers(0, BRIGHTEST, SHAPE, endpoint=True)

    @given(
        number=st.integers(0, len(kinds(SHAPE, (8, 8))) - 1),
        row=st.floats(0, 24, exclude_max=True),
        column=st.floats(0, 32, exclude_max=True),
        height=st.floats(-1, 1),
    )
    def test_nothing_changes_outside_the_box(self, number, row, column, height):
        kind = kinds(self.SHAPE, (8, 8))[number]
        patch = Patch(number, row, column, abs(height) if kind.flat else height)
        changed, box = applied(patch, kind, self.LEVELS, (8, 8))
        assert changed.min() >= 0
        assert changed.max() <= BRIGHTEST
        changed[box] = self.LEVELS[box]
        assert np.array_equal(changed, self.LEVELS)

    @given(row=st.floats(0, 24, exclude_max=True), column=st.floats(0, 32, exclude_max=True))
    def test_repeated_patches_keep_the_period(self, row, column):
        grey = np.full(self.SHAPE, BRIGHTEST // 2)
        for number, kind in enumerate(kinds(self.SHAPE, (8, 16))):
            if kind.repeated:
                changed, _ = applied(Patch(number, row, column, 0.3), kind, grey, (8, 16))
                assert np.array_equal(np.roll(changed, 8, axis=0), changed)
                assert np.array_equal(np.roll(changed, 16, axis=1), changed)

    @given(row=st.integers(0, 23), column=st.integers(0, 31))
    def test_repeated_patches_are_alike_on_both_sides_of_their_centre(self, row, column):
        grey = np.full(self.SHAPE, BRIGHTEST // 2)
        for number, kind in enumerate(kinds(self.SHAPE, (8, 16))):
            if kind.repeated:
                changed, _ = applied(Patch(number, row, column, 0.3), kind, grey, (8, 16))
                centred = np.roll(changed, (-row, -column), axis=(0, 1))
                turned = np.roll(centred[::-1, ::-1], (1, 1), axis=(0, 1))
                assert np.array_equal(centred, turned)

    def test_a_bump_is_half_as_high_at_its_radius(self):
        grey = np.full((64, 64), 10_000)
        for number, kind in enumerate(kinds((64, 64), None)):
            changed, _ = applied(Patch(number, 32, 32, 0.1), kind, grey, None)
            profile = changed[32, 32:] - grey[32, 32:]
            half = np.interp(kind.radius, np.arange(32), profile)
            if not kind.flat and kind.radius > 3:
                assert half == pytest.approx(0.05 * BRIGHTEST, rel=0.05)

    def test_only_periodic_references_have_repeated_kinds(self):
        assert not any(kind.repeated for kind in kinds((128, 128), None))
        assert any(kind.repeated for kind in kinds((128, 128), (32, 32)))
