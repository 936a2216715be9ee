"""The class `Camera`, which applies everything a detector does in its physical order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab._validation import pixel_size, positive
from hrtem_lab.noise import _electronics as electronics
from hrtem_lab.noise import _faults as faults
from hrtem_lab.noise._curves import Transfer
from hrtem_lab.noise._electrons import bounded_counts, countable, counts_per_pixel, dark_electrons, relative
from hrtem_lab.noise._printing import with_what_was_set
from hrtem_lab.noise._rules import at_most, frame, seed_of
from hrtem_lab.noise._scan import sampled_at
from hrtem_lab.noise._scanning import Scan
from hrtem_lab.noise._transfer import a_transfer, counted_through, signal_transfer


@dataclass(frozen=True, kw_only=True)
class Camera:
    r"""A whole detector, from the expected image to the numbers in the file.

    In this order: (1) a scanned beam samples the image where it stands; (2) MTF; (3) electrons are counted,
    with DQE₀ and NTF; (4) dark current, more in hot pixels; (5) X-ray hits; (6) full well; (7) dead pixels;
    (8) lag of a scanning amplifier, (9) gain and offset of its lines; (10) readout noise; (11) gain, offset,
    rounding and clipping of the converter; (12) the image is made relative again: offset, gain and mean dark
    counts are taken out, and the uneven gain stays that the flat-field correction leaves.

    Attributes
    ----------
    sampling : float or (float, float)
        Pixel size at the specimen in Å; of pixels that are not square, along (rows, columns).
    transfer : Transfer or None
        MTF, NTF and DQE. None: each electron counts in its pixel.
    scan : Scan or None
        Errors of a scanned image. None: all pixels are recorded at once.
    dark_counts : float
        Mean number of electrons that a pixel counts without a beam.
    dead, hot : float
        Shares of dead and of hot pixels (`bad_pixels`).
    hot_counts : float
        Mean number of electrons that a hot pixel counts in addition.
    hit_rate, hit_energy : float
        `rate` per pixel and mean `energy`, in electrons, of `xray_hits`.
    full_well : float or None
        Most electrons in a pixel (`saturation`). None: without a limit.
    readout_sigma : float
        Standard deviation of the readout noise in electrons per pixel.
    gain, bits, offset : float, int or None, float
        Of `digitization`: counts per electron, the converter's bits, and counts without an electron.
    uneven_gain : float
        Standard deviation of the relative gain that is left after flat-fielding (`uneven_gain`).
    clip : bool
        Whether negative pixels of the result are set to 0.
    seed : int
        The detector: its bad pixels and uneven gain are the same for every exposure.

    Raises
    ------
    TypeError, ValueError
        If a number is out of the range of its function.

    Notes
    -----
    The blur of the source is not the camera's: `source_blur` acts before. For an ideal observer's limit
    (`hrtem_lab.dose`) and for chapter 4, `Detector` has the processes whose likelihood is known.

    Every process has its own stream, spawned from `rng` for each image, whether it acts or not: switching
    one off leaves the draws of the others as they are.

    Examples
    --------
    >>> import numpy as np
    >>> half = Transfer(dqe0=0.5)
    >>> camera = Camera(sampling=0.5, transfer=half, readout_sigma=1, gain=4, bits=14, offset=80)
    >>> image = camera.expose(np.ones((256, 256)), dose_per_area=100, rng=1)  # 25 e⁻ per pixel
    >>> round(float(image.mean()), 2), round(float(25**2 * image.var()))  # 25 / 0.5 + 1
    (1.0, 52)
    """

    sampling: float | tuple[float, float]
    transfer: Transfer | None = None
    scan: Scan | None = None
    dark_counts: float = 0.0
    dead: float = 0.0
    hot: float = 0.0
    hot_counts: float = 0.0
    hit_rate: float = 0.0
    hit_energy: float = 0.0
    full_well: float | None = None
    readout_sigma: float = 0.0
    gain: float = 1.0
    bits: int | None = None
    offset: float = 0.0
    uneven_gain: float = 0.0
    clip: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        size = pixel_size("sampling", self.sampling)
        if np.ndim(self.sampling):
            object.__setattr__(self, "sampling", size)
        if self.transfer is not None:
            a_transfer(self.transfer)
        if self.scan is not None and not isinstance(self.scan, Scan):
            raise TypeError(f"scan must be a Scan or None, got {self.scan!r}")
        for name in ("dark_counts", "hot_counts", "hit_energy", "readout_sigma"):
            bounded_counts(name, getattr(self, name))
        faults.bad_pixels((1, 1), dead=self.dead, hot=self.hot, seed=self.seed)
        at_most("hit_rate", self.hit_rate, faults.MOST_HITS)
        if self.full_well is not None:
            positive("full_well", self.full_well)
        electronics.gain_of(self.gain)
        electronics.offset_of(self.offset, electronics.bits_of(self.bits))
        at_most("uneven_gain", self.uneven_gain, faults.MOST_UNEVEN)
        object.__setattr__(self, "seed", seed_of(self.seed))

    def __repr__(self) -> str:
        return with_what_was_set(self)

    def bad_pixels(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return which pixels are dead or hot, as the metrics' `mask` wants them.

        Parameters
        ----------
        shape : (..., int, int)
            Shape of an image or a stack; the last two are rows and columns.

        Returns
        -------
        numpy.ndarray of bool, shape (rows, columns)
            True where a pixel is bad.
        """
        dead, hot = faults.bad_pixels(shape, dead=self.dead, hot=self.hot, seed=self.seed)
        return dead | hot

    def expected(self, image: ArrayLike) -> NDArray[np.floating]:
        """Return the mean of many exposures of `image` by a camera without faults: MTF and amplifier's lag.

        Errors of the scan, bad pixels, uneven gain, and what saturates or is clipped are not in it.
        """
        shown = _validation.images("image", image).astype(np.float64)
        if self.transfer is not None:
            shown = signal_transfer(shown, transfer=self.transfer)
        return self._lagged(shown)

    def expose(
        self,
        image: ArrayLike,
        *,
        dose_per_area: float | None,
        rng: int | np.random.Generator | None = None,
        counts: bool = False,
    ) -> NDArray[np.floating]:
        """Return one recorded image, or one of each image of a stack.

        Parameters
        ----------
        image : array_like, shape (..., rows, columns)
            Expected intensity relative to the incident beam, not negative.
        dose_per_area : float or None
            Incident electrons per Å²; None is the limit of a very high dose, which has what does not fall
            with the dose: the scan's displacements, MTF, dead pixels, lag and gain of the lines, and uneven
            gain. Full well and converter, which a very high dose would overflow, are left out.
        rng : int, numpy.random.Generator or None
            Seed or generator, from which the streams of each image are spawned one after another: the noise
            of a stack's images is independent, and the first is what it would be alone.
        counts : bool
            Whether to return what the converter writes instead, with offset, gain and dark counts in it. The
            uneven gain, which belongs to the correction, is not in it.

        Returns
        -------
        numpy.ndarray of float64, shape of `image`
            The image, relative to the incident beam. Dose 0 gives a black one.

        Raises
        ------
        TypeError, ValueError
            If the image is negative where electrons are counted, the dose is negative, or a number is not
            finite or so large that electrons could not be counted one by one.
        """
        expected = _validation.images("image", image).astype(np.float64)
        vacuum = None
        if dose_per_area is not None:
            vacuum = counts_per_pixel(dose_per_area, sampling=self.sampling)
            countable(expected, vacuum)
        elif counts:
            raise ValueError("counts need a dose_per_area, got None")
        generator = np.random.default_rng(rng)
        for place in np.ndindex(expected.shape[:-2]):
            expected[place] = self._exposed(expected[place], vacuum, generator, counts=counts)
        return expected

    def _exposed(
        self, image: NDArray[np.float64], vacuum: float | None, rng: np.random.Generator, *, counts: bool
    ) -> NDArray[np.float64]:
        """Return one exposure of one image."""
        of_scan, of_electrons, of_dark, of_hits, of_lines, of_readout = rng.spawn(6)
        shown = self._shown(image, of_scan)
        if vacuum is None:
            limit = self._flattened(self._amplified(self._without_dead(shown), of_lines, offset=0.0))
            return np.maximum(limit, 0, out=limit) if self.clip else limit
        electrons = counted_through(shown, vacuum, self.transfer, of_electrons)
        self._add_unwanted(electrons, of_dark, of_hits)
        electrons = self._amplified(self._without_dead(electrons), of_lines)
        if self.readout_sigma:
            electrons += of_readout.normal(0.0, self.readout_sigma, electrons.shape)
        written = electronics.converted(electrons, self.gain, self.bits, self.offset)
        if counts:
            return np.maximum(written, 0, out=written) if self.clip else written
        written -= self.offset
        written /= self.gain
        written -= self.dark_counts
        return relative(self._flattened(written), vacuum, clip=self.clip)

    def _shown(self, image: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the expected image after the scan's displacements and the MTF."""
        if self.scan is not None and self.scan.moves:
            image = sampled_at(image, *self.scan.displacements(image.shape, rng=rng))
        return image if self.transfer is None else signal_transfer(image, transfer=self.transfer)

    def _add_unwanted(
        self, electrons: NDArray[np.float64], of_dark: np.random.Generator, of_hits: np.random.Generator
    ) -> None:
        """Add dark current and hits to the electrons, and fill no pixel above its full well, in place."""
        for_dark, for_hot = of_dark.spawn(2)
        if self.dark_counts:
            electrons += dark_electrons(self.dark_counts, electrons.shape, for_dark)
        if self.hot and self.hot_counts:
            _, hot = faults.fixed_bad(*frame(electrons.shape), self.dead, self.hot, self.seed)
            electrons[hot] += for_hot.poisson(self.hot_counts, int(hot.sum()))
        if self.hit_rate:
            faults.add_hits(electrons, self.hit_rate, self.hit_energy, of_hits)
        if self.full_well is not None:
            np.minimum(electrons, self.full_well, out=electrons)

    def _without_dead(self, record: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a record with 0 in its dead pixels."""
        if self.dead:
            dead, _ = faults.fixed_bad(*frame(record.shape), self.dead, self.hot, self.seed)
            record[dead] = 0
        return record

    def _amplified(
        self, record: NDArray[np.float64], rng: np.random.Generator, *, offset: float | None = None
    ) -> NDArray[np.float64]:
        """Return a scanned record after the amplifier's lag and the lines' gain and offset."""
        record = self._lagged(record)
        if self.scan is None or not (self.scan.line_gain or self.scan.line_offset):
            return record
        shift = self.scan.line_offset if offset is None else offset
        return electronics.line_noise(record, gain_sigma=self.scan.line_gain, offset_sigma=shift, rng=rng)

    def _lagged(self, record: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a scanned record, or a stack, after the amplifier's lag."""
        if self.scan is None or not self.scan.memory:
            return record
        if record.ndim == 2:
            return electronics.lagged(record, self.scan.memory)
        return electronics.fast_scan_blur(record, memory=self.scan.memory)

    def _flattened(self, record: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a record times the gain that an imperfect flat-field correction leaves."""
        if self.uneven_gain:
            rows, columns = frame(record.shape)
            record *= faults.fixed_gain(rows, columns, self.uneven_gain, self.seed)
        return record
