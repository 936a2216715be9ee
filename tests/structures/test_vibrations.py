"""Displacement factors are those of a solid with Debye's density of vibrations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants
from scipy.integrate import quad

from hrtem_lab.structures import b_factors, debye_waller_factor

ERRORS = (TypeError, ValueError)


def by_frequencies(mass, theta, temperature):
    """Return 8π² times the mean square of one coordinate, summed over quantum oscillators up to kΘ/ħ.

    Each has (ħ/2Mω) coth(ħω/2kT), and their density is 3ω²/ω_D³.
    """
    highest = constants.k * theta / constants.hbar

    def one(part):
        energy = part * constants.k * theta
        coth = 1 / math.tanh(energy / (2 * constants.k * temperature)) if temperature else 1
        return 3 * part * constants.hbar / (2 * mass * constants.atomic_mass * highest) * coth

    mean_square, _ = quad(one, 0, 1, epsabs=0, epsrel=1e-11)
    return 8 * math.pi**2 * mean_square * 1e20


@pytest.mark.parametrize("temperature", [0, 1, 5, 20, 77, 293, 1200, 1e5])
@pytest.mark.parametrize(("mass", "theta"), [(99.36, 234), (41.07, 590), (12.011, 2230), (207.2, 88)])
def test_it_is_the_sum_over_the_vibrations(mass, theta, temperature):
    factor = debye_waller_factor(mass, theta, temperature=temperature)
    assert factor == pytest.approx(by_frequencies(mass, theta, temperature), rel=1e-7)


def test_limits_are_those_of_the_tables():
    """Far above the Debye temperature 11 492 T/(M Θ²), at absolute zero a quarter of 11 492/(M Θ)."""
    hot, cold = (debye_waller_factor(50, 100, temperature=t) for t in (1e6, 0))
    assert hot == pytest.approx(11492 * 1e6 / (50 * 100**2), rel=3e-4)
    assert cold == pytest.approx(11492 / (4 * 50 * 100), rel=3e-4)


@settings(deadline=None)
@given(st.floats(1, 250), st.floats(20, 2500), st.floats(0, 3000), st.floats(0.1, 500))
def test_it_grows_with_temperature_and_falls_with_mass_and_stiffness(mass, theta, temperature, more):
    factor = debye_waller_factor(mass, theta, temperature=temperature)
    assert debye_waller_factor(mass, theta, temperature=temperature + more) >= factor
    assert debye_waller_factor(2 * mass, theta, temperature=temperature) == pytest.approx(factor / 2)
    assert debye_waller_factor(mass, theta + more, temperature=temperature) < factor


def test_room_temperature_is_the_default():
    assert debye_waller_factor(99.4, 234) == debye_waller_factor(99.4, 234, temperature=293)
    assert b_factors("zro2") == b_factors("zro2", temperature=293.0)


def test_factors_of_the_built_in_crystals():
    """By the mean mass of the formula: 99.36 for Nb3Sn and 41.07 for ZrO2."""
    for crystal, elements, mass, theta, rounded in (
        ("nb3sn", {"Nb", "Sn"}, (3 * 92.906 + 118.71) / 4, 234, 0.63),
        ("zro2", {"Zr", "O"}, (91.224 + 2 * 15.999) / 3, 590, 0.26),
    ):
        factors = b_factors(crystal)
        assert set(factors) == elements
        for factor in factors.values():
            assert factor == pytest.approx(by_frequencies(mass, theta, 293), rel=1e-5)
            assert factor == pytest.approx(rounded, abs=0.005)
        cold = b_factors(crystal, temperature=80)
        assert all(cold[element] < factors[element] for element in elements)
        assert cold["Nb" if crystal == "nb3sn" else "O"] == pytest.approx(
            by_frequencies(mass, theta, 80), rel=1e-5
        )


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: debye_waller_factor(0, 300), "mass must be positive, got 0"),
        (lambda: debye_waller_factor(50, -1), "debye_temperature must be positive, got -1"),
        (lambda: debye_waller_factor(50, 300, temperature=-1), "temperature must not be negative, got -1"),
        (lambda: debye_waller_factor(50, 300, temperature=np.nan), "temperature must be finite, got nan"),
        (lambda: debye_waller_factor(0.5, 300), "mass must be at least 1 .*, got 0.5"),
        (lambda: debye_waller_factor(50, 1e-300), "debye_temperature must be at least 1 K.*, got 1e-300"),
        (lambda: debye_waller_factor(10**5000, 300), "mass must be finite, got a whole number beyond"),
        (lambda: b_factors(np.ones(2)), "crystal must be one of nb3sn, zro2, got array"),
        (lambda: debye_waller_factor("Nb", 300), "mass must be a real number, got 'Nb'"),
        (lambda: b_factors("Nb3Sn"), "crystal must be one of nb3sn, zro2, got 'Nb3Sn'"),
        (lambda: b_factors("nb3sn", temperature=-5), "temperature must not be negative, got -5"),
    ],
)
def test_nonsense_is_refused_by_its_rule(call, rule):
    with pytest.raises(ERRORS, match=rule):
        call()
