"""`form_image`: what a microscope makes of an exit wave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrtem_lab._validation import non_negative, pair, positive, positive_integer, real_number
from hrtem_lab.simulation._coherence import Coherence, coherence
from hrtem_lab.simulation._lens import Lens
from hrtem_lab.simulation._pixels import evaluate, pixels_per_period, without_negatives
from hrtem_lab.simulation._series import intensity_series, mean_intensity
from hrtem_lab.waves import ExitWave, ExitWaves


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
        image is the mean of all their images. If its mean repeats with a unit cell (`ExitWaves.cells`),
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
        sign, the focal spread is so large that its mean takes more than 1000 foci, or both
        `field_of_view` and `sampling` are given.

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
    view = _view(wave, (rows, columns), field_of_view, sampling)
    down, right = (real_number("shift", distance) for distance in pair("shift", shift))
    drift_down, drift_right = (real_number("drift", distance) for distance in pair("drift", drift))
    image_spread = non_negative("image_spread", image_spread)
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
    beams, g_rows, g_columns = _behind_the_aperture(wave, lens.semiangle_cutoff)
    moved = np.exp(-2j * np.pi * g_rows * down)[:, None] * np.exp(-2j * np.pi * g_columns * right)

    def transfers(at: Lens) -> list[tuple[float, NDArray[np.complexfloating]]]:
        foci = at.transfers(g_rows, g_columns, wavelength=wave.wavelength, turned=np.deg2rad(rotation))
        return [(weight, transfer * moved) for weight, transfer in foci]

    cells = wave.cells if isinstance(wave, ExitWaves) else (1, 1)
    blurs = image_spread > 0 or (drift_down, drift_right) != (0, 0)
    period = None if rotation else _period(wave.extent, cells, beams.shape[1:], (rows, columns), view)
    if period is not None and len(beams) == 1 and cells == (1, 1) and lens.one_focus and not blurs:
        one = mean_intensity(beams, transfers(lens), period)
    else:
        known = _known_coherence(wave, lens, (g_rows, g_columns))
        if known is None:
            series = intensity_series(beams, transfers(lens), wave.extent).of_one_cell(cells)
        else:
            ((_, transfer),) = transfers(lens.at_one_focus)
            series = known.series(
                transfer,
                wave.wavelength * np.hypot(g_rows[:, None], g_columns),
                focal_spread=0.0 if lens.one_focus else lens.focal_spread,
                wavelength=wave.wavelength,
                extent=(wave.extent[0] / cells[0], wave.extent[1] / cells[1]),
            )
        series = series.blurred(image_spread, (drift_down, drift_right)) if blurs else series
        if period is None:
            return without_negatives(evaluate(series, (rows, columns), view, rotation))
        one = without_negatives(series.on_period(period))
    return np.tile(one, (rows // period[0], columns // period[1]))


def _known_coherence(
    wave: ExitWave | ExitWaves, lens: Lens, frequencies: tuple[NDArray[np.floating], NDArray[np.floating]]
) -> Coherence | None:
    """Return how the beams of a crystal's ensemble interfere; None where it is no help."""
    if not isinstance(wave, ExitWaves) or wave.cells == (1, 1):
        return None
    if lens.angular_spread and not lens.one_focus:  # the envelope of the angles changes with the focus
        return None
    rows, columns = (
        (first := round(float(g[0]) * extent) + count // 2, first + len(g))
        for g, extent, count in zip(frequencies, wave.extent, wave.array.shape[1:], strict=True)
    )
    return coherence(wave, rows, columns, lens.semiangle_cutoff / 1e3)


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
                f"only one of field_of_view and sampling may be given, got {field_of_view!r} and {sampling!r}"
            )
        rows, columns = (positive("sampling", size) for size in pair("sampling", sampling))
        return shape[0] * rows, shape[1] * columns
    view = wave.field_of_view if field_of_view is None else field_of_view
    height, width = (positive("field_of_view", length) for length in pair("field_of_view", view))
    return height, width


def _behind_the_aperture(
    wave: ExitWave | ExitWaves, semiangle_cutoff: float
) -> tuple[NDArray[np.complexfloating], NDArray[np.floating], NDArray[np.floating]]:
    """Return ψ̂ as (waves, rows, columns), cropped to the aperture, and the frequencies (1/Å) of both axes."""
    counts = wave.array.shape[-2:]
    axes = []
    for count, extent in zip(counts, wave.extent, strict=True):
        g = (np.arange(count) - count // 2) / extent
        inside = np.flatnonzero(np.abs(g) * wave.wavelength <= semiangle_cutoff / 1e3)
        axes.append((slice(inside[0], inside[-1] + 1), g[inside]))
    (rows, g_rows), (columns, g_columns) = axes
    return wave._coefficients[..., rows, columns].reshape(-1, len(g_rows), len(g_columns)), g_rows, g_columns


def _period(
    extent: tuple[float, float],
    cells: tuple[int, int],
    orders: tuple[int, ...],
    shape: tuple[int, int],
    view: tuple[float, float],
) -> tuple[int, int] | None:
    """Return the pixels of one period of the image; None if they are not whole or too few for the image.

    `orders` is the number of orders of the wave along each axis.
    """
    tiles = [length * count / whole for length, count, whole in zip(view, cells, extent, strict=True)]
    period = pixels_per_period(shape, (tiles[0], tiles[1]))
    needed = [2 * ((order - 1) // count) + 1 for order, count in zip(orders, cells, strict=True)]
    if period is None or period[0] < needed[0] or period[1] < needed[1]:
        return None
    return period
