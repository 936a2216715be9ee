"""Aberrations in abTEM's names, units and signs; they stay with the lens when the specimen is turned."""

import inspect
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_lab.simulation import ExitWave, form_image, wavelength
from hrtem_lab.simulation._lens import Lens
from tests.simulation.waves import ERRORS, EXTENT, ROUNDING, difference, random_wave, untimed

ENERGIES = [60e3, 80e3, 200e3, 300e3]
ALONE = {
    "defocus": {"defocus": -120.0},
    "spherical": {"Cs": -8e4},
    "twofold": {"C12": 70.0, "phi12": 0.4},
    "coma": {"C21": 1400.0, "phi21": -1.1},
    "threefold": {"C23": -1700.0, "phi23": 2.3},
}
TOGETHER = {name: value for options in ALONE.values() for name, value in options.items()}
LENSES = ALONE | {
    "all": TOGETHER,
    "all, partly coherent": TOGETHER | {"focal_spread": 25, "angular_spread": 0.4},
}
azimuths = st.floats(-7, 7)
lenses = st.fixed_dictionaries(
    {
        "semiangle_cutoff": st.floats(10, 40),
        "defocus": st.floats(-300, 300),
        "Cs": st.floats(-1e5, 1e5),
        "C12": st.floats(-200, 200),
        "phi12": azimuths,
        "C21": st.floats(-3000, 3000),
        "phi21": azimuths,
        "C23": st.floats(-3000, 3000),
        "phi23": azimuths,
        "focal_spread": st.floats(0, 60),
        "angular_spread": st.floats(0, 0.5),
    }
)


def at(wave, energy):
    return ExitWave(wave.array, wave.sampling, energy, wave.thickness)


def whole(wave, **options):
    return form_image(wave, shape=wave.array.shape, field_of_view=wave.extent, **options)


def abtem_image(wave, **lens):
    import abtem

    waves = abtem.Waves(
        wave.array.T.astype(np.complex64), sampling=wave.sampling[::-1], energy=wave.energy
    )  # abTEM's arrays are (x, y)
    return waves.apply_ctf(abtem.CTF(soft=False, **lens)).intensity().array.T


def lens_of(**options):
    """Return a lens with the defaults of `form_image`."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(form_image).parameters.items()
        if name in Lens.__dataclass_fields__
    }
    return Lens(**(defaults | options))


def turned_lens(lens, degrees):
    """Return a lens turned counter-clockwise with the image."""
    turned = {name: lens[name] - np.deg2rad(degrees) for name in ("phi12", "phi21", "phi23")}
    return lens | turned


def errors(found, expected):
    """Return the relative L2 error, and the largest error relative to the largest value."""
    return np.linalg.norm(found - expected) / np.linalg.norm(expected), difference(found, expected)


class TestAbtem:
    @pytest.mark.parametrize("energy", ENERGIES)
    @pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
    def test_images_agree(self, energy, lens):
        wave = at(random_wave(pixels=(60, 84)), energy)
        options = {"semiangle_cutoff": 28, **lens}
        image = whole(wave, envelope=True, **options)
        assert max(errors(image, abtem_image(wave, **options))) < 1e-5
        assert difference(image, whole(wave, semiangle_cutoff=28)) > 0.05

    @settings(untimed, max_examples=40)
    @given(lenses)
    def test_images_agree_whatever_the_lens(self, lens):
        wave = random_wave(pixels=(60, 84))
        assert max(errors(whole(wave, envelope=True, **lens), abtem_image(wave, **lens))) < 1e-4

    @pytest.mark.parametrize("energy", ENERGIES)
    @pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
    def test_transfer_functions_agree(self, energy, lens):
        """Values on a polar grid of abTEM's: φ runs from x, the columns, to y, the rows."""
        import abtem

        g_rows, g_columns = np.linspace(-0.5, 0.5, 41), np.linspace(-0.6, 0.6, 49)
        options = {"semiangle_cutoff": 25, **lens}
        ((weight, transfer),) = lens_of(envelope=True, **options).transfers(
            g_rows, g_columns, wavelength=wavelength(energy), turned=0.0
        )
        alpha = wavelength(energy) * np.hypot(g_rows[:, None], g_columns)
        phi = np.arctan2(g_rows[:, None], g_columns)
        ctf = abtem.CTF(soft=False, energy=energy, **options)
        expected = np.where(alpha <= 25e-3, ctf._evaluate_from_angular_grid(alpha, phi), 0)
        assert weight == 1
        assert max(errors(transfer, expected)) < 1e-5


class TestPhysics:
    @settings(untimed, max_examples=40)
    @given(st.floats(-60, 60), azimuths)
    def test_astigmatism_is_another_focus_along_each_axis(self, C12, phi12):
        """Beams at the azimuth φ12 see the defocus less C12, those across see C12 more."""
        fringes = 1 + 0.2j * np.cos(2 * np.pi * 3 * np.arange(40) / 40)
        along_x = ExitWave(np.tile(fringes, (24, 1)), (0.25, 9 / 40), 80e3, 1)
        along_y = ExitWave(along_x.array.T.copy(), (9 / 40, 0.25), 80e3, 1)
        for wave, azimuth in ((along_x, 0), (along_y, np.pi / 2)):
            focus = 30 - C12 * np.cos(2 * (azimuth - phi12))
            expected = form_image(wave, defocus=focus)
            assert difference(form_image(wave, defocus=30, C12=C12, phi12=phi12), expected) < ROUNDING

    @pytest.mark.parametrize(("name", "fold"), [("12", 2), ("21", 1), ("23", 3)])
    def test_azimuths_repeat_with_the_symmetry(self, wave, name, fold):
        lens = {f"C{name}": 500.0, "defocus": 40}
        plain = form_image(wave, **lens, **{f"phi{name}": 0.3})
        turned = form_image(wave, **lens, **{f"phi{name}": 0.3 + 2 * np.pi / fold})
        assert difference(turned, plain) < ROUNDING
        opposite = form_image(wave, **{**lens, f"C{name}": -500.0}, **{f"phi{name}": 0.3 + np.pi / fold})
        assert difference(opposite, plain) < ROUNDING
        assert difference(form_image(wave, **lens, **{f"phi{name}": 0.4}), plain) > 0.01

    @pytest.mark.parametrize("lens", [TOGETHER, TOGETHER | {"focal_spread": 30, "angular_spread": 0.4}])
    @pytest.mark.parametrize("turns", [-1, 1, 2, 3])
    def test_a_quarter_turn_of_specimen_and_lens_turns_the_image(self, lens, turns):
        """A counter-clockwise turn, seen with rows pointing down, takes azimuths from y towards x."""
        square, view = random_wave(pixels=(40, 40), extent=(6.0, 6.0)), {"shape": 40, "field_of_view": 6.0}
        expected = form_image(square, **lens, **view)
        for _ in range(turns % 4):
            expected = np.roll(np.rot90(expected), 1, axis=0)
        turned = form_image(square, **turned_lens(lens, 90 * turns), **view, rotation=90 * turns)
        assert difference(turned, expected) < ROUNDING

    @pytest.mark.parametrize("degrees", [-100.0, 12.5, 37.0])
    @pytest.mark.parametrize("shift", [(0, 0), (1.3, 0.4), (2.1, 3.3)])
    def test_any_turn_of_specimen_and_lens_keeps_the_centre(self, wave, degrees, shift):
        view = {"shape": 40, "field_of_view": 8.0, "shift": shift}
        plain = form_image(wave, **TOGETHER, **view)
        turned = form_image(wave, **turned_lens(TOGETHER, degrees), **view, rotation=degrees)
        assert abs(turned[20, 20] - plain[20, 20]) < ROUNDING * plain.max()
        fixed = form_image(wave, **TOGETHER, **view, rotation=degrees)
        assert abs(fixed[20, 20] - plain[20, 20]) > 10 * ROUNDING * plain.max()

    @settings(untimed, max_examples=40)
    @given(lenses)
    def test_no_lens_makes_electrons(self, lens):
        wave = random_wave()
        dark = form_image(wave, shape=64, field_of_view=EXTENT, **lens).mean()
        cutoff = lens["semiangle_cutoff"]
        assert dark <= form_image(wave, semiangle_cutoff=cutoff, shape=64, field_of_view=EXTENT).mean() * (
            1 + 1e-5
        )


class TestErrors:
    @pytest.mark.parametrize("name", ["C12", "phi12", "C21", "phi21", "C23", "phi23"])
    @pytest.mark.parametrize("value", [np.nan, -np.inf, "1", True, None, 1j, (1, 2)])
    def test_a_number_is_wanted(self, wave, name, value):
        with pytest.raises(ERRORS, match=f"{name} must be (finite|a real number), got"):
            form_image(wave, **{name: value})

    @pytest.mark.parametrize("value", [None, 1, "yes", 0.0])
    def test_envelope_is_a_choice(self, wave, value):
        with pytest.raises(TypeError, match=f"envelope must be True or False, got {value!r}"):
            form_image(wave, envelope=value)

    @pytest.mark.parametrize(
        "name", ["defocus", "Cs", "C12", "C21", "C23", "focal_spread", "image_spread", "drift", "shift"]
    )
    @pytest.mark.parametrize("value", [1.1e12, 1e308])
    def test_what_is_longer_than_a_microscope_is_refused(self, wave, name, value):
        with pytest.raises(
            ValueError, match=re.escape(f"{name} must be at most 1e+12 Å (100 m), got {value:g}")
        ):
            form_image(wave, **{name: value})

    def test_a_radian_of_illumination_is_refused(self, wave):
        with pytest.raises(ValueError, match="angular_spread must be at most 1000 mrad, got 1001"):
            form_image(wave, angular_spread=1001)
        assert form_image(wave, angular_spread=1000, defocus=1e12, Cs=-1e12, C21=1e12).min() >= 0
