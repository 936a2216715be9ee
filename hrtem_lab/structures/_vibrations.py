"""How far atoms vibrate, by Debye's model."""

from __future__ import annotations

import math

import numpy as np

from hrtem_lab._validation import non_negative, one_of, positive

# 6 h²/(u k) in Å² K, with the values of CODATA 2018 for h and k (exact) and the atomic mass unit u.
_DISPLACEMENT = 6 * 6.62607015e-34**2 / (1.66053906660e-27 * 1.380649e-23) * 1e20
# Beyond this, t/(eᵗ − 1) adds nothing to the integral that a float could hold.
_END = 50.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
# Debye temperature in K, and the formula.
_CRYSTALS = {"nb3sn": (234.0, {"Nb": 3, "Sn": 1}), "zro2": (590.0, {"Zr": 1, "O": 2})}


def debye_waller_factor(mass: float, debye_temperature: float, *, temperature: float = 293.0) -> float:
    """Return the isotropic displacement factor B = 8π²⟨u²⟩ of an atom by Debye's model, in Å².

    B = 6h²/(M k Θ) · [φ(x)/x + 1/4] with x = Θ/T and φ(x) = (1/x) ∫₀ˣ t/(eᵗ − 1) dt; ⟨u²⟩ is the mean square
    of the displacement along one direction. The 1/4 is the vibration at absolute zero. Far above Θ,
    B = 6h² T/(M k Θ²).

    Parameters
    ----------
    mass : float
        Mass of the atom M in atomic mass units; in a compound, the mean of the formula.
    debye_temperature : float
        Θ in K.
    temperature : float
        T in K; 0 is allowed.

    Returns
    -------
    float
        B in Å²; an amplitude of scattering falls by exp(−B q²/4) at the spatial frequency q in 1/Å.

    Raises
    ------
    TypeError, ValueError
        If mass or Debye temperature are less than 1, or the temperature is negative.

    Notes
    -----
    The model has one kind of atom and one speed of sound. A Debye temperature from specific heat weighs the
    vibrations otherwise than ⟨u²⟩ does, in which the slow ones count most: expect tens of percent.

    References
    ----------
    The formula is Debye's (1913) with Waller's correction (1923), as in B. T. M. Willis & A. W. Pryor,
    *Thermal Vibrations in Crystallography* (Cambridge, 1975).

    Examples
    --------
    >>> round(debye_waller_factor(26.98, 390), 2)  # aluminium
    0.86
    """
    mass, theta = positive("mass", mass), positive("debye_temperature", debye_temperature)
    if mass < 1:
        raise ValueError(f"mass must be at least 1 atomic mass unit, as no atom is lighter, got {mass:g}")
    if theta < 1:
        raise ValueError(f"debye_temperature must be at least 1 K, as no crystal is softer, got {theta:g}")
    temperature = non_negative("temperature", temperature)
    # φ(x)/x = (T/Θ)² ∫₀ˣ t/(eᵗ − 1) dt
    ratio = temperature / theta
    end = _END if ratio * _END <= 1 else 1 / ratio
    t = end / 2 * (_NODES + 1)
    integral = end / 2 * float(_WEIGHTS @ (t / np.expm1(t)))
    return _DISPLACEMENT / (mass * theta) * (ratio * (ratio * integral) + 0.25)


def b_factors(crystal: str, *, temperature: float = 293.0) -> dict[str, float]:
    """Return B = 8π²⟨u²⟩ in Å² for the elements of a built-in crystal, by Debye's model.

    Parameters
    ----------
    crystal : {"nb3sn", "zro2"}
        Nb₃Sn with a Debye temperature of 234 K, or ZrO₂ with 590 K; both come from the specific heat.
    temperature : float
        In K.

    Returns
    -------
    dict of str to float
        Element → B. Both elements of a crystal have the same one, by the mean atomic mass of the formula.

    Raises
    ------
    TypeError, ValueError
        If the crystal is another one, or the temperature is negative.

    Notes
    -----
    A specific heat is not a refinement of a structure. Refined values of single elements can differ by tens
    of percent: two elements do not move equally far, nor one element equally far in all directions. And a
    Debye temperature that is wrong by 10 % makes B wrong by 20 %. The phonons of Nb₃Sn soften on cooling
    (Knapp et al.): if its Debye temperature belongs to low temperatures, B at 293 K is smaller. Pure ZrO₂ is
    monoclinic at room temperature; it is cubic only with other elements and vacancies in it. Its atoms
    then stand beside their sites; such static displacements add to B and are not in this value.

    References
    ----------
    Nb₃Sn: V. Guritanu et al., *Specific heat of Nb₃Sn: The case for a second energy gap*, Phys. Rev. B 70,
    184526 (2004), doi:10.1103/PhysRevB.70.184526. We had only its abstract at hand, which tells that the
    specific heat was measured (1.2 K to 200 K), but not the 234 K. Softening: G. S. Knapp, S. D. Bader &
    Z. Fisk, *Phonon properties of A-15 superconductors obtained from heat-capacity measurements*, Phys. Rev.
    B 13, 3783 (1976), doi:10.1103/PhysRevB.13.3783 (abstract).

    ZrO₂: *Specific heat capacity and Debye temperature of zirconia and its solid solution*, Thermochimica
    Acta 403, 267–273 (2003), doi:10.1016/S0040-6031(03)00060-1 (abstract): 590 K for zirconia from data
    between 150 K and 823 K, and 575 K to 625 K for solid solutions.

    Examples
    --------
    >>> {element: round(b, 2) for element, b in b_factors("nb3sn").items()}
    {'Nb': 0.63, 'Sn': 0.63}
    """
    from ase.data import atomic_masses, atomic_numbers  # noqa: PLC0415

    theta, formula = _CRYSTALS[one_of("crystal", crystal, tuple(_CRYSTALS))]
    masses = [float(atomic_masses[atomic_numbers[element]]) * count for element, count in formula.items()]
    mean = math.fsum(masses) / sum(formula.values())
    return dict.fromkeys(formula, debye_waller_factor(mean, theta, temperature=temperature))
