"""`form_image`: what a microscope makes of an exit wave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import pair, positive, positive_integer, real_number
from hrtem_lab.simulation._coherence import Coherence, coherence
from hrtem_lab.simulation._lengths import distance, spread
from hrtem_lab.simulation._lens import Lens
from hrtem_lab.simulation._pixels import evaluate, pixels_per_period, without_negatives
from hrtem_lab.simulation._series import Series, intensity, mean_intensity, series_of
from hrtem_lab.waves import ExitWave, ExitWaves

_MOST_PIXELS = 2**30
"""4 GiB."""


@dataclass(frozen=True)
class Beams:
    """What the aperture lets through of one wave or more: ψ̂ as (waves, rows, columns)."""

    values: NDArray[np.complexfloating]
    g_rows: NDArray[np.floating]
    """Frequency of each row in 1/Å."""
    g_columns: NDArray[np.floating]
    places: tuple[tuple[int, int], tuple[int, int]]
    """First row and the row after the last, the same for columns, among the wave's coefficients."""
    cells: tuple[int, int]

    @property
    def of_one_wave(self) -> bool:
        """Whether the image has nothing to average over but foci."""
        return len(self.values) == 1 and self.cells == (1, 1)


def form_image(
    wave: ExitWave | ExitWaves,
    *,
    semiangle_cutoff: float = 30.0,
    defocus: float = 0.0,
    Cs: float = 0.0,
    C12: float = 0.0,
    phi12: float = 0.0,
    C21: float = 0.0,
    phi21: float = 0.0,
    C23: float = 0.0,
    phi23: float = 0.0,
    focal_spread: float = 0.0,
    angular_spread: float = 0.0,
    envelope: bool = False,
    image_spread: float = 0.0,
    drift: float | tuple[float, float] = 0.0,
    shape: int | tuple[int, int] = 128,
    field_of_view: float | tuple[float, float] | None = None,
    sampling: float | tuple[float, float] | None = None,
    shift: float | tuple[float, float] = 0.0,
    rotation: float = 0.0,
) -> NDArray[np.float32]:
    r"""Return the image I = ⟨\|F⁻¹[ψ̂(g) t(g)]\|²⟩ that a microscope makes of an exit wave, or of an ensemble.

    t(g) = A(α) E_s(α) exp(−iχ(α, φ)), where α = λ\|g\| is the angle of a beam, φ its azimuth, and
    χ = (2π/λ) { ½ α² [−Δf + C12 cos 2(φ − φ12)] + ⅓ α³ [C21 cos(φ − φ21) + C23 cos 3(φ − φ23)] + ¼ Cs α⁴ },
    in abTEM's names and signs. A is a sharp aperture. ⟨ ⟩ is the mean of the *intensities* over the waves
    of an ensemble and over a Gaussian spread of foci. E_s = exp(−(θ/2)² \|∇χ\|²) is the envelope of a
    spread θ of the illumination's angles (Kirkland, *Advanced Computing in Electron Microscopy*,
    doi:10.1007/978-1-4419-6533-2). It damps each beam by itself, which is right for thin specimens only.

    Parameters
    ----------
    wave : ExitWave or ExitWaves
        The exit wave; it repeats beyond its extent. Of an ensemble, whose waves are equally likely, the
        image is the mean of all their images. If its mean repeats with a unit cell (``ExitWaves.cells``),
        the image is averaged over these cells, too.
    semiangle_cutoff : float
        Objective aperture ("collection") semi-angle in mrad. Waves shipped with the package hold
        angles up to 50 mrad; a larger aperture adds nothing to them.
    defocus : float
        Defocus Δf in Å; positive is underfocus, Δf = −C10.
    Cs : float
        Spherical aberration C30 in Å (1 mm = 10⁷ Å).
    C12, C21, C23 : float
        Twofold astigmatism, axial coma and threefold astigmatism in Å.
    phi12, phi21, phi23 : float
        Their azimuths in radians, from the image's columns (to the right) towards its rows (down). They
        stay with the image when the specimen is turned.
    focal_spread : float
        1/e half-width of the Gaussian spread of focus in Å, √2 times its standard deviation. The image
        is the mean over as many foci as bring the interference of each pair of beams within 10⁻⁴ of its
        limit.
    angular_spread : float
        1/e half-width of the Gaussian spread of the illumination's angles in mrad, √2 times its
        standard deviation along one axis.
    envelope : bool
        Replace the mean over the foci by the envelope exp(−(π/2λ · focal_spread · α²)²) of each beam
        (the quasi-coherent approximation, as abTEM's CTF). It is right for thin specimens; in a crystal
        40 cells thick it loses intensity and changes the pattern.
    image_spread : float
        Standard deviation in Å of a Gaussian vibration of the image, the same in all directions:
        the intensity's coefficient at g is multiplied by exp(−2π²σ²g²).
    drift : float or (float, float)
        Distance in Å by which the specimen moves (down, right) at constant speed during the exposure,
        half of it before and half after the position that `shift` gives: the coefficient at g is
        multiplied by sin(πg·d) / (πg·d). Its directions are those of `shift`.
    shape : int or (int, int)
        Pixels of the image as (rows, columns).
    field_of_view : float or (float, float)
        Height and width of the image in Å. By default an image shows 4 × 4 unit cells of a crystal
        (128 pixels are then 32 per cell), or the whole of a larger specimen. So two materials have
        different pixels by default: to compare them, give both the same `field_of_view` or `sampling`.
    sampling : float or (float, float)
        Pixel size in Å, instead of `field_of_view`: the image shows `shape` × `sampling`.
    shift : float or (float, float)
        Distance in Å by which the specimen moves (down, right); exact at any fraction of a pixel.
    rotation : float
        Counter-clockwise rotation of the specimen in degrees about the centre of the image, after the
        shift. The lens is not turned.

    Returns
    -------
    numpy.ndarray of float32
        Intensity relative to the incident beam (vacuum = 1), shape `shape`, nowhere negative. Spatial
        frequencies that the pixels cannot hold are left out, not aliased. Where this makes some pixels
        negative, these are set to 0 and the others scaled to the same mean, as no electron is gained.

    Raises
    ------
    TypeError, ValueError
        If the wave is neither an `ExitWave` nor an `ExitWaves`, a number is not finite or of the wrong
        sign, a length is more than 10¹² Å, the image of more than 2³⁰ pixels, the angular spread more than
        a radian, the mean over the focal spread would take more than 1000 foci, or both `field_of_view`
        and `sampling` are given.

    Examples
    --------
    The vacuum is 1 for every setting of the lens:

    >>> vacuum = ExitWave(np.ones((8, 8), complex), sampling=(0.5, 0.5), energy=80e3, thickness=0)
    >>> float(form_image(vacuum, defocus=100, C12=50, shape=4).max())
    1.0
    """
    if not isinstance(wave, (ExitWave, ExitWaves)):
        raise TypeError(f"wave must be an ExitWave, got {type(wave).__name__}; an ensemble is an ExitWaves")
    rows, columns = (positive_integer("shape", count) for count in pair("shape", shape))
    if rows * columns > _MOST_PIXELS:
        raise ValueError(f"shape must be of at most 2³⁰ pixels, got {rows} × {columns}")
    view = _view(wave, (rows, columns), field_of_view, sampling)
    down, right = (distance("shift", length) for length in pair("shift", shift))
    drift_down, drift_right = (distance("drift", length) for length in pair("drift", drift))
    image_spread = spread("image_spread", image_spread)
    rotation = real_number("rotation", rotation) % 360
    lens = Lens(
        semiangle_cutoff=semiangle_cutoff,
        defocus=defocus,
        Cs=Cs,
        C12=C12,
        phi12=phi12,
        C21=C21,
        phi21=phi21,
        C23=C23,
        phi23=phi23,
        focal_spread=focal_spread,
        angular_spread=angular_spread,
        envelope=envelope,
    )
    beams = _behind_the_aperture(wave, lens.semiangle_cutoff)
    moved = np.exp(-2j * np.pi * beams.g_rows * down)[:, None] * np.exp(-2j * np.pi * beams.g_columns * right)

    turned = float(np.deg2rad(rotation))

    def transfers(lens: Lens) -> Iterator[tuple[float, NDArray[np.complexfloating]]]:
        foci = lens.transfers(beams.g_rows, beams.g_columns, wavelength=wave.wavelength, turned=turned)
        return ((weight, transfer * moved) for weight, transfer in foci)

    blurs = image_spread > 0 or (drift_down, drift_right) != (0, 0)
    period = None if rotation else _period(wave.extent, beams, (rows, columns), view)
    if period is not None and not blurs and beams.of_one_wave and lens.one_focus:
        return _tiled(intensity(beams.values[0] * next(transfers(lens))[1], period), (rows, columns))
    series = _series(wave, beams, lens, transfers, turned)
    if blurs:
        series = series.blurred(image_spread, (drift_down, drift_right))
    if period is None:
        return without_negatives(evaluate(series, (rows, columns), view, rotation))
    return _tiled(without_negatives(series.on_period(period)), (rows, columns))


def _view(
    wave: ExitWave | ExitWaves,
    shape: tuple[int, int],
    field_of_view: float | tuple[float, float] | None,
    sampling: float | tuple[float, float] | None,
) -> tuple[float, float]:
    """Return the height and width in Å that an image shows."""
    if sampling is not None:
        if field_of_view is not None:
            raise ValueError(
                f"only one of field_of_view and sampling may be given, got {field_of_view!r} and "
                f"{sampling!r}: the field of view is shape × sampling"
            )
        rows, columns = (positive("sampling", size) for size in pair("sampling", sampling))
        return shape[0] * rows, shape[1] * columns
    view = wave.field_of_view if field_of_view is None else field_of_view
    height, width = (positive("field_of_view", length) for length in pair("field_of_view", view))
    return height, width


def _behind_the_aperture(wave: ExitWave | ExitWaves, semiangle_cutoff: float) -> Beams:
    places, frequencies = [], []
    for count, extent in zip(wave.array.shape[-2:], wave.extent, strict=True):
        g = (np.arange(count) - count // 2) / extent
        inside = np.flatnonzero(np.abs(g) * wave.wavelength <= semiangle_cutoff / 1e3)
        places.append((int(inside[0]), int(inside[-1]) + 1))
        frequencies.append(g[inside])
    values = wave._coefficients[..., slice(*places[0]), slice(*places[1])]
    return Beams(
        values.reshape(-1, *values.shape[-2:]),
        frequencies[0],
        frequencies[1],
        places=(places[0], places[1]),
        cells=wave.cells if isinstance(wave, ExitWaves) else (1, 1),
    )


def _period(
    extent: tuple[float, float], beams: Beams, shape: tuple[int, int], view: tuple[float, float]
) -> tuple[int, int] | None:
    """Return the pixels of one period of the image; None if they are not whole or too few for the image."""
    cells = beams.cells
    tiles = [length * count / whole for length, count, whole in zip(view, cells, extent, strict=True)]
    period = pixels_per_period(shape, (tiles[0], tiles[1]))
    needed = [
        2 * ((orders - 1) // count) + 1 for orders, count in zip(beams.values.shape[1:], cells, strict=True)
    ]
    if period is None or period[0] < needed[0] or period[1] < needed[1]:
        return None
    return period


def _series(
    wave: ExitWave | ExitWaves,
    beams: Beams,
    lens: Lens,
    transfers: Callable[[Lens], Iterator[tuple[float, NDArray[np.complexfloating]]]],
    turned: float,
) -> Series:
    """Return the Fourier series of the mean intensity; `transfers` yields a lens's foci."""
    known = _known_coherence(wave, beams, lens)
    if known is not None:
        ((_, transfer),) = transfers(lens.at_one_focus)
        blurs = None
        if lens.angular_spread and not lens.one_focus:  # the envelope of the angles changes with the focus
            blurs = lens.blurs(beams.g_rows, beams.g_columns, wavelength=wave.wavelength, turned=turned)
        return known.series(
            transfer,
            wave.wavelength * np.hypot(beams.g_rows[:, None], beams.g_columns),
            focal_spread=0.0 if lens.one_focus else lens.focal_spread,
            blurs=blurs,
            wavelength=wave.wavelength,
            extent=(wave.extent[0] / beams.cells[0], wave.extent[1] / beams.cells[1]),
        )
    if beams.of_one_wave and lens.one_focus:
        one = beams.values[0] * next(transfers(lens))[1]
        mean = intensity(one, (2 * one.shape[0], 2 * one.shape[1]))
    else:
        mean = mean_intensity(beams.values, transfers(lens))
    return series_of(mean, wave.extent).of_one_cell(beams.cells)


def _known_coherence(wave: ExitWave | ExitWaves, beams: Beams, lens: Lens) -> Coherence | None:
    """Return how the beams of a crystal's ensemble interfere; None where it is no help."""
    if not isinstance(wave, ExitWaves) or wave.cells == (1, 1):
        return None
    return coherence(wave, *beams.places, lens.semiangle_cutoff / 1e3)


def _tiled(one: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.tile(one, (shape[0] // one.shape[0], shape[1] // one.shape[1]))
