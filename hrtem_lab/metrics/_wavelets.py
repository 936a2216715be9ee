"""The dual-tree complex wavelet transform of ``dtcwt``, on NumPy 2.

``dtcwt`` 0.13 was written for NumPy 1: its module ``dtcwt.utils`` calls ``np.asfarray`` and
``np.issubsctype``, which NumPy 2 removed, so the first transform fails. Newer releases of ``dtcwt`` ask for
NumPy 1, which the multislice code cannot use. The two names are therefore supplied to that one module: the
``np`` *it* sees is replaced by a stand-in that knows them and passes every other name on. NumPy itself is
left as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_lab import _validation

BIORTS = ("antonini", "legall", "near_sym_a", "near_sym_b")
QSHIFTS = ("qshift_06", "qshift_a", "qshift_b", "qshift_c", "qshift_d")
MOST_LEVELS = 4


class _NumpyWithRemovedNames:
    """NumPy, with the two functions that NumPy 2 removed and ``dtcwt.utils`` calls."""

    issubsctype = staticmethod(np.issubdtype)

    @staticmethod
    def asfarray(array: ArrayLike, dtype: Any = np.float64) -> NDArray:
        """Return `array` as an array of `dtype`, or of float64 where `dtype` is not inexact."""
        return np.asarray(array, dtype=dtype if np.issubdtype(dtype, np.inexact) else np.float64)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


@lru_cache(maxsize=8)
def transform(biort: str, qshift: str) -> Any:
    """Return the ``dtcwt`` transform with these filters; ``dtcwt`` is imported at the first call."""
    import dtcwt.utils  # noqa: PLC0415
    from dtcwt.numpy import Transform2d  # noqa: PLC0415

    if not isinstance(dtcwt.utils.np, _NumpyWithRemovedNames):
        dtcwt.utils.np = _NumpyWithRemovedNames()
    return Transform2d(biort=biort, qshift=qshift)


def highpasses(
    image: NDArray[np.floating], *, levels: int, biort: str, qshift: str
) -> tuple[NDArray[np.complexfloating], ...]:
    """Return the complex coefficients of `image`, one array (rows, columns, 6 orientations) per level.

    The image is continued by reflection to multiples of ``2**levels``: every coefficient of level ``l`` then
    stands for one block of ``2**l`` by ``2**l`` pixels, starting at the first pixel.
    """
    block = 2**levels
    padding = [(0, -size % block) for size in image.shape]
    if any(after for _, after in padding):
        image = np.pad(image, padding, mode="symmetric")
    return transform(biort, qshift).forward(image, nlevels=levels).highpasses


def kept_parts(mask: NDArray[np.bool_], levels: int) -> list[NDArray[np.float64]]:
    """Return for each level which part of every coefficient's block is not left out."""
    padding = [(0, -size % 2**levels) for size in mask.shape]
    kept = np.pad(~mask, padding, mode="symmetric").astype(np.float64)
    parts = []
    for _ in range(levels):
        kept = (kept[::2, ::2] + kept[1::2, ::2] + kept[::2, 1::2] + kept[1::2, 1::2]) / 4
        parts.append(kept)
    return parts


def fitting_levels(levels: int | None, window: int, shape: tuple[int, ...]) -> int:
    """Return how many levels to use: at each of them a band must be at least as large as the window."""
    fitting = 0
    while -(-min(shape) // 2 ** (fitting + 1)) >= window:
        fitting += 1
    if fitting == 0:
        raise ValueError(
            f"reference must be at least {2 * window - 1} pixels high and wide for window={window}, "
            f"got shape {shape}"
        )
    if levels is None:
        return min(fitting, MOST_LEVELS)
    if _validation.positive_integer("levels", levels) > fitting:
        raise ValueError(
            f"levels must be at most {fitting} for shape {shape} and window={window}, got {levels}"
        )
    return levels
