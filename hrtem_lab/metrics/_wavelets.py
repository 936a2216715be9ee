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

BIORTS = ("antonini", "legall", "near_sym_a", "near_sym_b")
QSHIFTS = ("qshift_06", "qshift_a", "qshift_b", "qshift_c", "qshift_d")


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
