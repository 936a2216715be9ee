"""MTF, NTF and DQE against their formulae, and measured back from a slanted edge and flat fields."""

import math

import numpy as np
import pytest
from scipy import stats

from hrtem_lab.noise import CAMERAS, Curve, Transfer, signal_transfer, transferred_shot_noise
from tests.noise.fields import even

SOFT = Transfer(
    signal=Curve(corner=0.15, floor=0.1, aperture=True), noise=Curve(corner=0.3, floor=0.2), dqe0=0.7
)
TABLE = Transfer(signal=([0, 0.1, 0.25, 0.5], [1, 0.95, 0.7, 0.3]), noise=([0, 0.5], [1, 0.6]), dqe0=0.9)
TRANSFERS = {
    "ideal": Transfer(),
    "soft": SOFT,
    "table": TABLE,
    "callable": Transfer(signal=lambda q: np.exp(-8 * q**2), noise=lambda q: np.exp(-4 * q**2)),
    "preset": CAMERAS["scintillator CCD"].transfer,
}
every_transfer = pytest.mark.parametrize("transfer", TRANSFERS.values(), ids=TRANSFERS)
Q = np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4])


def wave(shape, down, right, phase=0.4):
    y, x = np.indices(shape)
    return np.cos(2 * np.pi * (down * y + right * x) + phase)


def edge(angle, side=256):
    """Return a step across the middle, and each pixel's distance from it.

    All frequencies up to 0.42 cycles per pixel are in it, none above 0.49: no pixel can misread it.
    """
    y, x = np.indices((side, side)) - (side - 1) / 2
    distance = x * math.cos(angle) + y * math.sin(angle)
    f = (np.arange(490) + 0.5) / 1000
    weight = np.where(f < 0.42, 1, np.cos(np.pi / 2 * (f - 0.42) / 0.07) ** 2) / (np.pi * f) / 1000
    place = np.linspace(-side, side, 64 * side + 1)
    step = 0.5 + np.sin(2 * np.pi * np.outer(place, f)) @ weight
    return 0.1 + 0.8 * np.interp(distance, place, step), distance


def measured_mtf(image, distance, q, fine=16, reach=40):
    """Return the MTF by the slanted edge: its finely binned profile, differentiated and transformed."""
    inside = (slice(reach, -reach),) * 2
    image, distance = image[inside].ravel(), distance[inside].ravel()
    edges = np.arange(-reach * fine, reach * fine + 1) / fine
    sums, _ = np.histogram(distance, edges, weights=image)
    line = np.diff(sums / np.histogram(distance, edges)[0])
    found = np.abs(np.exp(-2j * np.pi * np.outer(q, edges[1:-1])) @ line) / line.sum()
    # The width of the bins, and the difference of neighbouring ones.
    return found / np.sinc(q / fine) ** 2


def spectrum(transfer, frames=60, side=256, electrons=20.0, seed=5):
    """Return the noise's power in rings around each of `Q`, over that of counting, and the rings' sizes."""
    power = np.zeros((side, side))
    rng = np.random.default_rng(seed)
    for _ in range(frames):
        options = {"transfer": transfer, "dose_per_area": electrons, "sampling": 1, "rng": rng}
        noise = electrons * transferred_shot_noise(even(1, side), **options) - electrons
        power += np.abs(np.fft.fft2(noise)) ** 2
    power /= frames * side**2 * electrons
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    rings = [np.abs(radius - q) < 0.01 for q in Q]
    # Of a real image half the frequencies repeat the other half.
    sizes = np.array([frames * ring.sum() / 2 for ring in rings])
    return np.array([power[ring].mean() for ring in rings]), sizes


class TestCurves:
    def test_a_curve_is_its_formula(self):
        q = np.linspace(0, 0.7, 8)
        curve = Curve(corner=0.2, floor=0.3, aperture=True)
        aperture = [1.0, *(math.sin(math.pi * f) / (math.pi * f) for f in q[1:])]
        lorentzian = [0.7 / (1 + f * f / 0.04) + 0.3 for f in q]
        assert curve(q) == pytest.approx(np.multiply(aperture, lorentzian))
        assert Curve()(q) == pytest.approx(np.ones(8))

    def test_a_round_aperture_is_a_square_pixel_within_what_the_document_says(self):
        diagonal = np.array([0.5, math.sqrt(0.5)])
        product = np.sinc(diagonal / math.sqrt(2)) ** 2
        excess = 100 * (product / Curve(aperture=True)(diagonal) - 1)
        assert np.rint(excess).tolist() == [2, 13]
        assert "by 2 %\n    of the curve at 0.5 cycles per pixel and by 13 % in the corner" in Curve.__doc__

    @pytest.mark.parametrize(
        "parabola",
        [np.poly1d([-1.0, 0, 1]), np.polynomial.Polynomial([1, 0, -1]), lambda q: 1 - q**2],
        ids=["poly1d", "Polynomial", "function"],
    )
    def test_a_polynomial_is_a_curve(self, parabola):
        """NumPy's have no hash, by which filters are kept."""
        transfer = Transfer(signal=parabola, noise=parabola)
        assert transfer.mtf(Q) == pytest.approx(1 - Q**2)
        image = wave((96, 96), 0, 0.25)
        shown = signal_transfer(image, transfer=transfer)
        inside = (slice(32, -32),) * 2
        assert shown[inside] == pytest.approx((1 - 0.25**2) * image[inside], abs=3e-3)
        options = {"transfer": transfer, "dose_per_area": 10, "sampling": 1, "rng": 1}
        assert transferred_shot_noise(even(1, 8), **options).shape == (8, 8)
        assert transfer == Transfer(signal=parabola, noise=parabola)
        assert hash(transfer) == hash(Transfer(signal=parabola, noise=parabola))

    @every_transfer
    def test_dqe_is_made_of_both_curves(self, transfer):
        expected = transfer.dqe0 * transfer.mtf(Q) ** 2 / transfer.ntf(Q) ** 2
        assert transfer.dqe(Q) == pytest.approx(expected)
        assert transfer.mtf(0) == transfer.ntf(0) == 1
        assert transfer.dqe(0) == transfer.dqe0

    def test_an_ideal_pixel_has_the_dqe_of_its_aperture(self):
        assert Transfer().dqe(0.5) == pytest.approx((2 / math.pi) ** 2)

    def test_a_table_is_interpolated_and_kept_beyond_its_end(self):
        assert TABLE.mtf([0.05, 0.375, 0.5, 0.7]) == pytest.approx([0.975, 0.5, 0.3, 0.3])

    def test_where_nothing_is_left_the_dqe_is_nothing(self):
        cut = ([0, 0.4, 0.5], [1, 0.5, 0])
        assert Transfer(signal=cut, noise=cut).dqe([0.2, 0.5, 0.6]) == pytest.approx([1, 0, 0])


class TestSignal:
    @every_transfer
    @pytest.mark.parametrize("shape", [(256, 256), (251, 230)])
    @pytest.mark.parametrize("pair", [(0, 0.1), (0.25, 0), (0.2, 0.3), (0.03, -0.3)])
    def test_a_wave_is_damped_by_the_mtf_and_not_moved(self, transfer, shape, pair):
        shown = signal_transfer(wave(shape, *pair), transfer=transfer)
        inside = (slice(80, -80),) * 2
        expected = transfer.mtf(math.hypot(*pair)) * wave(shape, *pair)
        assert shown[inside] == pytest.approx(expected[inside], abs=3e-3)

    @every_transfer
    @pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 2), (33, 40)])
    def test_an_even_image_stays(self, transfer, shape):
        assert signal_transfer(np.full(shape, 0.3), transfer=transfer) == pytest.approx(np.full(shape, 0.3))

    def test_it_is_linear(self):
        one, other = np.random.default_rng(1).random((2, 31, 44))
        shown = [signal_transfer(image, transfer=SOFT) for image in (one, other, one - 3 * other)]
        assert shown[2] == pytest.approx(shown[0] - 3 * shown[1], abs=1e-12)

    def test_edges_mirror(self):
        """What repeats by mirroring is shown as its first period is."""
        image = np.random.default_rng(2).random((40, 40))
        doubled = np.pad(image, [(0, 0), (40, 40)], mode="symmetric")
        shown = signal_transfer(doubled, transfer=SOFT)[:, 40:80]
        assert shown == pytest.approx(signal_transfer(image, transfer=SOFT), abs=1e-3)

    @every_transfer
    @pytest.mark.parametrize("angle", [0.1, 0.5])
    def test_the_mtf_is_measured_back_from_a_slanted_edge(self, transfer, angle):
        image, distance = edge(angle)
        options = {"transfer": transfer, "dose_per_area": 1e12, "sampling": 1, "rng": 1}
        shown = transferred_shot_noise(image, **options)
        assert measured_mtf(shown, distance, Q) == pytest.approx(transfer.mtf(Q), rel=0.01)


class TestNoise:
    @pytest.mark.parametrize("name", ["soft", "table", "preset"])
    def test_ntf_and_dqe_are_measured_back_from_flat_fields(self, name):
        """Within 1 %, and within three standard errors of the rings' mean power."""
        transfer = TRANSFERS[name]
        power, sizes = spectrum(transfer)
        expected = transfer.ntf(Q) ** 2 / transfer.dqe0
        assert (np.abs(power / expected - 1) < 3 / np.sqrt(sizes) + 1e-3).all()
        assert np.sqrt(power * transfer.dqe0) == pytest.approx(transfer.ntf(Q), rel=0.01)
        image, distance = edge(0.1)
        mtf = measured_mtf(signal_transfer(image, transfer=transfer), distance, Q)
        assert mtf**2 / power == pytest.approx(transfer.dqe(Q), rel=0.02)
        assert np.mean(mtf**2 / power / transfer.dqe(Q)) == pytest.approx(1, abs=0.01)

    @pytest.mark.slow
    def test_the_dqe_is_measured_back_within_one_per_cent_in_every_ring(self):
        """Enough flat fields that three standard errors are less; of them, their spectrum over theory's."""
        transfer, side, frames, rng = TRANSFERS["preset"], 1024, 24, np.random.default_rng(6)
        options = {"transfer": transfer, "dose_per_area": 20, "sampling": 1, "rng": rng}
        radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
        power = 0
        for _ in range(frames):
            noise = 20 * transferred_shot_noise(even(1, side), **options) - 20
            power = power + np.abs(np.fft.rfft2(noise)) ** 2 / (frames * side**2 * 20)
        power /= transfer.ntf(np.minimum(radius, 0.7071)) ** 2 / transfer.dqe0
        rings = [power[np.abs(radius - q) < 0.02] for q in Q]
        assert all(3 / math.sqrt(frames * ring.size) < 0.01 for ring in rings)
        image, distance = edge(0.1)
        mtf = measured_mtf(signal_transfer(image, transfer=transfer), distance, Q)
        dqe = transfer.dqe0 * mtf**2 / transfer.ntf(Q) ** 2 / [ring.mean() for ring in rings]
        assert dqe == pytest.approx(transfer.dqe(Q), rel=0.01)

    def test_lost_electrons_alone_leave_whole_ones(self):
        """Poisson(η λ) / η: mean λ and variance λ / η, in multiples of 1 / η."""
        transfer = Transfer(signal=Curve(), dqe0=0.5)
        options = {"transfer": transfer, "dose_per_area": 3, "sampling": 1, "rng": 3}
        electrons = 3 * transferred_shot_noise(even(1), **options)
        assert electrons / 2 == pytest.approx(np.rint(electrons / 2), abs=1e-9)
        assert electrons.mean() == pytest.approx(3, abs=3 * math.sqrt(6) / 256)
        law = stats.poisson(1.5)
        assert np.mean(electrons == 0) == pytest.approx(law.pmf(0), abs=3 * 0.42 / 256)
        error = 4 * math.sqrt((3 * 1.5**2 + 1.5 - 1.5**2) / 256**2)
        assert electrons.var() == pytest.approx(6, abs=3 * error)

    def test_the_mean_of_many_is_the_image_that_the_mtf_shows(self):
        """Even where an edge rings below 0, where no electron could arrive."""
        image = np.zeros((24, 24))
        image[:, 12:] = 1
        transfer = Transfer(noise=Curve(corner=0.8))
        shown = signal_transfer(image, transfer=transfer)
        assert shown.min() < -0.005
        stack = np.broadcast_to(image, (1500, 24, 24))
        options = {"transfer": transfer, "dose_per_area": 8, "sampling": 0.5, "rng": 4}
        columns = transferred_shot_noise(stack, **options).mean(axis=1)
        scores = (columns.mean(axis=0) - shown[0]) / (columns.std(axis=0) / math.sqrt(1500))
        assert np.abs(scores).max() < 3.2
        assert scores.std() == pytest.approx(1, abs=3 / math.sqrt(48))

    def test_no_electron_arrives_where_an_edge_rings_below_zero(self):
        image = np.zeros((24, 24))
        image[:, 12:] = 1
        shown = signal_transfer(image, transfer=Transfer())
        record = transferred_shot_noise(image, transfer=Transfer(), dose_per_area=300, sampling=1, rng=1)
        below = shown < 0
        assert below.sum() > 24
        assert record[below] == pytest.approx(shown[below], abs=1e-12)

    def test_bands_of_rows_are_independent(self):
        noise = transferred_shot_noise(
            even(1), transfer=Transfer(signal=Curve()), dose_per_area=5, sampling=1, rng=1
        )
        bands = noise.reshape(4, -1)
        assert np.abs(np.corrcoef(bands)[np.triu_indices(4, 1)]).max() < 3 / 128


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            (
                {"signal": ([0, 0.3, 0.5], [1, 1.2, 0.5])},
                r"MTF must lie between 0 and 1, got 1\.2 at q = 0\.3",
            ),
            ({"signal": ([0, 0.5], [1, -0.1])}, r"MTF must lie between 0 and 1, got -0\.1"),
            ({"noise": lambda q: 1 + q}, "NTF must lie between 0 and 1, got 1.7"),
            ({"signal": ([0, 0.5], [0.9, 0.5])}, r"MTF must be 1 at q = 0, got 0\.9"),
            ({"noise": lambda q: q}, "NTF must be 1 at q = 0, got 0"),
            ({"signal": lambda q: q / 0}, "MTF must be finite"),
            ({"noise": Curve(corner=0.1)}, "DQE = dqe0 · MTF² / NTF² must be at most 1, got"),
            ({"signal": ([0, 0.5], [1, 0.5]), "noise": ([0, 0.5], [1, 0])}, "DQE .* must be at most 1, got"),
            ({"dqe0": 1.1}, r"dqe0 must lie between 0 and 1, got 1\.1"),
            ({"dqe0": 0}, "dqe0 must be positive, got 0"),
            ({"signal": ([0, 0.4], [1, 0.5])}, "signal's frequencies must rise from 0 to 0.5 or more"),
            ({"signal": ([0.1, 0.5], [1, 0.5])}, "frequencies must rise from 0"),
            ({"noise": ([0, 0.5, 0.2], [1, 0.5, 0.1])}, "noise's frequencies must rise"),
            ({"signal": ([0, 0.5], [1, 0.5, 0.1])}, "table must hold a value for each frequency"),
            ({"signal": lambda q: 1.0}, "a curve must return a value for each frequency"),
        ],
    )
    def test_curves_that_no_detector_has(self, options, rule):
        with np.errstate(all="ignore"), pytest.raises(ValueError, match=rule):
            Transfer(**options)

    @pytest.mark.parametrize("signal", [None, 0.5, "mtf", [1, 2, 3]])
    def test_what_is_no_curve(self, signal):
        with pytest.raises(TypeError, match="signal must be a Curve, a callable or a table"):
            Transfer(signal=signal)

    @pytest.mark.parametrize(
        ("signal", "rule"),
        [
            (lambda q: np.exp(1j * q), "a curve must hold real numbers, got dtype complex128"),
            (lambda q: None, "a curve must hold real numbers, got dtype object"),
            (([0, 0.5], [1, 0.5j]), "signal's table must hold real numbers, got dtype complex128"),
            (([0, 0.5], ["1", "x"]), "signal's table must hold real numbers, got dtype <U1"),
        ],
    )
    def test_values_that_are_no_real_numbers(self, signal, rule):
        with pytest.raises(TypeError, match=rule):
            Transfer(signal=signal)
        with pytest.raises(ValueError, match="signal's table must hold lists of equal length, got"):
            Transfer(signal=([0, 0.5], [1, [0.5]]))

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"corner": 0}, "corner must be positive"),
            ({"floor": 1.2}, "floor must lie between 0 and 1, got 1.2"),
        ],
    )
    def test_curves_out_of_range(self, options, rule):
        with pytest.raises(ValueError, match=rule):
            Curve(**options)

    @pytest.mark.parametrize("q", [-0.1, 0.8, math.nan])
    def test_frequencies_that_no_image_has(self, q):
        for curve in (SOFT.mtf, SOFT.ntf, SOFT.dqe):
            with pytest.raises(ValueError, match=r"q must lie between 0 and 0\.707"):
                curve([0.1, q])

    @pytest.mark.parametrize("q", ["0.1", 0.1j, [None]])
    def test_frequencies_that_are_no_numbers(self, q):
        for curve in (SOFT.mtf, SOFT.ntf, SOFT.dqe, SOFT.signal):
            with pytest.raises(TypeError, match="q must hold real numbers, got dtype"):
                curve(q)

    def test_what_is_no_transfer(self):
        with pytest.raises(TypeError, match="transfer must be a Transfer, got None"):
            signal_transfer(even(1, 4), transfer=None)
