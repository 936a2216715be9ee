"""The ideal observer against enumeration, drawn exposures, and what physics says about electrons."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import integrate, stats

from hrtem_lab.dose import (
    LikelihoodRatio,
    area_under_curve,
    discriminability,
    ideal_dose,
    ideal_observer,
    predicted_auc,
)
from hrtem_lab.metrics import METRICS
from hrtem_lab.noise import Detector
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å, Nb₃Sn
PIXELS = Detector(sampling=1)

few = settings(max_examples=25, deadline=None)
images = arrays.arrays(np.float64, (3, 4), elements=st.floats(0.05, 2))
doses = st.floats(1e-3, 1e2)


def unit_cells(pixels=32):
    return tuple(
        form_image(load_exit_wave(name), shape=pixels, field_of_view=CELL) for name in ("nb3sn", "zro2")
    )


def patterns(side=12):
    """Return two images of equal mean brightness with different structures."""
    y, x = np.mgrid[:side, :side] * (2 * np.pi / side)
    return 1 + 0.6 * np.cos(x) * np.cos(y), 1 + 0.6 * np.sin(x + y)


def enumerated(lam, mu, most=60):
    """Return every outcome's log likelihood ratio, and its probability if it shows either image."""
    ratio, same, other = np.zeros(1), np.ones(1), np.ones(1)
    counts = np.arange(most)
    for one, another in zip(lam, mu, strict=True):
        same_here, other_here = stats.poisson.pmf(counts, one), stats.poisson.pmf(counts, another)
        step = stats.poisson.logpmf(counts, another) - stats.poisson.logpmf(counts, one)
        ratio = np.add.outer(ratio, step).ravel()
        same, other = np.outer(same, same_here).ravel(), np.outer(other, other_here).ravel()
    return ratio, same, other


def exact_area(ratio, same, other):
    values, places = np.unique(ratio.round(9), return_inverse=True)
    first, second = (np.bincount(places, chance, len(values)) for chance in (same, other))
    return float(second @ (np.cumsum(first) - first / 2))


class TestTwoPixels:
    """Small enough to write every outcome down."""

    LAM, MU = np.array([1.3, 0.4]), np.array([0.7, 1.1])

    def ratio(self, scale=1.0, **noise):
        detector = Detector(sampling=1, **noise)
        return LikelihoodRatio(self.LAM[None], self.MU[None], dose_per_area=scale, detector=detector)

    @pytest.mark.parametrize("scale", [0.1, 1, 10])
    def test_mean_and_variance_are_those_of_all_outcomes(self, scale):
        outcomes, *chances = enumerated(scale * self.LAM, scale * self.MU)
        moments = []
        for chance in chances:
            mean = outcomes @ chance
            moments += [mean, (outcomes - mean) ** 2 @ chance]
        assert self.ratio(scale).moments() == pytest.approx(moments, rel=1e-9)

    @pytest.mark.parametrize(
        ("scale", "error"), [(0.01, 1e-3), (0.1, 6e-3), (1, 1e-3), (3, 3e-4), (10, 1e-5)]
    )
    def test_the_predicted_area_is_that_of_all_outcomes(self, scale, error):
        """The saddle point is at its worst for a handful of outcomes: 0.006 at 0.1 electrons per image."""
        exact = exact_area(*enumerated(scale * self.LAM, scale * self.MU))
        assert self.ratio(scale).auc() == pytest.approx(exact, abs=error)

    @pytest.mark.parametrize("counts", [(0, 0), (3, 1), (0, 7)])
    def test_the_statistic_is_the_ratio_of_the_two_probabilities(self, counts):
        expected = stats.poisson.logpmf(counts, self.MU) - stats.poisson.logpmf(counts, self.LAM)
        assert self.ratio()(np.array([counts])) == pytest.approx(expected.sum())

    @pytest.mark.parametrize("sigma", [0.15, 0.5, 2.0])
    @pytest.mark.parametrize("recorded", [(-1.2, 0.4), (2.6, 9.9)])
    def test_under_readout_noise_it_sums_over_all_counts(self, sigma, recorded):
        counts = np.arange(60)
        expected = 0.0
        for value, one, another in zip(recorded, self.LAM, self.MU, strict=True):
            seen = stats.norm.pdf(value, counts, sigma)
            likelihoods = [seen @ stats.poisson.pmf(counts, rate) for rate in (another, one)]
            expected += np.log(likelihoods[0] / likelihoods[1])
        assert self.ratio(readout_sigma=sigma)(np.array([recorded])) == pytest.approx(expected)

    def test_moments_under_readout_noise_are_integrals_over_what_is_recorded(self):
        sigma, counts = 0.5, np.arange(40)

        def density(value, rate):
            return stats.norm.pdf(value, counts, sigma) @ stats.poisson.pmf(counts, rate)

        mean = 0.0
        for one, another in zip(self.LAM, self.MU, strict=True):

            def integrand(value, one=one, another=another):
                return density(value, one) * np.log(density(value, another) / density(value, one))

            mean += integrate.quad(integrand, -4, 15, limit=200)[0]
        assert self.ratio(readout_sigma=sigma).moments()[0] == pytest.approx(mean, rel=1e-5)


NOISES = {
    "counting": {},
    "sharp": {"readout_sigma": 0.05},
    "between": {"readout_sigma": 0.5},
    "coarse": {"readout_sigma": 2.0},
    "dark": {"dark_counts": 1.5},
    "blurred": {"blur_sigma": 1.2, "readout_sigma": 0.5, "dark_counts": 0.3},
}


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize("brightness", [1, 300], ids=["few counts", "many counts"])
def test_predictions_agree_with_drawn_exposures(noise, brightness):
    """Within 3 standard errors, where the count's distribution is summed and where it is approximated."""
    same, other = patterns()
    if brightness > 1:
        other = same + 0.03 * (other - same)
    detector = Detector(sampling=1, **noise)
    dose = max(ideal_dose(same, other, auc=0.85, detector=detector), 110.0 if brightness > 1 else 0)
    drawn = ideal_observer(same, other, [dose], repeats=250, detector=detector, rng=4)
    ratio = LikelihoodRatio(same, other, dose_per_area=dose, detector=detector)
    mean, variance, other_mean, other_variance = ratio.moments()
    for name, expected, spread in (("same", mean, variance), ("other", other_mean, other_variance)):
        draws = drawn["log_likelihood_ratio"].sel(image=name).values.ravel()
        assert abs(draws.mean() - expected) < 3 * np.sqrt(spread / draws.size)
        fourth = stats.moment(draws, order=4)
        assert abs(draws.var() - spread) < 3 * np.sqrt((fourth - draws.var() ** 2) / draws.size)
    area = float(drawn["auc"].item())
    error = np.sqrt(area * (1 - area) / 250)
    assert abs(area - ratio.auc()) < 3 * error
    assert float(drawn["predicted_auc"].item()) == ratio.auc()
    assert float(drawn["predicted_d_prime"].item()) == ratio.d_prime()


@pytest.mark.parametrize("sigma", [0.2, 0.5, 2.0])
def test_the_switch_at_a_hundred_counts_does_not_show(sigma):
    same, other = patterns()
    same, other = same / same.max(), (same + 0.05 * (other - same)) / same.max()
    detector = Detector(sampling=1, readout_sigma=sigma)
    most = max(same.max(), other.max())
    below, above = (
        LikelihoodRatio(same, other, dose_per_area=dose / most, detector=detector) for dose in (99.99, 100.01)
    )
    assert above.auc() == pytest.approx(below.auc(), abs=1e-3)
    exposures = [detector.expose(same, dose_per_area=100 / most, rng=seed, counts=True) for seed in range(20)]
    values = [[ratio(counts) for counts in exposures] for ratio in (below, above)]
    assert np.corrcoef(*values)[0, 1] > 0.999
    assert np.abs(np.subtract(*values)).max() < 0.1 * np.std(values[0])


def test_without_readout_noise_in_the_limit_the_ratio_is_that_of_counts():
    same, other = patterns()
    counts = PIXELS.expose(same, dose_per_area=2, rng=3, counts=True)
    exact = LikelihoodRatio(same, other, dose_per_area=2, detector=PIXELS)
    noise = np.random.default_rng(1).normal(size=counts.shape)
    errors = []
    for sigma in (0.4, 0.2, 0.11, 0.05, 0.01):
        detector = Detector(sampling=1, readout_sigma=sigma)
        ratio = LikelihoodRatio(same, other, dose_per_area=2, detector=detector)
        errors.append(abs(ratio(counts + sigma * noise) - exact(counts)))
    assert errors[0] > errors[1] > errors[2]
    assert max(errors[2:]) < 1e-2
    assert errors[-2:] == [0, 0]


def test_readout_noise_costs_information():
    same, other = patterns()
    areas = [
        predicted_auc(same, other, [0.3], detector=Detector(sampling=1, readout_sigma=sigma)).item()
        for sigma in (0, 0.2, 0.5, 1, 2, 4)
    ]
    assert all(np.diff(areas) < 0)


@pytest.mark.parametrize(("lam", "mu"), [(15.0, 25.0), (40.0, 20.0), (90.0, 60.0)])
def test_up_to_a_hundred_counts_no_normal_distribution_stands_in(lam, mu):
    sigma, counts = 1.5, np.arange(400)
    detector = Detector(sampling=1, readout_sigma=sigma)
    ratio = LikelihoodRatio(np.array([[lam]]), np.array([[mu]]), dose_per_area=1, detector=detector)
    for recorded in (0.3 * lam, lam + 4.2, 1.4 * lam):
        noise = stats.norm.pdf(recorded, counts, sigma)
        same, other = (float(noise @ stats.poisson.pmf(counts, rate)) for rate in (lam, mu))
        assert ratio(np.array([[recorded]])) == pytest.approx(np.log(other / same), abs=1e-6)


class TestPhysics:
    @few
    @given(images, images, doses, st.floats(1.1, 10))
    def test_more_electrons_tell_more(self, same, other, dose, factor):
        low, high = predicted_auc(same, other, [dose, factor * dose], detector=PIXELS)
        assert 0.5 <= low <= high + 1e-9 <= 1 + 1e-9

    @few
    @given(images, images, doses, st.sampled_from([0.15, 0.5, 2.0]))
    def test_with_readout_noise_too(self, same, other, dose, sigma):
        detector = Detector(sampling=1, readout_sigma=sigma)
        low, high = predicted_auc(same, other, [dose, 2 * dose], detector=detector)
        assert 0.5 <= low <= high + 1e-3 <= 1 + 1e-3

    @few
    @given(images, images, doses)
    def test_it_does_not_matter_which_of_the_two_is_the_reference(self, same, other, dose):
        there, back = (
            predicted_auc(*pair, [dose], detector=PIXELS) for pair in ((same, other), (other, same))
        )
        assert there == pytest.approx(back)

    @few
    @given(images, images, doses)
    def test_twice_the_area_is_as_good_as_twice_the_dose(self, same, other, dose):
        doubled = predicted_auc(same, other, [2 * dose], detector=PIXELS)
        larger = predicted_auc(np.tile(same, (2, 1)), np.tile(other, (2, 1)), [dose], detector=PIXELS)
        assert larger == pytest.approx(doubled)

    @few
    @given(images, images, doses)
    def test_finer_pixels_at_equal_dose_tell_nothing_new(self, same, other, dose):
        """An image's look depends on the number of its pixels; what its electrons tell does not."""
        fine = [np.kron(image, np.ones((2, 2))) for image in (same, other)]
        halves = predicted_auc(*fine, [dose], detector=Detector(sampling=0.5))
        assert halves == pytest.approx(predicted_auc(same, other, [dose], detector=PIXELS))

    @pytest.mark.parametrize("noise", [{}, {"readout_sigma": 0.5}, {"dark_counts": 2}])
    def test_equal_images_cannot_be_told_apart_at_any_dose(self, noise):
        image, detector = patterns()[0], Detector(sampling=1, **noise)
        assert predicted_auc(image, image, [0, 0.1, 30], detector=detector).tolist() == [0.5] * 3
        assert ideal_dose(image, image, detector=detector) == float("inf")
        assert LikelihoodRatio(image, image, dose_per_area=2, detector=detector).d_prime() == 0

    @pytest.mark.parametrize("noise", [{}, {"readout_sigma": 0.5}, {"dark_counts": 2}])
    def test_nothing_is_known_without_electrons(self, noise):
        found = ideal_observer(*patterns(), [0], repeats=3, detector=Detector(sampling=1, **noise), rng=1)
        assert found["predicted_auc"].values == pytest.approx([0.5])
        assert found["auc"].values == pytest.approx([0.5])

    def test_a_single_electron_where_there_should_be_none_settles_it(self):
        """The dark half of one image is the bright half of the other: only an empty image leaves doubt."""
        left, right = np.zeros((2, 4, 4))
        left[:, :2], right[:, 2:] = 1, 1
        dose = 0.25  # 2 electrons in either image
        doubt = np.exp(-4) / 2
        assert predicted_auc(left, right, [dose], detector=PIXELS).item() == pytest.approx(
            1 - doubt, abs=1e-6
        )

    @pytest.mark.parametrize("target", [0.6, 0.95, 0.99])
    def test_the_ideal_dose_is_where_the_prediction_reaches_the_target(self, target):
        same, other = unit_cells()
        detector = Detector(sampling=CELL / 32)
        dose = ideal_dose(same, other, auc=target, detector=detector)
        assert predicted_auc(same, other, [dose], detector=detector).item() == pytest.approx(target, abs=1e-3)

    def test_for_many_electrons_the_area_is_that_of_two_normal_distributions(self):
        same, other = patterns()
        other = same + 0.01 * (other - same)
        dose = 1000.0
        distance = np.sqrt(dose * ((other - same) ** 2 / same).sum())
        expected = NormalDist().cdf(distance / np.sqrt(2))
        assert predicted_auc(same, other, [dose], detector=PIXELS).item() == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("noise", [{}, {"readout_sigma": 0.5}], ids=["counting", "readout"])
def test_no_metric_beats_the_ideal_observer(noise):
    """Neyman and Pearson's law, for all metrics within 3 standard errors, on one unit cell."""
    same, other = unit_cells()
    detector = Detector(sampling=CELL / 32, **noise)
    limit = ideal_dose(same, other, auc=0.9, detector=detector)
    levels = [limit * factor for factor in (0.3, 1, 3)]
    found = discriminability(
        list(METRICS), same, other, levels, repeats=50, detector=detector, rng=5, workers=1
    )
    ideal = predicted_auc(same, other, levels, detector=detector)
    error = np.sqrt(ideal * (1 - ideal) / 50)
    assert (found["auc"].values <= ideal + 3 * error).all()
    assert found["auc"].values[:, -1].max() > 0.9


def test_the_observer_judges_the_exposures_that_the_metrics_judge():
    same, other = patterns()
    options = {"repeats": 3, "detector": PIXELS, "rng": 7}
    drawn = ideal_observer(same, other, [0.5, 2], **options)
    ratio = LikelihoodRatio(same, other, dose_per_area=2, detector=PIXELS)
    seeds = np.random.SeedSequence(7, spawn_key=(1, 1, 2))
    counts = PIXELS.expose(other, dose_per_area=2, rng=np.random.default_rng(seeds), counts=True)
    found = drawn["log_likelihood_ratio"].sel(image="other", dose_per_area=2, repeat=2).item()
    assert found == ratio(counts)
    areas = area_under_curve(*drawn["log_likelihood_ratio"].values)
    assert drawn["auc"].values.tolist() == areas.tolist()


@pytest.mark.parametrize("value", [0.5, 1, 0, 2, -1])
def test_a_target_that_is_no_area_is_refused(value):
    with pytest.raises(ValueError, match=f"auc must lie between 0.5 and 1, got {value}"):
        ideal_dose(*patterns(), auc=value, detector=PIXELS)
