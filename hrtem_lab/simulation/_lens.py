"""The objective lens: its aperture, aberrations, and the foci over which it wanders."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import non_negative, positive, real_number, true_or_false
from hrtem_lab.simulation._lengths import distance, spread

# Of the interference of any two beams, the mean over the foci is wrong by less than this.
_FOCI_ERROR = 1e-5
_MOST_FOCI = 1000
# A radian: no lens takes such angles.
_MOST_MRAD = 1000.0
_CHECKS: dict[str, Callable[[str, Any], float]] = {
    "semiangle_cutoff": positive,
    "defocus": distance,
    "Cs": distance,
    "C12": distance,
    "phi12": real_number,
    "C21": distance,
    "phi21": real_number,
    "C23": distance,
    "phi23": real_number,
    "focal_spread": spread,
    "angular_spread": non_negative,
}


@dataclass(frozen=True)
class Lens:
    """Settings of the objective lens, as `form_image` takes them."""

    semiangle_cutoff: float
    defocus: float
    Cs: float
    C12: float
    phi12: float
    C21: float
    phi21: float
    C23: float
    phi23: float
    focal_spread: float
    angular_spread: float
    envelope: bool

    def __post_init__(self) -> None:
        true_or_false("envelope", self.envelope)
        for name, check in _CHECKS.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))
        if self.angular_spread > _MOST_MRAD:
            raise ValueError(
                f"angular_spread must be at most {_MOST_MRAD:g} mrad, got {self.angular_spread:g}"
            )

    @property
    def one_focus(self) -> bool:
        """Whether the image is that of a single focus."""
        return bool(self.envelope) or self.focal_spread == 0

    @property
    def at_one_focus(self) -> Lens:
        """The same lens without spreads, if the mean over the foci is taken elsewhere."""
        return self if self.one_focus else replace(self, focal_spread=0.0, angular_spread=0.0)

    def transfers(
        self,
        g_rows: NDArray[np.floating],
        g_columns: NDArray[np.floating],
        *,
        wavelength: float,
        turned: float,
    ) -> Iterator[tuple[float, NDArray[np.complexfloating]]]:
        """Yield the weight of each focus and t(g) there; the specimen is `turned` (radians) under the lens.

        The frequencies are in 1/Å, in the axes of the specimen.
        """
        alpha, angle = self._angles(g_rows, g_columns, wavelength, turned)
        open_to = alpha <= self.semiangle_cutoff / 1e3
        phases, (radial, around) = self._phases(alpha, angle), self._slopes(alpha, angle)
        angular = self._angular_scale(wavelength)
        damping: NDArray[np.floating] = np.zeros(())
        if self.envelope:
            damping = (np.pi / (2 * wavelength) * self.focal_spread * alpha**2) ** 2
        for weight, change in self._foci(float(alpha[open_to].max()), wavelength):
            chi = 2 * np.pi / wavelength * (phases - change * alpha**2 / 2)
            blur = angular * ((radial - change * alpha) ** 2 + around**2)
            yield weight, np.where(open_to, np.exp(-1j * chi - (damping + blur)), 0)

    def blurs(
        self,
        g_rows: NDArray[np.floating],
        g_columns: NDArray[np.floating],
        *,
        wavelength: float,
        turned: float,
    ) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
        """Return w, u, v of every beam: at a defocus changed by f its envelope is exp(−w + 2uf − vf²).

        It is that of the spread of the illumination's angles, as in `transfers`.
        """
        alpha, angle = self._angles(g_rows, g_columns, wavelength, turned)
        radial, around = self._slopes(alpha, angle)
        scale = self._angular_scale(wavelength)
        return scale * (radial**2 + around**2), scale * radial * alpha, scale * alpha**2

    def _angular_scale(self, wavelength: float) -> float:
        """Return (πθ/λ)² in Å⁻²; times |∇χ λ/2π|² it is the exponent of the envelope of the angles."""
        return (math.pi * self.angular_spread / 1e3 / wavelength) ** 2

    def _angles(
        self,
        g_rows: NDArray[np.floating],
        g_columns: NDArray[np.floating],
        wavelength: float,
        turned: float,
    ) -> tuple[NDArray[np.floating], NDArray[np.floating] | float]:
        """Return the angle α of every beam, and its azimuth if an aberration depends on it."""
        alpha = wavelength * np.hypot(g_rows[:, None], g_columns[None, :])
        if not (self.C12 or self.C21 or self.C23):
            return alpha, 0.0
        # A specimen turned counter-clockwise, seen with rows pointing down, turns from y towards x.
        return alpha, np.arctan2(g_rows[:, None], g_columns[None, :]) - turned

    def _phases(self, alpha: NDArray[np.floating], phi: NDArray[np.floating] | float) -> NDArray[np.floating]:
        """Return χ λ / 2π in Å."""
        second = -self.defocus + self.C12 * np.cos(2 * (phi - self.phi12))
        third = self.C21 * np.cos(phi - self.phi21) + self.C23 * np.cos(3 * (phi - self.phi23))
        return second * alpha**2 / 2 + third * alpha**3 / 3 + self.Cs * alpha**4 / 4

    def _slopes(
        self, alpha: NDArray[np.floating], phi: NDArray[np.floating] | float
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Return the gradient of χ λ / 2π: ∂/∂α and ∂/(α ∂φ), in Å."""
        second = -self.defocus + self.C12 * np.cos(2 * (phi - self.phi12))
        third = self.C21 * np.cos(phi - self.phi21) + self.C23 * np.cos(3 * (phi - self.phi23))
        around = self.C21 / 3 * np.sin(phi - self.phi21) + self.C23 * np.sin(3 * (phi - self.phi23))
        return (
            second * alpha + third * alpha**2 + self.Cs * alpha**3,
            -self.C12 * np.sin(2 * (phi - self.phi12)) * alpha - around * alpha**2,
        )

    def _foci(self, widest: float, wavelength: float) -> list[tuple[float, float]]:
        """Return weights, whose sum is 1, and changes of defocus in Å; `widest` is the largest angle."""
        if self.one_focus:
            return [(1.0, 0.0)]
        largest = np.pi / wavelength * self.focal_spread * widest**2
        # The envelope of the angles makes the Gaussian of the foci narrower, which takes smaller steps.
        narrower = np.pi / wavelength * self.focal_spread * widest * self.angular_spread / 1e3
        largest += 2 * _REACH * (math.sqrt(1 + 2 * narrower**2) - 1)
        count = foci_needed(largest)
        if count > _MOST_FOCI:
            most = self.focal_spread * _MOST_FOCI / count
            raise ValueError(
                f"focal_spread must be at most about {most:.2g} Å at this aperture and energy, "
                f"where its mean takes {_MOST_FOCI} foci, got {self.focal_spread:g}; envelope=True takes any"
            )
        nodes, weights = gaussian_mean(largest)
        return [
            (float(weight), float(self.focal_spread * node))
            for weight, node in zip(weights, nodes, strict=True)
        ]


# The Gaussian of the foci is cut off where it has fallen to the error.
_REACH = math.sqrt(-math.log(_FOCI_ERROR))


def foci_needed(largest: float) -> int:
    """Return the number of nodes of `gaussian_mean`."""
    return math.ceil(_REACH * (largest + 2 * _REACH) / math.pi) + 1


def gaussian_mean(largest: float) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return nodes x and weights that average cos(a x) over exp(−x²) / √π, for a up to `largest`.

    Equal steps h converge as fast as a Gaussian falls: cut off at L, the mean is wrong by some exp(−L²),
    and by exp(−(2π/h − a)²/4) as the steps alias a wave. So the number of nodes grows with a; that of
    Gauss and Hermite's nodes grows with a², and is smaller only below a = 3.
    """
    count = foci_needed(largest)
    step = 2 * math.pi / (largest + 2 * _REACH)
    nodes = (np.arange(count) - (count - 1) / 2) * step
    weights = np.exp(-(nodes**2))
    return nodes, weights / weights.sum()
