"""χ² against sums written out, and the band against the aperture's."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hrtem_lab.edge_cases import edge_cases
from hrtem_lab.metrics import (
    METRICS,
    PreparedChiSquare,
    aperture_cutoff,
    chi_square,
    chi_square_map,
    reduced_chi_square,
)
from hrtem_lab.noise import shot_noise
from hrtem_lab.simulation import form_image, load_exit_wave

CELL = 5.275  # Å
SAMPLING = CELL / 32
FULL = 0.75  # beyond the corner of all frequencies, √½ cycles per pixel

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)
shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
cutoffs = st.floats(0, FULL)


def pair(seed, shape=(24, 30)):
    rng = np.random.default_rng(seed)
    return rng.random(shape), rng.random(shape)


def kernel_by_sums(shape, cutoff):
    """Return h, the sum of all waves of the band, wave by wave and pixel by pixel."""
    rows, columns = shape
    h = np.zeros(shape)
    for k in range(rows):
        for m in range(columns):
            frequency = math.hypot(min(k, rows - k) / rows, min(m, columns - m) / columns)
            if frequency <= cutoff * (1 + 1e-9):
                for y in range(rows):
                    for x in range(columns):
                        h[y, x] += math.cos(2 * math.pi * (k * y / rows + m * x / columns))
    return h / (rows * columns)


def convolved(h, image):
    """Return the convolution of two images that repeat, as its sum."""
    rows, columns = image.shape
    result = np.zeros(image.shape)
    for y in range(rows):
        for x in range(columns):
            for v in range(rows):
                for u in range(columns):
                    result[y, x] += h[(y - v) % rows, (x - u) % columns] * image[v, u]
    return result


def terms_by_sums(a, b, cutoff):
    """Return the numerator's terms and the denominator of the docstring's formula."""
    h = kernel_by_sums(a.shape, cutoff)
    variance = np.maximum(convolved(h**2, a), 0.01 * a.mean() * (h**2).sum())
    long = [math.sqrt((convolved(h, image) ** 2 / variance).sum()) for image in (a, b)]
    return convolved(h, a - b) ** 2 / variance, (long[0] + long[1]) ** 2


class TestFormula:
    @given(seed=seeds, shape=shapes, cutoff=cutoffs)
    @settings(max_examples=12, deadline=None)
    def test_value_and_map_are_the_sums_written_out(self, seed, shape, cutoff):
        """Odd and even sides, single rows, bands from the mean alone to all frequencies."""
        a, b = pair(seed, shape)
        terms, greatest = terms_by_sums(a, b, cutoff)
        assert chi_square(a, b, cutoff=cutoff) == pytest.approx(terms.sum() / greatest, abs=1e-10)
        assert chi_square_map(a, b, cutoff=cutoff) == pytest.approx(terms * a.size / greatest, abs=1e-9)

    def test_a_dark_reference_counts_as_if_a_hundredth_of_its_mean_were_there(self):
        """One point of light in the dark, whose variance would vanish elsewhere."""
        a, b = np.zeros((7, 6)), np.zeros((7, 6))
        a[2, 3], b[5, 0] = 4, 1
        terms, greatest = terms_by_sums(a, b, FULL)
        assert chi_square(a, b, cutoff=FULL) == pytest.approx(terms.sum() / greatest, abs=1e-10)
        # By hand: the point has the variance 4, the rest 0.01 × 4/42.
        numerator = 16 / 4 + 1 / (0.01 * 4 / 42)
        assert chi_square(a, b, cutoff=FULL) == pytest.approx(
            numerator / (2 + math.sqrt(1 / (0.01 * 4 / 42))) ** 2
        )

    @given(seed=seeds, shape=shapes, cutoff=cutoffs)
    @quick
    def test_the_band_holds_as_many_numbers_as_it_lets_through(self, seed, shape, cutoff):
        """A filter that keeps or drops is a projection: its trace is the number of what it keeps."""
        a, b = pair(seed, shape)
        prepared = PreparedChiSquare(a, cutoff=cutoff)
        h = kernel_by_sums(shape, cutoff)
        assert prepared.coefficients == pytest.approx(h[0, 0] * h.size)
        assert prepared.filter(prepared.filter(b)) == pytest.approx(prepared.filter(b), abs=1e-12)
        assert (h**2).sum() == pytest.approx(prepared.coefficients / h.size)

    def test_the_filtered_variance_is_the_sum_over_independent_pixels(self):
        """A filter is linear: each pixel adds its own variance by the square of its response."""
        variance = np.kron([[4.0, 0.5], [1.0, 9.0]], np.ones((6, 6)))
        prepared = PreparedChiSquare(variance, cutoff=0.2)
        points = np.eye(variance.size).reshape(-1, *variance.shape)
        expected = sum(
            share * prepared.filter(point) ** 2 for share, point in zip(variance.flat, points, strict=True)
        )
        assert prepared.filtered_variance(variance) == pytest.approx(expected, rel=1e-9)


class TestBounds:
    @given(seed=seeds, factor=st.floats(-3, 3))
    @quick
    def test_a_multiple_of_the_reference_has_a_closed_form(self, seed, factor):
        """((1 − f) / (1 + |f|))²: 0 for itself, 1 for black and for every negative multiple."""
        a, _ = pair(seed)
        expected = ((1 - factor) / (1 + abs(factor))) ** 2
        assert chi_square(a, factor * a) == pytest.approx(expected, abs=1e-12)

    @given(seed=seeds, cutoff=st.floats(0.05, FULL))
    @quick
    def test_the_greatest_value_is_reached_by_opposites_alone(self, seed, cutoff):
        """Where the triangle inequality is an equation: nothing in between is at its limit."""
        a, b = pair(seed)
        assert chi_square(a, np.zeros_like(a), cutoff=cutoff) == pytest.approx(1)
        assert chi_square(a, -2.5 * a, cutoff=cutoff) == pytest.approx(1)
        assert 0 < chi_square(a, b, cutoff=cutoff) < 1
        assert 0 < chi_square(a, -b, cutoff=cutoff) < 1

    @given(seed=seeds, share=st.floats(-1, 1))
    @quick
    def test_between_images_of_equal_length_it_is_half_of_one_minus_the_cosine(self, seed, share):
        """Pixels of an even reference weigh the same: b = c a + s d with d as long as a, and across it."""
        a = np.ones((24, 30))
        across, _ = pair(seed)
        across -= across.mean()
        across *= math.sqrt(a.size / (across**2).sum())
        b = share * a + math.sqrt(1 - share**2) * across
        assert chi_square(a, b, cutoff=FULL) == pytest.approx((1 - share) / 2, abs=1e-12)

    @given(seed=seeds, size=st.sampled_from((1e-6, 1e-3, 1.0, 1e3, 1e6)))
    @quick
    def test_no_residual_leaves_the_bounds(self, seed, size):
        a, _ = pair(seed)
        b = a + size * np.random.default_rng(seed + 1).normal(size=a.shape)
        assert 0 <= chi_square(a, b, cutoff=0.3) <= 1

    def test_black_references(self):
        black, other = np.zeros((5, 6)), np.ones((5, 6))
        assert chi_square(black, black) == 0
        assert chi_square(black, other) == chi_square(other, black) == 1
        assert PreparedChiSquare(black).cutoff == 0

    def test_the_reduced_one_has_no_bound(self):
        a = np.ones((16, 16))
        values = [reduced_chi_square(a, 2 * a, dose_per_area=dose, sampling=1) for dose in (1, 100, 1e4)]
        assert values[1:] == pytest.approx([100 * values[0], 1e4 * values[0]])
        assert values[0] == pytest.approx(a.size)  # the mean alone is in the band: (Σ 1)² / Σ 1


class TestBand:
    @given(seed=seeds, cutoff=st.floats(0.05, 0.5))
    @quick
    def test_what_lies_beyond_the_band_is_no_difference(self, seed, cutoff):
        a, b = pair(seed)
        distances = np.hypot(np.fft.fftfreq(24)[:, None], np.fft.fftfreq(30))
        assume(np.abs(distances - cutoff).min() > 1e-6)  # a wave on the edge may fall either way
        beyond = np.fft.ifft2(np.fft.fft2(b) * (distances > cutoff)).real
        within = np.fft.ifft2(np.fft.fft2(b) * (distances <= cutoff)).real
        assert chi_square(a, a + beyond, cutoff=cutoff) == pytest.approx(0, abs=1e-20)
        assert chi_square(a, a + within, cutoff=cutoff) == pytest.approx(chi_square(a, a + b, cutoff=cutoff))

    @pytest.mark.parametrize("waves", [(3,), (3, 7), (2, 5, 11)])
    def test_the_finest_wave_of_a_reference_ends_its_band(self, waves):
        x = np.arange(64) / 64
        reference = 3 + sum(np.cos(2 * np.pi * n * x) for n in waves) * np.ones((64, 1))
        assert PreparedChiSquare(reference).cutoff == pytest.approx(max(waves) / 64)

    @pytest.mark.parametrize(("share", "ends"), [(0.9e-4, 4), (1.1e-4, 9)])
    def test_one_part_in_ten_thousand_may_lie_beyond(self, share, ends):
        """The faint wave's share of the variance decides."""
        x = np.arange(64) / 64
        faint = math.sqrt(share / (1 - share))
        reference = 2 + np.cos(2 * np.pi * 4 * x) + faint * np.cos(2 * np.pi * 9 * x) * np.ones((64, 1))
        assert PreparedChiSquare(reference).cutoff == pytest.approx(ends / 64)

    def test_a_noisy_reference_hides_it(self):
        reference = form_image(load_exit_wave("nb3sn"))
        noisy = shot_noise(reference, dose_per_area=50, sampling=SAMPLING, rng=0)
        assert PreparedChiSquare(reference).cutoff < 0.24
        assert PreparedChiSquare(noisy).cutoff > 0.6

    @pytest.mark.parametrize("name", ["nb3sn", "precipitate-06"])
    @pytest.mark.parametrize("angle", [12, 20, 30])
    @pytest.mark.parametrize("defocus", [0, -100])
    def test_no_beam_of_a_simulated_image_lies_outside_the_apertures_band(self, name, angle, defocus):
        """Fourier coefficients beyond 2α/λ are rounding errors; those in the band end near its limit."""
        wave = load_exit_wave(name)
        shape = 128 if name == "nb3sn" else 512
        image = form_image(wave, shape=shape, semiangle_cutoff=angle, defocus=defocus).astype(float)
        sampling = wave.field_of_view[1] / shape
        limit = aperture_cutoff(angle, energy=wave.energy, sampling=sampling)
        distances = np.hypot(np.fft.fftfreq(shape)[:, None], np.fft.fftfreq(shape))
        power = np.abs(np.fft.fft2(image - image.mean())) ** 2
        beyond = distances > limit * (1 + 1e-9)
        assert power[beyond].sum() < 1e-10 * power.sum()
        assert PreparedChiSquare(image).cutoff <= limit
        # A precipitate scatters everywhere; a perfect crystal's beams are some hundredths apart.
        reach = distances[power > 1e-9 * power.sum()].max()
        assert reach > (0.9 if name == "precipitate-06" else 0.6) * limit

    @pytest.mark.parametrize("energy", [60e3, 200e3])
    def test_the_limit_is_twice_the_sine_of_braggs_law(self, energy):
        """α = λ g for a beam g: two opposite ones interfere with 2 g; λ from momentum in SI units."""
        h, m, e, c = 6.62607015e-34, 9.1093837139e-31, 1.602176634e-19, 299792458.0
        momentum = math.sqrt(2 * m * e * energy * (1 + e * energy / (2 * m * c**2)))
        expected = 2 * 0.025 / (h / momentum * 1e10) * 0.2
        assert aperture_cutoff(25, energy=energy, sampling=0.2) == pytest.approx(expected, rel=1e-8)

    @pytest.mark.parametrize("name", ["semiangle_cutoff", "energy", "sampling"])
    @pytest.mark.parametrize(
        ("value", "error", "rule"),
        [
            (0, ValueError, "be positive, got 0"),
            (-1, ValueError, "be positive, got -1"),
            (math.nan, ValueError, "be finite, got nan"),
            ("30", TypeError, "be a real number, got '30'"),
        ],
    )
    def test_nonsense_is_refused(self, name, value, error, rule):
        options = {"semiangle_cutoff": 30, "energy": 80e3, "sampling": 0.1, name: value}
        with pytest.raises(error, match=f"{name} must {rule}"):
            aperture_cutoff(options.pop("semiangle_cutoff"), **options)

    @pytest.mark.parametrize(
        ("value", "error", "rule"),
        [
            (-0.1, ValueError, r"not be negative, got -0\.1"),
            (math.inf, ValueError, "be finite, got inf"),
            (True, TypeError, "be a real number, got True"),
        ],
    )
    def test_a_nonsensical_cutoff_is_refused(self, value, error, rule):
        for function in (chi_square, chi_square_map):
            with pytest.raises(error, match=f"cutoff must {rule}"):
                function(np.eye(4), np.eye(4), cutoff=value)


class TestEdgeCases:
    def test_values_of_the_papers_images(self):
        """What the pages and docs/metrics.md print."""
        cases = edge_cases()
        prepared = METRICS["chi_square"].prepare(cases["reference"].image)
        found = {key: round(prepared(case.image), 2) for key, case in cases.items()}
        assert found == {
            "reference": 0.0,
            "shift": 0.60,
            "defocus": 0.02,
            "zro2": 0.34,
            "reversal": 0.71,
            "noise": 0.27,
            "white": 0.71,
            "black": 1.0,
        }
