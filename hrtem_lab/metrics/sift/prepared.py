"""The SIFT difference against one reference, on one position of the pixel grid or on several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation
from hrtem_lab.metrics._prepared import Prepared
from hrtem_lab.metrics._scaling import Scale
from hrtem_lab.metrics.outliers import blinding, mended
from hrtem_lab.metrics.sift import _grid
from hrtem_lab.metrics.sift._keypoints import WHOLE, Discs, Features, keypoint_table, on_all_cores

PHASES = 16
"""So many positions of the pixel grid a spread is taken over, if nobody says how many."""
# Of so many pixels, counted in all positions, keypoints and descriptors are kept: some 100 MB of a crystal.
MOST_KEPT = 2**22


@dataclass(frozen=True, kw_only=True)
class SIFTSpread:
    """The SIFT difference of two images over positions of the pixel grid under them.

    Attributes
    ----------
    mean : float
        The mean over the positions: `sift` with as many ``phases``.
    std : float
        The standard deviation of one position's value (of the sample, divided by ``phases − 1``).
    lowest, highest : float
        The range of the values. More positions widen it a little.
    phases : int
        How many positions.

    Notes
    -----
    It misleads if it is taken for all that is uncertain: it holds the pixel grid alone, not the noise of an
    exposure, the microscope or the specimen.

    Examples
    --------
    >>> SIFTSpread.of([0.25, 0.5, 0.75])
    SIFTSpread(mean=0.500, std=0.250, lowest=0.250, highest=0.750, phases=3)
    """

    mean: float
    std: float
    lowest: float
    highest: float
    phases: int

    @classmethod
    def of(cls, values: Iterable[float]) -> SIFTSpread:
        """Return the spread of the values of `PreparedSIFT.at_phases`; at least two.

        Raises
        ------
        TypeError, ValueError
            If there are fewer than two, as a single value has no spread, or one is no finite number.
        """
        found = [_validation.real_number("a value", value) for value in values]
        _several(len(found))
        return cls(
            mean=_mean(found),
            std=float(np.std(found, ddof=1)),
            lowest=min(found),
            highest=max(found),
            phases=len(found),
        )

    def __repr__(self) -> str:
        parts = ", ".join(f"{key}={getattr(self, key):.3f}" for key in ("mean", "std", "lowest", "highest"))
        return f"{type(self).__name__}({parts}, phases={self.phases})"


@dataclass(frozen=True)
class _OnGrid:
    """The reference on one position of the pixel grid: its keypoints and their descriptors."""

    shift: _grid.Shift
    features: Features
    descriptors: NDArray[np.float64]


class PreparedSIFT(Prepared):
    """The SIFT difference against one reference; see `sift` for the options.

    Keypoints and descriptors of the reference are computed once, for each position of the pixel grid when it
    is first asked for. (Of large images, those of the first position alone are kept.)

    Parameters
    ----------
    reference : array_like, shape (rows, columns)
        The image whose features are looked for in others.
    contrast_threshold, edge_threshold, octave_layers, sigma, phases, mask
        As for `sift`.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:64, :64]
    >>> atoms = np.cos(x / 3) ** 2 * np.cos(y / 3) ** 2
    >>> prepared = PreparedSIFT(atoms)
    >>> [round(prepared(image), 3) for image in (atoms, 0 * atoms)]
    [0.0, 0.707]
    """

    def __init__(
        self,
        reference: ArrayLike,
        *,
        contrast_threshold: float = 0.01,
        edge_threshold: float = 10,
        octave_layers: int = 3,
        sigma: float = 1.6,
        phases: int = 1,
        mask: ArrayLike | None = None,
    ) -> None:
        super().__init__(reference, mask=mask)
        self._detector = cv2.SIFT_create(  # type: ignore[attr-defined]
            nOctaveLayers=_validation.positive_integer("octave_layers", octave_layers),
            contrastThreshold=_validation.non_negative("contrast_threshold", contrast_threshold),
            edgeThreshold=_validation.positive("edge_threshold", edge_threshold),
            sigma=_validation.positive("sigma", sigma),
        )
        self._contrast_threshold = contrast_threshold
        self._phases = _validation.positive_integer("phases", phases)
        pixels = self._checked(reference, "reference")
        self._bad = blinding(pixels)
        pixels = mended(pixels, self._bad)
        self._scale = Scale.of(pixels)
        self._first = self._described(self._greys(pixels), (0.0, 0.0))
        self._levels = self._levels_of(pixels)
        self._others: dict[int, _OnGrid] = {}

    def __call__(self, image: ArrayLike) -> float:
        """Return the mean SIFT difference of `image` over the keypoints, from 0 to 1."""
        return _mean(list(self.at_phases(image, phases=self._phases)))

    def at_phases(self, image: ArrayLike, *, phases: int = PHASES) -> Iterator[float]:
        """Return the SIFT differences of `image` on positions of the pixel grid, one at a time.

        Parameters
        ----------
        image : array_like, shape (rows, columns)
            As for `sift`.
        phases : int
            How many; the first is the grid as it is. The first few are those of any larger number.

        Returns
        -------
        iterator of float
            Each value is computed when it is asked for.
        """
        number = _validation.positive_integer("phases", phases)
        return self._one_by_one(mended(self._checked(image), self._bad), number)

    def spread(self, image: ArrayLike, *, phases: int | None = None) -> SIFTSpread:
        """Return `sift_spread` of `image`.

        Parameters
        ----------
        image : array_like, shape (rows, columns)
            As for `sift`.
        phases : int, optional
            How many positions of the pixel grid, at least 2; by default as many as this comparison has, or 16
            if that is one.
        """
        number = (self._phases if self._phases > 1 else PHASES) if phases is None else phases
        _several(_validation.positive_integer("phases", number))
        return SIFTSpread.of(self.at_phases(image, phases=number))

    def many(self, images: ArrayLike) -> NDArray[np.float64]:
        """Return the SIFT differences of a stack of images; they are shared out among the cores."""
        stack = self._stack(images)
        if not len(stack):
            return np.empty(0)
        total = np.zeros(len(stack))
        for on_grid in map(self._on_grid, range(self._phases)):
            total += self._means(stack, on_grid)
        return total / self._phases

    def map(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return `sift_map` of `image`."""
        pixels = mended(self._checked(image), self._bad)
        found = [self._distances(pixels, self._on_grid(number)) for number in range(self._phases)]
        return self._shown(self._painted.means(np.concatenate(found)))

    def keypoints(self, image: ArrayLike) -> NDArray[np.void]:
        """Return `sift_keypoints` of `image`: on the pixel grid as it is, whatever ``phases`` is."""
        pixels = mended(self._checked(image), self._bad)
        return keypoint_table(self._first.features.keypoints, self._distances(pixels, self._first))

    def descriptors(self, image: ArrayLike) -> NDArray[np.float64]:
        """Return the descriptors of `image` at the reference's keypoints, shape (n, 128), each of norm 1.

        A row is 4 × 4 fields of 8 gradient directions around the keypoint; it is 0 where `image` is flat.
        The pixel grid is as it is, whatever ``phases`` is.
        """
        return self._first.features.describe(self._greys(mended(self._checked(image), self._bad)))

    def _one_by_one(self, pixels: NDArray, phases: int) -> Iterator[float]:
        for number in range(phases):
            yield float(self._distances(pixels, self._on_grid(number)).mean())

    def _means(self, images: NDArray, on_grid: _OnGrid) -> NDArray[np.float64]:
        def means(some: NDArray) -> NDArray[np.float64]:
            return np.array([self._distances(mended(one, self._bad), on_grid).mean() for one in some])

        # The cores share large images one by one already.
        return on_all_cores(means, images) if on_grid.features.small else means(images)

    def _distances(self, pixels: NDArray, on_grid: _OnGrid) -> NDArray[np.float64]:
        greys = self._greys(pixels) if on_grid is self._first else self._moved(pixels, on_grid.shift)
        descriptors = on_grid.features.describe(greys)
        # eq. for n keypoints
        distances = np.linalg.norm(on_grid.descriptors - descriptors, axis=-1)
        return np.minimum(distances / np.sqrt(2), 1)

    def _on_grid(self, number: int) -> _OnGrid:
        """Return the reference on a position of the pixel grid."""
        if number == 0:
            return self._first
        if number in self._others:
            return self._others[number]
        by = _grid.shift(number)
        made = self._described(_rounded(_grid.moved(self._levels, by)), by)
        if (number + 1) * self._levels.size <= MOST_KEPT:
            self._others[number] = made
        return made

    def _described(self, greys: NDArray[np.uint8], by: _grid.Shift) -> _OnGrid:
        features = Features(self._detector, greys, mask=_grid.moved_mask(self.mask, by))
        if not features.keypoints:
            where = " moved by {:.2f} and {:.2f} pixels".format(*by) if any(by) else ""
            raise ValueError(
                f"reference must have SIFT features, got none in an image of shape {self.shape}{where} "
                f"at contrast_threshold={self._contrast_threshold!r}"
            )
        return _OnGrid(by, features, features.describe(greys))

    def _greys(self, image: NDArray) -> NDArray[np.uint8]:
        # One scale for both images: OpenCV's SIFT reads 8 bits, and stretching each image would hide changes.
        greys = np.empty(image.shape, np.uint8)
        for rows in _strips(image.shape):
            greys[rows] = np.clip(np.rint(255 * self._scale(image[rows])), 0, 255)
        return greys

    def _levels_of(self, image: NDArray) -> NDArray[np.float32]:
        """Return the greys before they are rounded: a bad pixel is limited before it is spread."""
        levels = np.empty(image.shape, np.float32)
        for rows in _strips(image.shape):
            levels[rows] = np.clip(255 * self._scale(image[rows]), 0, 255)
        return levels

    def _moved(self, image: NDArray, by: _grid.Shift) -> NDArray[np.uint8]:
        return _rounded(_grid.moved(self._levels_of(image), by))

    @cached_property
    def _painted(self) -> Discs:
        """The discs of all positions' keypoints, where they lie in the image as it is."""
        places = [
            cv2.KeyPoint(k.pt[0] - right, k.pt[1] - down, k.size, k.angle, k.response, k.octave)
            for on_grid in map(self._on_grid, range(self._phases))
            for down, right in [on_grid.shift]
            for k in on_grid.features.keypoints
        ]
        return Discs.of(places, self.shape)


def _several(phases: int) -> None:
    """Refuse a spread of one value."""
    if phases < 2:
        raise ValueError(f"phases must be at least 2 for a spread, got {phases}")


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _rounded(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    np.rint(levels, out=levels)
    return np.clip(levels, 0, 255, out=levels).astype(np.uint8)


def _strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield rows of an image, some at a time, so that scaling it needs little memory."""
    step = max(1, WHOLE // shape[1])
    for first in range(0, shape[0], step):
        yield slice(first, first + step)
