"""A thin layer on the exit surface of a specimen whose wave is known."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import positive_integer
from hrtem_lab.waves import ExitWave, ExitWaves

Waves = TypeVar("Waves", ExitWave, ExitWaves)

# Lengths that differ by less, relatively, are the same length written with a few digits.
_SAME = 1e-5


def through_layer(wave: Waves, slabs: ExitWaves, *, number: int | None = None) -> Waves:
    r"""Return the wave behind a layer, such as amorphous carbon, on the specimen's exit surface.

    .. math:: ψ ← P_{d/2}\,[\,t_n \cdot P_{d/2}\,ψ\,]

    for one slab after the other: each acts in its middle plane by its transmission function t, between two
    halves of its thickness d, through which the wave runs as through vacuum,
    :math:`P_{d/2}(g) = \exp(-iπλ g^2 d / 2)`. The product is taken on a grid so fine that nothing is
    aliased into the wave's band, to which it is cropped.

    Parameters
    ----------
    wave : ExitWave or ExitWaves
        The specimen's wave. Every wave of an ensemble passes the same layer.
    slabs : ExitWaves
        Transmission functions of the slabs, in the order in which the electrons meet them;
        `ExitWaves.thickness` is that of one slab. `hrtem_lab.waves.load_carbon_slabs` loads some. Their
        extent must be a whole multiple of the wave's, which is repeated to fill it.
    number : int or None
        Use the first `number` slabs; by default all.

    Returns
    -------
    ExitWave or ExitWaves
        As `wave`, with the extent of the slabs and the sampling of the wave, thicker by the layer. Nothing
        repeats with a unit cell: `cells` of an ensemble is (1, 1).

    Raises
    ------
    TypeError, ValueError
        If one of the two is no wave, the energies differ, the extent of the slabs is no whole multiple of
        the wave's, or there are fewer slabs than `number`.

    Notes
    -----
    A slab has no depth here. With slabs of 10 Å of carbon on Nb₃Sn, the images differ from those of a full
    multislice calculation of crystal and layer by the errors in `docs/simulation.md`. Use thin slabs, and no
    heavy atoms. Beams outside the wave's band are lost, though some of them would be scattered back.

    Source: the multislice scheme of Cowley and Moodie, Acta Crystallographica 10 (1957), 609–619,
    doi:10.1107/S0365110X57002194, with one slice per slab.

    Examples
    --------
    >>> import numpy as np
    >>> vacuum = ExitWave(np.ones((8, 8), complex), sampling=0.5, energy=80e3, thickness=100)
    >>> phases = np.exp(0.1j * np.ones((2, 16, 16)))
    >>> slabs = ExitWaves(phases, sampling=0.5, energy=80e3, thickness=10)
    >>> behind = through_layer(vacuum, slabs)
    >>> behind.extent, behind.thickness, round(float(np.angle(behind.array).mean()), 6)
    ((8.0, 8.0), 120.0, 0.2)
    """
    if not isinstance(wave, (ExitWave, ExitWaves)):
        raise TypeError(f"wave must be an ExitWave, got {type(wave).__name__}; an ensemble is an ExitWaves")
    if not isinstance(slabs, ExitWaves):
        raise TypeError(f"slabs must be an ExitWaves, got {type(slabs).__name__}")
    if abs(slabs.energy / wave.energy - 1) > _SAME:
        raise ValueError(f"slabs must have the wave's energy of {wave.energy:g} eV, got {slabs.energy:g}")
    used = len(slabs) if number is None else positive_integer("number", number)
    if used > len(slabs):
        raise ValueError(f"number must be at most the {len(slabs)} slabs there are, got {used}")
    tiles = _tiles(wave, slabs)

    counts = wave.array.shape[-2:]
    kept = [_orders(count * repeats) for count, repeats in zip(counts, tiles, strict=True)]
    held = [_orders(count) for count in slabs.array.shape[1:]]
    # The product holds orders up to both limits together; only those beyond the wave's may be aliased.
    grid = tuple(2 * abs(own[0]) + abs(other[0]) + 1 for own, other in zip(kept, held, strict=True))
    run = _half_way(kept, wave.extent, tiles, wave.wavelength * slabs.thickness / 2)
    transmitted = [_on_grid(one._coefficients, held, grid) for one in list(slabs)[:used]]

    array = np.tile(wave.array, (1,) * (wave.array.ndim - 2) + tiles)
    members = [_passed(one, transmitted, kept, grid, run) for one in array.reshape(-1, *array.shape[-2:])]
    array = np.asarray(members).reshape(array.shape)
    thickness = wave.thickness + used * slabs.thickness
    provenance = {**wave.provenance, "layer": {**slabs.provenance, "slabs": used}}
    return type(wave)(array, wave.sampling, wave.energy, thickness, provenance)


def _tiles(wave: ExitWave | ExitWaves, slabs: ExitWaves) -> tuple[int, int]:
    """Return how often the wave fits into the slabs along rows and columns."""
    ratios = [whole / part for whole, part in zip(slabs.extent, wave.extent, strict=True)]
    tiles = [round(ratio) for ratio in ratios]
    if any(abs(ratio - count) > _SAME * count for ratio, count in zip(ratios, tiles, strict=True)):
        (height, width), (tall, wide) = wave.extent, slabs.extent
        raise ValueError(
            f"slabs must extend over a whole multiple of the wave's {height:.5g} × {width:.5g} Å, "
            f"got {tall:.5g} × {wide:.5g} Å"
        )
    return tiles[0], tiles[1]


def _orders(count: int) -> NDArray[np.integer]:
    return np.arange(count) - count // 2


def _half_way(
    orders: list[NDArray[np.integer]], extent: tuple[float, float], tiles: tuple[int, int], distance: float
) -> NDArray[np.complexfloating]:
    """Return the propagator exp(−iπ g² λd/2) of half a slab; `distance` is λd/2 in Å²."""
    rows, columns = (
        order / (length * repeats) for order, length, repeats in zip(orders, extent, tiles, strict=True)
    )
    return np.exp(-1j * np.pi * distance * (rows[:, None] ** 2 + columns**2))


def _on_grid(
    coefficients: NDArray[np.complexfloating], orders: list[NDArray[np.integer]], grid: tuple[int, ...]
) -> NDArray[np.complexfloating]:
    """Return a wave's values on a grid, from its coefficients."""
    padded = np.zeros(grid, complex)
    padded[np.ix_(orders[0] % grid[0], orders[1] % grid[1])] = coefficients
    return np.fft.ifft2(padded, norm="forward")


def _passed(
    wave: NDArray[np.complexfloating],
    transmitted: list[NDArray[np.complexfloating]],
    orders: list[NDArray[np.integer]],
    grid: tuple[int, ...],
    run: NDArray[np.complexfloating],
) -> NDArray[np.complexfloating]:
    """Return one wave behind the slabs."""
    coefficients = np.fft.fftshift(np.fft.fft2(wave, norm="forward"))
    places = np.ix_(orders[0] % grid[0], orders[1] % grid[1])
    for transmission in transmitted:
        values = transmission * _on_grid(coefficients * run, orders, grid)
        coefficients = np.fft.fft2(values, norm="forward")[places] * run
    return np.fft.ifft2(np.fft.ifftshift(coefficients), norm="forward").astype(wave.dtype)
